//! Streams of commands against the engine: whatever is asked, and in whatever order.
//!
//! Two ways in: lines of JSON as a client would send them, with anything in them; and bytes that
//! choose actions, accounts, numbers and times, so that most commands are well formed and the
//! hostility is in what they say. Either way a refusal changes nothing, all places together have
//! nothing, an answer is given again as it was, and a replay and a snapshot lead to the same root.
//!
//! Time that is years ahead is left out: what falls due every minute until then is all done.

use crate::random::Random;
use crate::target::said;
use keelmark_book::Timestamp;
use keelmark_engine::command::Action;
use keelmark_engine::{Applied, Command, Engine, Event, Root};
use std::sync::OnceLock;

/// Commands of an input, at most.
const LONGEST: usize = 200;
/// No time is further from the last one, in nanoseconds: 30 days.
const FURTHEST: i64 = 30 * 86_400 * 1_000_000_000;
const START: i64 = 1_773_428_400 * 1_000_000_000;

const ACCOUNTS: &[&str] = &["a", "b", "a/sub", "d", "e", "f", "g", "nobody", ""];
const INSTRUMENTS: &[&str] = &[
    "x:BTC/USDC:USDC",
    "x:BTC/USDC:USDC-260327",
    "x:BTC/USDC:USDC-260327-70000-C",
    "x:BTC/USDC",
    "x:BTC/USD:BTC",
    "x:ETH/USDC:USDC",
    "nothing",
];
const COINS: &[&str] = &["USDC", "BTC", "ETH", "USD", "NONE"];
/// Numbers, from ordinary to what arithmetic breaks on.
const NUMBERS: &[&str] = &[
    "1",
    "0.5",
    "-0.5",
    "0.001",
    "2",
    "-2",
    "10",
    "100",
    "0.3",
    "-1",
    "1000",
    "60000",
    "70000",
    "80000",
    "1000000",
    "0",
    "0.000000000000000001",
    "-0.000000000000000001",
    "1000000000000000",
    "1000000000000001",
    "9223372036854775.807",
    "-9223372036854775808",
    "170141183460469231731",
    "-170141183460469231731.687303715884105728",
    "99999999999999999999",
    "x",
];
const RATES: &[&str] = &["0.0001", "-0.01", "0.5", "1", "0", "0.9", "1000", "1.5", "0.05", "-1"];
const SECONDS: &[&str] = &["60", "1", "0", "3600", "28800", "4294967295", "600"];
/// Seconds from one command to the next.
const STEPS: &[i64] = &[0, 0, 0, 0, 1, 1, 5, 60, 1_800, 86_400, 2_000_000, -1];

