//! `concentration`: what the part of a position beyond a share of traded volume costs to close.
//!
//! `e price k (e / volume)^exponent` for each underlying, `e = max(0, size - share * volume)`: the
//! size is the net delta, or the sum of the sizes of all positions, in coins. With open orders it
//! is the largest that fills can lead to.

use super::delta_minimum::DeltaTotals;
use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, InputError, Money, Round};
use keelmark_kernels::powf;
use std::sync::Arc;

#[derive(Debug)]
struct Concentration {
    volume: Param,
    share: Param,
    rate: Param,
    exponent: f64,
    gross: bool,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let exponent = fields.number_in("exponent", Range::RATE)?.map_or(1.0, Decimal::to_f64);
    Ok(Arc::new(Concentration {
        volume: fields.param_in("volume", Range::POSITIVE)?,
        share: fields.param_in("share", Range::RATE)?,
        rate: fields.param_in("rate", Range::RATE)?,
        exponent,
        gross: fields.word("count", &[("net", false), ("gross", true)], Some(false))?,
    }))
}

/// What one underlying asks.
struct Excess {
    size: Decimal,
    free: Decimal,
    amount: Money,
}

impl Charge for Concentration {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let found = self.unit(pool, at)?;
            outcome.add_unit(&unit.underlying, found.amount)?;
            let (asset, size, free) = (&unit.underlying, found.size, found.free);
            outcome.lines.push(Line {
                text: format!("{asset} size {size:.2}, of which {free:.2} close at no extra cost"),
                amount: found.amount,
            });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        Ok(self.unit(pool, unit)?.amount)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("two sizes that are each within the volume may not be so together")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl Concentration {
    fn unit(&self, pool: &PoolView<'_>, at: usize) -> Result<Excess, MarginError> {
        let asset = &pool.table.units[at].underlying;
        let totals = DeltaTotals::of(pool, at)?;
        let size = if self.gross { totals.gross } else { totals.net };
        if size.is_zero() {
            return Ok(Excess { size, free: Decimal::ZERO, amount: Money::ZERO });
        }
        let volume = self.volume.get("volume", asset)?;
        let free = self.share.get("share", asset)?.times(volume, Round::Down)?;
        let over = size.minus(free)?;
        if over <= Decimal::ZERO {
            return Ok(Excess { size, free, amount: Money::ZERO });
        }
        let rate = self.rate.get("rate", asset)?.times(over, Round::Up)?;
        let coins = rate.times(power(over, volume, self.exponent)?, Round::Up)?;
        Ok(Excess { size, free, amount: pool.coins(at, coins, Round::Up)? })
    }
}

/// `(size / volume)^exponent`, rounded up; exact for exponents of 0 and 1.
pub(super) fn power(size: Decimal, volume: Decimal, exponent: f64) -> Result<Decimal, MarginError> {
    let ratio = size.over(volume, Round::Up)?;
    if exponent == 1.0 {
        return Ok(ratio);
    }
    Ok(Decimal::from_f64(powf(ratio.to_f64(), exponent), Round::Up)?)
}
