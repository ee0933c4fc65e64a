//! `worst-loss`: the largest loss over the scenarios of some scans, per unit, summed over units.
//!
//! Where an underlying has tiers, each is scanned alone, and their losses add up: a gain of one
//! month pays for nothing in another.
//!
//! A gain in a scenario counts for `gain_offset` of itself, which shows in the reported vectors; in
//! a scan with a dampener a loss beyond the range is reduced by it and a gain counts for nothing.

use super::tiers::{Apart, Tiers};
use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{CoinsMove, Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::scan::Scan;
use crate::table::JointColumns;
use crate::table::bounds::Ends;
use keelmark_book::{Asset, Decimal, InputError, Instrument, Money, Rate, Round};
use std::sync::Arc;

/// The scenarios of one unit, as a charge saw them.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitScan {
    /// Index of the unit in the table.
    pub unit: usize,
    /// Its underlying.
    pub underlying: Asset,
    /// Columns of the table that were looked at, in order.
    pub columns: Vec<usize>,
    /// Profit in each of them, netted, in the pool's currency.
    pub before: Vec<Money>,
    /// The same after the gain offset and the dampener.
    pub after: Vec<Money>,
    /// Which of `columns` is worst: the first that holds the lowest value.
    pub worst: usize,
    /// The scan that the worst is in.
    pub worst_scan: String,
    /// The price move of the worst, as a fraction of the price.
    pub worst_move: f64,
    /// The volatility move of the worst: its word, or of a joint scenario the level's in percent.
    pub worst_vol: String,
}

impl UnitScan {
    /// What was seen of a unit: columns, of which there is one at least, and the profit in each
    /// before and after what a charge makes of it; `worst` is which of them counts.
    pub(super) fn of(
        pool: &PoolView<'_>,
        scans: &[(usize, Scan)],
        unit: usize,
        (columns, before, after): (Vec<usize>, Vec<Money>, Vec<Money>),
        worst: usize,
    ) -> Self {
        let table = pool.table;
        let cell = table.cells[columns[worst]];
        if let Some(joint) = table.joint(cell.scan) {
            return Self::of_joint(pool, joint, unit, (columns, before, after), worst);
        }
        let (_, rule) = &scans[scans.iter().position(|(at, _)| *at == cell.scan).unwrap_or(0)];
        let scenario = &rule.scenarios[cell.scenario];
        let own = &table.units[unit];
        let range = match &rule.price_range_down {
            _ if scenario.absolute => 1.0,
            Some(_) if scenario.price < 0.0 => {
                rule.range_of(&own.underlying, scenario.price).unwrap_or(own.ranges[cell.scan])
            }
            _ => own.ranges[cell.scan],
        };
        Self {
            unit,
            underlying: table.units[unit].underlying.clone(),
            columns,
            before,
            after,
            worst,
            worst_scan: rule.name.clone(),
            worst_move: scenario.price * range,
            worst_vol: scenario.vol.to_string(),
        }
    }

    /// The same where the worst is a joint scenario: its label stands after the scan's name.
    fn of_joint(
        pool: &PoolView<'_>,
        joint: &JointColumns,
        unit: usize,
        (columns, before, after): (Vec<usize>, Vec<Money>, Vec<Money>),
        worst: usize,
    ) -> Self {
        let scenario = pool.table.cells[columns[worst]].scenario;
        let underlying = pool.table.units[unit].underlying.clone();
        let (price, vol) = joint.price_and_vol(&underlying, scenario);
        Self {
            unit,
            underlying,
            columns,
            before,
            after,
            worst,
            worst_scan: format!("{} {}", joint.scan, joint.of.label(scenario)),
            worst_move: price,
            worst_vol: format!("{:+.1} %", vol * 100.0),
        }
    }

    pub(super) fn describe(&self) -> String {
        format!(
            "{} worst of {} scenarios: {} {:+.1} %, vol {}",
            self.underlying,
            self.columns.len(),
            self.worst_scan,
            self.worst_move * 100.0,
            self.worst_vol,
        )
    }

    /// The first of the leading `count` scenarios that holds their lowest value after offsets;
    /// `None` where there are none.
    #[must_use]
    pub fn worst_of_first(&self, count: usize) -> Option<usize> {
        let counted = &self.after[..count.min(self.after.len())];
        (0..counted.len()).min_by_key(|at| counted[*at])
    }
}

