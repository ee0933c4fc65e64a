//! Auctions of accounts that fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Money, Quantity};
use keelmark_engine::Event;
use keelmark_engine::liquidation::auction::{Asked, Auctioned};
use keelmark_engine::liquidation::{Fact, Outcome, Stage};
use venue::Venue;

const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// A rule with an auction of shares, and no other stage.
const PORTFOLIO: &str = r#"{"liquidation":{"rule":{"step_seconds":10,"end":"0.8",
    "auction":{"form":{"portfolio":{"asset":"USDC","start":"0.95","knee":"0.7",
    "fast_seconds":100,"slow_seconds":600,"insolvent_seconds":300,"last_seconds":60,
    "least":"0.01"}}}}}}"#;

/// An account with a long that fails at 65,250, one that is well off, and a rule.
fn failing(rule: &str) -> Venue {
    let mut venue = Venue::new();
    venue.open("long", "5000");
    venue.open("rich", "10000000");
    venue.open("ann", "100000");
    venue.done(rule);
    venue.trade("1", "70000", "long", "rich");
    venue
}

fn fall(venue: &mut Venue, time: &str, mark: &str) -> Vec<Fact> {
    facts(
        &venue.done_at(
            time,
            &format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#),
        ),
    )
}

/// The facts of liquidations, but for what passes.
fn facts(events: &[Event]) -> Vec<Fact> {
    let fact = |event: &Event| match event {
        Event::Liquidation(fact) if !matches!(**fact, Fact::Passed { .. }) => {
            Some((**fact).clone())
        }
        _ => None,
    };
    events.iter().filter_map(fact).collect()
}

fn time(venue: &mut Venue, at: &str) -> Vec<Fact> {
    facts(&venue.done_at(at, r#""time""#))
}

/// A bid for a share of the account that fails.
fn share(by: &str, share: &str, limit: &str) -> String {
    format!(r#"{{"bid":{{"account":"long","by":"{by}","share":"{share}","limit":"{limit}"}}}}"#)
}

fn position(venue: &Venue, account: &str) -> Quantity {
    let state = venue.engine.state();
    let id = state.market.instruments.find(PERPETUAL).unwrap();
    state.account(state.named(account).unwrap()).position(id, false)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn a_share_is_sold_at_a_falling_price_and_no_more_than_restores_the_buffer() {
    let mut venue = failing(PORTFOLIO);
    // Equity 230 against a requirement of about 304.
    let found = fall(&mut venue, "19:01:00", "65230");
    assert!(matches!(&found[..], [Fact::Begun { .. }]), "{found:?}");
    let found = time(&mut venue, "19:01:01");
    let [
        Fact::Entered { stage: Stage::Auction, .. },
        Fact::Auction {
            what: Auctioned::Begun(Asked { insolvent: false, price, worth, .. }), ..
        },
    ] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((*worth, *price), (money("230"), money("218.5")));
    // Half of the fast fall later 0.825 of its worth is asked.
    let refused = venue.refused_at("19:01:51", &share("ann", "1", "189.74"));
    assert!(refused.to_string().contains("189.75 USDC or more"), "{refused}");
    let before = venue.cash("long");
    let found = facts(&venue.done_at("19:01:51", &share("ann", "1", "189.75")));
    let [Fact::Auction { what: Auctioned::Share { share, most, paid, price, .. }, .. }, ended] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!(share, most);
    assert_eq!(*price, money("189.75"));
    assert!(matches!(ended, Fact::Ended { outcome: Outcome::Restored, .. }), "{ended:?}");
    // (0.2 more than the requirement) over what a share frees, by hand: 149.70625 / 339.45625.
    assert_eq!(&share.to_string()[..6], "0.4410");
    // In whole lots, next above.
    assert_eq!(position(&venue, "ann").to_string(), "0.442");
    assert_eq!(position(&venue, "long").to_string(), "0.558");
    assert!(venue.cash("long") < before && paid.is_positive());
    venue.restart();
    let refused = venue.refused_at("19:01:52", &self::share("ann", "1", "1000"));
    assert!(refused.to_string().contains("ended at 2026-03-13T19:01:51Z"), "{refused}");
}
