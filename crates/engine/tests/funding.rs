//! Funding: longs pay shorts to the last digit, at a rate told or made of premiums.
#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod venue;

use keelmark_book::{Money, Rate};
use keelmark_engine::ledger::House;
use keelmark_engine::{Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

const LINEAR: &str = "deribit:BTC/USDC:USDC";
const INVERSE: &str = "deribit:BTC/USD:BTC";

fn venue() -> Venue {
    let mut venue = Venue::new();
    venue.done(&format!(
        r#"{{"list":{{"instrument":"{INVERSE}","contract_size":"10","lot":"1","mark":"70000"}}}}"#
    ));
    for account in ["a", "b", "c"] {
        venue.open(account, "1000000");
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"BTC","amount":"10"}}}}"#
        ));
    }
    venue
}

fn trade(instrument: &str, quantity: &str, buyer: &str, seller: &str, isolated: bool) -> String {
    format!(
        r#"{{"trade":{{"instrument":"{instrument}","quantity":"{quantity}","price":"70000",
            "buyer":{{"account":"{buyer}","isolated":{isolated}}},
            "seller":{{"account":"{seller}"}}}}}}"#
    )
}

fn paid(events: &[Event], wanted: &str) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::Funded { account, amount, .. } if account == wanted => Some(amount.to_string()),
        _ => None,
    })
}

