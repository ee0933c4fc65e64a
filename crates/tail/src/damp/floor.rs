//! Floors from a long history.

use super::check;
use crate::TailError;
use crate::method::Ascending;
use crate::quantile::{self, Rule, finite};

/// The higher of a path and a floor, step by step.
///
/// # Errors
/// When they differ in length or hold what is not a number above zero.
pub fn no_less_than(path: &[f64], floor: &[f64]) -> Result<Vec<f64>, TailError> {
    check(path)?;
    finite("floor", floor)?;
    if path.len() != floor.len() {
        let found = floor.len() as f64;
        return Err(TailError::number("floors", "as many as there are margins", found));
    }
    Ok(path.iter().zip(floor).map(|(one, floor)| one.max(*floor)).collect())
}

/// On how many steps a floor is above the path.
#[must_use]
pub fn binding(path: &[f64], floor: &[f64]) -> usize {
    path.iter().zip(floor).filter(|(one, floor)| floor > one).count()
}

/// The mean of the last `steps` values up to each, of those there are in the beginning.
pub(super) fn mean_of_last(path: &[f64], steps: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mut mean = |at: usize| {
        sum += path[at];
        if at < steps {
            return sum / (at + 1) as f64;
        }
        sum -= path[at - steps];
        // A running sum gathers the rounding of all that ever left it: now and then it is taken
        // anew.
        if at.is_multiple_of(512) {
            sum = path[at + 1 - steps..=at].iter().sum();
        }
        sum / steps as f64
    };
    (0..path.len()).map(&mut mean).collect()
}

/// The quantile of the losses of many years: what a margin may not fall below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LongFloor {
    /// How many losses at most: 2,500 for ten years of trading days.
    pub steps: usize,
    /// Of which confidence.
    pub confidence: f64,
}

impl LongFloor {
    /// Ten years of trading days at 99 %.
    pub const TEN_YEARS: Self = Self { steps: 2_500, confidence: 0.99 };

    /// The floor of each step from `first` to the last loss, from the losses before it: all of
    /// them until there are as many as it may see.
    ///
    /// # Errors
    /// When there is no loss before `first`, fewer losses than `first`, one that is not finite, or
    /// a number that makes no sense.
    pub fn path(&self, losses: &[f64], first: usize) -> Result<Vec<f64>, TailError> {
        quantile::confidence(self.confidence)?;
        finite("loss", losses)?;
        super::at_least_one("steps of a floor", self.steps)?;
        TailError::need("losses before a floor", 1, first)?;
        TailError::need("losses of a floor", first, losses.len())?;
        let mut window = Ascending::of(&losses[first.saturating_sub(self.steps)..first]);
        let mut found = Vec::with_capacity(losses.len() - first);
        for at in first..losses.len() {
            found.push(Rule::OrderStatistic.of_sorted(window.values(), self.confidence));
            match at.checked_sub(self.steps) {
                Some(oldest) => window.replace(losses[oldest], losses[at]),
                None => window.push(losses[at]),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_floor_grows_and_then_slides() {
        let losses = [3.0, 1.0, 2.0, 5.0, 4.0, 0.0];
        let floor = LongFloor { steps: 3, confidence: 0.99 };
        assert_eq!(floor.path(&losses, 1), Ok(vec![3.0, 3.0, 3.0, 5.0, 5.0]));
        assert_eq!(floor.path(&losses, 5), Ok(vec![5.0]));
        assert_eq!(binding(&[3.0, 2.0, 4.0], &[3.0, 3.0, 3.0]), 1);
        assert!(floor.path(&losses, 0).is_err());
        assert!(floor.path(&losses, 7).is_err());
        assert!(LongFloor { steps: 0, confidence: 0.99 }.path(&losses, 1).is_err());
    }

    #[test]
    fn a_running_mean_is_the_mean() {
        let path: Vec<f64> = (1..2_000).map(|n| f64::from(n % 17) + 0.1).collect();
        let found = mean_of_last(&path, 10);
        for at in [0, 5, 9, 10, 511, 512, 513, 1_998] {
            let own = &path[(at + 1usize).saturating_sub(10)..=at];
            let mean = own.iter().sum::<f64>() / own.len() as f64;
            assert!((found[at] - mean).abs() < 1e-12, "{at}");
        }
    }
}
