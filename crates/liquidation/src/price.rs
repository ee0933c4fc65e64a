//! Prices at which a position fails, and what closing some of it costs.
//!
//! Source of the forms: the appendix on liquidation mechanics of Chitra and others on
//! auto-deleveraging (2025).

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Price, Quantity, Rate, Round};

/// Which way a position profits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// From a rise.
    Long,
    /// From a fall.
    Short,
}

/// A linear position on its own collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which way.
    pub side: Side,
    /// Coins, above zero.
    pub size: Quantity,
    /// The price from which its profit counts.
    pub from: Price,
    /// What it has beside that profit, in the quote currency.
    pub collateral: Money,
}

impl Position {
    fn check(&self) -> Result<(), LiquidationError> {
        if self.size.is_positive() {
            return Ok(());
        }
        Err(LiquidationError::bad("size of the position", "above zero", self.size))
    }

    /// The price at which nothing is left of it; zero where none above it does that.
    ///
    /// # Errors
    /// When the size is not above zero or a number does not fit.
    pub fn bankruptcy(&self) -> Result<Price, LiquidationError> {
        self.check()?;
        // A little early, on either side.
        let per_coin = self.collateral.decimal().over(self.size.decimal(), Round::Down)?;
        let from = self.from.decimal();
        let found = match self.side {
            Side::Long => from.minus(per_coin)?,
            Side::Short => from.plus(per_coin)?,
        };
        Ok(Price::new(found.max(Decimal::ZERO)))
    }

    /// The price at which it has just the maintenance margin of that price; zero where none above
    /// it does that.
    ///
    /// # Errors
    /// As [`Position::bankruptcy`], and when maintenance is not between zero and one.
    pub fn liquidation(&self, maintenance: Rate) -> Result<Price, LiquidationError> {
        if maintenance.is_negative() || maintenance >= Rate::ONE {
            return Err(LiquidationError::bad("maintenance", "from 0 to below 1", maintenance));
        }
        let bankruptcy = self.bankruptcy()?.decimal();
        let kept = maintenance.decimal();
        let (left, early) = match self.side {
            Side::Long => (Decimal::ONE.minus(kept)?, Round::Up),
            Side::Short => (Decimal::ONE.plus(kept)?, Round::Down),
        };
        Ok(Price::new(bankruptcy.over(left, early)?))
    }
}

/// The price at which an inverse position opened at a leverage has nothing left: its loss in coins
/// is what was put up for it. Towards where it stands.
///
/// # Errors
/// When the leverage is not above zero, above one for a short, or the result does not fit.
pub fn inverse_bankruptcy(
    entry: Price,
    leverage: Decimal,
    side: Side,
) -> Result<Price, LiquidationError> {
    let (over, early, least) = match side {
        Side::Long => (leverage.plus(Decimal::ONE)?, Round::Up, Decimal::ZERO),
        Side::Short => (leverage.minus(Decimal::ONE)?, Round::Down, Decimal::ONE),
    };
    if leverage <= least {
        let expected = "above 0, and above 1 for a short";
        return Err(LiquidationError::bad("leverage", expected, leverage));
    }
    Ok(Price::new(entry.decimal().times_over(leverage, over, early)?))
}

/// A close that moves the price: by `impact` a coin, evenly from first to last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Close {
    /// Coins closed, zero or more.
    pub slice: Quantity,
    /// How far a coin moves the price, zero or more.
    pub impact: Decimal,
}

impl Close {
    /// The price at which it is done on average, against the position.
    ///
    /// # Errors
    /// When a number is below zero or the result does not fit.
    pub fn execution(&self, side: Side, mark: Price) -> Result<Price, LiquidationError> {
        if self.slice.is_negative() {
            return Err(LiquidationError::bad("slice", "zero or more", self.slice));
        }
        if self.impact.is_negative() {
            return Err(LiquidationError::bad("impact", "zero or more", self.impact));
        }
        let moved = self.slice.decimal().times(self.impact, Round::Up)?;
        let half = moved.over(Decimal::from_int(2), Round::Up)?;
        Ok(Price::new(match side {
            Side::Long => mark.decimal().minus(half)?,
            Side::Short => mark.decimal().plus(half)?,
        }))
    }

    /// What the close loses beyond the collateral: the slice at how far its execution is past the
    /// bankruptcy price, rounded up.
    ///
    /// # Errors
    /// As [`Close::execution`].
    pub fn shortfall(&self, of: &Position) -> Result<Money, LiquidationError> {
        let (bankruptcy, execution) = (of.bankruptcy()?, self.execution(of.side, of.from)?);
        let past = match of.side {
            Side::Long => bankruptcy.minus(execution)?,
            Side::Short => execution.minus(bankruptcy)?,
        };
        let lost = past.decimal().max(Decimal::ZERO).times(self.slice.decimal(), Round::Up)?;
        Ok(Money::new(lost))
    }
}

/// What a venue takes for a close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fee {
    /// Whatever the size.
    pub fixed: Money,
    /// Of what is closed at the mark.
    pub of_mark: Rate,
    /// Of what is closed at its execution.
    pub of_execution: Rate,
}

impl Fee {
    /// The fee, rounded up.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn of(
        &self,
        size: Quantity,
        mark: Price,
        execution: Price,
    ) -> Result<Money, LiquidationError> {
        let share =
            |rate: Rate, price: Price| price.times(size.abs(), Round::Up)?.times(rate, Round::Up);
        let sum = share(self.of_mark, mark)?.plus(share(self.of_execution, execution)?)?;
        Ok(self.fixed.plus(sum)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(side: Side, collateral: &str) -> Position {
        let size = Quantity::from_int(3);
        Position { side, size, from: Price::from_int(1), collateral: collateral.parse().unwrap() }
    }

    #[test]
    fn both_sides_fail_a_little_early() {
        // A third has no end: 1 - 1/3 rounds up, 1 + 1/3 down.
        let long = position(Side::Long, "1").bankruptcy().unwrap();
        let short = position(Side::Short, "1").bankruptcy().unwrap();
        assert_eq!(long.to_string(), "0.666666666666666667");
        assert_eq!(short.to_string(), "1.333333333333333333");
        let maintenance = Rate::new("0.1".parse().unwrap());
        assert!(position(Side::Long, "1").liquidation(maintenance).unwrap() > long);
        assert!(position(Side::Short, "1").liquidation(maintenance).unwrap() < short);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let none = Position { size: Quantity::ZERO, ..position(Side::Long, "1") };
        assert!(none.bankruptcy().is_err());
        assert!(position(Side::Long, "1").liquidation(Rate::ONE).is_err());
        let close = Close { slice: Quantity::from_int(-1), impact: Decimal::ONE };
        assert!(close.execution(Side::Long, Price::from_int(1)).is_err());
    }
}
