//! Fits of simulated series, on the bounds too, and what is refused.

use super::likelihood::{Likelihood, P};
use super::*;
use crate::law;
use proptest::prelude::*;

/// splitmix64, as a number between 0 and 1.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / 9_007_199_254_740_992.0 + 5e-17
    }

    fn innovation(&mut self, nu: Option<f64>) -> f64 {
        let u = self.uniform();
        match nu {
            None => law::normal_quantile(u),
            Some(nu) => law::StudentT::new(nu).quantile(u) * ((nu - 2.0) / nu).sqrt(),
        }
    }
}

/// `n` returns of a model with the given parameters.
fn simulated(truth: &Fit, n: usize, seed: u64) -> Vec<f64> {
    let mut draws = Draws(seed);
    let mut variance = truth.start;
    let mut returns = Vec::with_capacity(n);
    for _ in 0..n {
        let r = truth.mu + variance.sqrt() * draws.innovation(truth.nu);
        variance = truth.next(variance, r);
        returns.push(r);
    }
    returns
}

fn truth(model: Garch, alpha: f64, gamma: f64, beta: f64, nu: Option<f64>) -> Fit {
    let (omega, start) = (2e-6, 1e-4);
    Fit { model, mu: 5e-4, omega, alpha, gamma, beta, nu, loglik: 0.0, start, steps: 0 }
}

#[test]
fn simulated_parameters_are_found() {
    for (model, gamma, nu) in [
        (Garch::NORMAL, 0.0, None),
        (Garch::T, 0.0, Some(5.0)),
        (Garch::GJR, 0.08, None),
        (Garch::GJR_T, 0.08, Some(5.0)),
    ] {
        let truth = truth(model, 0.06, gamma, 0.9 - 0.5 * gamma, nu);
        let found = model.fit(&simulated(&truth, 12_000, 7)).unwrap();
        let near = |a: f64, b: f64, by: f64| assert!((a - b).abs() < by, "{found:?}");
        near(found.alpha, truth.alpha, 0.02);
        near(found.gamma, truth.gamma, 0.03);
        near(found.beta, truth.beta, 0.03);
        near(found.omega / truth.omega, 1.0, 0.4);
        if let (Some(found), Some(truth)) = (found.nu, nu) {
            near(found, truth, 0.6);
        }
    }
}

#[test]
fn the_optimum_may_lie_on_the_bound() {
    // Innovations heavier than the law that is fitted push persistence up to its bound.
    let truth = truth(Garch::T, 0.2, 0.0, 0.8, Some(2.6));
    let returns = simulated(&truth, 3_000, 3);
    let found = Garch::T.fit(&returns).unwrap();
    assert!((found.persistence() - 1.0).abs() < 1e-9, "{found:?}");
    assert_eq!(found.long_run(), None);
    assert!(found.ahead(1.0, 4) > 1.0);
}

#[test]
fn the_slope_is_that_of_the_value() {
    let returns = simulated(&truth(Garch::GJR_T, 0.06, 0.06, 0.88, Some(4.0)), 700, 5);
    for model in [Garch::GJR, Garch::GJR_T] {
        let likelihood = Likelihood::new(model, &returns);
        let at = [0.03, 0.05, 0.07, 0.04, 0.85, 0.2];
        let slope = likelihood.slope(&at);
        assert!((slope.value - likelihood.value(&at)).abs() < 1e-9);
        let (again, products) = likelihood.slope_and_products(&at);
        assert_eq!(again.value, slope.value);
        for which in 0..P {
            if likelihood.fixed()[which] {
                continue;
            }
            let moved = |by: f64| {
                let mut at = at;
                at[which] += by;
                likelihood.value(&at)
            };
            let between = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let error = (slope.slope[which] - between).abs();
            assert!(error < 1e-4 * (1.0 + between.abs()), "{model:?} {which} {between}");
            assert!(products[which][which] > 0.0);
        }
    }
}

#[test]
fn forecasts_go_to_the_long_run() {
    let fit = truth(Garch::NORMAL, 0.1, 0.0, 0.8, None);
    assert!((fit.long_run().unwrap() - 2e-5).abs() < 1e-18);
    assert!((fit.ahead(1e-4, 1) - 1e-4).abs() < 1e-18);
    assert!((fit.ahead(1e-4, 2) - (2e-6 + 0.9e-4)).abs() < 1e-18);
    assert!((fit.ahead(1e-4, 500) / 2e-5 - 1.0).abs() < 1e-9);
    let sum: f64 = (1..=5).map(|h| fit.ahead(1e-4, h)).sum();
    assert!((fit.over(1e-4, 5) - sum).abs() < 1e-18);
}

#[test]
fn the_unit_changes_nothing_else() {
    let returns = simulated(&truth(Garch::T, 0.08, 0.0, 0.9, Some(5.0)), 2_000, 11);
    let percent: Vec<f64> = returns.iter().map(|r| 100.0 * r).collect();
    let (one, hundred) = (Garch::T.fit(&returns).unwrap(), Garch::T.fit(&percent).unwrap());
    assert!((one.alpha - hundred.alpha).abs() < 1e-6 && (one.beta - hundred.beta).abs() < 1e-6);
    assert!((one.omega * 1e4 / hundred.omega - 1.0).abs() < 1e-5);
    assert!((one.loglik - 2_000.0 * 100f64.ln() - hundred.loglik).abs() < 1e-6);
}