#[derive(Debug)]
struct WorstLoss {
    scans: Vec<(usize, Scan)>,
    gain_offset: Param,
    /// Whether coins count only as far as they hedge.
    coins_hedge: bool,
    /// Losses within this share of the largest count as equal to it when the worst is named.
    tie: Decimal,
    /// Tiers that are scanned apart.
    tiers: Tiers,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let scans = scans(fields, reading)?;
    let gain_offset = fields.param_in_or("gain_offset", Range::SHARE, Decimal::ZERO)?;
    let coins_hedge = reading.coins == CoinsMove::Hedge;
    let tie = fields.number_in("tie", Range::SHARE)?.unwrap_or(Decimal::ZERO);
    let tiers = Tiers::read(fields)?;
    if !tiers.is_empty() && (coins_hedge || scans.iter().any(|(_, one)| one.dampener.is_some())) {
        return Err(fields.error(
            "tiers: a scan with a dampener, or with coins that count as far as they hedge, takes \
             an underlying whole",
        ));
    }
    Ok(Arc::new(WorstLoss { scans, gain_offset, coins_hedge, tie, tiers }))
}

/// The same of a charge to which joint scenarios would say nothing.
pub(super) fn ranged_scans(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Vec<(usize, Scan)>, InputError> {
    let scans = scans(fields, reading)?;
    scans.iter().try_for_each(|(_, scan)| refuse_joint(fields, scan))?;
    Ok(scans)
}

/// Refuses a scan of joint scenarios.
pub(super) fn refuse_joint(fields: &Fields<'_>, scan: &Scan) -> Result<(), InputError> {
    if scan.joint.is_none() {
        return Ok(());
    }
    let problem = format!("{:?} is joint: expected a scan with ranges or moves", scan.name);
    Err(fields.error(problem))
}

/// The scans that a charge names, each with its index in the document.
pub(super) fn scans(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Vec<(usize, Scan)>, InputError> {
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
    Ok(scans)
}

impl Charge for WorstLoss {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (unit, of) in pool.table.units.iter().enumerate() {
            let mut own = Money::ZERO;
            for part in self.tiers.parts(pool, unit) {
                let cells = part.cells(pool);
                // A tier in which nothing is held has no worst scenario to tell.
                if !part.is_whole() && cells.iter().all(|cell| *cell == 0) {
                    continue;
                }
                let scan = self.unit_scan(pool, part, &cells)?;
                let Some(low) = scan.after.iter().copied().min() else { continue };
                let loss = (-low).max(Money::ZERO);
                own = own.plus(loss)?;
                let tier = part.name().map(|name| format!(", tier {name}")).unwrap_or_default();
                let text = format!("{}{tier}", scan.describe());
                outcome.lines.push(Line { text, amount: loss });
                if loss.is_positive() {
                    parts(pool, part, &scan, loss, &mut outcome.parts)?;
                }
                outcome.scans.push(scan);
            }
            outcome.add_unit(&of.underlying, own)?;
        }
        Ok(outcome)
    }

    fn covers(&self, _: &Instrument) -> bool {
        true
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let (table, exposure) = (pool.table, pool.exposure);
        if !self.tiers.of(table.units[unit].underlying.as_str()).is_empty() {
            let apart = self.tiers.parts(pool, unit).map(|part| self.lowest(pool, part));
            let losses = apart.map(|low| Ok(-table.money(low, Round::Down)?));
            return Ok(Money::sum(losses.collect::<Result<Vec<_>, MarginError>>()?)?);
        }
        let sums = exposure.cells(unit).iter().zip(exposure.coin_cells(unit));
        let extra = pool.extra.filter(|(row, _)| table.line(*row).unit == unit);
        let (change, lots) =
            extra.map_or((&[][..], 0), |(row, lots)| (table.scenario_row(row), lots));
        let ordered = pool.counted_orders().next().is_some();
        let relief = table.relief(unit);
        let mut low = 0i128;
        for (column, (contracts, coins)) in sums.enumerate() {
            let mut sum = contracts + coins;
            if lots != 0 {
                sum += lots * i128::from(change[column]);
            }
            if ordered {
                sum += pool.ordered_cell(unit, column);
            }
            let sum = table.weighed(unit, column, sum);
            if sum < low && self.looks_at(table.cells[column].scan) {
                low = low.min(sum + relief[column]);
            }
        }
        Ok(-table.money(low, Round::Down)?)
    }

    fn has_spans(&self) -> bool {
        !self.coins_hedge && self.tiers.is_empty()
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let Some(bounds) = of.bounds.as_ref().filter(|_| self.has_spans()) else {
            return Ok(None);
        };
        let mut out = Terms::new();
        for unit in 0..pool.table.units.len() {
            // The loss falls with every sum, and with what it is reduced by.
            let mut loss = Ends::default();
            for (column, cell) in pool.table.cells.iter().enumerate() {
                if self.looks_at(cell.scan) {
                    let relief = bounds.relief(pool.table, unit, column);
                    let left = bounds.cell(unit, column).plus(relief);
                    loss.low = loss.low.max(-left.high);
                    loss.high = loss.high.max(-left.low);
                }
            }
            // A step of the table rounds the loss up.
            let loss = Ends { high: loss.high + bounds.step(), ..loss };
            out.insert(unit, loss.interval()?);
        }
        Ok(Some(out))
    }

    fn breaks_union(&self) -> Option<&'static str> {
        if self.coins_hedge {
            return Some("coins count as far as they hedge, which differs for the union");
        }
        let damped = self.scans.iter().any(|(_, scan)| scan.dampener.is_some());
        damped.then_some("each book apart has a dampener of its own, the union only one")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl WorstLoss {
    fn looks_at(&self, scan: usize) -> bool {
        self.scans.iter().any(|(at, _)| *at == scan)
    }

    /// The lowest sum of a part over the scenarios that count, zero at most.
    fn lowest(&self, pool: &PoolView<'_>, part: Apart<'_>) -> i128 {
        let own = pool.table.cells.iter().zip(part.cells(pool));
        own.filter(|(cell, _)| self.looks_at(cell.scan))
            .map(|(_, sum)| sum)
            .min()
            .unwrap_or(0)
            .min(0)
    }

    fn damped(&self, scan: usize) -> bool {
        self.scans.iter().any(|(at, one)| *at == scan && one.dampener.is_some())
    }

    fn unit_scan(
        &self,
        pool: &PoolView<'_>,
        part: Apart<'_>,
        cells: &[i128],
    ) -> Result<UnitScan, MarginError> {
        let (table, unit) = (pool.table, part.unit);
        let underlying = &table.units[unit].underlying;
        let offset = Rate::new(self.gain_offset.get("gain_offset", underlying)?);
        let (mut columns, mut before, mut after) = (vec![], vec![], vec![]);
        for (column, cell) in table.cells.iter().enumerate() {
            if !self.looks_at(cell.scan) {
                continue;
            }
            let gain = table.money(cells[column], Round::Down)?;
            columns.push(column);
            before.push(gain);
            after.push(if cells[column] < 0 {
                let left = (cells[column] + table.relief(unit)[column]).min(0);
                table.money(left, Round::Down)?
            } else if self.damped(cell.scan) {
                Money::ZERO
            } else {
                gain.times(offset, Round::Down)?
            });
        }
        let worst = first_lowest(&after, self.tie)?;
        Ok(UnitScan::of(pool, &self.scans, unit, (columns, before, after), worst))
    }
}

/// The first of some profits that is the lowest of them, or within a share of the largest magnitude
/// (of one at least) above it: noise of a summation does not choose.
pub(super) fn first_lowest(profits: &[Money], tie: Decimal) -> Result<usize, MarginError> {
    let Some(low) = profits.iter().copied().min() else { return Ok(0) };
    let largest = profits.iter().map(|one| one.abs().decimal()).max().unwrap_or(Decimal::ONE);
    let noise = largest.max(Decimal::ONE).times(tie, Round::Down)?;
    let limit = low.plus(Money::new(noise))?;
    Ok(profits.iter().position(|one| *one <= limit).unwrap_or(0))
}

/// Each holding's own loss in the worst scenario; they sum to the loss before the dampener.
fn parts(
    pool: &PoolView<'_>,
    part: Apart<'_>,
    scan: &UnitScan,
    loss: Money,
    parts: &mut Vec<(Part, Money)>,
) -> Result<(), MarginError> {
    let table = pool.table;
    let column = scan.columns[scan.worst];
    let gross = -scan.before[scan.worst];
    let share = loss.ratio(gross, Round::Nearest)?;
    let coins = pool.exposure.coins(scan.unit);
    if coins != 0 && part.has_coins() {
        let gain = table.weighed(scan.unit, column, table.coin_cell(scan.unit, column, coins));
        let own = (-table.money(gain, Round::Nearest)?).times(share, Round::Nearest)?;
        let held = pool.coin_parts(scan.unit, own)?;
        parts.extend(held.into_iter().map(|(asset, own)| (Part::Holding(asset), own)));
    }
    let orders = pool.counted_orders().filter_map(|(row, lots)| {
        let change = lots * i128::from(table.scenario_row(row)[column]);
        (change < 0).then_some((row, lots))
    });
    for (row, lots) in pool.lots().chain(orders) {
        let line = table.line(row);
        if !part.has(pool, line) {
            continue;
        }
        let gain = lots * i128::from(table.scenario_row(row)[column]);
        let gain = table.weighed(scan.unit, column, gain);
        let own = (-table.money(gain, Round::Nearest)?).times(share, Round::Nearest)?;
        parts.push((Part::Position(line.instrument), own));
    }
    Ok(())
}
