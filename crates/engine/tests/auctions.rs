//! Auctions of accounts that fail.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Money, Quantity};
use keelmark_engine::Event;
use keelmark_engine::liquidation::auction::{Asked, Auctioned};
use keelmark_engine::liquidation::{Fact, Outcome, Stage};
use keelmark_engine::standing::Standing;
use proptest::prelude::*;
use venue::Venue;

const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// A rule with an auction of shares, and no other stage.
const PORTFOLIO: &str = r#"{"liquidation":{"rule":{"step_seconds":10,"end":"0.8",
    "auction":{"form":{"portfolio":{"asset":"USDC","start":"0.95","knee":"0.7",
    "fast_seconds":100,"slow_seconds":600,"insolvent_seconds":300,"last_seconds":60,
    "least":"0.01"}}}}}}"#;

/// An account with a long that fails at 65,250, one that is well off, and a rule.
fn failing(rule: &str) -> Venue {
    let mut venue = Venue::new();
    venue.open("long", "5000");
    venue.open("rich", "10000000");
    venue.open("ann", "100000");
    venue.done(rule);
    venue.trade("1", "70000", "long", "rich");
    venue
}

fn fall(venue: &mut Venue, time: &str, mark: &str) -> Vec<Fact> {
    facts(
        &venue.done_at(
            time,
            &format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#),
        ),
    )
}

/// The facts of liquidations, but for what passes.
fn facts(events: &[Event]) -> Vec<Fact> {
    let mut facts = venue::facts(events);
    facts.retain(|fact| !matches!(fact, Fact::Passed { .. }));
    facts
}

fn time(venue: &mut Venue, at: &str) -> Vec<Fact> {
    facts(&venue.done_at(at, r#""time""#))
}

/// A bid for a share of the account that fails.
fn share(by: &str, share: &str, limit: &str) -> String {
    format!(r#"{{"bid":{{"account":"long","by":"{by}","share":"{share}","limit":"{limit}"}}}}"#)
}

fn position(venue: &Venue, account: &str) -> Quantity {
    let state = venue.engine.state();
    let id = state.market.instruments.find(PERPETUAL).unwrap();
    state.account(state.named(account).unwrap()).position(id, false)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn a_share_is_sold_at_a_falling_price_and_no_more_than_restores_the_buffer() {
    let mut venue = failing(PORTFOLIO);
    // Equity 230 against a requirement of about 304.
    let found = fall(&mut venue, "19:01:00", "65230");
    assert!(matches!(&found[..], [Fact::Begun { .. }]), "{found:?}");
    let found = time(&mut venue, "19:01:01");
    let [
        Fact::Entered { stage: Stage::Auction, .. },
        Fact::Auction {
            what: Auctioned::Begun(Asked { insolvent: false, price, worth, .. }), ..
        },
    ] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((*worth, *price), (money("230"), money("218.5")));
    // Half of the fast fall later 0.825 of its worth is asked.
    let refused = venue.refused_at("19:01:51", &share("ann", "1", "189.74"));
    assert!(refused.to_string().contains("189.75 USDC or more"), "{refused}");
    let before = venue.cash("long");
    let found = facts(&venue.done_at("19:01:51", &share("ann", "1", "189.75")));
    let [Fact::Auction { what: Auctioned::Share { share, most, paid, price, .. }, .. }, ended] =
        &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!(share, most);
    assert_eq!(*price, money("189.75"));
    assert!(matches!(ended, Fact::Ended { outcome: Outcome::Restored, .. }), "{ended:?}");
    // (0.2 more than the requirement) over what a share frees, by hand: 149.70625 / 339.45625.
    assert_eq!(&share.to_string()[..6], "0.4410");
    // In whole lots, next above.
    assert_eq!(position(&venue, "ann").to_string(), "0.442");
    assert_eq!(position(&venue, "long").to_string(), "0.558");
    assert!(venue.cash("long") < before && paid.is_positive());
    venue.restart();
    let refused = venue.refused_at("19:01:52", &self::share("ann", "1", "1000"));
    assert!(refused.to_string().contains("ended at 2026-03-13T19:01:51Z"), "{refused}");
}

/// An amount that the insurance fund was paid: a fee on a slice of another account.
fn funded() -> Venue {
    let mut venue = Venue::new();
    for (account, deposit) in
        [("rich", "10000000"), ("ann", "100000"), ("first", "5000"), ("long", "5000")]
    {
        venue.open(account, deposit);
    }
    venue.done(
        r#"{"liquidation":{"rule":{"step_seconds":10,"end":"0.8","close":{"first":"1",
        "growth":"0","steps":4,"slippage":"0.0005","fee":"0.001"}}}}"#,
    );
    venue.trade("1", "70000", "first", "rich");
    fall(&mut venue, "19:01:00", "65230");
    time(&mut venue, "19:01:01");
    let take = r#"{"take":{"account":"first","by":"rich","quantity":"0.4","price":"65230"}}"#;
    venue.done_at("19:01:02", take);
    venue.done_at("19:01:03", r#"{"deposit":{"account":"first","asset":"USDC","amount":"50000"}}"#);
    venue.done_at("19:01:03", PORTFOLIO);
    let trade = format!(
        r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"1","price":"70000",
            "buyer":{{"account":"long"}},"seller":{{"account":"rich"}}}}}}"#
    );
    fall(&mut venue, "19:01:04", "70000");
    venue.done_at("19:01:04", &trade);
    venue
}

