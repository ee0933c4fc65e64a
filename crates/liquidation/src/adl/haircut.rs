//! Policies: how much of a budget each winner gives up.
//!
//! All are one rule but the queue: each gives a share of what it has, and the shares rise together
//! along each one's weight until the budget is met, each up to its own cap. So pro rata is equal
//! weights, and risk-aware pro rata weighs by leverage. What is seized adds up to the budget, to
//! the last digit.

use super::contracts::divide;
use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Rate, Round};

/// What each winner gives up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haircut {
    /// Amounts, in the order of the endowments; they add up to the budget less what is unmet.
    pub seized: Vec<Money>,
    /// How high the shares rose: the share of a weight of one.
    pub level: Rate,
    /// What could not be taken.
    pub unmet: Money,
}

impl Haircut {
    /// The share of its endowment that each gives up; zero where it has none.
    ///
    /// # Errors
    /// When a ratio does not fit.
    pub fn shares(&self, endowments: &[Money]) -> Result<Vec<Rate>, LiquidationError> {
        let share = |(seized, endowment): (&Money, &Money)| {
            if endowment.is_zero() {
                return Ok(Rate::ZERO);
            }
            Ok(seized.ratio(*endowment, Round::Nearest)?)
        };
        self.seized.iter().zip(endowments).map(share).collect()
    }
}

/// How leverage weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// By its square: leverage times leverage.
    Linear,
    /// By its cube.
    Square,
    /// By itself times what it is above a level.
    Above(Decimal),
}

impl Weight {
    /// What a leverage weighs.
    ///
    /// # Errors
    /// When the leverage is below zero or the weight does not fit.
    pub fn of(self, leverage: Decimal) -> Result<Decimal, LiquidationError> {
        if leverage.is_negative() {
            return Err(LiquidationError::bad("leverage", "zero or more", leverage));
        }
        let risk = match self {
            Self::Linear => leverage,
            Self::Square => leverage.times(leverage, Round::Nearest)?,
            Self::Above(level) => leverage.minus(level)?.max(Decimal::ZERO),
        };
        Ok(leverage.times(risk, Round::Nearest)?)
    }
}

/// Takes all that the first has, then the second, until the budget is met.
///
/// # Errors
/// When an amount is below zero, or the order names one that is not there or one twice.
pub fn queue(
    endowments: &[Money],
    order: &[usize],
    budget: Money,
) -> Result<Haircut, LiquidationError> {
    check(endowments, budget)?;
    let mut seized = vec![None; endowments.len()];
    let mut unmet = budget;
    for at in order {
        let (Some(endowment), Some(None)) = (endowments.get(*at), seized.get(*at)) else {
            return Err(LiquidationError::bad("order", "each account at most once", at));
        };
        let taken = unmet.min(*endowment);
        unmet = unmet.minus(taken)?;
        seized[*at] = Some(taken);
    }
    let seized = seized.into_iter().map(Option::unwrap_or_default).collect();
    Ok(Haircut { seized, level: Rate::ZERO, unmet })
}

/// The same share of each.
///
/// # Errors
/// When an amount is below zero or a number does not fit.
pub fn pro_rata(endowments: &[Money], budget: Money) -> Result<Haircut, LiquidationError> {
    let ones = vec![Decimal::ONE; endowments.len()];
    rise(endowments, &ones, &vec![Rate::ONE; endowments.len()], budget)
}

/// The same share of each, up to its own cap.
///
/// # Errors
/// When an amount is below zero, a cap is not from zero to one, or a number does not fit.
pub fn capped(
    endowments: &[Money],
    caps: &[Rate],
    budget: Money,
) -> Result<Haircut, LiquidationError> {
    rise(endowments, &vec![Decimal::ONE; endowments.len()], caps, budget)
}

/// Shares along the weight of each one's leverage, none above one.
///
/// # Errors
/// When an amount or a leverage is below zero or a number does not fit.
pub fn risk_aware(
    endowments: &[Money],
    leverage: &[Decimal],
    weight: Weight,
    budget: Money,
) -> Result<Haircut, LiquidationError> {
    let weights: Vec<Decimal> =
        leverage.iter().map(|one| weight.of(*one)).collect::<Result<_, _>>()?;
    rise(endowments, &weights, &vec![Rate::ONE; endowments.len()], budget)
}

/// Lets shares rise along weights up to caps until the budget is met, in the time of one sort.
///
/// # Errors
/// When lengths differ, a number makes no sense, or a result does not fit.
pub fn rise(
    endowments: &[Money],
    weights: &[Decimal],
    caps: &[Rate],
    budget: Money,
) -> Result<Haircut, LiquidationError> {
    check(endowments, budget)?;
    if weights.len() != endowments.len() || caps.len() != endowments.len() {
        let lengths = format!("{} and {}", weights.len(), caps.len());
        return Err(LiquidationError::bad("weights and caps", "one for each account", lengths));
    }
    if let Some(bad) = caps.iter().find(|cap| cap.is_negative() || **cap > Rate::ONE) {
        return Err(LiquidationError::bad("cap", "from 0 to 1", bad));
    }
    // Whatever the unit of weights, the largest is one: small levels keep their digits.
    let most = weights.iter().copied().max().unwrap_or_default();
    let mut risers = Vec::with_capacity(endowments.len());
    for (at, endowment) in endowments.iter().enumerate() {
        if weights[at].is_negative() {
            return Err(LiquidationError::bad("weight", "zero or more", weights[at]));
        }
        if weights[at].is_positive() && endowment.is_positive() && caps[at].decimal().is_positive()
        {
            let weight = weights[at].over(most, Round::Nearest)?;
            risers.push(Riser::new(at, endowment.decimal(), weight, caps[at])?);
        }
    }
    risers.sort_unstable_by_key(|one| (one.full_at, one.at));
    fill(endowments.len(), &risers, most, budget)
}

