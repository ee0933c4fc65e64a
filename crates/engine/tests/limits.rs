//! How large positions may become, and what trading with oneself does not bring.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{InstrumentId, Money, Quantity};
use keelmark_engine::{Account, Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

const PERP: &str = "deribit:BTC/USDC:USDC";

fn limit(venue: &mut Venue, whose: &str, numbers: &str) {
    venue.done(&format!(r#"{{"limit":{{"instrument":"{PERP}","for":{whose},{numbers}}}}}"#));
}

fn place(account: &str, order: u64, quantity: &str) -> String {
    format!(
        r#"{{"place":{{"account":"{account}","order":{order},"instrument":"{PERP}",
            "quantity":"{quantity}","price":"70000"}}}}"#
    )
}

#[track_caller]
fn check_limit(refusal: &Refusal, would: &str, most: &str) {
    let Refusal::Limit { would: found, most: of, .. } = refusal else {
        panic!("expected a limit, found {refusal}");
    };
    assert_eq!((found.to_string(), of.to_string()), (would.into(), most.into()), "{refusal}");
}

fn rich(names: &[&str]) -> Venue {
    let mut venue = Venue::new();
    for name in names {
        venue.open(name, "100000000");
    }
    venue
}

#[test]
fn orders_count_by_their_worse_side() {
    let mut venue = rich(&["a", "b"]);
    limit(&mut venue, r#""each-account""#, r#""contracts":"3""#);
    venue.trade("1", "70000", "a", "b");
    venue.done(&place("a", 1, "2"));
    check_limit(&venue.refused(&place("a", 2, "0.001")), "3.001", "3");
    venue.done(&place("a", 3, "-4"));
    check_limit(&venue.refused(&place("a", 4, "-1")), "4", "3");
    let events = venue.trade("1", "70000", "a", "b");
    let [Event::Refused(refusal)] = events.as_slice() else { panic!("{events:?}") };
    check_limit(refusal, "4", "3");
}

#[test]
fn a_lowered_limit_closes_nothing_and_refuses_growth() {
    let mut venue = rich(&["a", "b"]);
    venue.trade("5", "70000", "a", "b");
    limit(&mut venue, r#"{"account":"a"}"#, r#""notional":"140000""#);
    check_limit(&venue.refused(&place("a", 1, "0.001")), "350070", "140000");
    venue.trade("1", "70000", "b", "a");
    check_limit(&venue.refused(&place("a", 2, "-6.001")), "140070", "140000");
    venue.done(&place("a", 3, "-6"));
    limit(&mut venue, r#"{"account":"a"}"#, r#""contracts":null"#);
    venue.done(&place("a", 4, "100"));
}

#[test]
fn linked_accounts_count_together_by_their_net_position() {
    let mut venue = rich(&["a", "b", "other"]);
    venue.done(r#"{"open":{"account":"a/sub","parent":"a","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"a/sub","asset":"USDC","amount":"10000000"}}"#);
    limit(&mut venue, r#""each-group""#, r#""contracts":"3""#);
    venue.done(&place("a", 1, "2"));
    check_limit(&venue.refused(&place("a/sub", 2, "1.5")), "3.5", "3");
    venue.done(&place("b", 3, "1.5"));
    venue.refused(r#"{"limit":{"instrument":"deribit:BTC/USDC:USDC","for":{"group":"x"}}}"#);
    venue.done(r#"{"link":{"group":"x","accounts":["a","b"]}}"#);
    check_limit(&venue.refused(&place("b", 4, "0.1")), "3.6", "3");
    check_limit(&venue.refused(&place("a/sub", 4, "0.1")), "3.6", "3");
    venue.done(&place("b", 5, "-3"));
    limit(&mut venue, r#"{"group":"x"}"#, r#""contracts":"10""#);
    venue.done(&place("b", 6, "6"));
    venue.done(r#"{"unlink":{"accounts":["b"]}}"#);
    check_limit(&venue.refused(&place("b", 7, "1")), "8.5", "3");
}

#[test]
fn open_interest_has_a_limit_and_falls_when_positions_close() {
    let mut venue = rich(&["a", "b", "c"]);
    limit(&mut venue, r#""venue""#, r#""contracts":"2""#);
    venue.trade("2", "70000", "a", "b");
    check_limit(&venue.refused(&place("c", 1, "0.5")), "2.5", "2");
    venue.done(&place("a", 2, "-2"));
    assert!(matches!(venue.trade("1", "70000", "c", "b")[0], Event::Refused(_)));
    assert!(!matches!(venue.trade("2", "70000", "c", "a")[0], Event::Refused(_)));
    assert_eq!(open_interest(&venue), "2".parse().unwrap());
    venue.trade("1.5", "70000", "b", "c");
    assert_eq!(open_interest(&venue), "0.5".parse().unwrap());
}

fn open_interest(venue: &Venue) -> Quantity {
    venue.engine.state().market.open_interest(InstrumentId::new(0)).unwrap()
}

/// The same with `a` under a document whose profits support no new risk.
fn cautious() -> Venue {
    let mut venue = rich(&["b", "c"]);
    let formula = keelmark_margin::Document::named("cross").unwrap();
    let formula = formula.level("initial").unwrap().formula.to_string();
    let text = format!(
        "extends = \"cross\"\nname = \"cautious\"\n[[charge]]\nname = \"unrealised\"\n\
         kind = \"unrealised-profit\"\nweight = \"0\"\n[levels]\n\
         initial = \"{formula} + unrealised\"\n"
    );
    let text = serde_json::to_string(&text).unwrap();
    venue.done(&format!(r#"{{"model":{{"text":{text}}}}}"#));
    venue.done(r#"{"open":{"account":"a","mode":"cross","model":"cautious"}}"#);
    venue.done(r#"{"deposit":{"account":"a","asset":"USDC","amount":"100000000"}}"#);
    venue
}

#[test]
fn a_self_trade_realises_no_profit_that_would_support_new_risk() {
    let mut venue = cautious();
    venue.trade("2", "60000", "a", "c");
    venue.done(r#"{"link":{"group":"x","accounts":["a","b"]}}"#);
    let before = available(&venue, &["a", "b"]);
    venue.trade("2", "70000", "a", "a");
    assert_eq!(available(&venue, &["a", "b"]), before);
    // Sold to a linked account and bought back later, the profit would be cash.
    let events = venue.trade("2", "70000", "b", "a");
    assert!(matches!(events[0], Event::Refused(Refusal::SelfTrade { .. })), "{events:?}");
}

/// Equity above initial margin of all accounts that count together.
fn available(venue: &Venue, names: &[&str]) -> Money {
    let state = venue.engine.state();
    let of = |name: &&str| {
        let pools = state.standings(state.named(name).unwrap()).unwrap();
        pools.iter().map(|pool| pool.equity.minus(pool.initial).unwrap()).collect::<Vec<_>>()
    };
    Money::sum(names.iter().flat_map(of)).unwrap()
}

#[test]
fn a_trade_with_oneself_changes_its_orders_alone() {
    let mut venue = rich(&["a", "b"]);
    venue.trade("2", "60000", "a", "b");
    venue.done(&place("a", 1, "1"));
    let before = venue.cash("a");
    let events = venue.done(&format!(
        r#"{{"trade":{{"instrument":"{PERP}","quantity":"1","price":"65000",
            "buyer":{{"account":"a","order":1,"fee":"2"}},"seller":{{"account":"a"}}}}}}"#
    ));
    assert!(!events.is_empty());
    let id = venue.engine.state().named("a").unwrap();
    let account = venue.engine.state().account(id);
    assert!(account.orders.is_empty());
    assert_eq!(account.shared[0].cost.to_string(), "120000");
    assert_eq!(venue.cash("a"), before.minus("2".parse().unwrap()).unwrap());
}

#[test]
fn closing_linked_positions_against_each_other_frees_no_margin() {
    let mut venue = rich(&["a", "b"]);
    venue.trade("1", "70000", "a", "b");
    venue.done(r#"{"link":{"group":"x","accounts":["a","b"]}}"#);
    let events = venue.trade("1", "70000", "b", "a");
    assert!(matches!(events[0], Event::Refused(Refusal::SelfTrade { .. })), "{events:?}");
    venue.done(r#"{"unlink":{"accounts":["a"]}}"#);
    assert!(!matches!(venue.trade("1", "70000", "b", "a")[0], Event::Refused(_)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever owners trade with themselves, and at any price, they have no more margin left; and
    /// contracts open are the longs counted again.
    #[test]
    fn self_trades_bring_no_margin_and_open_interest_is_exact(
        strict in any::<bool>(),
        trades in prop::collection::vec(
            (0usize..4, 0usize..4, 1u32..3_000, 1u32..200_000, any::<[bool; 2]>()), 1..20),
    ) {
        let names = ["a", "a/sub", "b", "c"];
        let mut venue = if strict { cautious() } else { rich(&["a", "b", "c"]) };
        venue.done(r#"{"open":{"account":"a/sub","parent":"a","mode":"cross","model":"cross"}}"#);
        venue.done(r#"{"deposit":{"account":"a/sub","asset":"USDC","amount":"50000000"}}"#);
        venue.done(r#"{"link":{"group":"x","accounts":["a","b"]}}"#);
        for (buyer, seller, lots, price, [own, other]) in trades {
            let before = available(&venue, &names[..3]);
            let quantity = Quantity::new(keelmark_book::Decimal::from_raw(
                i128::from(lots) * 1_000_000_000_000_000));
            venue.send(&format!(
                r#"{{"trade":{{"instrument":"{PERP}","quantity":"{quantity}","price":"{price}",
                    "buyer":{{"account":"{}","isolated":{own}}},
                    "seller":{{"account":"{}","isolated":{other}}}}}}}"#,
                names[buyer], names[seller]
            ));
            if buyer < 3 && seller < 3 {
                let after = available(&venue, &names[..3]);
                prop_assert!(after <= before.plus("0.000000001".parse().unwrap()).unwrap(),
                    "{before} to {after}");
            }
            let holdings = venue.engine.state().accounts.iter().flat_map(Account::holdings);
            let longs = holdings.map(|held| held.quantity.max(Quantity::ZERO));
            prop_assert_eq!(open_interest(&venue), Quantity::sum(longs).unwrap());
        }
    }
}

/// Contracts that accounts together could have long, and short, once the orders of a side fill.
fn reach(venue: &Venue, names: &[&str]) -> [Quantity; 2] {
    let state = venue.engine.state();
    let accounts = names.iter().map(|name| state.account(state.named(name).unwrap()));
    let (mut long, mut short) = (Quantity::ZERO, Quantity::ZERO);
    for account in accounts {
        for held in account.holdings() {
            long = long.plus(held.quantity).unwrap();
            short = short.minus(held.quantity).unwrap();
        }
        for order in &account.orders {
            let side = if order.quantity.is_positive() { &mut long } else { &mut short };
            *side = side.plus(order.quantity.abs()).unwrap();
        }
    }
    [long, short]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Under limits that stand from the beginning nobody ever comes past one, whatever is asked;
    /// and who is refused would have.
    #[test]
    fn nobody_passes_a_limit(
        asks in prop::collection::vec((0usize..4, 0usize..4, -40i32..40, 0u8..4), 1..40),
    ) {
        let names = ["a", "a/sub", "b", "c"];
        let mut venue = rich(&["a", "b", "c"]);
        venue.done(r#"{"open":{"account":"a/sub","parent":"a","mode":"cross","model":"cross"}}"#);
        venue.done(r#"{"deposit":{"account":"a/sub","asset":"USDC","amount":"50000000"}}"#);
        venue.done(r#"{"link":{"group":"x","accounts":["a","b"]}}"#);
        limit(&mut venue, r#""each-account""#, r#""contracts":"5""#);
        limit(&mut venue, r#""each-group""#, r#""contracts":"6""#);
        limit(&mut venue, r#"{"group":"x"}"#, r#""contracts":"7""#);
        limit(&mut venue, r#""venue""#, r#""contracts":"8""#);
        for (number, (one, other, tenths, what)) in asks.into_iter().enumerate() {
            let quantity = format!("{}{}.{}", if tenths < 0 { "-" } else { "" },
                tenths.abs() / 10, tenths.abs() % 10);
            let events = if what == 0 {
                venue.trade(quantity.trim_start_matches('-'), "70000", names[one], names[other])
            } else {
                venue.send(&place(names[one], number as u64, &quantity))
            };
            if let [Event::Refused(Refusal::Limit { would, most, .. })] = events.as_slice() {
                prop_assert!(would > most);
            }
            for (names, most) in
                [(&names[..1], 5), (&names[1..2], 5), (&names[2..3], 5), (&names[..3], 7),
                    (&names[3..], 5)]
            {
                let most = Quantity::from_int(most);
                prop_assert!(reach(&venue, names).iter().all(|side| *side <= most), "{names:?}");
            }
            prop_assert!(open_interest(&venue) <= Quantity::from_int(8));
        }
    }
}
