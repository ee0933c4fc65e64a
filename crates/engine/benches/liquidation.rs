//! What a step of a liquidation costs beside one margin computation of the same account, and how
//! the cost of a wave grows with the accounts that fail in it.
//! `cargo bench -p keelmark-engine --bench liquidation -- 100000`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_engine::{Command, Engine, Event, standing};
use keelmark_margin::requirement::requirements;
use keelmark_margin::{Document, margin};
use std::hint::black_box;
use std::time::Instant;

/// Positions of the account whose steps are measured.
const POSITIONS: usize = 100;
/// Rounds: the median counts.
const ROUNDS: usize = 41;
/// Prices told before a wave.
const RANGING: usize = 40;
/// What a step may cost in margin computations.
const TARGET: f64 = 10.0;
const PERPETUAL: &str = "venue:BTC/USDC:USDC";
const START: i64 = 1_773_428_400;

fn main() {
    let accounts = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(20_000);
    println!("a step: one account with {POSITIONS} positions, each round one step and one margin");
    for model in ["cross", "deribit-pm"] {
        step(model);
    }
    println!("a wave: {accounts} accounts, of which so many fail at one mark");
    let mut each = Vec::new();
    for failing in [accounts / 1_000, accounts / 100, accounts / 10] {
        each.push(wave(accounts, failing.max(1)));
    }
    let (least, most) = (each[0].min(each[1]).min(each[2]), each[0].max(each[1]).max(each[2]));
    println!("cost of an account that fails: {:.2} times the least at most", most / least);
}

