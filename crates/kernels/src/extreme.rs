//! The generalised Pareto law of a tail by probability-weighted moments, in closed form.
//!
//! Here since a margin fits it to one account's losses at every question and a study of a series
//! fits it to a history: one formula for both. What needs a search, such as likelihood, is not.

use crate::normal::{exp, ln};

/// Fewest excesses from which a law is taken.
pub const FEWEST_EXCESSES: usize = 10;

/// A generalised Pareto law of what lies above a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExcessLaw {
    /// Tail index: at 1 or above there is no mean.
    pub xi: f64,
    /// Scale, in the unit of the excesses.
    pub beta: f64,
}

impl ExcessLaw {
    /// The law of some excesses, ascending and above zero, by plotting position `(i - 0.35) / n`;
    /// none where they are fewer than [`FEWEST_EXCESSES`] or leave no scale.
    #[must_use]
    pub fn by_moments(excesses: &[f64]) -> Option<Self> {
        let n = excesses.len() as f64;
        let mean = excesses.iter().sum::<f64>() / n;
        let ranked = excesses.iter().enumerate();
        let weighted = ranked.map(|(i, y)| y * (1.0 - (i as f64 + 0.65) / n)).sum::<f64>() / n;
        let spread = mean - 2.0 * weighted;
        let usable = excesses.len() >= FEWEST_EXCESSES && spread > 0.0 && weighted > 0.0;
        let law = Self { xi: 2.0 - mean / spread, beta: 2.0 * mean * weighted / spread };
        (usable && law.xi.is_finite() && law.beta.is_finite()).then_some(law)
    }

    /// The excess that is passed with probability `beyond`, in (0, 1].
    #[must_use]
    pub fn excess_at(&self, beyond: f64) -> f64 {
        let log = -ln(beyond);
        if self.xi.abs() < 1e-12 {
            return self.beta * log;
        }
        self.beta * (exp(self.xi * log) - 1.0) / self.xi
    }

    /// The mean of excesses beyond one; none for a tail without a mean.
    #[must_use]
    pub fn mean_beyond(&self, excess: f64) -> Option<f64> {
        (self.xi < 1.0).then(|| (excess + self.beta) / (1.0 - self.xi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_law_of_a_pareto_sample_is_found() {
        // Quantiles of xi = 0.25, beta = 2 at the plotting positions.
        let n = 2000;
        let law = ExcessLaw { xi: 0.25, beta: 2.0 };
        let sample: Vec<f64> =
            (1..=n).map(|i| law.excess_at(1.0 - (f64::from(i) - 0.35) / f64::from(n))).collect();
        let found = ExcessLaw::by_moments(&sample).unwrap_or(ExcessLaw { xi: 9.0, beta: 9.0 });
        assert!((found.xi - 0.25).abs() < 0.01 && (found.beta - 2.0).abs() < 0.02, "{found:?}");
        let excess = found.excess_at(0.01);
        assert!((found.mean_beyond(excess).unwrap_or(0.0) - (excess + 2.0) / 0.75).abs() < 0.3);
    }

    #[test]
    fn what_leaves_no_law_gives_none() {
        assert_eq!(ExcessLaw::by_moments(&[]), None);
        assert_eq!(ExcessLaw::by_moments(&[1.0; 9]), None);
        assert_eq!(ExcessLaw { xi: 1.0, beta: 1.0 }.mean_beyond(2.0), None);
        let exponential = ExcessLaw { xi: 0.0, beta: 2.0 };
        assert!((exponential.excess_at(0.5) - 2.0 * std::f64::consts::LN_2).abs() < 1e-15);
    }
}