/// Actions; `$A` is an account, `$I` an instrument, `$C` an asset, `$N` a number, `$R` a rate, `$S`
/// seconds, `$O` the number of an order, `$T` a time, `$B` true or false.
const ACTIONS: &[&str] = &[
    r#"{"deposit":{"account":"$A","asset":"$C","amount":"$N"}}"#,
    r#"{"withdraw":{"account":"$A","asset":"$C","amount":"$N"}}"#,
    r#"{"transfer":{"from":"$A","to":"$A","asset":"$C","amount":"$N"}}"#,
    r#"{"place":{"account":"$A","order":$O,"instrument":"$I","quantity":"$N","price":"$N"}}"#,
    r#"{"place":{"account":"$A","order":$O,"instrument":"$I","quantity":"$N","reduce_only":$B,
        "isolated":$B}}"#,
    r#"{"cancel":{"account":"$A","order":$O}}"#,
    r#"{"amend":{"account":"$A","order":$O,"quantity":"$N","price":"$N"}}"#,
    r#"{"trade":{"instrument":"$I","quantity":"$N","price":"$N","buyer":{"account":"$A"},
        "seller":{"account":"$A"}}}"#,
    r#"{"trade":{"instrument":"x:BTC/USDC:USDC","quantity":"$N","price":"70000",
        "buyer":{"account":"$A","isolated":$B,"fee":"$N"},"seller":{"account":"$A"}}}"#,
    r#"{"trade":{"instrument":"$I","quantity":"$N","price":"$N",
        "buyer":{"account":"$A","order":$O},"seller":{"account":"$A","isolated":$B}}}"#,
    r#"{"mark":{"instrument":"$I","mark":"$N"}}"#,
    r#"{"index":{"asset":"$C","price":"$N","confidence":"$R"}}"#,
    r#"{"margin":{"account":"$A","instrument":"$I","amount":"$N"}}"#,
    r#"{"mode":{"account":"$A","mode":"isolated","model":"cross"}}"#,
    r#"{"mode":{"account":"$A","mode":"portfolio","model":"deribit-pm"}}"#,
    r#"{"open":{"account":"$A","parent":"$A","mode":"cross","model":"cross"}}"#,
    r#"{"open":{"account":"$A","mode":"cross","model":"isolated"}}"#,
    r#"{"close":{"account":"$A"}}"#,
    r#"{"stop":{"account":"$A","order":$O,"instrument":"$I","when":{"stop-loss":"$N"}}}"#,
    r#"{"stop":{"account":"$A","order":$O,"instrument":"$I","when":{"trail-distance":"$N"},
        "quantity":"$N","may_open":$B}}"#,
    r#"{"stop":{"account":"$A","order":$O,"instrument":"$I","when":{"trail-rate":"$R"},
        "on":"index","isolated":$B,"other":$O}}"#,
    r#"{"cancel-stop":{"account":"$A","order":$O}}"#,
    r#"{"limit":{"instrument":"$I","for":{"account":"$A"},"contracts":"$N"}}"#,
    r#"{"limit":{"instrument":"$I","for":"venue","contracts":"$N","notional":"$N"}}"#,
    r#"{"link":{"group":"g","accounts":["$A","$A"]}}"#,
    r#"{"unlink":{"accounts":["$A"]}}"#,
    r#"{"alerts":{"account":"$A","levels":["$R","$R"],"step":"$R"}}"#,
    r#"{"outflow":{"asset":"$C","for":{"account":"$A"},"cap":{"most":"$N","seconds":$S}}}"#,
    r#"{"outflow":{"asset":"$C","for":"venue","cap":{"most":"$N","seconds":$S}}}"#,
    r#"{"interest":{"asset":"$C","terms":{"yearly":{"rate":"$R"},"lenders":"$R"}}}"#,
    r#"{"interest":{"asset":"$C","terms":{"yearly":{"curve":{"base":"$R","low_slope":"$R",
        "kink":"$R","high_slope":"$R"}},"lenders":"$R"}}}"#,
    r#"{"accrue":{}}"#,
    r#"{"governance":{"delay_seconds":$S,"step_seconds":$S,"most_per_step":"$R",
        "collateral_seconds":$S}}"#,
    r#"{"cancel-change":{"change":$O}}"#,
    r#"{"change-model":{"model":"cross","version":"1","over_seconds":$S}}"#,
    r#""time""#,
    r#"{"feed":{"of":{"asset":"$C"},"rule":{"sources":{"s":"$N","t":"1"},"max_age_seconds":$S,
        "divergence":"$R","least":$O,"failing":"halt"}}}"#,
    r#"{"feed":{"of":{"instrument":"$I"},"rule":{"sources":{"s":"1"},"max_age_seconds":$S,
        "divergence":"$R","least":1,"failing":"widen",
        "slow":{"every_seconds":3600,"most":"$R"}}}}"#,
    r#"{"feed":{"of":{"asset":"$C"}}}"#,
    r#"{"reading":{"of":{"asset":"$C"},"source":"s","price":"$N","confidence":"$R"}}"#,
    r#"{"reading":{"of":{"instrument":"$I"},"source":"s","price":"$N","time":"$T"}}"#,
    r#"{"funding":{"instrument":"$I","rate":"$R"}}"#,
    r#"{"funding":{"instrument":"$I","amount":"$N"}}"#,
    r#"{"funding-rule":{"instrument":"$I","rule":{"every_seconds":28800,"interest":"$R",
        "clamp":"$R","most":"$R","coverage":"$R"}}}"#,
    r#"{"settlement":{"asset":"$C","rule":{"window_seconds":$S,"coverage":"$R"}}}"#,
    r#"{"settle":{"instrument":"$I","price":"$N"}}"#,
    r#"{"delist":{"instrument":"$I","at":"$T","rule":"mark"}}"#,
    r#"{"delist":{"instrument":"$I","at":"$T","rule":{"average":{"window_seconds":$S,
        "coverage":"$R"}}}}"#,
    r#"{"list":{"instrument":"$I","contract_size":"$N","lot":"$N","expiry":"$T","mark":"$N"}}"#,
    r#"{"model":{"name":"$A"}}"#,
    r#"{"liquidation":{"rule":{"grace_seconds":$S,"step_seconds":$S,"end":"$R","close":{
        "first":"$R","growth":"$R","steps":$O,"slippage":"$R","fee":"$R"}}}}"#,
    r#"{"liquidation":{"rule":{"step_seconds":$S,"end":"0.8","auction":{"stale":"restart",
        "form":{"portfolio":{"asset":"$C","start":"0.95","knee":"$R","fast_seconds":$S,
        "slow_seconds":60,"insolvent_seconds":$S,"last_seconds":60,"least":"$R",
        "whole_below":"$N"}}}}}}"#,
    r#"{"liquidation":{"model":"cross","rule":{"step_seconds":1,"end":"0.9","auction":{"form":{
        "batch":{"asset":"USDC","seconds":$S,"least":"$R","worst":"$R"}}}}}}"#,
    r#"{"liquidation":{"model":"aave-v3","rule":{"step_seconds":1,"end":"0.9","auction":{"form":{
        "collateral":{"first":"$R","fall":{"stairs":{"cut":"$R","step_seconds":$S}},
        "tail_seconds":$S,"cusp":"$R","resets":$O,"dust":"$N","least":"$N"}}}}}}"#,
    r#"{"liquidation":{"model":"aave-v3","rule":{"step_seconds":1,"end":"0.9","auction":{"form":{
        "spread":{"discount":{"by-health":{"threshold":"$R","most":"$R"}},"close_factor":"$R",
        "dust":"$N","seconds":$S}}}}}}"#,
    r#"{"liquidation":{"model":"$A","rule":null}}"#,
    r#"{"take":{"account":"$A","by":"$A","quantity":"$N","price":"$N"}}"#,
    r#"{"take":{"account":"f","by":"b","quantity":"0.001","price":"$N"}}"#,
    r#"{"bid":{"account":"$A","by":"$A","share":"$R","limit":"$N"}}"#,
    r#"{"bid":{"account":"f","by":"a","share":"$R","limit":"$N"}}"#,
    r#"{"bid":{"account":"f","by":"b","share":"$R"}}"#,
    r#"{"bid":{"account":"g","by":"$A","amount":"$N","limit":"$N"}}"#,
    r#"{"bid":{"account":"$A","by":"a","amount":"$N"}}"#,
    r#"{"bid":{"account":"f","by":"a","share":"0.05"}}"#,
    r#"{"bid":{"account":"f","by":"b","share":"0.5","limit":"1000"}}"#,
    r#"{"bid":{"account":"g","by":"a","amount":"$N"}}"#,
    r#"{"mark":{"instrument":"x:BTC/USDC:USDC","mark":"60000"}}"#,
    r#"{"mark":{"instrument":"x:BTC/USDC:USDC","mark":"60000"}}"#,
    r#"{"mark":{"instrument":"x:BTC/USDC:USDC","mark":"59500"}}"#,
    r#"{"index":{"asset":"BTC","price":"60000"}}"#,
];

