//! Deposits that stand ready to absorb debts: each debt is taken from all of them alike, and the
//! collateral behind it divided the same way, at a cost that does not depend on how many there are.
//!
//! Source: product-sum accounting of a stability pool (Liquity, "Scalable reward distribution with
//! compounding stakes").

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Round};

/// What all deposits together have been through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absorber {
    /// What is left of one unit deposited at the start.
    pub product: Decimal,
    /// Collateral that one unit deposited at the start has received.
    pub sum: Decimal,
    /// All deposits as they are now.
    pub total: Money,
}

/// A deposit, with what all deposits had been through before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deposit {
    amount: Money,
    product: Decimal,
    sum: Decimal,
}

/// What has become of a deposit; both rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// What is left of it.
    pub left: Money,
    /// The collateral that it received.
    pub collateral: Decimal,
}

impl Default for Absorber {
    fn default() -> Self {
        Self { product: Decimal::ONE, sum: Decimal::ZERO, total: Money::ZERO }
    }
}

impl Absorber {
    /// Takes a deposit.
    ///
    /// # Errors
    /// When the amount is not above zero, nothing is left of a unit, or the total does not fit.
    pub fn deposit(&mut self, amount: Money) -> Result<Deposit, LiquidationError> {
        if !amount.is_positive() {
            return Err(LiquidationError::bad("deposit", "above zero", amount));
        }
        if !self.product.is_positive() {
            let all = "a pool that was not used up";
            return Err(LiquidationError::bad("pool", all, self.product));
        }
        self.total = self.total.plus(amount)?;
        Ok(Deposit { amount, product: self.product, sum: self.sum })
    }

    /// Pays a debt out of all deposits and divides its collateral.
    ///
    /// # Errors
    /// When a number is below zero, the debt is more than the deposits, or a result does not fit.
    pub fn absorb(&mut self, debt: Money, collateral: Decimal) -> Result<(), LiquidationError> {
        if debt.is_negative() || debt > self.total || !self.total.is_positive() {
            return Err(LiquidationError::bad("debt", "from 0 to all deposits", debt));
        }
        if collateral.is_negative() {
            return Err(LiquidationError::bad("collateral", "zero or more", collateral));
        }
        let total = self.total.decimal();
        let received = collateral.times_over(self.product, total, Round::Down)?;
        let left = self.total.minus(debt)?;
        let product = self.product.times_over(left.decimal(), total, Round::Down)?;
        *self = Self { product, sum: self.sum.plus(received)?, total: left };
        Ok(())
    }

    /// What has become of a deposit.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn share(&self, of: &Deposit) -> Result<Share, LiquidationError> {
        let amount = of.amount.decimal();
        let left = Money::new(amount.times_over(self.product, of.product, Round::Down)?);
        let received = self.sum.minus(of.sum)?;
        let collateral = amount.times_over(received, of.product, Round::Down)?;
        Ok(Share { left, collateral })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_deposit_has_no_part_in_what_was_before() {
        let mut pool = Absorber::default();
        let first = pool.deposit(Money::from_int(100)).unwrap();
        pool.absorb(Money::from_int(50), Decimal::from_int(1)).unwrap();
        let second = pool.deposit(Money::from_int(50)).unwrap();
        pool.absorb(Money::from_int(40), Decimal::from_int(2)).unwrap();
        let (one, two) = (pool.share(&first).unwrap(), pool.share(&second).unwrap());
        assert_eq!((one.left, two.left), (Money::from_int(30), Money::from_int(30)));
        assert_eq!(one.collateral, Decimal::from_int(2));
        assert_eq!(two.collateral, Decimal::from_int(1));
        assert!(pool.absorb(Money::from_int(61), Decimal::ZERO).is_err());
    }
}
