//! What debts cost, who gets it, and that none of it is lost.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Asset, Money};
use keelmark_engine::ledger::House;
use keelmark_engine::{Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

/// `debtor` owes 7000 of 10000 that `lender` holds: he bought a coin on credit.
fn indebted() -> Venue {
    let mut venue = Venue::new();
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USDC","contract_size":"1","lot":"0.0001",
        "mark":"70000"}}"#,
    );
    venue.open("lender", "10000");
    venue.done(r#"{"open":{"account":"debtor","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"debtor","asset":"BTC","amount":"1"}}"#);
    venue.done(r#"{"open":{"account":"seller","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"seller","asset":"BTC","amount":"1"}}"#);
    // Nobody owes who has no positions.
    venue.trade("0.001", "70000", "debtor", "seller");
    venue.done(
        r#"{"trade":{"instrument":"deribit:BTC/USDC","quantity":"0.1","price":"70000",
        "buyer":{"account":"debtor"},"seller":{"account":"seller"}}}"#,
    );
    venue.done(r#"{"withdraw":{"account":"seller","asset":"USDC","amount":"7000"}}"#);
    assert_eq!(venue.cash("debtor").to_string(), "-7000");
    venue
}

fn house(venue: &Venue, house: House) -> Money {
    venue.engine.state().ledger.balance(house, &Asset::new("USDC").unwrap())
}

/// What was charged; other things may fall due before it.
fn accrued(events: &[Event]) -> Option<&Event> {
    events.iter().find(|event| matches!(event, Event::Accrued { .. }))
}

const NEXT_YEAR: &str = "2027-03-13T19:00:00Z";

#[test]
fn a_year_at_a_rate_goes_to_lenders_and_the_house() {
    let mut venue = indebted();
    venue
        .done(r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.1"},"lenders":"0.8"}}}"#);
    venue.send_at(NEXT_YEAR, r#"{"accrue":{"asset":"USDC"}}"#);
    assert_eq!(venue.cash("debtor").to_string(), "-7700");
    assert_eq!(venue.cash("lender").to_string(), "10560");
    assert_eq!(house(&venue, House::Fees).to_string(), "140");
    assert!(house(&venue, House::Interest).is_zero());
}

#[test]
fn a_curve_charges_for_the_utilisation_of_the_time() {
    let mut venue = indebted();
    venue.done(
        r#"{"interest":{"asset":"USDC","terms":{"yearly":{"curve":{"base":"0.01",
        "low_slope":"0.1","kink":"0.5","high_slope":"1"}},"lenders":"1"}}}"#,
    );
    let events = venue.send_at(NEXT_YEAR, r#"{"accrue":{}}"#);
    let Some(Event::Accrued { rate, charged, paid, index, .. }) = accrued(&events) else {
        panic!("{events:?}")
    };
    assert_eq!(rate.to_string(), "0.26");
    assert_eq!((charged.to_string(), paid.to_string()), ("1820".into(), "1820".into()));
    assert_eq!(index.to_string(), "1.26");
}

