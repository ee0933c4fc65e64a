//! What a lending pool and its price feeds say about an asset, beside the index price.
//!
//! A second price that follows the first slowly is what models with strict prices compare it with:
//! assets count at the lower of the two, debts at the higher. Deposits and borrows of the whole
//! pool are what weights scale with.

use crate::asset::Asset;
use crate::instruments::InstrumentId;
use crate::market::{Market, MarketError};
use keelmark_units::{Money, Price};

/// What a pool of all accounts holds and has lent of an asset, in units of the asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Lent {
    /// What was deposited.
    pub deposits: Option<Money>,
    /// What was borrowed.
    pub borrows: Option<Money>,
}

impl Lent {
    pub(crate) fn check(&self, asset: &Asset) -> Result<(), MarketError> {
        for (what, amount) in [("deposits", self.deposits), ("borrows", self.borrows)] {
            if let Some(amount) = amount.filter(|amount| amount.is_negative()) {
                let problem = format!("{what}: expected zero or more, found {amount}");
                return Err(MarketError::BadQuote { instrument: asset.to_string(), problem });
            }
        }
        Ok(())
    }
}

impl Market {
    /// Sets the slower price of an asset, in the market's currency.
    ///
    /// # Errors
    /// When it is not above zero.
    pub fn set_slow(&mut self, asset: Asset, price: Price) -> Result<(), MarketError> {
        above_zero(asset.as_str(), price)?;
        self.slow.insert(asset, price);
        Ok(())
    }

    /// Sets the slower price of an instrument, in the mark's unit.
    ///
    /// # Errors
    /// When it is not above zero.
    pub fn set_slow_mark(&mut self, id: InstrumentId, price: Price) -> Result<(), MarketError> {
        above_zero(&self.instruments.get(id).venue_symbol, price)?;
        self.slow_marks.insert(id, price);
        Ok(())
    }

    /// Forgets the slower price of an asset.
    pub fn clear_slow(&mut self, asset: &Asset) {
        self.slow.remove(asset);
    }

    /// Forgets the slower price of an instrument.
    pub fn clear_slow_mark(&mut self, id: InstrumentId) {
        self.slow_marks.remove(&id);
    }

    /// Sets what a lending pool has of an asset.
    ///
    /// # Errors
    /// When an amount is below zero.
    pub fn set_lent(&mut self, asset: Asset, lent: Lent) -> Result<(), MarketError> {
        lent.check(&asset)?;
        if lent != Lent::default() {
            self.lent.insert(asset, lent);
        }
        Ok(())
    }

    /// The slower price of an asset, where a feed gives one.
    #[must_use]
    pub fn slow(&self, asset: &Asset) -> Option<Price> {
        self.slow.get(asset).copied()
    }

    /// The slower price of an instrument, where a feed gives one.
    #[must_use]
    pub fn slow_mark(&self, id: InstrumentId) -> Option<Price> {
        self.slow_marks.get(&id).copied()
    }

    /// What a lending pool has of an asset, where the market says so.
    #[must_use]
    pub fn lent(&self, asset: &Asset) -> Lent {
        self.lent.get(asset).copied().unwrap_or_default()
    }

    /// Whether anything of this file is known of any asset or instrument.
    #[must_use]
    pub fn has_lending(&self) -> bool {
        !(self.slow.is_empty() && self.slow_marks.is_empty() && self.lent.is_empty())
    }
}

pub(crate) fn above_zero(name: &str, price: Price) -> Result<(), MarketError> {
    if price.is_positive() {
        return Ok(());
    }
    let problem = format!("slow: expected a price above zero, found {price}");
    Err(MarketError::BadQuote { instrument: name.to_owned(), problem })
}
