//! Sixteen scenarios: the array of one contract, and requirements put together from parts.

use crate::desk::{Contract, Desk, OptionTerms, charge, document};
use crate::inputs::{Answer, Inputs, Problem, problem, sometime};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Quantity, Right, Round, SECONDS_PER_YEAR};
use keelmark_margin::table::{RiskTable, Sensitivity};
use keelmark_margin::{Document, PoolMargin};

const DOCUMENT: &str = "scan16";
/// The same with an exposure margin on top.
const EXPOSURE: &str = "scan16-exposure";
const BASE: &str = "UNIT";
/// Scenarios of a record that holds no extremes.
const FIRST: usize = 9;

/// `span_risk_array`.
pub fn risk_array(inputs: Inputs<'_>) -> Answer {
    let document = scan_document(inputs)?;
    let size = inputs.number_or("contract_value_factor", Decimal::ONE)?;
    let losses = |document: &Document| -> Result<Vec<Money>, Problem> {
        let one = pool_of(inputs, document, Decimal::ONE, size)?.1;
        Ok(scan_gains(&one)?.iter().map(|gain| -*gain).collect())
    };
    let whole = losses(&document)?;
    // Only a record's integers are rounded; the array itself is what the formula says.
    let mut first = if inputs.has("rounding") {
        losses(&document.with(&[("scan.sixteen.round_to", "0")])?)?
    } else {
        whole.clone()
    };
    first.truncate(FIRST);
    let quantity = inputs.number_or("quantity", Decimal::ONE)?;
    let held = pool_of(inputs, &document, quantity, size)?.1;
    Ok(Json::object([
        ("risk_array_loss_positive_long1", whole.into()),
        ("first_nine", first.into()),
        ("composite_delta", composite_delta(inputs, &document)?.into()),
        ("scan_risk", charge(&held, "scan")?.into()),
    ]))
}

