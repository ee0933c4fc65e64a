//! exp, ln and the normal law from IEEE-exact operations only.
//!
//! `std` calls the platform's libm, whose last bit differs between platforms and which has no
//! vector form. The functions here use `+ - * / sqrt mul_add` and integer shifts, in one fixed
//! order, so they give the same bits everywhere and vectorise when called in a loop. The
//! `pub(crate)` ones are branch-free and state the range they hold in; the `pub` ones are scalar,
//! take any `f64` and cover the special values.
//!
//! Polynomials interpolate at Chebyshev nodes (60 digits, then rounded); the relative error before
//! rounding is beside each. The normal tail is Hart's rational 5666 (as in West, 2005), whose
//! *absolute* error is below 1e-16; far tails of the public [`norm_cdf`] use a continued fraction
//! instead, so that they are right relatively too.
use crate::width::{Width, by_width};

/// 1.5 * 2^52: adding it rounds |x| < 2^51 to the nearest integer, ties to even, and leaves that
/// integer in the low bits.
pub(crate) const MAGIC: f64 = 6_755_399_441_055_744.0;
/// 1 / sqrt(2 pi).
pub(crate) const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
/// Largest |d| given to the tail: exp(-d^2 / 2) is about 1e-307 there, still a normal number.
pub(crate) const TAIL_END: f64 = 37.6;

const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// (exp(r) - 1 - r) / r^2 on |r| <= ln(2) / 2, highest power first; 1.6e-17. Even powers.
const EXP_EVEN: [f64; 5] = [
    2.762_008_844_540_974_6e-7,
    2.480_152_129_595_437_6e-5,
    1.388_888_891_721_371_7e-3,
    4.166_666_666_662_413e-2,
    5.000_000_000_000_001e-1,
];
/// The same, odd powers.
const EXP_ODD: [f64; 5] = [
    2.510_038_549_551_032e-8,
    2.755_726_845_999_706_4e-6,
    1.984_126_987_105_361_8e-4,
    8.333_333_333_330_062e-3,
    1.666_666_666_666_666_9e-1,
];
/// (ln((1 + s) / (1 - s)) / s - 2) / s^2 in s^2, on |s| <= 0.2, highest power first; 5.6e-17.
const LN: [f64; 7] = [
    1.511_321_466_195_520_7e-1,
    1.528_428_389_380_179_8e-1,
    1.818_458_651_009_652e-1,
    2.222_218_321_971_162_8e-1,
    2.857_142_883_235_500_6e-1,
    3.999_999_999_934_662e-1,
    6.666_666_666_666_693e-1,
];
/// Hart's numerator and, without its leading 1, denominator; both over the published leading
/// coefficient 0.0883883476483184, which saves a multiplication.
const TAIL_OVER: [f64; 7] = [
    0.398_949_607_477_609_3,
    7.923_929_828_741_548,
    72.113_150_354_303_7,
    383.680_281_175_933_9,
    1_268.032_432_779_654,
    2_502.746_143_078_732,
    2_491.356_313_035_064,
];
const TAIL_UNDER: [f64; 7] = [
    19.863_106_505_487_906,
    181.745_422_407_074_76,
    981.811_907_472_592_2,
    3_355.241_461_913_630_2,
    7_210.606_944_646_921,
    8_981.121_761_416_372,
    4_982.712_626_070_128,
];

/// Natural logarithm, within 2 ulp: -inf at 0, NaN below 0 and for NaN.
pub fn ln(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        f64::NAN
    } else if x == 0.0 {
        f64::NEG_INFINITY
    } else if x == f64::INFINITY {
        x
    } else if x < f64::MIN_POSITIVE {
        // 2^54 makes a subnormal normal.
        ln_normal(Width::best(), x * 18_014_398_509_481_984.0) - 54.0 * std::f64::consts::LN_2
    } else {
        ln_normal(Width::best(), x)
    }
}

/// Exponential of any sign, within 2 ulp; infinity above 709.78, 0 below -745.13, NaN for NaN.
pub fn exp(x: f64) -> f64 {
    if x > 709.79 {
        f64::INFINITY
    } else if x < -745.14 {
        0.0
    } else {
        exp_scalar(Width::best(), x)
    }
}