/// What every stream begins with.
const STAGE: &[&str] = &[
    r#"{"model":{"name":"cross"}}"#,
    r#"{"model":{"name":"isolated"}}"#,
    r#"{"model":{"name":"deribit-pm"}}"#,
    r#"{"index":{"asset":"BTC","price":"70000"}}"#,
    r#"{"index":{"asset":"USDC","price":"1"}}"#,
    r#"{"list":{"instrument":"x:BTC/USDC:USDC","contract_size":"1","lot":"0.001","mark":"70000"}}"#,
    r#"{"list":{"instrument":"x:BTC/USDC:USDC-260327","contract_size":"1","lot":"0.001",
        "expiry":"2026-03-13T21:00:00Z","mark":"70000"}}"#,
    r#"{"list":{"instrument":"x:BTC/USDC:USDC-260327-70000-C","contract_size":"1","lot":"0.1",
        "mark":"2000","iv":0.5,"forward":"70000"}}"#,
    r#"{"list":{"instrument":"x:BTC/USDC","contract_size":"1","lot":"0.001","mark":"70000"}}"#,
    r#"{"list":{"instrument":"x:BTC/USD:BTC","contract_size":"10","lot":"1","mark":"70000"}}"#,
    r#"{"open":{"account":"a","mode":"cross","model":"cross"}}"#,
    r#"{"open":{"account":"b","mode":"portfolio","model":"deribit-pm"}}"#,
    r#"{"open":{"account":"a/sub","parent":"a","mode":"cross","model":"cross"}}"#,
    r#"{"open":{"account":"d","mode":"isolated","model":"isolated"}}"#,
    r#"{"deposit":{"account":"a","asset":"USDC","amount":"1000000"}}"#,
    r#"{"deposit":{"account":"b","asset":"BTC","amount":"50"}}"#,
    r#"{"deposit":{"account":"b","asset":"USDC","amount":"500000"}}"#,
    r#"{"deposit":{"account":"a/sub","asset":"USDC","amount":"1000"}}"#,
    r#"{"deposit":{"account":"d","asset":"USDC","amount":"100000"}}"#,
    r#"{"trade":{"instrument":"x:BTC/USDC:USDC","quantity":"1","price":"70000",
        "buyer":{"account":"a"},"seller":{"account":"b"}}}"#,
    r#"{"trade":{"instrument":"x:BTC/USDC:USDC-260327","quantity":"0.2","price":"70000",
        "buyer":{"account":"d"},"seller":{"account":"a"}}}"#,
    r#"{"model":{"name":"aave-v3"}}"#,
    r#"{"open":{"account":"f","mode":"cross","model":"cross"}}"#,
    r#"{"deposit":{"account":"f","asset":"USDC","amount":"10200"}}"#,
    r#"{"trade":{"instrument":"x:BTC/USDC:USDC","quantity":"1","price":"70000",
        "buyer":{"account":"f"},"seller":{"account":"b"}}}"#,
    r#"{"open":{"account":"g","mode":"cross","model":"aave-v3"}}"#,
    r#"{"deposit":{"account":"g","asset":"BTC","amount":"1"}}"#,
    r#"{"withdraw":{"account":"g","asset":"USDC","amount":"50000"}}"#,
    r#"{"liquidation":{"rule":{"step_seconds":1,"end":"0.8","close":{"first":"0.5",
        "growth":"0.25","steps":1,"slippage":"0.001","fee":"0.0002"},"auction":{"form":{
        "portfolio":{"asset":"USDC","start":"0.95","knee":"0.7","fast_seconds":3600,
        "slow_seconds":86400,"insolvent_seconds":86400,"least":"0.01"}}}}}}"#,
    r#"{"liquidation":{"model":"aave-v3","rule":{"step_seconds":10,"end":"0.9","auction":{"form":{
        "spread":{"discount":{"fixed":"0.05"},"close_factor":"0.5","seconds":86400}}}}}}"#,
    // Two accounts fail, and are auctioned when a stream begins.
    r#"{"mark":{"instrument":"x:BTC/USDC:USDC","mark":"60000"}}"#,
    r#"{"index":{"asset":"BTC","price":"60000"}}"#,
    r#""time""#,
    r#""time""#,
    r#""time""#,
];

