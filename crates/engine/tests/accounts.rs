//! What a venue asks of its accounts, command by command.

mod venue;

use keelmark_book::Money;
use keelmark_engine::{Command, Event, Refusal};
use venue::Venue;

#[test]
fn a_trade_moves_positions_and_realises_profit_when_closed() {
    let mut venue = Venue::new();
    venue.open("long", "100000");
    venue.open("short", "100000");
    venue.trade("1", "70000", "long", "short");
    assert_eq!(venue.cash("long").to_string(), "100000");
    venue.done(r#"{"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"71000"}}"#);
    venue.trade("1", "71000", "short", "long");
    assert_eq!(venue.cash("long").to_string(), "101000");
    assert_eq!(venue.cash("short").to_string(), "99000");
}

#[test]
fn what_initial_margin_needs_stays_and_the_refusal_has_the_numbers() {
    let mut venue = Venue::new();
    venue.open("long", "10000");
    venue.open("short", "100000");
    venue.trade("1", "70000", "long", "short");
    let refusal =
        venue.refused(r#"{"withdraw":{"account":"long","asset":"USDC","amount":"9000"}}"#);
    assert!(matches!(&refusal, Refusal::Margin { account, .. } if account == "long"), "{refusal}");
    venue.done(r#"{"withdraw":{"account":"long","asset":"USDC","amount":"1000"}}"#);
    let events = venue.trade("100", "70000", "long", "short");
    assert!(matches!(&events[0], Event::Refused(Refusal::Margin { .. })), "{events:?}");
}

/// A document could name a higher bar for what leaves, and nobody asked for it.
#[test]
fn what_leaves_is_measured_by_the_level_transfer_where_there_is_one() {
    let mut venue = Venue::new();
    let text = "schema = \"keelmark/model/1\"\nname = \"barred\"\nextends = \"cross\"\n\
        version = \"1\"\n[[charge]]\nname = \"notional\"\nkind = \"per-position\"\n\
        on = { kind = \"perpetual\" }\namount = \"notional\"\n[levels]\n\
        transfer = \"0.1 * notional\"\n";
    venue.done(&format!(r#"{{"model":{{"text":{}}}}}"#, serde_json::to_string(text).unwrap()));
    venue.done(r#"{"open":{"account":"long","mode":"cross","model":"barred"}}"#);
    venue.done(r#"{"deposit":{"account":"long","asset":"USDC","amount":"10000"}}"#);
    venue.open("short", "100000");
    // Initial margin is a 25th: what opens a position is asked no more.
    venue.trade("1", "70000", "long", "short");
    let out = |amount: &str| {
        format!(r#"{{"withdraw":{{"account":"long","asset":"USDC","amount":"{amount}"}}}}"#)
    };
    let over = |amount: &str| {
        format!(
            r#"{{"transfer":{{"from":"long","to":"short","asset":"USDC","amount":"{amount}"}}}}"#
        )
    };
    for action in [out("3001"), over("3001")] {
        let refusal = venue.refused(&action);
        let found = match &refusal {
            Refusal::Transfer { equity, transfer, .. } => {
                (equity.to_string(), transfer.to_string())
            }
            _ => panic!("{refusal}"),
        };
        assert_eq!(found, ("6999".to_owned(), "7000".to_owned()));
    }
    venue.done(&out("2000"));
    venue.done(&over("1000"));
    // Without a position all of it may go.
    venue.trade("1", "70000", "short", "long");
    venue.done(&out("7000"));
}

#[test]
fn an_order_is_counted_before_it_fills_and_filled_in_parts() {
    let mut venue = Venue::new();
    venue.open("maker", "10000");
    venue.open("taker", "100000");
    venue.done(
        r#"{"place":{"account":"maker","order":7,"instrument":"deribit:BTC/USDC:USDC",
        "quantity":"1","price":"70000"}}"#,
    );
    venue.refused(
        r#"{"place":{"account":"maker","order":8,"instrument":"deribit:BTC/USDC:USDC",
        "quantity":"20","price":"70000"}}"#,
    );
    venue.refused(r#"{"withdraw":{"account":"maker","asset":"USDC","amount":"9900"}}"#);
    for (quantity, left) in [("0.4", 1), ("0.6", 0)] {
        venue.done(&format!(
            r#"{{"trade":{{"instrument":"deribit:BTC/USDC:USDC","quantity":"{quantity}",
                "price":"69990","buyer":{{"account":"maker","order":7}},
                "seller":{{"account":"taker"}}}}}}"#
        ));
        let id = venue.engine.state().named("maker").unwrap();
        assert_eq!(venue.engine.state().account(id).orders.len(), left);
    }
    venue.refused(r#"{"cancel":{"account":"maker","order":7}}"#);
}

#[test]
fn reduce_only_never_opens() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.open("b", "100000");
    let reduce = |quantity: &str, order: u64| {
        format!(
            r#"{{"place":{{"account":"a","order":{order},"instrument":"deribit:BTC/USDC:USDC",
                "quantity":"{quantity}","reduce_only":true}}}}"#
        )
    };
    venue.refused(&reduce("-1", 1));
    venue.trade("1", "70000", "a", "b");
    venue.refused(&reduce("1", 1));
    venue.refused(&reduce("-1.5", 1));
    venue.done(&reduce("-0.6", 1));
    venue.refused(&reduce("-0.6", 2));
    venue.done(&reduce("-0.4", 2));
    // The position shrinks below what orders close already: nothing is left, either way.
    venue.trade("0.5", "70000", "b", "a");
    venue.refused(&reduce("0.1", 3));
    venue.refused(&reduce("-0.1", 3));
    venue.trade("0.5", "70000", "a", "b");
    // The position turns: the orders left close nothing, and may not fill.
    venue.trade("2", "70000", "b", "a");
    venue.refused(&reduce("1.5", 3));
    venue.done(&reduce("1", 3));
    venue.refused(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"0.6","price":"70000",
        "buyer":{"account":"b"},"seller":{"account":"a","order":1}}}"#,
    );
}

