//! Liquidation at a fixed incentive: what it pays, how it is played, and the line past which it
//! makes the account worse.
//!
//! Sources: Qin and others (2021) for two steps in place of one; Warmuz, Chaudhary and Pinna (2022)
//! for the line; the slippage of a constant-product pool is derived anew.

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Rate, Round};

/// Incentive and limits of a fixed-spread liquidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Share of the collateral's value up to which a debt is healthy.
    pub threshold: Rate,
    /// What is seized beyond the debt that is repaid, as a share of it.
    pub incentive: Rate,
    /// Share of a debt that may be repaid at once.
    pub close_factor: Rate,
}

/// A loan: the value of its collateral and what is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loan {
    /// Value of the collateral.
    pub collateral: Money,
    /// The debt.
    pub debt: Money,
}

/// A liquidation in two steps: to just the edge of health first, then as much as may be repaid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoSteps {
    /// Repaid first.
    pub first: Money,
    /// Repaid then.
    pub second: Money,
    /// The loan between the two.
    pub between: Loan,
}

/// The highest debt over collateral at which a liquidation still improves it: `1 / (1 + i)`, with
/// slippage that a close pays `slippage` times the price, one or more, over that.
///
/// # Errors
/// When a number makes no sense or does not fit.
pub fn frontier(incentive: Rate, slippage: Rate) -> Result<Rate, LiquidationError> {
    if incentive.is_negative() {
        return Err(LiquidationError::bad("incentive", "zero or more", incentive));
    }
    if slippage < Rate::ONE {
        return Err(LiquidationError::bad("slippage", "one or more", slippage));
    }
    let cost = Decimal::ONE.plus(incentive.decimal())?.times(slippage.decimal(), Round::Up)?;
    Ok(Rate::new(Decimal::ONE.over(cost, Round::Down)?))
}

/// How many times the price a sale pays, that takes value out of a constant-product pool with so
/// much on either side.
///
/// # Errors
/// When a number makes no sense or does not fit.
pub fn slippage_in(reserve: Money, value: Money) -> Result<Rate, LiquidationError> {
    if !reserve.is_positive() {
        return Err(LiquidationError::bad("reserve of the pool", "above zero", reserve));
    }
    if value.is_negative() {
        return Err(LiquidationError::bad("value to be sold", "zero or more", value));
    }
    let twice = Decimal::from_int(2).times(value.decimal(), Round::Up)?;
    Ok(Rate::new(Decimal::ONE.plus(twice.over(reserve.decimal(), Round::Up)?)?))
}

/// The largest incentive that still improves a loan at a debt over collateral; zero where none
/// does.
///
/// # Errors
/// When a number makes no sense or does not fit.
pub fn safe_incentive(loan_to_value: Rate, slippage: Rate) -> Result<Rate, LiquidationError> {
    if !loan_to_value.is_positive() {
        return Err(LiquidationError::bad("loan to value", "above zero", loan_to_value));
    }
    let cost = loan_to_value.decimal().times(slippage.decimal(), Round::Up)?;
    let most = Decimal::ONE.over(cost, Round::Down)?.minus(Decimal::ONE)?;
    Ok(Rate::new(most.max(Decimal::ZERO)))
}

/// What collateral sells for where the discount grows as health falls, up to a most; a share of
/// its price. Source: Euler's reverse Dutch auction.
///
/// # Errors
/// When the most is not from zero to one, or a number does not fit.
pub fn price_by_health(health: Rate, most_off: Rate) -> Result<Rate, LiquidationError> {
    if most_off.is_negative() || most_off > Rate::ONE {
        return Err(LiquidationError::bad("largest discount", "from 0 to 1", most_off));
    }
    Ok(health.min(Rate::ONE).max(Rate::ONE.minus(most_off)?))
}

/// What is seized beyond the debt that is repaid where collateral sells for a share of its price;
/// rounded down.
///
/// # Errors
/// When the share is not above zero and up to one, or its inverse does not fit.
pub fn incentive_at(price: Rate) -> Result<Rate, LiquidationError> {
    if !price.is_positive() || price > Rate::ONE {
        return Err(LiquidationError::bad("share of the price", "above 0, up to 1", price));
    }
    let times = Decimal::ONE.over(price.decimal(), Round::Down)?;
    Ok(Rate::new(times.minus(Decimal::ONE)?))
}

impl Loan {
    /// Whether so much is owed that a liquidation at an incentive makes it worse: it is past the
    /// [`frontier`].
    ///
    /// # Errors
    /// When a number makes no sense or does not fit.
    pub fn is_past(&self, incentive: Rate) -> Result<bool, LiquidationError> {
        let edge = frontier(incentive, Rate::ONE)?;
        Ok(self.debt > self.collateral.times(edge, Round::Down)?)
    }

