//! `basis-by-expiry`: what each expiry's options lose when its forward alone moves, at a rate that
//! grows with its term.
//!
//! Per expiry `max(0, -min over scenarios (gain)) * (factor + per_year * T)`, T in years, summed:
//! the forwards of different expiries need not move together.

use super::worst_loss::ranged_scans;
use super::{Charge, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use crate::scan::Scan;
use crate::table::{ExpiryTerms, Share};
use keelmark_book::{InputError, Instrument, Money, Round};
use std::sync::Arc;

#[derive(Debug)]
struct BasisByExpiry {
    scans: Vec<(usize, Scan)>,
    factor: Param,
    per_year: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(BasisByExpiry {
        scans: ranged_scans(fields, reading)?,
        factor: fields.param("factor")?,
        per_year: fields.param("per_year")?,
    }))
}

/// The worst scenario of one expiry.
struct Worst {
    /// Gain in it, in quanta, the weight of the scenario included.
    gain: i128,
    column: usize,
    /// What the loss is multiplied by.
    rate: Share,
}

impl Charge for BasisByExpiry {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (bucket, own) in pool.table.buckets.iter().enumerate() {
            let Some(worst) = self.worst(pool, bucket)? else { continue };
            let amount = charged(pool, &worst)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let unit = &pool.table.units[own.unit].underlying;
            let expiry = own.expiry.map(|expiry| expiry.to_string()).unwrap_or_default();
            let text = format!("{unit} {expiry}: forward alone");
            outcome.lines.push(Line { text, amount });
            for (row, lots) in pool.lots() {
                let line = pool.table.line(row);
                if line.bucket == bucket && line.option {
                    let gain = lots * i128::from(pool.table.scenario_row(row)[worst.column]);
                    let gain = pool.table.money(-worst.rate.of(gain), Round::Nearest)?;
                    outcome.parts.push((Part::Position(line.instrument), gain));
                }
            }
        }
        Ok(outcome)
    }

    /// Not about any position by itself: what it is about loses in some other scan too.
    fn covers(&self, _: &Instrument) -> bool {
        false
    }

    fn scope(&self) -> Scope {
        Scope::Bucket
    }

    fn term(&self, pool: &PoolView<'_>, bucket: usize) -> Result<Money, MarginError> {
        match self.worst(pool, bucket)? {
            Some(worst) => charged(pool, &worst),
            None => Ok(Money::ZERO),
        }
    }

    fn needs_expiries(&self) -> bool {
        true
    }
}

impl BasisByExpiry {
    /// The worst scenario of an expiry, if it has one that loses.
    fn worst(&self, pool: &PoolView<'_>, bucket: usize) -> Result<Option<Worst>, MarginError> {
        let table = pool.table;
        let Some(known) = table.expiries() else { return Ok(None) };
        let Some(terms) = known.terms[bucket] else { return Ok(None) };
        let unit = table.buckets[bucket].unit;
        let mut worst: Option<(i128, usize)> = None;
        for (column, cell) in table.cells.iter().enumerate() {
            if !self.scans.iter().any(|(scan, _)| *scan == cell.scan) {
                continue;
            }
            let (_, gain) = pool.expiry(bucket, column);
            let gain = table.weighed(unit, column, gain + orders(pool, bucket, column));
            if gain < worst.map_or(0, |(so_far, _)| so_far) {
                worst = Some((gain, column));
            }
        }
        let Some((gain, column)) = worst else { return Ok(None) };
        let rate = self.rate(&table.units[unit].underlying, terms)?;
        Ok(Some(Worst { gain, column, rate }))
    }

    fn rate(
        &self,
        underlying: &keelmark_book::Asset,
        terms: ExpiryTerms,
    ) -> Result<Share, MarginError> {
        let factor = self.factor.get("factor", underlying)?.to_f64();
        let per_year = self.per_year.get("per_year", underlying)?.to_f64();
        Share::new(factor + per_year * terms.years)
    }
}

/// What an expiry is charged, rounded up.
fn charged(pool: &PoolView<'_>, worst: &Worst) -> Result<Money, MarginError> {
    Ok(-pool.table.money(worst.rate.of(worst.gain), Round::Down)?)
}

/// What the worst subset of an expiry's open orders adds, in quanta.
fn orders(pool: &PoolView<'_>, bucket: usize, column: usize) -> i128 {
    let own = pool.counted_orders().filter(|(row, _)| {
        let line = pool.table.line(*row);
        line.option && line.bucket == bucket
    });
    own.map(|(row, lots)| (lots * i128::from(pool.table.scenario_row(row)[column])).min(0)).sum()
}