/// Steps of an account that nobody takes anything from.
fn step(model: &str) {
    let mut venue = Venue::new();
    venue.send(r#"{"index":{"asset":"BTC","price":"70000"}}"#);
    venue.list(PERPETUAL, "0.001", "70000", "");
    let option = model == "deribit-pm";
    let names: Vec<String> = (1..POSITIONS).map(|at| instrument(option, at)).collect();
    for (at, name) in names.iter().enumerate() {
        if option {
            venue.list(name, "0.1", "3000", r#","iv":0.6,"forward":"70100""#);
        } else {
            venue.send(&format!(r#"{{"index":{{"asset":"C{}","price":"100"}}}}"#, at + 1));
            venue.list(name, "0.1", "100", "");
        }
    }
    venue.send(&format!(r#"{{"model":{{"name":"{model}"}}}}"#));
    let mode = if option { "portfolio" } else { "cross" };
    for (account, amount) in [("a", if option { 60_000 } else { 12_000 }), ("rich", 900_000_000)] {
        venue.open(account, mode, model, amount);
    }
    venue.trade(PERPETUAL, if option { "2" } else { "1" }, "70000", "a", "rich");
    for (at, name) in names.iter().enumerate() {
        let (buyer, seller) = if at % 2 == 0 { ("a", "rich") } else { ("rich", "a") };
        venue.trade(name, "0.1", if option { "3000" } else { "100" }, buyer, seller);
    }
    venue.send(
        r#"{"liquidation":{"rule":{"step_seconds":1,"end":"0.5",
        "close":{"first":"0.01","growth":"0","steps":1000,"slippage":"0","fee":"0"}}}}"#,
    );
    let mut mark = 70_000;
    while venue.engine.state().liquidation.open().next().is_none() {
        mark -= 250;
        venue.send(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#));
        assert!(mark > 30_000, "{model}: the account does not fail");
    }
    let (mut steps, mut quick, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        venue.second += 1;
        let command = venue.parsed(r#""time""#);
        let start = Instant::now();
        let applied = venue.engine.apply(&command).unwrap();
        steps.push(start.elapsed().as_nanos() as f64);
        let events = &applied.answer().events;
        assert!(events.iter().any(is_offer), "{model}: {events:?}");
        let state = venue.engine.state();
        let account = state.account(state.named("a").unwrap());
        let portfolio = standing::portfolio(account, &state.market).unwrap();
        let document = Document::named(model).unwrap();
        let start = Instant::now();
        black_box(requirements(&document, &state.market, &portfolio).unwrap());
        quick.push(start.elapsed().as_nanos() as f64);
        let start = Instant::now();
        black_box(margin(&document, &state.market, &portfolio).unwrap());
        whole.push(start.elapsed().as_nanos() as f64);
    }
    let (step, quick, whole) = (median(steps), median(quick), median(whole));
    println!(
        "{model}: {:.0} us a step = {:.1} margins in numbers, {:.1} explained (target {TARGET})",
        step / 1e3,
        step / quick,
        step / whole
    );
}

fn is_offer(event: &Event) -> bool {
    matches!(event, Event::Liquidation(fact)
        if matches!(**fact, keelmark_engine::liquidation::Fact::Offered { .. }))
}

fn instrument(option: bool, at: usize) -> String {
    if option {
        let (strike, right) =
            (40_000 + 1_000 * (at / 2), if at.is_multiple_of(2) { "C" } else { "P" });
        format!("venue:BTC/USDC:USDC-261225-{strike}-{right}")
    } else {
        format!("venue:C{at}/USDC:USDC")
    }
}

/// A mark at which so many accounts fail, until a vault has taken them all over; nanoseconds for
/// each of them.
fn wave(accounts: usize, failing: usize) -> f64 {
    let mut venue = Venue::new();
    venue.send(r#"{"index":{"asset":"BTC","price":"70000"}}"#);
    venue.list(PERPETUAL, "0.001", "70000", "");
    venue.send(r#"{"model":{"name":"cross"}}"#);
    venue.open("vault", "cross", "cross", 900_000_000);
    venue.open("rich", "cross", "cross", 9_000_000_000);
    venue.send(
        r#"{"liquidation":{"rule":{"step_seconds":1,"end":"0.8",
        "backstop":{"vaults":[{"account":"vault","share":"1"}]}}}}"#,
    );
    for at in 0..accounts {
        let name = format!("a{at}");
        venue.open(&name, "cross", "cross", if at < failing { 40 } else { 4_000 });
        venue.trade(PERPETUAL, "0.01", "70000", &name, "rich");
    }
    // The first prices place the ranges of all accounts, so many with each.
    for at in 0..RANGING {
        let mark = 70_000 + at % 2;
        venue.send(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{mark}"}}}}"#));
    }
    let mut commands = 1;
    let command =
        venue.parsed(&format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"66000"}}}}"#));
    let start = Instant::now();
    venue.engine.apply(&command).unwrap();
    let told = start.elapsed();
    let began = venue.engine.state().liquidation.open().count();
    assert_eq!(began, failing, "as many fail as were meant to");
    let mut spent = told;
    while venue.engine.state().liquidation.open().next().is_some() {
        commands += 1;
        venue.second += 1;
        let command = venue.parsed(r#""time""#);
        let start = Instant::now();
        venue.engine.apply(&command).unwrap();
        spent += start.elapsed();
        assert!(commands < 100, "the wave does not end");
    }
    let each = spent.as_nanos() as f64 / failing as f64;
    println!(
        "{failing} fail: {commands} commands, {:.1} ms to find them, {:.1} us each in all",
        told.as_secs_f64() * 1e3,
        each / 1e3
    );
    each
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

struct Venue {
    engine: Engine,
    number: u64,
    second: i64,
}

impl Venue {
    fn new() -> Self {
        let mut venue = Self { engine: Engine::default(), number: 0, second: 0 };
        venue.send(r#"{"index":{"asset":"USDC","price":"1"}}"#);
        venue
    }

    fn parsed(&mut self, action: &str) -> Command {
        self.number += 1;
        let number = self.number;
        let at = keelmark_book::Timestamp::from_nanos((START + self.second) * 1_000_000_000);
        let line = format!(r#"{{"from":"desk","number":{number},"at":"{at}","do":{action}}}"#);
        serde_json::from_str(&line).unwrap()
    }

    fn send(&mut self, action: &str) {
        let command = self.parsed(action);
        let applied = self.engine.apply(&command).unwrap();
        let said = applied.answer().events.last().map(ToString::to_string).unwrap_or_default();
        assert!(!said.starts_with("refused"), "{action}: {said}");
    }

    fn list(&mut self, name: &str, lot: &str, mark: &str, more: &str) {
        self.send(&format!(
            r#"{{"list":{{"instrument":"{name}","contract_size":"1","lot":"{lot}",
            "mark":"{mark}"{more}}}}}"#
        ));
    }

    fn open(&mut self, account: &str, mode: &str, model: &str, amount: u64) {
        self.send(&format!(
            r#"{{"open":{{"account":"{account}","mode":"{mode}","model":"{model}"}}}}"#
        ));
        self.send(&format!(
            r#"{{"deposit":{{"account":"{account}","asset":"USDC","amount":"{amount}"}}}}"#
        ));
    }

    fn trade(&mut self, name: &str, quantity: &str, price: &str, buyer: &str, seller: &str) {
        self.send(&format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{price}",
            "buyer":{{"account":"{buyer}"}},"seller":{{"account":"{seller}"}}}}}}"#
        ));
    }
}
