//! Hill's tail index.

use crate::TailError;

/// The tail index `1 / mean of ln(x_i / x_{k+1})` over the `largest` values, descending: the power
/// by which the probability of a value falls. At or below 1 the tail has no mean, at or below 2 no
/// variance.
///
/// # Errors
/// When `largest` is 0 or leaves no value below, or the values there are not numbers above zero or
/// all the same.
pub fn tail_index(values: &[f64], largest: usize) -> Result<f64, TailError> {
    let what = "the tail index";
    if largest == 0 {
        return Err(TailError::number(what, "at least one largest value", 0.0));
    }
    TailError::need(what, largest + 1, values.len())?;
    if let Some(found) = values.iter().find(|value| !value.is_finite()) {
        return Err(TailError::number(what, "numbers", *found));
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let base = sorted[largest];
    if base <= 0.0 {
        return Err(TailError::number(what, "the largest values above zero: take fewer", base));
    }
    let sum: f64 = sorted[..largest].iter().map(|value| keelmark_kernels::ln(value / base)).sum();
    if sum <= 0.0 {
        return Err(TailError::Unusable {
            what: what.to_owned(),
            problem: format!("the {largest} largest values are all {base}"),
            remedy: "take more of them, or a series that is not constant in its tail",
        });
    }
    Ok(largest as f64 / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pure_power_law_shows_its_power() {
        // Quantiles of P(X > x) = x^-3.
        let values: Vec<f64> =
            (1..=20_000).map(|i| (f64::from(i) / 20_001.0).powf(-1.0 / 3.0)).collect();
        assert!((tail_index(&values, 1_000).unwrap() - 3.0).abs() < 0.02);
    }

    #[test]
    fn what_has_no_tail_is_refused() {
        assert!(tail_index(&[1.0, 2.0], 0).is_err());
        assert!(tail_index(&[1.0, 2.0], 2).is_err());
        assert!(tail_index(&[3.0, 2.0, -1.0], 2).unwrap_err().to_string().contains("above zero"));
        assert!(tail_index(&[2.0, 2.0, 2.0], 2).unwrap_err().to_string().contains("all 2"));
        assert!(tail_index(&[2.0, f64::NAN, 2.0], 2).is_err());
    }
}
