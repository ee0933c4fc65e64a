//! Correlation of several factors: weighted, shrunk, and always positive semi-definite.
//!
//! A correlation from weighted products of returns is positive semi-definite, and so is its mean
//! with either target: with the identity, and with the constant correlation, since the mean of the
//! correlations of `n` factors is never below `-1/(n-1)`. [`Correlation::root`] carries a matrix
//! that rounding or a pair of equal factors left without full rank.

use crate::TailError;

/// What a correlation is drawn towards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// No correlation.
    Identity,
    /// The mean of all correlations, for each pair.
    Constant,
}

/// A correlation matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Correlation {
    n: usize,
    /// Row after row.
    cells: Vec<f64>,
}

/// A pivot below this is rounding: the row depends on those above it.
const RANK: f64 = 1e-12;
/// How far a diagonal may be from 1 and two halves from each other.
const CLOSE: f64 = 1e-9;

impl Correlation {
    /// No correlation between `n` factors.
    pub fn identity(n: usize) -> Self {
        let cells = (0..n * n).map(|at| if at % (n + 1) == 0 { 1.0 } else { 0.0 }).collect();
        Self { n, cells }
    }

    /// A matrix that is given, row after row.
    ///
    /// # Errors
    /// When it is not square, symmetrical, 1 on the diagonal, or positive semi-definite.
    pub fn new(rows: &[Vec<f64>]) -> Result<Self, TailError> {
        let n = rows.len();
        if let Some(row) = rows.iter().find(|row| row.len() != n) {
            let expected = "a square matrix: a row of as many numbers as rows";
            return Err(TailError::number("a correlation", expected, row.len() as f64));
        }
        let given = Self { n, cells: rows.concat() };
        for i in 0..n {
            let off = (given.at(i, i) - 1.0).abs();
            if off.is_nan() || off > CLOSE {
                return Err(TailError::number("a correlation with itself", "1", given.at(i, i)));
            }
            for j in 0..i {
                let apart = (given.at(i, j) - given.at(j, i)).abs();
                if apart.is_nan() || apart > CLOSE {
                    let expected = "the same number in both halves";
                    return Err(TailError::number("a correlation", expected, given.at(i, j)));
                }
            }
        }
        let root = given.root();
        for i in 0..n {
            for j in 0..=i {
                let back: f64 = (0..n).map(|k| root[i][k] * root[j][k]).sum();
                if (back - given.at(i, j)).abs() > 1e-6 {
                    return Err(TailError::Unusable {
                        what: "a correlation matrix".to_owned(),
                        problem: "it is not positive semi-definite".to_owned(),
                        remedy: "estimate it from aligned returns, or shrink it",
                    });
                }
            }
        }
        Ok(given)
    }

    /// Weighted correlation of `returns[factor][time]`: a product of age `k` counts `lambda^k`;
    /// `lambda = 1` counts all alike. Means are taken as zero, as they are for short steps.
    ///
    /// # Errors
    /// When factors differ in length, there are fewer than two times, a return is not a number, a
    /// factor never moves, or `lambda` is not in (0, 1].
    pub fn ewma(returns: &[Vec<f64>], lambda: f64) -> Result<Self, TailError> {
        if !(lambda > 0.0 && lambda <= 1.0) {
            let expected = "a number above 0 and at most 1";
            return Err(TailError::number("lambda of a correlation", expected, lambda));
        }
        let times = checked(returns)?;
        let mut weights = vec![1.0; times];
        for at in (0..times - 1).rev() {
            weights[at] = weights[at + 1] * lambda;
        }
        Self::of_products(returns.len(), |i, j| {
            let pairs = returns[i].iter().zip(&returns[j]).zip(&weights);
            pairs.map(|((a, b), weight)| weight * (a * b)).sum()
        })
    }

    /// The sample correlation drawn towards a target by as much as its own errors ask for (Ledoit
    /// and Wolf 2003 and 2004, on returns that are counted in their deviations), and that share.
    ///
    /// # Errors
    /// As [`Correlation::ewma`].
    pub fn shrunk(returns: &[Vec<f64>], target: Target) -> Result<(Self, f64), TailError> {
        let times = checked(returns)?;
        let counted: Vec<Vec<f64>> = returns.iter().map(|one| standardised(one)).collect();
        let sample = Self::of_products(counted.len(), |i, j| {
            counted[i].iter().zip(&counted[j]).map(|(a, b)| a * b).sum()
        })?;
        let share = intensity(&counted, times, &sample, target);
        Ok((sample.towards(target, share), share))
    }

