//! Tiers of expiries that a charge looks at apart, as if each were an underlying of its own.
//!
//! Where expiries move too little alike, a clearing house scans them apart, or lets them spread
//! apart against others. What no tier reaches, coins with it, is a part of its own.

use super::PoolView;
use super::spread_plan::{Tier, read_tiers};
use crate::document::Fields;
use crate::table::{Line, Sensitivity};
use keelmark_book::{InputError, Timestamp};
use std::collections::BTreeMap;

/// Tiers for every underlying, and those of single ones.
#[derive(Debug, Default)]
pub(super) struct Tiers {
    every: Vec<Tier>,
    by: BTreeMap<String, Vec<Tier>>,
}

/// A part of a unit: one of its tiers, what is in none, or all of it where it has none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Apart<'t> {
    /// Index of the unit.
    pub unit: usize,
    tiers: &'t [Tier],
    /// Which of the tiers; none for what is in no tier.
    at: Option<usize>,
    now: Timestamp,
}

impl Tiers {
    pub fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let every = read_apart(fields)?;
        let mut by = BTreeMap::new();
        if let Some(node) = fields.get("by") {
            for (name, node) in Fields::of(node)?.all() {
                let mut inner = Fields::of(node)?;
                by.insert(name.to_ascii_uppercase(), read_apart(&mut inner)?);
                inner.done()?;
            }
        }
        Ok(Self { every, by })
    }

    pub fn of(&self, underlying: &str) -> &[Tier] {
        self.by.get(underlying).unwrap_or(&self.every)
    }

    /// Whether every underlying is looked at as a whole.
    pub fn is_empty(&self) -> bool {
        self.every.is_empty() && self.by.values().all(Vec::is_empty)
    }

    /// The parts of a unit: the whole of it where it has no tiers.
    pub fn parts<'t>(
        &'t self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> impl Iterator<Item = Apart<'t>> + use<'t> {
        let tiers = self.of(pool.table.units[unit].underlying.as_str());
        let now = pool.market.as_of;
        let each = (0..tiers.len()).map(Some).chain([None]);
        each.map(move |at| Apart { unit, tiers, at, now })
    }
}

/// Tiers of which none shares an expiry with another: its losses would count twice.
fn read_apart(fields: &mut Fields<'_>) -> Result<Vec<Tier>, InputError> {
    let tiers = read_tiers(fields)?;
    for (at, one) in tiers.iter().enumerate() {
        if let Some(other) = tiers[..at].iter().find(|other| other.reach.meets(one.reach)) {
            return Err(fields.error(format!(
                "tiers: expected each month in one tier, found {:?} and {:?} that share one",
                other.name, one.name
            )));
        }
    }
    Ok(tiers)
}

impl<'t> Apart<'t> {
    /// The tier's name; none for what is in no tier.
    pub fn name(&self) -> Option<&'t str> {
        self.at.map(|at| self.tiers[at].name.as_str())
    }

    /// Whether it is the unit as a whole.
    pub fn is_whole(&self) -> bool {
        self.tiers.is_empty()
    }

    fn holds(&self, expiry: Option<Timestamp>) -> bool {
        match self.at {
            Some(at) => self.tiers[at].reach.holds(expiry, self.now),
            None => !self.tiers.iter().any(|tier| tier.reach.holds(expiry, self.now)),
        }
    }

    /// Whether a row is in it.
    pub fn has(&self, pool: &PoolView<'_>, line: Line) -> bool {
        line.unit == self.unit && self.holds(pool.table.buckets[line.bucket].expiry)
    }

    /// Whether the coins of the unit are in it: they are in no tier, since they never expire.
    pub fn has_coins(&self) -> bool {
        self.at.is_none()
    }

    /// Scenario sums of it in quanta as they count, with the worst fills where orders count.
    pub fn cells(&self, pool: &PoolView<'_>) -> Vec<i128> {
        if self.is_whole() {
            return pool.cells(self.unit);
        }
        let table = pool.table;
        let mut sums = if self.has_coins() {
            pool.exposure.coin_cells(self.unit).to_vec()
        } else {
            vec![0; table.cells.len()]
        };
        for (row, lots) in pool.lots().filter(|(row, _)| self.has(pool, table.line(*row))) {
            for (sum, cell) in sums.iter_mut().zip(table.scenario_row(row)) {
                *sum += lots * i128::from(*cell);
            }
        }
        let orders = pool.counted_orders();
        for (row, lots) in orders.filter(|(row, _)| self.has(pool, table.line(*row))) {
            for (sum, cell) in sums.iter_mut().zip(table.scenario_row(row)) {
                *sum += (lots * i128::from(*cell)).min(0);
            }
        }
        let weighed = |(column, sum)| table.weighed(self.unit, column, sum);
        sums.into_iter().enumerate().map(weighed).collect()
    }

    /// Lowest and highest delta that fills can lead to, in quanta; both that of what is held where
    /// orders do not count.
    pub fn deltas(&self, pool: &PoolView<'_>) -> (i128, i128) {
        let (mut low, mut high) = (0i128, 0i128);
        for (at, bucket) in pool.table.buckets.iter().enumerate() {
            let own = if bucket.coin { self.has_coins() } else { self.holds(bucket.expiry) };
            if own && bucket.unit == self.unit {
                let (own_low, own_high) = pool.bucket(at, Sensitivity::Delta);
                (low, high) = (low + own_low, high + own_high);
            }
        }
        (low, high)
    }
}
