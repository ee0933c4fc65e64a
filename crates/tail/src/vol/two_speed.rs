//! Volatility of two speeds: what markets are like lately, pulled towards what they have been like.
//!
//! A fast average follows a shock within a day and forgets it within a month, so a margin scaled
//! by it jumps and falls back; a slow one hardly moves. The product of a part of each rises less
//! in a shock, falls less in a calm, and no day may count for more than a few of its own standard
//! deviations: one jump says little about the level of what comes after it.

use crate::TailError;
use crate::vol::Ewma;
use keelmark_kernels::{exp, ln};

/// `fast^weight * slow^(1 - weight)` of two exponentially weighted volatilities.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TwoSpeed {
    /// The one that follows.
    pub fast: Ewma,
    /// The one that remembers.
    pub slow: Ewma,
    /// The power of the fast one, from 0 to 1.
    pub weight: f64,
    /// A return counts in either for at most this many of its standard deviations; 1 or more.
    pub most: f64,
}

impl TwoSpeed {
    /// `s_0 ..= s_n` of `n` returns: `s_t` forecasts return `t` from those before it. With
    /// `r^2` cut at `most^2 v_t`: `v_{t+1} = lambda v_t + (1 - lambda) r_t^2` at both speeds.
    ///
    /// # Errors
    /// As [`Ewma::variances`], and when the weight is not from 0 to 1 or `most` below 1.
    pub fn volatilities(&self, returns: &[f64]) -> Result<Vec<f64>, TailError> {
        let mut found = self.variances(returns)?;
        found.iter_mut().for_each(|one| *one = one.sqrt());
        Ok(found)
    }

    /// The squares of [`TwoSpeed::volatilities`].
    ///
    /// # Errors
    /// As those.
    pub fn variances(&self, returns: &[f64]) -> Result<Vec<f64>, TailError> {
        self.check()?;
        let (fast, slow) = (self.fast.cut(returns, self.most)?, self.slow.cut(returns, self.most)?);
        let pairs = fast.iter().zip(&slow);
        Ok(pairs.map(|(fast, slow)| exp(self.between(ln(*fast), ln(*slow)))).collect())
    }

    /// The largest factor by which one return, however large, raises the volatility.
    #[must_use]
    pub fn largest_step(&self) -> f64 {
        let grown = |one: &Ewma| ln(one.lambda + (1.0 - one.lambda) * self.most * self.most);
        exp(0.5 * self.between(grown(&self.fast), grown(&self.slow)))
    }

    fn between(&self, fast: f64, slow: f64) -> f64 {
        self.weight * fast + (1.0 - self.weight) * slow
    }

    fn check(&self) -> Result<(), TailError> {
        if !(0.0..=1.0).contains(&self.weight) {
            let what = "weight of the fast volatility";
            return Err(TailError::number(what, "a number from 0 to 1", self.weight));
        }
        if self.most.is_nan() || self.most < 1.0 {
            let what = "standard deviations that a return counts for";
            return Err(TailError::number(what, "a number not below 1, such as 4", self.most));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(weight: f64, most: f64) -> TwoSpeed {
        let ewma = |lambda| Ewma { lambda, start: 2 };
        TwoSpeed { fast: ewma(0.9), slow: ewma(0.99), weight, most }
    }

    #[test]
    fn the_weight_leads_from_the_slow_to_the_fast() {
        let returns = [0.01, -0.02, 0.015, 0.01, -0.02];
        for (weight, lambda) in [(0.0, 0.99), (1.0, 0.9)] {
            let alone = Ewma { lambda, start: 2 }.volatilities(&returns).unwrap();
            let found = of(weight, f64::INFINITY).volatilities(&returns).unwrap();
            for (found, alone) in found.iter().zip(&alone) {
                assert!((found / alone - 1.0).abs() < 1e-14, "{found} {alone}");
            }
        }
    }

    #[test]
    fn a_crash_counts_for_a_few_standard_deviations() {
        let mut returns = vec![0.01, -0.01, 0.01];
        let before = of(0.3, 4.0).volatilities(&returns).unwrap();
        returns.push(-0.9);
        let after = of(0.3, 4.0).volatilities(&returns).unwrap();
        let rise = after[4] / before[3];
        assert!((rise / of(0.3, 4.0).largest_step() - 1.0).abs() < 1e-12, "{rise}");
    }

    #[test]
    fn senseless_numbers_are_refused() {
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(of(bad, 4.0).volatilities(&[0.1, 0.1]).is_err());
        }
        for bad in [0.9, f64::NAN] {
            let said = of(0.3, bad).volatilities(&[0.1, 0.1]).unwrap_err().to_string();
            assert!(said.contains("not below 1"), "{said}");
        }
        assert!(of(0.3, 4.0).volatilities(&[0.0, 0.0]).is_err());
    }

    proptest! {
        #[test]
        fn it_lies_between_its_parts_and_never_rises_faster_than_it_says(
            returns in prop::collection::vec(-0.5f64..0.5, 3..200), weight in 0.0..1.0f64,
            most in 1.0..10.0f64,
        ) {
            prop_assume!(returns[0].abs() > 1e-3);
            let model = of(weight, most);
            let found = model.volatilities(&returns).unwrap();
            let alone = |weight| of(weight, most).volatilities(&returns).unwrap();
            let parts = [alone(0.0), alone(1.0)];
            for (at, one) in found.iter().enumerate() {
                let (slow, fast) = (parts[0][at], parts[1][at]);
                prop_assert!(*one >= slow.min(fast) * (1.0 - 1e-12));
                prop_assert!(*one <= slow.max(fast) * (1.0 + 1e-12));
            }
            let most = model.largest_step() * (1.0 + 1e-12);
            prop_assert!(found.windows(2).all(|pair| pair[1] / pair[0] <= most));
        }
    }
}
