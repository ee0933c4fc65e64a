//! `liquidity`: what closing costs: half the spread on everything, and the impact of the net size.
//!
//! For each underlying `price (half_spread gross + impact net (net / volume)^exponent) +
//! vol_half_spread vega`: gross is the sum of the sizes of all positions in coins, net the size of
//! their sum, and vega the sum of the sizes of their vegas, in money for a volatility of 1.00. With
//! open orders each is the largest that fills can lead to.

use super::concentration::power;
use super::delta_minimum::DeltaTotals;
use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use crate::table::Sensitivity;
use keelmark_book::{Decimal, InputError, Money, Rate, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct Liquidity {
    half_spread: Param,
    vol_half_spread: Param,
    impact: Param,
    /// Needed where there is an impact.
    volume: Option<Param>,
    exponent: f64,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let exponent = fields.number_in("exponent", Range::RATE)?.map_or(0.5, Decimal::to_f64);
    let impact = fields.param_in_or("impact", Range::RATE, Decimal::ZERO)?;
    let volume = fields.get("volume").map(|node| Range::POSITIVE.param("volume", node));
    let volume = volume.transpose()?;
    if volume.is_none() && impact.values().any(|one| !one.is_zero()) {
        return Err(
            fields.error("impact: expected a volume beside it, which the size is set against")
        );
    }
    Ok(Arc::new(Liquidity {
        half_spread: fields.param_in("half_spread", Range::SHARE)?,
        vol_half_spread: fields.param_in_or("vol_half_spread", Range::RATE, Decimal::ZERO)?,
        impact,
        volume,
        exponent,
    }))
}

/// What one underlying asks, by what it is for.
struct Costs {
    spread: Money,
    vol_spread: Money,
    impact: Money,
}

impl Costs {
    fn sum(&self) -> Result<Money, MarginError> {
        Ok(self.spread.plus(self.vol_spread)?.plus(self.impact)?)
    }
}

impl Charge for Liquidity {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let costs = self.unit(pool, at)?;
            outcome.add_unit(&unit.underlying, costs.sum()?)?;
            let all = [
                ("half the spread", costs.spread),
                ("half the spread of volatility", costs.vol_spread),
                ("impact of the net size", costs.impact),
            ];
            for (what, amount) in all.into_iter().filter(|(_, amount)| !amount.is_zero()) {
                outcome.lines.push(Line { text: format!("{} {what}", unit.underlying), amount });
            }
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        self.unit(pool, unit)?.sum()
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("the impact of two sizes together is more than that of each")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl Liquidity {
    fn unit(&self, pool: &PoolView<'_>, at: usize) -> Result<Costs, MarginError> {
        let asset = &pool.table.units[at].underlying;
        let DeltaTotals { net, gross, .. } = DeltaTotals::of(pool, at)?;
        let half = self.half_spread.get("half_spread", asset)?.times(gross, Round::Up)?;
        let vol = Rate::new(self.vol_half_spread.get("vol_half_spread", asset)?);
        let vega = if vol.decimal().is_zero() { Money::ZERO } else { gross_vega(pool, at)? };
        let mut impact = Decimal::ZERO;
        if let Some(volume) = self.volume.as_ref().filter(|_| !net.is_zero()) {
            let share = power(net, volume.get("volume", asset)?, self.exponent)?;
            let rate = self.impact.get("impact", asset)?.times(share, Round::Up)?;
            impact = rate.times(net, Round::Up)?;
        }
        Ok(Costs {
            spread: pool.coins(at, half, Round::Up)?,
            vol_spread: vega.times(vol, Round::Up)?,
            impact: pool.coins(at, impact, Round::Up)?,
        })
    }
}

/// Sum over a unit's rows of the largest |vega| that fills can lead to.
fn gross_vega(pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
    let table = pool.table;
    let own = |row| table.line(row).option && table.line(row).unit == unit;
    // Lots held of each row, and the buys and sells of it that could fill.
    let mut rows: BTreeMap<_, [i128; 3]> = BTreeMap::new();
    for (row, lots) in pool.lots().filter(|(row, _)| own(*row)) {
        rows.entry(row).or_default()[0] += lots;
    }
    for (row, lots) in pool.counted_orders().filter(|(row, _)| own(*row)) {
        rows.entry(row).or_default()[if lots > 0 { 1 } else { 2 }] += lots;
    }
    let mut sum = 0i128;
    for (row, [held, buys, sells]) in rows {
        let most = (held + buys).abs().max((held + sells).abs());
        sum += most * i128::from(table.sensitivities(row)[Sensitivity::VegaCash as usize]).abs();
    }
    Ok(Money::new(table.sensitivity(Sensitivity::VegaCash, sum, Round::Up)?))
}
