//! The end of a liquidation: vaults, insurance funds, deleveraging and shared losses.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

mod venue;

use keelmark_book::{Asset, Money, Quantity};
use keelmark_engine::ledger::House;
use keelmark_engine::liquidation::{Fact, Outcome};
use venue::{Venue, facts};

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
        matches!(&found[..], [Fact::Entered { .. }, Fact::Passed { .. },
            Fact::TakenOver { worth: found, left, .. },
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
    let mut venue = failing(
        r#""close":{"first":"1","growth":"0","steps":1,"slippage":"0","fee":"0"},
        "insurance":{"fund":"coins"}"#,
    );
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

const PRO_RATA: &str = r#""deleverage":{"policy":"pro-rata"}"#;

fn haircuts(found: &[Fact]) -> Vec<(String, Quantity, Money)> {
    let one = |fact: &Fact| match fact {
        Fact::Deleveraged { by, quantity, haircut, .. } => Some((by.clone(), *quantity, *haircut)),
        _ => None,
    };
    found.iter().filter_map(one).collect()
}

fn summary(found: &[Fact]) -> (Money, Money, Money, Money) {
    let one = |fact: &Fact| match fact {
        Fact::Haircut { shortfall, taken, overshoot, left, .. } => {
            Some((*shortfall, *taken, *overshoot, *left))
        }
        _ => None,
    };
    found.iter().find_map(one).unwrap_or_else(|| panic!("{found:?}"))
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn others_give_up_just_what_is_missing_after_the_fund() {
    let mut venue = failing(&format!(r#""insurance":{{}},{PRO_RATA}"#));
    venue.done(r#"{"fund":{"asset":"USDC","amount":"400"}}"#);
    venue.trade("0.25", "70000", "rich", "other");
    venue.done_at("19:01:00", &mark("64000"));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    let taken = haircuts(&found);
    let names: Vec<_> = taken.iter().map(|one| (one.0.as_str(), one.1.to_string())).collect();
    assert_eq!(names, [("rich", "-0.75".to_owned()), ("other", "-0.25".to_owned())]);
    assert_eq!((taken[0].2, taken[1].2), (money("450"), money("150")));
    assert_eq!(summary(&found), (money("600"), money("600"), Money::ZERO, Money::ZERO));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert_eq!(venue.cash("long"), Money::ZERO);
    assert_eq!(fund(&venue, House::Insurance), Money::ZERO);
    assert_eq!(venue.cash("other"), money("101350"));
    venue.restart();
}

#[test]
fn who_still_has_something_is_closed_at_the_mark() {
    let mut venue = failing(PRO_RATA);
    venue.done_at("19:01:00", &mark("65100"));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    assert_eq!(summary(&found), (Money::ZERO, Money::ZERO, Money::ZERO, Money::ZERO));
    assert_eq!(venue.cash("long"), money("100"));
}

#[test]
fn a_hedge_is_closed_last_and_nobody_against_himself() {
    let mut venue = failing(PRO_RATA);
    venue.done(
        r#"{"list":{"instrument":"deribit:BTC/USDC:USDC-261225","contract_size":"1",
        "lot":"0.001","mark":"70000"}}"#,
    );
    venue.done(r#"{"open":{"account":"part","parent":"long","mode":"cross","model":"cross"}}"#);
    venue.done(r#"{"deposit":{"account":"part","asset":"USDC","amount":"50000"}}"#);
    venue.open("bull", "10000000");
    venue.trade("1.5", "70000", "bull", "other");
    venue.trade("1", "70000", "bull", "part");
    venue.done(
        r#"{"trade":{"instrument":"deribit:BTC/USDC:USDC-261225","quantity":"1.3",
        "price":"70000","buyer":{"account":"other"},"seller":{"account":"bull"}}}"#,
    );
    venue.trade("0.5", "70000", "rich", "bull");
    venue.done_at("19:01:00", &mark("64000"));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    let taken: Vec<_> =
        haircuts(&found).into_iter().map(|one| (one.0, one.1.to_string())).collect();
    // Net of its hedge `other` has 0.2, `rich` 0.5: what is missing is the hedge of `other`.
    let expected = [("rich".to_owned(), "-0.5".to_owned()), ("other".into(), "-0.5".into())];
    assert_eq!(taken, expected, "{found:?}");
    assert_eq!(position(&venue, "part").to_string(), "-1");
}

#[test]
fn every_policy_closes_all_in_whole_lots() {
    for policy in [
        r#""pro-rata""#,
        r#""leverage""#,
        r#""least-haircut""#,
        r#"{"queue":{"ranking":"binance"}}"#,
        r#"{"queue":{"ranking":"bybit"}}"#,
        r#"{"capped":{"share":"0.3"}}"#,
        r#"{"risk-aware":{"weight":"linear"}}"#,
        r#"{"risk-aware":{"weight":"square"}}"#,
        r#"{"risk-aware":{"weight":{"above":"0.5"}}}"#,
    ] {
        let mut venue = failing(&format!(r#""deleverage":{{"policy":{policy}}}"#));
        venue.trade("0.331", "69000", "rich", "other");
        venue.trade("0.171", "68000", "rich", "vault");
        venue.done_at("19:01:00", &mark("64000"));
        let found = facts(&venue.done_at("19:01:01", r#""time""#));
        let taken = haircuts(&found);
        let sum = Quantity::sum(taken.iter().map(|one| one.1)).unwrap();
        assert_eq!(sum.to_string(), "-1", "{policy}: {found:?}");
        assert_eq!(summary(&found), (money("1000"), money("1000"), Money::ZERO, Money::ZERO));
        let most = ["rich", "other", "vault"].map(|name| position(&venue, name));
        assert!(most.iter().all(|left| !left.is_positive()), "{policy}: {most:?}");
    }
    let mut venue = Venue::new();
    let refused = venue.refused(&rule(r#""deleverage":{"policy":{"queue":{"ranking":"no"}}}"#));
    assert!(refused.to_string().contains("models/adl"), "{refused}");
}

#[test]
fn a_position_on_its_own_collateral_loses_no_more_than_that() {
    let insured = format!(r#""insurance":{{}},{PRO_RATA}"#);
    for stages in [PRO_RATA, ONE_VAULT, &insured] {
        let mut venue = Venue::new();
        venue.open("rich", "10000000");
        venue.open("vault", "10000000");
        venue.done(r#"{"model":{"name":"isolated"}}"#);
        venue.done(r#"{"open":{"account":"long","mode":"isolated","model":"isolated"}}"#);
        venue.done(r#"{"deposit":{"account":"long","asset":"USDC","amount":"50000"}}"#);
        venue.done(&rule(stages));
        venue.trade("1", "70000", "long", "rich");
        let left = venue.cash("long");
        // What the position lost beside its collateral, and the fund pays where it is asked.
        let missing = left.minus(money("40000")).unwrap();
        if stages == insured {
            venue.done(&format!(r#"{{"fund":{{"asset":"USDC","amount":"{missing}"}}}}"#));
            venue.trade("0.3", "70000", "rich", "vault");
        }
        venue.done_at("19:01:00", &mark("60000"));
        let found = facts(&venue.done_at("19:01:01", r#""time""#));
        assert!(position(&venue, "long").is_zero(), "{found:?}");
        assert_eq!(venue.cash("long"), left, "{found:?}");
        assert_eq!(fund(&venue, House::Insurance), Money::ZERO);
        venue.restart();
    }
}

/// A rule of slices at the mark, then of these stages; a long that is closed owing 1050 USDC.
fn owing(stages: &str) -> Venue {
    let mut venue = failing(&format!(
        r#""close":{{"first":"1","growth":"0","steps":1,"slippage":"0","fee":"0"}},{stages}"#
    ));
    venue.done_at("19:01:00", &mark("63950"));
    let taken = r#"{"take":{"account":"long","by":"rich","quantity":"1","price":"63950"}}"#;
    venue.done_at("19:01:02", taken);
    assert_eq!(venue.cash("long"), money("-1050"));
    venue
}

#[test]
fn what_nobody_pays_is_shared_by_all_who_hold_the_asset() {
    let mut venue = owing(r#""insurance":{},"socialise":{"gate_seconds":60}"#);
    let found = facts(&venue.done_at("19:01:11", r#""time""#));
    assert!(
        matches!(&found[..], [Fact::Entered { .. }, Fact::Gated { owed, .. }]
            if *owed == money("1050")),
        "{found:?}"
    );
    venue.restart();
    let before = ["rich", "vault", "other"].map(|name| venue.cash(name));
    let withdraw = r#"{"withdraw":{"account":"vault","asset":"USDC","amount":"1"}}"#;
    let refused = venue.refused_at("19:01:12", withdraw);
    assert!(refused.to_string().contains("about to be shared"), "{refused}");
    let transfer = r#"{"transfer":{"from":"vault","to":"rich","asset":"USDC","amount":"1"}}"#;
    venue.refused_at("19:01:12", transfer);
    // The fund is filled a little: what it pays is not shared.
    venue.done_at("19:01:13", r#"{"fund":{"asset":"USDC","amount":"50"}}"#);
    let found = facts(&venue.done_at("19:02:30", r#""time""#));
    let shared = found.iter().find_map(|fact| match fact {
        Fact::Socialised { paid, accounts, unmet, .. } => Some((*paid, *accounts, *unmet)),
        _ => None,
    });
    assert_eq!(shared, Some((money("1000"), 3, Money::ZERO)), "{found:?}");
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    let after = ["rich", "vault", "other"].map(|name| venue.cash(name));
    let lost: Vec<f64> = before.iter().zip(&after).map(|(a, b)| a.to_f64() - b.to_f64()).collect();
    let all: f64 = before.iter().map(|one| one.to_f64()).sum();
    for (lost, had) in lost.iter().zip(&before) {
        assert!((lost - 1000.0 * had.to_f64() / all).abs() < 1e-9, "{lost:?} of {had}");
    }
    venue.done_at("19:02:31", withdraw);
}

#[test]
fn a_deposit_in_time_opens_the_gate_again() {
    let mut venue = owing(r#""socialise":{"gate_seconds":60}"#);
    venue.done_at("19:01:11", r#""time""#);
    venue.done_at("19:01:20", r#"{"deposit":{"account":"long","asset":"USDC","amount":"1050"}}"#);
    let withdraw = r#"{"withdraw":{"account":"vault","asset":"USDC","amount":"1"}}"#;
    venue.done_at("19:01:21", withdraw);
    let found = facts(&venue.done_at("19:05:00", r#""time""#));
    assert!(found.is_empty(), "{found:?}");
}

/// As `owing`, of an account that has coins too.
fn with_coins(stages: &str) -> Venue {
    let mut venue = Venue::new();
    venue.done(r#"{"index":{"asset":"ETH","price":"2000"}}"#);
    for (account, amount) in [("long", "4000"), ("rich", "10000000"), ("vault", "1000000")] {
        venue.open(account, amount);
    }
    venue.done(r#"{"deposit":{"account":"long","asset":"ETH","amount":"0.5"}}"#);
    venue.done(&rule(&format!(
        r#""close":{{"first":"1","growth":"0","steps":1,"slippage":"0","fee":"0"}},{stages}"#
    )));
    venue.trade("1", "70000", "long", "rich");
    venue.done_at("19:01:00", &mark("65040"));
    let taken = r#"{"take":{"account":"long","by":"rich","quantity":"1","price":"65040"}}"#;
    venue.done_at("19:01:02", taken);
    assert_eq!(venue.cash("long"), money("-960"));
    venue
}

fn coins(venue: &Venue, account: &str) -> Money {
    let state = venue.engine.state();
    state.account(state.named(account).unwrap()).balance(&Asset::new("ETH").unwrap())
}

#[test]
fn what_an_account_still_has_pays_before_the_fund_and_before_all() {
    let mut venue = with_coins(r#""insurance":{"most":"1"}"#);
    venue.done_at("19:01:02", r#"{"fund":{"asset":"USDC","amount":"5000"}}"#);
    let found = facts(&venue.done_at("19:01:40", r#""time""#));
    assert!(found.iter().any(|fact| matches!(fact, Fact::Exchanged { .. })), "{found:?}");
    assert!(!found.iter().any(|fact| matches!(fact, Fact::Insured { .. })), "{found:?}");
    assert_eq!((venue.cash("long"), coins(&venue, "long")), (Money::ZERO, money("0.02")));
    assert_eq!(fund(&venue, House::Insurance), money("4040"));

    let mut venue = with_coins(r#""insurance":{},"socialise":{"gate_seconds":5}"#);
    let found = facts(&venue.done_at("19:01:40", r#""time""#));
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert_eq!((venue.cash("long"), coins(&venue, "long")), (Money::ZERO, money("0.02")));
    // Whoever paid has coins of the same worth.
    let got = coins(&venue, "rich").plus(coins(&venue, "vault")).unwrap();
    assert_eq!(got, money("0.48"));
}

#[test]
fn funds_pay_no_more_than_their_caps_and_get_their_share_of_fees() {
    let mut venue =
        owing(r#""insurance":{"fund":"coins","shared":true,"most":"700","of_trades":"0.25"}"#);
    venue.done_at("19:01:03", r#"{"fund":{"fund":"coins","asset":"USDC","amount":"500"}}"#);
    venue.done_at("19:01:03", r#"{"fund":{"asset":"USDC","amount":"5000"}}"#);
    let taken_out = r#"{"fund":{"fund":"coins","asset":"USDC","amount":"-501"}}"#;
    venue.refused_at("19:01:03", taken_out);
    venue.refused_at("19:01:03", r#"{"fund":{"fund":"no","asset":"USDC","amount":"1"}}"#);
    venue.done_at("19:03:00", r#""time""#);
    assert_eq!(venue.cash("long"), money("-350"));
    assert_eq!(fund(&venue, House::Fund(0)), Money::ZERO);
    assert_eq!(fund(&venue, House::Insurance), money("4800"));
    venue.done_at(
        "19:03:01",
        &format!(
            r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"0.1","price":"63950",
            "buyer":{{"account":"other","fee":"8"}},"seller":{{"account":"rich","fee":"-1"}}}}}}"#
        ),
    );
    assert_eq!(fund(&venue, House::Fund(0)), money("2"));
    assert_eq!(fund(&venue, House::Fees), money("5"));
    venue.restart();

    let mut venue = owing(r#""insurance":{"most_a_day":"100"}"#);
    venue.done_at("19:01:03", r#"{"fund":{"asset":"USDC","amount":"5000"}}"#);
    venue.done_at("19:03:00", r#""time""#);
    assert_eq!(venue.cash("long"), money("-950"));
}

#[test]
fn vaults_take_their_shares_and_no_more_than_they_can_bear() {
    let vaults = r#""backstop":{"vaults":[{"account":"vault","share":"0.7"},
        {"account":"other","share":"0.3"}]}"#;
    let mut venue = failing(vaults);
    venue.done_at("19:01:00", &mark("65200"));
    let found = venue.done_at("19:01:01", r#""time""#);
    assert_eq!(position(&venue, "vault").to_string(), "0.7", "{found:?}");
    assert_eq!(position(&venue, "other").to_string(), "0.3");
    assert_eq!((venue.cash("vault"), venue.cash("other")), (money("100140"), money("100060")));
    for (vault, least, most) in [
        (r#"{"account":"poor","share":"1"}"#, 30, 60),
        (r#"{"account":"vault","share":"1","most":"10000"}"#, 100, 153),
        (r#"{"account":"vault","share":"1","most_at_once":"20000"}"#, 250, 306),
        (r#"{"account":"long","share":"1"}"#, 0, 0),
        (r#"{"account":"part","share":"1"}"#, 0, 0),
    ] {
        let mut venue = failing("\"close\":null");
        venue.open("poor", "150");
        venue.done(r#"{"open":{"account":"part","parent":"long","mode":"cross","model":"cross"}}"#);
        venue.done(r#"{"deposit":{"account":"part","asset":"USDC","amount":"50000"}}"#);
        venue.done(&rule(&format!(r#""backstop":{{"vaults":[{vault}]}}"#)));
        venue.done_at("19:01:00", &mark("65200"));
        let found = facts(&venue.done_at("19:01:01", r#""time""#));
        let taken = Quantity::from_int(1).minus(position(&venue, "long")).unwrap();
        let lots = (taken.to_f64() * 1000.0).round() as i64;
        assert!((least..=most).contains(&lots), "{vault}: {lots} {found:?}");
    }
}

#[test]
fn a_vault_may_take_over_before_anything_is_offered() {
    let mut venue = failing(
        r#""close":{"first":"0.1","growth":"0","steps":9,"slippage":"0","fee":"0"},
        "backstop":{"at":"1.5","vaults":[{"account":"vault","share":"1"}]}"#,
    );
    venue.done_at("19:01:00", &mark("65230"));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    assert!(found.iter().any(|fact| matches!(fact, Fact::Offered { .. })), "{found:?}");
    venue.done_at("19:01:02", &mark("65150"));
    let found = facts(&venue.done_at("19:01:11", r#""time""#));
    assert!(found.iter().any(|fact| matches!(fact, Fact::TakenOver { .. })), "{found:?}");
    for (backstop, word) in [
        (r#"{"vaults":[]}"#, "1 to 16"),
        (r#"{"vaults":[{"account":"vault","share":"0.9"}]}"#, "1 in all"),
        (r#"{"vaults":[{"account":"no","share":"1"}]}"#, "unknown account"),
        (r#"{"at":"0.9","vaults":[{"account":"vault","share":"1"}]}"#, "1 or more"),
    ] {
        let refused = venue.refused_at("19:02:00", &rule(&format!(r#""backstop":{backstop}"#)));
        assert!(refused.to_string().contains(word), "{refused}");
    }
}

#[test]
fn dust_blocks_nothing() {
    let dust = "0.000000000000000001";
    let mut venue = failing(
        r#""close":{"first":"1","growth":"0","steps":1,"slippage":"0","fee":"0"},
        "socialise":{"gate_seconds":1}"#,
    );
    venue.done_at("19:01:00", &mark("64950"));
    let taken = r#"{"take":{"account":"long","by":"rich","quantity":"1","price":"64950"}}"#;
    venue.done_at("19:01:02", taken);
    let but_dust = "49.999999999999999999";
    venue.done_at(
        "19:01:03",
        &format!(r#"{{"deposit":{{"account":"long","asset":"USDC","amount":"{but_dust}"}}}}"#),
    );
    assert_eq!(venue.cash("long").to_string(), format!("-{dust}"));
    let found = facts(&venue.done_at("19:02:00", r#""time""#));
    let shared = found.iter().find_map(|fact| match fact {
        Fact::Socialised { paid, .. } => Some(*paid),
        _ => None,
    });
    assert_eq!(shared, Some(money(dust)), "{found:?}");
    assert!(matches!(found.last(), Some(Fact::Ended { outcome: Outcome::Flat, .. })), "{found:?}");
    assert_eq!(venue.cash("long"), Money::ZERO);
}

#[test]
fn whoever_could_not_bear_the_price_is_closed_at_the_mark_and_the_loss_is_shared() {
    let mut venue = failing(&format!(r#"{PRO_RATA},"socialise":{{"gate_seconds":1}}"#));
    let ether = "deribit:ETH/USDC:USDC";
    venue.done(r#"{"index":{"asset":"ETH","price":"2000"}}"#);
    venue.done(&format!(
        r#"{{"list":{{"instrument":"{ether}","contract_size":"1","lot":"0.1","mark":"2000"}}}}"#
    ));
    venue.open("thin", "4000");
    venue.trade("0.5", "70000", "rich", "thin");
    venue.done(&format!(
        r#"{{"trade":{{"instrument":"{ether}","quantity":"10","price":"2000",
        "buyer":{{"account":"thin"}},"seller":{{"account":"rich"}}}}}}"#
    ));
    venue.done_at("19:00:59", &format!(r#"{{"mark":{{"instrument":"{ether}","mark":"1650"}}}}"#));
    venue.done_at("19:01:00", &mark("63000"));
    venue.done_at("19:01:00", &format!(r#"{{"mark":{{"instrument":"{ether}","mark":"1300"}}}}"#));
    let found = facts(&venue.done_at("19:01:01", r#""time""#));
    let taken = haircuts(&found);
    assert_eq!(taken.len(), 1, "{found:?}");
    assert_eq!((taken[0].0.as_str(), taken[0].2), ("rich", money("1000")));
    let found = facts(&venue.done_at("19:01:11", r#""time""#));
    assert_eq!(haircuts(&found), [("thin".to_owned(), "-0.5".parse().unwrap(), Money::ZERO)]);
    let missing = summary(&found);
    assert_eq!((missing.0, missing.2), (money("1000"), money("-1000")), "{found:?}");
    let found = facts(&venue.done_at("19:01:40", r#""time""#));
    assert!(found.iter().any(|fact| matches!(fact, Fact::Socialised { .. })), "{found:?}");
    assert!(position(&venue, "long").is_zero());
    assert_eq!(venue.cash("long"), Money::ZERO);
}
