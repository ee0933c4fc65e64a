//! How large an insurance fund is worth its cost: money in it costs a rate, a deficit that it
//! cannot pay costs a multiple of itself.
//!
//! The answer is a quantile of the deficit, `1 - rate / penalty`: the newsvendor's.

use crate::{ModelError, need};
use keelmark_kernels::{exp, ln, norm_cdf, powf};

/// How deficits are distributed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Exponential.
    Exponential {
        /// Its mean.
        mean: f64,
    },
    /// Pareto.
    Pareto {
        /// Its least value.
        least: f64,
        /// Its tail exponent.
        alpha: f64,
    },
    /// Generalised Pareto above a threshold.
    Tail {
        /// The threshold.
        from: f64,
        /// Probability of passing it.
        beyond: f64,
        /// Shape.
        shape: f64,
        /// Scale.
        scale: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Mean of the logarithm.
        mu: f64,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
}

/// The size at which a unit more costs as much as it saves; zero where none is worth it.
///
/// # Errors
/// When rate and penalty are not above zero, or a parameter of the law makes no sense.
pub fn fund(law: &Law, rate: f64, penalty: f64) -> Result<f64, ModelError> {
    need("cost of money", rate, "above zero", |rate| rate > 0.0)?;
    need("penalty", penalty, "above zero", |penalty| penalty > 0.0)?;
    let beyond = rate / penalty;
    if beyond >= 1.0 {
        return Ok(0.0);
    }
    law.exceeded(beyond)
}

impl Law {
    /// What is exceeded with a probability between zero and one.
    ///
    /// # Errors
    /// When a parameter makes no sense.
    pub fn exceeded(&self, probability: f64) -> Result<f64, ModelError> {
        need("probability", probability, "between 0 and 1", |p| p > 0.0 && p < 1.0)?;
        let above = |what, found: f64| need(what, found, "above zero", |found| found > 0.0);
        match *self {
            Self::Exponential { mean } => {
                above("mean", mean)?;
                Ok(-mean * ln(probability))
            }
            Self::Pareto { least, alpha } => {
                above("least value", least)?;
                above("tail exponent", alpha)?;
                Ok(least * powf(probability, -1.0 / alpha))
            }
            Self::Tail { from, beyond, shape, scale } => {
                above("scale", scale)?;
                need("probability beyond the threshold", beyond, "above 0 to 1", |p| {
                    p > 0.0 && p <= 1.0
                })?;
                need("shape", shape, "a number", |_| true)?;
                let ratio = (probability / beyond).min(1.0);
                let past =
                    if shape == 0.0 { -ln(ratio) } else { (powf(ratio, -shape) - 1.0) / shape };
                Ok(from + scale * past)
            }
            Self::Lognormal { mu, sigma } => {
                need("mean of the logarithm", mu, "a number", |_| true)?;
                above("deviation of the logarithm", sigma)?;
                Ok(exp(mu - sigma * quantile(probability)))
            }
        }
    }
}

/// The standard normal number below which one falls with a probability: by halves, to the last bit
/// that the distribution tells apart.
pub(crate) fn quantile(probability: f64) -> f64 {
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if norm_cdf(middle) < probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_of_shape_zero_is_exponential() {
        let tail = Law::Tail { from: 0.0, beyond: 1.0, shape: 0.0, scale: 7.0 };
        let plain = Law::Exponential { mean: 7.0 };
        assert_eq!(tail.exceeded(0.01).unwrap(), plain.exceeded(0.01).unwrap());
    }

    #[test]
    fn a_quantile_gives_back_its_probability() {
        for probability in [1e-9, 0.01, 0.5, 0.975] {
            assert!((norm_cdf(quantile(probability)) / probability - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn money_that_costs_more_than_a_deficit_is_not_held() {
        let law = Law::Pareto { least: 1.0, alpha: 1.5 };
        assert_eq!(fund(&law, 2.0, 1.0).unwrap(), 0.0);
        assert!(fund(&law, 0.0, 1.0).is_err());
        assert!(fund(&Law::Pareto { least: 1.0, alpha: 0.0 }, 0.1, 1.0).is_err());
    }
}
