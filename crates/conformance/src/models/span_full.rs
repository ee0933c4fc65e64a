//! Sixteen scenarios, whole: arrays given, every charge and credit, by commodity and together.

use crate::desk::{Contract, Desk, OptionTerms};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, GivenRow, Kind, Right, Timestamp};
use keelmark_margin::charge::{Formed, Outcome};
use keelmark_margin::{Document, PoolMargin};
use std::fmt::Write as _;

/// Contract months in a year, as a case writes periods.
const MONTHS: i64 = 100;

/// `span_full`.
pub fn full(inputs: Inputs<'_>) -> Answer {
    let document = Document::parse("case", &parameters(inputs)?)?;
    let mut desk = Desk::at("2026-11-22T17:00:00Z".parse()?);
    let mut names = Vec::new();
    for (name, one) in inputs.fields("combined_commodities")? {
        // Arrays are given, so nothing depends on an index.
        desk.price(name, Decimal::ONE)?;
        for (at, position) in Inputs(one).list("positions")?.iter().enumerate() {
            hold(&mut desk, name, at, Inputs(position))?;
        }
        names.push(name.as_str());
    }
    let pool = desk.pool(&document)?;
    let mut by_commodity = Vec::new();
    for name in names {
        by_commodity.push((name.to_owned(), commodity(&pool, name)?));
    }
    Ok(Json::object([
        ("by_cc", Json::Object(by_commodity)),
        ("inter_formed", formed(outcome(&pool, "inter_credit")?, None)),
        ("risk_total", outcome(&pool, "risk")?.amount.into()),
        ("nov_total", outcome(&pool, "option_value")?.amount.into()),
        ("maintenance", pool.level("maintenance").into()),
        ("initial", pool.level("initial").into()),
    ]))
}

/// A position of a case on the desk; the strike only tells options of one month apart.
fn hold(desk: &mut Desk, base: &str, at: usize, one: Inputs<'_>) -> Result<(), Problem> {
    let period: i64 = match one.text("period")?.parse() {
        Ok(period) => period,
        Err(_) => return problem("period: expected YYYYMM"),
    };
    let (year, month) = (period / MONTHS, period % MONTHS);
    let expiry = Timestamp::from_date(i16::try_from(year)?, i8::try_from(month)?, 28, 8, 0)
        .ok_or_else(|| Problem(format!("period: expected YYYYMM, found {period}")))?;
    let mark = one.number_or("price", Decimal::ZERO)?;
    let strike = Decimal::from_int(at as i64 + 1);
    let terms = |right| OptionTerms { expiry, strike, right };
    let priced_by = (1.0, Decimal::ONE);
    let contract = match one.text("kind")? {
        "FUT" => Contract::linear(base, mark)?,
        "C" => Contract::option(base, "USD", terms(Right::Call), mark, priced_by)?,
        "P" => Contract::option(base, "USD", terms(Right::Put), mark, priced_by)?,
        other => return problem(format!("kind: expected FUT, C or P, found {other:?}")),
    };
    let mut contract = contract.sized(one.number_or("cvf", Decimal::ONE)?);
    contract.option = None;
    contract.name = format!("{base} {period} {at}");
    if contract.symbol.kind == Kind::Perpetual {
        contract.symbol.kind = Kind::Future { expiry };
        // Positions of a case are one a contract, though two may be in one month.
        contract.symbol.venue = format!("case-{at}");
    }
    let row = GivenRow { losses: one.numbers("ra")?, delta: one.number("delta")? };
    desk.hold_given(contract, one.number("qty")?, row)
}

/// What one commodity asks.
fn commodity(pool: &PoolMargin, name: &str) -> Answer {
    let asset = Asset::new(name)?;
    let of = |charge: &str| -> Result<Json, Problem> {
        Ok(outcome(pool, charge)?.of_unit(&asset).into())
    };
    let credits = outcome(pool, "inter_credit")?;
    let Some(risk) = credits.risks.iter().find(|risk| risk.underlying == asset) else {
        return Ok(Json::Null);
    };
    let intra = outcome(pool, "spread")?;
    Ok(Json::object([
        ("active", (risk.active + 1).into()),
        ("scan_risk", of("scan")?),
        ("net_delta", risk.net_delta.into()),
        ("time_risk", risk.time_risk.into()),
        ("price_risk", risk.price_risk.into()),
        ("wpr", risk.weighted.into()),
        ("intra_charge", of("spread")?),
        ("intra_formed", formed(intra, Some(&asset))),
        ("spot_charge", of("delivery")?),
        ("som", of("minimum")?),
        ("nov", of("option_value")?),
        ("inter_credit", of("inter_credit")?),
        ("risk", of("risk")?),
    ]))
}

/// The outcome of a charge of a pool.
///
/// # Errors
/// When the document has no such charge.
pub fn outcome<'p>(pool: &'p PoolMargin, name: &str) -> Result<&'p Outcome, Problem> {
    let found = pool.charges.iter().find(|one| one.name == name);
    found
        .map(|one| &one.plain)
        .ok_or_else(|| Problem(format!("the document has no charge {name:?}")))
}

