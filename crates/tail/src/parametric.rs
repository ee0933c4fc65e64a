//! `VaR` and expected shortfall of a known law: normal, or Student's t scaled to unit variance.

use crate::TailError;
use crate::law::{StudentT, normal_quantile};
use keelmark_kernels::norm_pdf;

/// The law of a loss with mean zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Normal.
    Normal,
    /// Student's t with `nu` degrees of freedom, scaled to the same variance.
    StudentT {
        /// Degrees of freedom, above 2.
        nu: f64,
    },
}

/// A loss with mean zero, a law and a standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parametric {
    sigma: f64,
    law: Law,
}

impl Parametric {
    /// A law with its standard deviation.
    ///
    /// # Errors
    /// When `sigma` is not above zero, or a t law has no variance.
    pub fn new(sigma: f64, law: Law) -> Result<Self, TailError> {
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(TailError::number("sigma", "a number above zero", sigma));
        }
        match law {
            Law::StudentT { nu } if !(nu > 2.0 && nu.is_finite()) => {
                let expected = "more than 2 degrees of freedom, below which there is no variance";
                Err(TailError::number("nu", expected, nu))
            }
            _ => Ok(Self { sigma, law }),
        }
    }

    /// What is passed with probability `1 - confidence`: `sigma z`, for t `sigma c q` with
    /// `c = sqrt((nu - 2) / nu)`.
    ///
    /// # Errors
    /// When `confidence` is not in (0, 1).
    pub fn var(&self, confidence: f64) -> Result<f64, TailError> {
        check(confidence)?;
        Ok(self.sigma
            * match self.law {
                Law::Normal => normal_quantile(confidence),
                Law::StudentT { nu } => to_unit(nu) * StudentT::new(nu).quantile(confidence),
            })
    }

    /// The mean of what passes the `VaR`: `sigma phi(z) / (1 - a)`, for t
    /// `sigma c f(q) / (1 - a) (nu + q^2) / (nu - 1)`.
    ///
    /// # Errors
    /// When `confidence` is not in (0, 1).
    pub fn es(&self, confidence: f64) -> Result<f64, TailError> {
        check(confidence)?;
        let mean = match self.law {
            Law::Normal => norm_pdf(normal_quantile(confidence)),
            Law::StudentT { nu } => {
                let law = StudentT::new(nu);
                let q = law.quantile(confidence);
                to_unit(nu) * law.density(q) * (nu + q * q) / (nu - 1.0)
            }
        };
        Ok(self.sigma * mean / (1.0 - confidence))
    }
}

/// What turns Student's t into one of unit variance.
fn to_unit(nu: f64) -> f64 {
    ((nu - 2.0) / nu).sqrt()
}

fn check(confidence: f64) -> Result<(), TailError> {
    if confidence > 0.0 && confidence < 1.0 {
        return Ok(());
    }
    Err(TailError::number("confidence", "a share between 0 and 1", confidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortfall_is_the_mean_of_var_beyond() {
        for law in [Law::Normal, Law::StudentT { nu: 3.5 }] {
            let loss = Parametric::new(0.03, law).unwrap();
            let steps = 20_000;
            let mean = (0..steps).map(|i| {
                let beyond = 0.05 * (f64::from(i) + 0.5) / f64::from(steps);
                loss.var(1.0 - beyond).unwrap()
            });
            let mean = mean.sum::<f64>() / f64::from(steps);
            assert!((loss.es(0.95).unwrap() / mean - 1.0).abs() < 2e-3, "{law:?}");
        }
        // Many degrees of freedom are normal.
        let near = Parametric::new(1.0, Law::StudentT { nu: 1e7 }).unwrap();
        let normal = Parametric::new(1.0, Law::Normal).unwrap();
        assert!((near.es(0.99).unwrap() - normal.es(0.99).unwrap()).abs() < 1e-5);
    }

    #[test]
    fn what_makes_no_law_is_refused() {
        assert!(Parametric::new(0.0, Law::Normal).is_err());
        let said = Parametric::new(1.0, Law::StudentT { nu: 2.0 }).unwrap_err().to_string();
        assert!(said.contains("no variance"));
        assert!(Parametric::new(1.0, Law::Normal).unwrap().var(1.0).is_err());
    }
}
