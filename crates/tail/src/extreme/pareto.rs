//! The generalised Pareto law of excesses, and its fits by moments and by likelihood.
//!
//! `P(Y > y) = (1 + xi y / beta)^(-1/xi)`, for `xi = 0` the exponential `exp(-y / beta)`.

use crate::TailError;
use crate::solve::zero_between;

/// Fewest excesses that are fitted.
pub const FEWEST: usize = 10;
/// Largest tail index that a fit looks for: beyond it the law has no mean many times over.
const LARGEST: f64 = 5.0;

/// A generalised Pareto law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pareto {
    /// Tail index: above 0 a power tail, 0 exponential, below 0 an upper end.
    pub xi: f64,
    /// Scale, above 0, in the unit of the excesses.
    pub beta: f64,
}

/// How a tail is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// Maximum likelihood, run to convergence.
    Likelihood,
    /// Probability-weighted moments: closed form, steadier for few excesses.
    Moments,
}

impl Pareto {
    /// Fits excesses, ascending and above zero.
    ///
    /// # Errors
    /// As [`Pareto::by_likelihood`] and [`Pareto::by_moments`].
    pub fn fit(excesses: &[f64], by: Estimator) -> Result<Self, TailError> {
        match by {
            Estimator::Likelihood => Self::by_likelihood(excesses),
            Estimator::Moments => Self::by_moments(excesses),
        }
    }

    /// Probability-weighted moments (Hosking and Wallis 1987), plotting position
    /// `(i - 0.35) / n`.
    ///
    /// # Errors
    /// When there are fewer than [`FEWEST`], they are not ascending numbers above zero, all are the
    /// same, or the tail is too heavy to have the mean that the method stands on.
    pub fn by_moments(excesses: &[f64]) -> Result<Self, TailError> {
        check(excesses)?;
        let n = excesses.len() as f64;
        let mean = excesses.iter().sum::<f64>() / n;
        let weighted = excesses.iter().enumerate();
        let weighted = weighted.map(|(i, y)| y * (1.0 - (i as f64 + 0.65) / n)).sum::<f64>() / n;
        let spread = mean - 2.0 * weighted;
        if spread <= 0.0 {
            return Err(unusable(
                format!("the moments of the excesses leave no scale ({spread})"),
                "use a longer history or the fit by likelihood",
            ));
        }
        let xi = 2.0 - mean / spread;
        Ok(Self { xi, beta: 2.0 * mean * weighted / spread })
    }

    /// Maximum likelihood, run to convergence: the zero of the slope of the likelihood along
    /// `theta = xi / beta`, at which `xi = mean ln(1 + theta y)` (Grimshaw 1993). Looks outwards
    /// from the exponential law, so that of several maxima the one nearest to it is found; for
    /// `xi < -1` the likelihood has none.
    ///
    /// # Errors
    /// When there are fewer than [`FEWEST`], they are not ascending numbers above zero, all are the
    /// same, or there is no maximum with `-1 < xi < 5`.
    pub fn by_likelihood(excesses: &[f64]) -> Result<Self, TailError> {
        check(excesses)?;
        let mean = excesses.iter().sum::<f64>() / excesses.len() as f64;
        // Counted in means, so that nothing depends on the unit.
        let counted: Vec<f64> = excesses.iter().map(|y| y / mean).collect();
        let largest = counted[counted.len() - 1];
        // Equal steps of t bend theta towards its lower end -1/largest, where a step counts more.
        let theta = |t: f64| libm::expm1(t) / largest;
        let slope = |t: f64| Profile::at(theta(t), &counted).slope;
        let downwards = slope(0.0) < 0.0;
        let mut step = if downwards { 0.25 } else { -0.25 };
        let mut near = 0.0;
        let root = loop {
            let far = near + step;
            let profile = Profile::at(theta(far), &counted);
            if (profile.slope < 0.0) != downwards {
                break zero_between(near, far, slope);
            }
            if !profile.slope.is_finite() || profile.xi < -1.0 || profile.xi > LARGEST {
                break None;
            }
            (near, step) = (far, step * 1.5);
        };
        let Some(root) = root else {
            return Err(unusable(
                "the likelihood of its excesses has no maximum with -1 < xi < 5".to_owned(),
                "choose another threshold, use a longer history or the fit by moments",
            ));
        };
        let xi = Profile::at(theta(root), &counted).xi;
        let beta = if root == 0.0 { 1.0 } else { xi / theta(root) };
        Ok(Self { xi, beta: beta * mean })
    }

