//! Measures of the losses of a set of scenarios, in quanta and rounded up.
//!
//! Value at risk is an order statistic and expected shortfall a mean of the worst, the last of
//! which counts in part: `n (1 - a)` is kept as a fraction, so that both are exact. A fitted tail
//! is an estimate.

use keelmark_book::Decimal;
use keelmark_kernels::extreme::ExcessLaw;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// The loss that is passed with probability `1 - a`.
    Var,
    /// The mean of the losses from there on.
    Shortfall,
}

/// One less the confidence, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beyond {
    above: i128,
    below: i128,
}

/// A confidence has at most this many decimal places, so that sums times its fraction fit.
const PLACES: u32 = 6;

/// The scenarios that a measure is a mean of: the largest losses, each with its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Worst {
    /// Places among the losses, the largest first, each with its weight.
    pub places: Vec<(usize, i128)>,
    /// Sum of the weights.
    pub weights: i128,
}

impl Beyond {
    /// Of a confidence between 0 and 1, of six places at most.
    pub fn of(confidence: Decimal) -> Option<Self> {
        let whole = 10i128.pow(PLACES);
        let step = Decimal::ONE.raw() / whole;
        let (count, rest) = (confidence.raw() / step, confidence.raw() % step);
        if rest != 0 || count <= 0 || count >= whole {
            return None;
        }
        let by = common(whole - count, whole);
        Some(Self { above: (whole - count) / by, below: whole / by })
    }

    /// As a number.
    pub fn to_f64(self) -> f64 {
        self.above as f64 / self.below as f64
    }

    /// `n (1 - a)`: whole scenarios, and what is left over the fraction's denominator.
    fn count(self, n: usize) -> (usize, i128) {
        let product = n as i128 * self.above;
        ((product / self.below) as usize, product % self.below)
    }

    /// How many scenarios lie beyond, as a number.
    pub fn expected(self, n: usize) -> f64 {
        let (whole, part) = self.count(n);
        whole as f64 + part as f64 / self.below as f64
    }

    /// The measure of some losses, of which there is one at least: a sum over `weights` of it.
    /// The order of the losses is lost.
    pub fn sum(self, measure: Measure, losses: &mut [i128]) -> (i128, i128) {
        let (whole, part) = self.count(losses.len());
        let last = whole.min(losses.len() - 1);
        let (worse, next, _) = losses.select_nth_unstable_by(last, |a, b| b.cmp(a));
        match measure {
            Measure::Var => (*next, 1),
            Measure::Shortfall => {
                let sum: i128 = worse.iter().sum();
                (sum * self.below + part * *next, whole as i128 * self.below + part)
            }
        }
    }

    /// The scenarios that the measure is a mean of; of equal losses the first.
    pub fn worst(self, measure: Measure, losses: &[i128]) -> Worst {
        let mut order: Vec<usize> = (0..losses.len()).collect();
        order.sort_by(|a, b| losses[*b].cmp(&losses[*a]));
        let (whole, part) = self.count(losses.len());
        let places: Vec<(usize, i128)> = match measure {
            Measure::Var => order.get(whole).map(|place| (*place, 1)).into_iter().collect(),
            Measure::Shortfall => {
                let weight = |at: usize| if at < whole { self.below } else { part };
                let counted = order.iter().enumerate().take(whole + usize::from(part > 0));
                counted.map(|(at, place)| (*place, weight(at))).collect()
            }
        };
        let weights = places.iter().map(|(_, weight)| weight).sum();
        Worst { places, weights }
    }
}

/// The greatest common divisor.
fn common(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { common(b, a % b) }
}

/// A quotient rounded up; the divisor is above zero.
pub(super) fn up(sum: i128, by: i128) -> i128 {
    -(-sum).div_euclid(by)
}

/// A tail fitted above a threshold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Peaks {
    /// The measure, in quanta and rounded up.
    pub loss: i128,
    /// The law of what lies above the threshold.
    pub law: ExcessLaw,
    /// How many do.
    pub above: usize,
}

