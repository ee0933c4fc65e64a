//! A part of the margin from a stress, always there, so that it need not be found in one.

use crate::TailError;
use crate::measure::shortfall_of_sorted;
use crate::method::Ascending;

/// The weight of a stress.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stress {
    weight: f64,
}

impl Stress {
    /// A weight from 0 to 1: 0.25.
    ///
    /// # Errors
    /// When it is not.
    pub fn new(weight: f64) -> Result<Self, TailError> {
        if (0.0..=1.0).contains(&weight) {
            return Ok(Self { weight });
        }
        Err(TailError::number("weight of a stress", "a number from 0 to 1, such as 0.25", weight))
    }

    /// `(1 - w) base + w stress`: below the base when the stress is.
    #[must_use]
    pub fn of(self, base: f64, stress: f64) -> f64 {
        (1.0 - self.weight) * base + self.weight * stress
    }

    /// `(1 - w) base + w max(base, stress)`: never below the base.
    #[must_use]
    pub fn no_less_than(self, base: f64, stress: f64) -> f64 {
        self.of(base, stress.max(base))
    }

    /// [`Stress::of`] step by step.
    ///
    /// # Errors
    /// When there is not one stress a step.
    pub fn of_each(self, path: &[f64], stress: &[f64]) -> Result<Vec<f64>, TailError> {
        if path.len() != stress.len() {
            let found = stress.len() as f64;
            return Err(TailError::number("stresses", "as many as there are margins", found));
        }
        Ok(path.iter().zip(stress).map(|(base, stress)| self.of(*base, *stress)).collect())
    }

    /// Each value of a path with the mean of the worst values so far, its own among them.
    pub(super) fn of_own_worst(self, path: &[f64], beyond: f64) -> Result<Vec<f64>, TailError> {
        super::check(path)?;
        let mut ever = Ascending::default();
        let mut damped = |base: &f64| {
            ever.push(*base);
            self.no_less_than(*base, shortfall_of_sorted(ever.values(), beyond))
        };
        Ok(path.iter().map(&mut damped).collect())
    }
}

/// The largest of some returns before each step from `first` on, either way they point.
///
/// # Errors
/// When there is none before the first step.
pub fn largest_before(returns: &[f64], first: usize) -> Result<Vec<f64>, TailError> {
    TailError::need("returns before a stress", 1, first)?;
    TailError::need("returns of a stress", first, returns.len())?;
    let largest = |returns: &[f64]| returns.iter().fold(0.0, |most: f64, one| most.max(one.abs()));
    let mut most = largest(&returns[..first]);
    let mut next = |one: &f64| {
        let before = most;
        most = most.max(one.abs());
        before
    };
    Ok(returns[first..].iter().map(&mut next).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_is_of_what_came_before() {
        let returns = [0.1, -0.3, 0.2, 0.5, 0.1];
        assert_eq!(largest_before(&returns, 1), Ok(vec![0.1, 0.3, 0.3, 0.5]));
        assert_eq!(largest_before(&returns, 5), Ok(vec![]));
        assert!(largest_before(&returns, 0).is_err());
    }

    #[test]
    fn a_weight_is_a_part() {
        let stress = Stress::new(0.25).unwrap();
        assert_eq!(stress.of(4.0, 2.0), 3.5);
        assert_eq!(stress.no_less_than(4.0, 2.0), 4.0);
        assert_eq!(stress.no_less_than(4.0, 8.0), 5.0);
        assert_eq!(stress.of_each(&[4.0], &[2.0]), Ok(vec![3.5]));
        assert!(stress.of_each(&[4.0], &[]).is_err());
        assert!(Stress::new(25.0).is_err() && Stress::new(f64::NAN).is_err());
    }
}
