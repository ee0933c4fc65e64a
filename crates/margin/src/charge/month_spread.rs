//! `month-spread`: a price for deltas that a scan nets across expiries, spread by spread.
//!
//! Expiries fall into tiers by days to expiry. Each spread, by priority, forms as many times as
//! its legs allow: first with side A long and B short, then the reverse with what is left; each
//! coin spread costs `rate` of the index, and what a spread uses is gone for the next.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::tree::Node;
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::table::Sensitivity;
use keelmark_book::{Decimal, InputError, Money, Rate, Round};
use std::sync::Arc;

#[derive(Debug)]
struct MonthSpread {
    tiers: Vec<Tier>,
    spreads: Vec<Spread>,
}

#[derive(Debug)]
struct Tier {
    name: String,
    /// Days to expiry up to which it reaches; the last has none.
    to_days: Option<f64>,
}

#[derive(Debug)]
struct Spread {
    legs: Vec<Leg>,
    rate: Rate,
}

#[derive(Debug)]
struct Leg {
    tier: usize,
    ratio: Decimal,
    side_a: bool,
}

/// Deltas left in a tier, both without sign.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    long: Decimal,
    short: Decimal,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let mut tiers = Vec::new();
    for node in fields.list("tiers")? {
        let mut inner = Fields::of(node)?;
        let to_days = inner.number_in("to_days", Range::AMOUNT)?.map(Decimal::to_f64);
        tiers.push(Tier { name: inner.text("name")?.to_owned(), to_days });
        inner.done()?;
    }
    if tiers.is_empty() {
        return Err(fields.error("tiers: expected at least one, found none"));
    }
    let open = tiers.iter().position(|tier| tier.to_days.is_none());
    let ascending = tiers.windows(2).all(|pair| match (pair[0].to_days, pair[1].to_days) {
        (Some(below), Some(above)) => below < above,
        (Some(_), None) => true,
        (None, _) => false,
    });
    if open != Some(tiers.len() - 1) || !ascending {
        return Err(fields.error("tiers: expected ascending to_days, and none in the last tier"));
    }
    let mut spreads = Vec::new();
    for node in fields.list("spreads")? {
        spreads.push(read_spread(node, &tiers)?);
    }
    Ok(Arc::new(MonthSpread { tiers, spreads }))
}

fn read_spread(node: &Node, tiers: &[Tier]) -> Result<Spread, InputError> {
    let mut fields = Fields::of(node)?;
    let rate = Rate::new(Range::RATE.number("rate", fields.need("rate")?)?);
    let mut legs = Vec::new();
    for leg in fields.list("legs")? {
        let mut inner = Fields::of(leg)?;
        let wanted = inner.text("tier")?;
        let tier = tiers.iter().position(|tier| tier.name == wanted).ok_or_else(|| {
            leg.error(format!("tier: expected the name of a tier, found {wanted:?}"))
        })?;
        let ratio = inner.number_in("ratio", Range::POSITIVE)?.unwrap_or(Decimal::ONE);
        let side_a = inner.word("side", &[("A", true), ("B", false)], None)?;
        legs.push(Leg { tier, ratio, side_a });
        inner.done()?;
    }
    if legs.len() < 2 {
        return Err(node.error("legs: expected at least two"));
    }
    fields.done()?;
    Ok(Spread { legs, rate })
}

impl Charge for MonthSpread {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let name = &pool.table.units[unit].underlying;
            for (priority, formed, amount) in self.formed(pool, unit)? {
                outcome.amount = outcome.amount.plus(amount)?;
                let rate = self.spreads[priority].rate.to_f64() * 100.0;
                let text = format!("{name} spread {}: {formed:.4} x {rate} %", priority + 1);
                outcome.lines.push(Line { text, amount });
            }
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let formed = self.formed(pool, unit)?;
        Ok(Money::sum(formed.into_iter().map(|(_, _, amount)| amount))?)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("legs of two books can form a spread that neither has alone")
    }
}

impl MonthSpread {
    /// Priority, count and charge of each spread that forms in a unit.
    fn formed(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Vec<(usize, Decimal, Money)>, MarginError> {
        let mut left = self.deltas(pool, unit)?;
        let mut out = Vec::new();
        for (priority, spread) in self.spreads.iter().enumerate() {
            let mut formed = Decimal::ZERO;
            for a_long in [true, false] {
                formed = formed.plus(spread.form(&mut left, a_long)?)?;
            }
            if !formed.is_zero() {
                let notional = pool.coins(unit, formed, Round::Up)?;
                out.push((priority, formed, notional.times(spread.rate, Round::Up)?));
            }
        }
        Ok(out)
    }

    /// Long and short deltas of each tier. Where orders count, each bucket at its farthest end.
    fn deltas(&self, pool: &PoolView<'_>, unit: usize) -> Result<Vec<Left>, MarginError> {
        let mut left = vec![Left::default(); self.tiers.len()];
        for (at, bucket) in pool.table.buckets.iter().enumerate() {
            if bucket.unit != unit || bucket.coin {
                continue;
            }
            let days = bucket.expiry.map_or(0.0, |expiry| expiry.days_since(pool.market.as_of));
            let tier = self.tiers.iter().position(|tier| tier.to_days.is_none_or(|to| days <= to));
            let Some(tier) = tier else { continue };
            let (low, high) = pool.bucket(at, Sensitivity::Delta);
            let coins = |quanta| pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Up);
            left[tier].long = left[tier].long.plus(coins(high.max(0))?)?;
            left[tier].short = left[tier].short.plus(coins((-low).max(0))?)?;
        }
        Ok(left)
    }
}

impl Spread {
    /// How many form with side A long, taking what they use.
    fn form(&self, left: &mut [Left], a_long: bool) -> Result<Decimal, MarginError> {
        let mut count: Option<Decimal> = None;
        for leg in &self.legs {
            let side =
                if leg.side_a == a_long { left[leg.tier].long } else { left[leg.tier].short };
            let most = side.over(leg.ratio, Round::Down)?;
            count = Some(count.map_or(most, |so_far| so_far.min(most)));
        }
        let count = count.unwrap_or(Decimal::ZERO);
        for leg in &self.legs {
            let used = count.times(leg.ratio, Round::Down)?;
            let tier = &mut left[leg.tier];
            let side = if leg.side_a == a_long { &mut tier.long } else { &mut tier.short };
            *side = side.minus(used)?;
        }
        Ok(count)
    }
}
