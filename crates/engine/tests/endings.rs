//! Expiry, settlement and delisting: one price by the rule, every position closed, nothing left.
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod venue;

use keelmark_book::{Asset, Money};
use keelmark_engine::event::Why;
use keelmark_engine::ledger::House;
use keelmark_engine::{Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

const FUTURE: &str = "deribit:BTC/USDC:USDC-260313";
const INVERSE: &str = "deribit:BTC/USD:BTC-260313";
const CALL: &str = "deribit:BTC/USDC:USDC-260313-70000-C";
const PUT: &str = "deribit:BTC/USD:BTC-260313-70000-P";
const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// Four instruments that end at 20:00, and two accounts with enough of everything.
fn venue() -> Venue {
    let mut venue = Venue::new();
    for (instrument, size, lot, more) in [
        (FUTURE, "1", "0.001", r#""mark":"70000""#),
        (INVERSE, "10", "1", r#""mark":"70000""#),
        (CALL, "1", "0.1", r#""mark":"900","iv":0.5,"forward":"70000""#),
        (PUT, "1", "0.1", r#""mark":"0.01","iv":0.5,"forward":"70000""#),
    ] {
        venue.done(&format!(
            r#"{{"list":{{"instrument":"{instrument}","contract_size":"{size}","lot":"{lot}",
                "expiry":"2026-03-13T20:00:00Z",{more}}}}}"#
        ));
    }
    for account in ["long", "short"] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"portfolio","model":"deribit-pm"}}}}"#
        ));
        for (asset, amount) in [("USDC", "1000000"), ("BTC", "100")] {
            venue.done(&format!(
                r#"{{"deposit":{{"account":"{account}","asset":"{asset}","amount":"{amount}"}}}}"#
            ));
        }
    }
    venue
}

fn trade(instrument: &str, quantity: &str, price: &str, isolated: bool) -> String {
    format!(
        r#"{{"trade":{{"instrument":"{instrument}","quantity":"{quantity}","price":"{price}",
            "buyer":{{"account":"long","isolated":{isolated}}},"seller":{{"account":"short"}}}}}}"#
    )
}

fn index(price: &str) -> String {
    format!(r#"{{"index":{{"asset":"BTC","price":"{price}"}}}}"#)
}

fn balance(venue: &Venue, account: &str, asset: &str) -> Money {
    let state = venue.engine.state();
    state.account(state.named(account).unwrap()).balance(&Asset::new(asset).unwrap())
}

fn clearing(venue: &Venue, instrument: &str) -> Money {
    let state = venue.engine.state();
    let id = state.market.instruments.find(instrument).unwrap();
    state.ledger.balance(House::Clearing(id), &state.market.instruments.get(id).settle)
}

fn delivered(events: &[Event], wanted: &str) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::Delivered { instrument, price } if instrument == wanted => {
            price.map(|price| price.to_string())
        }
        _ => None,
    })
}

