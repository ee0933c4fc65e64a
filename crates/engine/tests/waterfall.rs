//! The end of a liquidation: vaults, insurance funds, deleveraging and shared losses.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Asset, Money, Quantity};
use keelmark_engine::Event;
use keelmark_engine::ledger::House;
use keelmark_engine::liquidation::{Fact, Outcome};
use venue::Venue;

const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// A venue with a rule of these stages, a long of 1 that fails at 66,900, and who sold it to him.
fn failing(stages: &str) -> Venue {
    let mut venue = Venue::new();
    venue.open("long", "5000");
    venue.open("rich", "10000000");
    venue.open("vault", "100000");
    venue.open("other", "100000");
    venue.done(&rule(stages));
    venue.trade("1", "70000", "long", "rich");
    venue
}

fn rule(stages: &str) -> String {
    format!(r#"{{"liquidation":{{"rule":{{"step_seconds":10,"end":"0.8",{stages}}}}}}}"#)
}

fn mark(price: &str) -> String {
    format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{price}"}}}}"#)
}

fn facts(events: &[Event]) -> Vec<Fact> {
    let fact = |event: &Event| match event {
        Event::Liquidation(fact) => Some((**fact).clone()),
        _ => None,
    };
    events.iter().filter_map(fact).collect()
}

fn position(venue: &Venue, account: &str) -> Quantity {
    let state = venue.engine.state();
    let id = state.market.instruments.find(PERPETUAL).unwrap();
    let account = state.account(state.named(account).unwrap());
    account.held(id).unwrap()
}

fn fund(venue: &Venue, house: House) -> Money {
    venue.engine.state().ledger.balance(house, &Asset::new("USDC").unwrap())
}

const ONE_VAULT: &str = r#""backstop":{"vaults":[{"account":"vault","share":"1"}]}"#;

#[test]
fn a_vault_takes_over_position_and_what_the_account_had() {
    let mut venue = failing(ONE_VAULT);
    venue.done_at("19:01:00", &mark("65200"));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    let worth: Money = "65200".parse().unwrap();
    assert!(
        matches!(&found[..], [Fact::Entered { .. }, Fact::TakenOver { worth: found, left, .. },
            Fact::Ended { outcome: Outcome::Flat, .. }] if *found == worth && left.is_zero()),
        "{found:?}"
    );
    assert_eq!(position(&venue, "vault").to_string(), "1");
    assert!(position(&venue, "long").is_zero());
    // 5000 deposited, 4800 lost: the vault's pay is what was left.
    assert_eq!(venue.cash("long"), Money::ZERO);
    assert_eq!(venue.cash("vault").to_string(), "100200");
    venue.restart();
}

#[test]
fn a_fund_pays_what_is_owed_and_no_more_than_it_has() {
    let mut venue = failing(&format!(
        r#""close":{{"first":"1","growth":"0","steps":1,"slippage":"0","fee":"0"}},
        "insurance":{{"fund":"coins"}}"#
    ));
    venue.done(r#"{"fund":{"fund":"coins","asset":"USDC","amount":"30"}}"#);
    venue.done_at("19:01:00", &mark("64950"));
    let taken = r#"{"take":{"account":"long","by":"rich","quantity":"1","price":"64950"}}"#;
    venue.done_at("19:01:02", taken);
    assert_eq!(venue.cash("long").to_string(), "-50");
    let found = facts(&venue.done_at("19:01:20", r#""time""#));
    let paid = found.iter().find_map(|fact| match fact {
        Fact::Insured { fund, paid, left, .. } => Some((fund.clone(), *paid, *left)),
        _ => None,
    });
    let amounts = ["30", "20"].map(|text| text.parse::<Money>().unwrap());
    assert_eq!(paid, Some((Some("coins".to_owned()), amounts[0], amounts[1])), "{found:?}");
    assert_eq!(venue.cash("long").to_string(), "-20");
    venue.restart();
    // More comes in, and the account is touched: the rest is paid, not more.
    venue.done_at("19:02:00", r#"{"fund":{"fund":"coins","asset":"USDC","amount":"30"}}"#);
    venue.done_at("19:02:00", r#"{"deposit":{"account":"long","asset":"USDC","amount":"1"}}"#);
    let found = facts(&venue.done_at("19:03:00", r#""time""#));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert_eq!(fund(&venue, House::Fund(0)).to_string(), "11");
    assert_eq!(venue.cash("long"), Money::ZERO);
}
