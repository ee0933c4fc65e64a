//! `tail-loss`: a measure of the tail of profit over joint scenarios.
//!
//! Value at risk, expected shortfall, or either from a tail fitted above a threshold, of the
//! account as a whole or of each underlying by itself. The scenarios are netted like those of any
//! scan, so the measure is of what the portfolio as it is would have lost in each: options
//! revalued, hedges and coins held as collateral included.

mod explain;
mod measure;

use super::worst_loss::scans;
use super::{Charge, Clock, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::scan::Scan;
use keelmark_book::{Decimal, InputError, Instrument, Money, Round};
use measure::{Beyond, Measure, up};
use std::ops::Range as Span;
use std::sync::Arc;

/// Scenarios that an explanation lists where the document does not say how many.
const LISTED: i64 = 5;

#[derive(Debug)]
struct TailLoss {
    scans: Vec<(usize, Scan)>,
    measure: Measure,
    beyond: Beyond,
    confidence: Decimal,
    /// Share of scenarios below the threshold of a fitted tail; none for an empirical one.
    threshold: Option<f64>,
    /// Whether each underlying is measured by itself.
    by_unit: bool,
    /// Whether all scans are one set rather than each its own, of which the largest counts.
    pooled: bool,
    listed: usize,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let scans = scans(fields, reading)?;
    if let Some((_, scan)) = scans.iter().find(|(_, scan)| scan.joint.is_none()) {
        let problem = format!("over: expected joint scans, and {:?} has ranges", scan.name);
        return Err(fields.error(problem));
    }
    let words = [
        ("var", (Measure::Var, false)),
        ("es", (Measure::Shortfall, false)),
        ("pot-var", (Measure::Var, true)),
        ("pot-es", (Measure::Shortfall, true)),
    ];
    let (measure, fitted) = fields.word("measure", &words, None)?;
    let node = fields.need("confidence")?;
    let confidence = node.decimal()?;
    let beyond = Beyond::of(confidence).ok_or_else(|| {
        node.error(format!(
            "confidence: expected a share such as 0.975, above 0 and below 1 and of at most six \
             decimal places, found {confidence}"
        ))
    })?;
    let threshold = fields.number_in("threshold", Range::SHARE)?.map(Decimal::to_f64);
    if threshold.is_some() != fitted {
        return Err(fields.error(
            "threshold: expected where the measure is pot-var or pot-es, and only there: the share \
             of scenarios below it, such as 0.9",
        ));
    }
    let across = [("account", false), ("unit", true)];
    let combine = [("max", false), ("pooled", true)];
    Ok(Arc::new(TailLoss {
        scans,
        measure,
        beyond,
        confidence,
        threshold,
        by_unit: fields.word("across", &across, Some(false))?,
        pooled: fields.word("combine", &combine, Some(false))?,
        listed: listed(fields)?,
    }))
}

/// How many scenarios an explanation lists.
fn listed(fields: &mut Fields<'_>) -> Result<usize, InputError> {
    let number = fields.number_in("listed", Range::AMOUNT)?.unwrap_or(Decimal::from_int(LISTED));
    let whole = number.in_steps_of(Decimal::ONE).filter(|count| (0..=1000).contains(count));
    let whole = whole.and_then(|count| usize::try_from(count).ok());
    whole.ok_or_else(|| fields.error(format!("listed: expected 0 to 1000, found {number}")))
}

impl Charge for TailLoss {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let units = pool.table.units.len();
        if !self.by_unit {
            let amount = self.explain(pool, 0..units, &mut outcome)?;
            outcome.amount = amount;
            return Ok(outcome);
        }
        for (at, unit) in pool.table.units.iter().enumerate() {
            let amount = self.explain(pool, at..at + 1, &mut outcome)?;
            outcome.add_unit(&unit.underlying, amount)?;
        }
        Ok(outcome)
    }

    fn covers(&self, _: &Instrument) -> bool {
        true
    }

    fn scope(&self) -> Scope {
        if self.by_unit { Scope::Unit } else { Scope::Pool }
    }

    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        let units = if self.by_unit { key..key + 1 } else { 0..pool.table.units.len() };
        let mut most = 0i128;
        for set in self.sets(pool) {
            let mut losses = losses(pool, units.clone(), &set);
            most = most.max(self.loss(&mut losses));
        }
        Ok(pool.table.money(most, Round::Up)?)
    }

    fn breaks_union(&self) -> Option<&'static str> {
        if self.threshold.is_some() {
            return Some("a tail fitted to the union may pass those of its parts");
        }
        let quantile = self.measure == Measure::Var;
        quantile.then_some("a quantile of sums can pass the sum of quantiles")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl TailLoss {
    /// The columns of each set that is measured: of all scans together, or of one each.
    fn sets(&self, pool: &PoolView<'_>) -> Vec<Vec<Span<usize>>> {
        let cells = &pool.table.cells;
        let columns = |scan: usize| {
            let start = cells.partition_point(|cell| cell.scan < scan);
            start..cells.partition_point(|cell| cell.scan <= scan)
        };
        let each = self.scans.iter().map(|(scan, _)| columns(*scan));
        let each = each.filter(|columns| !columns.is_empty());
        if self.pooled { vec![each.collect()] } else { each.map(|columns| vec![columns]).collect() }
    }

    /// The measure of some losses in quanta, rounded up; never below zero, and zero of none.
    fn loss(&self, losses: &mut [i128]) -> i128 {
        if losses.is_empty() {
            return 0;
        }
        if let Some(threshold) = self.threshold
            && let Some(found) = measure::peaks(self.beyond, self.measure, threshold, losses)
        {
            return found.loss.max(0);
        }
        let (sum, weights) = self.beyond.sum(self.measure, losses);
        up(sum, weights).max(0)
    }
}

