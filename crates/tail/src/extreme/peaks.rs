//! Peaks over a threshold: `VaR` and expected shortfall from the tail fitted above it.
//!
//! `McNeil` and Frey (2000): with `n_u` of `n` values above `u`,
//! `VaR = u + beta/xi ((n/n_u (1-a))^-xi - 1)` and `ES = (VaR + beta - xi u) / (1 - xi)`.

use super::pareto::{Estimator, Pareto};
use crate::TailError;

/// What lies above a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Peaks {
    /// The threshold.
    pub threshold: f64,
    /// How many values there were in all.
    pub of: usize,
    /// By how much the threshold was passed, ascending.
    pub excesses: Vec<f64>,
}

/// A tail above a threshold: what `VaR` and `ES` beyond it need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The threshold.
    pub threshold: f64,
    /// The law of the excesses.
    pub law: Pareto,
    /// The share of all values that lie above the threshold.
    pub share: f64,
}

impl Peaks {
    /// The values strictly above `threshold`.
    ///
    /// # Errors
    /// When a value or the threshold is not a number.
    pub fn above(values: &[f64], threshold: f64) -> Result<Self, TailError> {
        let mut all = values.iter().chain([&threshold]);
        if let Some(found) = all.find(|value| !value.is_finite()) {
            return Err(TailError::number("peaks over a threshold", "numbers", *found));
        }
        let above = values.iter().map(|value| value - threshold);
        let mut excesses: Vec<f64> = above.filter(|excess| *excess > 0.0).collect();
        excesses.sort_unstable_by(f64::total_cmp);
        Ok(Self { threshold, of: values.len(), excesses })
    }

    /// The tail that fits them.
    ///
    /// # Errors
    /// As [`Pareto::fit`].
    pub fn fit(&self, by: Estimator) -> Result<Tail, TailError> {
        let law = Pareto::fit(&self.excesses, by)?;
        Tail::new(self.threshold, law, self.of, self.excesses.len())
    }
}

impl Tail {
    /// A tail of known parameters, `above` of `of` values being above the threshold.
    ///
    /// # Errors
    /// When the threshold or `xi` is not a number, `beta` is not above zero, or the counts are not
    /// `0 < above <= of`.
    pub fn new(threshold: f64, law: Pareto, of: usize, above: usize) -> Result<Self, TailError> {
        if !threshold.is_finite() {
            return Err(TailError::number("the threshold", "a number", threshold));
        }
        if !law.xi.is_finite() {
            return Err(TailError::number("xi", "a number", law.xi));
        }
        if !(law.beta > 0.0 && law.beta.is_finite()) {
            return Err(TailError::number("beta", "a number above zero", law.beta));
        }
        if above == 0 || above > of {
            let expected = "at least one value above the threshold, and no more than there are";
            return Err(TailError::number("the excesses", expected, above as f64));
        }
        Ok(Self { threshold, law, share: above as f64 / of as f64 })
    }

    /// What is passed with probability `1 - confidence`.
    ///
    /// # Errors
    /// When `confidence` is not in (0, 1), or lies below the threshold, where this tail says
    /// nothing.
    pub fn var(&self, confidence: f64) -> Result<f64, TailError> {
        if !(confidence > 0.0 && confidence < 1.0) {
            return Err(TailError::number("confidence", "a share between 0 and 1", confidence));
        }
        let beyond = (1.0 - confidence) / self.share;
        // Beyond 1 by rounding is the threshold itself.
        if beyond > 1.0 + 1e-9 {
            return Err(TailError::number(
                "confidence",
                "one whose quantile is above the tail's threshold: raise it or lower the threshold",
                confidence,
            ));
        }
        Ok(self.threshold + self.law.excess_at(beyond.min(1.0)))
    }

    /// The mean of what passes the `VaR`.
    ///
    /// # Errors
    /// As [`Tail::var`]; and where `xi >= 1`, since such a tail has no mean.
    pub fn es(&self, confidence: f64) -> Result<f64, TailError> {
        let var = self.var(confidence)?;
        let Pareto { xi, beta } = self.law;
        if xi >= 1.0 {
            return Err(TailError::Unusable {
                what: "expected shortfall".to_owned(),
                problem: format!("the tail index xi is {xi}, and a tail with xi >= 1 has no mean"),
                remedy: "use VaR, another threshold, or a longer history",
            });
        }
        Ok((var + beta - xi * self.threshold) / (1.0 - xi))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(xi: f64) -> Tail {
        Tail::new(2.0, Pareto { xi, beta: 0.7 }, 1_000, 50).unwrap()
    }

    #[test]
    fn the_limit_is_exponential() {
        let (limit, near) = (tail(0.0), tail(1e-10));
        let expected = 2.0 - 0.7 * (0.2f64).ln();
        assert!((limit.var(0.99).unwrap() - expected).abs() < 1e-13);
        assert!((limit.es(0.99).unwrap() - expected - 0.7).abs() < 1e-13);
        assert!((near.var(0.99).unwrap() - expected).abs() < 1e-9);
        assert!((near.es(0.99).unwrap() - limit.es(0.99).unwrap()).abs() < 1e-9);
    }

    #[test]
    fn a_tail_without_a_mean_has_no_shortfall() {
        assert!(tail(1.2).var(0.999).is_ok());
        let said = tail(1.0).es(0.99).unwrap_err().to_string();
        assert!(said.contains("no mean") && said.contains("use VaR"), "{said}");
    }

    #[test]
    fn confidence_below_the_threshold_is_refused() {
        assert!((tail(0.2).var(0.95).unwrap() - 2.0).abs() < 1e-12);
        assert!(tail(0.2).var(0.94).unwrap_err().to_string().contains("threshold"));
        assert!(tail(0.2).var(1.0).is_err() && tail(0.2).var(f64::NAN).is_err());
    }

    #[test]
    fn excesses_are_strictly_above() {
        let peaks = Peaks::above(&[3.0, 1.0, 2.0, 5.0], 2.0).unwrap();
        assert_eq!((peaks.of, peaks.excesses), (4, vec![1.0, 3.0]));
        assert!(Peaks::above(&[f64::NAN], 0.0).is_err());
        assert!(Tail::new(0.0, Pareto { xi: 0.1, beta: 0.0 }, 10, 5).is_err());
        assert!(Tail::new(0.0, Pareto { xi: 0.1, beta: 1.0 }, 10, 0).is_err());
    }
}
