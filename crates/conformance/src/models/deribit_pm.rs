//! The extended risk matrix: vectors of one future, and the margin of several.
//!
//! A case carries the venue's own parameter reply; each of its fields has one place in the
//! document.

use crate::desk::{Contract, Desk, charge};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Kind, Money, Price, Timestamp};
use keelmark_margin::charge::UnitScan;
use keelmark_margin::scan::Scan;
use keelmark_margin::{Document, PoolMargin};
use keelmark_venues::deribit::symbol::read_contract;

const DOCUMENT: &str = "deribit-pm-segregated";
/// Hour of expiry, UTC.
const HOUR: i8 = 8;
/// Nanoseconds of a day.
const DAY: i64 = 86_400 * 1_000_000_000;

/// Fields of a currency pair's parameters, and the places of the document that they set.
const PAIR: &[(&str, &[&str])] = &[
    ("price_range", &["params.price_range"]),
    ("volatility_range_up", &["params.vol_up"]),
    ("volatility_range_down", &["params.vol_down"]),
    ("min_volatility_for_shock_up", &["params.vol_floor"]),
    (
        "short_term_vega_power",
        &["scan.standard.vol_tenor.short_power", "scan.extended.vol_tenor.short_power"],
    ),
    (
        "long_term_vega_power",
        &["scan.standard.vol_tenor.long_power", "scan.extended.vol_tenor.long_power"],
    ),
    ("extended_table_factor", &["scan.extended.edge_weight"]),
    ("m_inc", &["charge.delta.slope"]),
    ("delta_total_liq_shock_threshold", &["charge.delta.threshold"]),
    ("max_delta_shock", &["charge.delta.cap"]),
];
/// The same of a currency.
const CURRENCY: &[(&str, &[&str])] = &[
    ("pnl_offset", &["charge.worst.gain_offset"]),
    ("min_annualised_move", &["charge.roll.floor"]),
    ("annualised_move_risk", &["charge.roll.per_year"]),
    ("extended_dampener", &["scan.extended.dampener"]),
    ("haircut", &["charge.haircut.rate"]),
];
/// The same of all.
const GENERAL: &[(&str, &[&str])] =
    &[("mm_factor", &["params.mm_factor"]), ("buckets_count", &["scan.standard.grid_steps"])];

/// `deribit.pm.risk_vectors.inverse_future`.
pub fn vectors(inputs: Inputs<'_>) -> Answer {
    let name = inputs.text("instrument")?;
    let coin = coin_of(name);
    let document = document(inputs, &coin)?;
    let mark = inputs.number_or("mark_price", Decimal::ONE)?;
    let mut desk = Desk::at(before_expiry(inputs, name)?);
    desk.price(&coin, inputs.number_or("index_price", mark)?)?;
    hold(&mut desk, name, inputs.number("position_base")?, mark)?;
    let pool = desk.pool(&document)?;
    let scan = worst(&pool)?;
    let (standard, extended) = scan.before.split_at(standard_cells(&document));
    Ok(Json::object([
        ("standard", standard.to_vec().into()),
        ("extended", extended.to_vec().into()),
    ]))
}

/// `deribit.pm.margin`.
pub fn margin(inputs: Inputs<'_>) -> Answer {
    let (pair, index) = match inputs.fields("index_price")? {
        [(pair, index)] => (pair, decimal(index, "index_price")?),
        other => return problem(format!("index_price: expected one pair, found {}", other.len())),
    };
    let coin = pair.split('_').next().unwrap_or(pair).to_ascii_uppercase();
    let document = document(inputs, &coin)?;
    let mut desk = Desk::at(inputs.as_of()?);
    desk.price(&coin, index)?;
    for (name, position) in inputs.fields("positions")? {
        let position = Inputs(position);
        let mark = position.number_or("mark_price", index)?;
        hold(&mut desk, name, position.number("size_base")?, mark)?;
    }
    for (input, reserve) in
        [("mmp_margin", "mmp"), ("open_orders_margin", "open_orders"), ("spot_margin", "spot")]
    {
        let amount = Money::new(inputs.number_or(input, Decimal::ZERO)?);
        desk.account.reserves.insert(reserve.to_owned(), amount);
    }
    let pool = desk.pool(&document)?;
    let scan = worst(&pool)?;
    let cells = standard_cells(&document);
    let (standard, extended) = scan.after.split_at(cells);
    let maintenance = pool.level("maintenance");
    // No charge of the document is about correlation: no printed reply has one above zero.
    let correlation = charge(&pool, "correlation").unwrap_or_default();
    Ok(Json::object([
        ("pre_aggregated_standard", scan.before[..cells].to_vec().into()),
        ("pre_aggregated_extended", scan.before[cells..].to_vec().into()),
        ("aggregated_standard", standard.to_vec().into()),
        ("aggregated_extended", extended.to_vec().into()),
        ("worst_case", charge(&pool, "worst")?.into()),
        ("worst_case_index_1based", scan.worst_of_first(cells).map(|at| at + 1).into()),
        ("roll_shock", charge(&pool, "roll")?.into()),
        ("delta_shock", charge(&pool, "delta")?.into()),
        ("correlation_contingency", correlation.into()),
        ("risk_matrix_margin", document.implied("maintenance", maintenance, "worst", &[])?.into()),
        ("initial_margin", pool.level("initial").into()),
        ("maintenance_margin", maintenance.into()),
    ]))
}

