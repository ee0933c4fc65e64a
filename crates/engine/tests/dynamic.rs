//! A model made from history is enforced by a venue: made for a day it is a document like any
//! other, and refuses what its margin says, to the last digit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod venue;

use keelmark_backtest::dynamic::dated;
use keelmark_backtest::history::shipped;
use keelmark_book::{Money, Portfolio};
use keelmark_engine::standing;
use keelmark_engine::{Event, Refusal};
use keelmark_margin::{Document, margin};
use venue::Venue;

/// The day's document: its scenarios are in memory, not in a text.
fn made() -> Document {
    let document = Document::named("tail-es").unwrap();
    dated(&document, &shipped().unwrap(), "2026-03-13T19:00:00Z".parse().unwrap()).unwrap()
}

fn told(document: &Document) -> String {
    let text = serde_json::to_string(&document.text()).unwrap();
    format!(r#"{{"model":{{"text":{text},"digest":"{}"}}}}"#, document.digest)
}

fn open(venue: &mut Venue, account: &str, model: &str, amount: &str) {
    venue
        .done(&format!(r#"{{"open":{{"account":"{account}","mode":"cross","model":"{model}"}}}}"#));
    venue.done(&format!(
        r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"{amount}"}}}}"#
    ));
}

/// What the document asks of an account of the venue as it stands.
fn asked(venue: &Venue, account: &str, document: &Document) -> Money {
    let state = venue.engine.state();
    let held = state.account(state.named(account).unwrap());
    let portfolio: Portfolio = standing::portfolio(held, &state.market).unwrap();
    margin(document, &state.market, &portfolio).unwrap().total.initial
}

#[test]
fn a_document_without_its_scenarios_is_no_rule_yet() {
    let mut venue = Venue::new();
    let refusal = venue.refused(r#"{"model":{"name":"tail-es"}}"#).to_string();
    assert!(refusal.contains("keelmark calibrate tail-es --out FILE"), "{refusal}");
}

#[test]
fn a_document_of_a_day_is_enforced_to_the_last_lot() {
    let document = made();
    let mut venue = Venue::new();
    let events = venue.done(&told(&document));
    let own = &document.digest;
    let known = |event: &Event| matches!(event, Event::ModelKnown { digest, .. } if digest == own);
    assert!(events.iter().any(known), "{events:?}");
    open(&mut venue, "maker", "cross", "100000000");
    open(&mut venue, "fund", "tail-es", "100000");
    venue.trade("1", "70000", "fund", "maker");
    let one = asked(&venue, "fund", &document);
    // One coin and what it asks: lots are added until the next is refused.
    let (mut size, mut step, mut refused) = (1000u64, 1000u64, Money::ZERO);
    while step > 0 {
        let quantity = format!("{}.{:03}", step / 1000, step % 1000);
        match venue.trade(&quantity, "70000", "fund", "maker").as_slice() {
            [Event::Refused(Refusal::Margin { account, equity, initial, .. })] => {
                assert_eq!((account.as_str(), *equity), ("fund", Money::from_int(100_000)));
                assert!(initial > equity, "{initial} {equity}");
                refused = *initial;
                step /= 2;
            }
            _ => size += step,
        }
    }
    let most = asked(&venue, "fund", &document);
    let lot = one.to_f64() / 1000.0;
    assert!(most <= Money::from_int(100_000) && refused > Money::from_int(100_000));
    assert!(refused.to_f64() - most.to_f64() < 1.5 * lot, "{most} {refused} a lot {lot}");
    assert!(size > 1000, "{size}");
    // The refusal's number is that of a document that was never written down.
    venue.done(r#"{"deposit":{"account":"fund","asset":"USDC","amount":"1000"}}"#);
    venue.trade("0.001", "70000", "fund", "maker");
    assert_eq!(asked(&venue, "fund", &document), refused);
    venue.restart();
    assert_eq!(asked(&venue, "fund", &document), refused);
    let refusal =
        venue.refused(r#"{"withdraw":{"account":"fund","asset":"USDC","amount":"1000"}}"#);
    assert!(
        matches!(&refusal, Refusal::Margin { initial, .. } if *initial == refused),
        "{refusal}: {refused}"
    );
}
