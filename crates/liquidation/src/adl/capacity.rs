//! How much can be taken at all, and whether more was taken than needed.

use crate::LiquidationError;
use keelmark_book::{Money, Rate, Round};

/// What stands against a deficit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// What must be paid.
    pub deficit: Money,
    /// Profit of all winners.
    pub profit: Money,
    /// Equity of all winners, their collateral included.
    pub equity: Money,
}

impl Capacity {
    /// Whether the profit of winners pays all of it.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.deficit <= self.profit
    }

    /// Whether winners have more than the deficit: it could be paid out of collateral too.
    #[must_use]
    pub fn is_solvent(&self) -> bool {
        self.deficit < self.equity
    }

    /// The largest share of the deficit that profit pays, rounded down.
    ///
    /// # Errors
    /// When a number is below zero or does not fit.
    pub fn share(&self) -> Result<Rate, LiquidationError> {
        if self.deficit.is_negative() || self.profit.is_negative() {
            let found = format!("{} and {}", self.deficit, self.profit);
            return Err(LiquidationError::bad("deficit and profit", "zero or more", found));
        }
        if self.is_enough() {
            return Ok(Rate::ONE);
        }
        Ok(self.profit.ratio(self.deficit, Round::Down)?)
    }

    /// What would have to come out of collateral.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn beyond_profit(&self) -> Result<Money, LiquidationError> {
        Ok(self.deficit.minus(self.profit)?.max(Money::ZERO))
    }
}

/// What was taken beyond a shortfall; below zero what is missing.
///
/// # Errors
/// When it does not fit.
pub fn overshoot(taken: &[Money], shortfall: Money) -> Result<Money, LiquidationError> {
    Ok(Money::sum(taken.iter().copied())?.minus(shortfall)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profit_pays_a_share_where_it_is_not_enough() {
        let of = |deficit| Capacity {
            deficit: Money::from_int(deficit),
            profit: Money::from_int(10),
            equity: Money::from_int(18),
        };
        assert_eq!(of(5).share().unwrap(), Rate::ONE);
        assert_eq!(of(20).share().unwrap().to_string(), "0.5");
        assert_eq!(of(20).beyond_profit().unwrap(), Money::from_int(10));
        assert!(of(17).is_solvent() && !of(18).is_solvent() && of(-1).share().is_err());
        let taken = [Money::from_int(3), Money::from_int(4)];
        assert_eq!(overshoot(&taken, Money::from_int(5)).unwrap(), Money::from_int(2));
    }
}