#[test]
fn an_account_worth_nothing_passes_against_a_rising_payment_of_the_insurance_fund() {
    let mut venue = funded();
    fall(&mut venue, "19:02:00", "64990");
    let found = time(&mut venue, "19:02:01");
    let Some(Fact::Auction { what: Auctioned::Begun(asked), .. }) = found.last() else {
        panic!("{found:?}")
    };
    assert!(asked.insolvent && asked.price == money("-10") && asked.worth == money("-10"));
    // 30 of 300 seconds later a tenth of the requirement of 274.95 is paid on top: 37.495 in all.
    let bid = r#"{"bid":{"account":"long","by":"ann","share":"1"}}"#;
    let refused = venue.refused_at("19:02:31", bid);
    assert!(refused.to_string().contains("no more than the 26.092"), "{refused}");
    let found = facts(&venue.done_at("19:02:32", &share("ann", "1", "-26.09")));
    let Some(Fact::Auction { what: Auctioned::Share { paid, .. }, .. }) = found.first() else {
        panic!("{found:?}")
    };
    assert_eq!(*paid, money("-26.092"));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert_eq!((position(&venue, "ann").to_string(), venue.cash("long")), ("1".into(), money("0")));
    // All that it held and owed, and what it was paid for.
    assert_eq!(venue.cash("ann"), money("105026.092"));
}

#[test]
fn a_position_on_collateral_of_its_own_is_sold_with_its_collateral_alone() {
    let mut venue = failing(PORTFOLIO);
    venue.open("own", "100000");
    venue.done(&format!(
        r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"1","price":"70000",
            "buyer":{{"account":"own","isolated":true}},"seller":{{"account":"rich"}}}}}}"#
    ));
    let shared = venue.cash("own");
    // Of 2,800 put up 250 are left; "long" still has enough.
    fall(&mut venue, "19:01:00", "67450");
    let found = time(&mut venue, "19:01:01");
    let Some(Fact::Auction { what: Auctioned::Begun(asked), .. }) = found.last() else {
        panic!("{found:?}")
    };
    assert!(asked.pool.starts_with("isolated"), "{asked:?}");
    assert_eq!((asked.worth, asked.price), (money("250"), money("237.5")));
    for (second, wanted) in [(2, "0.1"), (3, "1")] {
        let bid =
            format!(r#"{{"bid":{{"account":"own","by":"ann","share":"{wanted}","limit":"250"}}}}"#);
        let found = facts(&venue.done_at(&format!("19:01:{second:02}"), &bid));
        let sold = matches!(&found[0], Fact::Auction { what: Auctioned::Share { .. }, .. });
        assert!(sold, "{found:?}");
        venue.restart();
    }
    let id = venue.engine.state().named("own").unwrap();
    assert!(venue.engine.state().liquidation.of(id).is_none());
    assert!(position(&venue, "ann").is_positive());
    assert!(venue.cash("own") >= shared);
}

