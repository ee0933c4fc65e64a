//! Netting: an account's exposure is the exact integer sum of quantity times row.
//!
//! Addition of integers has no order, so positions may be added, split, merged or undone in any
//! sequence, on any number of threads, and the bits are those of a full recomputation.

use crate::table::{RiskTable, RowId, Sensitivity};
use keelmark_kernels::{LARGEST_SPLIT_CELL, Width, add_products};
use std::collections::BTreeMap;

/// Columns from which on positions are netted together rather than one by one.
const LONG: usize = 256;

/// Sums of one pool over a table's rows, per unit and per bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    lots: BTreeMap<RowId, i128>,
    /// Lots of the coin of each unit.
    coins: Vec<i128>,
    /// What those coins add to each column of the unit, in quanta: a function of the lots.
    coin_cells: Vec<Vec<i128>>,
    cells: Vec<Vec<i128>>,
    buckets: Vec<[i128; 4]>,
    /// Delta of each unit's contracts in quanta: of options held long, and of all else.
    deltas: Vec<Deltas>,
    /// Options of each bucket, where a charge nets by expiry; empty for every other document.
    expiries: Vec<ExpirySums>,
}

/// What the options of one expiry sum to, in quanta.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpirySums {
    /// What they are worth now.
    pub now: i128,
    /// What they gain in each column.
    pub gains: Vec<i128>,
}

/// Delta of a unit in quanta, options held long apart from everything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deltas {
    /// Options held long.
    pub long_options: i128,
    /// Options sold, perpetuals, futures and spot.
    pub rest: i128,
}

impl Deltas {
    /// Exchanges a row's lots for others.
    pub(crate) fn exchange(&mut self, table: &RiskTable, row: RowId, old: i128, new: i128) {
        let delta = i128::from(table.sensitivities(row)[Sensitivity::Delta as usize]);
        let option = table.line(row).option;
        for (lots, sign) in [(old, -1), (new, 1)] {
            let side = if option && lots > 0 { &mut self.long_options } else { &mut self.rest };
            *side += sign * lots * delta;
        }
    }
}

impl Exposure {
    /// Nothing held.
    #[must_use]
    pub fn new(table: &RiskTable) -> Self {
        Self {
            lots: BTreeMap::new(),
            coins: vec![0; table.units.len()],
            coin_cells: vec![vec![0; table.cells.len()]; table.units.len()],
            cells: vec![vec![0; table.cells.len()]; table.units.len()],
            buckets: vec![[0; 4]; table.buckets.len()],
            deltas: vec![Deltas::default(); table.units.len()],
            expiries: match table.expiries() {
                None => Vec::new(),
                Some(known) => {
                    let columns = table.cells.len();
                    let of = |has: bool| vec![0; if has { columns } else { 0 }];
                    let gains = known.terms.iter().map(|terms| of(terms.is_some()));
                    gains.map(|gains| ExpirySums { now: 0, gains }).collect()
                }
            },
        }
    }

    /// Adds some lots of a row; a fill, its reverse, or a position of a book.
    pub fn add(&mut self, table: &RiskTable, row: RowId, lots: i128) {
        add_times(&mut self.cells[table.line(row).unit], lots, table.scenario_row(row));
        self.add_beside(table, row, lots);
    }

    /// Adds the positions of a book: as one by one, and several times faster where rows are long.
    pub fn add_all(&mut self, table: &RiskTable, positions: &[(RowId, i128)]) {
        let long = table.cells.len() >= LONG && table.largest_cell() < LARGEST_SPLIT_CELL;
        let small = positions.iter().all(|(_, lots)| i32::try_from(*lots).is_ok());
        if !(long && small) {
            positions.iter().for_each(|(row, lots)| self.add(table, *row, *lots));
            return;
        }
        for (unit, sums) in self.cells.iter_mut().enumerate() {
            let own = positions.iter().filter(|(row, _)| table.line(*row).unit == unit);
            let (rows, lots): (Vec<u32>, Vec<i32>) =
                own.map(|(row, lots)| (row.index() as u32, *lots as i32)).unzip();
            add_products(Width::best(), &rows, &lots, &table.rows(), sums);
        }
        positions.iter().for_each(|(row, lots)| self.add_beside(table, *row, *lots));
    }