fn fund(instrument: &str, how: &str) -> String {
    format!(r#"{{"funding":{{"instrument":"{instrument}",{how}}}}}"#)
}

#[test]
fn longs_pay_shorts_and_isolated_positions_pay_from_their_own_margin() {
    let mut venue = venue();
    venue.done(&trade(LINEAR, "2", "a", "c", false));
    venue.done(&trade(LINEAR, "1", "b", "c", true));
    let id = venue.engine.state().named("b").unwrap();
    let margin = |venue: &Venue| venue.engine.state().account(id).isolated[0].margin;
    let (before, own) = (margin(&venue), venue.cash("b"));
    let events = venue.done(&fund(LINEAR, r#""rate":"0.0001""#));
    assert_eq!(paid(&events, "a").as_deref(), Some("-14"));
    assert_eq!(paid(&events, "b").as_deref(), Some("-7"));
    assert_eq!(paid(&events, "c").as_deref(), Some("21"));
    assert_eq!(venue.cash("c").to_string(), "1000021");
    assert_eq!(margin(&venue), before.minus(Money::from_int(7)).unwrap());
    assert_eq!(venue.cash("b"), own);
    let events = venue.done(&fund(LINEAR, r#""amount":"-3""#));
    assert_eq!(paid(&events, "a").as_deref(), Some("6"));
    let events = venue.done(&fund(LINEAR, r#""rate":"0.0001","price":"50000""#));
    assert_eq!(paid(&events, "a").as_deref(), Some("-10"));
}

#[test]
fn an_inverse_perpetual_pays_in_coins_and_rounding_cancels() {
    let mut venue = venue();
    venue.done(&trade(INVERSE, "3", "a", "b", false));
    venue.done(&trade(INVERSE, "4", "a", "c", false));
    let events = venue.done(&fund(INVERSE, r#""rate":"0.0001""#));
    // 10 / 70000 x 0.0001, to the nearest of 18 places, a lot.
    assert_eq!(paid(&events, "a").as_deref(), Some("-0.000000100000000002"));
    assert_eq!(paid(&events, "b").as_deref(), Some("0.000000042857142858"));
    assert_eq!(paid(&events, "c").as_deref(), Some("0.000000057142857144"));
}

#[test]
fn only_perpetuals_and_either_a_rate_or_an_amount() {
    let mut venue = venue();
    let option = "deribit:BTC/USDC:USDC-261225-80000-C";
    for how in [
        fund(option, r#""rate":"0.1""#),
        fund(LINEAR, r#""rate":"0.1","amount":"1""#),
        fund(LINEAR, r#""price":"1""#),
        fund(LINEAR, r#""rate":"0.1","price":"0""#),
    ] {
        assert!(matches!(venue.refused(&how), Refusal::Bad { .. }), "{how}");
    }
}

fn rule(most: &str, coverage: &str) -> String {
    format!(
        r#"{{"funding-rule":{{"instrument":"{LINEAR}","rule":{{"every_seconds":3600,
            "interest":"0.0001","clamp":"0.0005","most":"{most}","coverage":"{coverage}"}}}}}}"#
    )
}

fn mark(price: &str) -> String {
    format!(r#"{{"mark":{{"instrument":"{LINEAR}","mark":"{price}"}}}}"#)
}

fn rate(events: &[Event]) -> Option<Rate> {
    events.iter().find_map(|event| match event {
        Event::FundingRate { rate, .. } => Some(*rate),
        _ => None,
    })
}

#[test]
fn a_rate_is_the_mean_premium_drawn_towards_interest_and_limited() {
    let mut venue = venue();
    venue.done(&trade(LINEAR, "2", "a", "c", false));
    venue.done_at("19:00:00", &rule("0.01", "0.5"));
    // 45 minutes without a premium, 15 at 0.4 %: 0.1 % on average.
    venue.done_at("19:45:00", &mark("70280"));
    venue.restart();
    let events = venue.done_at("20:00:00", r#""time""#);
    assert_eq!(rate(&events).unwrap().to_string(), "0.0005");
    assert_eq!(paid(&events, "a").as_deref(), Some("-70.28"));
    venue.done_at("20:00:00", &mark("70000"));
    let events = venue.done_at("21:00:00", r#""time""#);
    assert_eq!(rate(&events).unwrap().to_string(), "0.0001");
    venue.done_at("21:00:00", &rule("0.0002", "0.5"));
    venue.done_at("21:00:00", &mark("71000"));
    let events = venue.done_at("23:00:00", r#""time""#);
    let rates = events.iter().filter(|event| matches!(event, Event::FundingRate { .. })).count();
    assert_eq!((rates, rate(&events).unwrap().to_string()), (2, "0.0002".to_owned()));
    venue.done_at("23:00:00", &format!(r#"{{"funding-rule":{{"instrument":"{LINEAR}"}}}}"#));
    assert_eq!(rate(&venue.done_at("23:59:59", r#""time""#)), None);
}

#[test]
fn without_an_index_for_long_enough_nobody_pays() {
    let mut venue = venue();
    venue.done(&trade(LINEAR, "2", "a", "c", false));
    venue.done_at("19:00:00", &rule("0.01", "0.5"));
    venue.done_at(
        "19:20:00",
        r#"{"feed":{"of":{"asset":"BTC"},"rule":{"sources":{"x":"1"},"max_age_seconds":60,
            "divergence":"0.01","least":1,"failing":"widen"}}}"#,
    );
    let events = venue.done_at("20:00:00", r#""time""#);
    assert!(matches!(&events[..], [Event::Missed { .. }]), "{events:?}");
}

proptest! {
    /// At any rate, what all pay together is nothing.
    #[test]
    fn funding_is_conserved(
        trades in prop::collection::vec((0usize..3, 1usize..3, 1u32..400, any::<bool>()), 1..10),
        rates in prop::collection::vec(-999_999_999i64..999_999_999, 1..5),
    ) {
        let mut venue = venue();
        let names = ["a", "b", "c"];
        for (buyer, other, lots, isolated) in trades {
            let quantity = format!("0.{lots:03}");
            let seller = names[(buyer + other) % 3];
            venue.send(&trade(LINEAR, &quantity, names[buyer], seller, isolated));
            venue.send(&trade(INVERSE, &lots.to_string(), names[buyer], seller, isolated));
        }
        for rate in rates {
            let sign = if rate < 0 { "-" } else { "" };
            for instrument in [LINEAR, INVERSE] {
                let rate = format!(r#""rate":"{sign}0.000{:09}""#, rate.abs());
                venue.done(&fund(instrument, &rate));
            }
        }
        let state = venue.engine.state();
        for (name, asset) in [(LINEAR, "USDC"), (INVERSE, "BTC")] {
            let id = state.market.instruments.find(name).unwrap();
            let asset = keelmark_book::Asset::new(asset).unwrap();
            let costs = state.accounts.iter().flat_map(|account| {
                let own = account.isolated(id).map(|own| own.holding.cost);
                account.shared(id).map(|held| held.cost).into_iter().chain(own)
            });
            let cleared = state.ledger.balance(House::Clearing(id), &asset);
            prop_assert_eq!(cleared, -Money::sum(costs).unwrap());
        }
    }
}