/// `x` to the power `y` as exp(y ln x), for x > 0. Relative error about (1 + |y ln x|) * 4e-16;
/// exactly 1 when x is 1 or y is 0. NaN for negative x.
pub fn powf(x: f64, y: f64) -> f64 {
    if y == 0.0 { 1.0 } else { exp(y * ln(x)) }
}

/// P(N <= x) for a standard normal N. Absolute error below 3e-16; relative error in the lower tail
/// below 4e-13 while the result is a normal number (tested to x = -37.4). NaN for NaN.
pub fn norm_cdf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let tail = upper_tail(Width::best(), x.abs());
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Density of the standard normal at `x`.
pub fn norm_pdf(x: f64) -> f64 {
    INV_SQRT_TAU * exp_of_half_square(x)
}

by_width! { fn ln_normal(x: f64) -> f64 = ln_body }
by_width! { fn exp_scalar(x: f64) -> f64 = exp_body }
by_width! { fn upper_tail(a: f64) -> f64 = upper_tail_body }

#[inline(always)]
fn ln_body(x: f64) -> f64 {
    let (power, over, under) = ln_parts(x, 1.0);
    ln_join(power, over / under)
}

#[inline(always)]
fn exp_body(x: f64) -> f64 {
    let (mantissa, shifted) = exp_parts(x);
    // Two factors, as 2^n alone may be outside the normal range.
    let n = shifted.to_bits().wrapping_sub(MAGIC.to_bits()) as i64;
    let half = n >> 1;
    let power = |e: i64| f64::from_bits((e.wrapping_add(1023) as u64) << 52);
    mantissa * power(half) * power(n.wrapping_sub(half))
}

#[inline(always)]
fn upper_tail_body(a: f64) -> f64 {
    let density = exp_of_half_square(a);
    if a < 4.0 {
        let (over, under) = tail_ratio(a);
        return density * over / under;
    }
    let mut fraction = a;
    for k in (1..=48).rev() {
        fraction = a + f64::from(k) / fraction;
    }
    INV_SQRT_TAU * density / fraction
}

/// exp(-x^2 / 2), with the rounding of the square put back.
fn exp_of_half_square(x: f64) -> f64 {
    let square = x * x;
    if square > 1_500.0 {
        return 0.0;
    }
    let lost = x.mul_add(x, -square);
    exp(-0.5 * square) * 0.5f64.mul_add(-lost, 1.0)
}