/// What some units lose together in each column of a set, in quanta, with the worst fills where
/// orders count.
fn losses(pool: &PoolView<'_>, units: Span<usize>, set: &[Span<usize>]) -> Vec<i128> {
    let mut out = vec![0i128; set.iter().map(Span::len).sum()];
    let mut rest = out.as_mut_slice();
    for columns in set {
        let (own, after) = rest.split_at_mut(columns.len());
        for unit in units.clone() {
            if pool.table.expiries().is_some() {
                // What counts is weighed after the sum.
                for (loss, column) in own.iter_mut().zip(columns.clone()) {
                    *loss -= pool.cell(unit, column);
                }
            } else {
                lose(pool, unit, columns, own);
            }
        }
        rest = after;
    }
    out
}

/// Takes the gains of a unit in some columns from losses.
fn lose(pool: &PoolView<'_>, unit: usize, columns: &Span<usize>, losses: &mut [i128]) {
    let (table, exposure) = (pool.table, pool.exposure);
    let own = |row| table.line(row).unit == unit;
    let cells = |row| cells_of(table.scenario_row(row), columns);
    let held = &exposure.cells(unit)[columns.clone()];
    losses.iter_mut().zip(held).for_each(|(loss, gain)| *loss -= gain);
    if exposure.coins(unit) != 0 {
        let coins = &exposure.coin_cells(unit)[columns.clone()];
        losses.iter_mut().zip(coins).for_each(|(loss, gain)| *loss -= gain);
    }
    for (row, lots) in pool.extra.into_iter().filter(|(row, _)| own(*row)) {
        losses.iter_mut().zip(cells(row)).for_each(|(loss, cell)| *loss -= lots * cell);
    }
    for (row, lots) in pool.counted_orders().filter(|(row, _)| own(*row)) {
        losses.iter_mut().zip(cells(row)).for_each(|(loss, cell)| *loss -= (lots * cell).min(0));
    }
}

/// The cells of a row in some columns.
fn cells_of<'a>(row: &'a [i64], columns: &Span<usize>) -> impl Iterator<Item = i128> + 'a {
    row[columns.clone()].iter().map(|cell| i128::from(*cell))
}
