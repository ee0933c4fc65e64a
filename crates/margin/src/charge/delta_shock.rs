//! `delta-shock`: a charge on a large net delta, growing with its size.
//!
//! `min(slope * max(|D| - threshold / index, 0), cap) * |D|` coins, where D is the unit's net
//! delta. Long options may only bring D nearer to zero, never add to it or turn it.

use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::exposure::Deltas;
use crate::expr::Interval;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::table::Sensitivity;
use crate::table::bounds::{Ends, index};
use keelmark_book::{Asset, Decimal, InputError, Money, Round};
use std::sync::Arc;

#[derive(Debug)]
struct DeltaShock {
    slope: Param,
    threshold: Param,
    cap: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(DeltaShock {
        slope: fields.param_in("slope", Range::AMOUNT)?,
        threshold: fields.param_in("threshold", Range::AMOUNT)?,
        cap: fields.param_in("cap", Range::RATE)?,
    }))
}

impl Charge for DeltaShock {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let found = self.unit(pool, at)?;
            outcome.amount = outcome.amount.plus(found.amount)?;
            let (asset, percent) = (&unit.underlying, found.rate.to_f64() * 100.0);
            let (size, free) = (found.size, found.free);
            outcome.lines.push(Line {
                text: format!("{asset} |delta| {size:.2} above {free:.2}: {percent:.3} % of it"),
                amount: found.amount,
            });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let asset = &pool.table.units[unit].underlying;
        let delta = counted_delta(pool, unit).abs();
        let size = pool.table.sensitivity(Sensitivity::Delta, delta, Round::Up)?;
        let threshold = self.threshold.get("threshold", asset)?;
        // What is worth no more than the threshold is free, and a product says so without division.
        let worth = size.times(pool.market.price(asset)?.decimal(), Round::Up);
        if worth.is_ok_and(|worth| worth <= threshold) {
            return Ok(Money::ZERO);
        }
        Ok(self.unit(pool, unit)?.amount)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let Some(bounds) = &of.bounds else { return Ok(None) };
        let table = pool.table;
        let mut out = Terms::new();
        for (at, unit) in table.units.iter().enumerate() {
            let (mut long, mut rest) = (Ends::default(), Ends::default());
            for (row, delta) in bounds.deltas() {
                let line = table.line(*row);
                if line.unit == at {
                    let bought = line.option && pool.exposure.held(*row) > 0;
                    let side = if bought { &mut long } else { &mut rest };
                    *side = side.plus(*delta);
                }
            }
            let end = |rest: f64, long: f64| pulled(rest, rest + long, 0.0);
            let (low, high) = (end(rest.low, long.low), end(rest.high, long.high));
            let size = Ends { low, high }.interval()?.abs();
            let asset = &unit.underlying;
            let price = of.span.asset(asset)?;
            let per_coin = index(of.span, table, asset)?;
            // It grows with the size, and with the price, at which less is free.
            let ends = [(size.low(), price.low()), (size.high(), price.high())];
            let [low, high] = ends.map(|(size, price)| {
                let (_, rate) = self.rate(asset, size, price)?;
                Ok::<_, MarginError>(rate.times(size, Round::Up)?)
            });
            out.insert(at, Interval::between(low?, high?).times(per_coin)?);
        }
        Ok(Some(out))
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("the rate grows with the size of the net delta")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

/// What one unit asks.
struct UnitShock {
    size: Decimal,
    free: Decimal,
    rate: Decimal,
    amount: Money,
}

impl DeltaShock {
    fn unit(&self, pool: &PoolView<'_>, at: usize) -> Result<UnitShock, MarginError> {
        let asset = &pool.table.units[at].underlying;
        let delta = counted_delta(pool, at);
        let size = pool.table.sensitivity(Sensitivity::Delta, delta.abs(), Round::Up)?;
        let price = pool.market.price(asset)?.decimal();
        let (free, rate) = self.rate(asset, size, price)?;
        let amount = pool.coins(at, rate.times(size, Round::Up)?, Round::Up)?;
        Ok(UnitShock { size, free, rate, amount })
    }

    /// The size that is free at a price of the underlying, and the share that a size asks there.
    fn rate(
        &self,
        asset: &Asset,
        size: Decimal,
        price: Decimal,
    ) -> Result<(Decimal, Decimal), MarginError> {
        let free = self.threshold.get("threshold", asset)?.over(price, Round::Down)?;
        if size <= free {
            return Ok((free, Decimal::ZERO));
        }
        let rate = self.slope.get("slope", asset)?.times(size.minus(free)?, Round::Up)?;
        Ok((free, rate.min(self.cap.get("cap", asset)?)))
    }
}

/// A delta without options held long, and with them: what counts is between the first and zero. It
/// grows with both.
fn pulled<T: PartialOrd + Copy>(rest: T, both: T, zero: T) -> T {
    let (low, high) = if rest < zero { (rest, zero) } else { (zero, rest) };
    if both < low {
        low
    } else if both > high {
        high
    } else {
        both
    }
}

/// Net delta of a unit in quanta, at the worst end that fills can lead to.
fn counted_delta(pool: &PoolView<'_>, unit: usize) -> i128 {
    let mut deltas = pool.exposure.deltas(unit);
    if let Some((row, lots)) = pool.extra.filter(|(row, _)| pool.table.line(*row).unit == unit) {
        let held = pool.exposure.held(row);
        deltas.exchange(pool.table, row, held, held + lots);
    }
    let Deltas { long_options, rest } = deltas;
    let (mut buys, mut sells) = (0i128, 0i128);
    let delta = |row| i128::from(pool.table.sensitivities(row)[Sensitivity::Delta as usize]);
    for (row, lots) in pool.counted_orders() {
        if pool.table.line(row).unit == unit {
            let change = lots * delta(row);
            buys += change.max(0);
            sells += change.min(0);
        }
    }
    let end = |rest: i128| pulled(rest, rest + long_options, 0);
    let (high, low) = (end(rest + buys), end(rest + sells));
    if high.abs() >= low.abs() { high } else { low }
}
