//! Rules around a loan that are no requirement: health factor, how much of a debt may be repaid by
//! another, what is seized for it, incentives, what may be borrowed, and what a loan costs.
//!
//! Sources, each at its function: the pooled lending contracts of `aave-dao/aave-v3-origin`
//! (`LiquidationLogic.sol`, 3.3 and later), the isolated ones of `morpho-org/morpho-blue`
//! (`Morpho.sol`), and the kinked curve of published reserve pages. Amounts round against whoever
//! asks for them.

use crate::document::Document;
use crate::error::MarginError;
use crate::margin::PoolMargin;
use keelmark_book::{Decimal, Market, Money, Price, Rate, Round};

/// Weighted collateral over debt at a level of a pool: below one the level is not met. `None`
/// without debt. It is `1 + (equity - level) / debt`, so it passes one exactly where equity passes
/// the level. Source: `getUserAccountData` of the pooled lending contracts.
///
/// # Errors
/// When a price is missing or a number does not fit.
pub fn health_factor(
    market: &Market,
    pool: &PoolMargin,
    level: &str,
) -> Result<Option<Rate>, MarginError> {
    let mut owed = Money::ZERO;
    let own = market.price(&pool.pool.currency)?;
    for held in pool.pool.collateral.iter().filter(|held| held.amount.is_negative()) {
        let value = held.amount.abs().at(market.price(&held.asset)?, Round::Up)?;
        owed = owed.plus(value.over(own, Round::Up)?)?;
    }
    if !owed.is_positive() {
        return Ok(None);
    }
    let covered = owed.plus(pool.equity.total.minus(pool.level(level))?)?;
    Ok(Some(covered.ratio(owed, Round::Down)?))
}

/// When only a share of a debt may be repaid by another. Source: `LiquidationLogic.sol`, 3.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseRule {
    /// At or below this health factor a debt may be repaid whole.
    pub whole_below: Rate,
    /// Else at most this share of all debt of the account ...
    pub share: Rate,
    /// ... unless debt or collateral of the reserves at hand is worth less than this.
    pub smallest: Money,
}

/// An account before somebody repays a debt of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distress {
    /// Its health factor.
    pub health_factor: Rate,
    /// Value of its debt in the reserve that is repaid.
    pub debt: Money,
    /// Value of its collateral in the reserve that is seized.
    pub collateral: Money,
    /// Value of all its debts.
    pub all_debt: Money,
}

impl CloseRule {
    /// The most of `asked` that may be repaid, in value.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn most(&self, account: &Distress, asked: Money) -> Result<Money, MarginError> {
        let most = asked.min(account.debt);
        let large = account.debt >= self.smallest && account.collateral >= self.smallest;
        if large && account.health_factor > self.whole_below {
            return Ok(most.min(account.all_debt.times(self.share, Round::Down)?));
        }
        Ok(most)
    }
}

/// What a liquidator gets for repaying a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seizure {
    /// Value of the debt that is repaid: less than asked where the collateral does not reach.
    pub repaid: Money,
    /// Units of collateral for the liquidator.
    pub to_liquidator: Money,
    /// Units of collateral for the protocol, its share of the bonus.
    pub fee: Money,
}

/// What is seized for a debt: its value in collateral with a bonus on top, of which the protocol
/// takes a share; at most what is there. Source: `LiquidationLogic.sol`,
/// `_calculateAvailableCollateralToLiquidate`.
///
/// # Errors
/// When the price or the bonus is zero, or a number does not fit.
pub fn seized(
    debt: Money,
    price: Price,
    balance: Money,
    bonus: Rate,
    protocol_share: Rate,
) -> Result<Seizure, MarginError> {
    let wanted = debt.decimal().times_over(bonus.decimal(), price.decimal(), Round::Down)?;
    let (units, repaid) = if wanted > balance.decimal() {
        let value = balance.decimal().times_over(price.decimal(), bonus.decimal(), Round::Up)?;
        (balance.decimal(), Money::new(value))
    } else {
        (wanted, debt)
    };
    let extra = units.minus(units.over(bonus.decimal(), Round::Up)?)?;
    let fee = extra.times(protocol_share.decimal(), Round::Up)?;
    Ok(Seizure { repaid, to_liquidator: Money::new(units.minus(fee)?), fee: Money::new(fee) })
}

/// Collateral value for a unit of debt repaid, where the bonus falls as the loan limit rises:
/// `min(most, 1 / (1 - cursor (1 - limit)))`. Source: `Morpho.sol`, `_liquidationIncentiveFactor`.
///
/// # Errors
/// When the limit and the cursor leave nothing to divide by.
pub fn incentive(limit: Rate, cursor: Rate, most: Rate) -> Result<Rate, MarginError> {
    let left = Decimal::ONE.minus(limit.decimal())?.times(cursor.decimal(), Round::Nearest)?;
    let found = Decimal::ONE.over(Decimal::ONE.minus(left)?, Round::Nearest)?;
    Ok(Rate::new(found.min(most.decimal())))
}