/// Streams of bytes that choose.
pub fn bytes_corpus() -> Vec<Vec<u8>> {
    let mut random = Random::new(11);
    let mut one = |length: usize| (0..length).map(|_| random.bits() as u8).collect();
    [40, 90, 160, 300, 600, 900].map(&mut one).to_vec()
}

/// The same streams as lines.
pub fn lines_corpus() -> Vec<Vec<u8>> {
    let lines = |bytes: &Vec<u8>| {
        let all = chosen(bytes).into_iter().take(30);
        all.map(|line| line.replace('\n', " ")).collect::<Vec<_>>().join("\n").into_bytes()
    };
    bytes_corpus().iter().map(lines).collect()
}

/// Bytes that choose.
pub fn bytes(input: &[u8]) -> bool {
    run(&chosen(input))
}

/// Lines, some of which may be commands.
pub fn lines(input: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(input) else { return false };
    run(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// What is left of the bytes.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next() % from.len()]
    }
}

/// The commands that bytes choose, as lines.
fn chosen(input: &[u8]) -> Vec<String> {
    let mut choices = Choices(input);
    let (mut lines, mut now, mut numbers) = (Vec::new(), START, [0u64; 2]);
    while !choices.0.is_empty() && lines.len() < LONGEST {
        now += choices.pick(STEPS) * 1_000_000_000;
        let template = choices.pick(ACTIONS);
        let action = filled(template, &mut choices, now);
        let sender = choices.next() % numbers.len();
        // One in sixteen is sent again, or comes too late.
        let number = match choices.next() % 32 {
            0 => numbers[sender],
            1 => numbers[sender].saturating_sub(3),
            _ => numbers[sender] + 1,
        };
        numbers[sender] = numbers[sender].max(number);
        let at = Timestamp::from_nanos(now);
        lines.push(format!(
            r#"{{"from":"desk{sender}","number":{number},"at":"{at}","do":{action}}}"#
        ));
    }
    lines
}

