//! The laws of damped paths.

use super::*;
use crate::cycle::{largest_rise, peak_to_trough};
use proptest::prelude::*;

const ABOVE: [Damper; 4] = [
    Damper::Buffer { share: 0.25 },
    Damper::StressWeight { weight: 0.25 },
    Damper::ExpandingMean,
    Damper::LongMean { steps: 7 },
];

#[test]
fn a_buffer_is_used_up_and_filled_again() {
    let path = [1.0, 1.0, 1.1, 1.3, 1.6, 1.4, 1.2, 1.0, 0.9];
    let found = Damper::Buffer { share: 0.25 }.apply(&path).unwrap();
    let expected = [1.25, 1.25, 1.25, 1.3, 1.6, 1.4, 1.25, 1.25, 1.125];
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12);
    }
}

#[test]
fn a_step_is_spread_over_its_ramp() {
    let path = [1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 5.0, 5.0, 5.0, 1.0, 1.0];
    let found = Damper::Ramp { up: 2, down: 4 }.apply(&path).unwrap();
    assert_eq!(found[4..], [3.0, 5.0, 5.0, 5.0, 5.0, 4.0, 3.0]);
    let found = Damper::Cap { rise: 1.0, fall: 0.5 }.apply(&path).unwrap();
    assert_eq!(found[4..], [2.0, 4.0, 5.0, 5.0, 5.0, 2.5, 1.25]);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let path = [1.0, 2.0];
    let refused = [
        Damper::Buffer { share: -0.1 },
        Damper::StressWeight { weight: 25.0 },
        Damper::LongMean { steps: 0 },
        Damper::Cap { rise: 0.0, fall: 1.0 },
        Damper::Cap { rise: 0.1, fall: f64::NAN },
        Damper::Ramp { up: 0, down: 1 },
    ];
    for damper in refused {
        assert!(damper.apply(&path).is_err(), "{damper:?}");
    }
    assert!(Damper::ExpandingMean.apply(&[1.0, 0.0]).is_err());
    assert!(Damper::apply_all(&[], &[f64::NAN]).is_err());
    assert_eq!(Damper::Buffer { share: 0.25 }.apply(&[]), Ok(vec![]));
}

#[test]
fn measures_stand_side_by_side() {
    let path: Vec<f64> = (0..100).map(|n| if n % 40 < 5 { 4.0 } else { 1.0 }).collect();
    let losses: Vec<f64> = path.iter().map(|one| one * 0.9).collect();
    let measures = [("floor", vec![Damper::ExpandingMean])];
    let found = beside(&path, &losses, &measures).unwrap();
    assert_eq!((found[0].name.as_str(), found[0].cost), ("base", 1.0));
    assert!(found[1].cost > 1.0 && found[1].peak_to_trough < found[0].peak_to_trough);
    assert_eq!(found[1].failures, 0);
}

proptest! {
    #[test]
    fn what_stands_above_never_undercuts(path in prop::collection::vec(0.01..1.0f64, 1..80)) {
        for damper in ABOVE {
            for (damped, base) in damper.apply(&path).unwrap().iter().zip(&path) {
                prop_assert!(*damped >= base * (1.0 - 1e-15), "{damper:?}: {damped} < {base}");
            }
        }
    }

    #[test]
    fn a_path_is_damped_by_what_it_has_been(
        path in prop::collection::vec(0.01..1.0f64, 2..60), end in 1usize..60,
    ) {
        let end = end.min(path.len());
        let mut all = ABOVE.to_vec();
        all.extend([Damper::Cap { rise: 0.1, fall: 0.2 }, Damper::Ramp { up: 3, down: 9 }]);
        for damper in all {
            let (whole, part) = (damper.apply(&path).unwrap(), damper.apply(&path[..end]).unwrap());
            prop_assert_eq!(&whole[..end], &part[..], "{:?}", damper);
        }
    }

    #[test]
    fn a_cap_caps_and_a_ramp_stays_within(
        path in prop::collection::vec(0.01..1.0f64, 2..80), rise in 0.01..0.5f64,
    ) {
        let capped = Damper::Cap { rise, fall: 1.0 }.apply(&path).unwrap();
        prop_assert!(largest_rise(&capped, 1).unwrap() <= (1.0 + rise) * (1.0 + 1e-12));
        for damper in [Damper::Ramp { up: 3, down: 9 }, Damper::Cap { rise, fall: 0.3 }] {
            let found = damper.apply(&path).unwrap();
            let ratio = peak_to_trough(&found).unwrap() / peak_to_trough(&path).unwrap();
            prop_assert!(ratio <= 1.0 + 1e-12, "{:?}", damper);
        }
    }
}
