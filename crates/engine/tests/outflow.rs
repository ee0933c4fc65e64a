//! How much may leave within a window, and when more may.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Money, Timestamp};
use keelmark_engine::{Event, Refusal};
use proptest::prelude::*;
use venue::Venue;

fn withdraw(account: &str, amount: &str) -> String {
    format!(r#"{{"withdraw":{{"account":"{account}","asset":"USDC","amount":"{amount}"}}}}"#)
}

fn cap(whose: &str, most: &str, seconds: u32) -> String {
    format!(
        r#"{{"outflow":{{"asset":"USDC","for":{whose},
            "cap":{{"most":"{most}","seconds":{seconds}}}}}}}"#
    )
}

#[track_caller]
fn check(refusal: &Refusal, left: &str, frees: Option<&str>) {
    let Refusal::Outflow { left: found, frees: at, .. } = refusal else {
        panic!("expected an outflow limit, found {refusal}");
    };
    assert_eq!(found.to_string(), left, "{refusal}");
    assert_eq!(at.map(|at| at.to_string()).as_deref(), frees, "{refusal}");
}

#[test]
fn a_window_rolls_and_the_refusal_says_when_it_frees_up() {
    let mut venue = Venue::new();
    venue.open("a", "10000");
    venue.done(&cap(r#""each-account""#, "1000", 64));
    venue.second = 10;
    venue.done(&withdraw("a", "600"));
    venue.second = 20;
    venue.done(&withdraw("a", "300"));
    // Parts of one second each: what left at 10 counts to the end of that second and 64 more.
    check(&venue.refused(&withdraw("a", "200")), "100", Some("2026-03-13T19:01:15Z"));
    check(&venue.refused(&withdraw("a", "701")), "100", Some("2026-03-13T19:01:25Z"));
    check(&venue.refused(&withdraw("a", "1001")), "100", None);
    venue.done(&withdraw("a", "100"));
    venue.done(&cap(r#"{"account":"a"}"#, "5000", 64));
    venue.done(&withdraw("a", "4000"));
    venue.done(r#"{"outflow":{"asset":"USDC","for":{"account":"a"}}}"#);
    check(&venue.refused(&withdraw("a", "1")), "0", Some("2026-03-13T19:01:25Z"));
}

#[test]
fn the_venue_has_a_limit_too_and_transfers_between_linked_accounts_count_for_none() {
    let mut venue = Venue::new();
    for account in ["a", "b", "c"] {
        venue.open(account, "10000");
    }
    venue.done(&cap(r#""venue""#, "1500", 3600));
    venue.done(&cap(r#""each-account""#, "1000", 3600));
    venue.done(&withdraw("a", "1000"));
    check(&venue.refused(&withdraw("b", "501")), "500", Some("2026-03-13T20:00:56.25Z"));
    venue.done(&withdraw("b", "500"));
    venue.done(r#"{"link":{"group":"x","accounts":["a","c"]}}"#);
    let transfer = |from: &str, to: &str, amount: u32| {
        format!(
            r#"{{"transfer":{{"from":"{from}","to":"{to}","asset":"USDC","amount":"{amount}"}}}}"#
        )
    };
    venue.done(&transfer("a", "c", 2000));
    check(&venue.refused(&transfer("b", "c", 501)), "500", Some("2026-03-13T20:00:56.25Z"));
    venue.done(&transfer("b", "c", 500));
    venue.refused(&cap(r#""venue""#, "-1", 3600));
    venue.refused(&cap(r#""venue""#, "1", 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No window ever lets more out, and a refused withdrawal succeeds when it was said to.
    #[test]
    fn never_more_than_the_limit_in_any_window(
        asks in prop::collection::vec((0u32..40, 1i64..700), 1..60),
    ) {
        let mut venue = Venue::new();
        venue.open("a", "1000000");
        venue.done(&cap(r#""each-account""#, "1000", 50));
        let (mut now, mut done): (i64, Vec<(i64, i64)>) = (0, Vec::new());
        let start: Timestamp = "2026-03-13T19:00:00Z".parse().unwrap();
        for (wait, amount) in asks {
            now += i64::from(wait);
            let mut at = start.plus_nanos(now * 1_000_000_000);
            let mut events = venue.send_at(&at.to_string(), &withdraw("a", &amount.to_string()));
            if let Event::Refused(Refusal::Outflow { left, frees, .. }) = &events[0]
            {
                prop_assert!(*left < Money::from_int(amount));
                at = frees.unwrap();
                let just = at.plus_nanos(-1);
                let before = venue.send_at(&just.to_string(), &withdraw("a", &amount.to_string()));
                let refused = matches!(before[0], Event::Refused(_));
                prop_assert!(refused, "{before:?}");
                now = (at.nanos() - start.nanos()) / 1_000_000_000 + 1;
                events = venue.send_at(&at.to_string(), &withdraw("a", &amount.to_string()));
            }
            let done_now = !matches!(events[0], Event::Refused(_));
            prop_assert!(done_now, "{events:?}");
            done.push((at.nanos(), amount));
            let since = at.nanos() - 50_000_000_000;
            let inside: i64 =
                done.iter().filter(|(at, _)| *at > since).map(|(_, amount)| amount).sum();
            prop_assert!(inside <= 1000, "{inside}");
        }
    }
}
