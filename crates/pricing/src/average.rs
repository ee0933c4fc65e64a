//! A forward while its settlement price is being averaged: what the average has accrued no longer
//! moves.

/// The fixed part of a forward with `seconds_left` to the end of an averaging window of `window`
/// seconds: the share of the window that has passed. Zero before the window.
#[must_use]
pub fn fixed_part(forward: f64, seconds_left: f64, window: f64) -> f64 {
    forward * (window - seconds_left).clamp(0.0, window) / window
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forward_is_fixed_second_by_second() {
        assert_eq!(fixed_part(2000.0, 1800.0, 1800.0), 0.0);
        assert_eq!(fixed_part(2000.0, 3600.0, 1800.0), 0.0);
        assert_eq!(fixed_part(2000.0, 450.0, 1800.0), 1500.0);
        assert_eq!(fixed_part(2000.0, 0.0, 1800.0), 2000.0);
    }
}
