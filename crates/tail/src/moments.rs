//! Moments of a sample of returns.

use crate::TailError;
use crate::quantile::finite;

/// What a sample looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// How many.
    pub n: usize,
    /// The mean.
    pub mean: f64,
    /// The standard deviation, over `n - 1`.
    pub std: f64,
    /// The smallest.
    pub min: f64,
    /// Which of them is the smallest, the first of equals.
    pub min_at: usize,
    /// The largest.
    pub max: f64,
    /// `m3 / m2^1.5`, moments over `n`.
    pub skew: f64,
    /// `m4 / m2^2`, moments over `n`: 3 for a normal law.
    pub kurtosis: f64,
}

impl Moments {
    /// Of two returns or more.
    ///
    /// # Errors
    /// When there are fewer, one is not finite, or all are the same.
    pub fn of(returns: &[f64]) -> Result<Self, TailError> {
        TailError::need("moments", 2, returns.len())?;
        finite("return", returns)?;
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let moment =
            |power: i32| returns.iter().map(|one| power_of(one - mean, power)).sum::<f64>() / n;
        let [m2, m3, m4] = [2, 3, 4].map(moment);
        let (mut min_at, mut max) = (0, returns[0]);
        for (at, one) in returns.iter().enumerate() {
            min_at = if *one < returns[min_at] { at } else { min_at };
            max = max.max(*one);
        }
        if returns[min_at] == max {
            return Err(TailError::Unusable {
                what: "moments".to_owned(),
                problem: format!("all returns are {max}"),
                remedy: "a constant series has no shape: leave out its flat part",
            });
        }
        Ok(Self {
            n: returns.len(),
            mean,
            std: (m2 * n / (n - 1.0)).sqrt(),
            min: returns[min_at],
            min_at,
            max,
            skew: m3 / (m2 * m2.sqrt()),
            kurtosis: m4 / (m2 * m2),
        })
    }
}

/// A small whole power by products, whose bits are the same everywhere.
fn power_of(x: f64, power: i32) -> f64 {
    (1..power).fold(x, |product, _| product * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sample_by_hand() {
        let found = Moments::of(&[1.0, 2.0, 3.0, 6.0]).unwrap();
        assert_eq!(
            (found.n, found.mean, found.min, found.min_at, found.max),
            (4, 3.0, 1.0, 0, 6.0)
        );
        // m2 = 14/4, m3 = (-8 - 1 + 27)/4, m4 = (16 + 1 + 81)/4.
        assert!((found.std - (14.0f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((found.skew - 4.5 / 3.5f64.powf(1.5)).abs() < 1e-15);
        assert!((found.kurtosis - 24.5 / 12.25).abs() < 1e-15);
    }

    #[test]
    fn a_constant_sample_has_no_shape() {
        assert!(Moments::of(&[0.5; 9]).unwrap_err().to_string().contains("constant"));
        assert!(Moments::of(&[0.5]).is_err());
        assert!(Moments::of(&[0.5, f64::INFINITY]).is_err());
    }
}
