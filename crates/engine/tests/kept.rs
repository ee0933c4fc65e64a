//! Accounts kept from one look to the next against those computed afresh each time: the same
//! commands, the same answers and the same roots, with any number of places and after a restart.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test; it prints its seeds")]

mod stream;

use keelmark_engine::{Command, Engine, Event};
use proptest::prelude::*;
use stream::{cases, stream};

/// An engine that keeps nothing, and some that do.
struct Engines {
    afresh: Engine,
    kept: [Engine; 3],
}

impl Engines {
    fn new() -> Self {
        let kept = [4_096, 3, 1].map(|places| Engine::default().keeping(places));
        Self { afresh: Engine::default().keeping(0), kept }
    }

    /// Tells all, and compares what they say.
    fn tell(&mut self, command: &Command) -> Vec<Event> {
        let expected = self.afresh.apply(command).unwrap();
        for engine in &mut self.kept {
            assert_eq!(engine.apply(command).unwrap(), expected, "{command:?}");
        }
        expected.into_answer().events
    }

    /// Starts one of them again from its snapshot.
    fn restart(&mut self) {
        let bytes = self.kept[1].snapshot().unwrap();
        assert_eq!(bytes, self.afresh.snapshot().unwrap());
        self.kept[1] = Engine::restore(&bytes).unwrap().keeping(2);
    }

    fn agree(&mut self) {
        let root = self.afresh.root().unwrap();
        for engine in &mut self.kept {
            assert_eq!(engine.root().unwrap(), root);
        }
    }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn streams_are_answered_as_if_nothing_were_kept(commands in stream(120), cut in 0..120usize) {
        let mut engines = Engines::new();
        for (at, command) in commands.iter().enumerate() {
            engines.tell(command);
            if at == cut {
                engines.restart();
            }
        }
        engines.agree();
    }
}

const MODELS: [&str; 8] = [
    "cross",
    "deribit-pm",
    "deribit-pm-segregated",
    "aevo-pm",
    "binance-usdm",
    "hyperliquid",
    "okx-pm",
    "isolated",
];
const ASSETS: [(&str, f64); 4] =
    [("BTC", 70_000.0), ("ETH", 3_500.0), ("USDC", 1.0), ("USDT", 1.0)];