#[test]
fn what_nobody_wants_ends_with_time_alone_and_late_bids_are_told_when() {
    let mut venue = failing(PORTFOLIO);
    fall(&mut venue, "19:01:00", "65230");
    let found = time(&mut venue, "23:00:00");
    let phases =
        found.iter().filter(|fact| matches!(fact, Fact::Auction { what: Auctioned::Begun(_), .. }));
    assert_eq!(phases.count(), 2, "{found:?}");
    let over = |fact: &Fact| matches!(fact, Fact::Auction { what: Auctioned::Over, .. });
    assert_eq!(found.iter().filter(|fact| over(fact)).count(), 1, "{found:?}");
    assert!(matches!(found.last(), Some(Fact::Entered { stage: Stage::Stuck, .. })), "{found:?}");
    // 700 seconds of the first phase and 360 of the second.
    let refused = venue.refused_at("23:00:01", &share("ann", "1", "1000"));
    assert!(refused.to_string().contains("ended at 2026-03-13T19:18:"), "{refused}");
}

#[test]
fn bids_that_make_no_sense_are_refused() {
    let mut venue = failing(PORTFOLIO);
    venue.open("poor", "1");
    venue.done(r#"{"open":{"account":"part","parent":"long","mode":"cross","model":"cross"}}"#);
    venue.open("shut", "1");
    venue.done(r#"{"withdraw":{"account":"shut","asset":"USDC","amount":"1"}}"#);
    venue.done(r#"{"close":{"account":"shut"}}"#);
    venue.open("other", "5000");
    venue.trade("1", "70000", "other", "rich");
    let refused = venue.refused_at("19:00:59", &share("ann", "1", "1000"));
    assert!(refused.to_string().contains("nothing of it is auctioned"), "{refused}");
    fall(&mut venue, "19:01:00", "65230");
    time(&mut venue, "19:01:01");
    for (by, wanted, limit, word) in [
        ("ann", "0", "1000", "above 0"),
        ("ann", "-1", "1000", "above 0"),
        ("ann", "0.000000000000000001", "1000", "0.01 to 1"),
        ("ann", "1.1", "1000", "0.01 to 1"),
        ("ann", "1", "0", "asked for all of it"),
        ("nobody", "1", "1000", "unknown account"),
        ("shut", "1", "1000", "closed"),
        ("long", "1", "1000", "its own liquidation"),
        ("part", "1", "1000", "its own liquidation"),
        ("other", "1", "1000", "being liquidated itself"),
        ("poor", "1", "1000", "below initial margin"),
    ] {
        let refused = venue.refused_at("19:01:02", &share(by, wanted, limit));
        assert!(refused.to_string().contains(word), "{by} {wanted} {limit}: {refused}");
    }
    let amount = r#"{"bid":{"account":"long","by":"ann","amount":"1"}}"#;
    let refused = venue.refused_at("19:01:02", amount);
    assert!(refused.to_string().contains("a share instead"), "{refused}");
    assert_eq!(position(&venue, "long").to_string(), "1");
}

/// The document `cross`, that refuses prices older than a minute.
fn strict() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/cross.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replacen("name = \"cross\"", "name = \"strict\"", 1);
    let text = text.replacen("widen = \"0.10\"\n", "", 1);
    serde_json::json!({ "model": { "text": text } }).to_string()
}

#[test]
fn an_auction_without_prices_stands_still() {
    for stale in ["hold", "restart"] {
        let mut venue = Venue::new();
        venue.done(&strict());
        venue.open("rich", "10000000");
        venue.done(r#"{"open":{"account":"long","mode":"cross","model":"strict"}}"#);
        venue.done(r#"{"deposit":{"account":"long","asset":"USDC","amount":"5000"}}"#);
        venue.done(&PORTFOLIO.replacen(
            r#""auction":{"#,
            &format!(r#""auction":{{"stale":"{stale}","#),
            1,
        ));
        venue.trade("1", "70000", "long", "rich");
        let indices = |venue: &mut Venue, at: &str| {
            let mut found = Vec::new();
            for (asset, price) in [("BTC", "70000"), ("USDC", "1")] {
                let index = format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#);
                found.extend(facts(&venue.done_at(at, &index)));
            }
            found
        };
        indices(&mut venue, "19:00:40");
        fall(&mut venue, "19:00:40", "65230");
        // From 19:00:41; prices are too old from 19:01:41, which is seen at the next look.
        let found = time(&mut venue, "19:30:00");
        assert!(matches!(found.last(), Some(Fact::Paused { .. })), "{found:?}");
        let refused = venue.refused_at("19:30:00", &share("rich", "1", "1000"));
        assert!(refused.to_string().contains("waits for prices"), "{refused}");
        venue.restart();
        indices(&mut venue, "19:30:00");
        fall(&mut venue, "19:30:00", "65230");
        let id = venue.engine.state().named("long").unwrap();
        let process = venue.engine.state().liquidation.of(id).unwrap();
        assert!(!process.paused);
        let ran = process.sale().unwrap().clock.seconds(venue.engine.state().now);
        if stale == "restart" {
            assert_eq!(ran, 0);
        } else {
            assert!((60..=75).contains(&ran), "{ran}");
        }
    }
}

/// An account that owes 45,000 against one coin and fails at 57,692.
fn lent(form: &str) -> Venue {
    let mut venue = Venue::new();
    venue.done(r#"{"model":{"name":"aave-v3"}}"#);
    venue.open("rich", "10000000");
    venue.open("ann", "100000");
    venue.done(r#"{"open":{"account":"lent","mode":"cross","model":"aave-v3"}}"#);
    venue.done(r#"{"deposit":{"account":"lent","asset":"BTC","amount":"1"}}"#);
    venue.done(r#"{"withdraw":{"account":"lent","asset":"USDC","amount":"45000"}}"#);
    venue.done(&format!(
        r#"{{"liquidation":{{"rule":{{"step_seconds":1,"end":"0.95",
            "auction":{{"form":{form}}}}}}}}}"#
    ));
    venue
}

fn index(venue: &mut Venue, at: &str, price: &str) -> Vec<Fact> {
    facts(&venue.done_at(at, &format!(r#"{{"index":{{"asset":"BTC","price":"{price}"}}}}"#)))
}

fn amount(amount: &str, limit: &str) -> String {
    format!(r#"{{"bid":{{"account":"lent","by":"ann","amount":"{amount}","limit":"{limit}"}}}}"#)
}

fn coins(venue: &Venue, account: &str) -> Money {
    let id = venue.engine.state().named(account).unwrap();
    venue.engine.state().account(id).balance(&keelmark_book::Asset::new("BTC").unwrap())
}

const STAIRS: &str = r#"{"collateral":{"first":"1.1","fall":{"stairs":{"cut":"0.99",
    "step_seconds":10}},"tail_seconds":200,"cusp":"0.85","resets":1,"dust":"1000",
    "least":"0.01"}}"#;

#[test]
fn collateral_is_sold_on_stairs_and_starts_anew_where_nobody_bids() {
    let mut venue = lent(STAIRS);
    index(&mut venue, "19:01:00", "57000");
    let found = time(&mut venue, "19:01:01");
    let Some(Fact::Auction { what: Auctioned::Lot(lot), .. }) = found.last() else {
        panic!("{found:?}")
    };
    assert_eq!((lot.price.to_string(), lot.owed), ("62700".into(), money("45000")));
    // Below 0.85 of it after 17 steps.
    assert_eq!(lot.seconds, 170);
    let found = time(&mut venue, "19:03:51");
    let [Fact::Auction { what: Auctioned::Lot(lot), .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(lot.reset, 1);
    // Ten steps later, 62700 * 0.99^10 = 56704.2...
    let refused = venue.refused_at("19:05:31", &amount("0.1", "56704"));
    assert!(refused.to_string().contains("which is asked"), "{refused}");
    let refused = venue.refused_at("19:05:31", &amount("0.001", "57000"));
    assert!(refused.to_string().contains("0.01 or more"), "{refused}");
    let found = facts(&venue.done_at("19:05:31", &amount("0.01", "56705")));
    let [Fact::Auction { what: Auctioned::Bought { amount: got, paid, .. }, .. }] = &found[..]
    else {
        panic!("{found:?}")
    };
    assert_eq!((*got, &paid.to_string()[..6]), (money("0.01"), "567.04"));
    assert_eq!((coins(&venue, "ann"), coins(&venue, "lent")), (money("0.01"), money("0.99")));
    // All else that is owed, and what is left of the coin stays where it was.
    let found = facts(&venue.done_at("19:05:31", &amount("1", "56705")));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert!(venue.cash("lent").is_zero() && coins(&venue, "lent").is_positive());
}

#[test]
fn collateral_that_nobody_wants_ends_with_time_alone() {
    let mut venue = lent(STAIRS);
    index(&mut venue, "19:01:00", "57000");
    let found = time(&mut venue, "20:00:00");
    let lots = |fact: &&Fact| matches!(fact, Fact::Auction { what: Auctioned::Lot(_), .. });
    assert_eq!(found.iter().filter(lots).count(), 2, "{found:?}");
    assert!(matches!(found.last(), Some(Fact::Entered { stage: Stage::Stuck, .. })), "{found:?}");
}

#[test]
fn a_debt_is_repaid_at_a_discount_up_to_the_close_factor_and_never_past_the_line() {
    let form = r#"{"spread":{"discount":{"fixed":"0.05"},"close_factor":"0.5","dust":"100",
        "seconds":600}}"#;
    let mut venue = lent(form);
    index(&mut venue, "19:01:00", "57000");
    time(&mut venue, "19:01:01");
    let refused = venue.refused_at("19:01:02", &amount("1000", "54000"));
    assert!(refused.to_string().contains("1000 USDC, which is asked"), "{refused}");
    let found = facts(&venue.done_at("19:01:02", &amount("40000", "54286")));
    let Some(Fact::Auction { what: Auctioned::Bought { amount: got, paid, .. }, .. }) =
        found.first()
    else {
        panic!("{found:?}")
    };
    // Half of 45,000, and 5 % more in coins at 57,000.
    assert_eq!((*paid, &got.to_string()[..8]), (money("22500"), "0.414473"));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Restored, .. })));
    // At 47,000 as much is owed as would be seized: 45,000 * 1.05 > 47,000.
    let mut venue = lent(form);
    index(&mut venue, "19:01:00", "47000");
    let found = time(&mut venue, "19:01:01");
    assert!(matches!(&found[..], [Fact::Entered { stage: Stage::Stuck, .. }]), "{found:?}");
    let mut venue = lent(form);
    index(&mut venue, "19:01:00", "57000");
    time(&mut venue, "19:01:01");
    index(&mut venue, "19:01:02", "47000");
    let refused = venue.refused_at("19:01:02", &amount("1000", "99999"));
    assert!(refused.to_string().contains("passes on whole"), "{refused}");
    let found = time(&mut venue, "19:02:00");
    let over = Fact::Auction { account: "lent".into(), what: Auctioned::Over };
    assert!(found.contains(&over), "{found:?}");
}

