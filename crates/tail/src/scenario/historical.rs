//! Scenarios that happened: as they were, or each factor scaled from the volatility of its day to
//! that of today.

use super::{Factors, Horizon, Scenarios, label};
use crate::TailError;

/// A factor's volatility then, and the one its moves are scaled to.
///
/// The target is an argument, not the last of the path, so that what damps a margin can raise,
/// floor or cap it.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// A variance for each return of the history; a forecast after the last may follow.
    pub variances: Vec<f64>,
    /// The volatility that scenarios are scaled to.
    pub target: f64,
}

impl Filter {
    /// To the last variance of a path that has one more than there are returns.
    ///
    /// # Errors
    /// When the path is empty.
    pub fn to_next(variances: Vec<f64>) -> Result<Self, TailError> {
        TailError::need("a path of variances", 1, variances.len())?;
        let target = variances[variances.len() - 1].sqrt();
        Ok(Self { variances, target })
    }

    /// Leaves `returns` moves as they are: for what has no volatility of its own.
    pub fn none(returns: usize) -> Self {
        Self { variances: vec![1.0; returns], target: 1.0 }
    }

    /// The returns scaled to the target.
    ///
    /// # Errors
    /// When the path has not a variance for each, one is not above zero, or the target is not.
    pub fn scaled(&self, name: &str, returns: &[f64]) -> Result<Vec<f64>, TailError> {
        let what = |word: &str| format!("the {word} of {name}");
        if self.variances.len() != returns.len() && self.variances.len() != returns.len() + 1 {
            return Err(TailError::Unusable {
                what: what("volatility path"),
                problem: format!("{} variances, {} returns", self.variances.len(), returns.len()),
                remedy: "give one variance a return, and the next where it is known",
            });
        }
        let positive = |value: f64| value > 0.0 && value.is_finite();
        if let Some(found) = self.variances.iter().find(|one| !positive(**one)) {
            return Err(TailError::number(&what("variance"), "a number above zero", *found));
        }
        if !positive(self.target) {
            return Err(TailError::number(&what("target"), "a number above zero", self.target));
        }
        let scale = |(r, v): (&f64, &f64)| r * (self.target / v.sqrt());
        Ok(returns.iter().zip(&self.variances).map(scale).collect())
    }
}

/// The last `window` moves as they were; sums over a horizon are made within the window.
///
/// # Errors
/// When the history is shorter than the window, or the window than the horizon.
pub fn plain(factors: &Factors, window: usize, horizon: Horizon) -> Result<Scenarios, TailError> {
    factors.check()?;
    made(factors, factors.returns.clone(), window, horizon)
}

/// The last `window` moves, each factor scaled to its target volatility by its own path. Scaled
/// first and summed after, so that a horizon has the volatility of the target too.
///
/// # Errors
/// As [`plain`] and [`Filter::scaled`]; when there is not one filter a factor.
pub fn filtered(
    factors: &Factors,
    filters: &[Filter],
    window: usize,
    horizon: Horizon,
) -> Result<Scenarios, TailError> {
    factors.check()?;
    if filters.len() != factors.names.len() {
        return Err(TailError::Unusable {
            what: "filtered scenarios".to_owned(),
            problem: format!("{} filters, {} factors", filters.len(), factors.names.len()),
            remedy: "give one filter a factor",
        });
    }
    let mut scaled = Vec::with_capacity(filters.len());
    for (filter, (name, column)) in filters.iter().zip(factors.names.iter().zip(&factors.returns)) {
        scaled.push(filter.scaled(name, column)?);
    }
    made(factors, scaled, window, horizon)
}

fn made(
    factors: &Factors,
    mut columns: Vec<Vec<f64>>,
    window: usize,
    horizon: Horizon,
) -> Result<Scenarios, TailError> {
    let summed = horizon.summed()?;
    TailError::need("historical scenarios", window, factors.len())?;
    TailError::need("a window of the horizon", summed, window)?;
    let first = factors.len() - window;
    for column in &mut columns {
        *column = horizon.moves(&column[first..])?;
    }
    let ends = &factors.times[first + summed - 1..];
    let labels = ends.iter().map(|time| label(*time)).collect();
    Ok(Scenarios { labels, names: factors.names.clone(), moves: columns })
}

