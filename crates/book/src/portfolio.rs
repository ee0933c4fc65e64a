//! What is held: one account's collateral, positions and open orders.

use crate::asset::Asset;
use crate::instruments::InstrumentId;
use crate::sensitivity::Sensitivity;
use keelmark_units::{Decimal, Money, Overflow, Price, Quantity};
use std::collections::BTreeMap;

/// Many accounts.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// The accounts, in the order of the file.
    pub accounts: Vec<Portfolio>,
    /// What the reader of the file should be told: unused columns and the like.
    pub notes: Vec<String>,
}

/// One account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Portfolio {
    /// The account's name.
    pub account: String,
    /// What it holds outright: deposits and cash, negative where it owes.
    pub collateral: Vec<Balance>,
    /// Its positions. Two positions in one instrument and one pool are their sum.
    pub positions: Vec<Position>,
    /// Its open orders.
    pub orders: Vec<Order>,
    /// Amounts that the venue reports and a document may add by name (`mmp`, `spot` …), each in
    /// the pool's currency.
    pub reserves: BTreeMap<String, Money>,
    /// Profit of perpetuals and futures that was realised, funding included, and not yet paid into
    /// the collateral: in the settlement asset of each instrument.
    pub unsettled: BTreeMap<InstrumentId, Money>,
    /// Sensitivities given from outside, beside or instead of positions. Equal keys are summed.
    pub sensitivities: Vec<Sensitivity>,
}

/// An amount of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Which asset.
    pub asset: Asset,
    /// How much; below zero is owed.
    pub amount: Money,
}

/// A signed holding of an instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Contracts, long above zero.
    pub quantity: Quantity,
    /// Average entry price in the mark's unit; absent when profit was settled to now.
    pub avg_price: Option<Price>,
    /// The leverage that the holder chose, where the venue lets one.
    pub leverage: Option<Decimal>,
    /// Whether it shares the account's collateral or has its own.
    pub isolation: Isolation,
}

/// Whether a position stands on its own collateral.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Shares the collateral of its pool, as the document says.
    #[default]
    Shared,
    /// Has its own collateral, in its settlement asset, whatever the document says.
    Own(Money),
}

/// An open order.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Which instrument.
    pub instrument: InstrumentId,
    /// Contracts still open, buy above zero.
    pub quantity: Quantity,
    /// Limit price in the mark's unit; absent for a market order.
    pub price: Option<Price>,
}

impl Position {
    /// A position in the shared pool, entered at `avg_price`.
    #[must_use]
    pub fn new(instrument: InstrumentId, quantity: Quantity, avg_price: Option<Price>) -> Self {
        Self { instrument, quantity, avg_price, leverage: None, isolation: Isolation::Shared }
    }
}

impl Portfolio {
    /// An empty account.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self { account: account.to_owned(), ..Self::default() }
    }

    /// Adds an amount of an asset to the collateral.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    pub fn deposit(&mut self, asset: Asset, amount: Money) -> Result<(), Overflow> {
        if let Some(held) = self.collateral.iter_mut().find(|held| held.asset == asset) {
            held.amount = held.amount.plus(amount)?;
        } else {
            self.collateral.push(Balance { asset, amount });
        }
        Ok(())
    }

    /// The collateral of this account together with that of another, and both their positions.
    ///
    /// # Errors
    /// [`Overflow`] when a sum does not fit.
    pub fn union(&self, other: &Self) -> Result<Self, Overflow> {
        let mut both = self.clone();
        for held in &other.collateral {
            both.deposit(held.asset.clone(), held.amount)?;
        }
        both.positions.extend(other.positions.iter().cloned());
        both.orders.extend(other.orders.iter().cloned());
        both.sensitivities.extend(other.sensitivities.iter().cloned());
        for (name, amount) in &other.reserves {
            let sum = both.reserves.entry(name.clone()).or_default();
            *sum = sum.plus(*amount)?;
        }
        for (id, amount) in &other.unsettled {
            let sum = both.unsettled.entry(*id).or_default();
            *sum = sum.plus(*amount)?;
        }
        Ok(both)
    }
}
