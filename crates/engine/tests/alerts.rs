//! Margin calls: when they are made, what they say, and when they are made again.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::Rate;
use keelmark_engine::Event;
use keelmark_engine::watch::MarginCall;
use proptest::prelude::*;
use venue::Venue;

const PERP: &str = "deribit:BTC/USDC:USDC";

/// `a` is long ten at 70000 with 90000.
fn long_ten() -> Venue {
    let mut venue = Venue::new();
    venue.open("a", "90000");
    venue.open("b", "10000000");
    venue.trade("10", "70000", "a", "b");
    venue
}

fn mark(venue: &mut Venue, price: &str) -> Vec<Event> {
    let mut events =
        venue.done(&format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"{price}"}}}}"#));
    events.remove(0);
    events
}

fn standing(venue: &Venue) -> (Rate, keelmark_engine::standing::Standing) {
    let state = venue.engine.state();
    let pool = state.standings(state.named("a").unwrap()).unwrap().remove(0);
    let used = pool.maintenance.ratio(pool.equity, keelmark_book::Round::Up);
    (used.unwrap(), pool)
}

/// The lowest mark, in whole units, at which less than a share of margin is used.
fn mark_below(venue: &mut Venue, share: &str) -> u32 {
    let share: Rate = share.parse().unwrap();
    let (mut low, mut high) = (60_000, 70_000);
    while high - low > 1 {
        let middle = u32::midpoint(low, high);
        mark(venue, &middle.to_string());
        let (used, pool) = standing(venue);
        if pool.equity.is_positive() && used < share { high = middle } else { low = middle }
    }
    mark(venue, "70000");
    high
}

fn call(events: &[Event]) -> &MarginCall {
    match events {
        [Event::MarginCall(call)] => call,
        other => panic!("expected one margin call, found {other:?}"),
    }
}

#[test]
fn a_level_is_said_once_and_again_only_after_a_step_below() {
    let mut venue = long_ten();
    let at = mark_below(&mut venue, "0.8");
    assert!(mark(&mut venue, &at.to_string()).is_empty());
    let events = mark(&mut venue, &(at - 1).to_string());
    let (used, pool) = standing(&venue);
    let said = call(&events);
    assert_eq!(said.level.to_string(), "0.8");
    assert_eq!(
        (said.equity, said.maintenance, said.mm_used),
        (pool.equity, pool.maintenance, Some(used))
    );
    assert!(!said.charges.is_empty(), "{said}");
    for price in [at + 1, at - 2, at, at - 1] {
        assert!(mark(&mut venue, &price.to_string()).is_empty(), "{price}");
    }
    let well = mark_below(&mut venue, "0.75");
    // The search went over all levels and back.
    assert!(mark(&mut venue, &(at - 1).to_string()).len() == 1);
    assert!(mark(&mut venue, &(well - 1).to_string()).is_empty());
    let events = mark(&mut venue, &(well + 1).to_string());
    assert!(matches!(events.as_slice(), [Event::MarginRestored { .. }]), "{events:?}");
    call(&mark(&mut venue, &(at - 1).to_string()));
}

#[test]
fn a_jump_says_the_highest_level_and_the_last_is_liquidatable() {
    let mut venue = long_ten();
    let at = mark_below(&mut venue, "1");
    let events = mark(&mut venue, &(at - 2).to_string());
    let [Event::Liquidatable(call)] = events.as_slice() else { panic!("{events:?}") };
    assert!(call.maintenance > call.equity);
    assert!(mark(&mut venue, &(at - 9).to_string()).is_empty());
}

