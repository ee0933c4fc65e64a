//! `delta-by-expiry`: a price for not netting expiries with each other (roll, basis).
//!
//! Sum over expiries and settlement assets of |net delta| times `max(floor, per_year * years)`;
//! a perpetual pays the floor. Coins held do not count. Delta is counted in coins, at the index, or
//! in value, each contract at its own forward or mark.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::table::Sensitivity;
use crate::table::bounds::{Ends, index};
use keelmark_book::{Decimal, InputError, Money, Rate, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct DeltaByExpiry {
    floor: Param,
    per_year: Param,
    /// What is netted: coins, or their value.
    counted: Sensitivity,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let floor = fields.param_in("floor", Range::RATE)?;
    let per_year = fields.param_in_or("per_year", Range::RATE, Decimal::ZERO)?;
    let units = [("coins", Sensitivity::Delta), ("value", Sensitivity::DeltaCash)];
    let counted = fields.word("delta_unit", &units, Some(Sensitivity::Delta))?;
    Ok(Arc::new(DeltaByExpiry { floor, per_year, counted }))
}

impl Charge for DeltaByExpiry {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let table = pool.table;
        let mut outcome = Outcome::default();
        for (at, bucket) in table.buckets.iter().enumerate() {
            let Some(found) = self.bucket(pool, at)? else { continue };
            outcome.amount = outcome.amount.plus(found.amount)?;
            let when = bucket.expiry.map_or("perpetual".to_owned(), |expiry| {
                let (year, month, day) = expiry.date();
                format!("{year}-{month:02}-{day:02}")
            });
            let unit = &table.units[bucket.unit].underlying;
            let (delta, rate) = (found.delta, found.rate.to_f64() * 100.0);
            let settle = &bucket.settle;
            let delta = match self.counted {
                Sensitivity::Delta => format!("{delta:.4}"),
                _ => format!("{delta:.2} {}", table.currency),
            };
            outcome.lines.push(Line {
                text: format!("{unit}/{settle} {when}: |delta| {delta} x {rate:.3} %"),
                amount: found.amount,
            });
            self.parts(pool, at, &found, &mut outcome.parts)?;
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Bucket
    }

    fn term(&self, pool: &PoolView<'_>, bucket: usize) -> Result<Money, MarginError> {
        Ok(self.bucket(pool, bucket)?.map_or(Money::ZERO, |found| found.amount))
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn has_spans(&self) -> bool {
        self.counted == Sensitivity::Delta
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let Some(bounds) = of.bounds.as_ref().filter(|_| self.has_spans()) else {
            return Ok(None);
        };
        let table = pool.table;
        let mut net: BTreeMap<usize, Ends> = BTreeMap::new();
        for (row, delta) in bounds.deltas() {
            let sum = net.entry(table.line(*row).bucket).or_default();
            *sum = sum.plus(*delta);
        }
        let mut out = Terms::new();
        for (at, delta) in net {
            let bucket = &table.buckets[at];
            let unit = &table.units[bucket.unit].underlying;
            let mut rate = Interval::exact(self.rate(unit, 0.0)?.decimal());
            if let Some(expiry) = bucket.expiry {
                let years = expiry.years_since(pool.market.as_of);
                let later = self.rate(unit, years - of.span.years())?;
                rate = Interval::between(later.decimal(), self.rate(unit, years)?.decimal());
            }
            let price = index(of.span, table, unit)?;
            let value = delta.interval()?.abs().times(price)?;
            out.insert(at, value.times(rate)?);
        }
        Ok(Some(out))
    }

    fn clock(&self) -> Clock {
        Clock::Expiry
    }
}

/// What one bucket asks.
struct BucketCharge {
    /// Net delta in quanta, at the end that asks most.
    net: i128,
    /// The same without its sign, in coins or in the pool's currency.
    delta: Decimal,
    rate: Rate,
    amount: Money,
}

impl DeltaByExpiry {
    fn bucket(&self, pool: &PoolView<'_>, at: usize) -> Result<Option<BucketCharge>, MarginError> {
        let table = pool.table;
        let bucket = &table.buckets[at];
        let (low, high) = pool.bucket(at, self.counted);
        let net = if high.abs() >= low.abs() { high } else { low };
        if bucket.coin || net == 0 {
            return Ok(None);
        }
        let years = bucket.expiry.map_or(0.0, |expiry| expiry.years_since(pool.market.as_of));
        let rate = self.rate(&table.units[bucket.unit].underlying, years)?;
        let delta = table.sensitivity(self.counted, net.abs(), Round::Up)?;
        let value = match self.counted {
            Sensitivity::Delta => pool.coins(bucket.unit, delta, Round::Up)?,
            _ => Money::new(delta),
        };
        let amount = value.times(rate, Round::Up)?;
        Ok(Some(BucketCharge { net, delta, rate, amount }))
    }

    /// Divides a bucket's charge by each row's share of its net delta.
    fn parts(
        &self,
        pool: &PoolView<'_>,
        bucket: usize,
        found: &BucketCharge,
        out: &mut Vec<(Part, Money)>,
    ) -> Result<(), MarginError> {
        for (row, lots) in pool.lots() {
            let line = pool.table.line(row);
            if line.bucket != bucket {
                continue;
            }
            let own = lots * i128::from(pool.table.sensitivities(row)[self.counted as usize]);
            // Large deltas that nearly cancel have shares beyond any use: cut, not refused.
            let share = (own as f64 / found.net as f64).clamp(-LARGEST_SHARE, LARGEST_SHARE);
            let share =
                found.amount.times(Rate::from_f64(share, Round::Nearest)?, Round::Nearest)?;
            out.push((Part::Position(line.instrument), share));
        }
        Ok(())
    }

    fn rate(&self, underlying: &keelmark_book::Asset, years: f64) -> Result<Rate, MarginError> {
        let floor = self.floor.get("floor", underlying)?;
        let per_year = self.per_year.get("per_year", underlying)?;
        let years = Decimal::from_f64(years.max(0.0), Round::Up)?;
        Ok(Rate::new(per_year.times(years, Round::Up)?.max(floor)))
    }
}

/// Largest share of a charge that one position is said to have.
const LARGEST_SHARE: f64 = 1e6;
