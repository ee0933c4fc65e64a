//! Games as a whole: money is neither made nor lost, play agrees with theory, and both with what
//! is known in closed form.

use crate::game::offer::{Offer, Strategy};
use crate::game::random::Random;
use crate::game::{Game, Keepers};
use proptest::prelude::*;

const SAMPLE: &str = include_str!("../../../../samples/game.toml");

const FIXED: &str = "kind = \"fixed\"\nbonus = 0.06\nclose_factor = 0.5\nfee = 0.1";
const RACE: &str = "kind = \"race\"\nbonus = 0.06\nlost = 0.7";
const SEALED: &str = "kind = \"sealed\"\nseconds = 60\nreserve = 0.8\npenalty = 0.05";
const DUTCH: &str = "kind = \"dutch\"\nstart = 1.1\nreserve = 0.6\npenalty = 0.02\n\
    curve = { kind = \"stairs\", cut = 0.99, step = 24 }";
const REVERSE: &str = "kind = \"reverse\"\nmost = 0.15";

/// The sample with another mechanism and a short among its accounts.
fn game(mechanism: &str) -> Game {
    let (before, rest) = SAMPLE.split_once("kind = \"fixed\"").unwrap();
    let rest = &rest[rest.find("threshold").unwrap()..];
    let short = "\n[[book.account]]\nname = \"short\"\ncount = 3\nside = \"short\"\nsize = 90\n\
                 cash = 205_000\n";
    Game::parse("test", &format!("{before}{mechanism}\n{rest}{short}")).unwrap()
}

#[test]
fn money_is_neither_made_nor_lost() {
    for mechanism in [FIXED, RACE, SEALED, DUTCH, REVERSE] {
        for bonus in ["0.5", "4"] {
            let game = game(mechanism).with(&[("vol", bonus), ("shock", "-0.2")]).unwrap();
            let found = game.found();
            let flows = &found.flows;
            let most = flows.owners + flows.fund;
            assert!(most > 0.0 && flows.gap <= flows.fund * (1.0 + 1e-12), "{mechanism}");
            assert!(flows.missing().abs() < 1e-9 * most, "{mechanism}: {}", flows.missing());
            assert!((flows.fund - found.shortfall).abs() < 1e-9 * most);
        }
    }
}

#[test]
fn play_agrees_with_theory() {
    for (mechanism, worst) in
        [(FIXED, 0.001), (RACE, 0.001), (SEALED, 0.006), (DUTCH, 0.006), (REVERSE, 0.001)]
    {
        let game = game(mechanism);
        let found = game.found();
        assert!(found.exploitability() <= worst, "{mechanism}: {}", found.exploitability());
        for (group, fate) in game.failing.iter().zip(&found.fates) {
            let what = format!("{mechanism}: {}", group.name);
            assert!((fate.come - fate.seen.came).abs() < 0.1, "{what} {fate:?}");
            assert!((fate.nobody - fate.seen.nobody).abs() < 0.02, "{what}");
        }
        let sum = |all: &[f64]| all.iter().sum::<f64>();
        let (theory, played) = (sum(&found.expected), sum(&found.flows.keepers));
        // Shares are counted in parts within 2 %, and the first of several is faster than one.
        assert!((played / theory - 1.0).abs() < 0.12, "{mechanism}: {theory} {played}");
    }
}

/// Equal keepers, one loan, a price that stands still.
fn plain(mechanism: &str, count: u32, cost: f64) -> Game {
    let text = format!(
        "schema = \"keelmark/game/1\"\nname = \"plain\"\npaths = 4000\n[mechanism]\n{mechanism}\n\
         threshold = 0.8\ntick = 12\n[price]\nvol = 0\njumps = 0\n\
         jump = 0\njump_vol = 0\n[fund]\nsize = 1e6\nwait = 120\n\
         takeover_cost = 0.3\n[[keepers]]\nname = \"all\"\ncount = {count}\ncost = {cost}\n\
         capital = 1e9\nlatency = 1\n[book]\nprice = 1\n[[book.account]]\nname = \"loan\"\n\
         count = 1\nside = \"long\"\nsize = 1100\ndebt = 1000\n"
    );
    Game::parse("plain", &text).unwrap()
}

#[test]
fn equal_keepers_come_as_in_the_closed_form() {
    let race = "kind = \"race\"\nbonus = 0.1\nlost = 1.0";
    for (count, cost) in [(2, 30.0), (4, 20.0), (10, 5.0), (10, 60.0)] {
        let game = plain(race, count, cost);
        let found = game.found();
        let closed = Keepers { count, prize: 100.0, cost }.entry().unwrap();
        assert!((found.nobody - closed.nobody).abs() < 0.03, "{} {closed:?}", found.nobody);
        assert!((found.fates[0].seen.nobody - closed.nobody).abs() < 0.04);
        // All that the prize is worth is burned.
        assert!(found.flows.keepers[0].abs() < 2.0, "{:?}", found.flows);
        let come = game.by_debt(&found.fates, |fate| fate.come);
        assert!((come - closed.expected).abs() < 0.35, "{come} {closed:?}");
    }
}