#[test]
fn all_kinds_settle_at_the_mean_of_the_last_half_hour() {
    let mut venue = venue();
    venue.done(&trade(FUTURE, "2", "70100", false));
    venue.done(&trade(INVERSE, "7001", "70010", false));
    venue.done(&trade(CALL, "3", "900", false));
    venue.done(&trade(PUT, "2", "0.01", false));
    venue.done_at("19:20:00", &index("69000"));
    venue.done_at("19:34:56", r#""time""#);
    venue.restart();
    venue.done_at("19:40:00", &index("72000"));
    // 10 minutes at 69000, 20 at 72000.
    let events = venue.done_at("20:00:00", r#""time""#);
    for instrument in [FUTURE, INVERSE, CALL, PUT] {
        assert_eq!(delivered(&events, instrument).as_deref(), Some("71000"), "{instrument}");
        assert!(clearing(&venue, instrument).is_zero(), "{instrument}");
    }
    // 2 x 900 of the future, 3 x (1000 - 900) of the call.
    assert_eq!(balance(&venue, "long", "USDC").to_string(), "1002100");
    assert_eq!(balance(&venue, "short", "USDC").to_string(), "997900");
    // 70010 (1/70010 - 1/71000) of the inverse future, less 2 x 0.01 for the put, which pays zero.
    let coins = balance(&venue, "long", "BTC").minus("99.98".parse().unwrap()).unwrap();
    assert!((coins.to_f64() - 70_010.0 * (1.0 / 70_010.0 - 1.0 / 71_000.0)).abs() < 1e-14);
    let id = venue.engine.state().named("long").unwrap();
    let long = venue.engine.state().account(id);
    assert!(long.shared.is_empty() && long.isolated.is_empty());
    assert!(venue.engine.state().agenda.iter().count() <= 2, "the listing of the harness alone");
}

#[test]
fn settlement_comes_before_the_command_whose_time_passes_it() {
    let mut venue = venue();
    venue.done(&trade(CALL, "3", "900", false));
    venue.done(&trade(PERPETUAL, "1", "70000", false));
    venue.done(&trade("deribit:BTC/USDC:USDC-261225-80000-C", "1", "2000", false));
    venue.done_at(
        "19:30:00",
        &format!(
            r#"{{"place":{{"account":"long","order":1,"instrument":"{FUTURE}","quantity":"1",
                "price":"60000"}}}}"#
        ),
    );
    // The first command after expiry needs the margin of an account that held what expired.
    let events = venue
        .done_at("20:10:00", r#"{"withdraw":{"account":"long","asset":"USDC","amount":"800000"}}"#);
    assert!(events.iter().any(|event| matches!(event, Event::Cancelled { order: 1, .. })));
    assert_eq!(delivered(&events, CALL).as_deref(), Some("70000"));
    for action in [
        trade(FUTURE, "1", "70000", false),
        format!(r#"{{"mark":{{"instrument":"{FUTURE}","mark":"70000"}}}}"#),
        format!(
            r#"{{"place":{{"account":"long","order":2,"instrument":"{FUTURE}","quantity":"1"}}}}"#
        ),
        format!(r#"{{"settle":{{"instrument":"{FUTURE}"}}}}"#),
        format!(
            r#"{{"delist":{{"instrument":"{FUTURE}","at":"2026-03-13T21:00:00Z","rule":"mark"}}}}"#
        ),
    ] {
        let refusal = venue.refused_at("20:10:00", &action);
        assert!(matches!(refusal, Refusal::NotTraded { .. }), "{action}: {refusal}");
    }
    venue.done_at("20:10:01", &trade(PERPETUAL, "0.5", "70000", false));
}

fn feed(venue: &mut Venue) {
    venue.done(
        r#"{"feed":{"of":{"asset":"BTC"},"rule":{"sources":{"a":"1"},"max_age_seconds":60,
            "divergence":"0.01","least":1,"failing":"widen"}}}"#,
    );
}

const READ: &str = r#"{"reading":{"of":{"asset":"BTC"},"source":"a","price":"71000"}}"#;