    /// The mean with a target, which weighs `share` from 0 to 1.
    #[must_use]
    pub fn towards(&self, target: Target, share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let other = match target {
            Target::Identity => 0.0,
            Target::Constant => self.mean(),
        };
        let mut shrunk = self.clone();
        for (at, cell) in shrunk.cells.iter_mut().enumerate() {
            if at % (self.n + 1) != 0 {
                *cell = share * other + (1.0 - share) * *cell;
            }
        }
        shrunk
    }

    /// How many factors.
    pub fn factors(&self) -> usize {
        self.n
    }

    /// The correlation of two factors.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.cells[i * self.n + j]
    }

    /// The mean over pairs; 0 for one factor.
    pub fn mean(&self) -> f64 {
        let pairs = self.n * self.n - self.n;
        let off = self.cells.iter().sum::<f64>() - self.n as f64;
        if pairs == 0 { 0.0 } else { off / pairs as f64 }
    }

    /// Lower-triangular rows `L` with `L L' = ` the matrix (Cholesky). A factor that others
    /// determine has zero in its own place.
    pub fn root(&self) -> Vec<Vec<f64>> {
        let mut root = vec![vec![0.0; self.n]; self.n];
        for i in 0..self.n {
            for j in 0..=i {
                let known: f64 = (0..j).map(|k| root[i][k] * root[j][k]).sum();
                let left = self.at(i, j) - known;
                root[i][j] = if i == j {
                    if left > RANK { left.sqrt() } else { 0.0 }
                } else if root[j][j] > 0.0 {
                    left / root[j][j]
                } else {
                    0.0
                };
            }
        }
        root
    }

    fn of_products(n: usize, product: impl Fn(usize, usize) -> f64) -> Result<Self, TailError> {
        let mut found = Self::identity(n);
        let scale: Vec<f64> = (0..n).map(|i| product(i, i)).collect();
        if let Some(at) = scale.iter().position(|square| !square.is_normal()) {
            return Err(TailError::Unusable {
                what: format!("the correlation of factor {at}"),
                problem: format!("its mean square is {}", scale[at]),
                remedy: "leave the factor out, or use a history in which it moves",
            });
        }
        for i in 0..n {
            for j in 0..i {
                let one = (product(i, j) / (scale[i].sqrt() * scale[j].sqrt())).clamp(-1.0, 1.0);
                found.cells[i * n + j] = one;
                found.cells[j * n + i] = one;
            }
        }
        Ok(found)
    }
}

/// How many times there are, in columns that can be correlated.
fn checked(returns: &[Vec<f64>]) -> Result<usize, TailError> {
    TailError::need("factors of a correlation", 1, returns.len())?;
    let times = returns[0].len();
    TailError::need("times of a correlation", 2, times)?;
    if let Some(at) = returns.iter().position(|one| one.len() != times) {
        return Err(TailError::Unusable {
            what: format!("the correlation of factor {at}"),
            problem: format!("it has {} returns, the first {times}", returns[at].len()),
            remedy: "align the histories",
        });
    }
    match returns.iter().flatten().find(|one| !one.is_finite()) {
        None => Ok(times),
        Some(found) => Err(TailError::number("a return", "a number", *found)),
    }
}

/// Less its mean, over its deviation. What does not move stays zero and is refused after.
fn standardised(returns: &[f64]) -> Vec<f64> {
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let square = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n;
    let over = if square.is_normal() { 1.0 / square.sqrt() } else { 0.0 };
    returns.iter().map(|r| (r - mean) * over).collect()
}

