//! Volatility moves that shrink with tenor.

use keelmark_kernels::normal;

/// `(reference / days)^power`: how much larger a volatility move is at a tenor than at the
/// reference tenor. Days below `floor_days` count as `floor_days`.
#[must_use]
pub fn tenor_factor(days: f64, reference_days: f64, power: f64, floor_days: f64) -> f64 {
    normal::powf(reference_days / days.max(floor_days), power)
}
