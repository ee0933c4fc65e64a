//! Snapshots of the engine: whatever the bytes, an error in words, or an engine that goes on.
//!
//! A checksum would turn every changed byte away at the door, so bodies are changed and then put
//! under a header that is right.

use crate::target::said;
use keelmark_engine::snapshot::sealed;
use keelmark_engine::{Command, Engine};

const HEADER: usize = 52;
const PERPETUAL: &str = "deribit:BTC/USDC:USDC";

/// Engines with accounts, positions of both kinds, and an order.
pub fn corpus() -> Vec<Vec<u8>> {
    let mut engine = Engine::default();
    let mut bodies = Vec::new();
    let actions = [
        r#"{"model":{"name":"cross"}}"#.to_owned(),
        r#"{"index":{"asset":"BTC","price":"70000"}}"#.to_owned(),
        r#"{"index":{"asset":"USDC","price":"1"}}"#.to_owned(),
        format!(
            r#"{{"list":{{"instrument":"{PERPETUAL}","contract_size":"1","lot":"0.001",
                "mark":"70000"}}}}"#
        ),
        r#"{"open":{"account":"a","mode":"cross","model":"cross"}}"#.to_owned(),
        r#"{"open":{"account":"b","parent":"a","mode":"cross","model":"cross"}}"#.to_owned(),
        cash("deposit", "a"),
        cash("deposit", "b"),
        trade("0.5", false),
        trade("0.1", true),
        format!(
            r#"{{"place":{{"account":"a","order":7,"instrument":"{PERPETUAL}","quantity":"-0.2",
                "price":"71000"}}}}"#
        ),
    ];
    for (at, action) in actions.iter().enumerate() {
        apply(&mut engine, at as u64 + 1, action);
        bodies.extend(said(engine.snapshot()).map(|bytes| bytes[HEADER..].to_vec()));
    }
    bodies
}

fn cash(kind: &str, account: &str) -> String {
    format!(r#"{{"{kind}":{{"account":"{account}","asset":"USDC","amount":"50000"}}}}"#)
}

fn trade(quantity: &str, isolated: bool) -> String {
    format!(
        r#"{{"trade":{{"instrument":"{PERPETUAL}","quantity":"{quantity}","price":"70000",
            "buyer":{{"account":"a","isolated":{isolated}}},"seller":{{"account":"b"}}}}}}"#
    )
}

fn apply(engine: &mut Engine, number: u64, action: &str) {
    let line =
        format!(r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z","do":{action}}}"#);
    match serde_json::from_str::<Command>(&line) {
        // Within a rule of the engine, whatever was restored.
        Ok(command) => assert!(said(engine.apply(&command)).is_some(), "a broken rule: {line}"),
        Err(error) => panic!("{line}: {error}"),
    }
}

/// What is taken has a root, is written as it was read, and takes commands.
pub fn restore(body: &[u8]) -> bool {
    let _ = said(Engine::restore(body));
    let Some(mut engine) = said(Engine::restore(&sealed(body))) else { return false };
    let Some(root) = said(engine.root()) else { return true };
    let again = said(engine.snapshot()).and_then(|bytes| said(Engine::restore(&bytes)));
    let again = again.and_then(|mut again| said(again.root()));
    assert_eq!(again.as_ref(), Some(&root), "the root after writing and reading");
    for (at, id) in (0..root.accounts as usize).enumerate() {
        if let Some(proof) = said(engine.prove(keelmark_engine::AccountId::new(id))) {
            assert_eq!(proof.check(&root), Ok(()), "account {at}");
        }
    }
    let mark = format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"69000"}}}}"#);
    for (at, action) in
        [mark, trade("0.3", false), trade("0.1", true), cash("withdraw", "a")].iter().enumerate()
    {
        apply(&mut engine, u64::MAX - 9 + at as u64, action);
        let _ = said(engine.root());
    }
    true
}
