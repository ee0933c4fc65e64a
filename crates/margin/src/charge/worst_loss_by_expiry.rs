//! `worst-loss-by-expiry`: the largest loss over scenarios, where what each expiry's options are
//! worth after the move counts at a discount that depends on its sign.
//!
//! Per scenario `weight * (sum over expiries (D(V + gain) - V) + gain of everything else)`, V the
//! value of the expiry's options now. `long` discounts a positive value by
//! `factor * exp(-T (rate * rate_times + rate_plus))`, `short` marks a negative one up by
//! `factor * exp(T (rate * rate_times + rate_plus))`, at most to its value without discount; rates
//! below zero count as zero. A scenario that is two-sided takes each expiry's gain for a loss.
//!
//! D is the lesser of two lines where `long` is at most `short`, so the worst subset of open orders
//! is the worse of the two lines' worst subsets: exact. A two-sided scenario takes a bound.

use super::per_position::Filter;
use super::worst_loss::{UnitScan, first_lowest, ranged_scans};
use super::{Charge, Outcome, Part, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::param::Param;
use crate::scan::Scan;
use crate::table::{ExpiryTerms, RowId, Share};
use keelmark_book::{Asset, Decimal, InputError, Instrument, Money, Round};
use std::sync::Arc;

#[derive(Debug)]
struct WorstLossByExpiry {
    /// What may be held under it; all of a unit is scanned.
    on: Filter,
    scans: Vec<(usize, Scan)>,
    long: Step,
    short: Option<Step>,
}

/// How a value of one sign is discounted, or marked up.
#[derive(Debug)]
struct Step {
    factor: Param,
    rate_times: Param,
    rate_plus: Param,
}

/// What a value of either sign is multiplied by at one expiry.
#[derive(Clone, Copy)]
struct Steps {
    long: Share,
    short: Share,
}

/// A column that the charge looks at.
struct Column {
    at: usize,
    two_sided: bool,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(WorstLossByExpiry {
        on: Filter::read(fields.get("on"))?,
        scans: ranged_scans(fields, reading)?,
        long: Step::read(fields.need("long")?)?,
        short: fields.get("short").map(Step::read).transpose()?,
    }))
}

impl Charge for WorstLossByExpiry {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let columns = self.columns(pool);
            let mut gains = Vec::with_capacity(columns.len());
            for total in self.totals(pool, unit, &columns)? {
                gains.push(pool.table.money(total, Round::Down)?);
            }
            let places = columns.iter().map(|one| one.at).collect();
            let worst = first_lowest(&gains, Decimal::ZERO)?;
            let seen = (places, gains.clone(), gains);
            let scan = UnitScan::of(pool, &self.scans, unit, seen, worst);
            let Some(low) = scan.after.get(scan.worst).copied() else { continue };
            let loss = (-low).max(Money::ZERO);
            outcome.amount = outcome.amount.plus(loss)?;
            outcome.lines.push(super::Line { text: scan.describe(), amount: loss });
            if loss.is_positive() {
                self.parts(pool, unit, &columns[scan.worst], &mut outcome.parts)?;
            }
            outcome.scans.push(scan);
        }
        Ok(outcome)
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        !instrument.is_inverse() && self.on.is_about(instrument)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let totals = self.totals(pool, unit, &self.columns(pool))?;
        let low = totals.into_iter().min().unwrap_or(0).min(0);
        Ok(-pool.table.money(low, Round::Down)?)
    }

    fn needs_expiries(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        let scenarios = self.scans.iter().flat_map(|(_, scan)| &scan.scenarios);
        let two_sided = scenarios.into_iter().any(|one| one.two_sided);
        if two_sided {
            return Some("what one book gains in a two-sided scenario counts as lost in the union");
        }
        self.short.is_some().then_some("a short expiry may be marked up by less than a long one")
    }
}

impl Step {
    fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let step = Self {
            factor: fields.param("factor")?,
            rate_times: fields.param_or("rate_times", Decimal::ZERO)?,
            rate_plus: fields.param_or("rate_plus", Decimal::ZERO)?,
        };
        fields.done()?;
        Ok(step)
    }

    /// `factor * exp(sign * T (rate * rate_times + rate_plus))`.
    fn at(&self, underlying: &Asset, terms: &ExpiryTerms, sign: f64) -> Result<f64, MarginError> {
        let times = self.rate_times.get("rate_times", underlying)?.to_f64();
        let rate = match terms.rate {
            Some(rate) => rate.max(0.0),
            None if times == 0.0 => 0.0,
            None => {
                return Err(MarginError::Unsupported(format!(
                    "an expiry of {underlying} has no rate, which the document discounts by: add \
                     a column rate to the market"
                )));
            }
        };
        let growth = rate * times + self.rate_plus.get("rate_plus", underlying)?.to_f64();
        let factor = self.factor.get("factor", underlying)?.to_f64();
        Ok(factor * keelmark_kernels::exp(sign * terms.years * growth))
    }
}

impl Steps {
    /// What a value counts for.
    fn of(self, value: i128) -> i128 {
        if value < 0 { self.short.of(value) } else { self.long.of(value) }
    }

    fn slope(self, value: i128) -> Share {
        if value < 0 { self.short } else { self.long }
    }
}

impl WorstLossByExpiry {
    fn columns(&self, pool: &PoolView<'_>) -> Vec<Column> {
        let mut columns = Vec::with_capacity(pool.table.cells.len());
        for (at, cell) in pool.table.cells.iter().enumerate() {
            if let Some((_, scan)) = self.scans.iter().find(|(scan, _)| *scan == cell.scan) {
                let two_sided = scan.scenarios[cell.scenario].two_sided;
                columns.push(Column { at, two_sided });
            }
        }
        columns
    }