    /// Adds all of some lots of a row but what they add to the scenarios of their unit.
    fn add_beside(&mut self, table: &RiskTable, row: RowId, lots: i128) {
        let line = table.line(row);
        add_times(&mut self.buckets[line.bucket], lots, table.sensitivities(row));
        if line.option
            && let Some(sums) = self.expiries.get_mut(line.bucket)
        {
            sums.now += lots * i128::from(table.value_now(row));
            add_times(&mut sums.gains, lots, table.scenario_row(row));
        }
        let held = self.lots.entry(row).or_insert(0);
        let before = *held;
        *held += lots;
        let after = *held;
        if after == 0 {
            self.lots.remove(&row);
        }
        self.deltas[line.unit].exchange(table, row, before, after);
    }

    /// Adds some lots of a unit's coin.
    pub fn add_coins(&mut self, table: &RiskTable, unit: usize, lots: i128) {
        self.coins[unit] += lots;
        let held = self.coins[unit];
        for (column, cell) in self.coin_cells[unit].iter_mut().enumerate() {
            *cell = table.coin_cell(unit, column, held);
        }
    }

    /// Lots held of a unit's coin.
    #[must_use]
    pub fn coins(&self, unit: usize) -> i128 {
        self.coins[unit]
    }

    /// Adds all of another exposure over the same table.
    pub fn merge(&mut self, table: &RiskTable, other: &Self) {
        for (row, lots) in &other.lots {
            self.add(table, *row, *lots);
        }
        for (unit, lots) in other.coins.iter().enumerate() {
            self.add_coins(table, unit, *lots);
        }
    }

    /// Lots held of each row, in order; rows of zero are not there.
    pub fn lots(&self) -> impl Iterator<Item = (RowId, i128)> + '_ {
        self.lots.iter().map(|(row, lots)| (*row, *lots))
    }

    /// Lots held of one row.
    #[must_use]
    pub fn held(&self, row: RowId) -> i128 {
        self.lots.get(&row).copied().unwrap_or(0)
    }

    /// Delta of a unit's contracts, in quanta.
    #[must_use]
    pub fn deltas(&self, unit: usize) -> Deltas {
        self.deltas[unit]
    }

    /// What a unit's coins add to each column, in quanta.
    #[must_use]
    pub fn coin_cells(&self, unit: usize) -> &[i128] {
        &self.coin_cells[unit]
    }

    /// Scenario sums of a unit's contracts, in quanta; its coins apart.
    #[must_use]
    pub fn cells(&self, unit: usize) -> &[i128] {
        &self.cells[unit]
    }

    /// Sums over the options of a bucket; `None` where the table does not net by expiry.
    #[must_use]
    pub fn expiry(&self, bucket: usize) -> Option<&ExpirySums> {
        self.expiries.get(bucket)
    }

    /// Sensitivity sums of a bucket's contracts, in quanta; coins apart.
    #[must_use]
    pub fn bucket(&self, bucket: usize) -> &[i128; 4] {
        &self.buckets[bucket]
    }
}

/// Adds so many lots of a row to the sums of its columns.
fn add_times(sums: &mut [i128], lots: i128, row: &[i64]) {
    // A product of two words is one multiplication, of anything wider three.
    if let Ok(lots) = i64::try_from(lots) {
        for (sum, cell) in sums.iter_mut().zip(row) {
            *sum += i128::from(lots) * i128::from(*cell);
        }
        return;
    }
    for (sum, cell) in sums.iter_mut().zip(row) {
        *sum += lots * i128::from(*cell);
    }
}
