//! Value at risk and expected shortfall of a sample of losses.
//!
//! Losses are positive when money is lost. Both are of one step; longer ones are in `liquidity`.

use crate::TailError;
use crate::quantile::{self, Rule};

/// Who loses: a long loses by a fall, a short by a rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Owns.
    Long,
    /// Owes.
    Short,
}

impl Side {
    /// What a return costs this side, as a fraction of the notional.
    #[must_use]
    pub fn loss(self, one: f64) -> f64 {
        match self {
            Self::Long => -one,
            Self::Short => one,
        }
    }

    /// What each of some returns costs this side.
    #[must_use]
    pub fn losses(self, returns: &[f64]) -> Vec<f64> {
        returns.iter().map(|one| self.loss(*one)).collect()
    }
}

/// What each of some returns costs whoever stands on the wrong side of it: its size.
#[must_use]
pub fn either_side(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|one| one.abs()).collect()
}

/// The loss that is not exceeded with a confidence: the quantile of that level.
///
/// # Errors
/// When there is no loss, one is not finite, or the confidence is not between 0 and 1.
pub fn value_at_risk(losses: &[f64], confidence: f64, rule: Rule) -> Result<f64, TailError> {
    quantile::confidence(confidence)?;
    rule.of(losses, confidence)
}

/// The mean of the worst `k = n (1 - confidence)` losses, the last of them by its part.
///
/// # Errors
/// As [`value_at_risk`].
pub fn expected_shortfall(losses: &[f64], confidence: f64) -> Result<f64, TailError> {
    quantile::confidence(confidence)?;
    Ok(shortfall_of_sorted(&quantile::sorted(losses)?, confidence))
}

/// [`expected_shortfall`] of ascending losses, of which there is one or more.
#[must_use]
pub fn shortfall_of_sorted(sorted: &[f64], confidence: f64) -> f64 {
    let worst = sorted.iter().rev();
    weighted_worst(worst, sorted.len(), confidence)
}

/// The mean of the worst `n (1 - confidence)` of losses that come worst first.
pub(crate) fn weighted_worst<'a>(
    mut worst: impl Iterator<Item = &'a f64>,
    n: usize,
    confidence: f64,
) -> f64 {
    let k = n as f64 * (1.0 - confidence);
    let whole = k.floor();
    let sum: f64 = worst.by_ref().take(whole as usize).sum();
    (sum + (k - whole) * worst.next().copied().unwrap_or(0.0)) / k
}

/// The mean of the losses at or above a level; none when no loss reaches it.
#[must_use]
pub fn mean_from(losses: &[f64], level: f64) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for loss in losses.iter().filter(|loss| **loss >= level) {
        sum += loss;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_of_the_next_loss_counts() {
        let losses: Vec<f64> = (1..=10).map(f64::from).collect();
        // k = 2.5: (10 + 9 + 8 / 2) / 2.5.
        assert!((expected_shortfall(&losses, 0.75).unwrap() - 9.2).abs() < 1e-12);
        assert_eq!(value_at_risk(&losses, 0.75, Rule::OrderStatistic), Ok(8.0));
        // k = 0.1: a part of the worst alone.
        assert!((expected_shortfall(&losses, 0.99).unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(mean_from(&losses, 9.0), Some(9.5));
        assert_eq!(mean_from(&losses, 11.0), None);
    }

    #[test]
    fn confidence_must_leave_a_tail() {
        for bad in [0.0, 1.0, 99.0, f64::NAN] {
            assert!(expected_shortfall(&[1.0], bad).is_err());
            assert!(value_at_risk(&[1.0], bad, Rule::Linear).is_err());
        }
    }

    proptest! {
        #[test]
        fn shortfall_is_no_less_than_value_at_risk_and_both_rise_with_confidence(
            losses in prop::collection::vec(-1.0f64..1.0, 1..300), a in 0.01..0.999f64,
            b in 0.01..0.999f64,
        ) {
            let es = |a| expected_shortfall(&losses, a).unwrap();
            let var = |a| value_at_risk(&losses, a, Rule::OrderStatistic).unwrap();
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(es(low) >= var(low) - 1e-12);
            prop_assert!(var(high) >= var(low) && es(high) >= es(low) - 1e-12);
        }

        #[test]
        fn shortfall_is_below_the_sum_of_its_parts(
            pairs in prop::collection::vec((-1.0f64..1.0, -1.0f64..1.0), 1..200),
            a in 0.5..0.999f64,
        ) {
            let (one, other): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            let both: Vec<f64> = pairs.iter().map(|(x, y)| x + y).collect();
            let es = |losses: &[f64]| expected_shortfall(losses, a).unwrap();
            prop_assert!(es(&both) <= es(&one) + es(&other) + 1e-12);
        }
    }
}
