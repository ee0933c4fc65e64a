//! How many accounts a price opens, and what that costs: one perpetual, accounts at every leverage,
//! a walk of one basis point a step. `cargo bench -p keelmark-engine --bench ranges -- 100000`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_engine::{Command, Engine};
use std::time::Instant;

const PERP: &str = "v:BTC/USDC:USDC";
const STEPS: u64 = 400;

fn main() {
    let accounts: u64 = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(200);
    let (mut ranged, mut scanned) = (Engine::default(), Engine::default().scanning());
    for (engine, steps) in [(&mut ranged, STEPS), (&mut scanned, 3)] {
        let start = Instant::now();
        let mut number = book(engine, accounts);
        println!("{accounts} accounts in {:.1?}", start.elapsed());
        // What brings the most indebted of the longs close to a margin call.
        mark(engine, &mut number, 66_850.0);
        let before = engine.state().ranges().opened();
        let (mut price, mut opened, mut start) = (66_850.0, Vec::new(), Instant::now());
        for step in 0..steps {
            price *= if mixed(step).is_multiple_of(2) { 1.0001 } else { 0.9999 };
            let so_far = engine.state().ranges().opened();
            mark(engine, &mut number, price);
            opened.push(engine.state().ranges().opened() - so_far);
        }
        let each = start.elapsed() / u32::try_from(steps).unwrap();
        opened.sort_unstable();
        let all = engine.state().ranges().opened() - before;
        let mean = all as f64 / steps as f64;
        let (half, most) = (opened[opened.len() / 2], opened[opened.len() - 1]);
        println!("a tick of 1 bp: mean {mean:.1} median {half} most {most} opened, {each:.1?}");
        start = Instant::now();
        let so_far = engine.state().ranges().opened();
        mark(engine, &mut number, price * 0.95);
        let opened = engine.state().ranges().opened() - so_far;
        println!("a jump of 5 %: {opened} opened, {:.1?}", start.elapsed());
        println!("with a range: {}", engine.state().ranges().placed());
    }
}

fn mixed(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 20
}

fn send(engine: &mut Engine, number: &mut u64, action: &str) {
    *number += 1;
    let line =
        format!(r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z","do":{action}}}"#);
    let command: Command = serde_json::from_str(&line).unwrap();
    let applied = engine.apply(&command).unwrap();
    let said = applied.answer().events[0].to_string();
    assert!(!said.starts_with("refused"), "{line}: {said}");
}

fn mark(engine: &mut Engine, number: &mut u64, price: f64) {
    let action = format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"{price:.2}"}}}}"#);
    send(engine, number, &action);
}

/// Long or short one coin or so each, against one maker, at two to twenty times leverage.
fn book(engine: &mut Engine, accounts: u64) -> u64 {
    let mut number = 0;
    let mut tell = |action: &str| send(engine, &mut number, action);
    tell(r#"{"model":{"name":"cross"}}"#);
    tell(r#"{"index":{"asset":"USDC","price":"1"}}"#);
    tell(r#"{"index":{"asset":"BTC","price":"70000"}}"#);
    tell(&format!(
        r#"{{"list":{{"instrument":"{PERP}","contract_size":"1","lot":"0.01","mark":"70000"}}}}"#
    ));
    let open =
        |name: &str| format!(r#"{{"open":{{"account":"{name}","mode":"cross","model":"cross"}}}}"#);
    let deposit = |name: &str, amount: u64| {
        format!(r#"{{"deposit":{{"account":"{name}","asset":"USDC","amount":"{amount}"}}}}"#)
    };
    tell(&open("maker"));
    tell(&deposit("maker", 1_000_000_000_000));
    for at in 0..accounts {
        let name = format!("account-{at}");
        tell(&open(&name));
        tell(&deposit(&name, 3_500 + mixed(at) % 31_500));
        let (buyer, seller) =
            if at % 2 == 0 { (name.as_str(), "maker") } else { ("maker", name.as_str()) };
        tell(&format!(
            r#"{{"trade":{{"instrument":"{PERP}","quantity":"1","price":"70000",
                "buyer":{{"account":"{buyer}"}},"seller":{{"account":"{seller}"}}}}}}"#
        ));
    }
    number
}