/// exp for -708 <= x <= 0, within 2 ulp; NaN for NaN. Branch-free.
#[inline(always)]
pub(crate) fn exp_negative(x: f64) -> f64 {
    let (mantissa, shifted) = exp_parts(x);
    mantissa * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

/// (m, s) with exp(x) = m * 2^n, where n is the integer in the low bits of s = n + MAGIC.
#[inline(always)]
fn exp_parts(x: f64) -> (f64, f64) {
    let shifted = x.mul_add(std::f64::consts::LOG2_E, MAGIC);
    let n = shifted - MAGIC;
    let r = n.mul_add(-LN2_LOW, n.mul_add(-LN2_HIGH, x));
    let square = r * r;
    // Even and odd powers apart: the same work in a chain half as long.
    let rest = polynomial(&EXP_ODD, square).mul_add(r, polynomial(&EXP_EVEN, square));
    (rest.mul_add(square, r) + 1.0, shifted)
}

/// (n, u, v) with ln(a / b) = n ln 2 + 2 atanh(u / v), for normal positive a and b whose ratio is
/// within 2^±1020. `u` is exact and |u / v| <= 0.2. Needs no division of a by b.
#[inline(always)]
pub(crate) fn ln_parts(a: f64, b: f64) -> (f64, f64, f64) {
    // The difference of the bit patterns, in units of 2^52, is log2(a / b) within 0.09.
    const HALF_UP: u64 = (1023 << 52) + (1 << 51);
    let difference = a.to_bits().wrapping_sub(b.to_bits());
    let power = difference.wrapping_add(HALF_UP) >> 52;
    let scaled = f64::from_bits(a.to_bits().wrapping_sub(power.wrapping_sub(1023) << 52));
    // power < 2^11 sits in the low mantissa bits of 2^52.
    let n = f64::from_bits(power | 0x4330_0000_0000_0000) - (4_503_599_627_370_496.0 + 1023.0);
    (n, scaled - b, scaled + b)
}

/// n ln 2 + 2 atanh(s).
#[inline(always)]
pub(crate) fn ln_join(n: f64, s: f64) -> f64 {
    let z = s * s;
    let rest = (s * z).mul_add(polynomial(&LN, z), n * LN2_LOW);
    n.mul_add(LN2_HIGH, 2.0f64.mul_add(s, rest))
}

/// (u, v) with P(N > a) = exp(-a^2 / 2) u / v, for 0 <= a. Hart 5666.
#[inline(always)]
pub(crate) fn tail_ratio(a: f64) -> (f64, f64) {
    (polynomial(&TAIL_OVER, a), continued(a + TAIL_UNDER[0], &TAIL_UNDER, a))
}

#[inline(always)]
fn polynomial<const N: usize>(highest_first: &[f64; N], x: f64) -> f64 {
    continued(highest_first[0], highest_first, x)
}

/// Horner's rule from `sum` on, with all coefficients but the first.
#[inline(always)]
fn continued<const N: usize>(mut sum: f64, highest_first: &[f64; N], x: f64) -> f64 {
    for &c in &highest_first[1..] {
        sum = sum.mul_add(x, c);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ulps(got: f64, want: f64) -> f64 {
        (got - want).abs() / (want.abs() * f64::EPSILON).max(f64::MIN_POSITIVE * f64::EPSILON)
    }

    #[test]
    fn exp_and_ln_stay_within_two_ulps() {
        let (mut exp_worst, mut ln_worst) = (0.0f64, 0.0f64);
        for i in 0..200_000 {
            let x = -700.0 + f64::from(i) * 0.007;
            exp_worst = exp_worst.max(ulps(exp(x), libm::exp(x)));
            let y = libm::exp(x);
            ln_worst = ln_worst.max(ulps(ln(y), libm::log(y)));
            let near = 1.0 + (f64::from(i) - 100_000.0) * 4e-6;
            ln_worst = ln_worst.max(ulps(ln(near), libm::log(near)));
        }
        assert!(exp_worst <= 2.0, "exp {exp_worst}");
        assert!(ln_worst <= 2.0, "ln {ln_worst}");
    }

    #[test]
    fn special_values() {
        assert_eq!(exp(0.0).to_bits(), 1.0f64.to_bits());
        assert_eq!(ln(1.0).to_bits(), 0.0f64.to_bits());
        assert!(exp(710.0).is_infinite() && exp(-746.0).to_bits() == 0 && exp(f64::NAN).is_nan());
        assert!(exp(-745.0) > 0.0 && exp(709.7).is_finite());
        assert!(ln(0.0) == f64::NEG_INFINITY && ln(-1.0).is_nan() && ln(f64::NAN).is_nan());
        assert!(ulps(ln(5e-324), libm::log(5e-324)) <= 2.0);
        assert!(norm_cdf(f64::NAN).is_nan() && norm_pdf(f64::NAN).is_nan());
        assert!(norm_cdf(f64::NEG_INFINITY) < 1e-300 && norm_cdf(f64::INFINITY) > 0.999);
    }

    #[test]
    fn powers() {
        assert_eq!(powf(1.0, 0.3).to_bits(), 1.0f64.to_bits());
        assert_eq!(powf(0.2, 0.0).to_bits(), 1.0f64.to_bits());
        assert!(powf(-1.0, 0.5).is_nan() && powf(0.0, 0.3).to_bits() == 0);
        for i in 1..2_000 {
            let (x, y) = (f64::from(i) * 0.01, f64::from(i % 17) * 0.1 - 0.8);
            assert!((powf(x, y) / libm::pow(x, y) - 1.0).abs() < 4e-15, "{x} {y}");
        }
    }

    #[test]
    fn normal_law_agrees_with_erfc() {
        for i in 0..15_000 {
            let x = -37.4 + f64::from(i) * 0.005;
            let want = 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2);
            // erfc's own argument is rounded: x^2 / 2 ulps of it is the reference's error.
            assert!((norm_cdf(x) - want).abs() < 3e-16, "{x}");
            assert!((norm_cdf(x) / want - 1.0).abs() < 4e-13, "{x}");
        }
    }
}