    /// Threshold times collateral over debt, rounded down; `None` without debt.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn health(&self, threshold: Rate) -> Result<Option<Rate>, LiquidationError> {
        if !self.debt.is_positive() {
            return Ok(None);
        }
        let covered = self.collateral.decimal();
        let health = covered.times_over(threshold.decimal(), self.debt.decimal(), Round::Down)?;
        Ok(Some(Rate::new(health)))
    }

    /// Whether more is owed than the threshold lets.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn is_liquidatable(&self, threshold: Rate) -> Result<bool, LiquidationError> {
        Ok(self.debt > self.collateral.times(threshold, Round::Down)?)
    }

    /// The loan after somebody repaid so much of it and seized collateral for it; where there is
    /// not enough of that, all of it for as much of the debt as it pays.
    ///
    /// # Errors
    /// When more is repaid than owed or a number does not fit.
    pub fn after(&self, repaid: Money, incentive: Rate) -> Result<Self, LiquidationError> {
        if repaid.is_negative() || repaid > self.debt {
            return Err(LiquidationError::bad("repaid", "from 0 to the debt", repaid));
        }
        let with = Decimal::ONE.plus(incentive.decimal())?;
        let seized = Money::new(repaid.decimal().times(with, Round::Down)?);
        if seized <= self.collateral {
            let collateral = self.collateral.minus(seized)?;
            return Ok(Self { collateral, debt: self.debt.minus(repaid)? });
        }
        let pays = Money::new(self.collateral.decimal().over(with, Round::Up)?);
        Ok(Self { collateral: Money::ZERO, debt: self.debt.minus(pays.min(self.debt))? })
    }
}

impl Rules {
    /// The most that may be repaid at once, rounded down.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn most(&self, debt: Money) -> Result<Money, LiquidationError> {
        Ok(debt.times(self.close_factor, Round::Down)?)
    }

    /// How a liquidator gets more than one step gives him: `None` for a loan that is healthy.
    ///
    /// # Errors
    /// When incentive and threshold leave no edge of health, or a number does not fit.
    pub fn two_steps(&self, loan: &Loan) -> Result<Option<TwoSteps>, LiquidationError> {
        if !loan.is_liquidatable(self.threshold)? {
            return Ok(None);
        }
        let threshold = self.threshold.decimal();
        let seized = Decimal::ONE.plus(self.incentive.decimal())?;
        let gained = Decimal::ONE.minus(threshold.times(seized, Round::Up)?)?;
        let most = self.most(loan.debt)?;
        let mut first = most;
        if gained.is_positive() {
            let over = loan.debt.minus(loan.collateral.times(self.threshold, Round::Down)?)?;
            first = Money::new(over.decimal().over(gained, Round::Down)?).min(most);
        }
        let between = loan.after(first, self.incentive)?;
        Ok(Some(TwoSteps { first, second: self.most(between.debt)?, between }))
    }

    /// Liquidates again and again for as long as the loan is liquidatable and anything is left:
    /// the loan after each step. Stops where a step changes nothing any more.
    ///
    /// # Errors
    /// When a number makes no sense or does not fit.
    pub fn spiral(&self, loan: Loan, dust: Money) -> Result<Vec<Loan>, LiquidationError> {
        let mut steps: Vec<Loan> = Vec::new();
        let mut now = loan;
        while now.is_liquidatable(self.threshold)? && now.debt > dust && now.collateral > dust {
            let next = now.after(self.most(now.debt)?, self.incentive)?;
            if next == now {
                break;
            }
            steps.push(next);
            now = next;
        }
        Ok(steps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::new(text.parse().unwrap())
    }

    fn loan(collateral: i64, debt: i64) -> Loan {
        Loan { collateral: Money::from_int(collateral), debt: Money::from_int(debt) }
    }

    #[test]
    fn a_step_improves_a_loan_below_the_frontier_and_harms_one_above() {
        let incentive = rate("0.1");
        let frontier = frontier(incentive, Rate::ONE).unwrap();
        for debt in [85, 95] {
            let before = loan(100, debt);
            assert_eq!(before.is_past(incentive).unwrap(), debt == 95);
            let after = before.after(Money::from_int(40), incentive).unwrap();
            let ratio = |one: &Loan| one.debt.ratio(one.collateral, Round::Nearest).unwrap();
            assert_eq!(ratio(&after) > ratio(&before), ratio(&before) > frontier, "{debt}");
        }
    }

    #[test]
    fn a_discount_is_an_incentive() {
        assert_eq!(incentive_at(rate("0.8")).unwrap(), rate("0.25"));
        assert_eq!(incentive_at(Rate::ONE).unwrap(), Rate::ZERO);
        assert!(incentive_at(Rate::ZERO).is_err());
    }

    #[test]
    fn a_spiral_ends() {
        let rules =
            Rules { threshold: rate("0.8"), incentive: rate("0.1"), close_factor: rate("0.5") };
        let steps = rules.spiral(loan(100, 92), Money::ZERO).unwrap();
        assert!(steps.len() < 200);
        assert!(steps.last().unwrap().collateral.is_zero());
        let none = Rules { close_factor: Rate::ZERO, ..rules };
        assert!(none.spiral(loan(100, 92), Money::ZERO).unwrap().is_empty());
    }
}