#[test]
fn a_fit_that_starts_from_another_finds_the_same() {
    let returns = simulated(&truth(Garch::GJR_T, 0.05, 0.08, 0.88, Some(5.0)), 3_000, 2);
    let early = Garch::GJR_T.fit(&returns[..2_900]).unwrap();
    let (cold, warm) =
        (Garch::GJR_T.fit(&returns).unwrap(), Garch::GJR_T.refit(&returns, &early).unwrap());
    assert!((cold.loglik - warm.loglik).abs() < 1e-5, "{cold:?} {warm:?}");
    // From a richer model to a plainer one as well.
    let plain = Garch::NORMAL.refit(&returns, &early).unwrap();
    assert!((plain.loglik - Garch::NORMAL.fit(&returns).unwrap().loglik).abs() < 1e-5);
    assert_eq!((plain.gamma, plain.nu), (0.0, None));
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let said = |returns: &[f64]| Garch::NORMAL.fit(returns).unwrap_err().to_string();
    let mut draws = Draws(1);
    let noise: Vec<f64> = (0..1_000).map(|_| draws.innovation(None)).collect();
    assert!(said(&noise[..99]).contains("needs 100"));
    assert!(said(&[0.25; 200]).contains("all returns are 0.25"));
    assert!(said(&[0.0; 200]).contains("all returns"));
    let mut broken = noise.clone();
    broken[7] = f64::NAN;
    assert!(said(&broken).contains("return 7"));
    broken[7] = 1e200;
    assert!(said(&broken).contains("leave the numbers"));
    broken[7] = 1e4;
    assert!(said(&broken).contains("one return"));
    let mut price = 100.0;
    let prices: Vec<f64> = noise
        .iter()
        .map(|z| {
            price *= 1.0 + 0.01 * z;
            price
        })
        .collect();
    assert!(said(&prices).contains("not stationary"), "{}", said(&prices));
    let growing: Vec<f64> = (0..400).map(|i| 1.02f64.powi(i)).collect();
    assert!(said(&growing).contains("explodes"), "{}", said(&growing));
    let grown = noise.iter().enumerate().map(|(i, z)| z * 1.01f64.powi(i as i32));
    assert!(said(&grown.collect::<Vec<f64>>()).contains("explodes"));
}

#[test]
fn the_fallback_says_that_it_is_one() {
    let path = Garch::T.or_ewma(&[0.01, -0.02, 0.015, 0.002].repeat(12), Ewma::new(0.97)).unwrap();
    assert_eq!((path.variances.len(), path.fit), (49, None));
    assert!(path.fell_back.unwrap().contains("lambda 0.97"));
    let returns = simulated(&truth(Garch::NORMAL, 0.1, 0.0, 0.85, None), 1_000, 1);
    let path = Garch::NORMAL.or_ewma(&returns, Ewma::new(0.97)).unwrap();
    assert_eq!((path.fell_back, path.variances.len()), (None, 1_001));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The optimum is one: no neighbour inside the bounds is likelier.
    #[test]
    fn no_neighbour_is_likelier(
        seed in any::<u64>(),
        alpha in 0.0f64..0.2,
        gamma in 0.0f64..0.2,
        kept in 0.3f64..0.99,
        heavy in any::<bool>(),
        asymmetric in any::<bool>(),
    ) {
        let nu = heavy.then_some(4.0);
        let beta = (kept - alpha - 0.5 * gamma).max(0.0);
        let returns = simulated(&truth(Garch::GJR, alpha, gamma, beta, nu), 800, seed);
        for innovations in [Innovations::Normal, Innovations::StudentT] {
            let model = Garch { asymmetric, innovations };
            let fit = model.fit(&returns).unwrap();
            let likelihood = Likelihood::new(model, &returns);
            let top = likelihood.counted(&fit);
            let best = likelihood.value(&top);
            for which in (0..P).filter(|which| !likelihood.fixed()[*which]) {
                for by in [1e-3, -1e-3] {
                    let mut beside = top;
                    beside[which] += by * top[which].abs().max(0.1);
                    let inside = |bound: &super::likelihood::Bound| {
                        super::quadratic::dot(&bound.weights, &beside) >= bound.least
                    };
                    if likelihood.bounds().iter().all(inside) {
                        let value = likelihood.value(&beside);
                        prop_assert!(value <= best + 1e-6, "{model:?} {fit:?} {which}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_walk_knows_nothing_of_what_comes() {
    let returns = simulated(&truth(Garch::T, 0.08, 0.0, 0.9, Some(5.0)), 900, 4);
    let schedule = Schedule { first: 500, every: 100, window: Some(400) };
    let walk = |returns: &[f64]| Garch::T.walk(returns, schedule, Ewma::new(0.97)).unwrap();
    let (whole, part) = (walk(&returns), walk(&returns[..750]));
    assert_eq!((whole.variances.len(), whole.fits, whole.fell_back.len()), (901, 5, 0));
    assert_eq!(whole.variances[..=750], part.variances[..]);
    // At a fit, the forecast is that of the window before it.
    let fit = Garch::T.fit(&returns[100..500]).unwrap();
    let next = fit.next_variance(&returns[100..500]);
    assert!((whole.variances[500] / next - 1.0).abs() < 1e-9);
    assert_ne!(whole.variances[499], fit.variances(&returns)[499]);
}

#[test]
fn a_walk_says_where_it_fell_back() {
    let mut returns = simulated(&truth(Garch::NORMAL, 0.1, 0.0, 0.85, None), 700, 4);
    returns[300] = 50.0;
    let schedule = Schedule { first: 200, every: 100, window: Some(200) };
    let walked = Garch::NORMAL.walk(&returns, schedule, Ewma::new(0.97)).unwrap();
    let at: Vec<usize> = walked.fell_back.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [400, 500], "{:?}", walked.fell_back);
    let ewma = Ewma::new(0.97).variances(&returns).unwrap();
    assert_eq!(walked.variances[400..600], ewma[400..600]);
    assert!(
        Garch::NORMAL.walk(&returns, Schedule { every: 0, ..schedule }, Ewma::new(0.9)).is_err()
    );
}
