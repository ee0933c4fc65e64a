//! Whole contracts: an amount divided in proportion, in steps that cannot be split.

use crate::LiquidationError;
use keelmark_book::{Decimal, Overflow, Round};
use std::cmp::Reverse;

/// A division: each part rounded down, and with the steps that were left added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Each part rounded down to whole steps.
    pub floor: Vec<Decimal>,
    /// What that leaves.
    pub undershoot: Decimal,
    /// The same with one more step for the largest remainders, the first of equals.
    pub parts: Vec<Decimal>,
}

/// Divides an amount in proportion to weights: parts that add up to it, each a whole number of
/// steps, by the largest remainder.
///
/// # Errors
/// When the step is not above zero, the amount is no whole number of steps, a weight is below zero,
/// or a number does not fit.
pub fn divide(
    amount: Decimal,
    weights: &[Decimal],
    step: Decimal,
) -> Result<Vec<Decimal>, LiquidationError> {
    Ok(division(amount, weights, step)?.parts)
}

/// The same with what rounding down alone would have left.
///
/// # Errors
/// As [`divide`].
pub fn division(
    amount: Decimal,
    weights: &[Decimal],
    step: Decimal,
) -> Result<Division, LiquidationError> {
    if !step.is_positive() {
        return Err(LiquidationError::bad("step", "above zero", step));
    }
    if amount.is_negative() || amount.raw() % step.raw() != 0 {
        return Err(LiquidationError::bad("amount", "a whole number of steps", amount));
    }
    if let Some(bad) = weights.iter().find(|one| one.is_negative()) {
        return Err(LiquidationError::bad("weight", "zero or more", bad));
    }
    let sum = weights.iter().try_fold(Decimal::ZERO, |sum, one| sum.plus(*one))?;
    if !sum.is_positive() {
        let none = vec![Decimal::ZERO; weights.len()];
        return Ok(Division { floor: none.clone(), undershoot: amount, parts: none });
    }
    let mut floor = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut left = amount;
    for (at, weight) in weights.iter().enumerate() {
        let exact = amount.times_over(*weight, sum, Round::Down)?;
        let rest = exact.raw() % step.raw();
        let whole = Decimal::from_raw(exact.raw() - rest);
        // Below a step of 10^-18 the remainders are not seen: then the order alone decides.
        remainders.push((Reverse(rest), at));
        left = left.minus(whole)?;
        floor.push(whole);
    }
    let mut parts = floor.clone();
    let more = usize::try_from(left.raw() / step.raw()).map_err(|_| Overflow)?;
    remainders.retain(|(_, at)| weights[*at].is_positive());
    remainders.sort_unstable();
    for (_, at) in remainders.iter().take(more) {
        parts[*at] = parts[*at].plus(step)?;
    }
    Ok(Division { floor, undershoot: left, parts })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_add_up_and_are_within_a_step_of_exact(
            weights in prop::collection::vec(0i64..1_000, 1..30), steps in 0i64..10_000,
        ) {
            prop_assume!(weights.iter().any(|one| *one > 0));
            let all: Vec<Decimal> = weights.iter().map(|one| Decimal::from_int(*one)).collect();
            let step: Decimal = "0.1".parse().unwrap();
            let amount = step.times(Decimal::from_int(steps), Round::Nearest).unwrap();
            let found = divide(amount, &all, step).unwrap();
            let sum = found.iter().try_fold(Decimal::ZERO, |sum, one| sum.plus(*one)).unwrap();
            prop_assert_eq!(sum, amount);
            let total: i64 = weights.iter().sum();
            for (part, weight) in found.iter().zip(&weights) {
                let exact = amount.to_f64() * *weight as f64 / total as f64;
                prop_assert!((part.to_f64() - exact).abs() < 0.1 + 1e-9);
            }
        }
    }

    #[test]
    fn equal_remainders_go_to_the_first() {
        let ones = [Decimal::ONE; 3];
        let found = division(Decimal::from_int(4), &ones, Decimal::ONE).unwrap();
        let of = |parts: [i64; 3]| parts.map(Decimal::from_int).to_vec();
        assert_eq!((found.floor, found.parts), (of([1, 1, 1]), of([2, 1, 1])));
        assert!(divide(Decimal::ONE, &ones, Decimal::ZERO).is_err());
        assert!(divide("0.5".parse().unwrap(), &ones, Decimal::ONE).is_err());
    }
}
