//! Exponentially weighted variance: what is known before a return forecasts it.

use crate::TailError;
use crate::quantile::finite;

/// How a variance forgets and where it starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ewma {
    /// What a variance keeps of itself from step to step, between 0 and 1: 0.94, 0.97, 0.99.
    pub lambda: f64,
    /// The first variance is the mean square of this many first returns. So the first forecasts
    /// know what they forecast: a backtest must begin after them.
    pub start: usize,
}

/// The mean square of the first thirty returns.
pub const START: usize = 30;

impl Ewma {
    /// Forgets by `lambda`, from the first thirty returns.
    #[must_use]
    pub const fn new(lambda: f64) -> Self {
        Self { lambda, start: START }
    }

    /// `v_0 ..= v_n` of `n` returns: `v_t` forecasts return `t` from those before it, the last one
    /// the return that is to come. `v_{t+1} = lambda v_t + (1 - lambda) r_t^2`.
    ///
    /// # Errors
    /// When the returns are fewer than the start needs or not finite, when `lambda` is not between
    /// 0 and 1, or when a variance is zero or not finite: a constant or an exploding series.
    pub fn variances(&self, returns: &[f64]) -> Result<Vec<f64>, TailError> {
        self.cut(returns, f64::INFINITY)
    }

    /// The same with no return counted for more than `most` of its own standard deviations.
    pub(crate) fn cut(&self, returns: &[f64], most: f64) -> Result<Vec<f64>, TailError> {
        let found = self.path(returns, most)?;
        match found.iter().position(|one| !one.is_normal()) {
            None => Ok(found),
            Some(at) => Err(flat_or_exploding(at, found[at])),
        }
    }

    fn path(&self, returns: &[f64], most: f64) -> Result<Vec<f64>, TailError> {
        self.check(returns)?;
        let first = returns[..self.start].iter().map(|one| one * one).sum::<f64>();
        let mut variance = first / self.start as f64;
        let mut found = Vec::with_capacity(returns.len() + 1);
        found.push(variance);
        for one in returns {
            // Without a bound this is the return itself, also where infinity times zero is none.
            variance = self.next(variance, one.abs().min(most * variance.sqrt()));
            found.push(variance);
        }
        Ok(found)
    }

    /// The square roots of [`Ewma::variances`].
    ///
    /// # Errors
    /// As those.
    pub fn volatilities(&self, returns: &[f64]) -> Result<Vec<f64>, TailError> {
        let mut found = self.variances(returns)?;
        found.iter_mut().for_each(|one| *one = one.sqrt());
        Ok(found)
    }

    /// [`Ewma::volatilities`], none below `floor`: a series that stands still has the floor's.
    ///
    /// # Errors
    /// As those, but for a series that is constant; and when the floor is not above zero.
    pub fn floored(&self, returns: &[f64], floor: f64) -> Result<Vec<f64>, TailError> {
        if !(floor > 0.0 && floor.is_finite()) {
            return Err(TailError::number("floor of a volatility", "a number above zero", floor));
        }
        let mut found = self.path(returns, f64::INFINITY)?;
        if let Some(at) = found.iter().position(|one| !one.is_finite()) {
            return Err(flat_or_exploding(at, found[at]));
        }
        found.iter_mut().for_each(|one| *one = one.sqrt().max(floor));
        Ok(found)
    }

    /// The variance after a return.
    #[must_use]
    pub fn next(&self, variance: f64, one: f64) -> f64 {
        self.lambda * variance + (1.0 - self.lambda) * one * one
    }

    fn check(&self, returns: &[f64]) -> Result<(), TailError> {
        if !(self.lambda > 0.0 && self.lambda < 1.0) {
            let expected = "a number above 0 and below 1, such as 0.97";
            return Err(TailError::number("lambda of an EWMA", expected, self.lambda));
        }
        if self.start == 0 {
            return Err(TailError::number("start of an EWMA", "one return or more", 0.0));
        }
        TailError::need("start of an EWMA", self.start, returns.len())?;
        finite("return of an EWMA", returns)
    }
}

fn flat_or_exploding(at: usize, found: f64) -> TailError {
    let flat = found < 1.0;
    TailError::Unusable {
        what: "EWMA volatility".to_owned(),
        problem: format!("the variance before return {at} is {found:e}"),
        remedy: if flat {
            "the series is constant for too long: leave out the flat part, or use a floor"
        } else {
            "the series explodes: look for a unit or a decimal point that changes"
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variance_knows_only_what_came_before() {
        let returns = [0.01, -0.02, 0.03, 0.5];
        let ewma = Ewma { lambda: 0.9, start: 2 };
        let found = ewma.variances(&returns).unwrap();
        let first = 0.00025;
        assert_eq!(found.len(), 5);
        assert!((found[0] - first).abs() < 1e-18);
        assert!((found[1] - (0.9 * first + 0.1 * 0.0001)).abs() < 1e-18);
        let other = ewma.variances(&[0.01, -0.02, 0.03, -0.1]).unwrap();
        assert_eq!(found[..4], other[..4]);
        assert!(found[4] > other[4]);
    }

    #[test]
    fn too_short_flat_exploding_and_senseless_are_refused() {
        let said = |lambda, start, returns: &[f64]| {
            Ewma { lambda, start }.variances(returns).unwrap_err().to_string()
        };
        assert!(said(0.97, 30, &[0.01; 29]).contains("needs 30 values, found 29"));
        assert!(said(0.97, 30, &[0.0; 40]).contains("constant"));
        assert!(said(0.97, 2, &[0.1, 1e200]).contains("explodes"));
        assert!(said(1.0, 2, &[0.1, 0.1]).contains("below 1"));
        assert!(said(f64::NAN, 2, &[0.1, 0.1]).contains("below 1"));
        assert!(said(0.9, 0, &[0.1]).contains("one return"));
        assert!(said(0.9, 1, &[0.1, f64::NAN]).contains("finite"));
    }

    #[test]
    fn a_floor_holds_what_stands_still() {
        let ewma = Ewma { lambda: 0.5, start: 2 };
        assert_eq!(ewma.floored(&[0.0; 3], 0.01), Ok(vec![0.01; 4]));
        let found = ewma.floored(&[0.1, -0.1, 0.0], 0.08).unwrap();
        assert!((found[1] - 0.1).abs() < 1e-15 && found[3] == 0.08, "{found:?}");
        assert!(ewma.floored(&[0.1; 3], 0.0).is_err());
        assert!(ewma.floored(&[0.1, 1e200], 0.1).is_err());
    }
}