/// The measure of a tail fitted by moments to the losses above their quantile at `threshold`;
/// none where they leave no law, it does not reach as far out, or has no mean that is asked for.
pub(super) fn peaks(
    beyond: Beyond,
    measure: Measure,
    threshold: f64,
    losses: &[i128],
) -> Option<Peaks> {
    let n = losses.len();
    let place = (n - 1) as f64 * threshold;
    let low = (place.floor() as usize).min(n - 1);
    let mut sorted = losses.to_vec();
    sorted.sort_unstable();
    let (below, above) = (sorted[low] as f64, sorted[(low + 1).min(n - 1)] as f64);
    let edge = below + (above - below) * (place - low as f64);
    let beyond_edge = sorted[low..].iter().map(|loss| *loss as f64 - edge);
    let excesses: Vec<f64> = beyond_edge.filter(|excess| *excess > 0.0).collect();
    let law = ExcessLaw::by_moments(&excesses)?;
    let share = beyond.to_f64() * n as f64 / excesses.len() as f64;
    if share > 1.0 {
        return None;
    }
    let var = law.excess_at(share);
    let excess = match measure {
        Measure::Var => var,
        Measure::Shortfall => law.mean_beyond(var)?,
    };
    let loss = (edge + excess).ceil();
    let fits = loss.is_finite() && loss.abs() < 2f64.powi(120);
    fits.then_some(Peaks { loss: loss as i128, law, above: excesses.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn beyond(confidence: &str) -> Beyond {
        Beyond::of(confidence.parse().unwrap()).unwrap()
    }

    #[test]
    fn the_order_statistic_is_the_published_one() {
        let losses: Vec<i128> = (1..=365).collect();
        let var = |confidence| beyond(confidence).sum(Measure::Var, &mut losses.clone()).0;
        // ceil(365 * 0.99) - 1 = 361 from 0; a whole number of scenarios counts as itself.
        assert_eq!(var("0.99"), 362);
        assert_eq!(var("0.8"), 292);
        assert_eq!(var("0.999999"), 365);
        let mut one = [5];
        assert_eq!(beyond("0.99").sum(Measure::Shortfall, &mut one), (5, 1));
    }

    #[test]
    fn the_last_scenario_counts_in_part() {
        let losses: Vec<i128> = (1..=100).collect();
        // 2.5 scenarios: 100, 99 and half of 98.
        let (sum, weights) = beyond("0.975").sum(Measure::Shortfall, &mut losses.clone());
        assert_eq!(sum * 2, (100 + 99) * weights * 4 / 5 + 98 * weights * 2 / 5);
        assert_eq!(up(sum, weights), 100);
        assert_eq!((up(7, 2), up(-7, 2), up(6, 2)), (4, -3, 3));
    }

    #[test]
    fn a_confidence_that_is_none_is_refused() {
        for text in ["0", "1", "-0.5", "1.5", "0.9999999"] {
            assert_eq!(Beyond::of(text.parse().unwrap()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_selected_is_what_is_sorted(
            losses in prop::collection::vec(-1_000i128..1_000, 1..300), count in 1i64..1_000,
        ) {
            let confidence = Decimal::from_f64(count as f64 / 1e3, keelmark_book::Round::Nearest);
            let Some(beyond) = Beyond::of(confidence.unwrap()) else { return Ok(()) };
            for measure in [Measure::Var, Measure::Shortfall] {
                let (sum, weights) = beyond.sum(measure, &mut losses.clone());
                let worst = beyond.worst(measure, &losses);
                let sorted: i128 =
                    worst.places.iter().map(|(place, weight)| weight * losses[*place]).sum();
                prop_assert_eq!((sum, weights), (sorted, worst.weights));
            }
            // A mean of what lies beyond is no less than where it begins.
            let (var, _) = beyond.sum(Measure::Var, &mut losses.clone());
            let (sum, weights) = beyond.sum(Measure::Shortfall, &mut losses.clone());
            prop_assert!(up(sum, weights) >= var);
        }
    }
}
