//! Laws that tests and tails stand on: normal, Student's t, chi-square, binomial.
//!
//! From `keelmark_kernels` and `libm` alone, so that a quantile has the same bits on every machine;
//! the usual statistics crate calls the platform's functions. Errors are below 1e-10, absolute in a
//! probability and relative in a quantile. Arguments out of range give NaN, as functions of IEEE
//! numbers do: a caller checks what a user gave.

use crate::solve::zero_between;
use keelmark_kernels::{exp, ln, norm_cdf, norm_pdf};

/// The `x` with `P(N <= x) = p` for a standard normal `N`; infinite at 0 and 1.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    // A rational start that is right to 4.5e-4 (Abramowitz and Stegun 26.2.23), then Halley's
    // steps, each of which triples the digits.
    let t = libm::sqrt(-2.0 * ln(p));
    let over = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let under = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut x = over / under - t;
    for _ in 0..3 {
        let error = (norm_cdf(x) - p) / norm_pdf(x);
        x -= error / (1.0 + 0.5 * x * error);
    }
    x
}

/// Student's t with `nu` degrees of freedom, not scaled: its variance is `nu / (nu - 2)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentT {
    nu: f64,
    /// `ln B(nu/2, 1/2)`.
    ln_beta: f64,
}

impl StudentT {
    /// For `nu > 0`; NaN out of NaN or less.
    pub fn new(nu: f64) -> Self {
        let nu = if nu > 0.0 { nu } else { f64::NAN };
        Self { nu, ln_beta: ln_beta(0.5 * nu, 0.5) }
    }

    /// Degrees of freedom.
    pub fn nu(&self) -> f64 {
        self.nu
    }

    /// The density at `x`.
    pub fn density(&self, x: f64) -> f64 {
        let logs = 0.5 * ln(self.nu) + 0.5 * (self.nu + 1.0) * libm::log1p(x * x / self.nu);
        exp(-self.ln_beta - logs)
    }

    /// `P(T <= x)`.
    pub fn cdf(&self, x: f64) -> f64 {
        if x.is_infinite() {
            return if x > 0.0 { 1.0 } else { 0.0 };
        }
        let all = self.nu + x * x;
        let tail =
            0.5 * beta_share([0.5 * self.nu, 0.5], [self.nu / all, x * x / all], self.ln_beta);
        if x > 0.0 { 1.0 - tail } else { tail }
    }

    /// The `x` with `P(T <= x) = p`; infinite at 0 and 1.
    pub fn quantile(&self, p: f64) -> f64 {
        if !(0.0..=1.0).contains(&p) || self.nu.is_nan() {
            return f64::NAN;
        }
        if p > 0.5 {
            return -self.quantile(1.0 - p);
        }
        if p == 0.0 || p == 0.5 {
            return if p == 0.0 { f64::NEG_INFINITY } else { 0.0 };
        }
        let mut far = -1.0;
        while self.cdf(far) > p {
            far *= 2.0;
            if far < -1e150 {
                return f64::NEG_INFINITY; // so few degrees that no double is far enough
            }
        }
        let near = if far == -1.0 { 0.0 } else { 0.5 * far };
        // In logarithms, so that a far tail is as straight as the middle.
        let log = ln(p);
        zero_between(near, far, |x| ln(self.cdf(x)) - log).unwrap_or(f64::NAN)
    }
}

/// `P(X > x)` of a chi-square with one degree of freedom.
pub fn chi_square_1_beyond(x: f64) -> f64 {
    if x < 0.0 { 1.0 } else { libm::erfc(libm::sqrt(0.5 * x)) }
}

/// `P(X > x)` of a chi-square with two degrees of freedom.
pub fn chi_square_2_beyond(x: f64) -> f64 {
    if x < 0.0 { 1.0 } else { exp(-0.5 * x) }
}

/// The `x` with `P(X <= x) = p` of a chi-square with one degree of freedom.
pub fn chi_square_1_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let half = normal_quantile(0.5 * (1.0 - p));
    half * half
}

/// The `x` with `P(X <= x) = p` of a chi-square with two degrees of freedom.
pub fn chi_square_2_quantile(p: f64) -> f64 {
    if (0.0..=1.0).contains(&p) { -2.0 * libm::log1p(-p) } else { f64::NAN }
}

/// `P(X <= times)` where `X` counts what happens with probability `p` in each of `of` trials.
pub fn binomial_cdf(times: usize, of: usize, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if times >= of || p == 0.0 {
        return 1.0;
    }
    if p == 1.0 {
        return 0.0;
    }
    let shape = [(of - times) as f64, times as f64 + 1.0];
    beta_share(shape, [1.0 - p, p], ln_beta(shape[0], shape[1]))
}

