//! Sixteen scenarios, whole: arrays given, every charge and credit, by commodity and together.

use crate::desk::{Contract, Desk, OptionTerms};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, GivenRow, Kind, Money, Right, Timestamp};
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
    for (at, (name, one)) in inputs.fields("combined_commodities")?.iter().enumerate() {
        let code = code(at);
        // Arrays are given, so nothing depends on an index.
        desk.price(&code, Decimal::ONE)?;
        for (at, position) in Inputs(one).list("positions")?.iter().enumerate() {
            hold(&mut desk, &code, at, Inputs(position))?;
        }
        names.push((name.as_str(), code));
    }
    let pool = desk.pool(&document)?;
    let mut by_commodity = Vec::new();
    for (name, code) in names {
        let found = match commodity(&pool, &code)? {
            Json::Null => nothing_held(inputs, name)?,
            found => found,
        };
        by_commodity.push((name.to_owned(), found));
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

/// The asset that stands for a commodity of a case: codes such as `NY-NG` are no asset's name.
fn code(at: usize) -> String {
    format!("CC{at}")
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

/// What a commodity without a position asks: nothing, the first scenario being the worst of none.
fn nothing_held(inputs: Inputs<'_>, name: &str) -> Answer {
    let one = inputs.inside("combined_commodities")?.inside(name)?;
    let by_range = inputs.inside("options")?.text("wpr_method")? == "SCANRANGE";
    let risk = if by_range { one.number("price_scan_range")? } else { Decimal::ZERO };
    let lists = ["intra_formed"].map(|name| (name, Json::List(Vec::new())));
    let amounts = [
        "scan_risk",
        "net_delta",
        "time_risk",
        "price_risk",
        "intra_charge",
        "spot_charge",
        "som",
        "nov",
        "inter_credit",
        "risk",
    ]
    .map(|name| (name, Json::from(Money::ZERO)));
    let all = [("active", Json::from(1usize)), ("wpr", risk.into())]
        .into_iter()
        .chain(lists)
        .chain(amounts);
    Ok(Json::Object(all.map(|(name, value)| (name.to_owned(), value)).collect()))
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
    let commodities = inputs.fields("combined_commodities")?;
    for (at, (_, one)) in commodities.iter().enumerate() {
        let (name, one) = (&code(at), Inputs(one));
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
        let legs = legs(&coded(one.list("legs")?, commodities)?, "unit")?;
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
        let legs = legs(&in_tiers(spread.list("legs")?)?, "tier")?;
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

/// A leg and the name of what it is in.
type Leg<'a> = (Inputs<'a>, String);

fn in_tiers(legs: &[Json]) -> Result<Vec<Leg<'_>>, Problem> {
    legs.iter().map(|leg| Ok((Inputs(leg), Inputs(leg).text("tier")?.to_owned()))).collect()
}

/// Legs in commodities; one that the case does not hold gets a code that nothing else has.
fn coded<'a>(legs: &'a [Json], commodities: &[(String, Json)]) -> Result<Vec<Leg<'a>>, Problem> {
    let named = |(at, leg): (usize, &'a Json)| {
        let name = Inputs(leg).text("cc")?;
        let place = commodities.iter().position(|(known, _)| known == name);
        Ok((Inputs(leg), code(place.unwrap_or(commodities.len() + at))))
    };
    legs.iter().enumerate().map(named).collect()
}

fn legs(legs: &[Leg<'_>], field: &str) -> Result<String, Problem> {
    let mut out = Vec::new();
    for (leg, name) in legs {
        out.push(format!(
            "{{ {field} = \"{name}\", side = \"{}\", ratio = \"{}\" }}",
            leg.text("side")?,
            leg.number_or("ratio", Decimal::ONE)?
        ));
    }
    Ok(out.join(", "))
}
