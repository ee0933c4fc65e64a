//! Why a tail costs what it does: the scenarios by their labels, and what each holding adds.

use super::measure::{self, Measure, Peaks, Worst};
use super::{TailLoss, losses};
use crate::charge::{Line, Outcome, Part, PoolView};
use crate::error::MarginError;
use keelmark_book::{Money, Round};
use std::collections::BTreeMap;
use std::ops::Range;

/// What was found of one set.
struct Found {
    /// Columns of the table, in the order of the losses.
    columns: Vec<usize>,
    losses: Vec<i128>,
    /// The measure, never below zero.
    loss: i128,
    /// The scenarios that parts come from.
    worst: Worst,
    peaks: Option<Peaks>,
}

/// Underlyings whose moves a line tells.
const MOST_TOLD: usize = 4;

impl TailLoss {
    /// The amount of some units, with its lines and parts.
    pub(super) fn explain(
        &self,
        pool: &PoolView<'_>,
        units: Range<usize>,
        outcome: &mut Outcome,
    ) -> Result<Money, MarginError> {
        let sets = self.sets(pool).into_iter();
        let found =
            sets.map(|set| self.found(pool, units.clone(), &set)).max_by_key(|one| one.loss);
        let Some(found) = found.filter(|one| !one.losses.is_empty()) else {
            return Ok(Money::ZERO);
        };
        let table = pool.table;
        let amount = table.money(found.loss, Round::Up)?;
        let whose = self.by_unit.then(|| format!("{} ", table.units[units.start].underlying));
        let whose = whose.unwrap_or_default();
        outcome
            .lines
            .push(Line { text: format!("{whose}{}", self.describe(pool, &found)), amount });
        let mut order: Vec<usize> = (0..found.losses.len()).collect();
        order.sort_by_key(|place| -found.losses[*place]);
        for place in order.into_iter().take(self.listed) {
            let text = told(pool, units.clone(), found.columns[place]);
            let amount = table.money(found.losses[place], Round::Up)?;
            outcome.lines.push(Line { text: format!("  {text}"), amount });
        }
        if amount.is_positive() {
            outcome.parts.extend(parts(pool, units, &found, amount)?);
        }
        Ok(amount)
    }

    fn found(&self, pool: &PoolView<'_>, units: Range<usize>, set: &[Range<usize>]) -> Found {
        let columns: Vec<usize> = set.iter().flat_map(Clone::clone).collect();
        let losses = losses(pool, units, set);
        let loss = self.loss(&mut losses.clone());
        let peaks = self
            .threshold
            .filter(|_| !losses.is_empty())
            .and_then(|threshold| measure::peaks(self.beyond, self.measure, threshold, &losses));
        let worst = if losses.is_empty() {
            Worst { places: Vec::new(), weights: 1 }
        } else {
            // A fitted tail is of all that lies beyond: so are its parts.
            let measure = if peaks.is_some() { Measure::Shortfall } else { self.measure };
            self.beyond.worst(measure, &losses)
        };
        Found { columns, losses, loss, worst, peaks }
    }

    fn describe(&self, pool: &PoolView<'_>, found: &Found) -> String {
        let n = found.losses.len();
        let names = |column: &usize| {
            let scan = pool.table.cells[*column].scan;
            pool.table.joint(scan).map_or("", |joint| joint.scan.as_str())
        };
        let mut scans: Vec<&str> = found.columns.iter().map(names).collect();
        scans.dedup();
        let measure = match self.measure {
            Measure::Var => "VaR",
            Measure::Shortfall => "expected shortfall",
        };
        let percent = self.confidence.to_f64() * 100.0;
        let how = match (&found.peaks, self.threshold, self.measure) {
            (Some(peaks), _, _) => {
                format!("tail fitted to the {} largest: index {:.2}", peaks.above, peaks.law.xi)
            }
            (None, Some(_), _) => "as counted: the largest leave no tail to fit".to_owned(),
            (None, None, Measure::Var) => {
                format!("place {} from the worst", self.beyond.expected(n).floor() + 1.0)
            }
            (None, None, Measure::Shortfall) => {
                format!("mean of the {} worst", self.beyond.expected(n))
            }
        };
        format!("{measure} at {percent} % of {n} scenarios of {}: {how}", scans.join(" and "))
    }
}