fn filled(template: &str, choices: &mut Choices<'_>, now: i64) -> String {
    let mut pieces = template.split('$');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (kind, rest) = piece.split_at(1);
        match kind {
            "A" => out += choices.pick(ACCOUNTS),
            "I" => out += choices.pick(INSTRUMENTS),
            "C" => out += choices.pick(COINS),
            "N" => out += choices.pick(NUMBERS),
            "R" => out += choices.pick(RATES),
            "S" => out += choices.pick(SECONDS),
            "B" => out += choices.pick(&["true", "false"]),
            "O" => out += &(choices.next() % 12).to_string(),
            _ => {
                let seconds = choices.pick(&[0, -60, 60, 3_600, 86_400, 1_000_000, i64::MAX >> 34]);
                out += &Timestamp::from_nanos(now).plus_nanos(seconds * 1_000_000_000).to_string();
            }
        }
        out += rest;
    }
    out
}

fn stage() -> &'static [u8] {
    static STAGED: OnceLock<Vec<u8>> = OnceLock::new();
    STAGED.get_or_init(|| {
        let mut engine = Engine::default();
        for (at, action) in STAGE.iter().enumerate() {
            let (number, left) = (at + 1, (STAGE.len() - at - 1) as i64);
            let at_time = Timestamp::from_nanos(START - left * 1_000_000_000);
            let line =
                format!(r#"{{"from":"stage","number":{number},"at":"{at_time}","do":{action}}}"#);
            let command = serde_json::from_str(&line).ok().and_then(|command: Command| {
                let applied = said(engine.apply(&command))?;
                (!is_refused(&applied)).then_some(())
            });
            assert!(command.is_some(), "{line}");
        }
        said(engine.snapshot()).unwrap_or_default()
    })
}

fn staged() -> Engine {
    match Engine::restore(stage()) {
        Ok(engine) => engine,
        Err(error) => panic!("the stage: {error}"),
    }
}

fn is_refused(applied: &Applied) -> bool {
    matches!(applied.answer().events.last(), Some(Event::Refused(_)))
}

/// Sends what is a command, and looks at what must hold after each; whether one was accepted.
fn run(lines: &[String]) -> bool {
    let (mut engine, mut sent, mut accepted) = (staged(), Vec::new(), false);
    for line in lines.iter().take(LONGEST) {
        let Some(command) = said(serde_json::from_str::<Command>(line)) else { continue };
        let ahead = command.at.nanos().saturating_sub(engine.state().now.nanos());
        if ahead > FURTHEST {
            continue;
        }
        if command.at >= engine.state().now {
            // What falls due by then is done, whatever becomes of the command.
            let (from, at) = ("clock".to_owned(), command.at);
            let number = engine.last_number(&from) + 1;
            let time = Command { from, number, at, action: Action::Time };
            apply(&mut engine, &time);
            sent.push(time);
        }
        accepted |= apply(&mut engine, &command);
        sent.push(command);
    }
    ends_alike(&mut engine, &sent);
    accepted
}

fn root(engine: &mut Engine) -> Option<Root> {
    said(engine.root())
}

/// One command, and what must hold after it; whether it was accepted.
fn apply(engine: &mut Engine, command: &Command) -> bool {
    let before = root(engine);
    let applied = match engine.apply(command) {
        Ok(applied) => applied,
        Err(broken) => panic!("{broken}: {command:?}"),
    };
    let after = root(engine);
    match &applied {
        Applied::Again(_) => assert_eq!(before, after, "a command sent again: {command:?}"),
        Applied::New(answer) => {
            assert_eq!(engine.apply(command), Ok(Applied::Again(answer.clone())), "sent again");
            if is_refused(&applied) {
                let kept = |root: Option<Root>| {
                    root.map(|root| (root.accounts, root.tree, root.total, root.parts))
                };
                let (before, after) = (kept(before), kept(after));
                assert_eq!(before, after, "a refusal changes nothing: {command:?}");
            }
        }
    }
    if let Some(total) = said(engine.state().total()) {
        assert!(total.is_empty(), "amounts out of nothing: {total:?} after {command:?}");
    }
    !is_refused(&applied)
}

/// A replay and a snapshot lead to the same root.
fn ends_alike(engine: &mut Engine, sent: &[Command]) {
    let Some(expected) = root(engine) else { return };
    let mut again = staged();
    for command in sent {
        assert!(said(again.apply(command)).is_some(), "a broken rule in a replay: {command:?}");
    }
    assert_eq!(root(&mut again).as_ref(), Some(&expected), "the root of a replay");
    let bytes = engine.snapshot().unwrap_or_else(|error| panic!("a snapshot: {error}"));
    let restored = Engine::restore(&bytes);
    let mut restored = restored.unwrap_or_else(|error| panic!("its own snapshot: {error}"));
    let restored = root(&mut restored);
    assert_eq!(restored, Some(expected), "the root of a snapshot");
}
