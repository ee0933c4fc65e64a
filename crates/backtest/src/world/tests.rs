//! Surfaces of a day come from that day and before.

use super::*;
use crate::history::{History, shipped};
use keelmark_book::read;

fn world() -> World {
    let market = include_bytes!("../../../../samples/btc-options-2026-03-13.csv");
    let market = read::market_csv("chain", market).unwrap();
    let histories = Histories::align(shipped().unwrap()).unwrap();
    World::new(histories, Rules::default(), Smile::of(&market)).unwrap()
}

#[test]
fn a_state_does_not_know_what_comes() {
    let (world, btc) = (world(), Asset::new("BTC").unwrap());
    let day = 1_000;
    let cut = |end: usize| {
        let given = world.histories.given.iter().map(|one| {
            let (days, values) = one.columns();
            let (days, values) = (&days[..end], &values[..end]);
            History::new(one.asset.clone(), one.factor, "cut", days, values).unwrap()
        });
        let histories = Histories::align(given.collect()).unwrap();
        World::new(histories, Rules::default(), Smile::flat()).unwrap()
    };
    assert_eq!(cut(day + 1).state(&btc, day).unwrap(), world.state(&btc, day).unwrap());
    assert!(world.state(&btc, 20).is_err());
    let later = world.later(&btc, day, Horizon::new(1.0).unwrap()).unwrap();
    assert_eq!(later, world.state(&btc, day + 1).unwrap());
}

#[test]
fn half_a_day_is_the_root_of_half_the_move() {
    let (world, btc) = (world(), Asset::new("BTC").unwrap());
    let now = world.state(&btc, 500).unwrap();
    let day = world.state(&btc, 501).unwrap();
    let half = world.later(&btc, 500, Horizon::new(0.25).unwrap()).unwrap();
    let (whole, part) = (ln(day.index / now.index), ln(half.index / now.index));
    assert!((part / whole - 0.5).abs() < 1e-9);
    assert!(Horizon::new(0.0).is_err() && Horizon::new(f64::NAN).is_err());
}

#[test]
fn the_smile_is_one_at_the_money_and_dearer_below() {
    let smile = world().smile;
    for days in [1.0, 20.0, 90.0, 400.0] {
        assert!((smile.ratio(days, 0.0) - 1.0).abs() < 1e-9, "{days}");
        assert!(smile.ratio(days, -0.3) > 1.02, "{days}");
        assert_eq!(smile.ratio(days, -9.0), smile.ratio(days, -99.0));
    }
    assert_eq!(Smile::flat().ratio(30.0, -0.5), 1.0);
}

#[test]
fn a_strike_has_the_delta_that_was_asked_for() {
    let (world, btc) = (world(), Asset::new("BTC").unwrap());
    let state = world.state(&btc, 2_000).unwrap();
    for right in [Right::Call, Right::Put] {
        let strike = world.strike_of_delta(&state, 30.0 / 365.0, right, 0.25);
        let terms = world.terms(&state, 30.0 / 365.0, strike, right);
        let delta = option::greeks(&terms).delta;
        assert!((delta.abs() - 0.25).abs() < 1e-3, "{right:?} {delta}");
    }
}