#[test]
fn an_isolated_position_loses_no_more_than_its_own_margin() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.open("b", "100000");
    venue.done(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"1","price":"70000",
        "buyer":{"account":"a","isolated":true},"seller":{"account":"b"}}}"#,
    );
    let id = venue.engine.state().named("a").unwrap();
    let own = venue.engine.state().account(id).isolated[0];
    assert!(own.margin.is_positive());
    assert_eq!(venue.cash("a"), "100000".parse::<Money>().unwrap().minus(own.margin).unwrap());
    venue.done(r#"{"margin":{"account":"a","instrument":"deribit:BTC/USDC:USDC","amount":"500"}}"#);
    venue
        .done(r#"{"margin":{"account":"a","instrument":"deribit:BTC/USDC:USDC","amount":"-500"}}"#);
    venue.refused(
        r#"{"margin":{"account":"a","instrument":"deribit:BTC/USDC:USDC","amount":"-500"}}"#,
    );
    venue.done(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC","quantity":"1","price":"70100",
        "buyer":{"account":"b"},"seller":{"account":"a","isolated":true}}}"#,
    );
    assert_eq!(venue.cash("a").to_string(), "100100");
}

const CALL: &str = "deribit:BTC/USDC:USDC-261225-80000-C";

fn alone(instrument: &str, quantity: &str, price: &str, buyer: &str, seller: &str) -> String {
    let side =
        |account: &str| format!(r#"{{"account":"{account}","isolated":{}}}"#, account == "a");
    format!(
        r#"{{"trade":{{"instrument":"{instrument}","quantity":"{quantity}","price":"{price}",
            "buyer":{},"seller":{}}}}}"#,
        side(buyer),
        side(seller)
    )
}

#[test]
fn what_is_posted_covers_initial_margin_after_its_haircut() {
    let mut venue = Venue::new();
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USD:BTC","contract_size":"10","lot":"1",
        "mark":"70000"}}"#,
    );
    for account in ["a", "b"] {
        venue.open(account, "100000");
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"BTC","amount":"2000"}}}}"#
        ));
    }
    // The first hundred coins count for 0.95 of themselves, more of them for less.
    for (quantity, least) in [("70000", 4), ("30000000", 181)] {
        venue.done(&alone("deribit:BTC/USD:BTC", quantity, "70000", "a", "b"));
        let id = venue.engine.state().named("a").unwrap();
        let own = venue.engine.state().account(id).isolated[0];
        assert!(own.margin.to_f64() / 0.1 > f64::from(least), "{}", own.margin);
        let pools = venue.engine.state().standings(id).unwrap();
        let pool = pools.iter().find(|pool| pool.pool.contains("isolated")).unwrap();
        assert!(pool.available() < "0.000001".parse().unwrap(), "{pool:?}");
        assert!(pool.may_add_risk(), "{pool:?}");
    }
}

