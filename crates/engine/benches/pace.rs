//! How fast a trade is checked and applied: on one pair of accounts, on random pairs of many, by
//! how much they hold, behind a price of what is traded, and with every margin computed afresh;
//! against the latency of one line of memory in the same run.
//! `cargo bench -p keelmark-engine --bench pace -- 1000000`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_engine::{Command, Engine};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Trades a round, and rounds: the median counts.
const TRADES: usize = 500;
const ROUNDS: usize = 11;
/// Lines of memory that no cache holds, 64 bytes each.
const LINES: usize = 1 << 22;
/// What a trade may cost in lines of memory.
const TARGET: f64 = 0.30;

fn main() {
    let accounts = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(100);
    let line = memory_line();
    println!("one random line of memory: {line:.1} ns (median of {ROUNDS})");
    println!("a trade is two accounts checked, filled and looked at, ledger and events included");
    for (accounts, positions) in [(2, 1), (2, 20), (accounts, 1)] {
        let mut afresh = Venue::open(accounts, positions, Engine::default().keeping(0));
        let mut kept = Venue::open(accounts, positions, Engine::default());
        // In turn, so that a busy machine is as busy for both.
        let rounds: Vec<[f64; 4]> = (0..ROUNDS)
            .map(|_| [afresh.round(false), kept.round(false), afresh.round(true), kept.round(true)])
            .collect();
        for (behind, at) in [("another trade", 0), ("a price of it", 2)] {
            let of = |at: usize| median(rounds.iter().map(|each| each[at]));
            let (before, each) = (of(at), of(at + 1));
            println!(
                "{accounts} accounts, {positions} positions, behind {behind}: {each:.0} ns a \
                 trade, {:.1} lines (target {TARGET}); afresh {before:.0} ns, {:.1} times",
                each / line,
                before / each
            );
        }
    }
}

/// Nanoseconds of one load that depends on the one before it, over a random cycle.
fn memory_line() -> f64 {
    let mut order: Vec<usize> = (0..LINES).collect();
    let mut random = 7;
    for at in (1..LINES).rev() {
        order.swap(at, next(&mut random) % at);
    }
    let mut lines = vec![[0usize; 8]; LINES];
    for (at, to) in order.iter().enumerate() {
        lines[*to][0] = order[(at + 1) % LINES];
    }
    let (mut at, loads) = (0, 1 << 18);
    median((0..ROUNDS).map(|_| {
        let start = Instant::now();
        for _ in 0..loads {
            at = black_box(lines[at][0]);
        }
        start.elapsed().as_nanos() as f64 / f64::from(loads)
    }))
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) as usize
}

struct Venue {
    engine: Engine,
    number: u64,
    accounts: usize,
    positions: usize,
    random: u64,
}

impl Venue {
    fn open(accounts: usize, positions: usize, engine: Engine) -> Self {
        let mut venue = Self { engine, number: 0, accounts, positions, random: 1 };
        venue.send(r#"{"model":{"name":"cross"}}"#);
        venue.send(r#"{"index":{"asset":"USDC","price":"1"}}"#);
        for one in 0..positions {
            venue.send(&format!(r#"{{"index":{{"asset":"C{one}","price":"100"}}}}"#));
            venue.send(&format!(
                r#"{{"list":{{"instrument":"venue:C{one}/USDC:USDC","contract_size":"1",
                    "lot":"0.01","mark":"100"}}}}"#
            ));
        }
        for account in 0..accounts {
            venue.send(&format!(
                r#"{{"open":{{"account":"a{account}","mode":"cross","model":"cross"}}}}"#
            ));
            venue.send(&format!(
                r#"{{"deposit":{{"account":"a{account}","asset":"USDC","amount":"100000"}}}}"#
            ));
        }
        for pair in 0..accounts / 2 {
            for one in 0..positions {
                let command = venue.trade(2 * pair, 2 * pair + 1, one);
                venue.engine.apply(&command).unwrap();
            }
        }
        venue
    }

    fn parsed(&mut self, action: &str) -> Command {
        self.number += 1;
        let number = self.number;
        let line = format!(
            r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z","do":{action}}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    fn send(&mut self, action: &str) {
        let command = self.parsed(action);
        let applied = self.engine.apply(&command).unwrap();
        let said = applied.answer().events[0].to_string();
        assert!(!said.starts_with("refused"), "{action}: {said}");
    }

    fn trade(&mut self, buyer: usize, seller: usize, of: usize) -> Command {
        self.parsed(&format!(
            r#"{{"trade":{{"instrument":"venue:C{of}/USDC:USDC","quantity":"1.25","price":"100.1",
                "buyer":{{"account":"a{buyer}"}},"seller":{{"account":"a{seller}"}}}}}}"#
        ))
    }

    fn mark(&mut self, of: usize) -> Command {
        let cents = next(&mut self.random) % 100;
        self.parsed(&format!(
            r#"{{"mark":{{"instrument":"venue:C{of}/USDC:USDC","mark":"100.{cents:02}"}}}}"#
        ))
    }

    /// Nanoseconds a trade, each behind a price of what is traded or all behind one another.
    fn round(&mut self, told: bool) -> f64 {
        let mut commands = Vec::new();
        for _ in 0..TRADES {
            let buyer = next(&mut self.random) % self.accounts;
            let apart = 1 + next(&mut self.random) % (self.accounts - 1);
            let of = next(&mut self.random) % self.positions;
            let price = told.then(|| self.mark(of));
            commands.push((price, self.trade(buyer, (buyer + apart) % self.accounts, of)));
        }
        let mut spent = Duration::ZERO;
        for (price, command) in &commands {
            if let Some(price) = price {
                self.engine.apply(price).unwrap();
            }
            let start = Instant::now();
            black_box(self.engine.apply(command).unwrap());
            spent += start.elapsed();
        }
        spent.as_nanos() as f64 / TRADES as f64
    }
}