#[test]
fn only_the_time_that_a_debt_stood_is_charged() {
    let mut venue = indebted();
    venue
        .done(r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.365"},"lenders":"0"}}}"#);
    // Paid back after ten days of a hundred: a thousandth a day.
    let deposit = r#"{"deposit":{"account":"debtor","asset":"USDC","amount":"7000"}}"#;
    venue.send_at("2026-03-23T19:00:00Z", deposit);
    assert_eq!(venue.cash("debtor"), Money::ZERO);
    venue.send_at("2026-06-21T19:00:00Z", r#"{"accrue":{}}"#);
    // Rounded against the borrower.
    assert_eq!(venue.cash("debtor").to_string(), "-70.000000000000000001");
    assert_eq!(house(&venue, House::Fees).to_string(), "70.000000000000000001");
}

#[test]
fn an_account_does_not_close_before_it_has_paid() {
    let mut venue = indebted();
    venue.done(r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.1"},"lenders":"0"}}}"#);
    let deposit = r#"{"deposit":{"account":"debtor","asset":"USDC","amount":"7000"}}"#;
    venue.send_at("2026-03-23T19:00:00Z", deposit);
    let later = "2026-03-23T19:00:01Z";
    venue.send_at(
        later,
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"0.001","price":"70000",
        "buyer":{"account":"seller"},"seller":{"account":"debtor"}}}"#,
    );
    // It still owes what is not charged: it may not take all out.
    let withdraw = r#"{"withdraw":{"account":"debtor","asset":"BTC","amount":"1.1"}}"#;
    let events = venue.send_at(later, withdraw);
    assert!(matches!(&events[0], Event::Refused(Refusal::Account { .. })), "{events:?}");
    let close = r#"{"close":{"account":"debtor"}}"#;
    let events = venue.send_at(later, close);
    assert!(matches!(&events[0], Event::Refused(Refusal::Account { .. })), "{events:?}");
    venue.send_at(later, r#"{"accrue":{}}"#);
    let owed = -venue.cash("debtor");
    assert!(owed.is_positive());
    venue.send_at(
        later,
        &format!(r#"{{"deposit":{{"account":"debtor","asset":"USDC","amount":"{owed}"}}}}"#),
    );
    venue.send_at(later, withdraw);
    assert!(matches!(venue.send_at(later, close)[0], Event::Closed { .. }));
}

/// Equity of the debtor.
fn equity(venue: &Venue) -> Money {
    let state = venue.engine.state();
    state.standings(state.named("debtor").unwrap()).unwrap()[0].equity
}

#[test]
fn what_has_accrued_counts_as_owed_before_it_is_charged() {
    for (yearly, due) in [
        (r#"{"rate":"0.1"}"#, 700),
        (r#"{"curve":{"base":"0.01","low_slope":"0.1","kink":"0.5","high_slope":"1"}}"#, 1_820),
    ] {
        let mut venue = indebted();
        venue.done(&format!(
            r#"{{"interest":{{"asset":"USDC","terms":{{"yearly":{yearly},"lenders":"1"}}}}}}"#
        ));
        let before = equity(&venue);
        // Others come and go: what they hold counts for its time.
        venue.send_at(
            "2026-09-13T19:00:00Z",
            r#"{"transfer":{"from":"lender","to":"seller","asset":"USDC","amount":"500"}}"#,
        );
        venue.restart();
        venue.send_at(NEXT_YEAR, r#""time""#);
        let counted = equity(&venue);
        assert_eq!(before.minus(counted).unwrap(), Money::from_int(due), "{yearly}");
        // More than that leaves too little: the interest is not there to be taken.
        let spare = counted.minus(before).unwrap();
        assert!(spare.is_negative());
        venue.send_at(NEXT_YEAR, r#"{"accrue":{}}"#);
        let off = equity(&venue).minus(counted).unwrap();
        assert!(off.abs() < "0.000000000001".parse().unwrap(), "{yearly}: {off}");
    }
}

#[test]
fn a_check_counts_what_has_accrued() {
    let mut venue = indebted();
    venue.done(r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"10"},"lenders":"0"}}}"#);
    let order = r#"{"place":{"account":"debtor","order":1,"price":"70000","quantity":"1",
        "instrument":"deribit:BTC/USDC:USDC"}}"#;
    venue.done(order);
    venue.done(r#"{"cancel":{"account":"debtor","order":1}}"#);
    let events = venue.send_at(NEXT_YEAR, order);
    assert!(matches!(&events[1], Event::Refused(Refusal::Margin { .. })), "{events:?}");
}

#[test]
fn a_loss_may_leave_an_account_owing_that_may_take_nothing_then() {
    let mut venue = Venue::new();
    venue.open("b", "1000000");
    venue.done(r#"{"open":{"account":"a","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"a","asset":"BTC","amount":"1"}}"#);
    venue.trade("1", "70000", "a", "b");
    venue.done(r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"66000"}}"#);
    let events = venue.trade("1", "66000", "b", "a");
    assert!(!events.iter().any(|event| matches!(event, Event::Refused(_))), "{events:?}");
    assert_eq!(venue.cash("a").to_string(), "-4000");
    let take = r#"{"withdraw":{"account":"a","asset":"BTC","amount":"0.1"}}"#;
    assert!(matches!(venue.refused(take), Refusal::Account { .. }));
    venue.done(r#"{"deposit":{"account":"a","asset":"USDC","amount":"4000"}}"#);
    venue.done(take);
}

/// Under a document that asks margin for loans, and one that does not.
#[test]
fn an_account_without_positions_borrows_where_its_document_margins_it() {
    let mut venue = Venue::new();
    venue.done(r#"{"model":{"name":"aave-v3"}}"#);
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USDC","contract_size":"1","lot":"0.0001",
        "mark":"70000"}}"#,
    );
    venue.open("rich", "10000000");
    for (account, model) in [("lent", "aave-v3"), ("bare", "cross")] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"cross","model":"{model}"}}}}"#
        ));
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"BTC","amount":"1"}}}}"#
        ));
    }
    venue.done(r#"{"deposit":{"account":"rich","asset":"BTC","amount":"1"}}"#);
    let take = |account: &str, amount: &str| {
        format!(r#"{{"withdraw":{{"account":"{account}","asset":"USDC","amount":"{amount}"}}}}"#)
    };
    assert!(matches!(venue.refused(&take("bare", "1")), Refusal::NotEnough { .. }));
    let buy = |account: &str, quantity: &str| {
        format!(
            r#"{{"trade":{{"instrument":"deribit:BTC/USDC","quantity":"{quantity}",
                "price":"70000","buyer":{{"account":"{account}"}},
                "seller":{{"account":"rich"}}}}}}"#
        )
    };
    let refusal = venue.refused(&buy("bare", "0.01")).to_string();
    assert!(refusal.contains("cross 1 asks no margin for what is owed"), "{refusal}");
    // A coin counts for 0.73 to borrow.
    venue.done(&take("lent", "40000"));
    let refusal = venue.refused(&take("lent", "11101"));
    assert!(matches!(refusal, Refusal::Margin { .. }), "{refusal}");
    venue.done(&buy("lent", "0.1"));
    assert_eq!(venue.cash("lent").to_string(), "-47000");
    let usd = |venue: &mut Venue| venue.engine.root().unwrap().total.of(&Asset::usd()).cloned();
    assert!(usd(&mut venue).unwrap().required.is_positive());
    venue.restart();
    let events = venue.done(r#"{"index":{"asset":"BTC","price":"54000"}}"#);
    let called = |event: &Event| matches!(event, Event::Liquidatable(_));
    assert!(events.iter().any(called), "{events:?}");
    venue.done(r#"{"deposit":{"account":"lent","asset":"USDC","amount":"47000"}}"#);
    assert!(usd(&mut venue).is_none_or(|sum| sum.required.is_zero()));
}

#[test]
fn unsound_terms_are_refused() {
    let mut venue = Venue::new();
    for terms in [
        r#"{"yearly":{"rate":"-0.1"},"lenders":"0"}"#,
        r#"{"yearly":{"rate":"0.1"},"lenders":"1.1"}"#,
        r#"{"yearly":{"rate":"5000"},"lenders":"1"}"#,
    ] {
        venue.refused(&format!(r#"{{"interest":{{"asset":"USDC","terms":{terms}}}}}"#));
    }
    venue.refused(r#"{"accrue":{"asset":"USDC"}}"#);
    venue.done(r#"{"accrue":{}}"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Interest equals that of every balance times the time it stood, added up naively, to the
    /// quanta of its roundings; and the house keeps what rounding left, never less than nothing.
    #[test]
    fn interest_is_that_of_the_balances_over_time(
        steps in prop::collection::vec((1i64..2_000_000, 0u8..4, 1i64..900_000_000), 1..25),
        share in 0i64..=10,
    ) {
        let mut venue = indebted();
        let share = format!("{}.{}", share / 10, share % 10);
        venue.done(&format!(r#"{{"interest":{{"asset":"USDC","terms":{{"yearly":{{"rate":"0.13"}},
            "lenders":"{share}"}}}}}}"#));
        let start: keelmark_book::Timestamp = "2026-03-13T19:00:00Z".parse().unwrap();
        let (mut now, mut owed, mut charged) = (0i64, 0f64, Money::ZERO);
        for (wait, what, amount) in steps {
            now += wait;
            owed += (-venue.cash("debtor").to_f64()).max(0.0) * wait as f64;
            let at = start.plus_nanos(now * 1_000_000_000).to_string();
            let amount = format!("{}.{:06}", amount / 1_000_000, amount % 1_000_000);
            let action = match what {
                0 => r#"{"accrue":{}}"#.to_owned(),
                1 => format!(r#"{{"deposit":{{"account":"debtor","asset":"USDC",
                    "amount":"{amount}"}}}}"#),
                2 => r#"{"trade":{"instrument":"deribit:BTC/USDC","quantity":"0.001",
                    "price":"70000","buyer":{"account":"debtor"},
                    "seller":{"account":"seller"}}}"#.to_owned(),
                _ => format!(r#"{{"transfer":{{"from":"lender","to":"seller","asset":"USDC",
                    "amount":"{amount}"}}}}"#),
            };
            let events = venue.send_at(&at, &action);
            if let Some(Event::Accrued { charged: more, paid, .. }) = accrued(&events) {
                charged = charged.plus(*more).unwrap();
                prop_assert!(paid <= more);
                let naive = owed * 0.13 / (365.0 * 86_400.0);
                prop_assert!((charged.to_f64() - naive).abs() <= 1e-9 * (1.0 + naive),
                    "{charged} {naive}");
            }
            let kept = house(&venue, House::Interest);
            prop_assert!(!kept.is_negative(), "{kept}");
            prop_assert!(kept < "0.000000000000001".parse().unwrap(), "{kept}");
        }
    }
}
