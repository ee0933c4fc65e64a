//! How far and how fast a margin moves over a cycle, and what it costs.

use crate::TailError;

/// What a margin was over a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycle {
    /// The mean.
    pub mean: f64,
    /// The largest over the smallest.
    pub peak_to_trough: f64,
    /// The largest ratio of a margin to the one a step before.
    pub rise_1: f64,
    /// ... to the one five steps before.
    pub rise_5: f64,
    /// ... to the one thirty steps before.
    pub rise_30: f64,
}

impl Cycle {
    /// Of more than thirty margins.
    ///
    /// # Errors
    /// When they are fewer, or one is not a number above zero.
    pub fn of(margins: &[f64]) -> Result<Self, TailError> {
        Ok(Self {
            mean: mean(margins)?,
            peak_to_trough: peak_to_trough(margins)?,
            rise_1: largest_rise(margins, 1)?,
            rise_5: largest_rise(margins, 5)?,
            rise_30: largest_rise(margins, 30)?,
        })
    }
}

/// The mean of one margin or more.
///
/// # Errors
/// When there is none, or one is not a number above zero.
pub fn mean(margins: &[f64]) -> Result<f64, TailError> {
    check(margins, 1)?;
    Ok(margins.iter().sum::<f64>() / margins.len() as f64)
}

/// The largest margin over the smallest: 1 or more.
///
/// # Errors
/// As [`mean`].
pub fn peak_to_trough(margins: &[f64]) -> Result<f64, TailError> {
    check(margins, 1)?;
    let (least, most) = margins
        .iter()
        .fold((f64::INFINITY, 0.0f64), |(least, most), one| (least.min(*one), most.max(*one)));
    Ok(most / least)
}

/// The largest ratio of a margin to the one `steps` before it.
///
/// # Errors
/// When there are no two so far apart, or one is not a number above zero.
pub fn largest_rise(margins: &[f64], steps: usize) -> Result<f64, TailError> {
    if steps == 0 {
        return Err(TailError::number("steps of a rise", "one or more", 0.0));
    }
    check(margins, steps.saturating_add(1))?;
    let pairs = margins.iter().zip(&margins[steps..]);
    Ok(pairs.map(|(before, after)| after / before).fold(0.0, f64::max))
}

/// [`largest_rise`] as a change: 0.5 for a margin half as large again.
///
/// # Errors
/// As that.
pub fn largest_increase(margins: &[f64], steps: usize) -> Result<f64, TailError> {
    Ok(largest_rise(margins, steps)? - 1.0)
}

/// What a margin costs beside another: the ratio of their means.
///
/// # Errors
/// As [`mean`].
pub fn cost(margins: &[f64], base: &[f64]) -> Result<f64, TailError> {
    Ok(mean(margins)? / mean(base)?)
}

fn check(margins: &[f64], needs: usize) -> Result<(), TailError> {
    TailError::need("margins of a cycle", needs, margins.len())?;
    match margins.iter().find(|one| !(one.is_finite() && **one > 0.0)) {
        None => Ok(()),
        Some(bad) => Err(TailError::number("margin of a cycle", "a number above zero", *bad)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ratios_are_over_the_steps_named() {
        let margins = [1.0, 2.0, 1.5, 3.0];
        assert_eq!(peak_to_trough(&margins), Ok(3.0));
        assert_eq!(largest_rise(&margins, 1), Ok(2.0));
        assert_eq!(largest_rise(&margins, 2), Ok(1.5));
        assert_eq!(largest_rise(&margins, 3), Ok(3.0));
        assert_eq!(largest_increase(&margins, 3), Ok(2.0));
        assert_eq!(cost(&margins, &[1.0]), Ok(1.875));
    }

    #[test]
    fn a_margin_of_nothing_has_no_ratio() {
        assert!(peak_to_trough(&[]).is_err());
        assert!(peak_to_trough(&[1.0, 0.0]).is_err());
        assert!(mean(&[f64::NAN]).is_err());
        assert!(largest_rise(&[1.0, 2.0], 2).unwrap_err().to_string().contains("needs 3"));
        assert!(largest_rise(&[1.0, 2.0], 0).is_err());
        assert!(largest_rise(&[1.0, 2.0], usize::MAX).is_err());
    }

    proptest! {
        #[test]
        fn no_rise_is_beyond_peak_to_trough(
            margins in prop::collection::vec(0.01..1.0f64, 31..100),
        ) {
            let found = Cycle::of(&margins).unwrap();
            for rise in [found.rise_1, found.rise_5, found.rise_30] {
                prop_assert!(rise <= found.peak_to_trough);
            }
            prop_assert!(found.peak_to_trough >= 1.0);
        }
    }
}
