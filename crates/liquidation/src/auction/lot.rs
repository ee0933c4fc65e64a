//! A lot of collateral sold for a debt: a bid takes some of it, the debt is never overpaid, and
//! what is left of either is never dust.
//!
//! Source: `take` of Maker's `clip.sol`.

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Price, Quantity, Round};

/// What is sold, and for which debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lot {
    /// What is owed.
    pub owed: Money,
    /// What is for sale.
    pub lot: Quantity,
}

/// A bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The price that is asked.
    pub price: Price,
    /// The most that the bidder pays.
    pub limit: Price,
    /// How much he wants.
    pub wanted: Quantity,
    /// A debt that is smaller than this may not be left.
    pub dust: Money,
}

/// What a bid did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the bidder gets, rounded down.
    pub slice: Quantity,
    /// What he pays, rounded up.
    pub paid: Money,
    /// What is left.
    pub left: Lot,
    /// Whether debt or lot is used up.
    pub closed: bool,
    /// What goes back to the owner once the debt is paid.
    pub refund: Quantity,
}

/// Why a bid takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsold {
    /// More is asked than the bidder pays.
    TooExpensive,
    /// A part would leave dust, and the debt is so small that no part leaves none.
    NoPart,
}

impl Lot {
    /// What a bid does, or why nothing.
    ///
    /// # Errors
    /// When a number makes no sense or does not fit.
    pub fn take(&self, bid: &Sale) -> Result<Result<Taken, Unsold>, LiquidationError> {
        self.check(bid)?;
        if bid.price > bid.limit {
            return Ok(Err(Unsold::TooExpensive));
        }
        let mut slice = self.lot.min(bid.wanted);
        let mut paid = bid.price.times(slice, Round::Up)?;
        if paid > self.owed {
            paid = self.owed;
            slice = bought(paid, bid.price)?;
        } else if paid < self.owed && slice < self.lot && self.owed.minus(paid)? < bid.dust {
            if self.owed <= bid.dust {
                return Ok(Err(Unsold::NoPart));
            }
            paid = self.owed.minus(bid.dust)?;
            slice = bought(paid, bid.price)?;
        }
        let left = Self { owed: self.owed.minus(paid)?, lot: self.lot.minus(slice)? };
        let refund = if left.owed.is_zero() { left.lot } else { Quantity::ZERO };
        let closed = left.owed.is_zero() || left.lot.is_zero();
        Ok(Ok(Taken { slice, paid, left, closed, refund }))
    }

    fn check(&self, bid: &Sale) -> Result<(), LiquidationError> {
        if !bid.price.is_positive() {
            return Err(LiquidationError::bad("price asked", "above zero", bid.price));
        }
        if !bid.wanted.is_positive() {
            return Err(LiquidationError::bad("amount wanted", "above zero", bid.wanted));
        }
        if !self.lot.is_positive() {
            return Err(LiquidationError::bad("lot", "above zero", self.lot));
        }
        if self.owed.is_negative() {
            return Err(LiquidationError::bad("debt", "zero or more", self.owed));
        }
        Ok(())
    }
}

fn bought(paid: Money, price: Price) -> Result<Quantity, LiquidationError> {
    let bought: Decimal = paid.decimal().over(price.decimal(), Round::Down)?;
    Ok(Quantity::new(bought))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bid(price: i64, wanted: i64, dust: i64) -> Sale {
        Sale {
            price: Price::from_int(price),
            limit: Price::from_int(price),
            wanted: Quantity::from_int(wanted),
            dust: Money::from_int(dust),
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_dust_is_left(
            owed in 0i64..500, lot in 1i64..100, price in 1i64..20, wanted in 1i64..120,
            dust in 0i64..60,
        ) {
            let before = Lot { owed: Money::from_int(owed), lot: Quantity::from_int(lot) };
            let bid = bid(price, wanted, dust);
            if let Ok(taken) = before.take(&bid).unwrap() {
                prop_assert_eq!(taken.paid.plus(taken.left.owed).unwrap(), before.owed);
                prop_assert_eq!(taken.slice.plus(taken.left.lot).unwrap(), before.lot);
                let price_paid = bid.price.times(taken.slice, Round::Up).unwrap();
                prop_assert!(taken.paid >= price_paid);
                prop_assert!(taken.closed || taken.left.owed >= bid.dust);
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let lot = Lot { owed: Money::from_int(1), lot: Quantity::from_int(1) };
        assert!(lot.take(&bid(0, 1, 0)).is_err());
        assert!(lot.take(&bid(1, 0, 0)).is_err());
        assert!(Lot { lot: Quantity::ZERO, ..lot }.take(&bid(1, 1, 0)).is_err());
    }
}
