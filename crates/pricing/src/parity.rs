//! The forward that a call and a put of one strike agree on.
//!
//! A venue's printed underlying price can lag its option marks by some ten dollars; the marks
//! themselves hold the simultaneous forward (accuracy table, `black76.inverse_mark`).

/// Forward from the marks of a call and a put of one strike.
///
/// `inverse` marks are in coin, `F = K / (1 - (C - P))`; others in quote currency, `F = K + C - P`.
/// `None` when the marks are not of this world.
#[must_use]
pub fn forward(strike: f64, call: f64, put: f64, inverse: bool) -> Option<f64> {
    let forward = if inverse { strike / (1.0 - (call - put)) } else { strike + call - put };
    (forward.is_finite() && forward > 0.0).then_some(forward)
}
