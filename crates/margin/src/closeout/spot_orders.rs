//! An account with open spot orders: all bids or all asks fill, whichever is worse.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/state/user.rs` and
//! `math/{margin,spot_balance}.rs`. Values round down, towards minus infinity; a weight of a value
//! below zero is cut towards zero, as the source cuts it.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// A spot market with open orders, and the quote currency beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotOrders {
    /// Quote balance, in quanta; below zero is owed.
    pub quote: Integer,
    /// Weight of the quote currency.
    pub quote_weight: Integer,
    /// Token balance, in quanta; below zero is owed.
    pub balance: Integer,
    /// Token quanta of open bids, zero or more.
    pub bids: Integer,
    /// Token quanta of open asks, zero or less.
    pub asks: Integer,
    /// Decimal places of the token.
    pub decimals: u32,
    /// Price of the token.
    pub price: Integer,
    /// Weight of the token where it is held.
    pub asset_weight: Integer,
    /// Weight of the token where it is owed.
    pub liability_weight: Integer,
    /// What each open order asks, in quote quanta.
    pub order_charge: Integer,
    /// How many orders are open.
    pub open_orders: Integer,
}

/// What counts for an account and against it, in quote quanta; neither is netted with the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collateral {
    /// What supports margin.
    pub total: Integer,
    /// What is required.
    pub requirement: Integer,
}

impl SpotOrders {
    /// Total collateral and requirement after the worse side fills; of two equal sides the asks.
    ///
    /// # Errors
    /// When bids, the price or a weight are below zero, or asks above it.
    pub fn collateral(&self, places: &Places) -> Result<Collateral, CloseoutError> {
        for (what, one) in [
            ("bids", &self.bids),
            ("asks, sign turned", &-&self.asks),
            ("price", &self.price),
            ("quote weight", &self.quote_weight),
            ("asset weight", &self.asset_weight),
            ("liability weight", &self.liability_weight),
            ("order charge", &self.order_charge),
            ("open orders", &self.open_orders),
        ] {
            at_least(what, 0, one)?;
        }
        let (asks, bids) = (self.filled(&self.asks, places)?, self.filled(&self.bids, places)?);
        let sum = |(balance, quote): &(Integer, Integer)| balance + quote;
        let (balance, order) = if sum(&asks) <= sum(&bids) { asks } else { bids };
        let quote = weighted(&self.quote, &self.quote_weight, places)?;
        let mut found = Collateral {
            requirement: &self.order_charge * &self.open_orders,
            ..Collateral::default()
        };
        for part in [quote, balance, order] {
            if part.is_negative() {
                found.requirement = found.requirement - part;
            } else {
                found.total = found.total + part;
            }
        }
        Ok(found)
    }

    /// Weighted balance after an order fills, and what its fill brings.
    fn filled(
        &self,
        order: &Integer,
        places: &Places,
    ) -> Result<(Integer, Integer), CloseoutError> {
        let power = Places::between(places.price, places.quote) - i64::from(self.decimals);
        let value = |amount: &Integer| (amount * &self.price).scaled(power, Toward::Down);
        let after = value(&(&self.balance + order))?;
        let weight = if after.is_negative() { &self.liability_weight } else { &self.asset_weight };
        Ok((weighted(&after, weight, places)?, value(&-order)?))
    }
}

fn weighted(value: &Integer, weight: &Integer, places: &Places) -> Result<Integer, CloseoutError> {
    (value * weight).over(&Places::one(places.weight)?, Toward::Zero)
}
