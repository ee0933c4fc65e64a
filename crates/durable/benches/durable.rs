//! What durability costs, against the engine in memory and one flush of the same disk in the same
//! run: commands a second by batch, one command alone, and replay against live.
//! `cargo bench -p keelmark-durable --bench durable -- DIRECTORY`
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use keelmark_durable::Durable;
use keelmark_engine::{Command, Engine};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

const FLUSHES: usize = 201;
const ALONE: usize = 201;
const BATCHES: usize = 41;

fn main() {
    let given = std::env::args().skip(1).find(|text| !text.starts_with("--"));
    let directory = given.map_or_else(std::env::temp_dir, PathBuf::from);
    let directory = directory.join(format!("keelmark-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    measure(&directory);
    std::fs::remove_dir_all(&directory).unwrap();
}

fn measure(directory: &Path) {
    let flush = flush(directory);
    println!("one flush of 4 KiB appended: {:.0} us (median of {FLUSHES})", flush * 1e6);
    let (mut durable, _) = Durable::open(&directory.join("data")).unwrap();
    let mut number = 0;
    durable.submit(&market(&mut number)).unwrap();
    let alone = median((0..ALONE).map(|_| {
        let command = trade(&mut number);
        seconds(|| drop(durable.submit(&[command]).unwrap()))
    }));
    let ratio = alone / flush;
    println!("one command alone: {:.0} us, {ratio:.1} flushes (target 2)", alone * 1e6);
    let memory = in_memory();
    println!("in memory: {:.0} commands a second", 1.0 / memory);
    for size in [16, 64, 256, 1_024] {
        let each = median((0..BATCHES).map(|_| {
            let commands: Vec<Command> = (0..size).map(|_| trade(&mut number)).collect();
            seconds(|| drop(durable.submit(&commands).unwrap())) / f64::from(size)
        }));
        // A batch can be no faster than the engine, nor than its flush.
        let bound = memory.max(flush / f64::from(size));
        println!(
            "batches of {size}: {:.0} commands a second, {:.2} of min(memory, batch / flush) \
             (target 0.5)",
            1.0 / each,
            bound / each
        );
    }
    let commands = durable.engine().state().sequence;
    drop(durable);
    let replay = seconds(|| drop(Durable::open(&directory.join("data")).unwrap()));
    let live = memory * commands as f64;
    println!(
        "replay of {commands} commands, reading and roots included: {:.1} s, {:.2} of the live \
         rate in memory (target 1)",
        replay,
        live / replay
    );
}

fn flush(directory: &Path) -> f64 {
    let mut file = File::create(directory.join("flush")).unwrap();
    let block = [7u8; 4_096];
    median((0..FLUSHES).map(|_| {
        seconds(|| {
            file.write_all(&block).unwrap();
            file.sync_data().unwrap();
        })
    }))
}

/// Seconds a command without a journal.
fn in_memory() -> f64 {
    let (mut engine, mut number) = (Engine::default(), 0);
    for command in market(&mut number) {
        engine.apply(&command).unwrap();
    }
    median((0..BATCHES).map(|_| {
        let commands: Vec<Command> = (0..256).map(|_| trade(&mut number)).collect();
        let all = seconds(|| {
            for command in &commands {
                drop(engine.apply(command).unwrap());
            }
        });
        all / 256.0
    }))
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn command(number: &mut u64, action: &str) -> Command {
    *number += 1;
    let line =
        format!(r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z","do":{action}}}"#);
    serde_json::from_str(&line).unwrap()
}

fn market(number: &mut u64) -> Vec<Command> {
    let mut actions = vec![
        r#"{"model":{"name":"cross"}}"#.to_owned(),
        r#"{"index":{"asset":"USDC","price":"1"}}"#.to_owned(),
        r#"{"index":{"asset":"C","price":"100"}}"#.to_owned(),
        r#"{"list":{"instrument":"venue:C/USDC:USDC","contract_size":"1","lot":"0.01",
            "mark":"100"}}"#
            .to_owned(),
    ];
    for at in 0..100 {
        actions.push(format!(r#"{{"open":{{"account":"a{at}","mode":"cross","model":"cross"}}}}"#));
        actions.push(format!(
            r#"{{"deposit":{{"account":"a{at}","asset":"USDC","amount":"100000"}}}}"#
        ));
    }
    actions.iter().map(|action| command(number, action)).collect()
}

fn trade(number: &mut u64) -> Command {
    let (buyer, seller) = (*number * 7_919 % 100, (*number * 7_919 + 1 + *number % 98) % 100);
    command(
        number,
        &format!(
            r#"{{"trade":{{"instrument":"venue:C/USDC:USDC","quantity":"0.25","price":"100.1",
                "buyer":{{"account":"a{buyer}"}},"seller":{{"account":"a{seller}"}}}}}}"#
        ),
    )
}