/// Ledoit and Wolf's share: what sampling adds to the squares of the cells, less what the target
/// shares of it, over how far the target is.
fn intensity(counted: &[Vec<f64>], times: usize, sample: &Correlation, target: Target) -> f64 {
    let n = counted.len();
    let t = times as f64;
    let mean = sample.mean();
    let (mut noise, mut shared, mut far) = (0.0, 0.0, 0.0);
    for i in 0..n {
        for j in 0..n {
            let r = sample.at(i, j);
            let pairs = || counted[i].iter().zip(&counted[j]);
            let cell = pairs().map(|(a, b)| (a * b - r) * (a * b - r)).sum::<f64>() / t;
            if i == j {
                // The target's diagonal is the sample's: its noise is shared whole.
                continue;
            }
            noise += cell;
            if target == Target::Constant {
                let with = pairs().map(|(a, b)| (a * a - 1.0) * (a * b - r)).sum::<f64>() / t;
                // With deviations of 1 the two terms of the published sum are alike by symmetry.
                shared += mean * with;
            }
            let aim = if target == Target::Constant { mean } else { 0.0 };
            far += (r - aim) * (r - aim);
        }
    }
    if far <= 0.0 { 1.0 } else { ((noise - shared) / far / t).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn smallest_form(matrix: &Correlation, by: &[f64]) -> f64 {
        let n = matrix.factors();
        let cells = (0..n).flat_map(|i| (0..n).map(move |j| (i, j)));
        cells.map(|(i, j)| by[i] * by[j] * matrix.at(i, j)).sum()
    }

    #[test]
    fn equal_and_opposite_factors() {
        let one: Vec<f64> = vec![0.01, -0.02, 0.03, -0.01];
        let other: Vec<f64> = one.iter().map(|r| -2.0 * r).collect();
        let found = Correlation::ewma(&[one.clone(), other, one], 0.97).unwrap();
        assert!((found.at(0, 1) + 1.0).abs() < 1e-12 && (found.at(0, 2) - 1.0).abs() < 1e-12);
        let root = found.root();
        assert_eq!((root[1][1], root[2][2]), (0.0, 0.0));
        assert!((found.mean() + 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn recent_returns_count_more() {
        let rows = [vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 1.0, -1.0, -1.0]];
        assert!(Correlation::ewma(&rows, 1.0).unwrap().at(0, 1).abs() < 1e-15);
        let found = Correlation::ewma(&rows, 0.5).unwrap().at(0, 1);
        assert!((found - (0.125 + 0.25 - 0.5 - 1.0) / 1.875).abs() < 1e-15);
    }

    #[test]
    fn what_has_no_correlation_is_refused() {
        let said = |rows: &[Vec<f64>]| Correlation::ewma(rows, 0.9).unwrap_err().to_string();
        assert!(said(&[vec![0.0; 3], vec![1.0; 3]]).contains("factor 0"));
        assert!(said(&[vec![1.0; 3], vec![1.0; 2]]).contains("align"));
        assert!(said(&[vec![1.0, f64::NAN]]).contains("NaN"));
        assert!(said(&[]).contains("needs 1"));
        assert!(Correlation::ewma(&[vec![1.0, 2.0]], 1.5).is_err());
        assert!(Correlation::shrunk(&[vec![1.0; 5], vec![1.0; 5]], Target::Identity).is_err());
        let wrong =
            Correlation::new(&[vec![1.0, 0.9, -0.9], vec![0.9, 1.0, 0.9], vec![-0.9, 0.9, 1.0]]);
        assert!(wrong.unwrap_err().to_string().contains("semi-definite"));
        assert!(Correlation::new(&[vec![1.0, 0.5], vec![0.4, 1.0]]).is_err());
        assert!(Correlation::new(&[vec![0.5]]).is_err() && Correlation::new(&[vec![]]).is_err());
    }

    proptest! {
        #[test]
        fn always_positive_semi_definite(
            rows in (2usize..6).prop_flat_map(|n| proptest::collection::vec(
                proptest::collection::vec(-1.0f64..1.0, 7), n)),
            by in proptest::collection::vec(-1.0f64..1.0, 6),
            lambda in 0.2f64..1.0,
        ) {
            let Ok(weighted) = Correlation::ewma(&rows, lambda) else { return Ok(()) };
            let mut all = vec![weighted];
            for target in [Target::Identity, Target::Constant] {
                let (shrunk, share) = Correlation::shrunk(&rows, target).unwrap();
                prop_assert!((0.0..=1.0).contains(&share));
                all.push(shrunk);
            }
            for matrix in all {
                prop_assert!(smallest_form(&matrix, &by) >= -1e-9);
                let n = matrix.factors();
                let root = matrix.root();
                for i in 0..n {
                    for j in 0..n {
                        let back: f64 = (0..n).map(|k| root[i][k] * root[j][k]).sum();
                        prop_assert!((back - matrix.at(i, j)).abs() < 1e-5, "{matrix:?}");
                    }
                }
            }
        }
    }
}