#[test]
fn a_discount_grows_as_health_falls() {
    let form = r#"{"spread":{"discount":{"by-health":{"threshold":"0.78","most":"0.1"}},
        "close_factor":"1","seconds":600}}"#;
    // Health 0.78 * 57,000 / 45,000 = 0.988, 0.78 * 50,500 / 45,000 = 0.8753: at most a tenth off.
    for (price, got) in [("57000", "0.017756"), ("50500", "0.022002")] {
        let mut venue = lent(form);
        index(&mut venue, "19:01:00", price);
        time(&mut venue, "19:01:01");
        let found = facts(&venue.done_at("19:01:02", &amount("1000", "99999")));
        let Some(Fact::Auction { what: Auctioned::Bought { amount, .. }, .. }) = found.first()
        else {
            panic!("{found:?}")
        };
        assert_eq!(&amount.to_string()[..8], got);
    }
}

const BATCH: &str = r#"{"liquidation":{"rule":{"step_seconds":10,"end":"0.8","auction":{"form":
    {"batch":{"asset":"USDC","seconds":60,"least":"0.1","worst":"0.5"}}}}}}"#;

#[test]
fn sealed_bids_are_cleared_at_the_price_of_the_last_that_is_taken() {
    let mut venue = failing(BATCH);
    venue.open("bob", "100000");
    venue.open("cid", "3000");
    fall(&mut venue, "19:01:00", "65230");
    time(&mut venue, "19:01:01");
    let refused = venue.refused_at("19:01:02", &share("ann", "0.2", "114.9"));
    assert!(refused.to_string().contains("115 USDC or more"), "{refused}");
    for (by, wanted, limit) in
        [("bob", "0.2", "200"), ("ann", "0.3", "210"), ("cid", "0.2", "220"), ("rich", "1", "150")]
    {
        let found = facts(&venue.done_at("19:01:03", &share(by, wanted, limit)));
        let said = matches!(&found[..], [Fact::Auction { what: Auctioned::Received { .. }, .. }]);
        assert!(said, "{found:?}");
        assert!(!found[0].to_string().contains(limit), "{}", found[0]);
    }
    let refused = venue.refused_at("19:01:04", &share("ann", "0.3", "230"));
    assert!(refused.to_string().contains("one bid of each"), "{refused}");
    venue.restart();
    // The best bidder has spent what he had when bids are cleared.
    let trade = format!(
        r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"1.04","price":"65230",
            "buyer":{{"account":"cid"}},"seller":{{"account":"rich"}}}}}}"#
    );
    venue.done_at("19:01:30", &trade);
    let found = time(&mut venue, "19:02:01");
    let (mut dropped, mut sold) = (Vec::new(), Vec::new());
    for fact in &found {
        match fact {
            Fact::Auction { what: Auctioned::Dropped { by, .. }, .. } => dropped.push(by.as_str()),
            Fact::Auction { what: Auctioned::Share { by, price, share, .. }, .. } => {
                sold.push((by.as_str(), price.to_string(), share.to_string()));
            }
            _ => {}
        }
    }
    assert_eq!(dropped, ["cid"], "{found:?}");
    assert_eq!(sold.len(), 2, "{found:?}");
    assert_eq!(sold[0], ("ann", "200".to_owned(), "0.3".to_owned()));
    assert_eq!((sold[1].0, sold[1].1.as_str()), ("bob", "200"));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Restored, .. })));
}