    fn steps(&self, underlying: &Asset, terms: &ExpiryTerms) -> Result<Steps, MarginError> {
        let long = Share::new(self.long.at(underlying, terms, -1.0)?)?;
        let Some(short) = &self.short else { return Ok(Steps { long, short: Share::ONE }) };
        let short = short.at(underlying, terms, 1.0)?.min(1.0 / terms.discount);
        Ok(Steps { long, short: Share::new(short)? })
    }

    /// Buckets of a unit that have options, with what a value counts for there.
    fn expiries(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Vec<(usize, Steps)>, MarginError> {
        let table = pool.table;
        let Some(known) = table.expiries() else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (bucket, terms) in known.terms.iter().enumerate() {
            if let Some(terms) = terms
                && table.buckets[bucket].unit == unit
            {
                found.push((bucket, self.steps(&table.units[unit].underlying, terms)?));
            }
        }
        Ok(found)
    }

    /// Profit of a unit in each column, in quanta, weights included.
    fn totals(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        columns: &[Column],
    ) -> Result<Vec<i128>, MarginError> {
        let (table, exposure) = (pool.table, pool.exposure);
        let linear = pool.extra.filter(|(row, _)| {
            let line = table.line(*row);
            line.unit == unit && !line.option
        });
        let mut totals: Vec<i128> = columns
            .iter()
            .map(|column| {
                let own = exposure.cells(unit)[column.at] + exposure.coin_cells(unit)[column.at];
                let extra = linear.map_or(0, |(row, lots)| gain(pool, row, lots, column.at));
                own + extra + linear_orders(pool, unit, column.at)
            })
            .collect();
        let ordered = pool.counted_orders().next().is_some();
        for (bucket, steps) in self.expiries(pool, unit)? {
            let held = exposure.expiry(bucket);
            for (total, column) in totals.iter_mut().zip(columns) {
                // What options gain is in the unit's sum: taken out, and put back stepped.
                *total -= held.map_or(0, |sums| sums.gains[column.at]);
                let (now, gain) = pool.expiry(bucket, column.at);
                *total += if ordered {
                    with_orders(pool, bucket, steps, column, (now, gain))
                } else {
                    signed(column, steps.of(now + gain) - now)
                };
            }
        }
        for (total, column) in totals.iter_mut().zip(columns) {
            *total = table.weighed(unit, column.at, *total);
        }
        Ok(totals)
    }

    /// Each holding's own loss in a column: it is linear there, since no value changes its sign.
    fn parts(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        column: &Column,
        parts: &mut Vec<(Part, Money)>,
    ) -> Result<(), MarginError> {
        let table = pool.table;
        let expiries = self.expiries(pool, unit)?;
        let loss =
            |quanta: i128| table.money(-table.weighed(unit, column.at, quanta), Round::Nearest);
        let coins = pool.exposure.coins(unit);
        if coins != 0 {
            let own = loss(table.coin_cell(unit, column.at, coins))?;
            let held = pool.coin_parts(unit, own)?;
            parts.extend(held.into_iter().map(|(asset, own)| (Part::Holding(asset), own)));
        }
        for (row, lots) in pool.lots() {
            let line = table.line(row);
            if line.unit != unit {
                continue;
            }
            let gained = gain(pool, row, lots, column.at);
            let steps = expiries.iter().find(|(bucket, _)| line.option && *bucket == line.bucket);
            let own = match steps {
                None => gained,
                Some((bucket, steps)) => {
                    let (now, gain) = pool.expiry(*bucket, column.at);
                    let value = lots * i128::from(table.value_now(row));
                    let own = steps.slope(now + gain).of(value + gained) - value;
                    let gains = steps.of(now + gain) > now;
                    if column.two_sided && gains { -own } else { own }
                }
            };
            parts.push((Part::Position(line.instrument), loss(own)?));
        }
        Ok(())
    }
}

/// What some lots of a row gain in a column, in quanta.
fn gain(pool: &PoolView<'_>, row: RowId, lots: i128, column: usize) -> i128 {
    lots * i128::from(pool.table.scenario_row(row)[column])
}

/// A gain as it counts: a loss whichever sign, where the column is two-sided.
fn signed(column: &Column, gain: i128) -> i128 {
    if column.two_sided { -gain.abs() } else { gain }
}

/// What the worst subset of orders in contracts without optionality adds.
fn linear_orders(pool: &PoolView<'_>, unit: usize, column: usize) -> i128 {
    pool.counted_orders()
        .filter(|(row, _)| {
            let line = pool.table.line(*row);
            line.unit == unit && !line.option
        })
        .map(|(row, lots)| gain(pool, row, lots, column).min(0))
        .sum()
}

/// What an expiry gains with the worst subset of its open orders.
fn with_orders(
    pool: &PoolView<'_>,
    bucket: usize,
    steps: Steps,
    column: &Column,
    (now, gained): (i128, i128),
) -> i128 {
    let own = steps.of(now + gained) - now;
    let line = |slope: Share, worst: fn(i128) -> i128| -> i128 {
        let orders = pool.counted_orders().filter(|(row, _)| {
            let line = pool.table.line(*row);
            line.option && line.bucket == bucket
        });
        let added: i128 = orders
            .map(|(row, lots)| {
                let value = lots * i128::from(pool.table.value_now(row));
                worst(slope.of(value + gain(pool, row, lots, column.at)) - value)
            })
            .sum();
        slope.of(now + gained) - now + added
    };
    let each = |worst| [line(steps.long, worst), line(steps.short, worst)];
    let [a, b] = each(|change| change.min(0));
    let low = own.min(a).min(b);
    if !column.two_sided {
        return low;
    }
    let [a, b] = each(|change| change.max(0));
    -(own.max(a).max(b).abs().max(low.abs()))
}