    /// Log-likelihood of excesses; minus infinity where one lies beyond the upper end.
    pub fn log_likelihood(&self, excesses: &[f64]) -> f64 {
        let n = excesses.len() as f64;
        let scale = -n * keelmark_kernels::ln(self.beta);
        let share = |y: &f64| y / self.beta;
        if self.xi == 0.0 {
            return scale - excesses.iter().map(share).sum::<f64>();
        }
        if excesses.iter().any(|y| 1.0 + self.xi * share(y) <= 0.0) {
            return f64::NEG_INFINITY;
        }
        let logs = excesses.iter().map(|y| libm::log1p(self.xi * share(y))).sum::<f64>();
        scale - (1.0 + 1.0 / self.xi) * logs
    }

    /// The excess that is passed with probability `beyond`, in (0, 1].
    pub fn excess_at(&self, beyond: f64) -> f64 {
        let log = -keelmark_kernels::ln(beyond);
        if self.xi == 0.0 {
            return self.beta * log;
        }
        self.beta * libm::expm1(self.xi * log) / self.xi
    }

    /// The probability that an excess passes `y`, at or above zero.
    pub fn beyond(&self, y: f64) -> f64 {
        let share = y / self.beta;
        if self.xi == 0.0 {
            return keelmark_kernels::exp(-share);
        }
        if 1.0 + self.xi * share <= 0.0 {
            return 0.0;
        }
        keelmark_kernels::exp(-libm::log1p(self.xi * share) / self.xi)
    }

    /// The largest excess that the law allows; none for a power or exponential tail.
    pub fn upper_end(&self) -> Option<f64> {
        (self.xi < 0.0).then(|| -self.beta / self.xi)
    }
}

/// The best `xi` for a `theta`, and the slope of `ln beta + xi`, which is the negative
/// log-likelihood of one excess less 1.
struct Profile {
    xi: f64,
    slope: f64,
}

impl Profile {
    fn at(theta: f64, excesses: &[f64]) -> Self {
        let n = excesses.len() as f64;
        let largest = excesses[excesses.len() - 1];
        if (theta * largest).abs() < 1e-6 {
            return Self::near_zero(theta, excesses);
        }
        let (mut logs, mut shares) = (0.0, 0.0);
        for y in excesses {
            let w = theta * y;
            logs += libm::log1p(w);
            shares += w / (1.0 + w);
        }
        let (xi, share) = (logs / n, shares / n);
        // d xi / d theta = share / theta, beta = xi / theta.
        Self { xi, slope: (share / xi - 1.0 + share) / theta }
    }

    /// By the first terms of the series: the quotient above is 0/0 at `theta = 0`.
    fn near_zero(theta: f64, excesses: &[f64]) -> Self {
        let n = excesses.len() as f64;
        let mean =
            |power: i32| excesses.iter().map(|y| libm::pow(*y, f64::from(power))).sum::<f64>() / n;
        let (one, two, three) = (mean(1), mean(2), mean(3));
        let xi = theta * (one - theta * two / 2.0);
        let ratio = (2.0 * theta * three / 3.0 - two / 2.0) / (one - theta * two / 2.0);
        Self { xi, slope: ratio + one - theta * two }
    }
}

fn unusable(problem: String, remedy: &'static str) -> TailError {
    TailError::Unusable { what: "the tail".to_owned(), problem, remedy }
}

