//! Random commands that mean something: most are taken, many are refused, some are sent again.
#![allow(clippy::unwrap_used, dead_code, reason = "each test file uses a part of it")]

use keelmark_engine::{Applied, Command, Engine, Event};
use proptest::prelude::*;

const ACCOUNTS: [&str; 6] = ["ada", "bob", "cy", "dee", "eve", "fay"];
const PERPETUAL: &str = "deribit:BTC/USDC:USDC";
const OPTION: &str = "deribit:BTC/USDC:USDC-261225-80000-C";
const COIN: &str = "deribit:BTC/USD:BTC";

/// So many streams, times `PROPERTY_TIMES` where it is set. A failure prints its stream, cut down.
pub fn cases(count: u32) -> ProptestConfig {
    let times = std::env::var("PROPERTY_TIMES").ok().and_then(|text| text.parse().ok());
    let cases = count * times.unwrap_or(1);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// What makes a command of a few small numbers.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    kind: u8,
    one: usize,
    two: usize,
    size: i64,
    flag: bool,
    again: u8,
}

fn seed() -> impl Strategy<Value = Seed> {
    (0..24u8, 0..ACCOUNTS.len(), 0..ACCOUNTS.len(), 1..40i64, any::<bool>(), 0..12u8)
        .prop_map(|(kind, one, two, size, flag, again)| Seed { kind, one, two, size, flag, again })
}

/// A stream of up to so many commands, behind those that open the market.
pub fn stream(most: usize) -> impl Strategy<Value = Vec<Command>> {
    proptest::collection::vec(seed(), 1..most).prop_map(|seeds| commands(&seeds))
}

/// The same few commands whatever the test. They stand on no built-in document.
pub fn opening() -> Vec<String> {
    let text = include_str!("../data/model-1.toml");
    let mut actions = vec![
        format!(r#"{{"model":{{"text":{}}}}}"#, serde_json::to_string(text).unwrap()),
        r#"{"index":{"asset":"BTC","price":"70000"}}"#.to_owned(),
        r#"{"index":{"asset":"USDC","price":"0.9995","confidence":"0.98"}}"#.to_owned(),
        r#"{"index":{"asset":"USDT","price":"1.0002"}}"#.to_owned(),
        listing(PERPETUAL, "1", "0.001", r#""mark":"70000""#),
        listing(OPTION, "1", "0.1", r#""mark":"2000","iv":0.5,"forward":"70500""#),
        listing(COIN, "10", "1", r#""mark":"70010""#),
    ];
    for account in &ACCOUNTS[..4] {
        actions.push(open(account, "cross"));
        actions.push(cash("deposit", account, "USDC", "20000"));
        actions.push(cash("deposit", account, "BTC", "0.3"));
    }
    actions
}

fn listing(instrument: &str, size: &str, lot: &str, quote: &str) -> String {
    format!(
        r#"{{"list":{{"instrument":"{instrument}","contract_size":"{size}",
            "lot":"{lot}",{quote}}}}}"#
    )
}