#[test]
fn what_would_mend_it_does_and_nothing_less() {
    let mut venue = long_ten();
    let at = mark_below(&mut venue, "0.9");
    let needed = call(&mark(&mut venue, &(at - 1).to_string())).deposit.unwrap();
    let quantum = "0.000000000000000001".parse().unwrap();
    let deposit = |venue: &mut Venue, amount: keelmark_book::Money| {
        venue
            .done(&format!(r#"{{"deposit":{{"account":"a","asset":"USDC","amount":"{amount}"}}}}"#))
    };
    assert_eq!(deposit(&mut venue, needed.minus(quantum).unwrap()).len(), 1);
    let events = deposit(&mut venue, quantum);
    assert!(
        matches!(&events[1..], [Event::MarginRestored { level, .. }] if level.to_string() == "0.9"),
        "{events:?}"
    );
}

#[test]
fn an_account_may_have_its_own_levels() {
    let mut venue = long_ten();
    for bad in [
        r#"{"alerts":{"levels":["0"]}}"#,
        r#"{"alerts":{"levels":["1.1"]}}"#,
        r#"{"alerts":{"levels":["0.5"],"step":"0.5"}}"#,
        r#"{"alerts":{"account":"nobody","levels":["0.5"]}}"#,
    ] {
        venue.refused(bad);
    }
    let at = mark_below(&mut venue, "0.5");
    venue.done(r#"{"alerts":{"account":"a","levels":["0.5"],"step":"0.1"}}"#);
    let events = mark(&mut venue, &(at - 1).to_string());
    assert_eq!(call(&events).level.to_string(), "0.5");
    venue.done(r#"{"alerts":{"account":"a"}}"#);
    let events = mark(&mut venue, &(at - 1).to_string());
    assert!(matches!(events.as_slice(), [Event::MarginRestored { .. }]), "{events:?}");
}

/// An account `s` that is long one under a document that refuses old prices.
fn strict() -> Venue {
    let mut venue = long_ten();
    let text = include_str!("../../../models/cross.toml");
    let text = text.replace("widen = \"0.10\"\n", "").replace("\"cross\"", "\"strict\"");
    venue.done(&serde_json::json!({ "model": { "text": text } }).to_string());
    venue.done(r#"{"open":{"account":"s","mode":"cross","model":"strict"}}"#);
    venue.done(r#"{"deposit":{"account":"s","asset":"USDC","amount":"9000"}}"#);
    let events = venue.trade("1", "70000", "s", "b");
    assert!(!matches!(events[0], Event::Refused(_)), "{events:?}");
    venue
}

#[test]
fn margin_that_cannot_be_computed_is_said_once() {
    let mut venue = strict();
    let unknown =
        |events: &[Event]| events.iter().any(|event| matches!(event, Event::MarginUnknown { .. }));
    let deposit = r#"{"deposit":{"account":"s","asset":"USDC","amount":"1"}}"#;
    assert!(!unknown(&venue.done_at("19:00:30", deposit)));
    let events = venue.done_at("19:02:00", deposit);
    assert!(unknown(&events), "{events:?}");
    assert!(!unknown(&venue.done_at("19:02:01", deposit)));
    for asset in [("USDC", "1"), ("BTC", "70000")] {
        let (asset, price) = asset;
        let index = format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#);
        venue.done_at("19:02:02", &index);
    }
    let mark = format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"70000"}}}}"#);
    assert!(!unknown(&venue.done_at("19:02:02", &mark)));
    let events = venue.done_at("19:05:00", deposit);
    assert!(unknown(&events), "it was known in between: {events:?}");
}

#[test]
fn what_never_had_a_price_counts_for_nothing_and_hides_nobody() {
    let mut venue = long_ten();
    venue.done(r#"{"open":{"account":"c","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"c","asset":"ETH","amount":"1000"}}"#);
    let events = venue.trade("1", "70000", "c", "b");
    assert!(matches!(events[0], Event::Refused(_)), "no price, no trade: {events:?}");
    for asset in ["ETH", "DUST"] {
        let deposit =
            format!(r#"{{"deposit":{{"account":"a","asset":"{asset}","amount":"0.001"}}}}"#);
        assert_eq!(venue.done(&deposit).len(), 1);
    }
    let at = mark_below(&mut venue, "1");
    let events = mark(&mut venue, &(at - 1).to_string());
    assert!(events.iter().any(|event| matches!(event, Event::Liquidatable(_))), "{events:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What is said follows from margin used alone, computed anew after every price.
    #[test]
    fn calls_follow_margin_used(prices in prop::collection::vec(61_000u32..72_000, 1..25)) {
        let mut venue = long_ten();
        let levels: [Rate; 3] = ["0.8", "0.9", "1"].map(|level| level.parse().unwrap());
        let step: Rate = "0.05".parse().unwrap();
        let mut said = 0;
        for price in prices {
            let events = mark(&mut venue, &price.to_string());
            let (used, pool) = standing(&venue);
            let bad = !pool.equity.is_positive();
            let reached = |level: Rate| bad || if level == Rate::ONE {
                pool.maintenance > pool.equity
            } else {
                used >= level
            };
            let highest = levels.iter().filter(|level| reached(**level)).count();
            let mut kept = said;
            while kept > 0 && !bad && used <= levels[kept - 1].minus(step).unwrap() {
                kept -= 1;
            }
            match events.as_slice() {
                [] => prop_assert!(highest <= said && kept == said),
                [Event::MarginCall(_) | Event::Liquidatable(_)] => prop_assert!(highest > said),
                [Event::MarginRestored { level, .. }] => {
                    prop_assert!(kept < said);
                    prop_assert_eq!(*level, levels[kept]);
                }
                other => prop_assert!(false, "{other:?}"),
            }
            said = highest.max(kept);
        }
    }
}