fn formed(outcome: &Outcome, of: Option<&Asset>) -> Json {
    let own = outcome.formed.iter().filter(|one| one.underlying.as_ref() == of);
    let pair = |one: &Formed| Json::List(vec![(one.priority as usize).into(), one.count.into()]);
    Json::List(own.map(pair).collect())
}

/// The case's parameters as a document of their own.
fn parameters(inputs: Inputs<'_>) -> Result<String, Problem> {
    let options = inputs.inside("options")?;
    let (mut ranges, mut rates, mut counts) = (String::new(), String::new(), String::new());
    let (mut plans, mut deliveries) = (String::new(), String::new());
    for (name, one) in inputs.fields("combined_commodities")? {
        let one = Inputs(one);
        let _ = writeln!(ranges, "{name} = \"{}\"", one.number("price_scan_range")?);
        let _ = writeln!(rates, "{name} = \"{}\"", one.number_or("som_rate", Decimal::ZERO)?);
        let method = if one.has("som_method") { one.text("som_method")? } else { "GROSS" };
        let _ = writeln!(counts, "{name} = \"{}\"", method.to_ascii_lowercase());
        plan(&mut plans, name, one)?;
        delivery(&mut deliveries, name, one)?;
    }
    let mut spreads = String::new();
    for one in inputs.list("intercommodity_spreads")? {
        let one = Inputs(one);
        let legs = legs(one.list("legs")?, "unit", "cc")?;
        let (priority, credit) = (one.text("priority")?, one.number("credit")?);
        let _ = writeln!(
            spreads,
            "  {{ priority = \"{priority}\", rate = \"{credit}\", legs = [{legs}] }},"
        );
    }
    let weighting = match options.text("wpr_method")? {
        "NORMAL" => "per-delta",
        "CAPPED" => "capped",
        "SCANRANGE" => "range",
        other => return problem(format!("wpr_method: found {other:?}")),
    };
    let ratio = options.number_or("initial_ratio", Decimal::ONE)?;
    Ok(format!(
        "schema = \"keelmark/model/1\"\nextends = \"scan16-file\"\nname = \"case\"\n\
         title = \"the parameters of a case\"\nsource = \"a published case\"\n\
         [params]\nrisk_ratio = \"{ratio}\"\n\
         [params.scan_range]\n{ranges}[params.minimum_rate]\n{rates}\
         [[charge]]\nname = \"spread\"\n{plans}\
         [[charge]]\nname = \"delivery\"\n{deliveries}\
         [[charge]]\nname = \"inter_credit\"\nprice_risk = \"{weighting}\"\n\
         spreads = [\n{spreads}]\n\
         [[charge]]\nname = \"minimum\"\n[charge.count]\n{counts}"
    ))
}

/// Tiers and spreads between months of a commodity.
fn plan(out: &mut String, name: &str, one: Inputs<'_>) -> Result<(), Problem> {
    let _ = writeln!(out, "[charge.by.{name}]\ntiers = [");
    for (tier, months) in one.fields("tiers")? {
        let months = Inputs(&Json::object([("months", months.clone())])).numbers("months")?;
        let [from, to] = months.as_slice() else { return problem("tiers: expected two months") };
        let _ = writeln!(
            out,
            "  {{ name = \"{tier}\", from_month = \"{from}\", to_month = \"{to}\" }},"
        );
    }
    out.push_str("]\nspreads = [\n");
    for spread in one.list("intra")? {
        let spread = Inputs(spread);
        let legs = legs(spread.list("legs")?, "tier", "tier")?;
        let (priority, rate) = (spread.text("priority")?, spread.number("rate")?);
        let _ =
            writeln!(out, "  {{ priority = \"{priority}\", rate = \"{rate}\", legs = [{legs}] }},");
    }
    out.push_str("]\n");
    Ok(())
}

/// Rates of a commodity's delivery months.
fn delivery(out: &mut String, name: &str, one: Inputs<'_>) -> Result<(), Problem> {
    let rows = if one.has("delivery") { one.list("delivery")? } else { &[] };
    let _ = writeln!(out, "[charge.by.{name}]\nmonths = [");
    for row in rows {
        let row = Inputs(row);
        let _ = writeln!(
            out,
            "  {{ expiry = \"{}\", spread_rate = \"{}\", outright_rate = \"{}\" }},",
            row.text("period")?,
            row.number("spread_rate")?,
            row.number("outright_rate")?
        );
    }
    out.push_str("]\n");
    Ok(())
}

fn legs(legs: &[Json], field: &str, input: &str) -> Result<String, Problem> {
    let mut out = Vec::new();
    for leg in legs {
        let leg = Inputs(leg);
        out.push(format!(
            "{{ {field} = \"{}\", side = \"{}\", ratio = \"{}\" }}",
            leg.text(input)?,
            leg.text("side")?,
            leg.number_or("ratio", Decimal::ONE)?
        ));
    }
    Ok(out.join(", "))
}