#[test]
fn the_best_bonus_is_the_closed_form() {
    // What nobody comes to costs the fund's sale: 330 of 1,100, of which owners have 100.
    let game = plain("kind = \"race\"\nbonus = 0.1", 10, 5.0);
    let lost: Vec<_> = game.tries().into_iter().map(|value| game.lost_at(value)).collect();
    let best = game.optimum(f64::INFINITY, &lost).unwrap();
    let closed = Keepers { count: 10, prize: 0.0, cost: 5.0 }.cheapest(330.0).unwrap();
    let prize = best.best * 1_000.0;
    assert!((prize - closed.prize).abs() < 16.0, "{prize} {closed:?}");
    assert!((best.least / closed.total - 1.0).abs() < 0.25, "{best:?} {closed:?}");
}

#[test]
fn what_nobody_takes_is_missing_as_much_as_in_the_closed_form() {
    let changes = [
        ("vol", "3.0"),
        ("price.jumps", "20000.0"),
        ("jump", "-0.02"),
        ("jump_vol", "0.01"),
        ("wait", "3600"),
        ("takeover_cost", "0.0"),
        ("paths", "20000"),
        ("book.account.loan.debt", "1050"),
    ];
    let game = plain("kind = \"fixed\"\nbonus = 0.01", 5, 1e6).with(&changes).unwrap();
    let found = game.found();
    assert_eq!((found.nobody, found.fates[0].seen.nobody), (1.0, 1.0));
    let closed = 1_100.0 * game.price.missing(1_050.0 / 1_100.0, 3_600.0);
    assert!((found.shortfall / closed - 1.0).abs() < 0.04, "{} {closed}", found.shortfall);
    assert!((found.shortfall - closed).abs() < 4.0 * found.error);
    assert!((found.flows.gap - found.flows.fund).abs() < 1e-9);
}

/// What an engine will do: show each keeper the offer at every tick, and serve who bids.
#[test]
fn strategies_that_are_shown_offers_come_to_the_same_as_play() {
    let game = plain("kind = \"reverse\"\nmost = 0.2", 5, 30.0);
    let game = game.with(&[("vol", "4"), ("wait", "1200"), ("debt", "930")]).unwrap();
    let found = game.found();
    let lot = game.failing[0].lot;
    let (paths, mut sold) = (game.paths(), 0);
    for (number, path) in paths.iter().enumerate() {
        let mut random = Random::new(77, number as u64);
        let mut keepers = game.demands(0, &found.fates[0], &mut random);
        let served = (0..path.len()).any(|tick| {
            let value = lot.collateral * path[tick];
            let asked = value * (1.0 - game.sale.offered(&lot, tick, path[tick]));
            let offer = Offer { seconds: tick as f64 * 12.0, value, asked, sealed: false };
            keepers.iter_mut().any(|keeper| keeper.bid(&offer).is_some())
        });
        sold += u32::from(served);
    }
    let played = 1.0 - found.fates[0].seen.unsold;
    let served = f64::from(sold) / paths.len() as f64;
    assert!(served > 0.2 && served < 0.99, "{served}: nothing to tell apart");
    // Accounts that recover are not left to the fund, and nobody takes them either.
    assert!(served <= played + 0.02, "{served} {played}");
    let come: u32 = (0..4_000u64)
        .map(|number| game.demands(0, &found.fates[0], &mut Random::new(78, number)))
        .map(|all| all.iter().filter(|one| one.margin.is_some()).count() as u32)
        .sum();
    assert!((f64::from(come) / 4_000.0 - found.fates[0].come).abs() < 0.06);
}

#[test]
fn the_seed_and_every_number_make_the_game() {
    let game = game(FIXED);
    let again = game.with(&[("seed", "1")]).unwrap();
    assert_eq!(game.digest, again.digest);
    assert_eq!(game.found(), again.found());
    let other = game.with(&[("seed", "2")]).unwrap();
    assert!(other.digest != game.digest && other.found() != game.found());
    assert_eq!(game.with(&[("cost", "1")]).unwrap().keepers[1].cost, 1.0);
    assert_eq!(game.with(&[("keepers.slow.cost", "1")]).unwrap().keepers[0].cost, 120.0);
    let unknown = game.with(&[("bonsu", "1")]).unwrap_err().to_string();
    assert!(unknown.contains("did you mean \"bonus\""), "{unknown}");
}

#[test]
fn a_margin_is_the_other_side_of_a_debt() {
    let debt = |side: &str, given: &str| {
        let text = SAMPLE.replace(
            "side = \"long\"\nsize = 2_000\ndebt = 3_700_000",
            &format!("side = \"{side}\"\nsize = 2_000\n{given}"),
        );
        Game::parse("test", &text).unwrap().failing[0].lot
    };
    assert_eq!(debt("long", "margin = 1_300_000"), debt("long", "debt = 3_700_000"));
    assert_eq!(debt("short", "margin = 1_000"), debt("short", "cash = 5_001_000"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_larger_bonus_brings_no_fewer_keepers(bonus in 0.005f64..0.04, more in 1.1f64..2.0) {
        let game = plain("kind = \"fixed\"\nbonus = 0.1", 6, 20.0);
        let come = |bonus: f64| {
            let moved = game.with(&[("bonus", &bonus.to_string())]).unwrap();
            let found = moved.found();
            moved.by_debt(&found.fates, |fate| fate.come)
        };
        prop_assert!(come(bonus * more) + 0.02 >= come(bonus));
    }
}