#[cfg(test)]
mod tests {
    use super::super::tests::factors;
    use super::super::{Horizon, Way};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_scenarios_are_the_last_moves() {
        let history = factors(&[&[0.1, 0.2, 0.3], &[-0.1, 0.0, 0.4]]);
        let found = plain(&history, 2, Horizon::ONE).unwrap();
        assert_eq!(found.labels, ["1970-01-02", "1970-01-03"]);
        assert_eq!(found.moves, [[0.2, 0.3], [0.0, 0.4]]);
        assert!(plain(&history, 4, Horizon::ONE).unwrap_err().to_string().contains("needs 4"));
    }

    #[test]
    fn a_horizon_sums_what_followed_or_scales() {
        let history = factors(&[&[0.1, 0.2, 0.4, 0.8]]);
        let two = Horizon { steps: 2, way: Way::Summed };
        let found = plain(&history, 3, two).unwrap();
        assert_eq!(found.labels, ["1970-01-03", "1970-01-04"]);
        assert!((found.moves[0][0] - 0.6).abs() < 1e-15);
        let scaled = plain(&history, 3, Horizon { way: Way::Scaled, ..two }).unwrap();
        assert_eq!(scaled.len(), 3);
        assert!((scaled.moves[0][0] - 0.2 * 2f64.sqrt()).abs() < 1e-15);
        assert!(plain(&history, 3, Horizon { steps: 0, way: Way::Summed }).is_err());
        assert!(plain(&history, 3, Horizon { steps: 4, way: Way::Summed }).is_err());
    }

    #[test]
    fn filters_that_do_not_fit_are_refused() {
        let history = factors(&[&[0.1, 0.2]]);
        let said = |filters: &[Filter]| {
            filtered(&history, filters, 2, Horizon::ONE).unwrap_err().to_string()
        };
        assert!(said(&[]).contains("0 filters, 1 factors"));
        assert!(said(&[Filter::none(1)]).contains("of A: 1 variances"));
        assert!(said(&[Filter { variances: vec![1.0, 0.0], target: 1.0 }]).contains("variance"));
        assert!(said(&[Filter { variances: vec![1.0; 2], target: f64::NAN }]).contains("target"));
        assert!(Filter::to_next(vec![]).is_err());
    }

    proptest! {
        /// Moves counted in their own volatility become moves counted in the target, whatever the
        /// path, and each factor has its own.
        #[test]
        fn scenarios_have_the_target_volatility(
            path in proptest::collection::vec((1e-3f64..0.2, -3.0f64..3.0, 1e-3f64..0.2), 2..60),
            target in 1e-3f64..0.5,
        ) {
            let a: Vec<f64> = path.iter().map(|(v, z, _)| v * z).collect();
            let b: Vec<f64> = path.iter().map(|(_, z, v)| -v * z).collect();
            let filter = |at: fn(&(f64, f64, f64)) -> f64, target| Filter {
                variances: path.iter().map(|row| at(row) * at(row)).collect(),
                target,
            };
            let filters = [filter(|row| row.0, target), filter(|row| row.2, 2.0 * target)];
            let history = factors(&[&a, &b]);
            let found = filtered(&history, &filters, path.len(), Horizon::ONE).unwrap();
            for (at, (_, z, _)) in path.iter().enumerate() {
                prop_assert!((found.moves[0][at] - target * z).abs() < 1e-12);
                prop_assert!((found.moves[1][at] + 2.0 * target * z).abs() < 1e-12);
            }
            let none = [Filter::none(path.len()), Filter::none(path.len())];
            let same = filtered(&history, &none, path.len(), Horizon::ONE).unwrap();
            prop_assert_eq!(same, plain(&history, path.len(), Horizon::ONE).unwrap());
        }
    }
}
