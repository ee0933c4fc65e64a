//! Volatility moves that shrink with tenor.

use keelmark_kernels::normal;

/// `(reference / days)^power`: how much larger a volatility move is at a tenor than at the
/// reference tenor. Days below `floor_days` count as `floor_days`.
#[must_use]
pub fn tenor_factor(days: f64, reference_days: f64, power: f64, floor_days: f64) -> f64 {
    normal::powf(reference_days / days.max(floor_days), power)
}

/// What a volatility is multiplied by when a smile is tilted: `1 + k cap / k_star` at
/// log-moneyness `k`, cut on one side.
///
/// Above the forward the change is at most `cap`, below it at least `-cap`, and nothing bounds the
/// other side: where `cap` is below zero, long wings fall without limit. Never below zero.
#[must_use]
pub fn skew_factor(k: f64, cap: f64, k_star: f64) -> f64 {
    let change = if k == 0.0 { 0.0 } else { k * cap / k_star };
    let bounded = if k >= 0.0 { change.min(cap) } else { change.max(-cap) };
    (1.0 + bounded).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilt_is_cut_on_one_side_only() {
        assert_eq!(skew_factor(0.05, 0.1, 0.1), 1.05);
        assert_eq!(skew_factor(5.0, 0.1, 0.1), 1.1);
        assert_eq!(skew_factor(-5.0, 0.1, 0.1), 0.9);
        assert!((skew_factor(0.4, -0.1, 0.1) - 0.6).abs() < 1e-15);
        assert_eq!(skew_factor(0.01, -0.1, 0.1), 0.9);
        assert_eq!(skew_factor(50.0, -0.1, 0.1), 0.0);
        assert_eq!(skew_factor(0.0, 0.1, 0.0), 1.0);
    }
}