fn open(account: &str, mode: &str) -> String {
    format!(r#"{{"open":{{"account":"{account}","mode":"{mode}","model":"cross"}}}}"#)
}

fn cash(kind: &str, account: &str, asset: &str, amount: &str) -> String {
    format!(r#"{{"{kind}":{{"account":"{account}","asset":"{asset}","amount":"{amount}"}}}}"#)
}

/// The opening and what the seeds say, dated and numbered by two senders.
fn commands(seeds: &[Seed]) -> Vec<Command> {
    let mut made: Vec<Command> = Vec::new();
    let netted = r#"{"model":{"name":"deribit-pm"}}"#.to_owned();
    for (at, action) in opening().iter().chain([&netted]).enumerate() {
        made.push(command("desk", at as u64 + 1, made.len(), action));
    }
    let mut numbers = [made.len() as u64, 0];
    for seed in seeds {
        match seed.again {
            // The same once more, and one that is out of order.
            0 => made.push(made[made.len() - 1 - seed.two].clone()),
            1 => made.push(command("desk", 1 + seed.one as u64, made.len(), &action(seed))),
            // Before the time.
            2 => {
                numbers[1] += 1;
                made.push(command("feed", numbers[1], 0, &action(seed)));
            }
            _ => {
                let from = usize::from(seed.flag);
                numbers[from] += 1;
                let name = ["desk", "feed"][from];
                made.push(command(name, numbers[from], made.len(), &action(seed)));
            }
        }
    }
    made
}

fn command(from: &str, number: u64, at: usize, action: &str) -> Command {
    let (second, milli) = (at / 100, at % 100 * 10);
    let line = format!(
        r#"{{"from":"{from}","number":{number},
            "at":"2026-03-13T19:00:{second:02}.{milli:03}Z","do":{action}}}"#
    );
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn action(seed: &Seed) -> String {
    let (one, two) = (ACCOUNTS[seed.one], ACCOUNTS[seed.two]);
    let Seed { kind, size, flag, .. } = *seed;
    let asset = ["USDC", "BTC", "USDT"][(size % 3) as usize];
    let amount = format!("{}", size as f64 * if asset == "BTC" { 0.01 } else { 250.0 });
    match kind {
        0 => open(one, if flag { "cross" } else { "isolated" }),
        1..=3 => cash("deposit", one, asset, &amount),
        4 | 5 => cash("withdraw", one, asset, &amount),
        6 => format!(
            r#"{{"transfer":{{"from":"{one}","to":"{two}","asset":"{asset}",
                "amount":"{amount}"}}}}"#
        ),
        7..=12 => trade(seed, one, two),
        13..=15 => place(seed, one),
        16 => format!(r#"{{"cancel":{{"account":"{one}","order":{}}}}}"#, size % 6),
        17 => format!(
            r#"{{"amend":{{"account":"{one}","order":{},"quantity":"0.0{size:02}",
                "price":"69000"}}}}"#,
            size % 6
        ),
        18 => {
            let (mode, model) =
                [("cross", "cross"), ("isolated", "cross"), ("portfolio", "deribit-pm")]
                    [(size % 3) as usize];
            format!(r#"{{"mode":{{"account":"{one}","mode":"{mode}","model":"{model}"}}}}"#)
        }
        19 => format!(
            r#"{{"margin":{{"account":"{one}","instrument":"{PERPETUAL}","amount":"{}"}}}}"#,
            if flag { size } else { -size }
        ),
        20 => format!(r#"{{"index":{{"asset":"BTC","price":"{}"}}}}"#, 69_000 + 50 * size),
        21 | 22 => {
            format!(r#"{{"mark":{{"instrument":"{PERPETUAL}","mark":"{}"}}}}"#, 69_000 + 51 * size)
        }
        _ => format!(r#"{{"close":{{"account":"{one}"}}}}"#),
    }
}

fn trade(seed: &Seed, buyer: &str, seller: &str) -> String {
    let (instrument, quantity, price) = match seed.size % 4 {
        0 => (OPTION, format!("0.{}", 1 + seed.size % 9), 1_900 + seed.size),
        1 => (COIN, format!("{}", seed.size), 69_990 + seed.size),
        _ => (PERPETUAL, format!("0.0{:02}", seed.size), 69_980 + seed.size),
    };
    let (own, fee) = (seed.flag, seed.size % 5 - 1);
    format!(
        r#"{{"trade":{{"instrument":"{instrument}","quantity":"{quantity}","price":"{price}",
            "buyer":{{"account":"{buyer}","fee":"0.0{}","isolated":{own}}},
            "seller":{{"account":"{seller}","fee":"{fee}"}}}}}}"#,
        seed.size
    )
}

fn place(seed: &Seed, account: &str) -> String {
    let side = if seed.flag { "" } else { "-" };
    let reduce = seed.size % 4 == 0;
    format!(
        r#"{{"place":{{"account":"{account}","order":{},"instrument":"{PERPETUAL}",
            "quantity":"{side}0.0{:02}","price":"70000","reduce_only":{reduce}}}}}"#,
        seed.size % 6,
        seed.size
    )
}

/// Gives an engine commands; what it answered.
pub fn run(engine: &mut Engine, commands: &[Command]) -> Vec<Applied> {
    commands.iter().map(|command| engine.apply(command).unwrap()).collect()
}

/// Whether a command was new and refused.
pub fn is_refused(applied: &Applied) -> bool {
    matches!(applied, Applied::New(answer) if matches!(answer.events[..], [.., Event::Refused(_)]))
}
