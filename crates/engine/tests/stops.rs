//! Orders that wait for a price.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_engine::{Event, Refusal};
use venue::Venue;

const PERP: &str = "deribit:BTC/USDC:USDC";

/// `a` is long one at 70000.
fn long_one() -> Venue {
    let mut venue = Venue::new();
    venue.open("a", "1000000");
    venue.open("b", "1000000");
    venue.trade("1", "70000", "a", "b");
    venue
}

fn stop(order: u64, rest: &str) -> String {
    format!(r#"{{"stop":{{"account":"a","order":{order},"instrument":"{PERP}",{rest}}}}}"#)
}

fn mark(venue: &mut Venue, price: &str) -> Vec<String> {
    let events = venue.done(&format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"{price}"}}}}"#));
    events[1..].iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(venue: &mut Venue, price: &str, said: &[&str]) {
    assert_eq!(mark(venue, price), said);
}

#[test]
fn a_stop_becomes_a_reduce_only_order_of_the_position() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"stop-loss":"65000"},"price":"64000""#));
    check(&mut venue, "65000.1", &[]);
    let said = "a: stop 5 at 65000 was reached at 60000: -1 deribit:BTC/USDC:USDC is open";
    check(&mut venue, "60000", &[said]);
    let id = venue.engine.state().named("a").unwrap();
    let order = venue.engine.state().account(id).order(5).unwrap();
    assert!(order.reduce_only);
    assert_eq!(order.price.unwrap().to_string(), "64000");
    check(&mut venue, "50000", &[]);
}

#[test]
fn one_cancels_the_other() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"stop-loss":"65000"}"#));
    venue.done(&stop(6, r#""when":{"take-profit":"80000"},"quantity":"-0.4","other":5"#));
    venue.refused(&stop(7, r#""when":{"take-profit":"80000"},"other":5"#));
    check(
        &mut venue,
        "80000",
        &[
            "a: stop 6 at 80000 was reached at 80000: -0.4 deribit:BTC/USDC:USDC is open",
            "a: stop 5 is cancelled: the other one triggered",
        ],
    );
}

#[test]
fn a_trailing_stop_follows_and_an_index_may_trigger() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"trail-distance":"1000"},"quantity":"-0.5""#));
    venue.done(&stop(6, r#""when":{"trail-rate":"0.02"},"on":"index","quantity":"-0.5""#));
    check(&mut venue, "75000", &[]);
    check(&mut venue, "74000.001", &[]);
    let said = "a: stop 5 at 74000 was reached at 74000: -0.5 deribit:BTC/USDC:USDC is open";
    check(&mut venue, "74000", &[said]);
    for (price, events) in [("100000", 1), ("98001", 1), ("98000", 2)] {
        let said = venue.done(&format!(r#"{{"index":{{"asset":"BTC","price":"{price}"}}}}"#));
        assert_eq!(said.len(), events, "{said:?}");
    }
}

#[test]
fn a_closed_position_has_no_stops_and_no_orders_that_reduce_it() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"stop-loss":"65000"}"#));
    venue.done(&format!(
        r#"{{"place":{{"account":"a","order":9,"instrument":"{PERP}","quantity":"-1",
            "price":"90000","reduce_only":true}}}}"#
    ));
    let events = venue.trade("1", "70000", "b", "a");
    let said: Vec<String> = events.iter().map(ToString::to_string).collect();
    assert!(
        said.contains(&"a: stop 5 is cancelled: the position is closed".to_owned()),
        "{said:?}"
    );
    assert!(said.contains(&"a: order 9 is cancelled".to_owned()), "{said:?}");
    check(&mut venue, "60000", &[]);
    venue.refused(&stop(6, r#""when":{"stop-loss":"55000"}"#));
}

#[test]
fn what_is_reached_already_or_never_is_refused() {
    let mut venue = long_one();
    for when in [
        r#"{"stop-loss":"70000"}"#,
        r#"{"take-profit":"69000"}"#,
        r#"{"trail-distance":"0"}"#,
        r#"{"trail-distance":"70000"}"#,
        r#"{"trail-rate":"1"}"#,
        r#"{"stop-loss":"-5"}"#,
    ] {
        let refusal = venue.refused(&stop(5, &format!(r#""when":{when}"#)));
        assert!(matches!(refusal, Refusal::Bad { .. }), "{when}: {refusal}");
    }
    venue.refused(&stop(5, r#""when":{"stop-loss":"65000"},"quantity":"1""#));
    venue.refused(&stop(5, r#""when":{"stop-loss":"65000"},"quantity":"-2""#));
    venue.done(&stop(5, r#""when":{"stop-loss":"65000"}"#));
    venue.refused(&stop(5, r#""when":{"stop-loss":"65000"}"#));
    venue.done(r#"{"cancel-stop":{"account":"a","order":5}}"#);
    venue.refused(r#"{"cancel-stop":{"account":"a","order":5}}"#);
    check(&mut venue, "64000", &[]);
}

#[test]
fn an_order_that_may_open_is_checked_when_it_triggers() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"stop-loss":"71000"},"quantity":"1","may_open":true"#));
    venue.done(&stop(6, r#""when":{"stop-loss":"71000"},"quantity":"900","may_open":true"#));
    let events = venue.done(&format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"72000"}}}}"#));
    assert!(matches!(events[1], Event::Triggered { order: 5, .. }), "{events:?}");
    assert!(matches!(events[2], Event::TriggerRefused { order: 6, .. }), "{events:?}");
    assert_eq!(events.len(), 3);
}

#[test]
fn a_fill_never_turns_what_a_reduce_only_order_reduces() {
    let mut venue = long_one();
    venue.done(&stop(5, r#""when":{"stop-loss":"65000"}"#));
    mark(&mut venue, "65000");
    venue.trade("0.5", "65000", "b", "a");
    let fill = |quantity: &str| {
        format!(
            r#"{{"trade":{{"instrument":"{PERP}","quantity":"{quantity}","price":"65000",
                "buyer":{{"account":"b"}},"seller":{{"account":"a","order":5}}}}}}"#
        )
    };
    venue.refused(&fill("0.6"));
    venue.done(&fill("0.5"));
}