#[test]
fn what_does_not_count_as_collateral_is_said_not_to() {
    let mut venue = Venue::new();
    let text = r#"schema = "keelmark/model/1"\nname = "no-coins"\nextends = "cross"\nversion = "1"\n
        [collateral.assets]\nBTC = "0"\n"#;
    venue.done(&format!(r#"{{"model":{{"text":{:?}}}}}"#, text.replace("\\n", "\n")));
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USD:BTC","contract_size":"10","lot":"1",
        "mark":"70000"}}"#,
    );
    venue.open("b", "100000");
    venue.done(r#"{"open":{"account":"a","mode":"cross","model":"no-coins"}}"#);
    venue.done(r#"{"deposit":{"account":"a","asset":"BTC","amount":"200"}}"#);
    let refusal = venue.refused(&alone("deribit:BTC/USD:BTC", "7000", "70000", "a", "b"));
    assert!(refusal.to_string().contains("counts for too little"), "{refusal}");
}

#[test]
fn closing_a_part_is_not_refused_for_what_it_would_release() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.open("b", "1000000");
    venue.done(&alone(CALL, "3", "2000.333333333333", "b", "a"));
    // Closed at the mark, piece by piece, each leaves the rest with its initial margin.
    venue.done(&format!(r#"{{"mark":{{"instrument":"{CALL}","mark":"2100.777777777777"}}}}"#));
    for quantity in ["0.7", "0.1", "1.3", "0.8", "0.1"] {
        venue.done(&alone(CALL, quantity, "2100.777777777777", "a", "b"));
        let id = venue.engine.state().named("a").unwrap();
        let margin = venue.engine.state().account(id).isolated.first().map(|own| own.margin);
        assert!(margin.is_none_or(Money::is_positive), "{margin:?}");
    }
    let id = venue.engine.state().named("a").unwrap();
    assert!(venue.engine.state().account(id).isolated.is_empty());
}

#[test]
fn an_option_is_paid_for_when_it_is_bought() {
    let mut venue = Venue::new();
    for account in ["a", "b"] {
        venue.done(&format!(
            r#"{{"open":{{"account":"{account}","mode":"portfolio","model":"deribit-pm"}}}}"#
        ));
        venue.done(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"100000"}}}}"#
        ));
    }
    venue.done(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC-261225-80000-C","quantity":"2",
        "price":"2100","buyer":{"account":"a","fee":"10"},"seller":{"account":"b","fee":"-4"}}}"#,
    );
    assert_eq!(venue.cash("a").to_string(), "95790");
    assert_eq!(venue.cash("b").to_string(), "104204");
}

#[test]
fn a_repeated_command_gets_its_first_answer_and_changes_nothing() {
    let mut venue = Venue::new();
    venue.open("a", "100");
    let line = r#"{"from":"other","number":5,"at":"2026-03-13T19:00:00Z",
        "do":{"deposit":{"account":"a","asset":"USDC","amount":"1"}}}"#;
    let command: Command = serde_json::from_str(line).unwrap();
    let first = venue.engine.apply(&command).unwrap();
    let again = venue.engine.apply(&command).unwrap();
    assert_eq!(first.answer(), again.answer());
    assert_eq!(venue.cash("a").to_string(), "101");
    let passed: Command = serde_json::from_str(&line.replace("5,", "4,")).unwrap();
    let passed = venue.engine.apply(&passed).unwrap();
    assert!(matches!(passed.answer().events[0], Event::Refused(Refusal::NumberPassed { .. })));
}

#[test]
fn modes_change_whole_or_not_at_all() {
    let mut venue = Venue::new();
    venue.open("a", "100000");
    venue.open("b", "100000");
    venue.trade("1", "70000", "a", "b");
    venue.done(r#"{"mode":{"account":"a","mode":"isolated","model":"cross"}}"#);
    let id = venue.engine.state().named("a").unwrap();
    assert!(venue.engine.state().account(id).shared.is_empty());
    assert_eq!(venue.engine.state().account(id).isolated.len(), 1);
    venue.refused(r#"{"mode":{"account":"a","mode":"cross","model":"nothing"}}"#);
    venue.done(r#"{"mode":{"account":"b","mode":"portfolio","model":"deribit-pm"}}"#);
}

#[test]
fn time_does_not_go_back() {
    let mut venue = Venue::new();
    venue.second = 10;
    venue.open("a", "1");
    venue.second = 9;
    assert!(matches!(
        venue.refused(r#"{"deposit":{"account":"a","asset":"USDC","amount":"1"}}"#),
        Refusal::TimeBack { .. }
    ));
}
