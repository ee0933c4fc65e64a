//! Each method against its definition done again at every step.

use super::*;
use crate::measure::{expected_shortfall, value_at_risk};
use proptest::prelude::*;

fn returns(n: usize) -> Vec<f64> {
    let mut seed = 11u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as f64 / f64::from(1 << 24) - 0.5
    };
    (0..n).map(|_| 0.1 * next() * next()).collect()
}

#[test]
fn a_window_that_slides_is_a_window_taken_anew() {
    let returns = returns(400);
    let vols = Ewma::new(0.97).volatilities(&returns).unwrap();
    for side in [Side::Long, Side::Short] {
        let path =
            |method| Rolling::new(method, 100, 0.95, 0.97).margins(&returns, side, 120).unwrap();
        let losses = side.losses(&returns);
        let (plain, filtered, shortfall) =
            (path(Method::Plain), path(Method::Filtered), path(Method::FilteredShortfall));
        for at in 120..400 {
            let window = &losses[at - 100..at];
            let var = value_at_risk(window, 0.95, Rule::OrderStatistic).unwrap();
            assert_eq!(plain.margins[at - 120], var);
            let scaled: Vec<f64> = (at - 100..at).map(|s| losses[s] / vols[s] * vols[at]).collect();
            let var = value_at_risk(&scaled, 0.95, Rule::OrderStatistic).unwrap();
            assert_eq!(filtered.margins[at - 120], var);
            let es = expected_shortfall(&scaled, 0.95).unwrap();
            assert!((shortfall.margins[at - 120] / es - 1.0).abs() < 1e-13);
        }
        let sample = Rolling::new(Method::Filtered, 100, 0.95, 0.97).sample(&returns, side);
        let var = value_at_risk(&sample.unwrap(), 0.95, Rule::OrderStatistic).unwrap();
        assert_eq!(var, filtered.next);
        let rolling = Rolling::new(Method::Plain, 100, 0.95, 0.97);
        assert_eq!(rolling.next(&returns, side), Ok(plain.next));
        assert_eq!(rolling.margins(&returns[..399], side, 120).unwrap().next, plain.margins[279]);
    }
}

#[test]
fn a_stress_only_adds_and_a_normal_margin_is_volatility() {
    let returns = returns(300);
    let path =
        |method| Rolling::new(method, 100, 0.99, 0.94).margins(&returns, Side::Long, 100).unwrap();
    let (base, stressed) = (path(Method::Filtered), path(Method::FilteredStress { weight: 0.25 }));
    assert!(base.margins.iter().zip(&stressed.margins).all(|(base, more)| more >= base));
    let normal = path(Method::Normal);
    let vols = Ewma::new(0.94).volatilities(&returns).unwrap();
    assert!((normal.margins[0] / vols[100] - 2.326_347_874_040_840_8).abs() < 1e-12);
    assert_eq!(normal.margins.len(), 200);
}

#[test]
fn what_cannot_be_margined_is_refused() {
    let good = returns(300);
    let said = |method, returns: &[f64], window, confidence, first| {
        let rolling = Rolling::new(method, window, confidence, 0.97);
        rolling.margins(returns, Side::Long, first).unwrap_err().to_string()
    };
    let plain = Method::Plain;
    assert!(said(plain, &good, 100, 0.99, 50).contains("needs 100 values, found 50"));
    assert!(said(plain, &good, 100, 0.99, 301).contains("needs 301 values, found 300"));
    assert!(said(plain, &good, 0, 0.99, 10).contains("window"));
    assert!(said(plain, &good, 100, 99.0, 100).contains("confidence"));
    assert!(said(plain, &[0.0; 300], 100, 0.99, 100).contains("constant"));
    assert!(said(Method::Filtered, &[0.0; 300], 100, 0.99, 100).contains("constant"));
    assert!(said(Method::Normal, &good, 100, 0.3, 100).contains("no loss"));
    let tail = Method::named("ewma_gpd_pwm").unwrap();
    assert!(said(tail, &good, 100, 0.5, 100).contains("confidence"));
    assert!(said(tail, &good, 20, 0.99, 100).contains("needs"));
    assert!(Method::named("nobody's").unwrap_err().to_string().contains("fhs_apc25"));
    assert!(Method::names().all(|name| Method::named(name).is_ok()));
}

proptest! {
    #[test]
    fn margins_rise_with_confidence_and_know_nothing_of_the_future(
        returns in prop::collection::vec(-0.1..0.1f64, 80..160), a in 0.8..0.99f64,
        b in 0.8..0.99f64,
    ) {
        let (low, high) = (a.min(b), a.max(b));
        for name in ["plain", "fhs", "fhs_es", "ewma_normal", "fhs_apc25"] {
            let rolling = |a| Rolling::new(Method::named(name).unwrap(), 50, a, 0.97);
            let path = |a| rolling(a).margins(&returns, Side::Short, 60);
            let (Ok(less), Ok(more)) = (path(low), path(high)) else { continue };
            for (less, more) in less.margins.iter().zip(&more.margins) {
                prop_assert!(*less <= more * (1.0 + 1e-12));
            }
            let part = rolling(low).margins(&returns[..70], Side::Short, 60).unwrap();
            prop_assert_eq!(&part.margins[..], &less.margins[..10]);
            prop_assert_eq!(part.next, less.margins[10]);
        }
    }
}
