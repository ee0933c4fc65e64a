//! Where a continuous function of one number is zero.

/// Steps after which a bracket is narrow enough for any `f64`.
const STEPS: usize = 200;

/// A zero of `f` between `a` and `b`, at which it has opposite signs; `None` where it has not.
///
/// False position that halves the weight of an end that stays (the Illinois rule): it never leaves
/// the bracket, and near a simple zero it gains digits faster than halving.
pub(crate) fn zero_between(a: f64, b: f64, f: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut a, mut b) = (a, b);
    let (mut at_a, mut at_b) = (f(a), f(b));
    if at_a == 0.0 {
        return Some(a);
    }
    if at_b == 0.0 {
        return Some(b);
    }
    if at_a.is_nan() || at_b.is_nan() || (at_a > 0.0) == (at_b > 0.0) {
        return None;
    }
    for step in 0..STEPS {
        let mut x = (a * at_b - b * at_a) / (at_b - at_a);
        // Every fourth step halves, so that a bent function cannot hold an end for long.
        let inside = x > a.min(b) && x < a.max(b);
        if step % 4 == 3 || !inside {
            x = 0.5 * (a + b);
        }
        let at_x = f(x);
        if at_x == 0.0 || x == a || x == b {
            return Some(x);
        }
        if (at_x > 0.0) == (at_b > 0.0) {
            at_a *= 0.5;
        } else {
            (a, at_a) = (b, at_b);
        }
        (b, at_b) = (x, at_x);
        if (b - a).abs() <= 4.0 * f64::EPSILON * b.abs().max(a.abs()) {
            return Some(b);
        }
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_found_to_the_last_digits() {
        let root = zero_between(1.0, 2.0, |x| x * x - 2.0).unwrap();
        assert!((root - std::f64::consts::SQRT_2).abs() < 1e-15);
        // Flat on one side, steep on the other.
        let root = zero_between(0.0, 10.0, |x| x.powi(9) - 1e-3).unwrap();
        assert!((root - 1e-3f64.powf(1.0 / 9.0)).abs() < 1e-14, "{root}");
        assert_eq!(zero_between(-1.0, 1.0, |x| x), Some(0.0));
        assert_eq!(zero_between(1.0, 2.0, |x| x), None);
    }
}
