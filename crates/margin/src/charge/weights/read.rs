//! The fields of a `weights` charge.

use super::super::{Charge, Reading};
use super::Weights;
use super::contract::Contracts;
use super::spread::Spread;
use super::value::{Shift, Size, Values};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::param::Param;
use crate::shift::Span;
use keelmark_book::{Asset, Decimal, InputError, Money, Timestamp};
use std::sync::Arc;

pub(in super::super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let values = Values {
        asset: asset(fields, "asset")?,
        liability: liability(fields, "liability")?,
        strict: fields.truth("strict", false)?,
        deposits_from: positive(fields, "deposits_from")?,
        borrows_from: positive(fields, "borrows_from")?,
        size: fields.get("size").map(size).transpose()?,
        shift: fields.get("shift").map(shift).transpose()?,
    };
    let contracts = fields.get("contracts").map(contracts).transpose()?;
    let spread_node = fields.get("spread");
    let spread = spread_node.map(spread).transpose()?;
    if let (Some(node), None) = (spread_node, &contracts) {
        return Err(node.error("spread: expected [charge.contracts] beside it, found none"));
    }
    let words = [("netted", false), ("apart", true)];
    let apart = fields.word("entries", &words, Some(false))?;
    let per_order = Money::new(fields.decimal_or("per_order", Decimal::ZERO)?);
    if per_order.is_negative() {
        return Err(fields.error(format!("per_order: expected zero or more, found {per_order}")));
    }
    let spot = fields.truth("spot", false)?;
    Ok(Arc::new(Weights { values, contracts, spot, spread, apart, per_order }))
}

fn contracts(node: &Node) -> Result<Contracts, InputError> {
    let mut fields = Fields::of(node)?;
    let found = Contracts {
        asset: asset(&mut fields, "asset")?,
        liability: liability(&mut fields, "liability")?,
        gain: share(&mut fields, "gain", Decimal::ONE)?,
        gain_cap: positive(&mut fields, "gain_cap")?,
        strict: fields.truth("strict", false)?,
    };
    fields.done()?;
    Ok(found)
}

fn spread(node: &Node) -> Result<Spread, InputError> {
    let mut fields = Fields::of(node)?;
    let pairs = fields.texts("pairs")?;
    let found = Spread {
        pairs: pairs
            .iter()
            .map(|name| Asset::new(name).map_err(|error| node.error(error)))
            .collect::<Result<_, _>>()?,
        share: fields.need("share")?.decimal()?,
        cap: fields.need("cap")?.decimal()?,
    };
    fields.done()?;
    for (name, value) in [("share", found.share), ("cap", found.cap)] {
        if value.is_negative() || value > Decimal::ONE {
            return Err(node.error(format!("{name}: expected 0 to 1, found {value}")));
        }
    }
    Ok(found)
}

fn size(node: &Node) -> Result<Size, InputError> {
    let mut fields = Fields::of(node)?;
    let factor = fields.param("factor")?;
    let found = Size {
        factor,
        asset: fields.need("asset")?.decimal()?,
        liability: fields.need("liability")?.decimal()?,
    };
    fields.done()?;
    let mut all = found.factor.values().chain([found.asset, found.liability]);
    let bad = all.find(|value| value.is_negative());
    drop(all);
    match bad {
        Some(bad) => Err(node.error(format!("size: expected zero or more, found {bad}"))),
        None => Ok(found),
    }
}

fn shift(node: &Node) -> Result<Shift, InputError> {
    let mut fields = Fields::of(node)?;
    let instant = |node: &Node| {
        let text = node.text()?;
        text.parse::<Timestamp>().map_err(|error| node.error(error))
    };
    let span = Span { start: instant(fields.need("start")?)?, end: instant(fields.need("end")?)? };
    if span.end < span.start {
        return Err(node.error(format!("end: expected after {}, found {}", span.start, span.end)));
    }
    let found = Shift {
        span,
        asset: asset(&mut fields, "asset")?,
        liability: liability(&mut fields, "liability")?,
    };
    fields.done()?;
    Ok(found)
}

/// The weight of what is held: 0 to 1, and 1 where it is absent.
fn asset(fields: &mut Fields<'_>, name: &'static str) -> Result<Param, InputError> {
    share(fields, name, Decimal::ONE)
}

/// The weight of what is owed: 1 or more, and 1 where it is absent.
fn liability(fields: &mut Fields<'_>, name: &'static str) -> Result<Param, InputError> {
    let param = fields.param_or(name, Decimal::ONE)?;
    let bad = param.values().find(|value| *value < Decimal::ONE);
    match bad {
        Some(bad) => Err(fields.error(format!("{name}: expected 1 or more, found {bad}"))),
        None => Ok(param),
    }
}

fn share(
    fields: &mut Fields<'_>,
    name: &'static str,
    default: Decimal,
) -> Result<Param, InputError> {
    let param = fields.param_or(name, default)?;
    let bad = param.values().find(|value| value.is_negative() || *value > Decimal::ONE);
    match bad {
        Some(bad) => Err(fields.error(format!("{name}: expected 0 to 1, found {bad}"))),
        None => Ok(param),
    }
}

/// Numbers above zero that may be absent.
fn positive(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<Param>, InputError> {
    let Some(node) = fields.get(name) else { return Ok(None) };
    let param = Param::read(node)?;
    let bad = param.values().find(|value| !value.is_positive());
    match bad {
        Some(bad) => Err(node.error(format!("{name}: expected above zero, found {bad}"))),
        None => Ok(Some(param)),
    }
}