/// What may be borrowed against a balance: its value times a loan-to-value, rounded down. Source:
/// published FAQ on margining spot and perpetuals together.
///
/// # Errors
/// When it does not fit.
pub fn borrowable(balance: Money, price: Price, loan_to_value: Rate) -> Result<Money, MarginError> {
    Ok(balance.at(price, Round::Down)?.times(loan_to_value, Round::Down)?)
}

/// A yearly rate that rises with the share of deposits that is lent, along two lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BorrowCurve {
    /// The rate at nothing lent.
    pub base: Rate,
    /// What a whole of utilisation would add, below the kink.
    pub low_slope: Rate,
    /// Where the slope changes.
    pub kink: Rate,
    /// What a whole of utilisation would add, above the kink.
    pub high_slope: Rate,
    /// The share of the interest that suppliers get.
    pub supply_share: Rate,
}

impl BorrowCurve {
    /// The curve of a document's parameters `borrow_base`, `borrow_low_slope`, `borrow_kink`,
    /// `borrow_high_slope` and `borrow_supply_share`.
    ///
    /// # Errors
    /// When the document lacks one.
    pub fn of(document: &Document) -> Result<Self, MarginError> {
        let one = |name: &str| document.rule(name).map(Rate::new);
        Ok(Self {
            base: one("borrow_base")?,
            low_slope: one("borrow_low_slope")?,
            kink: one("borrow_kink")?,
            high_slope: one("borrow_high_slope")?,
            supply_share: one("borrow_supply_share")?,
        })
    }

    /// What borrowers pay a year at a utilisation, rounded up.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn borrow_rate(&self, utilisation: Rate) -> Result<Rate, MarginError> {
        let below = utilisation.min(self.kink).decimal();
        let above = utilisation.decimal().minus(below)?;
        let low = below.times(self.low_slope.decimal(), Round::Up)?;
        let high = above.times(self.high_slope.decimal(), Round::Up)?;
        Ok(Rate::new(self.base.decimal().plus(low)?.plus(high)?))
    }

    /// What suppliers earn a year at a utilisation, rounded down.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn supply_rate(&self, utilisation: Rate) -> Result<Rate, MarginError> {
        let paid = self.borrow_rate(utilisation)?.decimal();
        let earned = paid.times(utilisation.decimal(), Round::Down)?;
        Ok(Rate::new(earned.times(self.supply_share.decimal(), Round::Down)?))
    }
}

/// What an account is left with when a protocol takes all its collateral at a discount and writes
/// the debt off against it: `credits` are the value of each holding and the share of it that is
/// credited. Zero where the debt is larger. Source: `compound-finance/comet` `Comet.sol`,
/// `absorbInternal`.
///
/// # Errors
/// When a number does not fit.
pub fn absorbed(debt: Money, credits: &[(Money, Rate)]) -> Result<Money, MarginError> {
    let mut left = -debt;
    for (value, share) in credits {
        left = left.plus(value.times(*share, Round::Down)?)?;
    }
    Ok(left.max(Money::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn a_balance_that_does_not_reach_repays_less() {
        let (debt, balance) = (Money::from_int(25_000), Money::from_int(10));
        let found =
            seized(debt, Price::from_int(2_000), balance, rate("1.25"), rate("0.1")).unwrap();
        assert_eq!(found.repaid, Money::from_int(16_000));
        assert_eq!(found.fee.to_string(), "0.2");
        assert_eq!(found.to_liquidator.to_string(), "9.8");
    }

    #[test]
    fn what_is_absorbed_leaves_nothing_below_zero() {
        let credits = [(Money::from_int(1_000), rate("0.95")), (Money::from_int(100), rate("0.9"))];
        let left = |debt| absorbed(Money::from_int(debt), &credits).unwrap();
        assert_eq!(left(1_000).to_string(), "40");
        assert_eq!(left(2_000), Money::ZERO);
    }

    #[test]
    fn a_curve_is_read_from_a_document() {
        let curve = BorrowCurve::of(&Document::named("hyperliquid-pm").unwrap()).unwrap();
        assert_eq!(curve.borrow_rate(rate("0.9")).unwrap(), rate("0.525"));
        assert_eq!(curve.supply_rate(rate("0.5")).unwrap(), rate("0.0225"));
        let error = BorrowCurve::of(&Document::named("cross").unwrap()).unwrap_err();
        assert!(error.to_string().contains("borrow_base"), "{error}");
    }
}
