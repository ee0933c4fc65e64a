//! Risk-parameter files: a file and positions through the importer's market, account and document.

use super::span_full::outcome;
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Asset, Money, Quantity};
use keelmark_margin::{Document, PoolMargin, margin};
use keelmark_venues::listed::book::{House, convert};
use keelmark_venues::listed::pa2::{self, Points, Value, Values};
use keelmark_venues::listed::positions::{ACCOUNT, Listed};
use keelmark_venues::listed::{Day, Terms, spn};

/// The file that stands beside the cases.
const SYNTHETIC: (&str, &[u8]) = (
    "span-synthetic-3assets.spn",
    include_bytes!("../../../../samples/span-synthetic-3assets.spn"),
);

/// Scenarios of a file's arrays.
const SCENARIOS: usize = 16;

/// `span_xml_file`.
pub fn xml(inputs: Inputs<'_>) -> Answer {
    let name = inputs.text("file")?;
    let read = match name {
        _ if name == SYNTHETIC.0 => SYNTHETIC.1.to_vec(),
        other => std::fs::read(other)?,
    };
    if inputs.need("floor_zero")? != &Json::Bool(true) {
        return problem("floor_zero: expected true, a requirement is never below zero");
    }
    let portfolio_option_value = match inputs.text("net_option_value_scope")? {
        "per_commodity" => false,
        "portfolio" => true,
        other => return problem(format!("net_option_value_scope: found {other:?}")),
    };
    let positions: Vec<Listed> = inputs
        .list("positions")?
        .iter()
        .map(|one| listed(Inputs(one)))
        .collect::<Result<_, _>>()?;
    let file = spn::read(name, read.as_slice(), &mut |code, terms, day| {
        positions
            .iter()
            .any(|one| one.symbol == code && one.terms == terms && one.expiry.meets(day))
    })?;
    let house = House { portfolio_option_value, gross: true, ratio: None };
    let found = convert(name, &file, &positions, &house)?;
    let document = Document::parse("written", &found.document)?;
    let account = found.book.accounts.first();
    let account = account.ok_or_else(|| Problem("expected positions, found none".to_owned()))?;
    let margin = margin(&document, &found.market, account)?;
    let Some(pool) = margin.pools.first() else { return problem("expected a pool") };
    let mut by_commodity: Vec<(String, Json)> = Vec::new();
    for one in &positions {
        if !by_commodity.iter().any(|(name, _)| *name == one.symbol) {
            by_commodity.push((one.symbol.clone(), commodity(pool, &one.symbol)?));
        }
    }
    Ok(Json::object([
        ("span_margin", pool.level("maintenance").into()),
        ("by_commodity", Json::Object(by_commodity)),
    ]))
}

/// What one commodity asks.
fn commodity(pool: &PoolMargin, name: &str) -> Answer {
    let asset = Asset::new(name)?;
    let of = |charge: &str| -> Result<Json, Problem> {
        Ok(outcome(pool, charge)?.of_unit(&asset).into())
    };
    let scans = &outcome(pool, "scan")?.scans;
    // Rows of one commodity may leave nothing held: no scenario loses, so the first is active.
    let none = (0, vec![Money::ZERO; SCENARIOS]);
    let found = scans.iter().find(|scan| scan.underlying == asset);
    let (worst, gains) = found.map_or(none, |scan| (scan.worst, scan.before.clone()));
    let losses: Vec<Json> = gains.iter().map(|gain| (-*gain).into()).collect();
    Ok(Json::object([
        ("scan_risk", of("scan")?),
        ("active_scenario", (worst + 1).into()),
        ("calendar_charge", of("spread")?),
        ("short_option_minimum", of("minimum")?),
        ("net_option_value", of("option_value")?),
        ("span", of("required")?),
        ("scenario_losses", Json::List(losses)),
    ]))
}

fn listed(one: Inputs<'_>) -> Result<Listed, Problem> {
    let (instrument, expiry) = (one.text("instrument")?, one.text("expiry")?);
    let strike = one.number_or("strike", keelmark_book::Decimal::ZERO)?;
    Ok(Listed {
        account: ACCOUNT.to_owned(),
        symbol: one.text("symbol")?.to_owned(),
        terms: Terms::parse(instrument, strike)
            .ok_or_else(|| Problem(format!("instrument: found {instrument:?}")))?,
        expiry: Day::parse(expiry.as_bytes())
            .ok_or_else(|| Problem(format!("expiry: expected a day, found {expiry:?}")))?,
        quantity: Quantity::new(one.number("quantity")?),
    })
}

/// `span_pa2_record`.
pub fn record(inputs: Inputs<'_>) -> Answer {
    let line = inputs.text("record")?.as_bytes();
    let mut raw = Vec::new();
    for (name, bounds) in inputs.fields("columns")? {
        let bounds = Inputs(&Json::object([("bounds", bounds.clone())])).numbers("bounds")?;
        let place = |at: usize| -> Result<usize, Problem> {
            let bound = bounds.get(at).ok_or_else(|| Problem(format!("{name}: two columns")))?;
            Ok(bound.to_string().parse()?)
        };
        let text = pa2::columns(line, place(0)?, place(1)?);
        raw.push((name.clone(), Json::Text(String::from_utf8_lossy(text).into_owned())));
    }
    let decimals = |name: &str| -> Result<usize, Problem> {
        Ok(if inputs.has(name) { inputs.text(name)?.parse()? } else { 0 })
    };
    let points = Points {
        settlement: decimals("settlement_decimals")?,
        strike: decimals("strike_decimals")?,
    };
    // Records that the importer skips have columns all the same.
    let record = pa2::decode(line, points).map_err(Problem)?;
    let Some(record) = record else { return Ok(Json::object([("raw", Json::Object(raw))])) };
    let mut decoded = fields(&record.values);
    for (name, rows) in &record.groups {
        match *name {
            // The first month of record 4, and the ratios of record 3, stand once in a case.
            "months" => decoded.extend(rows.first().map(fields).unwrap_or_default()),
            "initial_to_maintenance" => {
                let first = rows.first().map(fields).unwrap_or_default();
                decoded.push(((*name).to_owned(), Json::Object(first)));
            }
            _ => {
                let rows = rows.iter().map(|row| entry(name, row)).collect();
                decoded.push(((*name).to_owned(), Json::List(rows)));
            }
        }
    }
    Ok(Json::object([("raw", Json::Object(raw)), ("decoded", Json::Object(decoded))]))
}

fn fields(values: &Values) -> Vec<(String, Json)> {
    values.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect()
}

/// An entry of a list: an object of a leg, the values alone of what a case writes as a list.
fn entry(group: &str, row: &Values) -> Json {
    let mut found = fields(row);
    match group {
        "legs" => Json::Object(found),
        "products" => Json::List(found.into_iter().map(|(_, value)| value).collect()),
        "tiers" => {
            found.retain(|(name, _)| name != "no");
            Json::List(found.into_iter().map(|(_, value)| value).collect())
        }
        _ => found.pop().map_or(Json::Null, |(_, value)| value),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::Text(text.clone()),
        Value::Whole(whole) => (*whole as usize).into(),
        Value::Number(number) => (*number).into(),
        Value::Date(day) => Json::Text(day.to_string()),
        Value::Flag(flag) => Json::Bool(*flag),
    }
}
