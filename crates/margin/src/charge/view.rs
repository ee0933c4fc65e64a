//! What a charge sees of a pool: its exposure, its holdings, the market, and whether open orders
//! are taken to fill against it.

use super::known::Known;
use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::table::{RiskTable, RowId, Sensitivity};
use keelmark_book::{
    Asset, Balance, Decimal, Instrument, InstrumentId, Market, Money, Order, Overflow, Price,
    Quantity, Quote, Round, Sensitivity as GivenSensitivity,
};
use std::collections::{BTreeMap, BTreeSet};

/// Whether open orders count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Positions as they are.
    None,
    /// In each scenario, bucket or position, the subset of open orders that is worst there.
    Worst,
}

/// A pool under evaluation.
#[derive(Clone, Copy)]
pub struct PoolView<'a> {
    /// Prices.
    pub market: &'a Market,
    /// Rows.
    pub table: &'a RiskTable,
    /// Sums.
    pub exposure: &'a Exposure,
    /// Coins and cash held.
    pub collateral: &'a [Balance],
    /// Open orders, in lots.
    pub orders: &'a [(RowId, i128)],
    /// The same orders as they were placed, with their prices.
    pub booked: &'a [Order],
    /// Profit of each perpetual and future in its settlement asset, what is unsettled included.
    pub profits: &'a BTreeMap<InstrumentId, Money>,
    /// Leverage that the holder chose, by instrument.
    pub leverage: &'a BTreeMap<InstrumentId, Decimal>,
    /// Amounts reported by the venue, by name.
    pub reserves: &'a BTreeMap<String, Money>,
    /// Sensitivities that the account carries, in the market's currency.
    pub sensitivities: &'a [GivenSensitivity],
    /// Whether orders count.
    pub fill: Fill,
    /// A fill on top of what is held, in lots: what a prepared what-if asks about.
    pub extra: Option<(RowId, i128)>,
    /// Profit of the extra fill's instrument after it, where the fill changes it.
    pub extra_profit: Option<Money>,
    /// What earlier charges asked of this very view, where that is kept.
    pub known: Option<&'a Known>,
}

/// A held instrument, or one that has open orders.
pub struct Holding<'a> {
    /// Which.
    pub id: InstrumentId,
    /// Its terms.
    pub instrument: &'a Instrument,
    /// Its quote.
    pub quote: &'a Quote,
    /// The quantities to look at: what is held, and where orders count, after all buys and after
    /// all sells. A function that is convex on either side of zero is worst at one of them.
    pub quantities: Quantities,
}

/// The quantities that a holding could be of: what is held, and where orders count two more.
#[derive(Clone, Copy, Debug)]
pub struct Quantities {
    all: [Quantity; 3],
    count: usize,
}

impl std::ops::Deref for Quantities {
    type Target = [Quantity];

    fn deref(&self) -> &[Quantity] {
        &self.all[..self.count]
    }
}

impl<'a> PoolView<'a> {
    /// A scenario sum of a unit in quanta as it counts, with the worst fills where orders count.
    #[must_use]
    pub fn cell(&self, unit: usize, column: usize) -> i128 {
        let mut sum = self.exposure.cells(unit)[column] + self.exposure.coin_cells(unit)[column];
        if let Some((row, lots)) = self.extra
            && self.table.line(row).unit == unit
        {
            sum += lots * i128::from(self.table.scenario_row(row)[column]);
        }
        self.table.weighed(unit, column, sum + self.ordered_cell(unit, column))
    }

    /// What the worst subset of open orders adds to a scenario, in quanta: never above zero.
    #[must_use]
    pub fn ordered_cell(&self, unit: usize, column: usize) -> i128 {
        self.counted_orders()
            .filter(|(row, _)| self.table.line(*row).unit == unit)
            .map(|(row, lots)| (lots * i128::from(self.table.scenario_row(row)[column])).min(0))
            .sum()
    }

    /// Every scenario sum of a unit.
    #[must_use]
    pub fn cells(&self, unit: usize) -> Vec<i128> {
        (0..self.table.cells.len()).map(|column| self.cell(unit, column)).collect()
    }

