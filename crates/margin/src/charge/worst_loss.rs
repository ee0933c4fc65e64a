//! `worst-loss`: the largest loss over the scenarios of some scans, per unit, summed over units.
//!
//! A gain in a scenario counts for `gain_offset` of itself, which shows in the reported vectors; a
//! loss beyond the range may be reduced by the scan's dampener.

use super::{Charge, Line, Outcome, Part, PoolView, Reading};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use crate::scan::Scan;
use crate::table::RiskTable;
use keelmark_book::{Decimal, InputError, Money, Price, Rate, Round};

/// The scenarios of one unit, as a charge saw them.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitScan {
    /// Index of the unit in the table.
    pub unit: usize,
    /// Columns of the table that were looked at, in order.
    pub columns: Vec<usize>,
    /// Profit in each of them, netted, in the pool's currency.
    pub before: Vec<Money>,
    /// The same after the gain offset and the dampener.
    pub after: Vec<Money>,
    /// Which of `columns` is worst: the first that holds the lowest value.
    pub worst: usize,
}

#[derive(Debug)]
struct WorstLoss {
    scans: Vec<(usize, Scan)>,
    gain_offset: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Box<dyn Charge>, InputError> {
    let mut scans = Vec::new();
    for name in fields.texts("over")? {
        let at = reading.scans.iter().position(|scan| scan.name == name).ok_or_else(|| {
            fields.error(format!("over: expected the name of a [[scan]], found {name:?}"))
        })?;
        scans.push((at, reading.scans[at].clone()));
    }
    if scans.is_empty() {
        return Err(fields.error("over: expected the names of scans, found none"));
    }
    let gain_offset = fields.param_or("gain_offset", Decimal::ZERO)?;
    Ok(Box::new(WorstLoss { scans, gain_offset }))
}

impl Charge for WorstLoss {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let scan = self.unit_scan(pool, unit)?;
            let Some(low) = scan.after.get(scan.worst).copied() else { continue };
            let loss = (-low).max(Money::ZERO);
            outcome.amount = outcome.amount.plus(loss)?;
            outcome.lines.push(Line { text: self.describe(pool.table, &scan), amount: loss });
            if loss.is_positive() {
                self.parts(pool, &scan, loss, &mut outcome.parts)?;
            }
            outcome.scans.push(scan);
        }
        Ok(outcome)
    }

    fn breaks_union(&self) -> Option<&'static str> {
        let damped = self.scans.iter().any(|(_, scan)| scan.dampener.is_some());
        damped.then_some("each book apart has a dampener of its own, the union only one")
    }
}

impl WorstLoss {
    fn unit_scan(&self, pool: &PoolView<'_>, unit: usize) -> Result<UnitScan, MarginError> {
        let table = pool.table;
        let cells = pool.cells(unit);
        let underlying = &table.units[unit].underlying;
        let offset = Rate::new(self.gain_offset.get("gain_offset", underlying)?);
        let (mut columns, mut before, mut after) = (vec![], vec![], vec![]);
        for (column, cell) in table.cells.iter().enumerate() {
            let Some((_, scan)) = self.scans.iter().find(|(at, _)| *at == cell.scan) else {
                continue;
            };
            let gain = table.money(cells[column], Round::Down)?;
            columns.push(column);
            before.push(gain);
            after.push(if gain.is_negative() {
                let relief = dampener(pool, unit, scan, cell.scenario)?;
                gain.plus(relief)?.min(Money::ZERO)
            } else {
                gain.times(offset, Round::Down)?
            });
        }
        let mut worst = 0;
        for at in 1..after.len() {
            if after[at] < after[worst] {
                worst = at;
            }
        }
        Ok(UnitScan { unit, columns, before, after, worst })
    }

    fn describe(&self, table: &RiskTable, scan: &UnitScan) -> String {
        let unit = &table.units[scan.unit];
        let cell = table.cells[scan.columns[scan.worst]];
        let found = self.scans.iter().find(|(at, _)| *at == cell.scan);
        let Some((_, rule)) = found else { return unit.underlying.to_string() };
        let scenario = rule.scenarios[cell.scenario];
        let range = if scenario.absolute { 1.0 } else { unit.ranges[cell.scan] };
        format!(
            "{} worst of {} scenarios: {} {:+.1} %, vol {}",
            unit.underlying,
            scan.columns.len(),
            rule.name,
            scenario.price * range * 100.0,
            format!("{:?}", scenario.vol).to_lowercase()
        )
    }

    /// Each holding's own loss in the worst scenario; they sum to the loss before the dampener.
    fn parts(
        &self,
        pool: &PoolView<'_>,
        scan: &UnitScan,
        loss: Money,
        parts: &mut Vec<(Part, Money)>,
    ) -> Result<(), MarginError> {
        let table = pool.table;
        let column = scan.columns[scan.worst];
        let gross = -scan.before[scan.worst];
        let share = loss.ratio(gross, Round::Nearest)?;
        let orders = pool.counted_orders().filter_map(|(row, lots)| {
            let change = lots * i128::from(table.scenario_row(row)[column]);
            (change < 0).then_some((row, lots))
        });
        for (row, lots) in pool.exposure.lots().chain(orders) {
            let line = table.line(row);
            if line.unit != scan.unit {
                continue;
            }
            let gain = lots * i128::from(table.scenario_row(row)[column]);
            let own = (-table.money(gain, Round::Nearest)?).times(share, Round::Nearest)?;
            let part = match line.instrument {
                Some(id) => Part::Position(id),
                None => Part::Holding(table.units[line.unit].underlying.clone()),
            };
            parts.push((part, own));
        }
        Ok(())
    }
}

/// What a loss is reduced by in a scenario, in the pool's currency.
fn dampener(
    pool: &PoolView<'_>,
    unit: usize,
    scan: &Scan,
    scenario: usize,
) -> Result<Money, MarginError> {
    let Some(param) = &scan.dampener else { return Ok(Money::ZERO) };
    let one = &pool.table.units[unit];
    let by = scan.scenarios[scenario].price;
    let relief = scan_dampener(
        Money::new(param.get("dampener", &one.underlying)?),
        by,
        scan.range(&one.underlying)?,
    )?;
    if pool.currency() != &one.underlying {
        return pool.convert(relief, &pool.market.currency, Round::Down);
    }
    let edge = edge_price(pool.market.price(&one.underlying)?, by, scan.range(&one.underlying)?)?;
    Ok(relief.over(edge, Round::Down)?)
}

/// Money that a loss is reduced by at a move: the dampener times `max(|move| / range, 1) - 1`.
fn scan_dampener(dampener: Money, by: f64, range: f64) -> Result<Money, MarginError> {
    let share = Rate::from_f64(Scan::dampener_share(by, range), Round::Nearest)?;
    Ok(dampener.times(share, Round::Down)?)
}

/// The price at the edge of the range on the side of a move.
fn edge_price(index: Price, by: f64, range: f64) -> Result<Price, MarginError> {
    let factor = Rate::from_f64(1.0 + range.copysign(by), Round::Nearest)?;
    Ok(index.scaled(factor)?)
}

impl UnitScan {
    /// Coins that a loss is reduced by at a move beyond the range, for a pool in coin.
    ///
    /// # Errors
    /// [`MarginError`] when a number does not fit.
    pub fn coin_dampener(
        dampener: Money,
        index: Price,
        by: f64,
        range: f64,
    ) -> Result<Money, MarginError> {
        let relief = scan_dampener(dampener, by, range)?;
        Ok(relief.over(edge_price(index, by, range)?, Round::Down)?)
    }
}