/// What is traded, its first mark, and what is said of an option beside it.
const TRADED: [(&str, f64, &str); 6] = [
    ("v:BTC/USDC:USDC", 70_000.0, ""),
    ("v:ETH/USDC:USDC", 3_500.0, ""),
    ("v:BTC/USDT:USDT", 70_000.0, ""),
    ("v:BTC/USD:BTC", 70_000.0, ""),
    ("v:BTC/USDC:USDC-260626", 71_000.0, ""),
    ("v:BTC/USDC:USDC-260626-80000-C", 4_100.0, r#","iv":0.5,"forward":"71200""#),
];

/// A small generator: the seed is what a failure prints.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

/// A venue with many models, on its way.
struct Walk {
    engines: Engines,
    random: Random,
    number: u64,
    millis: u64,
    done: usize,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let (engines, random) = (Engines::new(), Random(seed));
        let mut walk = Self { engines, random, number: 0, millis: 0, done: 0 };
        for model in MODELS {
            walk.tell(&format!(r#"{{"model":{{"name":"{model}"}}}}"#));
        }
        for (asset, price) in ASSETS {
            walk.tell(&format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#));
        }
        for (name, mark, terms) in TRADED {
            let (size, lot) = if name.contains("USD:BTC") { ("1", "1") } else { ("1", "0.01") };
            walk.tell(&format!(
                r#"{{"list":{{"instrument":"{name}","contract_size":"{size}","lot":"{lot}",
                    "mark":"{mark}"{terms}}}}}"#
            ));
        }
        for (id, model) in MODELS.iter().chain(&MODELS[..3]).enumerate() {
            let mode = if *model == "isolated" { "isolated" } else { "cross" };
            walk.tell(&format!(
                r#"{{"open":{{"account":"a{id}","mode":"{mode}","model":"{model}"}}}}"#
            ));
            for (asset, amount) in [("USDC", 90_000), ("USDT", 9_000), ("BTC", 1)] {
                walk.tell(&format!(
                    r#"{{"deposit":{{"account":"a{id}","asset":"{asset}","amount":"{amount}"}}}}"#
                ));
            }
        }
        walk
    }

    fn tell(&mut self, action: &str) {
        self.number += 1;
        let (minute, second) = (self.millis / 60_000, self.millis / 1_000 % 60);
        let line = format!(
            r#"{{"from":"t","number":{},"at":"2026-03-13T19:{minute:02}:{second:02}.{:03}Z",
                "do":{action}}}"#,
            self.number,
            self.millis % 1_000
        );
        let command: Command = serde_json::from_str(&line).unwrap();
        let said = self.engines.tell(&command);
        self.done += usize::from(!matches!(said[..], [.., Event::Refused(_)]));
    }

    fn step(&mut self) {
        let accounts = MODELS.len() + 3;
        let (one, two) = (self.random.below(accounts), self.random.below(accounts));
        let (name, mark, terms) = TRADED[self.random.below(TRADED.len())];
        let lots = 1 + self.random.below(40);
        let quantity = if name.contains("USD:BTC") { lots as f64 } else { lots as f64 / 100.0 };
        let near = |random: &mut Random, price: f64, by: f64| {
            format!("{:.4}", price * (1.0 + by * (random.below(2_001) as f64 / 1_000.0 - 1.0)))
        };
        match self.random.below(40) {
            0..24 => {
                let price = near(&mut self.random, mark, 0.001);
                let own = self.random.below(6) == 0;
                self.tell(&format!(
                    r#"{{"trade":{{"instrument":"{name}","quantity":"{quantity}","price":"{price}",
                        "buyer":{{"account":"a{one}","isolated":{own}}},
                        "seller":{{"account":"a{two}","fee":"0.01"}}}}}}"#
                ));
            }
            24..28 => {
                let price = near(&mut self.random, mark, 0.01);
                let sign = ["", "-"][self.random.below(2)];
                let order = self.random.below(4);
                self.tell(&format!(
                    r#"{{"place":{{"account":"a{one}","order":{order},"instrument":"{name}",
                        "quantity":"{sign}{quantity}","price":"{price}"}}}}"#
                ));
            }
            28 | 29 => {
                let order = self.random.below(4);
                self.tell(&format!(r#"{{"cancel":{{"account":"a{one}","order":{order}}}}}"#));
            }
            30 | 31 => {
                let what = ["deposit", "withdraw"][self.random.below(2)];
                let (asset, amount) = [("USDC", 3_000.0), ("BTC", 0.1)][self.random.below(2)];
                self.tell(&format!(
                    r#"{{"{what}":{{"account":"a{one}","asset":"{asset}","amount":"{amount}"}}}}"#
                ));
            }
            32..35 => {
                let price = near(&mut self.random, mark, 0.02);
                self.tell(&format!(
                    r#"{{"mark":{{"instrument":"{name}","mark":"{price}"{terms}}}}}"#
                ));
            }
            35 | 36 => {
                let (asset, price) = ASSETS[self.random.below(ASSETS.len())];
                let price = near(&mut self.random, price, 0.01);
                self.tell(&format!(r#"{{"index":{{"asset":"{asset}","price":"{price}"}}}}"#));
            }
            37 => self.millis += [1, 40, 4_000][self.random.below(3)],
            38 if self.random.below(10) == 0 => self.ramp(),
            39 if self.random.below(10) == 0 => self.engines.restart(),
            _ => {}
        }
    }

    /// Another version of a document comes into force by steps.
    fn ramp(&mut self) {
        let version = self.number;
        let text = format!(
            "schema = \"keelmark/model/1\"\nname = \"cross\"\nextends = \"cross\"\n\
             version = \"{version}\"\n[collateral.assets]\nUSDT = \"0.{}\"\n",
            50 + self.random.below(40)
        );
        let text = serde_json::to_string(&text).unwrap();
        self.tell(&format!(r#"{{"model":{{"text":{text}}}}}"#));
        self.tell(&format!(
            r#"{{"change-model":{{"model":"cross","version":"{version}","over_seconds":20,
                "steps":4}}}}"#
        ));
    }
}

fn walk(seed: u64, steps: usize) -> usize {
    println!("seed {seed}");
    let mut walk = Walk::new(seed);
    for _ in 0..steps {
        walk.step();
    }
    walk.engines.agree();
    walk.done
}

#[test]
fn many_models_are_answered_as_if_nothing_were_kept() {
    let done: usize = (0..2).map(|seed| walk(seed, 300)).sum();
    assert!(done > 250, "{done}");
}

/// The same, longer: `cargo test -p keelmark-engine --release --test kept -- --ignored`.
#[test]
#[ignore = "minutes"]
fn they_are_answered_so_for_long() {
    let done: usize = (100..200).map(|seed| walk(seed, 2_000)).sum();
    assert!(done > 50_000, "{done}");
}
