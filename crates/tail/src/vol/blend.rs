//! Several forecasts of a variance as one, and how good a forecast was.

use crate::TailError;
use crate::quantile::finite;
use keelmark_kernels::ln;

/// How far weights may be from 1 together.
const CLOSE: f64 = 1e-9;

/// The weighted mean of paths of variances: `(weight, path)` each, weights not below zero and 1
/// together.
///
/// # Errors
/// When there is no path, they differ in length, a variance is not above zero, or the weights are
/// none.
pub fn blend(parts: &[(f64, &[f64])]) -> Result<Vec<f64>, TailError> {
    TailError::need("forecasts of a blend", 1, parts.len())?;
    let (first, sum) = (parts[0].1.len(), parts.iter().map(|(weight, _)| weight).sum::<f64>());
    if (sum - 1.0).abs() > CLOSE || sum.is_nan() {
        return Err(TailError::number("weights of a blend", "weights of 1 together", sum));
    }
    let mut found = vec![0.0; first];
    for (weight, path) in parts {
        if !(*weight >= 0.0 && weight.is_finite()) {
            return Err(TailError::number("a weight of a blend", "0 or above", *weight));
        }
        if path.len() != first {
            return Err(TailError::Unusable {
                what: "a blend of forecasts".to_owned(),
                problem: format!("one has {} variances, the first {first}", path.len()),
                remedy: "align the histories",
            });
        }
        positive(path)?;
        for (sum, variance) in found.iter_mut().zip(*path) {
            *sum += weight * variance;
        }
    }
    Ok(found)
}

/// How far forecasts were from what came: the mean of `ln v + r^2 / v`. Lower is better, and it
/// ranks forecasts rightly although a squared return is a noisy measure of a variance (Patton
/// 2011). Variances beyond the returns are left out.
///
/// # Errors
/// When there is no return, one is not a number, there are fewer variances, or one is not above
/// zero.
pub fn quasi_likelihood(variances: &[f64], returns: &[f64]) -> Result<f64, TailError> {
    TailError::need("returns that forecasts are compared with", 1, returns.len())?;
    TailError::need("forecasts of these returns", returns.len(), variances.len())?;
    finite("return that a forecast is compared with", returns)?;
    positive(&variances[..returns.len()])?;
    let pairs = variances.iter().zip(returns);
    Ok(pairs.map(|(v, r)| ln(*v) + r * r / v).sum::<f64>() / returns.len() as f64)
}

fn positive(variances: &[f64]) -> Result<(), TailError> {
    match variances.iter().find(|v| !(**v > 0.0 && v.is_finite())) {
        None => Ok(()),
        Some(found) => Err(TailError::number("a variance", "a number above zero", *found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_must_be_weights() {
        let (a, b) = ([1.0, 4.0], [3.0, 2.0]);
        assert_eq!(blend(&[(0.25, &a), (0.75, &b)]).unwrap(), [2.5, 2.5]);
        let said = |parts: &[(f64, &[f64])]| blend(parts).unwrap_err().to_string();
        assert!(said(&[(0.5, &a), (0.6, &b)]).contains("1 together"));
        assert!(said(&[(1.5, &a), (-0.5, &b)]).contains("0 or above"));
        assert!(said(&[(0.5, &a), (0.5, &b[..1])]).contains("align"));
        assert!(said(&[(1.0, &[0.0])]).contains("above zero"));
        assert!(said(&[]).contains("needs 1"));
    }

    proptest! {
        /// The true variance is the best forecast of returns that have it.
        #[test]
        fn the_mean_square_is_the_best_constant(
            returns in proptest::collection::vec(0.01f64..1.0, 5..40),
            factor in 0.1f64..10.0,
        ) {
            let n = returns.len();
            let square = returns.iter().map(|r| r * r).sum::<f64>() / n as f64;
            let of = |v: f64| quasi_likelihood(&vec![v; n + 1], &returns).unwrap();
            prop_assert!(of(square) <= of(square * factor) + 1e-12);
        }
    }
}
