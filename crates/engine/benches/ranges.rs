//! How many accounts a price opens, and what that costs, against a look at all of them.
//! `cargo bench -p keelmark-engine --bench ranges -- 10000 100000`, with `Linear`, `Dense` or
//! `Options` for one book alone.
//!
//! Books of so many accounts each. Linear: one perpetual, longs and shorts that a move of a share
//! `d` brings to their first margin call, where up to `d` there is `4 d^2` of the book. Dense: the
//! same with `2 d` of it, so that every move reaches some. Options: one of four options on one coin
//! each, sold or bought, under a model of scenarios; Spreads: one sold against another bought. A
//! tick moves the underlying by one basis point, and whatever is priced by it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_engine::{Command, Engine, Event};
use std::time::{Duration, Instant};

const PERP: &str = "v:BTC/USDC:USDC";
const OPTIONS: [(&str, f64, f64); 4] = [
    ("v:BTC/USDC:USDC-260626-80000-C", 4_100.0, 0.41),
    ("v:BTC/USDC:USDC-260626-70000-C", 7_900.0, 0.57),
    ("v:BTC/USDC:USDC-260626-70000-P", 6_700.0, -0.43),
    ("v:BTC/USDC:USDC-260626-60000-P", 2_600.0, -0.22),
];
const TICKS: u32 = 200;
const SCANS: u32 = 3;

fn main() {
    let sizes: Vec<u64> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![50, 200] } else { sizes };
    let named = |book: Book| std::env::args().any(|text| text == format!("{book:?}"));
    let all = [Book::Linear, Book::Dense, Book::Options, Book::Spreads];
    let chosen: Vec<Book> = all.into_iter().filter(|book| named(*book)).collect();
    for book in if chosen.is_empty() { all.to_vec() } else { chosen } {
        println!("{book:?}");
        let mut before: Option<(u64, Duration)> = None;
        for accounts in sizes.iter().copied() {
            let tick = measure(accounts, book);
            if let Some((fewer, shorter)) = before {
                let (times, root) = (ratio(tick, shorter), (accounts as f64 / fewer as f64).sqrt());
                println!(
                    "  {fewer} to {accounts}: a tick takes {times:.2} x, the root is {root:.2}"
                );
            }
            before = Some((accounts, tick));
        }
    }
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(1e-9)
}

/// Builds a book and measures it; what a tick takes.
fn measure(accounts: u64, book: Book) -> Duration {
    let mut venue = Venue::new(book);
    let start = Instant::now();
    venue.open(accounts);
    println!("  {accounts} accounts, opened in {:.1?}", start.elapsed());
    let (opened, resident_before) = (venue.opened(), resident());
    let start = Instant::now();
    venue.tick(0.95);
    let took = start.elapsed();
    for _ in 0..100 {
        venue.tick(1.0);
    }
    let (opened, added) = (venue.opened() - opened, resident().saturating_sub(resident_before));
    let placed = venue.engine.state().ranges().placed();
    println!("  a fall of 5 % and after it: {opened} opened, {took:.1?}; {placed} with a range");
    println!("  bytes an account, resident, of ranges and what they need: {}", added / accounts);
    let (before, start) = (venue.opened(), Instant::now());
    let mut each = Vec::new();
    for step in 0..u64::from(TICKS) {
        let so_far = venue.opened();
        venue.tick(if mixed(step).is_multiple_of(2) { 1.0001 } else { 0.9999 });
        each.push(venue.opened() - so_far);
    }
    let tick = start.elapsed() / TICKS;
    let mean = (venue.opened() - before) as f64 / f64::from(TICKS);
    each.sort_unstable();
    let (half, most) = (each[each.len() / 2], each[each.len() - 1]);
    venue.engine = std::mem::take(&mut venue.engine).scanning();
    let (before, said, start) = (venue.opened(), venue.said, Instant::now());
    for _ in 0..SCANS {
        venue.tick(1.0);
    }
    let scan = start.elapsed() / SCANS;
    let looked = (venue.opened() - before) as f64 / f64::from(SCANS);
    let missed = venue.said - said;
    assert!(missed == 0, "{missed} accounts were missed");
    println!("  a tick of 1 bp: {mean:.2} opened (median {half}, most {most}), {tick:.1?}");
    println!("  the same by a scan: {looked:.0} opened, {scan:.1?}; missed {missed}");
    let share = mean / looked;
    println!("  share {share:.1e} (target 1e-5), time 1/{:.0} (target 1/40)", ratio(scan, tick));
    tick
}

/// What accounts hold, and how near to their first margin call they are.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Book {
    Linear,
    Dense,
    Options,
    Spreads,
}

/// A venue of one coin.
struct Venue {
    engine: Engine,
    book: Book,
    number: u64,
    /// The price of the coin.
    price: f64,
    /// What was said of accounts.
    said: usize,
}

