//! How much is closed: the smallest trade that brings a position back to its target, its own cost
//! included.
//!
//! Both forms are of one linear position; shares of a whole account stand in
//! [`keelmark_margin::partial`].

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Price, Quantity, Rate, Round};

/// A position that is too small in equity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distressed {
    /// Equity at the mark.
    pub equity: Money,
    /// Coins, above zero.
    pub size: Quantity,
    /// The mark.
    pub mark: Price,
}

/// How much is closed, and how that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Coins, rounded up.
    pub size: Quantity,
    /// Whether that is all of it.
    pub whole: bool,
    /// Below zero no size is enough.
    pub discriminant: Decimal,
    /// The size that would be enough, if there is one: it may be more than there is.
    pub root: Option<Quantity>,
}

/// What became of a close to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToTarget {
    /// Share of the position that is closed, rounded up, at most one.
    pub share: Rate,
    /// Equity after it, rounded down.
    pub equity: Money,
}

impl Distressed {
    fn check(&self) -> Result<(), LiquidationError> {
        if !self.size.is_positive() {
            return Err(LiquidationError::bad("size of the position", "above zero", self.size));
        }
        if !self.mark.is_positive() {
            return Err(LiquidationError::bad("mark", "above zero", self.mark));
        }
        Ok(())
    }

    fn notional(&self) -> Result<Decimal, LiquidationError> {
        Ok(self.mark.times(self.size, Round::Up)?.decimal())
    }

    /// The smallest close after which equity is the maintenance margin of what is left, where each
    /// coin moves the price by `impact` and the close costs `fee` whatever its size; all of it
    /// where none does. `None` where nothing need be closed.
    ///
    /// It is the smaller root of `impact/2 x^2 - m x + (m q - e + fee)`, `m` the maintenance of a
    /// coin: Chitra and others (2025), appendix.
    ///
    /// # Errors
    /// When a number makes no sense or does not fit.
    pub fn with_impact(
        &self,
        maintenance: Rate,
        impact: Decimal,
        fee: Money,
    ) -> Result<Option<Slice>, LiquidationError> {
        self.check()?;
        if impact.is_negative() {
            return Err(LiquidationError::bad("impact", "zero or more", impact));
        }
        let per_coin = self.mark.decimal().times(maintenance.decimal(), Round::Up)?;
        let required = per_coin.times(self.size.decimal(), Round::Up)?;
        if self.equity.decimal() >= required {
            return Ok(None);
        }
        let missing = required.minus(self.equity.decimal())?.plus(fee.decimal())?;
        let (discriminant, root) = smaller_root(impact, per_coin, missing)?;
        let root = root.map(Quantity::new);
        let enough = root.filter(|root| *root <= self.size);
        let (size, whole) = (enough.unwrap_or(self.size), enough.is_none());
        Ok(Some(Slice { size, whole, discriminant, root }))
    }

    /// The share whose close brings equity to `target` of what is left, where a close costs `cost`
    /// of its notional; all of it where no smaller does.
    ///
    /// # Errors
    /// When the target is not above the cost or a number does not fit.
    pub fn to_target(&self, target: Rate, cost: Rate) -> Result<ToTarget, LiquidationError> {
        self.check()?;
        if cost.is_negative() {
            return Err(LiquidationError::bad("cost of a close", "zero or more", cost));
        }
        if target <= cost {
            return Err(LiquidationError::bad("target", "above the cost of a close", target));
        }
        let notional = self.notional()?;
        let missing = notional.times(target.decimal(), Round::Up)?.minus(self.equity.decimal())?;
        let gained = target.minus(cost)?.decimal();
        let share =
            missing.max(Decimal::ZERO).over(notional, Round::Up)?.over(gained, Round::Up)?;
        let share = share.min(Decimal::ONE);
        let paid = notional.times(share, Round::Up)?.times(cost.decimal(), Round::Up)?;
        let equity = Money::new(self.equity.decimal().minus(paid)?);
        Ok(ToTarget { share: Rate::new(share), equity })
    }
}

/// The discriminant of `impact/2 x^2 - per_coin x + missing = 0` and its smaller root, rounded up.
fn smaller_root(
    impact: Decimal,
    per_coin: Decimal,
    missing: Decimal,
) -> Result<(Decimal, Option<Decimal>), LiquidationError> {
    let two = Decimal::from_int(2);
    let under = two.times(impact, Round::Up)?.times(missing, Round::Up)?;
    let discriminant = per_coin.times(per_coin, Round::Down)?.minus(under)?;
    if discriminant.is_negative() {
        return Ok((discriminant, None));
    }
    // 2c / (b + sqrt(..)): no difference of close numbers, and no division by a small impact.
    let below = per_coin.plus(discriminant.sqrt(Round::Down)?)?;
    if below.is_zero() {
        return Ok((discriminant, None));
    }
    Ok((discriminant, Some(two.times(missing, Round::Up)?.over(below, Round::Up)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(equity: &str) -> Distressed {
        let (size, mark) = (Quantity::from_int(1), Price::from_int(100));
        Distressed { equity: equity.parse().unwrap(), size, mark }
    }

    fn rate(text: &str) -> Rate {
        Rate::new(text.parse().unwrap())
    }

    #[test]
    fn what_is_left_is_at_its_maintenance() {
        let impact: Decimal = "0.05".parse().unwrap();
        let slice = of("4").with_impact(rate("0.05"), impact, Money::ZERO).unwrap().unwrap();
        let x = slice.size.to_f64();
        assert!(!slice.whole);
        let equity = 4.0 - 0.05 / 2.0 * x * x;
        assert!((equity - 5.0 * (1.0 - x)).abs() < 1e-12);
        assert_eq!(of("5").with_impact(rate("0.05"), impact, Money::ZERO).unwrap(), None);
    }

    #[test]
    fn without_impact_the_slice_is_what_is_missing() {
        let none = Decimal::ZERO;
        let slice = of("4").with_impact(rate("0.05"), none, Money::ZERO).unwrap().unwrap();
        assert_eq!(slice.size.to_string(), "0.2");
        let lost = of("-1").with_impact(rate("0.05"), none, Money::ZERO).unwrap().unwrap();
        assert!(lost.whole);
    }

    #[test]
    fn a_target_below_the_cost_is_refused() {
        assert!(of("4").to_target(rate("0.01"), rate("0.02")).is_err());
        assert_eq!(of("1").to_target(rate("0.08"), rate("0.01")).unwrap().share, Rate::ONE);
        assert_eq!(of("9").to_target(rate("0.08"), rate("0.01")).unwrap().share, Rate::ZERO);
    }
}