/// A scenario by its label, with the moves of a few underlyings.
fn told(pool: &PoolView<'_>, units: Range<usize>, column: usize) -> String {
    let cell = pool.table.cells[column];
    let Some(joint) = pool.table.joint(cell.scan) else { return format!("column {column}") };
    let each = pool.table.units[units].iter().take(MOST_TOLD).map(|unit| {
        let (price, vol) = joint.price_and_vol(&unit.underlying, cell.scenario);
        let vol = if vol == 0.0 { String::new() } else { format!(" vol {:+.1} %", vol * 100.0) };
        format!("{} {:+.1} %{vol}", unit.underlying, price * 100.0)
    });
    let moves: Vec<String> = each.collect();
    format!("{} {}: {}", joint.scan, joint.of.label(cell.scenario), moves.join(", "))
}

/// What each holding adds: its own mean loss in the scenarios that the measure is a mean of. They
/// sum to the amount; what rounding leaves goes to the largest.
fn parts(
    pool: &PoolView<'_>,
    units: Range<usize>,
    found: &Found,
    amount: Money,
) -> Result<Vec<(Part, Money)>, MarginError> {
    let mut sums: BTreeMap<Part, i128> = BTreeMap::new();
    let mut coins: Vec<(usize, i128)> = Vec::new();
    for unit in units {
        for (row, lots, order) in held(pool, unit) {
            let cells = pool.table.scenario_row(row);
            let own = weigh(found, |column| {
                let gain = lots * i128::from(cells[column]);
                pool.table.weighed(unit, column, if order { gain.min(0) } else { gain })
            });
            let part = Part::Position(pool.table.line(row).instrument);
            *sums.entry(part).or_default() += own;
        }
        let lots = pool.exposure.coins(unit);
        if lots != 0 {
            let gain =
                |column| pool.table.weighed(unit, column, pool.table.coin_cell(unit, column, lots));
            coins.push((unit, weigh(found, gain)));
        }
    }
    let all: i128 = sums.values().sum::<i128>() + coins.iter().map(|(_, own)| own).sum::<i128>();
    // The share of the amount in what the scenarios lost: one but for rounding and fitted tails.
    let whole = pool.table.money(all.div_euclid(found.worst.weights), Round::Nearest)?;
    let share = if whole.is_positive() { Some(amount.ratio(whole, Round::Nearest)?) } else { None };
    let money = |own: i128| -> Result<Money, MarginError> {
        let mean = own.div_euclid(found.worst.weights);
        let own = pool.table.money(mean, Round::Nearest)?;
        Ok(share.map_or(Ok(own), |share| own.times(share, Round::Nearest))?)
    };
    let mut out = Vec::new();
    for (part, own) in sums {
        out.push((part, money(own)?));
    }
    for (unit, own) in coins {
        let held = pool.coin_parts(unit, money(own)?)?;
        out.extend(held.into_iter().map(|(asset, own)| (Part::Holding(asset), own)));
    }
    let rest = amount.minus(Money::sum(out.iter().map(|(_, own)| *own))?)?;
    if let Some((_, largest)) = out.iter_mut().max_by_key(|(_, own)| own.abs()) {
        *largest = largest.plus(rest)?;
    }
    Ok(out)
}

/// Rows of a unit with their lots: what is held, and open orders that count only where they lose.
fn held<'a>(
    pool: &'a PoolView<'_>,
    unit: usize,
) -> impl Iterator<Item = (crate::table::RowId, i128, bool)> + 'a {
    let held = pool.lots().map(|(row, lots)| (row, lots, false));
    let orders = pool.counted_orders().map(|(row, lots)| (row, lots, true));
    held.chain(orders).filter(move |(row, _, _)| pool.table.line(*row).unit == unit)
}

/// The loss in the worst scenarios, each by its weight, of what gains so much in a column.
fn weigh(found: &Found, gain: impl Fn(usize) -> i128) -> i128 {
    let each = found.worst.places.iter();
    each.map(|(place, weight)| -weight * gain(found.columns[*place])).sum()
}
