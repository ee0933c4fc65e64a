//! Safe ranges against the full scan: the same commands to two engines, one of which looks at every
//! account that a price is about. Whatever the books and the walk of prices, the answers are equal.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test; it prints what it opened")]

use keelmark_engine::{Command, Engine, Event};
use proptest::prelude::*;

/// What is traded: its name, its first mark, the volatility and the forward of an option, and in
/// which quantities.
struct Traded(&'static str, f64, Option<(f64, f64)>, f64, i64);

const TRADED: [Traded; 8] = [
    Traded("v:BTC/USDC:USDC", 70_000.0, None, 0.25, 30),
    Traded("v:ETH/USDC:USDC", 3_500.0, None, 0.25, 200),
    Traded("v:BTC/USDT:USDT", 70_000.0, None, 0.25, 30),
    Traded("v:BTC/USD:BTC", 70_000.0, None, 1_000.0, 200),
    Traded("v:BTC/USD:BTC-260626", 71_000.0, None, 1_000.0, 200),
    Traded("v:BTC/USDC:USDC-260626-80000-C", 4_100.0, Some((0.5, 71_200.0)), 0.25, 20),
    Traded("v:BTC/USD:BTC-260626-60000-P", 0.03, Some((0.55, 71_200.0)), 0.25, 20),
    Traded("v:ETH/USDC:USDC-260327-3000-P", 40.0, Some((0.6, 3_550.0)), 0.5, 100),
];

/// What is said of an option beside its mark, each moved by parts per million.
fn terms(option: Option<(f64, f64)>, [iv_by, forward_by]: [i64; 2]) -> String {
    let Some((iv, forward)) = option else { return String::new() };
    let by = |value: f64, by: i64| value * (1e6 + by as f64) / 1e6;
    format!(r#","iv":{:.6},"forward":"{:.4}""#, by(iv, iv_by), by(forward, forward_by))
}

const ASSETS: [(&str, f64); 4] =
    [("BTC", 70_000.0), ("ETH", 3_500.0), ("USDC", 1.0), ("USDT", 1.0)];
const MODELS: [&str; 3] = ["cross", "deribit-pm", "aevo-pm"];
const PRICES: usize = ASSETS.len() + TRADED.len();

/// A small generator: the seed is what a failure prints.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }
}

/// Two engines that are told the same.
struct Pair {
    ranged: Engine,
    scanned: Engine,
    number: u64,
    second: u64,
    /// Margin calls, restorations and the like that prices led to.
    said: usize,
    looked: [usize; 2],
}

impl Pair {
    fn new(accounts: u64, random: &mut Random) -> Self {
        let ranged = Engine::default().checking(16, 3);
        let scanned = Engine::default().scanning();
        let mut pair = Self { ranged, scanned, number: 0, second: 0, said: 0, looked: [0; 2] };
        for model in MODELS {
            pair.tell(&format!(r#"{{"model":{{"name":"{model}"}}}}"#));
        }
        for (asset, price) in ASSETS {
            pair.tell(&format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#));
        }
        for Traded(name, mark, option, ..) in TRADED {
            let terms = terms(option, [0; 2]);
            let (size, lot) = if name.contains("USD:BTC") && !name.contains("-P") {
                ("1", "1")
            } else {
                ("1", "0.01")
            };
            pair.tell(&format!(
                r#"{{"list":{{"instrument":"{name}","contract_size":"{size}","lot":"{lot}",
                    "mark":"{mark}"{terms}}}}}"#
            ));
        }
        for id in 0..accounts {
            let model = MODELS[random.below(MODELS.len() as u64) as usize];
            let mode = if model == "cross" { "cross" } else { "portfolio" };
            pair.tell(&format!(
                r#"{{"open":{{"account":"a{id}","mode":"{mode}","model":"{model}"}}}}"#
            ));
            for (asset, most) in [("USDC", 100_000), ("USDT", 20_000), ("BTC", 1)] {
                if asset == "USDC" || random.below(3) == 0 {
                    let amount = random.between(1, most);
                    pair.cash("deposit", id, asset, amount);
                }
            }
        }
        pair
    }

    fn cash(&mut self, what: &str, id: u64, asset: &str, amount: i64) {
        self.tell(&format!(
            r#"{{"{what}":{{"account":"a{id}","asset":"{asset}","amount":"{amount}"}}}}"#
        ));
    }

    /// Tells both, and compares what they say.
    fn tell(&mut self, action: &str) -> usize {
        self.number += 1;
        let at = format!(
            "2026-03-{:02}T{:02}:{:02}:{:02}Z",
            13 + self.second / 86_400,
            self.second / 3_600 % 24,
            self.second / 60 % 60,
            self.second % 60
        );
        let line = format!(r#"{{"from":"t","number":{},"at":"{at}","do":{action}}}"#, self.number);
        let command: Command = serde_json::from_str(&line).unwrap();
        let ranged = self.ranged.apply(&command).unwrap().into_answer();
        let scanned = self.scanned.apply(&command).unwrap().into_answer();
        assert_eq!(ranged, scanned, "command {}: {line}", self.number);
        ranged.events.iter().filter(|one| !matches!(one, Event::Refused(_))).count()
    }

    fn price(&mut self, action: &str) {
        let opened = |engine: &Engine| engine.state().ranges().opened() as usize;
        let before = [opened(&self.ranged), opened(&self.scanned)];
        self.said += self.tell(action).saturating_sub(1);
        self.looked[0] += opened(&self.ranged) - before[0];
        self.looked[1] += opened(&self.scanned) - before[1];
    }

    fn trade(&mut self, accounts: u64, random: &mut Random) {
        let Traded(name, _, _, unit, most) = TRADED[random.below(TRADED.len() as u64) as usize];
        let id = self.ranged.state().market.instruments.find(name).unwrap();
        let mark = self.ranged.state().market.quote(id).mark;
        let (buyer, seller) = (random.below(accounts), random.below(accounts));
        let own = random.below(5) == 0;
        let quantity = random.between(1, most) as f64 * unit;
        self.tell(&format!(
            r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{mark}",
                "buyer":{{"account":"a{buyer}","isolated":{own}}},
                "seller":{{"account":"a{seller}"}}}}}}"#
        ));
    }

    /// Announces another version of the document, in which less collateral counts.
    fn change(&mut self, random: &mut Random) {
        let (version, ratio) = (self.number, random.between(50, 95));
        let text = format!(
            "schema = \"keelmark/model/1\"\nname = \"cross\"\nextends = \"cross\"\n\
             version = \"{version}\"\n[collateral.assets]\nUSDT = \"0.{ratio}\"\n"
        );
        let text = serde_json::to_string(&text).unwrap();
        self.tell(&format!(r#"{{"model":{{"text":{text}}}}}"#));
        self.tell(&format!(
            r#"{{"change-model":{{"model":"cross","version":"{version}","over_seconds":20,
                "steps":4}}}}"#
        ));
    }
}