    /// Lots held of each row, the extra fill included.
    pub fn lots(&self) -> impl Iterator<Item = (RowId, i128)> + '_ {
        let extra = self.extra;
        let known = extra.is_some_and(|(row, _)| self.exposure.held(row) != 0);
        let held = self.exposure.lots().map(move |(row, lots)| match extra {
            Some((other, more)) if other == row => (row, lots + more),
            _ => (row, lots),
        });
        held.chain(extra.filter(|_| !known))
    }

    /// What the options of an expiry are worth now and gain in a column, in quanta, the extra fill
    /// included, orders apart; zero where no charge nets by expiry.
    #[must_use]
    pub fn expiry(&self, bucket: usize, column: usize) -> (i128, i128) {
        let Some(sums) = self.exposure.expiry(bucket) else { return (0, 0) };
        let (mut now, mut gain) = (sums.now, sums.gains.get(column).copied().unwrap_or(0));
        if let Some((row, lots)) = self.extra
            && self.table.line(row).option
            && self.table.line(row).bucket == bucket
        {
            now += lots * i128::from(self.table.value_now(row));
            gain += lots * i128::from(self.table.scenario_row(row)[column]);
        }
        (now, gain)
    }

    /// Sensitivity sums of a bucket in quanta, the extra fill included, orders apart.
    #[must_use]
    pub fn sums(&self, bucket: usize) -> [i128; 4] {
        let mut sums = *self.exposure.bucket(bucket);
        let own = self.table.buckets[bucket].unit;
        if self.table.coin_bucket(own) == bucket {
            sums = self.table.coin_sensitivities(own, self.exposure.coins(own));
        }
        if let Some((row, lots)) =
            self.extra.filter(|(row, _)| self.table.line(*row).bucket == bucket)
        {
            for (sum, one) in sums.iter_mut().zip(self.table.sensitivities(row)) {
                *sum += lots * i128::from(*one);
            }
        }
        sums
    }

    /// Lowest and highest sum of a sensitivity in a bucket that fills can lead to, in quanta.
    #[must_use]
    pub fn bucket(&self, bucket: usize, which: Sensitivity) -> (i128, i128) {
        let held = self.sums(bucket)[which as usize];
        let (mut low, mut high) = (held, held);
        for (row, lots) in self.counted_orders() {
            if self.table.line(row).bucket == bucket {
                let change = lots * i128::from(self.table.sensitivities(row)[which as usize]);
                low += change.min(0);
                high += change.max(0);
            }
        }
        (low, high)
    }

    /// Open orders where they count.
    pub fn counted_orders(&self) -> impl Iterator<Item = (RowId, i128)> + 'a {
        let orders = if self.fill == Fill::Worst { self.orders } else { &[] };
        orders.iter().copied()
    }

    /// Rows held, or that could be held once orders fill, each once and in order.
    #[must_use]
    pub fn rows(&self) -> Vec<RowId> {
        let ordered = self.counted_orders().map(|(row, _)| row);
        let mut rows: Vec<RowId> = self.lots().map(|(row, _)| row).chain(ordered).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Instruments held, or that could be held once orders fill, in the order of rows.
    ///
    /// # Errors
    /// When a quantity does not fit.
    pub fn holdings(&self) -> Result<Vec<Holding<'a>>, MarginError> {
        self.rows().into_iter().map(|row| self.holding(row)).collect()
    }

    /// As [`PoolView::holdings`], with instruments of which only unsettled profit is left.
    ///
    /// # Errors
    /// When a quantity does not fit.
    pub fn holdings_and_profits(&self) -> Result<Vec<Holding<'a>>, MarginError> {
        let profits = self.profits.keys().filter_map(|id| self.table.row(*id));
        let rows: BTreeSet<RowId> = self.rows().into_iter().chain(profits).collect();
        rows.into_iter().map(|row| self.holding(row)).collect()
    }

    /// What is held, or could be, of one row.
    ///
    /// # Errors
    /// When a quantity does not fit.
    pub fn holding(&self, row: RowId) -> Result<Holding<'a>, MarginError> {
        let id = self.table.line(row).instrument;
        let mut held = self.exposure.held(row);
        if let Some((_, more)) = self.extra.filter(|(other, _)| *other == row) {
            held += more;
        }
        let mut counts = [held; 3];
        for (_, change) in self.counted_orders().filter(|(other, _)| *other == row) {
            counts[if change > 0 { 1 } else { 2 }] += change;
        }
        let instrument = self.market.instruments.get(id);
        let lot = instrument.lot.decimal();
        let count = if self.fill == Fill::Worst { counts.len() } else { 1 };
        let mut all = [Quantity::ZERO; 3];
        for (quantity, count) in all.iter_mut().zip(&counts[..count]) {
            let raw = count.checked_mul(lot.raw()).ok_or(Overflow)?;
            *quantity = Quantity::new(Decimal::from_raw(raw));
        }
        let quantities = Quantities { all, count };
        Ok(Holding { id, instrument, quote: self.market.quote(id), quantities })
    }

    /// Open orders as they were placed, where orders count.
    pub fn counted_booked(&self) -> impl Iterator<Item = &'a Order> {
        let orders = if self.fill == Fill::Worst { self.booked } else { &[] };
        orders.iter()
    }

    /// Profit of an instrument in its settlement asset, the extra fill included.
    #[must_use]
    pub fn profit(&self, id: InstrumentId) -> Money {
        match (self.extra, self.extra_profit) {
            (Some((row, _)), Some(profit)) if self.table.line(row).instrument == id => profit,
            _ => self.profits.get(&id).copied().unwrap_or_default(),
        }
    }

    /// Divides what a unit's coins lose, or gain, over the coins that are held: each by its value
    /// where several move with one underlying.
    ///
    /// # Errors
    /// When a price is missing or a number does not fit.
    pub fn coin_parts(
        &self,
        unit: usize,
        whole: Money,
    ) -> Result<Vec<(Asset, Money)>, MarginError> {
        let underlying = &self.table.units[unit].underlying;
        let moves = |asset: &Asset| self.table.moved.iter().any(|(a, u)| a == asset && *u == unit);
        let mut values = Vec::new();
        let mut sum = Money::ZERO;
        for held in self.collateral.iter().filter(|held| moves(&held.asset)) {
            let value = self.convert(held.amount, &held.asset, Round::Nearest)?;
            sum = sum.plus(value)?;
            values.push((held.asset.clone(), value));
        }
        if values.iter().all(|(asset, _)| asset == underlying) || sum.is_zero() {
            return Ok(vec![(underlying.clone(), whole)]);
        }
        for (_, value) in &mut values {
            let share = value.ratio(sum, Round::Nearest)?;
            *value = whole.times(share, Round::Nearest)?;
        }
        Ok(values)
    }

    /// The pool's currency.
    #[must_use]
    pub fn currency(&self) -> &'a Asset {
        &self.table.currency
    }

    /// An amount of an asset in the pool's currency.
    ///
    /// # Errors
    /// When a price is missing or the result does not fit.
    pub fn convert(
        &self,
        amount: Money,
        asset: &Asset,
        round: Round,
    ) -> Result<Money, MarginError> {
        self.convert_between(amount, asset, self.currency(), round)
    }

    /// An amount of an asset in another.
    ///
    /// # Errors
    /// When a price is missing or the result does not fit.
    pub fn convert_between(
        &self,
        amount: Money,
        asset: &Asset,
        into: &Asset,
        round: Round,
    ) -> Result<Money, MarginError> {
        if asset == into {
            return Ok(amount);
        }
        let (from, to) = (self.market.price(asset)?, self.market.price(into)?);
        let converted = amount.decimal().times_over(from.decimal(), to.decimal(), round)?;
        Ok(Money::new(converted))
    }

    /// Coins of a unit in the pool's currency.
    ///
    /// # Errors
    /// When the result does not fit.
    pub fn coins(&self, unit: usize, coins: Decimal, round: Round) -> Result<Money, Overflow> {
        Money::new(coins).at(self.table.units[unit].index, round)
    }

    /// The index of an instrument's underlying, in the instrument's quote currency.
    ///
    /// # Errors
    /// When a price is missing.
    pub fn index_of(&self, instrument: &Instrument) -> Result<Price, MarginError> {
        let base = self.market.price(&instrument.base)?;
        if self.table.at_par && instrument.quote == self.table.currency {
            return Ok(base);
        }
        let quote = match self.market.price(&instrument.quote) {
            Ok(price) => price,
            Err(_) => self.market.price(&self.market.currency)?,
        };
        Ok(Price::new(base.decimal().over(quote.decimal(), Round::Nearest)?))
    }
}
