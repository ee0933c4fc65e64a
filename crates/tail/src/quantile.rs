//! Quantiles of a sample by the two rules in use, which differ and must not be mixed.

use crate::TailError;

/// Which value between two neighbours a quantile is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The value of rank `ceil(n a)`: one that occurred, never a mean of two.
    OrderStatistic,
    /// Linear between the neighbours of position `(n - 1) a` ("type 7").
    Linear,
}

/// `n a` this near to a whole number is that number: 0.99 of 100 is 99, whatever the doubles say.
const WHOLE: f64 = 1e-9;

/// Where the order statistic of level `a` stands among `n > 0` ascending values, from 0.
#[must_use]
pub fn rank(n: usize, a: f64) -> usize {
    let exact = n as f64 * a;
    let nearest = exact.round();
    let rank = if (exact - nearest).abs() <= WHOLE { nearest } else { exact.ceil() };
    (rank as usize).clamp(1, n) - 1
}

impl Rule {
    /// The quantile `a` of ascending values, of which there is one or more.
    #[must_use]
    pub fn of_sorted(self, sorted: &[f64], a: f64) -> f64 {
        match self {
            Self::OrderStatistic => sorted[rank(sorted.len(), a)],
            Self::Linear => {
                let (at, part) = position(sorted.len(), a);
                let next = sorted[(at + 1).min(sorted.len() - 1)];
                between(sorted[at], next, part)
            }
        }
    }

    /// The quantile `a` of values in any order, in linear time.
    ///
    /// # Errors
    /// When there is no value, one is not finite, or `a` is not within 0 and 1.
    pub fn of(self, values: &[f64], a: f64) -> Result<f64, TailError> {
        check(values, a)?;
        let mut own = values.to_vec();
        let n = own.len();
        Ok(match self {
            Self::OrderStatistic => *own.select_nth_unstable_by(rank(n, a), f64::total_cmp).1,
            Self::Linear => {
                let (at, part) = position(n, a);
                let (_, here, above) = own.select_nth_unstable_by(at, f64::total_cmp);
                let here = *here;
                let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(here);
                between(here, next, part)
            }
        })
    }
}

/// Ascending values.
///
/// # Errors
/// As [`Rule::of`] says of its values.
pub fn sorted(values: &[f64]) -> Result<Vec<f64>, TailError> {
    check(values, 0.5)?;
    let mut own = values.to_vec();
    own.sort_unstable_by(f64::total_cmp);
    Ok(own)
}

/// The lower neighbour of position `(n - 1) a`, and the part of the way to the next.
fn position(n: usize, a: f64) -> (usize, f64) {
    let exact = (n - 1) as f64 * a;
    let at = (exact as usize).min(n - 1);
    (at, exact - at as f64)
}

fn between(low: f64, high: f64, part: f64) -> f64 {
    // Not low + part * 0 when they are equal or the part is nothing: that may not be low's bits.
    if part <= 0.0 || low == high { low } else { low + part * (high - low) }
}

fn check(values: &[f64], a: f64) -> Result<(), TailError> {
    TailError::need("quantile", 1, values.len())?;
    finite("value of a sample", values)?;
    if (0.0..=1.0).contains(&a) {
        return Ok(());
    }
    Err(TailError::number("level of a quantile", "a number from 0 to 1", a))
}

/// Refuses values that are not numbers.
pub(crate) fn finite(what: &str, values: &[f64]) -> Result<(), TailError> {
    match values.iter().find(|value| !value.is_finite()) {
        None => Ok(()),
        Some(value) => Err(TailError::number(what, "a finite number", *value)),
    }
}

/// Refuses a confidence that leaves no tail, or nothing but tail.
pub(crate) fn confidence(a: f64) -> Result<(), TailError> {
    if a > 0.0 && a < 1.0 {
        return Ok(());
    }
    Err(TailError::number("confidence", "a number above 0 and below 1, such as 0.99", a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_whole_product_is_its_own_rank() {
        for n in [100, 200, 250, 1_000, 10_000] {
            assert_eq!(rank(n, 0.99), (n * 99).div_ceil(100) - 1, "{n}");
        }
        assert_eq!(rank(365, 0.99), 361);
        assert_eq!((rank(5, 0.0), rank(5, 1.0)), (0, 4));
    }

    #[test]
    fn type_seven_is_linear_between_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(Rule::Linear.of(&values, 0.5), Ok(2.5));
        assert_eq!(Rule::Linear.of(&values, 1.0), Ok(4.0));
        assert_eq!(Rule::OrderStatistic.of(&values, 0.5), Ok(2.0));
    }

    #[test]
    fn a_sample_that_is_none_is_refused() {
        for rule in [Rule::OrderStatistic, Rule::Linear] {
            assert!(matches!(rule.of(&[], 0.5), Err(TailError::TooShort { .. })));
            assert!(rule.of(&[1.0, f64::NAN], 0.5).is_err());
            assert!(rule.of(&[1.0], 1.5).is_err());
            assert!(rule.of(&[1.0], f64::NAN).is_err());
        }
    }

    proptest! {
        #[test]
        fn selecting_and_sorting_agree_and_quantiles_ascend(
            values in prop::collection::vec(-1e3f64..1e3, 1..200), a in 0.0..1.0f64,
            b in 0.0..1.0f64,
        ) {
            let ascending = sorted(&values).unwrap();
            for rule in [Rule::OrderStatistic, Rule::Linear] {
                let (low, high) = (a.min(b), a.max(b));
                prop_assert_eq!(rule.of(&values, low).unwrap(), rule.of_sorted(&ascending, low));
                prop_assert!(rule.of(&values, low).unwrap() <= rule.of(&values, high).unwrap());
            }
        }
    }
}
