//! Standard margin of whole accounts.

use super::derive::{self, Expiry};
use crate::desk::{Desk, document};
use crate::inputs::{Answer, Inputs, Problem};
use crate::json::Json;
use keelmark_book::Rate;
use keelmark_book::detail::Detail;
use keelmark_margin::Document;

const DOCUMENT: &str = "derive-srm";

/// Parameters of a case, and the places of the document that they set.
const PLACES: &[(&str, &str)] = &[
    ("maxSpotReq", "params.spot_most"),
    ("minSpotReq", "params.spot_least"),
    ("mmCallSpotReq", "params.call_spot"),
    ("mmPutSpotReq", "params.put_spot"),
    ("mmPutMtMReq", "params.put_mark"),
    ("mmOffset", "params.put_offset"),
    ("unpairedIM", "charge.payoff_initial.unpaired"),
    ("unpairedMM", "charge.payoff.unpaired"),
    ("mmPerp", "params.perpetual_maintenance"),
    ("imPerp", "params.perpetual_initial"),
    ("perpThr", "params.perpetual_threshold"),
    ("optThr", "params.option_threshold"),
    ("baseThr", "params.base_threshold"),
    ("OCF", "params.uncertainty"),
    ("depegThr", "charge.depeg.below"),
    ("depegFactor", "params.depeg_factor"),
];

/// `derive-srm`.
pub fn margin(inputs: Inputs<'_>) -> Answer {
    let mut desk = derive::desk(inputs.number("stable_price")?, &[inputs.number("cash")?])?;
    for (at, market) in inputs.list("markets")?.iter().map(Inputs).enumerate() {
        hold(&mut desk, &name(at), market)?;
    }
    let pool = desk.pool(&parameters(inputs)?)?;
    let (im, mm) = (derive::net(&pool, "initial")?, derive::net(&pool, "maintenance")?);
    Ok(Json::object([
        ("im", im.into()),
        ("mm", mm.into()),
        ("im_truncated", im.into()),
        ("mm_truncated", mm.into()),
        ("mtm", pool.equity.net_value.into()),
    ]))
}

/// The underlying of a market by its place: a name is only a label.
fn name(at: usize) -> String {
    format!("SPOT{at}")
}

fn hold(desk: &mut Desk, base: &str, market: Inputs<'_>) -> Result<(), Problem> {
    derive::price(desk, base, market.number("spot")?, market.number("spotConf")?)?;
    desk.entry(base, market.number("base")?)?;
    desk.entry(derive::CASH, market.number("perpPnl")?)?;
    let (size, conf) = (market.number("perp")?, market.number("perpConf")?);
    derive::perpetual(desk, base, size, market.number("perpPrice")?, conf)?;
    for found in market.list("expiries")?.iter().map(Inputs) {
        let detail = Detail {
            forward_confidence: Rate::new(found.number("fwdConf")?),
            vol_confidence: Rate::new(found.number("volConf")?),
            ..Detail::default()
        };
        let expiry = Expiry {
            seconds: derive::seconds(found, "sec")?,
            forward: found.number("fwd")?,
            discount_rate: None,
            detail,
        };
        derive::options(desk, base, &expiry, found)?;
    }
    Ok(())
}

fn parameters(inputs: Inputs<'_>) -> Result<Document, Problem> {
    let params = inputs.inside("params")?;
    let mut changes: Vec<(&str, String)> = Vec::new();
    for (name, path) in PLACES {
        changes.push((path, format!("\"{}\"", params.number(name)?)));
    }
    let (mut factors, mut scales) = (Vec::new(), Vec::new());
    for (at, market) in inputs.list("markets")?.iter().map(Inputs).enumerate() {
        factors.push((name(at), market.number("baseFactor")?.to_string()));
        scales.push((name(at), market.number("baseIMScale")?.to_string()));
    }
    changes.push(("params.base_factor", derive::by_asset(&factors, Some("0"))));
    changes.push(("params.base_scale", derive::by_asset(&scales, Some("0"))));
    changes.push(("collateral.default", "\"1\"".to_owned()));
    document(DOCUMENT, &changes)
}
