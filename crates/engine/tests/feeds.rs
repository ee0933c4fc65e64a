//! Prices of several sources: who counts, what follows where too few do, and that neither the
//! order of readings nor the number of ticks makes a difference.
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod venue;

use keelmark_book::{Asset, Round, Timestamp};
use keelmark_engine::feed::Standing;
use keelmark_engine::{Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

fn feed(venue: &mut Venue, failing: &str, slow: &str) {
    venue.done(&format!(
        r#"{{"feed":{{"of":{{"asset":"BTC"}},"rule":{{"sources":{{"a":"1","b":"1","c":"2"}},
            "max_age_seconds":10,"divergence":"0.01","least":2,"confidence":"0.5",
            "failing":"{failing}"{slow}}}}}}}"#
    ));
}

fn read(source: &str, price: &str, more: &str) -> String {
    format!(
        r#"{{"reading":{{"of":{{"asset":"BTC"}},"source":"{source}","price":"{price}"{more}}}}}"#
    )
}

fn index(venue: &Venue) -> String {
    let btc = Asset::new("BTC").unwrap();
    venue.engine.state().market.price(&btc).unwrap().to_string()
}

fn standing(events: &[Event], wanted: &str) -> Option<Standing> {
    events.iter().find_map(|event| match event {
        Event::Source { source, standing, .. } if source == wanted => Some(*standing),
        _ => None,
    })
}

#[test]
fn the_index_is_the_weighted_median_of_those_that_count() {
    let mut venue = Venue::new();
    feed(&mut venue, "widen", "");
    venue.done(&read("a", "70100", ""));
    assert_eq!(index(&venue), "70000", "one source of two: the last index stays");
    let events = venue.done(&read("b", "70200", ""));
    assert!(events.iter().any(|event| matches!(event, Event::Feed { live: true, .. })));
    assert_eq!(index(&venue), "70150");
    venue.done(&read("c", "70300", ""));
    assert_eq!(index(&venue), "70250");
    let events = venue.done_at("19:00:01", &read("a", "50000", ""));
    assert_eq!(standing(&events, "a"), Some(Standing::Diverging));
    assert_eq!(index(&venue), "70300");
    let events = venue.done_at("19:00:02", &read("a", "70200", r#","confidence":"0.4""#));
    assert_eq!(standing(&events, "a"), Some(Standing::Unsure));
    let old = r#","time":"2026-03-13T19:00:00Z""#;
    let events = venue.done_at("19:00:03", &read("a", "90000", old));
    assert!(matches!(&events[..], [Event::Read { newest: false, .. }]), "{events:?}");
}

#[test]
fn time_alone_makes_sources_stale_and_the_last_index_stays_with_its_time() {
    let mut venue = Venue::new();
    feed(&mut venue, "widen", "");
    venue.done_at("19:00:01", &read("a", "71000", ""));
    venue.done_at("19:00:02", &read("b", "71000", ""));
    assert!(venue.done_at("19:00:11", r#""time""#).is_empty());
    let events = venue.done_at("19:00:12", r#""time""#);
    assert_eq!(standing(&events, "a"), Some(Standing::Stale));
    assert!(events.iter().any(|event| matches!(event, Event::Feed { live: false, .. })));
    let state = venue.engine.state();
    let btc = &state.market.assets[&Asset::new("BTC").unwrap()];
    assert_eq!(btc.price.to_string(), "71000");
    assert_eq!(btc.as_of, "2026-03-13T19:00:02Z".parse::<Timestamp>().unwrap());
    assert_eq!(state.market.as_of, "2026-03-13T19:00:12Z".parse::<Timestamp>().unwrap());
}

#[test]
fn the_document_widens_for_an_index_that_grew_old() {
    let mut venue = Venue::new();
    let text = "name = 'careful'\nextends = 'cross'\n[feeds]\nmax_age_seconds = 60\nwiden = '0.5'";
    venue.done(&serde_json::json!({ "model": { "text": text } }).to_string());
    for (account, model) in [("long", "careful"), ("short", "cross")] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"cross","model":"{model}"}}}}"#
        ));
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"100000"}}}}"#
        ));
    }
    feed(&mut venue, "widen", "");
    venue.trade("1", "70000", "long", "short");
    let id = venue.engine.state().named("long").unwrap();
    let initial = |venue: &Venue| venue.engine.state().standings(id).unwrap()[0].initial;
    let before = initial(&venue);
    venue.done_at("19:02:00", r#""time""#);
    let after = initial(&venue);
    let half = "0.5".parse().unwrap();
    assert_eq!(after, before.plus(before.times(half, Round::Up).unwrap()).unwrap());
}