impl Venue {
    fn new(book: Book) -> Self {
        let mut venue =
            Self { engine: Engine::default(), book, number: 0, price: 70_000.0, said: 0 };
        let model = venue.model();
        venue.send(&format!(r#"{{"model":{{"name":"{model}"}}}}"#));
        venue.send(r#"{"index":{"asset":"USDC","price":"1"}}"#);
        venue.send(r#"{"index":{"asset":"BTC","price":"70000"}}"#);
        venue.send(&format!(
            r#"{{"list":{{"instrument":"{PERP}","contract_size":"1","lot":"0.01",
                "mark":"70000"}}}}"#
        ));
        for (name, mark, _) in OPTIONS {
            venue.send(&format!(
                r#"{{"list":{{"instrument":"{name}","contract_size":"1","lot":"0.01",
                    "mark":"{mark}","iv":0.55,"forward":"71200"}}}}"#
            ));
        }
        venue
    }

    fn has_options(&self) -> bool {
        matches!(self.book, Book::Options | Book::Spreads)
    }

    fn model(&self) -> &'static str {
        if self.has_options() { "deribit-pm" } else { "cross" }
    }

    fn opened(&self) -> u64 {
        self.engine.state().ranges().opened()
    }

    fn send(&mut self, action: &str) {
        self.number += 1;
        let line = format!(
            r#"{{"from":"desk","number":{},"at":"2026-03-13T19:00:00Z","do":{action}}}"#,
            self.number
        );
        let command: Command = serde_json::from_str(&line).unwrap();
        let applied = self.engine.apply(&command).unwrap();
        let events = &applied.answer().events;
        assert!(!matches!(events[0], Event::Refused(_)), "{line}: {}", events[0]);
        self.said += events.len() - 1;
    }

    /// The coin, and whatever is priced by it, moves.
    fn tick(&mut self, by: f64) {
        self.price *= by;
        let price = self.price;
        if !self.has_options() {
            return self
                .send(&format!(r#"{{"mark":{{"instrument":"{PERP}","mark":"{price:.4}"}}}}"#));
        }
        self.send(&format!(r#"{{"index":{{"asset":"BTC","price":"{price:.4}"}}}}"#));
        let forward = price * 71_200.0 / 70_000.0;
        for (name, mark, delta) in OPTIONS {
            let mark = (mark + delta * (price - 70_000.0)).max(1.0);
            self.send(&format!(
                r#"{{"mark":{{"instrument":"{name}","mark":"{mark:.4}",
                    "forward":"{forward:.4}"}}}}"#
            ));
        }
    }

    fn account(&mut self, name: &str, amount: f64) {
        let model = self.model();
        let mode = if model == "cross" { "cross" } else { "portfolio" };
        self.send(&format!(
            r#"{{"open":{{"account":"{name}","mode":"{mode}","model":"{model}"}}}}"#
        ));
        self.send(&format!(
            r#"{{"deposit":{{"account":"{name}","asset":"USDC","amount":"{amount:.2}"}}}}"#
        ));
    }

    fn trade(&mut self, name: &str, mark: f64, buyer: &str, seller: &str) {
        self.send(&format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"1","price":"{mark}",
                "buyer":{{"account":"{buyer}"}},"seller":{{"account":"{seller}"}}}}}}"#
        ));
    }

    /// Accounts against one maker. Longs lose 5 % before the measurement, shorts as much.
    fn open(&mut self, accounts: u64) {
        self.account("maker", 1e12);
        if !self.has_options() {
            let shorts = 63_000.0;
            self.price = shorts;
            self.tick(1.0);
            self.accounts(accounts / 2, accounts);
            self.price = 70_000.0;
            self.tick(1.0);
            return self.accounts(0, accounts / 2);
        }
        for at in 0..accounts {
            let ((name, mark, _), own) = (OPTIONS[at as usize % 4], format!("a{at}"));
            if self.book == Book::Spreads {
                let (other, its, _) = OPTIONS[(at as usize % 4) ^ 1];
                self.account(&own, 8_000.0 + share(at) * 20_000.0);
                self.trade(other, its, &own, "maker");
                self.trade(name, mark, "maker", &own);
                continue;
            }
            self.account(&own, 30_000.0 + share(at) * 60_000.0);
            if at % 8 < 6 {
                self.trade(name, mark, "maker", &own);
            } else {
                self.trade(name, mark, &own, "maker");
            }
        }
    }

    fn accounts(&mut self, from: u64, to: u64) {
        let mark = self.price;
        for at in from..to {
            let name = format!("a{at}");
            let share = share(at);
            let distance = 0.5 * if self.book == Book::Linear { share.sqrt() } else { share };
            // What has moved until the measurement, and what is there at the first margin call.
            self.account(&name, 3_500.0 + 353.0 + distance * 66_500.0);
            let (buyer, seller) =
                if mark > 66_500.0 { (name.as_str(), "maker") } else { ("maker", name.as_str()) };
            self.trade(PERP, mark, buyer, seller);
        }
    }
}

fn mixed(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 20
}

/// A number from 0 to 1.
fn share(seed: u64) -> f64 {
    (mixed(seed) % 1_000_003) as f64 / 1_000_003.0
}

/// Memory of the process, in bytes; zero where the system does not say.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}
