//! What a charge sees of a pool: its exposure, its holdings, the market, and whether open orders
//! are taken to fill against it.

use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::table::{RiskTable, RowId, Sensitivity};
use keelmark_book::{
    Asset, Balance, Decimal, Instrument, InstrumentId, Market, Money, Overflow, Price, Quantity,
    Quote, Round,
};
use std::collections::BTreeMap;

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
    /// Leverage that the holder chose, by instrument.
    pub leverage: &'a BTreeMap<InstrumentId, Decimal>,
    /// Amounts reported by the venue, by name.
    pub reserves: &'a BTreeMap<String, Money>,
    /// Whether orders count.
    pub fill: Fill,
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
    pub quantities: Vec<Quantity>,
}

impl<'a> PoolView<'a> {
    /// Scenario sums of a unit in quanta, with the worst fills where orders count.
    #[must_use]
    pub fn cells(&self, unit: usize) -> Vec<i128> {
        let mut cells = self.exposure.cells(unit).to_vec();
        for (row, lots) in self.counted_orders() {
            if self.table.line(row).unit == unit {
                for (sum, cell) in cells.iter_mut().zip(self.table.scenario_row(row)) {
                    *sum += (lots * i128::from(*cell)).min(0);
                }
            }
        }
        cells
    }

    /// Lowest and highest sum of a sensitivity in a bucket that fills can lead to, in quanta.
    #[must_use]
    pub fn bucket(&self, bucket: usize, which: Sensitivity) -> (i128, i128) {
        let held = self.exposure.bucket(bucket)[which as usize];
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

    /// Instruments held, or that could be held once orders fill, in the order of rows.
    ///
    /// # Errors
    /// When a quantity does not fit.
    pub fn holdings(&self) -> Result<Vec<Holding<'a>>, MarginError> {
        let mut lots: BTreeMap<RowId, [i128; 3]> =
            self.exposure.lots().map(|(row, held)| (row, [held; 3])).collect();
        for (row, change) in self.counted_orders() {
            let entry = lots.entry(row).or_insert([0; 3]);
            entry[if change > 0 { 1 } else { 2 }] += change;
        }
        let mut out = Vec::new();
        for (row, counts) in lots {
            let Some(id) = self.table.line(row).instrument else { continue };
            let instrument = self.market.instruments.get(id);
            let lot = instrument.lot.decimal();
            let mut quantities = Vec::new();
            for count in if self.fill == Fill::Worst { &counts[..] } else { &counts[..1] } {
                let raw = count.checked_mul(lot.raw()).ok_or(Overflow)?;
                quantities.push(Quantity::new(Decimal::from_raw(raw)));
            }
            out.push(Holding { id, instrument, quote: self.market.quote(id), quantities });
        }
        Ok(out)
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
        let quote = match self.market.price(&instrument.quote) {
            Ok(price) => price,
            Err(_) => self.market.price(&self.market.currency)?,
        };
        Ok(Price::new(base.decimal().over(quote.decimal(), Round::Nearest)?))
    }
}
