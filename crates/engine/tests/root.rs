//! State roots and inclusion proofs: what holds, and what must not.
#![allow(clippy::unwrap_used, reason = "tests")]

mod stream;

use keelmark_book::{Asset, Money};
use keelmark_engine::account::{Account, Isolated, Order};
use keelmark_engine::root::{Node, Sum};
use keelmark_engine::{AccountId, Command, Engine, Proof, Root};
use stream::run;

/// A million accounts of twenty positions fit in 4 GiB, with their names, their leaves and as many
/// nodes above them.
#[test]
fn an_account_is_small() {
    let entry = size_of::<(Asset, Money)>();
    let lists = 20 * size_of::<Isolated>() + 4 * size_of::<Order>() + 4 * entry + 3 * 64;
    let tree = 2 * (size_of::<Node>() + 4 * size_of::<Sum>());
    let bytes = size_of::<Account>() + lists + tree;
    assert!(bytes < (4 << 30) / 1_000_000, "{bytes} bytes an account");
}

/// The same few commands for ever.
fn commands() -> Vec<Command> {
    let trade = |isolated: bool, buyer: &str, seller: &str| {
        format!(
            r#"{{"trade":{{"instrument":"deribit:BTC/USDC:USDC","quantity":"0.5","price":"70000",
                "buyer":{{"account":"{buyer}","fee":"1.75","isolated":{isolated}}},
                "seller":{{"account":"{seller}"}}}}}}"#
        )
    };
    let mut actions = stream::opening();
    actions.push(trade(true, "ada", "bob"));
    actions.push(trade(false, "cy", "bob"));
    actions.push(
        r#"{"place":{"account":"dee","order":7,"instrument":"deribit:BTC/USD:BTC",
            "quantity":"-25","price":"71000"}}"#
            .to_owned(),
    );
    actions.push(
        r#"{"open":{"account":"dee.2","parent":"dee","mode":"cross","model":"cross"}}"#.into(),
    );
    actions.push(r#"{"withdraw":{"account":"cy","asset":"USDC","amount":"1000000"}}"#.to_owned());
    let lines = actions.iter().enumerate().map(|(at, action)| {
        let number = at + 1;
        format!(
            r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:{at:02}Z","do":{action}}}"#
        )
    });
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

fn engine() -> Engine {
    let mut engine = Engine::default();
    run(&mut engine, &commands());
    engine
}

fn proved(account: &str) -> (Proof, Root) {
    let mut engine = engine();
    let id = engine.state().named(account).unwrap();
    (engine.prove(id).unwrap(), engine.root().unwrap())
}

/// The hash of this state under version 1 of the format. It changes only with the format.
const GOLDEN: &str = "33f2499333e6a32538e08dee368b44eec43e4d85668973d446c1a0b4e19209a3";

#[test]
fn the_root_of_a_known_state_is_known() {
    let root = engine().root().unwrap();
    assert_eq!(root.hash.to_string(), GOLDEN, "{root:#?}");
    let text = serde_json::to_string(&root).unwrap();
    assert_eq!(serde_json::from_str::<Root>(&text).unwrap(), root);
}

#[test]
fn every_account_is_proved_by_its_text_alone() {
    let mut engine = engine();
    let root = engine.root().unwrap();
    for number in 0..engine.state().accounts.len() {
        let proof = engine.prove(AccountId::new(number)).unwrap();
        let text = serde_json::to_string(&proof).unwrap();
        let read: Proof = serde_json::from_str(&text).unwrap();
        assert_eq!(read, proof);
        read.check(&root).unwrap_or_else(|error| panic!("{number}: {error}"));
    }
}

#[test]
fn requirement_is_as_last_checked() {
    let mut engine = engine();
    let root = engine.root().unwrap();
    let usd = root.total.of(&Asset::usd()).unwrap();
    assert!(usd.required.is_positive(), "{usd:?}");
    let ada = engine.state().account(AccountId::new(0));
    assert_eq!(ada.checked, 20, "the trade is command 20");
    let mark = r#"{"from":"feed","number":1,"at":"2026-03-13T19:01:00Z","do":
        {"mark":{"instrument":"deribit:BTC/USDC:USDC","mark":"60000"}}}"#;
    run(&mut engine, &[serde_json::from_str(mark).unwrap()]);
    let after = engine.root().unwrap();
    assert_eq!(after.tree, root.tree, "a price touches no account");
    assert_ne!(after.hash, root.hash);
}

#[test]
fn a_changed_statement_is_not_counted() {
    let (proof, root) = proved("ada");
    proof.check(&root).unwrap();
    let text = serde_json::to_string(&proof).unwrap();
    for (from, to) in [
        ("\"name\":\"ada\"", "\"name\":\"eva\""),
        ("[\"BTC\",\"0.3\"]", "[\"BTC\",\"0.4\"]"),
        ("\"quantity\":\"0.5\"", "\"quantity\":\"0.6\""),
        ("\"settle\":\"USDC\"", "\"settle\":\"USDT\""),
        ("\"number\":0", "\"number\":1"),
        ("\"number\":0", "\"number\":99"),
        ("\"closed\":false", "\"closed\":true"),
    ] {
        assert!(text.contains(from), "{from} in {text}");
        let changed: Proof = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
        assert!(changed.check(&root).is_err(), "{from}");
    }
}

/// A made-up neighbour that takes away what others are owed is refused where it stands, even with
/// a root made for it.
#[test]
fn nothing_is_below_zero() {
    let (proof, root) = proved("bob");
    let text = serde_json::to_string(&proof).unwrap();
    let path = text.find("\"path\"").unwrap();
    let held = "\"held\":\"";
    let at = path + text[path..].find(held).unwrap() + held.len();
    let below = format!("{}-{}", &text[..at], &text[at..]);
    let changed: Proof = serde_json::from_str(&below).unwrap();
    let error = changed.check(&root).unwrap_err().to_string();
    assert!(error.contains("expected zero or more"), "{error}");
}

#[test]
fn a_root_is_the_hash_of_what_it_says() {
    let (proof, root) = proved("cy");
    let usdc = Asset::new("USDC").unwrap();
    let held = root.total.of(&usdc).unwrap().held;
    let less = held.minus(Money::from_int(1)).unwrap();
    let text = serde_json::to_string(&root).unwrap();
    let changed = text.replacen(&held.to_string(), &less.to_string(), 1);
    assert_ne!(changed, text);
    let changed: Root = serde_json::from_str(&changed).unwrap();
    assert!(proof.check(&changed).unwrap_err().to_string().starts_with("root: expected"));
}

#[test]
fn a_path_has_its_length() {
    let (proof, root) = proved("dee.2");
    // Five accounts: the last goes up twice without a neighbour.
    assert_eq!(proof.path.len(), 1);
    let mut longer = proof.clone();
    longer.path.push(proof.path[0].clone());
    let error = longer.check(&root).unwrap_err().to_string();
    assert_eq!(error, "path, level 1: expected 1 neighbours, found 2");
    let shorter = Proof { path: Vec::new(), ..proof };
    let error = shorter.check(&root).unwrap_err().to_string();
    assert!(error.contains("expected a neighbour"), "{error}");
}
