//! How fast commands go: a trade checked and applied, by how much its account holds.
//! `cargo bench -p keelmark-engine --bench pace`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_engine::{Command, Engine};
use std::time::Instant;

fn main() {
    for positions in [1, 20] {
        let (mut engine, mut number) = (Engine::default(), 0);
        open_market(&mut engine, &mut number, positions);
        let mut orders = Vec::new();
        for round in 0..2000 {
            let of = round % positions;
            orders.push(trade(&mut number, of, if round % 2 == 0 { 1 } else { -1 }));
        }
        let start = Instant::now();
        for command in &orders {
            engine.apply(command).unwrap();
        }
        println!("{positions} positions: {:.1?} a trade", start.elapsed() / orders.len() as u32);
    }
}

fn parsed(number: &mut u64, action: &str) -> Command {
    *number += 1;
    let line =
        format!(r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z","do":{action}}}"#);
    serde_json::from_str(&line).unwrap()
}

fn send(engine: &mut Engine, number: &mut u64, action: &str) {
    let command = parsed(number, action);
    let applied = engine.apply(&command).unwrap();
    let said = applied.answer().events[0].to_string();
    assert!(!said.starts_with("refused"), "{action}: {said}");
}

fn trade(number: &mut u64, of: usize, quantity: i64) -> Command {
    let (buyer, seller) = if quantity > 0 { ("a", "b") } else { ("b", "a") };
    let action = format!(
        r#"{{"trade":{{"instrument":"venue:C{of}/USDC:USDC","quantity":"1.25","price":"100.1",
            "buyer":{{"account":"{buyer}"}},"seller":{{"account":"{seller}"}}}}}}"#
    );
    parsed(number, &action)
}

fn open_market(engine: &mut Engine, number: &mut u64, positions: usize) {
    send(engine, number, r#"{"model":{"name":"cross"}}"#);
    send(engine, number, r#"{"index":{"asset":"USDC","price":"1"}}"#);
    for one in 0..positions {
        send(engine, number, &format!(r#"{{"index":{{"asset":"C{one}","price":"100"}}}}"#));
        let list = format!(
            r#"{{"list":{{"instrument":"venue:C{one}/USDC:USDC","contract_size":"1","lot":"0.01",
                "mark":"100"}}}}"#
        );
        send(engine, number, &list);
    }
    for account in ["a", "b"] {
        let open =
            format!(r#"{{"open":{{"account":"{account}","mode":"cross","model":"cross"}}}}"#);
        send(engine, number, &open);
        let deposit =
            format!(r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"1000000"}}}}"#);
        send(engine, number, &deposit);
    }
    for one in 0..positions {
        let command = trade(number, one, 1);
        engine.apply(&command).unwrap();
    }
}