#[test]
fn a_batch_without_bids_is_collected_again_a_few_times() {
    let mut venue = failing(BATCH);
    fall(&mut venue, "19:01:00", "65230");
    let found = time(&mut venue, "20:00:00");
    let unsold = |fact: &&Fact| matches!(fact, Fact::Auction { what: Auctioned::Unsold, .. });
    assert_eq!(found.iter().filter(unsold).count(), 5, "{found:?}");
    assert!(matches!(found.last(), Some(Fact::Entered { stage: Stage::Stuck, .. })), "{found:?}");
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let mut venue = failing(PORTFOLIO);
    for (from, to, word) in [
        (r#""start":"0.95""#, r#""start":"1.01""#, "portfolio.start"),
        (r#""knee":"0.7""#, r#""knee":"0.96""#, "at most the start"),
        (r#""fast_seconds":100"#, r#""fast_seconds":0"#, "portfolio.fast_seconds"),
        (r#""least":"0.01""#, r#""least":"0""#, "portfolio.least"),
    ] {
        let refused = venue.refused(&PORTFOLIO.replacen(from, to, 1));
        assert!(refused.to_string().contains(word), "{refused}");
    }
    let refused = venue.refused(&BATCH.replacen(r#""seconds":60"#, r#""seconds":0"#, 1));
    assert!(refused.to_string().contains("batch.seconds"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is bid and however prices move: what is sold leaves no pool worse, no position
    /// crosses zero, every amount is somewhere, and however small the bids were a bid for all that
    /// is for sale is taken.
    #[test]
    fn bids_never_make_it_worse(
        form in 0usize..2,
        steps in prop::collection::vec((0u32..90, 0u8..6, 1i64..=100, 0i64..400), 1..30),
        mark in 64_700i64..65_240,
    ) {
        let mut venue = failing([PORTFOLIO, BATCH][form]);
        let (mut at, mut mark) = (60, mark);
        let clock = |at: u32| format!("{:02}:{:02}:{:02}", 19 + at / 3600, at / 60 % 60, at % 60);
        fall(&mut venue, &clock(at), &mark.to_string());
        let id = venue.engine.state().named("long").unwrap();
        for (wait, what, percent, limit) in steps {
            at += wait;
            time(&mut venue, &clock(at));
            let (before, was) = (venue.engine.state().standings(id), position(&venue, "long"));
            let command = match what {
                0 => {
                    mark += limit - 200;
                    format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#)
                }
                1 => r#""time""#.to_owned(),
                _ => {
                    let by = if what % 2 == 0 { "ann" } else { "rich" };
                    let wanted = format!("{}.{:02}", percent / 100, percent % 100);
                    share(by, &wanted, &(limit - 100).to_string())
                }
            };
            let events = venue.send_at(&format!("2026-03-13T{}Z", clock(at)), &command);
            let after = position(&venue, "long");
            prop_assert!(!after.is_negative() && after <= was, "{} {}", was, after);
            let sold = facts(&events).iter().any(|fact| {
                matches!(fact, Fact::Auction { what: Auctioned::Share { .. }, .. })
            });
            if let (true, true, Ok(before)) = (what > 1, sold, before) {
                let standing = venue.engine.state().standings(id).unwrap();
                let short = |all: &[Standing]| {
                    all[0].maintenance.minus(all[0].equity).unwrap().max(Money::ZERO)
                };
                prop_assert!(short(&standing) <= short(&before), "{:?} {:?}", before, standing);
            }
        }
        if venue.engine.state().liquidation.of(id).is_some_and(|one| one.sale().is_some())
            && form == 0
        {
            let events =
                venue.send_at(&format!("2026-03-13T{}Z", clock(at)), &share("rich", "1", "9999"));
            let worthless = events.iter().any(|event| event.to_string().contains("worth nothing"));
            let sold = facts(&events).iter().any(|fact| {
                matches!(fact, Fact::Auction { what: Auctioned::Share { .. }, .. })
            });
            prop_assert!(sold || worthless, "{:?}", events);
        }
        venue.restart();
    }
}