#[test]
fn a_halt_refuses_new_risk_and_nothing_else() {
    let mut venue = Venue::new();
    venue.open("long", "100000");
    venue.open("short", "100000");
    venue.trade("1", "70000", "long", "short");
    feed(&mut venue, "halt", "");
    let halted = |refusal: &Refusal| matches!(refusal, Refusal::Halted { of } if of == "BTC");
    let order = |quantity: &str, number: u64, more: &str| {
        format!(
            r#"{{"place":{{"account":"long","order":{number},"instrument":"{PERPETUAL}",
                "quantity":"{quantity}"{more}}}}}"#
        )
    };
    assert!(halted(&venue.refused(&order("1", 1, r#","price":"70000""#))));
    let away = r#"{"withdraw":{"account":"long","asset":"USDC","amount":"1"}}"#;
    assert!(halted(&venue.refused(away)));
    let events = venue.trade("1", "70000", "long", "short");
    assert!(matches!(&events[..], [Event::Refused(refusal)] if halted(refusal)), "{events:?}");
    venue.done(&order("-1", 2, r#","price":"70000","reduce_only":true"#));
    venue.done(r#"{"cancel":{"account":"long","order":2}}"#);
    venue.done(r#"{"deposit":{"account":"long","asset":"USDC","amount":"1"}}"#);
    let events = venue.trade("0.5", "70000", "short", "long");
    assert!(matches!(events.last(), Some(Event::Filled { .. })), "{events:?}");
    venue.done(&read("a", "70000", ""));
    venue.done(&read("b", "70000", ""));
    venue.done(away);
    assert!(halted(&venue.refused_at("19:00:30", away)), "stale by time alone");
}

#[test]
fn where_old_prices_refuse_margin_a_position_may_still_be_reduced_but_not_at_any_price() {
    let mut venue = Venue::new();
    let text = "name = 'strict'\nextends = 'hyperliquid'\n[feeds]\nmax_age_seconds = 60";
    venue.done(&serde_json::json!({ "model": { "text": text } }).to_string());
    for account in ["long", "short"] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"cross","model":"strict"}}}}"#
        ));
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"5000"}}}}"#
        ));
    }
    let events = venue.trade("1", "70000", "long", "short");
    assert!(matches!(events.last(), Some(Event::Filled { .. })), "{events:?}");
    let trade = |price: &str, buyer: &str, seller: &str| {
        format!(
            r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"0.5","price":"{price}",
                "buyer":{{"account":"{buyer}"}},"seller":{{"account":"{seller}"}}}}}}"#
        )
    };
    for line in [trade("70000", "long", "short"), trade("50000", "short", "long")] {
        let refusal = venue.refused_at("19:05:00", &line);
        assert!(matches!(refusal, Refusal::NoMargin { .. }), "{refusal}");
    }
    venue.done_at("19:05:00", &trade("70000", "short", "long"));
}