#[test]
fn without_an_index_there_is_no_price_and_the_venue_must_say_it() {
    let mut venue = venue();
    venue.done(&trade(FUTURE, "2", "70100", false));
    feed(&mut venue);
    venue.done_at("19:45:00", READ);
    let settle = |more: &str| format!(r#"{{"settle":{{"instrument":"{FUTURE}"{more}}}}}"#);
    let early = venue.refused_at("19:59:00", &settle(r#","price":"1""#));
    assert!(matches!(early, Refusal::NotTraded { .. }), "{early}");
    let events = venue.done_at("20:00:00", r#""time""#);
    assert!(events.iter().any(|event| matches!(event, Event::Missed { .. })), "{events:?}");
    let refusal = venue.refused_at("20:00:00", &settle(""));
    assert!(
        matches!(&refusal, Refusal::NoSettlement { covered, .. } if covered.to_f64() < 0.04),
        "{refusal}"
    );
    let refusal = venue.refused_at("20:00:01", &trade(FUTURE, "2", "70100", false));
    assert!(matches!(refusal, Refusal::NotTraded { .. }), "{refusal}");
    venue.refused_at("20:00:01", &settle(r#","price":"0""#));
    venue.done_at("20:00:01", &settle(r#","price":"70200""#));
    assert_eq!(balance(&venue, "long", "USDC").to_string(), "1000200");
    assert!(clearing(&venue, FUTURE).is_zero());
}

#[test]
fn the_window_and_its_coverage_are_the_underlyings_own() {
    let mut venue = venue();
    venue.done(&trade(FUTURE, "2", "70100", false));
    venue.done(r#"{"settlement":{"asset":"BTC","rule":{"window_seconds":60,"coverage":"0.9"}}}"#);
    venue.done_at("19:58:00", &index("10000"));
    venue.done_at("19:59:00", &index("70000"));
    venue.done_at("19:59:30", &index("71000"));
    let events = venue.done_at("20:00:30", &index("99999"));
    assert_eq!(delivered(&events, FUTURE).as_deref(), Some("70500"));
    for (window, coverage) in [("0", "0.5"), ("60", "1.1")] {
        venue.refused_at(
            "20:00:30",
            &format!(
                r#"{{"settlement":{{"asset":"BTC","rule":{{"window_seconds":{window},
                "coverage":"{coverage}"}}}}}}"#
            ),
        );
    }
}

#[test]
fn an_isolated_position_that_lost_more_than_its_margin_costs_the_insurance_fund() {
    let mut venue = venue();
    venue.done(&trade(FUTURE, "1", "70000", true));
    let id = venue.engine.state().named("long").unwrap();
    let margin = venue.engine.state().account(id).isolated[0].margin;
    venue.done_at("19:20:00", &index("20000"));
    let events = venue.done_at("20:00:00", r#""time""#);
    let paid = events.iter().find_map(|event| match event {
        Event::Shortfall { amount, .. } => Some(*amount),
        _ => None,
    });
    assert_eq!(paid.unwrap(), Money::from_int(50_000).minus(margin).unwrap());
    let left = Money::from_int(1_000_000).minus(margin).unwrap();
    assert_eq!(balance(&venue, "long", "USDC"), left);
    assert_eq!(balance(&venue, "short", "USDC").to_string(), "1050000");
    assert!(clearing(&venue, FUTURE).is_zero());
}

#[test]
fn an_isolated_option_bought_is_paid_for_by_its_buyer() {
    let mut venue = venue();
    venue.done(&trade(CALL, "1", "900", true));
    let id = venue.engine.state().named("long").unwrap();
    assert!(!venue.engine.state().account(id).isolated[0].margin.is_negative());
    venue.done_at("19:20:00", &index("60000"));
    let events = venue.done_at("20:00:00", r#""time""#);
    assert!(!events.iter().any(|event| matches!(event, Event::Shortfall { .. })));
    assert_eq!(balance(&venue, "long", "USDC").to_string(), "999100");
}

fn delist(rule: &str) -> String {
    format!(
        r#"{{"delist":{{"instrument":"{PERPETUAL}","at":"2026-03-13T20:00:00Z","rule":{rule}}}}}"#
    )
}

#[test]
fn what_is_delisted_may_only_be_reduced_and_settles_at_its_last_mark() {
    let mut venue = venue();
    venue.done(&trade(PERPETUAL, "2", "70000", false));
    let order = |number: u64, quantity: &str, more: &str| {
        format!(
            r#"{{"place":{{"account":"long","order":{number},"instrument":"{PERPETUAL}",
                "quantity":"{quantity}","price":"60000"{more}}}}}"#
        )
    };
    venue.done(&order(1, "1", ""));
    venue.done(&order(2, "-1", r#","reduce_only":true"#));
    let events = venue.done(&delist(r#""mark""#));
    assert!(matches!(&events[1..], [Event::Cancelled { order: 1, .. }]), "{events:?}");
    venue.refused(&delist(r#""mark""#));
    assert!(matches!(venue.refused(&order(3, "1", "")), Refusal::NotTraded { .. }));
    let refusal = venue.refused(&trade(PERPETUAL, "1", "70000", false));
    assert!(matches!(refusal, Refusal::NotTraded { .. }), "{refusal}");
    venue.trade("0.5", "70000", "short", "long");
    venue.done(&order(4, "-0.5", r#","reduce_only":true"#));
    venue.done(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"70300"}}}}"#));
    let events = venue.done_at("20:00:00", &index("1000"));
    assert_eq!(delivered(&events, PERPETUAL).as_deref(), Some("70300"));
    assert_eq!(balance(&venue, "long", "USDC").to_string(), "1000450");
    assert!(clearing(&venue, PERPETUAL).is_zero());
    venue.refused_at("20:00:00", &trade(PERPETUAL, "1", "70000", false));
    let id = venue.engine.state().named("long").unwrap();
    assert!(venue.engine.state().account(id).orders.is_empty());
}

#[test]
fn delisted_at_a_mean_it_waits_for_a_window_with_an_index() {
    let mut venue = venue();
    venue.done(&trade(PERPETUAL, "2", "70000", false));
    let rule = |seconds: u32| {
        delist(&format!(r#"{{"average":{{"window_seconds":{seconds},"coverage":"0.5"}}}}"#))
    };
    venue.refused(&rule(7_200));
    venue.done(&rule(60));
    feed(&mut venue);
    let events = venue.done_at("20:00:30", r#""time""#);
    assert!(events.iter().any(|event| matches!(event, Event::Missed { .. })));
    venue.refused_at(
        "20:00:30",
        &format!(r#"{{"settle":{{"instrument":"{PERPETUAL}","price":"1"}}}}"#),
    );
    venue.done_at("20:00:30", READ);
    let events = venue.done_at("20:01:00", r#""time""#);
    assert_eq!(delivered(&events, PERPETUAL).as_deref(), Some("71000"));
    assert_eq!(balance(&venue, "long", "USDC").to_string(), "1002000");
}

#[test]
fn who_holds_what_waits_has_a_margin_and_takes_no_new_risk() {
    let mut venue = venue();
    venue.done(&trade(CALL, "3", "900", false));
    venue.done(&trade(FUTURE, "2", "69000", false));
    venue.done(&trade(PUT, "1", "0.01", true));
    venue.done(&trade(PERPETUAL, "1", "70000", false));
    venue.done(&format!(
        r#"{{"place":{{"account":"long","order":1,"instrument":"{FUTURE}","quantity":"1",
            "price":"60000"}}}}"#
    ));
    feed(&mut venue);
    let read = READ.replace("71000", "71500");
    venue.done_at("19:45:00", &read);
    let events = venue.done_at("20:00:00", r#""time""#);
    assert!(events.iter().any(|event| matches!(event, Event::Missed { .. })), "{events:?}");
    venue.done_at("20:00:01", READ);
    let long = venue.engine.state().named("long").unwrap();
    // The mean of the time in which there was an index: 3 calls and 2 futures are worth that. The
    // coins are at the last price.
    let paid = Money::from_int(3 * 1_500 + 2 * 2_500);
    let coins = Money::from_int(71_000)
        .decimal()
        .times(balance(&venue, "long", "BTC").decimal(), keelmark_book::Round::Down)
        .unwrap();
    let worth = balance(&venue, "long", "USDC").plus(paid).unwrap().plus(Money::new(coins));
    let pools = venue.engine.state().standings(long).unwrap();
    assert_eq!((pools.len(), pools[0].equity), (1, worth.unwrap()), "{pools:?}");
    for action in [
        r#"{"withdraw":{"account":"long","asset":"USDC","amount":"1"}}"#.to_owned(),
        trade(PERPETUAL, "0.1", "70000", false),
    ] {
        let refusal = venue.refused_at("20:00:02", &action);
        assert!(refusal.to_string().contains("takes no new risk"), "{action}: {refusal}");
    }
    let line = trade(PERPETUAL, "0.4", "70000", false);
    let line = line.replace("long", "x").replace("short", "long").replace('x', "short");
    let events = venue.done_at("20:00:03", &line);
    let unknown = |event: &Event| matches!(event, Event::MarginUnknown { .. });
    assert!(!events.iter().any(unknown), "{events:?}");
    venue.restart();
    for instrument in [FUTURE, CALL, PUT, INVERSE] {
        let settle = format!(r#"{{"settle":{{"instrument":"{instrument}","price":"71500"}}}}"#);
        venue.done_at("20:00:04", &settle);
    }
    venue.done_at("20:00:05", r#"{"withdraw":{"account":"long","asset":"USDC","amount":"1"}}"#);
}

#[test]
fn stops_end_with_their_instrument() {
    let mut venue = venue();
    venue.done(&trade(PERPETUAL, "2", "70000", false));
    venue.done(&trade(FUTURE, "2", "70000", false));
    let stop = |instrument: &str, order: u64, more: &str| {
        format!(
            r#"{{"stop":{{"account":"long","order":{order},"instrument":"{instrument}",
                "when":{{"stop-loss":"60000"}},"quantity":"-1"{more}}}}}"#
        )
    };
    venue.done(&stop(PERPETUAL, 1, r#","may_open":true"#));
    venue.done(&stop(PERPETUAL, 2, ""));
    venue.done(&stop(FUTURE, 3, r#","may_open":true"#));
    venue.done(&stop(FUTURE, 4, ""));
    let ended = |events: &[Event]| -> Vec<u64> {
        let stops = events.iter().filter_map(|event| match event {
            Event::StopCancelled { order, why: Why::Ended, .. } => Some(*order),
            _ => None,
        });
        stops.collect()
    };
    let events = venue.done(&delist(r#""mark""#));
    assert_eq!(ended(&events), [1], "announced: {events:?}");
    let events = venue.done_at("20:00:00", r#""time""#);
    assert_eq!(ended(&events), [2, 3, 4], "ended: {events:?}");
    let id = venue.engine.state().named("long").unwrap();
    assert_eq!(venue.engine.state().stops.of(id).count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was traded at whatever prices, settlement leaves nothing on any clearing account.
    #[test]
    fn settlement_is_conserved(
        trades in prop::collection::vec(
            (0usize..4, -30i64..30, 68_001i64..72_000, any::<bool>()), 1..12,
        ),
        path in prop::collection::vec((0u32..60, 60_000_001i64..80_000_000), 1..8),
    ) {
        let (mut venue, mut done) = (venue(), 0);
        for (which, lots, price, isolated) in trades {
            let instrument = [FUTURE, INVERSE, CALL, PUT][which];
            let (size, price) = match which {
                0 => (1, price.to_string()),
                1 => (1_000, format!("{price}.37")),
                2 => (100, (price - 68_000).to_string()),
                _ => (100, format!("0.0{}", price - 68_000)),
            };
            let thousandths = lots.abs().max(1) * size;
            let quantity = match which {
                1 => (thousandths / 1_000).to_string(),
                _ => format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000),
            };
            let own = isolated && which % 2 == 0;
            let mut line = trade(instrument, &quantity, &price, own);
            if lots < 0 {
                line = line.replace("buyer", "other").replace("seller", "buyer")
                    .replace("other", "seller");
            }
            let events = venue.send(&line);
            match events.last() {
                Some(Event::Refused(Refusal::Margin { .. })) => {}
                Some(Event::Refused(_)) | None => prop_assert!(false, "{} {:?}", line, events),
                Some(_) => done += 1,
            }
        }
        prop_assert!(done > 0);
        let mut path = path;
        path.sort_unstable();
        for (minute, price) in path {
            let price = format!("{}.{:03}", price / 1_000, price % 1_000);
            venue.done_at(&format!("19:{minute:02}:00"), &index(&price));
        }
        venue.done_at("20:00:00", r#""time""#);
        let state = venue.engine.state();
        for instrument in [FUTURE, INVERSE, CALL, PUT] {
            prop_assert!(clearing(&venue, instrument).is_zero());
        }
        for account in &state.accounts {
            prop_assert!(account.shared.is_empty() && account.isolated.is_empty());
        }
        for (asset, whole) in [("USDC", 2_000_000), ("BTC", 200)] {
            let both = balance(&venue, "long", asset).plus(balance(&venue, "short", asset));
            let fund = state.ledger.balance(House::Insurance, &Asset::new(asset).unwrap());
            prop_assert_eq!(both.unwrap().plus(fund).unwrap(), Money::from_int(whole));
        }
    }
}
