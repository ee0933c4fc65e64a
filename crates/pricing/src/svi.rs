//! Volatility surfaces in the stochastic-volatility-inspired form, one slice an expiry.
//!
//! Source: J. Gatheral's raw parametrisation, with the bounds that an on-chain feed keeps:
//! log-moneyness is cut to four standard deviations at the money, total variance to 144.

use keelmark_kernels::ln;

/// One slice: total variance `a + b (rho (k - m) + sqrt((k - m)^2 + sigma^2))` at log-moneyness
/// `k`, fitted at a forward and a time of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slice {
    /// Level.
    pub a: f64,
    /// Slope of the wings.
    pub b: f64,
    /// Tilt, -1 to 1.
    pub rho: f64,
    /// Shift.
    pub m: f64,
    /// Smoothness at the bottom.
    pub sigma: f64,
    /// Forward of the fit, in quote currency.
    pub forward: f64,
    /// Years of the fit.
    pub years: f64,
}

/// A slice that gives no volatility.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("expected a total variance of zero or more at strike {strike}, found {variance}")]
pub struct NoVariance {
    /// Where.
    pub strike: f64,
    /// What the slice gives there.
    pub variance: f64,
}

/// Total variance is never above this: 12 standard deviations.
const MOST_VARIANCE: f64 = 144.0;
/// Log-moneyness is cut to this many standard deviations at the money.
const MOST_DEVIATIONS: f64 = 4.0;

impl Slice {
    /// Annual volatility at a strike, as a fraction; 0 at a strike of zero.
    ///
    /// # Errors
    /// [`NoVariance`] where the total variance is below zero or not a number.
    pub fn vol(&self, strike: f64) -> Result<f64, NoVariance> {
        if strike == 0.0 {
            return Ok(0.0);
        }
        let bound = MOST_DEVIATIONS * (self.a + self.b * self.sigma).sqrt();
        let k = (ln(strike / self.forward)).max(-bound).min(bound);
        let from = k - self.m;
        let wing = from.mul_add(from, self.sigma * self.sigma).sqrt();
        let variance = self.b.mul_add(self.rho.mul_add(from, wing), self.a);
        if variance.is_nan() || variance < 0.0 {
            return Err(NoVariance { strike, variance });
        }
        Ok((variance.min(MOST_VARIANCE) / self.years).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: Slice =
        Slice { a: 0.04, b: 0.0, rho: 0.0, m: 0.0, sigma: 0.1, forward: 100.0, years: 0.25 };

    #[test]
    fn a_flat_slice_has_one_volatility() {
        for strike in [1.0, 100.0, 1e6] {
            assert!((FLAT.vol(strike).unwrap() - 0.4).abs() < 1e-15);
        }
        assert_eq!(FLAT.vol(0.0).unwrap(), 0.0);
    }

    #[test]
    fn wings_are_cut_and_negative_variance_is_refused() {
        let steep = Slice { b: 0.5, ..FLAT };
        assert_eq!(steep.vol(1e9).unwrap(), steep.vol(1e12).unwrap());
        let high = Slice { a: 1000.0, ..FLAT };
        assert_eq!(high.vol(100.0).unwrap(), 24.0);
        let below = Slice { a: -0.01, b: 0.05, m: 0.5, rho: 1.0, sigma: 0.3, ..FLAT };
        assert!(below.vol(100.0).is_err());
        assert!(Slice { a: -1.0, ..FLAT }.vol(100.0).is_err());
    }
}
