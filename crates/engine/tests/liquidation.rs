//! What becomes of accounts that fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::Quantity;
use keelmark_engine::liquidation::{Fact, Outcome, Stage};
use keelmark_engine::{Event, Refusal};
use venue::{Venue, facts};

const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// A rule with growing slices, and no stage after them.
const RULE: &str = r#"{"liquidation":{"rule":{"step_seconds":10,"end":"0.8",
    "close":{"first":"0.5","growth":"0.25","steps":4,"slippage":"0.0005","fee":"0.0002"}}}}"#;

/// An account with a long that fails at 66,900, one that is well off, and a rule.
fn failing(rule: &str) -> Venue {
    let mut venue = Venue::new();
    venue.open("long", "5000");
    venue.open("rich", "10000000");
    venue.done(rule);
    venue.trade("1", "70000", "long", "rich");
    venue
}

fn fall(venue: &mut Venue, time: &str, mark: &str) -> Vec<Event> {
    venue.done_at(time, &format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#))
}

fn take(quantity: &str, price: &str, by: &str) -> String {
    format!(
        r#"{{"take":{{"account":"long","by":"{by}","quantity":"{quantity}","price":"{price}"}}}}"#
    )
}

fn position(venue: &Venue, account: &str) -> Quantity {
    let state = venue.engine.state();
    let id = state.market.instruments.find(PERPETUAL).unwrap();
    state.account(state.named(account).unwrap()).position(id, false)
}

#[test]
fn an_account_that_fails_is_offered_in_the_smallest_slice_that_mends_it() {
    let mut venue = failing(RULE);
    let found = facts(&fall(&mut venue, "19:01:00", "65230"));
    assert!(matches!(&found[..], [Fact::Begun { .. }]), "{found:?}");
    let found = facts(&venue.done_at("19:01:02", r#""time""#));
    let [Fact::Entered { stage: Stage::Close, .. }, Fact::Offered { quantity, enough, limit, .. }] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert!(quantity.is_negative() && quantity.abs() <= "0.5".parse().unwrap(), "{quantity}");
    assert_eq!(limit.to_string(), "65197.385");
    assert!(*enough);
    let (size, id) = (quantity.abs(), venue.engine.state().named("long").unwrap());
    // New risk waits until it is over, whatever is there.
    let order = format!(
        r#"{{"place":{{"account":"long","order":9,"instrument":"{PERPETUAL}","quantity":"0.001",
        "price":"1"}}}}"#
    );
    let refused = venue.refused_at("19:01:02", &order);
    assert!(refused.to_string().contains("being liquidated"), "{refused}");
    // A lot less would not have been enough: the process goes on.
    let less = size.minus("0.001".parse().unwrap()).unwrap();
    venue.done_at("19:01:03", &take(&less.to_string(), "65197.385", "rich"));
    assert!(venue.engine.state().liquidation.of(id).is_some());
    let found = facts(&venue.done_at("19:01:04", &take("0.001", "65197.385", "rich")));
    assert!(
        matches!(
            &found[..],
            [
                Fact::Passed { .. },
                Fact::Taken { .. },
                Fact::Ended { outcome: Outcome::Restored, .. }
            ]
        ),
        "{found:?}"
    );
    venue.restart();
}

