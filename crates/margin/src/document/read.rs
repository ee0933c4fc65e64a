//! From the tree of a document to the document, with every check that needs no market.

use super::lint::Problems;
use super::plan::{FIELD as PLAN, Plan};
use super::tree::{Node, Value};
use super::{
    CoinsMove, DeltaRule, Document, EquityRule, FeedRule, Fields, Level, NamedCharge, PoolBy,
    PoolCurrency, PoolRule, Range, SCHEMA, Stale, params,
};
use crate::charge;
use crate::collateral::CollateralRule;
use crate::expr::Formula;
use crate::param::Param;
use crate::recipe::Recipe;
use crate::scan::Scan;
use keelmark_book::{Asset, InputError, Rate, Timestamp, instruments::nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Name that a level's formula may use for what open orders add.
pub const ORDERS: &str = "orders";

/// Field of the levels that names those which count below zero.
const BELOW_ZERO: &str = "may_be_below_zero";

pub(super) fn document(mut tree: Node) -> Result<Document, Vec<InputError>> {
    let mut original = tree.clone();
    crate::joint::without(&mut original);
    let mut problems = Problems::default();
    problems.keep(super::groups::expand(&mut tree));
    problems.add(params::substitute(&mut tree));
    problems.add(params::unused(&original));
    let read = checked(&tree, original, &mut problems);
    problems.end(read)
}

/// The document as far as it can be read; whole where there are no problems.
fn checked(tree: &Node, original: Node, problems: &mut Problems) -> Option<Document> {
    let read = Fields::of(tree);
    let mut fields = problems.keep(read)?;
    let known = schema(&mut fields);
    problems.keep(known);
    fields.get("extends");
    fields.get(super::groups::FIELD);
    let scans = scans(&mut fields, problems);
    let tail = problems.keep(tail(fields.get("tail"), tree, &scans));
    let (params, errors) = params::read(fields.get("params"), fields.get("rules"));
    problems.add(errors);
    let coins_move = problems.keep(coins_move(fields.get("unit")));
    let coins = coins_move.as_ref().map_or(CoinsMove::No, |(moves, _)| *moves);
    let given = given_alone(tree, &scans, coins_move.as_ref());
    problems.keep(given);
    let discounted = problems.keep(discounted(fields.get("pricing")));
    let collateral = problems.keep(CollateralRule::read(fields.get("collateral")));
    let accepted = collateral.clone().unwrap_or_default();
    let charges = charges(&mut fields, (&scans, &params, coins, &accepted), problems);
    let text = |read: Result<&str, InputError>| read.map(str::to_owned);
    let name = problems.keep(text(fields.text("name")));
    let title = problems.keep(text(fields.text("title")));
    let version = problems.keep(text(fields.text_or("version", "")));
    let sources = problems.keep(sources(&mut fields));
    let effective = problems.keep(effective(fields.get("effective")));
    let uncertain = problems.keep(fields.texts("uncertain"));
    let pool = problems.keep(pool(fields.get("pool")));
    let equity = problems.keep(equity(fields.get("equity")));
    let feeds = problems.keep(feeds(fields.get("feeds")));
    let delta = delta(fields.get("delta"), &scans, problems);
    let bands = problems.keep(super::bands::read(&mut fields));
    let evidence = problems.keep(super::evidence::read(&original, &mut fields));
    let plan = problems.keep(fields.get(PLAN).map(Plan::read).transpose());
    let node = problems.keep(fields.need("levels"));
    let levels = node.map(|node| levels(node, &charges, &params, problems));
    problems.add(fields.unknown());
    let (coins_move, coins_with) = coins_move?;
    Some(Document {
        name: name?,
        title: title?,
        version: version?,
        sources: sources?,
        effective: effective?,
        uncertain: uncertain?,
        digest: digest(&original, &scans),
        pool: pool?,
        equity: equity?,
        collateral: collateral?,
        coins_move,
        coins_with,
        discounted: discounted?,
        feeds: feeds?,
        delta: delta?,
        levels: levels?,
        bands: bands?,
        evidence: evidence?,
        plan: plan?.unwrap_or_default(),
        params,
        tail: tail?,
        made: None,
        scans,
        charges,
        tree: Arc::new(original),
    })
}

fn schema(fields: &mut Fields<'_>) -> Result<(), InputError> {
    let schema = fields.need("schema")?;
    if schema.text()? != SCHEMA {
        return Err(schema.error(format!("expected {SCHEMA:?}, found {:?}", schema.text()?)));
    }
    Ok(())
}

fn sources(fields: &mut Fields<'_>) -> Result<Vec<String>, InputError> {
    let sources = fields.texts("source")?;
    if sources.is_empty() {
        return Err(fields.error("expected a field \"source\": where the numbers come from"));
    }
    Ok(sources)
}

/// A calendar date, or nothing.
fn effective(node: Option<&Node>) -> Result<String, InputError> {
    let Some(node) = node else { return Ok(String::new()) };
    let text = node.text()?;
    match text.parse::<Timestamp>() {
        Ok(_) if text.len() == 10 => Ok(text.to_owned()),
        _ => {
            Err(node
                .error(format!("effective: expected a date such as 2026-02-01, found {text:?}")))
        }
    }
}

/// Hash of the tree without its origins, so that comments and order do not count, and of the joint
/// scenarios of scans by their bits, so that it does not count how they came in.
pub(super) fn digest(tree: &Node, scans: &[Scan]) -> String {
    fn walk(node: &Node, hasher: &mut blake3::Hasher) {
        match &node.value {
            Value::Text(text) => {
                hasher.update(b"t").update(&(text.len() as u64).to_le_bytes());
                hasher.update(text.as_bytes());
            }
            Value::Bool(truth) => {
                hasher.update(&[b'b', u8::from(*truth)]);
            }
            Value::List(items) => {
                hasher.update(b"l").update(&(items.len() as u64).to_le_bytes());
                items.iter().for_each(|item| walk(item, hasher));
            }
            Value::Table(table) => {
                hasher.update(b"m").update(&(table.len() as u64).to_le_bytes());
                for (key, item) in table {
                    hasher.update(&(key.len() as u64).to_le_bytes()).update(key.as_bytes());
                    walk(item, hasher);
                }
            }
        }
    }
    let mut hasher = blake3::Hasher::new();
    walk(tree, &mut hasher);
    for scan in scans {
        if let Some(joint) = scan.joint.as_ref().and_then(|one| one.joint.as_ref()) {
            hasher.update(scan.name.as_bytes());
            joint.digest(&mut hasher);
        }
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The scans that can be read.
fn scans(fields: &mut Fields<'_>, problems: &mut Problems) -> Vec<Scan> {
    let nodes = problems.keep(fields.list("scan")).unwrap_or_default();
    let mut out = Vec::new();
    for node in nodes {
        let read = Fields::of(node).and_then(|mut inner| {
            let scan = Scan::read(&mut inner)?;
            Ok((scan, inner.unknown()))
        });
        match read {
            Ok((scan, unknown)) => {
                problems.add(unknown);
                out.push(scan);
            }
            Err(error) => problems.failed(node, error),
        }
    }
    out
}

/// The recipe, which has each set that a scan without scenarios asks for.
fn tail(node: Option<&Node>, tree: &Node, scans: &[Scan]) -> Result<Option<Recipe>, InputError> {
    let Some(node) = node else { return Ok(None) };
    let recipe = Recipe::read(Fields::of(node)?)?;
    for scan in scans {
        if let Some(joint) = &scan.joint {
            let failed = |problem| tree.error(format!("scan {:?}: {problem}", scan.name));
            recipe.check(joint).map_err(failed)?;
        }
    }
    Ok(Some(recipe))
}

/// What charges are read with: scans, parameters, whether coins move, what collateral counts.
type With<'a> = (&'a [Scan], &'a BTreeMap<String, Param>, CoinsMove, &'a CollateralRule);

/// The charges that can be read.
fn charges(fields: &mut Fields<'_>, with: With<'_>, problems: &mut Problems) -> Vec<NamedCharge> {
    let nodes = problems.keep(fields.list("charge")).unwrap_or_default();
    let mut out: Vec<NamedCharge> = Vec::new();
    for node in nodes {
        match charge(node, with, &out) {
            Ok((one, unknown)) => {
                problems.add(unknown);
                out.push(one);
            }
            Err(error) => problems.failed(node, error),
        }
    }
    out
}

/// A charge, and errors for fields that it does not know.
fn charge(
    node: &Node,
    (scans, params, coins, collateral): With<'_>,
    before: &[NamedCharge],
) -> Result<(NamedCharge, Vec<InputError>), InputError> {
    let mut inner = Fields::of(node)?;
    let name = inner.text("name")?.to_owned();
    if name == ORDERS || before.iter().any(|one| one.name == name) {
        return Err(node.error(format!("expected a name of its own, found {name:?}")));
    }
    let kind = inner.text("kind")?.to_owned();
    let reading = charge::Reading { scans, params, charges: before, coins, collateral };
    let charge = charge::read(&kind, &mut inner, &reading)?;
    Ok((NamedCharge { name, kind, charge }, inner.unknown()))
}

fn pool(node: Option<&Node>) -> Result<PoolRule, InputError> {
    let Some(node) = node else {
        let currency = PoolCurrency::Fixed(Asset::usd());
        return Ok(PoolRule { by: PoolBy::Account, currency, at_par: false });
    };
    let mut fields = Fields::of(node)?;
    let words = [
        ("account", PoolBy::Account),
        ("settlement", PoolBy::Settlement),
        ("position", PoolBy::Position),
    ];
    let by = fields.word("by", &words, Some(PoolBy::Account))?;
    let currency = match fields.text_or("currency", "USD")? {
        "settlement" if by == PoolBy::Account => {
            return Err(node.error("currency: a pool of the whole account needs a fixed currency"));
        }
        "settlement" => PoolCurrency::Settlement,
        name => PoolCurrency::Fixed(Asset::new(name).map_err(|error| node.error(error))?),
    };
    let at_par = fields.truth("at_par", false)?;
    fields.done()?;
    Ok(PoolRule { by, currency, at_par })
}

fn equity(node: Option<&Node>) -> Result<EquityRule, InputError> {
    let Some(node) = node else { return Ok(EquityRule { futures: true, options: true }) };
    let mut fields = Fields::of(node)?;
    let rule = EquityRule {
        futures: fields.truth("futures", true)?,
        options: fields.truth("options", true)?,
    };
    fields.done()?;
    Ok(rule)
}

/// Which coins held move, and those that move with an underlying of another name.
fn coins_move(node: Option<&Node>) -> Result<(CoinsMove, BTreeMap<Asset, Asset>), InputError> {
    let Some(node) = node else { return Ok((CoinsMove::No, BTreeMap::new())) };
    let mut fields = Fields::of(node)?;
    fields.word("by", &[("underlying", ())], Some(()))?;
    let moves = match fields.get("coins_move") {
        Some(Node { value: Value::Text(_), .. }) => {
            fields.word("coins_move", &[("hedge", CoinsMove::Hedge)], None)?
        }
        _ if fields.truth("coins_move", false)? => CoinsMove::All,
        _ => CoinsMove::No,
    };
    let with = fields.get("moves_with");
    fields.done()?;
    let mut by = BTreeMap::new();
    let Some(with) = with else { return Ok((moves, by)) };
    if moves != CoinsMove::No {
        return Err(with.error("moves_with: expected no coins_move beside it"));
    }
    for (coin, underlying) in Fields::of(with)?.all() {
        let asset = |text: &str| Asset::new(text).map_err(|error| underlying.error(error));
        by.insert(asset(coin)?, asset(underlying.text()?)?);
    }
    Ok((moves, by))
}

fn discounted(node: Option<&Node>) -> Result<bool, InputError> {
    let Some(node) = node else { return Ok(false) };
    let mut fields = Fields::of(node)?;
    let found = fields.word("discount", &[("none", false), ("rate", true)], Some(false))?;
    fields.done()?;
    Ok(found)
}

fn feeds(node: Option<&Node>) -> Result<FeedRule, InputError> {
    let Some(node) = node else {
        return Ok(FeedRule { max_age_seconds: None, stale: Stale::Refuse });
    };
    let mut fields = Fields::of(node)?;
    let age = Range::AMOUNT.number("max_age_seconds", fields.need("max_age_seconds")?)?;
    let max_age_seconds = Some(age.to_f64());
    let stale = match fields.get("widen") {
        Some(widen) => Stale::Widen(Rate::new(Range::RATE.number("widen", widen)?)),
        None => Stale::Refuse,
    };
    fields.done()?;
    Ok(FeedRule { max_age_seconds, stale })
}

fn delta(node: Option<&Node>, scans: &[Scan], problems: &mut Problems) -> Option<DeltaRule> {
    let Some(node) = node else { return Some(DeltaRule::Black) };
    match composite(node, scans) {
        Ok(rule) => Some(rule),
        Err(error) => {
            problems.failed(node, error);
            None
        }
    }
}

fn composite(node: &Node, scans: &[Scan]) -> Result<DeltaRule, InputError> {
    let mut fields = Fields::of(node)?;
    let wanted = fields.text("scan")?;
    let scan = scans.iter().position(|scan| scan.name == wanted).ok_or_else(|| {
        node.error(format!("scan: expected the name of a [[scan]], found {wanted:?}"))
    })?;
    if scans[scan].joint.is_some() {
        return Err(node.error(format!("scan: expected one with ranges, and {wanted:?} is joint")));
    }
    let mut points = Vec::new();
    for point in fields.list("points")? {
        let mut inner = Fields::of(point)?;
        let price = crate::scan::fraction(inner.need("price")?)?;
        points.push((price, Range::RATE.number("weight", inner.need("weight")?)?.to_f64()));
        inner.done()?;
    }
    if points.is_empty() {
        return Err(node.error("points: expected at least one, found none"));
    }
    fields.done()?;
    Ok(DeltaRule::Composite { scan, points })
}

/// The levels that can be read.
fn levels(
    node: &Node,
    charges: &[NamedCharge],
    params: &BTreeMap<String, Param>,
    problems: &mut Problems,
) -> Vec<Level> {
    let Some(mut fields) = problems.keep(Fields::of(node)) else { return Vec::new() };
    let below_zero = problems.keep(fields.texts(BELOW_ZERO)).unwrap_or_default();
    let mut levels: Vec<Level> = Vec::new();
    for (name, formula) in fields.all().filter(|(name, _)| *name != BELOW_ZERO) {
        let text = formula.text();
        let parsed =
            text.and_then(|text| Formula::parse(text).map_err(|error| formula.error(error)));
        let Some(parsed) = problems.keep(parsed) else { continue };
        for used in parsed.names() {
            if !problems.has_failed(used) {
                problems.keep(usable(name, formula, used, charges, params));
            }
        }
        let may_be_below_zero = below_zero.contains(name);
        levels.push(Level { name: name.clone(), formula: parsed, may_be_below_zero });
    }
    for name in below_zero.iter().filter(|name| !fields.all().any(|(own, _)| own == *name)) {
        let known: Vec<&str> = levels.iter().map(|one| one.name.as_str()).collect();
        let known = known.join(", ");
        problems.add([node.error(format!(
            "{BELOW_ZERO}: expected levels of this document ({known}), found {name:?}"
        ))]);
    }
    for wanted in ["initial", "maintenance"] {
        if !fields.all().any(|(name, _)| name == wanted) {
            problems.add([node.error(format!("expected a level {wanted:?}"))]);
        }
    }
    levels
}

/// Whether a level's formula may use a name.
fn usable(
    level: &str,
    formula: &Node,
    used: &str,
    charges: &[NamedCharge],
    params: &BTreeMap<String, Param>,
) -> Result<(), InputError> {
    let charge = charges.iter().any(|one| one.name == used);
    if !charge && params.get(used).is_some_and(|param| !param.is_one()) {
        return Err(formula.error(format!(
            "level {level:?} uses {used:?}, which differs by underlying: a level is of the whole \
             pool"
        )));
    }
    if used != ORDERS && !charge && !params.contains_key(used) {
        let known = charges.iter().map(|one| one.name.as_str()).chain([ORDERS]);
        let near = nearest(used, known.clone().chain(params.keys().map(String::as_str)), 2);
        let hint = if near.is_empty() {
            format!("the charges are {}", known.collect::<Vec<_>>().join(", "))
        } else {
            format!("nearest: {}", near.join(", "))
        };
        return Err(formula.error(format!(
            "level {level:?} uses {used:?}, which is no charge or parameter; {hint}"
        )));
    }
    Ok(())
}

/// Rows that are given do not say what another move, or a coin, does: all scans take them, or none.
fn given_alone(
    tree: &Node,
    scans: &[Scan],
    coins: Option<&(CoinsMove, BTreeMap<Asset, Asset>)>,
) -> Result<(), InputError> {
    let given = scans.iter().any(|scan| scan.given);
    let coins = coins.is_some_and(|(moves, with)| *moves != CoinsMove::No || !with.is_empty());
    if given && (coins || scans.iter().any(|scan| !scan.given)) {
        return Err(tree.error(
            "scan: expected given = true in every scan or in none, and no coins_move: given rows \
             do not say what another move, or a coin, does",
        ));
    }
    Ok(())
}