#[test]
fn a_slow_price_follows_by_steps_and_waits_while_the_feed_fails() {
    let mut venue = Venue::new();
    feed(&mut venue, "widen", r#","slow":{"every_seconds":2,"most":"0.001"}"#);
    let slow = |venue: &Venue| {
        venue.engine.state().market.slow(&Asset::new("BTC").unwrap()).unwrap().to_string()
    };
    venue.done(&read("a", "70000", ""));
    venue.done(&read("b", "70000", ""));
    assert_eq!(slow(&venue), "70000");
    venue.done_at("19:00:01", &read("a", "70100", ""));
    venue.done_at("19:00:01", &read("b", "70100", ""));
    venue.done_at("19:00:03", r#""time""#);
    assert_eq!(slow(&venue), "70070");
    venue.done_at("19:00:04", r#""time""#);
    assert_eq!(slow(&venue), "70100");
    venue.done_at("19:00:04", &read("a", "70200", ""));
    venue.done_at("19:00:04", &read("b", "70200", ""));
    venue.restart();
    venue.done_at("19:00:06", r#""time""#);
    assert_eq!(slow(&venue), "70170.1");
    venue.second = 6;
    feed(&mut venue, "widen", r#","slow":{"every_seconds":20,"most":"0.001"}"#);
    venue.done_at("19:00:30", r#""time""#);
    assert_eq!(slow(&venue), "70170.1", "its sources were stale when it would have moved");
    venue.done_at("19:00:31", &read("a", "70200", ""));
    venue.done_at("19:00:31", &read("b", "70200", ""));
    venue.done_at("19:00:40", r#""time""#);
    assert_eq!(slow(&venue), "70200");
    venue.done_at("19:00:41", r#"{"feed":{"of":{"asset":"BTC"}}}"#);
    assert!(venue.engine.state().market.slow(&Asset::new("BTC").unwrap()).is_none());
}

#[test]
fn a_mark_has_sources_too_and_a_told_price_is_refused() {
    let mut venue = Venue::new();
    let of = format!(r#""of":{{"instrument":"{PERPETUAL}"}}"#);
    venue.done(&format!(
        r#"{{"feed":{{{of},"rule":{{"sources":{{"x":"1"}},"max_age_seconds":10,
            "divergence":"0.01","least":1,"failing":"halt"}}}}}}"#
    ));
    venue.refused(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"1"}}}}"#));
    venue.done(&format!(r#"{{"reading":{{{of},"source":"x","price":"70123"}}}}"#));
    let state = venue.engine.state();
    let id = state.market.instruments.find(PERPETUAL).unwrap();
    assert_eq!(state.market.quote(id).mark.to_string(), "70123");
    venue.refused(&format!(r#"{{"reading":{{{of},"source":"y","price":"70123"}}}}"#));
    venue.refused(&format!(r#"{{"reading":{{{of},"source":"x","price":"0"}}}}"#));
    let later = r#""time":"2026-03-13T19:00:01Z""#;
    venue.refused(&format!(r#"{{"reading":{{{of},"source":"x","price":"1",{later}}}}}"#));
    venue.refused(r#"{"feed":{"of":{"asset":"USD"}}}"#);
    feed(&mut venue, "widen", "");
    venue.refused(r#"{"index":{"asset":"BTC","price":"1"}}"#);
    venue.done(&format!(r#"{{"feed":{{{of}}}}}"#));
    venue.done(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"1"}}}}"#));
}

fn readings() -> impl Strategy<Value = Vec<(usize, i64, i64, i64)>> {
    prop::collection::vec((0usize..3, 69_000i64..71_000, 0i64..12, 3i64..10), 1..12)
}

fn said((source, price, age, sure): (usize, i64, i64, i64)) -> String {
    let time = format!("2026-03-13T19:00:{:02}Z", 12 - age);
    let more = format!(r#","time":"{time}","confidence":"0.{sure}""#);
    read(["a", "b", "c"][source], &price.to_string(), &more)
}

proptest! {
    /// Any interleaving of readings gives the same index.
    #[test]
    fn order_of_arrival_makes_no_difference(
        (given, other) in readings().prop_flat_map(|given| {
            (Just(given.clone()), Just(given).prop_shuffle())
        }),
    ) {
        let run = |given: Vec<_>| {
            let mut venue = Venue::new();
            feed(&mut venue, "widen", "");
            for one in given {
                venue.done_at("19:00:12", &said(one));
            }
            venue
        };
        let (one, other) = (run(given), run(other));
        let asset = Asset::new("BTC").unwrap();
        let (one, other) = (one.engine.state(), other.engine.state());
        let (first, second) = (&one.feeds.assets[&asset], &other.feeds.assets[&asset]);
        prop_assert_eq!(first, second);
        if first.live {
            prop_assert_eq!(one.market.assets[&asset], other.market.assets[&asset]);
        }
    }

    /// Telling the time more often changes nothing.
    #[test]
    fn ticks_make_no_difference(
        given in readings(), ticks in prop::collection::vec(0i64..90, 0..9),
    ) {
        let run = |ticks: &[i64]| {
            let mut venue = Venue::new();
            feed(&mut venue, "halt", r#","slow":{"every_seconds":3,"most":"0.001"}"#);
            for one in &given {
                venue.done_at("19:00:12", &said(*one));
            }
            let mut times: Vec<i64> = ticks.iter().copied().chain([90]).collect();
            times.sort_unstable();
            for second in times {
                let second = second.max(12);
                venue.done_at(&format!("19:{:02}:{:02}", second / 60, second % 60), r#""time""#);
            }
            let state = venue.engine.state();
            format!("{:?} {:?} {:?}", state.feeds, state.market, state.agenda)
        };
        prop_assert_eq!(run(&[]), run(&ticks));
    }
}