/// `deribit.pm.extended_dampener`.
pub fn dampener(inputs: Inputs<'_>) -> Answer {
    let document = Document::named(DOCUMENT)?;
    let Some(scan) = document.scans.iter().find(|scan| scan.dampener.is_some()) else {
        return problem(format!("{DOCUMENT} has no scan with a dampener"));
    };
    let amount = Money::new(inputs.number("extended_dampener_usd")?);
    let index = Price::new(inputs.number("index_price")?);
    let range = inputs.estimate("price_range")?;
    let coins = inputs
        .each("moves", |by| Ok(scan.coin_relief(amount, index, by.to_f64(), range)?.into()))?;
    Ok(Json::object([("dampener_coin", coins)]))
}

/// `deribit.pm.extended_weight`.
pub fn weight(inputs: Inputs<'_>) -> Answer {
    let factor = inputs.number_or("extended_table_factor", Decimal::ONE)?.to_f64();
    let range = inputs.estimate("price_range")?;
    let percent =
        |by: Decimal| Ok((100.0 * Scan::weight_beyond(factor, range, by.to_f64())).into());
    Ok(Json::object([("weight_pct", inputs.each("moves", percent)?)]))
}

/// The document with the case's parameters.
fn document(inputs: Inputs<'_>, coin: &str) -> Result<Document, Problem> {
    let mut changes: Vec<(&str, String)> = Vec::new();
    if let Some(params) = inputs.0.get("params") {
        let coin = coin.to_ascii_lowercase();
        let pair = params.get("currency_pair").and_then(|all| all.get(&format!("{coin}_usd")));
        let currency = params.get("currency").and_then(|all| all.get(&coin));
        for (found, places) in
            [(pair, PAIR), (currency, CURRENCY), (params.get("general"), GENERAL)]
        {
            let Some(found) = found else { continue };
            for (field, paths) in places {
                let found = Inputs(found);
                if found.has(field) {
                    let value = found.figure(field)?;
                    changes.extend(paths.iter().map(|path| (*path, value.clone())));
                }
            }
        }
    }
    if let Some(moves) = inputs.0.get("extended_moves") {
        changes.push(("scan.extended.moves", moves.to_string()));
    }
    crate::desk::document(DOCUMENT, &changes)
}

/// Holds some coins of a future, whose face is its mark: one contract is then one coin.
fn hold(desk: &mut Desk, name: &str, coins: Decimal, mark: Decimal) -> Result<(), Problem> {
    let symbol = read_contract(name, HOUR)?;
    let size = if symbol.settle.as_ref() == Some(&symbol.base) { mark } else { Decimal::ONE };
    let contract = Contract { symbol, name: name.to_owned(), size, mark, option: None, lot: None };
    desk.hold(contract, coins, None)?;
    Ok(())
}

/// The instant of the case; where it gives none, one at which the future is still listed.
fn before_expiry(inputs: Inputs<'_>, name: &str) -> Result<Timestamp, Problem> {
    match read_contract(name, HOUR)?.kind {
        Kind::Future { expiry } if !inputs.timed() => Ok(expiry.plus_nanos(-DAY)),
        _ => inputs.as_of(),
    }
}

fn coin_of(name: &str) -> String {
    name.split(['-', '_']).next().unwrap_or(name).to_owned()
}

fn worst(pool: &PoolMargin) -> Result<&UnitScan, Problem> {
    let charge = pool.charges.iter().find(|one| one.name == "worst");
    charge
        .and_then(|charge| charge.plain.scans.first())
        .ok_or_else(|| Problem("the margin has no scan".to_owned()))
}

fn standard_cells(document: &Document) -> usize {
    document.scans.first().map_or(0, |scan| scan.scenarios.len())
}