/// `span_requirement`: the parts that the fields present ask for.
pub fn requirement(inputs: Inputs<'_>) -> Answer {
    let mut fields: Vec<(&str, Json)> = Vec::new();
    let mut scan = inputs.number_if_any("scan_risk")?.map(Money::new);
    if inputs.has("futures") {
        let net = Quantity::sum(inputs.numbers("futures")?.into_iter().map(Quantity::new))?;
        fields.push(("net_futures", net.into()));
        if inputs.has("price_scan_range") {
            let held = pool_of(inputs, &scan_document(inputs)?, net.decimal(), Decimal::ONE)?.1;
            scan = Some(charge(&held, "scan")?);
        }
    }
    if inputs.has("long") || inputs.has("short") {
        let part = |name: &str| inputs.number_or(name, Decimal::ZERO);
        fields.push(("net_options", part("long")?.minus(part("short")?)?.into()));
    }
    fields.push(("scan_risk", scan.into()));
    if scan.is_some() || inputs.has("span") {
        fields.extend(put_together(inputs, scan)?);
    }
    fields.extend(ratios(inputs)?);
    Ok(Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// Margin from scan, spreads and option value; exposure margin, and both.
fn put_together(
    inputs: Inputs<'_>,
    scan: Option<Money>,
) -> Result<Vec<(&'static str, Json)>, Problem> {
    let document = Document::named(DOCUMENT)?;
    let part = |name: &str| inputs.number_or(name, Decimal::ZERO).map(Money::new);
    let value = part("net_option_value")?;
    let (scan_only, all) = match scan {
        Some(scan) => {
            let bare = [("scan", scan), ("option_value", value)];
            let mut all = bare.to_vec();
            for (charge, name) in [
                ("spread", "intra_charge"),
                ("inter_credit", "inter_discount"),
                ("minimum", "som_charge"),
            ] {
                all.push((charge, part(name)?));
            }
            (document.level_for("maintenance", &bare)?, document.level_for("maintenance", &all)?)
        }
        None => (part("span")?, part("span")?),
    };
    let mut fields = vec![("span", scan_only.into()), ("margin", all.into())];
    let exposure = match inputs.number_if_any("exposure")? {
        Some(given) => Some(Money::new(given)),
        None if inputs.has("elm_rate") => Some(exposure(inputs)?),
        None => None,
    };
    if let Some(exposure) = exposure {
        let parts = [("scan", scan_only), ("futures_exposure", exposure)];
        let total = Document::named(EXPOSURE)?.level_for("maintenance", &parts)?;
        fields.push(("exposure", exposure.into()));
        fields.push(("total", total.into()));
    }
    Ok(fields)
}

/// The exposure margin of some units at the spot price.
fn exposure(inputs: Inputs<'_>) -> Result<Money, Problem> {
    let rate = inputs.figure("elm_rate")?;
    let document = document(EXPOSURE, &[("params.exposure_rate", rate)])?;
    let mut desk = Desk::new();
    let units = inputs.number("quantity")?;
    desk.hold(Contract::linear(BASE, inputs.number("spot")?)?, units, None)?;
    charge(&desk.pool(&document)?, "futures_exposure")
}

/// Ratios between the margins of members, clients and the house.
fn ratios(inputs: Inputs<'_>) -> Result<Vec<(&'static str, Json)>, Problem> {
    let mut fields = Vec::new();
    if inputs.has("ratios") {
        let ratios = inputs.numbers("ratios")?;
        for (name, ratio) in ["initial_member", "initial_nonmember"].into_iter().zip(&ratios) {
            let document = document(DOCUMENT, &[("params.risk_ratio", ratio.to_string())])?;
            let initial = |amount| document.level_for("initial", &[("scan", Money::new(amount))]);
            fields.push((name, inputs.each("maintenance", |one| Ok(initial(one)?.into()))?));
            if name == "initial_nonmember" {
                let rounded = |one| Ok(half_up(initial(one)?)?.into());
                fields.push(("published_nonmember", inputs.each("maintenance", rounded)?));
            }
        }
    }
    for (name, above, below) in [
        ("client_multiplier_initial", "client_initial", "clearing_house"),
        ("maintenance_over_initial", "client_maintenance", "client_initial"),
    ] {
        if inputs.has(above) && inputs.has(below) {
            let part = |name: &str| inputs.number(name).map(Money::new);
            fields.push((name, part(above)?.ratio(part(below)?, Round::Nearest)?.into()));
        }
    }
    Ok(fields)
}

/// The nearest whole number, a half going up.
fn half_up(amount: Money) -> Result<Decimal, Problem> {
    let half = Decimal::from_raw(Decimal::ONE.raw() / 2);
    Ok(amount.decimal().plus(half)?.round_to(0, Round::Down))
}

/// The document with the case's ranges, in money.
fn scan_document(inputs: Inputs<'_>) -> Result<Document, Problem> {
    let mut changes = vec![
        ("params.price_range", inputs.figure("price_scan_range")?),
        ("scan.sixteen.price_unit", "money".to_owned()),
        ("scan.sixteen.lookahead_days", "0".to_owned()),
        ("scan.sixteen.lookahead_years", figure_or(inputs, "lookahead_years", "0")?),
        ("scan.sixteen.discount", figure_or(inputs, "discount", "1")?),
    ];
    if inputs.has("vol_scan_range") {
        let range = inputs.figure("vol_scan_range")?;
        changes.push(("scan.sixteen.vol_up", range.clone()));
        changes.push(("scan.sixteen.vol_down", range));
    }
    if inputs.has("vol_scan_mode") {
        let unit = match inputs.text("vol_scan_mode")? {
            "relative" => "relative",
            "absolute" => "points",
            other => return problem(format!("vol_scan_mode: found {other:?}")),
        };
        changes.push(("scan.sixteen.vol_unit", unit.to_owned()));
    }
    if inputs.has("extreme_multiplier") || inputs.has("extreme_cover") {
        changes.push(("scan.sixteen.scenarios", scenarios(inputs)?));
    }
    document(DOCUMENT, &changes)
}

fn figure_or(inputs: Inputs<'_>, name: &str, other: &str) -> Result<String, Problem> {
    Ok(if inputs.has(name) { inputs.figure(name)? } else { other.to_owned() })
}

/// The document's own scenarios with the case's extremes in the last two.
fn scenarios(inputs: Inputs<'_>) -> Result<String, Problem> {
    let times = figure_or(inputs, "extreme_multiplier", "3")?;
    let cover = figure_or(inputs, "extreme_cover", "0.33")?;
    let mut rows = Vec::new();
    for price in ["0", "1/3", "-1/3", "2/3", "-2/3", "1", "-1"] {
        for vol in ["up", "down"] {
            rows.push(format!("{{ price = \"{price}\", vol = \"{vol}\" }}"));
        }
    }
    for sign in ["", "-"] {
        rows.push(format!("{{ price = \"{sign}{times}\", vol = \"same\", weight = \"{cover}\" }}"));
    }
    Ok(format!("[{}]", rows.join(", ")))
}

fn pool_of(
    inputs: Inputs<'_>,
    document: &Document,
    quantity: Decimal,
    size: Decimal,
) -> Result<(Desk, PoolMargin), Problem> {
    let mut desk = Desk::new();
    desk.hold(contract(inputs)?.sized(size), quantity, None)?;
    let pool = desk.pool(document)?;
    Ok((desk, pool))
}

/// The contract of a case; a future without a price gets one that every scenario leaves above zero.
fn contract(inputs: Inputs<'_>) -> Result<Contract, Problem> {
    if !inputs.has("strike") {
        let range = inputs.number("price_scan_range")?;
        let times = inputs.number_or("extreme_multiplier", Decimal::from_int(3))?;
        let room = range.times(times, Round::Up)?.times(Decimal::from_int(4), Round::Up)?;
        return Contract::linear(BASE, inputs.number_or("forward", room)?);
    }
    let nanos = inputs.estimate("t_years")? * SECONDS_PER_YEAR * 1e9;
    // On its last instant an option is still listed, and worth what it is in the money.
    let expiry = sometime().plus_nanos((nanos.round() as i64).max(1));
    let right: Right = inputs.right()?;
    let strike = inputs.number("strike")?;
    let priced_by = (inputs.estimate("vol")?, inputs.number("forward")?);
    let mark = Decimal::ONE;
    Contract::option(BASE, "USD", OptionTerms { expiry, strike, right }, mark, priced_by)
}

fn scan_gains(pool: &PoolMargin) -> Result<&[Money], Problem> {
    let charge = pool.charges.iter().find(|one| one.name == "scan");
    match charge.and_then(|charge| charge.plain.scans.first()) {
        Some(scan) => Ok(&scan.before),
        None => problem("the margin has no scan"),
    }
}

/// The composite delta of one unit, before the contract value factor.
fn composite_delta(inputs: Inputs<'_>, document: &Document) -> Result<Decimal, Problem> {
    let (desk, pool) = pool_of(inputs, document, Decimal::ONE, Decimal::ONE)?;
    let ids = pool.pool.instruments();
    let table = RiskTable::compile(document, &desk.market, &ids, &pool.pool.currency)?;
    let Some(row) = ids.first().and_then(|id| table.row(*id)) else {
        return problem("the risk table has no row for the contract");
    };
    let quanta = table.sensitivities(row)[Sensitivity::Delta as usize];
    Ok(table.sensitivity(Sensitivity::Delta, i128::from(quanta), Round::Nearest)?)
}