#[test]
fn what_is_not_taken_grows_until_the_stage_is_over() {
    let mut venue = failing(RULE);
    fall(&mut venue, "19:01:00", "65130");
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    let Some(Fact::Offered { quantity: first, .. }) = found.get(1) else { panic!("{found:?}") };
    let found = facts(&venue.done_at("19:01:11", r#""time""#));
    let [Fact::Offered { quantity: second, step: 2, .. }] = &found[..] else { panic!("{found:?}") };
    assert!(second.abs() > first.abs(), "{first} {second}");
    let found = facts(&venue.done_at("19:02:11", r#""time""#));
    assert!(matches!(found.last(), Some(Fact::Entered { stage: Stage::Stuck, .. })), "{found:?}");
    // A deposit wakes it, and mends it.
    venue.restart();
    let deposit = r#"{"deposit":{"account":"long","asset":"USDC","amount":"5000"}}"#;
    let found = facts(&venue.done_at("19:02:12", deposit));
    assert!(matches!(&found[..], [Fact::Ended { outcome: Outcome::Restored, .. }]), "{found:?}");
}

#[test]
fn grace_lets_an_account_mend_itself_and_it_begins_again_when_it_fails_again() {
    let rule = RULE.replacen("{\"step_seconds\"", "{\"grace_seconds\":60,\"step_seconds\"", 1);
    let mut venue = failing(&rule);
    fall(&mut venue, "19:01:00", "65200");
    assert!(facts(&venue.done_at("19:01:30", r#""time""#)).is_empty());
    let found = facts(&fall(&mut venue, "19:01:40", "68000"));
    assert!(matches!(&found[..], [Fact::Ended { outcome: Outcome::Restored, .. }]), "{found:?}");
    assert!(facts(&venue.done_at("19:03:00", r#""time""#)).is_empty());
    let found = facts(&fall(&mut venue, "19:03:01", "65200"));
    assert!(matches!(&found[..], [Fact::Begun { .. }]), "{found:?}");
}

#[test]
fn an_offer_is_not_for_whoever_it_came_from_nor_beyond_what_it_says() {
    let mut venue = failing(RULE);
    venue.done(r#"{"open":{"account":"part","parent":"long","mode":"cross","model":"cross"}}"#);
    venue.open("poor", "100");
    fall(&mut venue, "19:01:00", "65200");
    let refused = venue.refused_at("19:01:00", &take("0.1", "66000", "rich"));
    assert!(refused.to_string().contains("nothing of it is offered"), "{refused}");
    for (quantity, price, by, word) in [
        ("0.1", "65000", "rich", "65167.4 or more"),
        ("0.9", "65167.4", "rich", "at most the"),
        ("0", "65167.4", "rich", "above zero"),
        ("-0.1", "65167.4", "rich", "above zero"),
        ("0.0001", "65167.4", "rich", "lot"),
        ("0.1", "65167.4", "long", "its own liquidation"),
        ("0.1", "65167.4", "part", "its own liquidation"),
        ("0.1", "65167.4", "poor", "below initial margin"),
        ("0.1", "65167.4", "nobody", "unknown account"),
    ] {
        let refused = venue.refused_at("19:01:02", &take(quantity, price, by));
        assert!(refused.to_string().contains(word), "{quantity} {price} {by}: {refused}");
    }
    assert_eq!(position(&venue, "long").to_string(), "1");
}

#[test]
fn an_offer_is_good_for_no_more_than_what_is_held_by_then() {
    let mut venue = failing(RULE);
    fall(&mut venue, "19:01:00", "65200");
    venue.done_at("19:01:01", r#""time""#);
    venue.second = 0;
    let trade = format!(
        r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"0.9","price":"65200",
        "buyer":{{"account":"rich"}},"seller":{{"account":"long"}}}}}}"#
    );
    // What is left uses less than the end level, and is no longer liquidated; or it still is, and
    // the offer is larger than what is held.
    let found = facts(&venue.done_at("19:01:01", &trade));
    assert!(matches!(&found[..], [Fact::Ended { .. }]), "{found:?}");
    let mut venue = failing(&RULE.replace("0.8", "0.001"));
    fall(&mut venue, "19:01:00", "65200");
    venue.done_at("19:01:01", r#""time""#);
    venue.done_at("19:01:01", &trade);
    let refused = venue.refused_at("19:01:01", &take("0.4", "65200", "rich"));
    assert!(refused.to_string().contains("at most what is held, 0.1"), "{refused}");
}

#[test]
fn a_hedge_is_not_offered_first() {
    let mut venue = failing(RULE);
    let state = venue.engine.state();
    assert!(state.liquidation.open().next().is_none());
    // A put that gains as the future loses: closing it would ask for more margin.
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USDC:USDC-261225-70000-P","contract_size":"1",
        "lot":"0.1","mark":"4000","iv":0.5,"forward":"70500"}}"#,
    );
    for account in ["hedged", "seller"] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"portfolio","model":"deribit-pm"}}}}"#
        ));
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"{}"}}}}"#,
            if account == "hedged" { "25000" } else { "9000000" }
        ));
    }
    for (instrument, quantity, price) in
        [(PERPETUAL, "2", "70000"), ("deribit:BTC/USDC:USDC-261225-70000-P", "1", "4000")]
    {
        venue.done(&format!(
            r#"{{"trade":{{"instrument":"{instrument}","quantity":"{quantity}","price":"{price}",
            "buyer":{{"account":"hedged"}},"seller":{{"account":"seller"}}}}}}"#
        ));
    }
    let mut found = Vec::new();
    for (second, mark) in [(1, "65000"), (12, "62000"), (23, "60000"), (34, "58000")] {
        found.extend(facts(&fall(&mut venue, &format!("19:01:{second:02}"), mark)));
    }
    found.extend(facts(&venue.done_at("19:01:50", r#""time""#)));
    let offered = found.iter().find_map(|fact| match fact {
        Fact::Offered { account, instrument, .. } if account == "hedged" => Some(instrument),
        _ => None,
    });
    assert_eq!(offered.map(String::as_str), Some(PERPETUAL), "{found:?}");
}

#[test]
fn orders_go_first_and_those_that_free_most_before_others() {
    let mut venue = failing(RULE);
    for (order, quantity) in [(1, "0.01"), (2, "0.2")] {
        venue.done(&format!(
            r#"{{"place":{{"account":"long","order":{order},"instrument":"{PERPETUAL}",
            "quantity":"{quantity}","price":"60000"}}}}"#
        ));
    }
    fall(&mut venue, "19:01:00", "65200");
    let events = venue.done_at("19:01:01", r#""time""#);
    let cancelled: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Cancelled { order, .. } => Some(*order),
            _ => None,
        })
        .collect();
    assert_eq!(cancelled, [2, 1], "{events:?}");
    let events = venue.done_at("19:01:11", r#""time""#);
    assert!(facts(&events).iter().any(|fact| matches!(fact, Fact::Offered { .. })));
}

