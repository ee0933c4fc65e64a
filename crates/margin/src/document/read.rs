//! From the tree of a document to the document, with every check that needs no market.

use super::tree::{Node, Value};
use super::{
    CoinsMove, DeltaRule, Document, EquityRule, FeedRule, Fields, Level, NamedCharge, PoolBy,
    PoolCurrency, PoolRule, SCHEMA, Stale,
};
use crate::charge;
use crate::collateral::CollateralRule;
use crate::expr::Formula;
use crate::param::Param;
use crate::scan::Scan;
use keelmark_book::{Asset, InputError, Rate, Timestamp, instruments::nearest};
use std::collections::BTreeMap;

/// Name that a level's formula may use for what open orders add.
pub const ORDERS: &str = "orders";

pub(super) fn document(mut tree: Node) -> Result<Document, InputError> {
    let original = tree.clone();
    super::groups::expand(&mut tree)?;
    substitute_params(&mut tree)?;
    let mut fields = Fields::of(&tree)?;
    let schema = fields.need("schema")?;
    if schema.text()? != SCHEMA {
        return Err(schema.error(format!("expected {SCHEMA:?}, found {:?}", schema.text()?)));
    }
    fields.get("extends");
    fields.get(super::groups::FIELD);
    let scans = named_list(&mut fields, "scan", Scan::read)?;
    let coins_move = coins_move(fields.get("unit"))?;
    let moves = coins_move != CoinsMove::No || scans.iter().any(|scan| !scan.given);
    if scans.iter().any(|scan| scan.given) && moves {
        return Err(tree.error(
            "scan: expected given = true in every scan or in none, and no coins_move: given rows \
             do not say what another move, or a coin, does",
        ));
    }
    let params = params(&mut fields)?;
    let charges = charges(&mut fields, &scans, &params, coins_move)?;
    let document = Document {
        name: fields.text("name")?.to_owned(),
        title: fields.text("title")?.to_owned(),
        version: fields.text_or("version", "")?.to_owned(),
        sources: fields.texts("source")?,
        effective: effective(fields.get("effective"))?,
        uncertain: fields.texts("uncertain")?,
        digest: digest(&original),
        pool: pool(fields.get("pool"))?,
        equity: equity(fields.get("equity"))?,
        collateral: CollateralRule::read(fields.get("collateral"))?,
        coins_move,
        feeds: feeds(fields.get("feeds"))?,
        delta: delta(fields.get("delta"), &scans)?,
        levels: levels(fields.need("levels")?, &charges, &params)?,
        bands: super::bands::read(&mut fields)?,
        params,
        scans,
        charges,
        tree: original,
    };
    fields.done()?;
    if document.sources.is_empty() {
        return Err(tree.error("expected a field \"source\": where the numbers come from"));
    }
    Ok(document)
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

/// Replaces every text `$name` by the parameter of that name.
fn substitute_params(tree: &mut Node) -> Result<(), InputError> {
    let Value::Table(table) = &tree.value else { return Ok(()) };
    let params = match table.get("params") {
        Some(Node { value: Value::Table(params), .. }) => params.clone(),
        _ => BTreeMap::new(),
    };
    substitute(tree, &params)
}

fn substitute(node: &mut Node, params: &BTreeMap<String, Node>) -> Result<(), InputError> {
    match &mut node.value {
        Value::Text(text) => {
            if let Some(name) = text.strip_prefix('$') {
                let found = params.get(name).ok_or_else(|| {
                    let near = nearest(name, params.keys().map(String::as_str), 2).join(", ");
                    InputError::line(
                        &node.origin.file,
                        node.origin.line,
                        "",
                        format!("unknown parameter ${name}; nearest in [params]: {near}"),
                    )
                })?;
                node.value = found.value.clone();
            }
            Ok(())
        }
        Value::Bool(_) => Ok(()),
        Value::List(items) => items.iter_mut().try_for_each(|item| substitute(item, params)),
        Value::Table(table) => table.values_mut().try_for_each(|item| substitute(item, params)),
    }
}

/// Hash of the tree without its origins, so that comments and order do not count.
fn digest(tree: &Node) -> String {
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
    hasher.finalize().to_hex()[..16].to_owned()
}

fn named_list<T>(
    fields: &mut Fields<'_>,
    name: &'static str,
    read: impl Fn(&mut Fields<'_>) -> Result<T, InputError>,
) -> Result<Vec<T>, InputError> {
    let mut out = Vec::new();
    for node in fields.list(name)? {
        let mut inner = Fields::of(node)?;
        out.push(read(&mut inner)?);
        inner.done()?;
    }
    Ok(out)
}

fn params(fields: &mut Fields<'_>) -> Result<BTreeMap<String, Param>, InputError> {
    let Some(node) = fields.get("params") else { return Ok(BTreeMap::new()) };
    Fields::of(node)?.all().map(|(name, node)| Ok((name.clone(), Param::read(node)?))).collect()
}

fn charges(
    fields: &mut Fields<'_>,
    scans: &[Scan],
    params: &BTreeMap<String, Param>,
    coins: CoinsMove,
) -> Result<Vec<NamedCharge>, InputError> {
    let mut out: Vec<NamedCharge> = Vec::new();
    for node in fields.list("charge")? {
        let mut inner = Fields::of(node)?;
        let name = inner.text("name")?.to_owned();
        if name == ORDERS || out.iter().any(|one| one.name == name) {
            return Err(node.error(format!("expected a name of its own, found {name:?}")));
        }
        let kind = inner.text("kind")?.to_owned();
        let reading = charge::Reading { scans, params, charges: &out, coins };
        let charge = charge::read(&kind, &mut inner, &reading)?;
        inner.done()?;
        out.push(NamedCharge { name, kind, charge });
    }
    Ok(out)
}

fn pool(node: Option<&Node>) -> Result<PoolRule, InputError> {
    let Some(node) = node else {
        let currency = PoolCurrency::Fixed(Asset::usd());
        return Ok(PoolRule { by: PoolBy::Account, currency });
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
    fields.done()?;
    Ok(PoolRule { by, currency })
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

fn coins_move(node: Option<&Node>) -> Result<CoinsMove, InputError> {
    let Some(node) = node else { return Ok(CoinsMove::No) };
    let mut fields = Fields::of(node)?;
    fields.word("by", &[("underlying", ())], Some(()))?;
    let moves = match fields.get("coins_move") {
        Some(Node { value: Value::Text(_), .. }) => {
            fields.word("coins_move", &[("hedge", CoinsMove::Hedge)], None)?
        }
        _ if fields.truth("coins_move", false)? => CoinsMove::All,
        _ => CoinsMove::No,
    };
    fields.done()?;
    Ok(moves)
}

fn feeds(node: Option<&Node>) -> Result<FeedRule, InputError> {
    let Some(node) = node else {
        return Ok(FeedRule { max_age_seconds: None, stale: Stale::Refuse });
    };
    let mut fields = Fields::of(node)?;
    let max_age_seconds = Some(fields.need("max_age_seconds")?.decimal()?.to_f64());
    let stale = match fields.get("widen") {
        Some(widen) => {
            let rate = Rate::new(widen.decimal()?);
            if rate.is_negative() {
                return Err(widen.error(format!("widen: expected zero or more, found {rate}")));
            }
            Stale::Widen(rate)
        }
        None => Stale::Refuse,
    };
    fields.done()?;
    Ok(FeedRule { max_age_seconds, stale })
}

fn delta(node: Option<&Node>, scans: &[Scan]) -> Result<DeltaRule, InputError> {
    let Some(node) = node else { return Ok(DeltaRule::Black) };
    let mut fields = Fields::of(node)?;
    let wanted = fields.text("scan")?;
    let scan = scans.iter().position(|scan| scan.name == wanted).ok_or_else(|| {
        node.error(format!("scan: expected the name of a [[scan]], found {wanted:?}"))
    })?;
    let mut points = Vec::new();
    for point in fields.list("points")? {
        let mut inner = Fields::of(point)?;
        let price = crate::scan::fraction(inner.need("price")?)?;
        points.push((price, inner.need("weight")?.decimal()?.to_f64()));
        inner.done()?;
    }
    if points.is_empty() {
        return Err(node.error("points: expected at least one, found none"));
    }
    fields.done()?;
    Ok(DeltaRule::Composite { scan, points })
}

fn levels(
    node: &Node,
    charges: &[NamedCharge],
    params: &BTreeMap<String, Param>,
) -> Result<Vec<Level>, InputError> {
    let fields = Fields::of(node)?;
    let mut levels = Vec::new();
    for (name, formula) in fields.all() {
        let parsed = Formula::parse(formula.text()?).map_err(|error| formula.error(error))?;
        for used in parsed.names() {
            let charge = charges.iter().any(|one| one.name == used);
            if !charge && params.get(used).is_some_and(|param| !param.is_one()) {
                return Err(formula.error(format!(
                    "level {name:?} uses {used:?}, which differs by underlying: a level is of the \
                     whole pool"
                )));
            }
            if used != ORDERS && !charge && !params.contains_key(used) {
                let known = charges.iter().map(|one| one.name.as_str());
                let near = nearest(used, known.chain(params.keys().map(String::as_str)), 2);
                return Err(formula.error(format!(
                    "level {name:?} uses {used:?}, which is no charge or parameter; nearest: {}",
                    near.join(", ")
                )));
            }
        }
        levels.push(Level { name: name.clone(), formula: parsed });
    }
    for wanted in ["initial", "maintenance"] {
        if !levels.iter().any(|level| level.name == wanted) {
            return Err(node.error(format!("expected a level {wanted:?}")));
        }
    }
    Ok(levels)
}