/// The prices of the walk, in parts per million of where they began.
struct Walk([i64; PRICES]);

impl Walk {
    /// One price moves: mostly little, sometimes much.
    fn step(&mut self, pair: &mut Pair, random: &mut Random) {
        let which = random.below(PRICES as u64) as usize;
        let stable = which == 2 || which == 3;
        let most = match random.below(100) {
            0 if !stable => 150_000,
            0..10 if !stable => 10_000,
            _ => 300,
        };
        let moved = self.0[which] * (1_000_000 + random.between(-most, most)) / 1_000_000;
        self.0[which] = moved.clamp(300_000, 3_000_000);
        let of = |start: f64| format!("{:.9}", start * self.0[which] as f64 / 1e6);
        if let Some((asset, start)) = ASSETS.get(which) {
            let price = of(*start);
            pair.price(&format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#));
        } else {
            let Traded(name, start, option, ..) = TRADED[which - ASSETS.len()];
            let price = of(start);
            let terms = terms(option, [random.between(-most, most), random.between(-most, most)]);
            pair.price(&format!(r#"{{"mark":{{"instrument":"{name}","mark":"{price}"{terms}}}}}"#));
        }
    }
}

fn run(seed: u64, accounts: u64, steps: usize) -> Pair {
    let mut random = Random(seed);
    let mut pair = Pair::new(accounts, &mut random);
    for _ in 0..accounts * 6 {
        pair.trade(accounts, &mut random);
    }
    // Many levels: a book far from liquidation has something to be said of too.
    pair.tell(r#"{"alerts":{"levels":["0.05","0.1","0.2","0.4","0.6","0.8","1"],"step":"0.03"}}"#);
    let mut walk = Walk([1_000_000; PRICES]);
    for _ in 0..steps {
        match random.below(200) {
            0 => pair.trade(accounts, &mut random),
            1 => pair.cash("withdraw", random.below(accounts), "USDC", 1_000),
            2 => pair.cash("deposit", random.below(accounts), "USDC", 1_000),
            3 if random.below(4) == 0 => pair.second += 100,
            4 => {
                let (id, low) = (random.below(accounts), random.between(20, 70));
                pair.tell(&format!(
                    r#"{{"alerts":{{"account":"a{id}","levels":["0.{low}","1"],"step":"0.05"}}}}"#
                ));
            }
            5 if random.below(10) == 0 => {
                pair.tell(r#"{"alerts":{"levels":["0.5","0.75","1"],"step":"0.1"}}"#);
            }
            6 if random.below(4) == 0 => {
                let bytes = pair.ranged.snapshot().unwrap();
                pair.ranged = Engine::restore(&bytes).unwrap().checking(16, 3);
            }
            7 if random.below(4) == 0 => pair.change(&mut random),
            8..20 => pair.second += 1,
            _ => walk.step(&mut pair, &mut random),
        }
    }
    assert_eq!(pair.ranged.root().unwrap(), pair.scanned.root().unwrap(), "seed {seed}");
    pair
}

fn miss_none(seeds: std::ops::Range<u64>, accounts: u64, steps: usize) {
    let [mut said, mut opened, mut scanned] = [0; 3];
    for seed in seeds {
        println!("seed {seed}");
        let pair = run(seed, accounts, steps);
        said += pair.said;
        opened += pair.looked[0];
        scanned += pair.looked[1];
    }
    println!("said {said}; looked at {opened} with ranges, {scanned} by scans");
    assert!(said > 15, "only {said} events: the walk is too calm to show anything");
    assert!(opened * 3 < scanned * 2, "{opened} of {scanned}");
}

#[test]
fn ranges_miss_no_account_of_which_there_is_something_to_say() {
    miss_none(0..2, 10, 250);
}

/// The same on longer walks: `cargo test -p keelmark-engine --release --test ranges -- --ignored`.
#[test]
#[ignore = "minutes"]
fn ranges_miss_none_on_long_walks() {
    miss_none(100..400, 14, 1_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn answers_are_those_of_a_full_scan(seed: u64, accounts in 2u64..8) {
        run(seed, accounts, 100);
    }
}