#[test]
fn a_rule_that_makes_no_sense_is_refused_and_one_that_goes_ends_what_it_began() {
    let mut venue = failing(RULE);
    for (from, to, word) in [
        (r#""end":"0.8""#, r#""end":"1""#, "below 1"),
        (r#""step_seconds":10"#, r#""step_seconds":0"#, "step_seconds"),
        (r#""steps":4"#, r#""steps":0"#, "close.steps"),
        (r#""first":"0.5""#, r#""first":"0""#, "close.first"),
        (r#""slippage":"0.0005""#, r#""slippage":"1.01""#, "close.slippage"),
    ] {
        let refused = venue.refused(&RULE.replacen(from, to, 1));
        assert!(refused.to_string().contains(word), "{refused}");
    }
    let refused = venue.refused(r#"{"liquidation":{"model":"no","rule":null}}"#);
    assert!(matches!(refused, Refusal::Unknown { .. }), "{refused}");
    fall(&mut venue, "19:01:00", "65200");
    let found = facts(&venue.done_at("19:01:00", r#"{"liquidation":{"rule":null}}"#));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::NoRule, .. })));
    assert!(venue.engine.state().liquidation.open().next().is_none());
    let found = facts(&venue.done_at("19:01:00", RULE));
    assert!(matches!(found.last(), Some(Fact::Begun { .. })), "{found:?}");
}
