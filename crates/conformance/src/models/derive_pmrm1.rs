//! Hybrid portfolio margin of whole accounts, first version.

use super::derive::{self, Expiry};
use crate::desk::{Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::detail::Detail;
use keelmark_book::{Decimal, Money, Price, Rate};
use keelmark_margin::Document;

const DOCUMENT: &str = "derive-pmrm";
const SPOT: &str = "SPOT";
/// Seconds in a day: the floor of a tenor is in seconds here.
const DAY: i64 = 86_400;

/// Parameters of a case, and the places of the document that they set.
const PLACES: &[(&str, &str)] = &[
    ("vu", "scan.scenarios.vol_up"),
    ("vd", "scan.scenarios.vol_down"),
    ("stp", "scan.scenarios.vol_tenor.short_power"),
    ("ltp", "scan.scenarios.vol_tenor.long_power"),
    ("sd", "charge.scenarios.long.factor"),
    ("rateMult", "charge.scenarios.long.rate_times"),
    ("rateAdd", "charge.scenarios.long.rate_plus"),
    ("basisAdd", "charge.basis.factor"),
    ("basisMult", "charge.basis.per_year"),
    ("pegThr", "charge.depeg.below"),
    ("pegF", "params.peg_factor"),
    ("confThr", "params.confidence_threshold"),
    ("confM", "params.confidence_margin"),
    ("perpPct", "params.perpetual_rate"),
    ("basePct", "params.base_rate"),
    ("optPct", "charge.options.rate"),
    ("imF", "params.im_factor"),
];

/// `derive-pmrm1`.
pub fn margin(inputs: Inputs<'_>) -> Answer {
    let desk = account(inputs.inside("portfolio")?)?;
    let pool = desk.pool(&parameters(inputs)?)?;
    let (im, mm) = (derive::net(&pool, "initial")?, derive::net(&pool, "maintenance")?);
    let sum = |names: [&str; 3]| -> Result<Money, Problem> {
        let amounts: Result<Vec<Money>, Problem> =
            names.iter().map(|name| charge(&pool, name)).collect();
        Ok(Money::sum(amounts?)?)
    };
    let unsure = sum(["unsure_perpetuals", "unsure_base", "unsure_options"])?;
    Ok(Json::object([
        ("im", im.into()),
        ("mm", mm.into()),
        ("im_truncated", im.into()),
        ("mm_truncated", mm.into()),
        ("mtm", pool.equity.net_value.into()),
        ("scenario_pnl", derive::scenarios(&pool)?.before.clone().into()),
        ("basis_contingency", (-charge(&pool, "basis")?).into()),
        ("static_contingency", sum(["perpetuals", "base", "options"])?.into()),
        ("confidence_contingency", unsure.into()),
    ]))
}

fn account(held: Inputs<'_>) -> Result<Desk, Problem> {
    let cash = [held.number("cash")?, held.number("perpPnl")?];
    let mut desk = derive::desk(held.number("stable")?, &cash)?;
    derive::price(&mut desk, SPOT, held.number("spot")?, held.number("spotConf")?)?;
    desk.entry(SPOT, held.number("base")?)?;
    let (size, conf) = (held.number("perp")?, held.number("perpConf")?);
    derive::perpetual(&mut desk, SPOT, size, held.number("perpPrice")?, conf)?;
    for found in held.list("expiries")?.iter().map(Inputs) {
        let (moves, fixed) = (found.number("fwdVar")?, found.number("fwdFix")?);
        let detail = Detail {
            rate: Some(found.estimate("rate")?),
            fixed_forward: Price::new(fixed),
            forward_confidence: Rate::new(found.number("conf")?),
            ..Detail::default()
        };
        let expiry = Expiry {
            seconds: derive::seconds(found, "sec")?,
            forward: moves.plus(fixed)?,
            discount_rate: None,
            detail,
        };
        derive::options(&mut desk, SPOT, &expiry, found)?;
    }
    Ok(desk)
}

fn parameters(inputs: Inputs<'_>) -> Result<Document, Problem> {
    let params = inputs.inside("params")?;
    let mut changes: Vec<(&str, String)> = Vec::new();
    for (name, path) in PLACES {
        changes.push((path, format!("\"{}\"", params.number(name)?)));
    }
    let floor = params.number("dteFloor")?;
    let days = floor.over(Decimal::from_int(DAY), keelmark_book::Round::Nearest)?;
    changes.push(("scan.scenarios.vol_tenor.floor_days", format!("\"{days}\"")));
    let basis = derive::basis_list(params.number("up")?, params.number("dn")?)?;
    changes.push(("scan.basis.scenarios", basis));
    let mut rows = Vec::new();
    for scenario in inputs.list("scenarios")? {
        let Json::List(parts) = scenario else { return problem("scenarios: expected lists") };
        let [multiplier, vol] = parts.as_slice() else {
            return problem("scenarios: expected a multiplier and a volatility move");
        };
        let vol = vol.text().unwrap_or_default();
        rows.push((decimal(multiplier, "scenarios")?, vol, Decimal::ONE));
    }
    changes.push(("scan.scenarios.scenarios", derive::scenario_list(&rows)?));
    changes.push(("collateral.default", "\"1\"".to_owned()));
    changes
        .push(("unit.moves_with", derive::by_asset(&[(SPOT.to_owned(), SPOT.to_owned())], None)));
    document(DOCUMENT, &changes)
}