/// The slope of `ln Gamma` at `x > 0`: the recurrence up to 10, then its asymptotic series.
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = 1.0 / 252.0 - z * (1.0 / 240.0 - z * (1.0 / 132.0 - z * 691.0 / 32_760.0));
    sum + ln(x) - 0.5 / x - z * (1.0 / 12.0 - z * (1.0 / 120.0 - z * series))
}

/// `ln B(a, b)`.
fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

/// The regularised incomplete beta function `I_x(a, b)`, given `[x, 1 - x]` apart so that neither
/// is lost by rounding (DLMF 8.17).
fn beta_share([a, b]: [f64; 2], [x, rest]: [f64; 2], ln_beta: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if rest <= 0.0 {
        return 1.0;
    }
    let front = exp(a * ln(x) + b * ln(rest) - ln_beta);
    // The fraction is quick below the mean of the law and slow above it.
    if x * (a + b + 2.0) < a + 1.0 {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, rest) / b
    }
}

/// The continued fraction DLMF 8.17.22, from the front by Lentz's rule.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for m in 1..=10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= f64::EPSILON * fraction.abs() {
            break;
        }
    }
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-10, "found {found}, expected {expected}");
    }

    /// Expected: version 1.17 of `scipy.stats` and `scipy.special`.
    #[test]
    fn published_values() {
        near(normal_quantile(0.99), 2.326_347_874_040_840_8);
        near(normal_quantile(0.001), -3.090_232_306_167_813);
        near(normal_quantile(1e-12), -7.034_483_825_301_131);
        near(normal_quantile(0.3), -0.524_400_512_708_040_9);
        near(StudentT::new(2.1).cdf(-0.01), 0.496_445_288_868_536_45);
        near(StudentT::new(2.1).cdf(-1.3), 0.158_981_088_064_349_93);
        near(StudentT::new(2.1).cdf(-8.0), 0.006_613_031_265_477_778);
        near(StudentT::new(2.1).cdf(2.5), 0.938_151_806_551_333_1);
        near(StudentT::new(2.1).quantile(0.99), 6.530_821_866_914_48);
        near(StudentT::new(2.1).quantile(0.001), -19.869_795_799_797_036);
        near(StudentT::new(2.1).quantile(1e-9), -14_328.721_188_285_388);
        near(StudentT::new(2.1).quantile(0.4), -0.286_954_495_767_207_9);
        near(StudentT::new(2.1).density(1.7), 0.092_939_227_866_136_06);
        near(StudentT::new(4.0).cdf(-0.01), 0.496_250_078_122_949_25);
        near(StudentT::new(4.0).cdf(-1.3), 0.131_725_798_235_612_06);
        near(StudentT::new(4.0).cdf(-8.0), 0.000_661_948_454_608_583_6);
        near(StudentT::new(4.0).cdf(2.5), 0.966_616_727_594_006);
        near(StudentT::new(4.0).quantile(0.99), 3.746_947_387_979_196);
        near(StudentT::new(4.0).quantile(0.001), -7.173_182_219_782_308_5);
        near(StudentT::new(4.0).quantile(1e-9), -234.027_610_406_118_92);
        near(StudentT::new(4.0).quantile(0.4), -0.270_722_294_707_597_6);
        near(StudentT::new(4.0).density(1.7), 0.096_301_530_931_994_95);
        near(StudentT::new(3.25).cdf(-0.01), 0.496_301_952_999_082_36);
        near(StudentT::new(3.25).cdf(-1.3), 0.139_059_967_422_893_84);
        near(StudentT::new(3.25).cdf(-8.0), 0.001_515_208_506_733_557_6);
        near(StudentT::new(3.25).cdf(2.5), 0.959_385_751_012_331_6);
        near(StudentT::new(3.25).quantile(0.99), 4.272_913_025_512_932);
        near(StudentT::new(3.25).quantile(0.001), -9.132_985_123_465_584);
        near(StudentT::new(3.25).quantile(1e-9), -650.865_371_643_611_6);
        near(StudentT::new(3.25).quantile(0.4), -0.274_835_236_887_850_44);
        near(StudentT::new(3.25).density(1.7), 0.095_692_135_204_607_72);
        near(StudentT::new(30.0).cdf(-0.01), 0.496_043_746_286_588_87);
        near(StudentT::new(30.0).cdf(-1.3), 0.101_750_479_269_058_43);
        near(StudentT::new(30.0).cdf(-8.0), 3.132_911_237_850_379_5e-09);
        near(StudentT::new(30.0).cdf(2.5), 0.990_942_175_465_966_6);
        near(StudentT::new(30.0).quantile(0.99), 2.457_261_542_400_591);
        near(StudentT::new(30.0).quantile(0.001), -3.385_184_866_829_305);
        near(StudentT::new(30.0).quantile(1e-9), -8.445_862_796_274_243);
        near(StudentT::new(30.0).quantile(0.4), -0.255_605_364_951_912_8);
        near(StudentT::new(30.0).density(1.7), 0.095_100_110_953_271_45);
        near(StudentT::new(500.0).cdf(-0.01), 0.496_012_637_996_516_46);
        near(StudentT::new(500.0).cdf(-1.3), 0.097_099_965_064_729_4);
        near(StudentT::new(500.0).cdf(-8.0), 4.364_831_396_940_080_4e-15);
        near(StudentT::new(500.0).cdf(2.5), 0.993_630_712_249_558_1);
        near(StudentT::new(500.0).quantile(0.99), 2.333_828_955_352_305);
        near(StudentT::new(500.0).quantile(0.001), -3.106_611_624_321_629);
        near(StudentT::new(500.0).quantile(1e-9), -6.110_469_950_808_492_5);
        near(StudentT::new(500.0).quantile(0.4), -0.253_481_949_851_665_8);
        near(StudentT::new(500.0).density(1.7), 0.094_122_308_794_832_26);
        near(chi_square_1_beyond(0.01), 0.920_344_325_445_942);
        near(chi_square_2_beyond(0.01), 0.995_012_479_192_682_3);
        near(chi_square_1_beyond(3.84), 0.050_043_521_248_705_19);
        near(chi_square_2_beyond(3.84), 0.146_606_962_130_350_13);
        near(chi_square_1_beyond(40.0), 2.539_628_589_470_863_4e-10);
        near(chi_square_2_beyond(40.0), 2.061_153_622_438_556_6e-09);
        near(chi_square_1_quantile(0.95), 3.841_458_820_694_124);
        near(chi_square_2_quantile(0.95), 5.991_464_547_107_979);
        near(chi_square_1_quantile(0.01), 0.000_157_087_857_909_701_84);
        near(chi_square_2_quantile(0.01), 0.020_100_671_707_002_873);
        near(chi_square_1_quantile(0.999), 10.827_566_170_662_733);
        near(chi_square_2_quantile(0.999), 13.815_510_557_964_274);
        near(binomial_cdf(4, 250, 0.01), 0.892_187_626_903_625_1);
        near(binomial_cdf(0, 250, 0.01), 0.081_058_516_162_181_43);
        near(binomial_cdf(20, 2765, 0.01), 0.080_859_952_236_912);
        near(binomial_cdf(150, 2765, 0.05), 0.857_100_340_238_494);
        near(digamma(0.3), -3.502_524_222_200_133);
        near(digamma(1.6), 0.126_047_452_773_476_34);
        near(digamma(40.0), 3.676_327_374_034_842_8);
    }

    #[test]
    fn what_is_no_probability_is_no_number() {
        assert!(normal_quantile(-0.1).is_nan() && normal_quantile(f64::NAN).is_nan());
        assert!(StudentT::new(-1.0).quantile(0.1).is_nan());
        assert!(StudentT::new(4.0).quantile(1.5).is_nan());
        assert!(chi_square_1_quantile(2.0).is_nan() && binomial_cdf(1, 2, -1.0).is_nan());
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert_eq!(StudentT::new(3.0).quantile(0.0), f64::NEG_INFINITY);
        assert_eq!([binomial_cdf(3, 3, 0.5), binomial_cdf(0, 3, 1.0)], [1.0, 0.0]);
    }

    proptest! {
        #[test]
        fn quantiles_turn_back(p in 1e-8f64..1.0, nu in 0.5f64..500.0) {
            prop_assert!((norm_cdf(normal_quantile(p)) - p).abs() < 1e-14);
            let law = StudentT::new(nu);
            prop_assert!((law.cdf(law.quantile(p)) / p - 1.0).abs() < 1e-11);
            prop_assert!((1.0 - chi_square_1_beyond(chi_square_1_quantile(p)) - p).abs() < 1e-13);
            prop_assert!((1.0 - chi_square_2_beyond(chi_square_2_quantile(p)) - p).abs() < 1e-13);
        }

        #[test]
        fn a_binomial_is_its_sum(of in 1usize..60, times in 0usize..60, p in 0.001f64..0.999) {
            let term = |k: usize| {
                let choose = (0..k).map(|i| (of - i) as f64 / (i + 1) as f64).product::<f64>();
                choose * p.powi(k as i32) * (1.0 - p).powi((of - k) as i32)
            };
            let sum: f64 = (0..=times.min(of)).map(term).sum();
            prop_assert!((binomial_cdf(times, of, p) - sum).abs() < 1e-12);
        }

        #[test]
        fn digamma_is_the_slope_of_the_log_of_gamma(x in 0.5f64..300.0) {
            let step = 1e-4 * x;
            let slope = (libm::lgamma(x + step) - libm::lgamma(x - step)) / (2.0 * step);
            prop_assert!((digamma(x) - slope).abs() < 1e-6 * (1.0 + slope.abs()));
        }
    }
}
