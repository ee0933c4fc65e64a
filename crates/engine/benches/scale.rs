//! What an account costs: memory of a venue with twenty positions each, time and size of roots and
//! snapshots. `cargo bench -p keelmark-engine --bench scale -- 10000`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_book::{Asset, Money};
use keelmark_engine::account::{Account, Holding, Isolated, Order};
use keelmark_engine::{AccountId, Command, Engine};
use std::time::Instant;

const POSITIONS: usize = 20;

fn main() {
    let accounts = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(100);
    println!("size_of Account {}", size_of::<Account>());
    println!("size_of Holding {}", size_of::<Holding>());
    println!("size_of Isolated {}", size_of::<Isolated>());
    println!("size_of Order {}", size_of::<Order>());
    println!("size_of balance {}", size_of::<(Asset, Money)>());
    let (mut engine, mut number) = (Engine::default(), 0);
    open_market(&mut engine, &mut number);
    let before = resident();
    let start = Instant::now();
    fill(&mut engine, &mut number, accounts);
    println!("{accounts} accounts by {number} commands in {:.1?}", start.elapsed());
    let held = heap(&engine.state().accounts);
    println!("bytes an account, counted: {}", held / accounts);
    let state = resident();
    println!("bytes an account, resident: {}", state.saturating_sub(before) / accounts);
    timed("first root", || drop(engine.root().unwrap()));
    println!("bytes an account, of the tree: {}", resident().saturating_sub(state) / accounts);
    for touched in [0, 1, 100] {
        for at in 0..touched {
            deposit(&mut engine, &mut number, at * 7919 % accounts);
        }
        timed(&format!("root, {touched} touched"), || drop(engine.root().unwrap()));
    }
    rules(&mut engine, &mut number, accounts);
    for touched in [0, 1, 100] {
        for at in 0..touched {
            deposit(&mut engine, &mut number, at * 7919 % accounts);
        }
        let what = format!("root, {touched} touched, a stop, a debt's time and an outflow each");
        timed(&what, || drop(engine.root().unwrap()));
    }
    let mut bytes = Vec::new();
    timed("snapshot", || bytes = engine.snapshot().unwrap());
    println!("bytes an account, of the snapshot: {}", bytes.len() / accounts);
    let mut again = Engine::default();
    timed("restore", || again = Engine::restore(&bytes).unwrap());
    assert_eq!(again.root().unwrap(), engine.root().unwrap());
    let proof = engine.prove(AccountId::new(accounts / 2)).unwrap();
    let root = engine.root().unwrap();
    timed("check of a proof", || proof.check(&root).unwrap());
    println!("bytes of a proof as JSON: {}", serde_json::to_string(&proof).unwrap().len());
}

fn timed(what: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!("{what}: {:.1?}", start.elapsed());
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

fn perpetual(of: usize) -> String {
    format!("venue:C{of}/USDC:USDC")
}

fn open_market(engine: &mut Engine, number: &mut u64) {
    send(engine, number, r#"{"model":{"name":"cross"}}"#);
    send(engine, number, r#"{"index":{"asset":"USDC","price":"1"}}"#);
    for one in 0..POSITIONS {
        let symbol = perpetual(one);
        let index = format!(r#"{{"index":{{"asset":"C{one}","price":"100"}}}}"#);
        send(engine, number, &index);
        let list = format!(
            r#"{{"list":{{"instrument":"{symbol}","contract_size":"1","lot":"0.01",
                "mark":"100"}}}}"#
        );
        send(engine, number, &list);
    }
}

fn fill(engine: &mut Engine, number: &mut u64, accounts: usize) {
    for at in 0..accounts {
        let open =
            format!(r#"{{"open":{{"account":"account-{at}","mode":"cross","model":"cross"}}}}"#);
        send(engine, number, &open);
        deposit(engine, number, at);
    }
    for (pair, one) in (0..accounts / 2).flat_map(|pair| (0..POSITIONS).map(move |one| (pair, one)))
    {
        let trade = format!(
            r#"{{"trade":{{"instrument":"{}","quantity":"1.25","price":"100.1",
                "buyer":{{"account":"account-{}"}},"seller":{{"account":"account-{}"}}}}}}"#,
            perpetual(one),
            2 * pair,
            2 * pair + 1
        );
        send(engine, number, &trade);
    }
}

/// What the state keeps of every account beside the account: a stop, how long its balance stood,
/// what it took out.
fn rules(engine: &mut Engine, number: &mut u64, accounts: usize) {
    for line in [
        r#"{"interest":{"asset":"USDC","terms":{"yearly":{"rate":"0.1"},"lenders":"1"}}}"#,
        r#"{"outflow":{"asset":"USDC","for":"each-account","cap":{"most":"100","seconds":3600}}}"#,
    ] {
        send(engine, number, line);
    }
    for at in 0..accounts {
        let account = format!("account-{at}");
        let (side, when) = if at % 2 == 0 { ("-1", 50) } else { ("1", 150) };
        send(
            engine,
            number,
            &format!(
                r#"{{"stop":{{"account":"{account}","order":1,"instrument":"{}",
                    "when":{{"stop-loss":"{when}"}},"quantity":"{side}"}}}}"#,
                perpetual(0)
            ),
        );
        let take =
            format!(r#"{{"withdraw":{{"account":"{account}","asset":"USDC","amount":"1"}}}}"#);
        send(engine, number, &take);
    }
}

fn deposit(engine: &mut Engine, number: &mut u64, at: usize) {
    let deposit =
        format!(r#"{{"deposit":{{"account":"account-{at}","asset":"USDC","amount":"10000"}}}}"#);
    send(engine, number, &deposit);
}

/// Bytes of the accounts as their types say, with what their vectors have reserved.
fn heap(accounts: &[Account]) -> usize {
    let own = |one: &Account| {
        one.name.capacity()
            + one.balances.capacity() * size_of::<(Asset, Money)>()
            + one.required.capacity() * size_of::<(Asset, Money)>()
            + one.shared.capacity() * size_of::<Holding>()
            + one.isolated.capacity() * size_of::<Isolated>()
            + one.orders.capacity() * size_of::<Order>()
    };
    accounts.iter().map(|one| size_of::<Account>() + own(one)).sum()
}

/// Memory of the process, in bytes; zero where the system does not say.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}