/// One that gives up more as the level rises.
#[derive(Clone, Copy, Debug)]
struct Riser {
    at: usize,
    /// What it gives up at a level of one, without its cap.
    slope: Decimal,
    /// The most that it gives up.
    most: Decimal,
    /// The level at which it gives that.
    full_at: Decimal,
}

impl Riser {
    fn new(
        at: usize,
        endowment: Decimal,
        weight: Decimal,
        cap: Rate,
    ) -> Result<Self, LiquidationError> {
        // A weight too small to tell from none gives nothing before the others are full.
        let weight = weight.max(Decimal::from_raw(1));
        let slope = endowment.times(weight, Round::Up)?;
        let most = endowment.times(cap.decimal(), Round::Down)?;
        let full_at = cap.decimal().over(weight, Round::Up)?;
        Ok(Self { at, slope, most, full_at })
    }
}

fn fill(
    count: usize,
    risers: &[Riser],
    unit: Decimal,
    budget: Money,
) -> Result<Haircut, LiquidationError> {
    let mut seized = vec![Money::ZERO; count];
    let mut left = budget.decimal();
    let slopes = risers.iter().try_fold(Decimal::ZERO, |sum, one| sum.plus(one.slope))?;
    let (mut rising, mut level) = (slopes, Decimal::ZERO);
    for (passed, one) in risers.iter().enumerate() {
        let enough = rising.is_positive() && {
            level = left.over(rising, Round::Up)?;
            level <= one.full_at
        };
        if enough {
            let rest = &risers[passed..];
            let weights: Vec<Decimal> = rest.iter().map(|one| one.slope).collect();
            let shares = divide(left, &weights, Decimal::from_raw(1))?;
            for (one, share) in rest.iter().zip(shares) {
                seized[one.at] = Money::new(share.min(one.most));
            }
            left = Decimal::ZERO;
            break;
        }
        seized[one.at] = Money::new(one.most);
        left = left.minus(one.most)?;
        rising = rising.minus(one.slope)?;
        level = one.full_at;
    }
    let level = if unit.is_positive() { level.over(unit, Round::Up)? } else { level };
    Ok(Haircut { seized, level: Rate::new(level), unmet: Money::new(left) })
}

fn check(endowments: &[Money], budget: Money) -> Result<(), LiquidationError> {
    if budget.is_negative() {
        return Err(LiquidationError::bad("budget", "zero or more", budget));
    }
    match endowments.iter().find(|one| one.is_negative()) {
        Some(bad) => Err(LiquidationError::bad("endowment", "zero or more", bad)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn whole(amounts: &[i64]) -> Vec<Money> {
        amounts.iter().map(|one| Money::from_int(*one)).collect()
    }

    proptest! {
        #[test]
        fn the_budget_is_met_to_the_last_digit_and_no_cap_is_passed(
            rows in prop::collection::vec((0i64..1_000, 0i64..40, 0i64..=100), 1..20),
            budget in 0i64..5_000,
        ) {
            let endowments = whole(&rows.iter().map(|row| row.0).collect::<Vec<_>>());
            let weights: Vec<Decimal> = rows.iter().map(|row| Decimal::from_int(row.1)).collect();
            let percent = |n: i64| Rate::new(Decimal::from_raw(i128::from(n) * 10i128.pow(16)));
            let caps: Vec<Rate> = rows.iter().map(|row| percent(row.2)).collect();
            let budget = Money::from_int(budget);
            let found = rise(&endowments, &weights, &caps, budget).unwrap();
            let sum = Money::sum(found.seized.iter().copied()).unwrap();
            prop_assert_eq!(sum.plus(found.unmet).unwrap(), budget);
            let mut room = Money::ZERO;
            for (at, seized) in found.seized.iter().enumerate() {
                let most = endowments[at].times(caps[at], Round::Down).unwrap();
                prop_assert!(*seized <= most && !seized.is_negative());
                if weights[at].is_positive() {
                    room = room.plus(most).unwrap();
                }
            }
            prop_assert_eq!(found.unmet.is_zero(), budget <= room);
        }

        #[test]
        fn more_weight_never_gives_up_less(
            rows in prop::collection::vec(1i64..40, 2..12), budget in 1i64..200,
        ) {
            let endowments = whole(&vec![20; rows.len()]);
            let leverage: Vec<Decimal> = rows.iter().map(|one| Decimal::from_int(*one)).collect();
            let budget = Money::from_int(budget.min(20 * rows.len() as i64));
            let found = risk_aware(&endowments, &leverage, Weight::Linear, budget).unwrap();
            for (a, b) in rows.iter().zip(&found.seized) {
                for (c, d) in rows.iter().zip(&found.seized) {
                    prop_assert!(a > c || b.minus(*d).unwrap().decimal() <= Decimal::from_raw(1));
                }
            }
        }
    }

    #[test]
    fn an_order_names_each_once() {
        let endowments = whole(&[5, 5]);
        assert!(queue(&endowments, &[0, 0], Money::from_int(1)).is_err());
        assert!(queue(&endowments, &[2], Money::from_int(1)).is_err());
        let found = queue(&endowments, &[1], Money::from_int(7)).unwrap();
        assert_eq!((found.seized, found.unmet), (whole(&[0, 5]), Money::from_int(2)));
    }

    #[test]
    fn nobody_has_nothing_to_give() {
        let found = pro_rata(&[], Money::from_int(1)).unwrap();
        assert_eq!(found.unmet, Money::from_int(1));
        assert!(pro_rata(&whole(&[-1]), Money::ZERO).is_err());
    }
}