fn check(excesses: &[f64]) -> Result<(), TailError> {
    TailError::need("the excesses above the threshold", FEWEST, excesses.len())?;
    if let Some(found) = excesses.iter().find(|y| !y.is_finite() || **y <= 0.0) {
        return Err(TailError::number("an excess", "a number above zero", *found));
    }
    if let Some(pair) = excesses.windows(2).find(|pair| pair[0] > pair[1]) {
        return Err(TailError::number("an excess", "excesses in ascending order", pair[1]));
    }
    if excesses[0] == excesses[excesses.len() - 1] {
        return Err(unusable(
            format!("all excesses are {}", excesses[0]),
            "use a series that is not constant in its tail",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Quantiles of a law: a sample without chance.
    fn spread(law: Pareto, n: u32) -> Vec<f64> {
        (0..n).map(|i| law.excess_at(1.0 - (f64::from(i) + 0.5) / f64::from(n))).collect()
    }

    #[test]
    fn both_fits_find_the_law_of_its_own_quantiles() {
        for xi in [-0.3, -0.05, 0.0, 1e-9, 0.05, 0.2, 0.4] {
            let law = Pareto { xi, beta: 0.03 };
            let sample = spread(law, 4_000);
            for by in [Estimator::Likelihood, Estimator::Moments] {
                let found = Pareto::fit(&sample, by).unwrap();
                assert!((found.xi - xi).abs() < 0.02, "{by:?} {xi} {found:?}");
                assert!((found.beta / 0.03 - 1.0).abs() < 0.02, "{by:?} {xi} {found:?}");
            }
        }
    }

    #[test]
    fn a_probability_and_its_excess_are_inverse() {
        for xi in [-0.4, 0.0, 1e-12, 0.3, 1.5] {
            let law = Pareto { xi, beta: 2.0 };
            for beyond in [1.0, 0.5, 0.01, 1e-6] {
                assert!((law.beyond(law.excess_at(beyond)) / beyond - 1.0).abs() < 1e-9);
            }
        }
        assert_eq!(Pareto { xi: -0.5, beta: 1.0 }.upper_end(), Some(2.0));
        assert_eq!(Pareto { xi: -0.5, beta: 1.0 }.beyond(2.5), 0.0);
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let few = Pareto::by_moments(&[1.0; 9]).unwrap_err();
        assert!(few.to_string().contains("needs 10"), "{few}");
        assert!(Pareto::by_likelihood(&[1.0; 20]).unwrap_err().to_string().contains("all exce"));
        let mut rows: Vec<f64> = (1..=20).map(f64::from).collect();
        rows[3] = 0.0;
        assert!(Pareto::by_likelihood(&rows).is_err());
        rows[3] = 2.5;
        assert!(Pareto::by_likelihood(&rows).unwrap_err().to_string().contains("ascending"));
        // All near their upper end: the likelihood grows without bound there.
        let bounded: Vec<f64> = (1..=200).map(|i| 1.0 + f64::from(i) * 1e-6).collect();
        let said = Pareto::by_likelihood(&bounded).unwrap_err().to_string();
        assert!(said.contains("no maximum"), "{said}");
    }

    proptest! {
        /// The optimum is one: no neighbour is likelier.
        #[test]
        fn no_neighbour_is_likelier(
            uniforms in proptest::collection::vec(1e-6f64..1.0, 40..200),
            xi in -0.2f64..0.8,
        ) {
            let law = Pareto { xi, beta: 1.0 };
            let mut sample: Vec<f64> = uniforms.iter().map(|u| law.excess_at(*u)).collect();
            sample.retain(|y| *y > 0.0);
            sample.sort_unstable_by(f64::total_cmp);
            let Ok(found) = Pareto::by_likelihood(&sample) else { return Ok(()) };
            let best = found.log_likelihood(&sample);
            let steps = [(1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3), (1e-3, -1e-3)];
            for (xi, beta) in steps {
                let beside = Pareto { xi: found.xi + xi, beta: found.beta * (1.0 + beta) };
                prop_assert!(beside.log_likelihood(&sample) <= best + 1e-9);
            }
        }

        /// A unit changes the scale alone.
        #[test]
        fn the_unit_changes_the_scale_alone(
            uniforms in proptest::collection::vec(1e-6f64..1.0, 40..100),
            unit in 1e-3f64..1e3,
        ) {
            let law = Pareto { xi: 0.2, beta: 1.0 };
            let mut sample: Vec<f64> = uniforms.iter().map(|u| law.excess_at(*u)).collect();
            sample.sort_unstable_by(f64::total_cmp);
            let other: Vec<f64> = sample.iter().map(|y| y * unit).collect();
            for by in [Estimator::Likelihood, Estimator::Moments] {
                let (Ok(one), Ok(two)) = (Pareto::fit(&sample, by), Pareto::fit(&other, by)) else {
                    continue;
                };
                prop_assert!((one.xi - two.xi).abs() < 1e-6);
                prop_assert!((one.beta * unit / two.beta - 1.0).abs() < 1e-6);
            }
        }
    }
}
