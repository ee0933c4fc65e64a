//! The machine stops, fails or lies at every operation of a workload: what was acknowledged is
//! there, what was not is whole or absent, and damage is never taken for content.
//!
//! A failure prints its case; `KEELMARK_SEEDS` sets how many seeds are run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use keelmark_journal::sim::{Disk, End, Faults, Random};
use keelmark_journal::{JournalError, Log, Options, Recovery};

mod workload;

use workload::{Held, Run, Step};

const STEPS: usize = 16;

fn seeds() -> u64 {
    std::env::var("KEELMARK_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(2)
}

/// Runs a case and says which one it was if it fails.
fn case(name: &str, run: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
        eprintln!("the case that failed: {name}");
        resume_unwind(panic);
    }
}

/// How many operations the workload makes when nothing goes wrong.
fn operations(seed: u64) -> u64 {
    let disk = Disk::default();
    let mut run = Run::of(&disk, seed, STEPS);
    assert!(run.failed.is_none());
    let operations = disk.operations();
    run.held.check(run.journal.as_mut().unwrap());
    operations
}

/// Opens after a failure, checks, goes on, and checks again, also after the power went.
fn recovered(disk: &Disk, run: &Run, random: &mut Random) -> Recovery {
    let mut journal = disk.open(Options::default()).expect("opens");
    let recovery = journal.recovery();
    let (head, base) = (journal.head().last.0, journal.base().last.0);
    let after = run.failed.as_ref().map_or(&run.held, |(_, after, _)| after);
    let snapshots = journal.snapshots().expect("lists");
    let last = snapshots.last().map(|snapshot| snapshot.at.last.0);
    // Which of the two states it is in is free to choose; that it is one of them is not.
    let is = |held: &Held| {
        (held.records.len() as u64, held.base, held.snapshots.last().map(|s| s.0))
            == (head, base, last)
    };
    let held = if is(&run.held) { &run.held } else { after };
    held.check(&mut journal);
    journal.append(&[b"goes on"]).expect("appends");
    let held = held.after(&Step::Append(vec![b"goes on".to_vec()]));
    held.check(&mut journal);
    let restarted = disk.restart(End::PowerLost, random);
    held.check(&mut restarted.open(Options::default()).expect("opens again"));
    recovery
}

#[test]
fn a_stop_at_every_operation_loses_nothing_acknowledged() {
    let (mut cases, mut undone) = (0, 0);
    for seed in 0..seeds() {
        for stop in 0..operations(seed) {
            let disk = Disk::default();
            disk.set_faults(Faults { stop_at: Some(stop), ..Faults::default() }, seed);
            let run = Run::of(&disk, seed, STEPS);
            assert!(run.failed.is_some(), "seed {seed}: no failure at operation {stop}");
            for (end, salt) in [(End::Killed, 0), (End::PowerLost, 1), (End::PowerLost, 2)] {
                let step = run.failed.as_ref().map_or(0, |failed| failed.0);
                let name = format!("seed {seed}, step {step}, operation {stop}, {end:?} {salt}");
                let mut random = Random(seed << 32 | stop << 2 | salt);
                let restarted = disk.restart(end, &mut random);
                case(&name, || {
                    let recovery = recovered(&restarted, &run, &mut random);
                    undone += u64::from(recovery == Recovery::RolledBack);
                });
                cases += 1;
            }
        }
    }
    println!("{cases} stops, {undone} with a write undone");
    assert!(undone > 0, "no stop left an unfinished write: the disk is too kind");
}

#[test]
fn a_failing_operation_poisons_and_loses_nothing() {
    for seed in 0..seeds() {
        for fault in (0..operations(seed)).step_by(3) {
            for full in [false, true] {
                let disk = Disk::default();
                let (fail_at, full_from) =
                    if full { (None, Some(fault)) } else { (Some(fault), None) };
                disk.set_faults(Faults { fail_at, full_from, ..Faults::default() }, seed);
                let run = Run::of(&disk, seed, STEPS);
                for end in [End::Killed, End::PowerLost] {
                    let name = format!("seed {seed}, operation {fault}, full {full}, {end:?}");
                    let mut random = Random(seed << 32 | fault);
                    let restarted = disk.restart(end, &mut random);
                    case(&name, || {
                        recovered(&restarted, &run, &mut random);
                    });
                }
            }
        }
    }
}

/// One flipped bit or, every third time, a sector of others.
fn damage(disk: &Disk, random: &mut Random) -> String {
    let byte = random.below(disk.bytes());
    if random.below(3) > 0 {
        let bit = random.below(8) as u8;
        disk.damage(byte, bit);
        return format!("byte {byte}, bit {bit}");
    }
    let sector = byte / 512 * 512;
    for byte in sector..sector + 512 {
        (0..8).filter(|_| random.below(2) == 0).for_each(|bit| disk.damage(byte, bit));
    }
    format!("the sector at {sector}")
}

#[test]
fn damage_on_the_disk_is_never_content() {
    let (mut refused, mut named, mut harmless) = (0, 0, 0);
    // The fourth damaged the storage's record of what is free, which was believed once.
    for seed in 0..2 * seeds() {
        let disk = Disk::default();
        let run = Run::of(&disk, seed, STEPS);
        run.journal.unwrap().close().unwrap();
        let mut random = Random(seed);
        for _ in 0..300 {
            let damaged = disk.restart(End::Killed, &mut Random(0));
            let what = damage(&damaged, &mut random);
            case(&format!("seed {seed}, {what}"), || match damaged.open(Options::default()) {
                Ok(mut journal) => {
                    run.held.check(&mut journal);
                    harmless += 1;
                }
                Err(JournalError::Damaged { sequence, .. }) => {
                    refused += 1;
                    named += u64::from(sequence.is_some());
                }
                Err(JournalError::Foreign { .. } | JournalError::Newer { .. }) => refused += 1,
                Err(other) => panic!("{other}"),
            });
        }
    }
    println!("{refused} refused, {named} of them with the record, {harmless} in unused bytes");
    assert!(named > 0 && named * 2 > refused);
}

#[test]
fn a_flipped_bit_on_reading_is_never_content() {
    let (mut seen, mut unseen) = (0, 0);
    for seed in 0..seeds() {
        let disk = Disk::default();
        let run = Run::of(&disk, seed, STEPS);
        run.journal.unwrap().close().unwrap();
        let mut random = Random(seed);
        for _ in 0..300 {
            let (byte, bit) = (random.below(disk.bytes()), random.below(8) as u8);
            let lying = disk.restart(End::Killed, &mut Random(0));
            let journal = lying.open(Options::default()).unwrap();
            lying.set_faults(Faults { flip: Some((byte, bit)), ..Faults::default() }, seed);
            case(&format!("seed {seed}, byte {byte}, bit {bit}"), || {
                let next = run.held.base + 1;
                let mut records = run.held.records.iter().skip(run.held.base as usize);
                let Ok(batches) = journal.batches_from(keelmark_journal::Sequence(next)) else {
                    seen += 1;
                    return;
                };
                for batch in batches {
                    let Ok(batch) = batch else {
                        seen += 1;
                        return;
                    };
                    for (_, record) in batch.records() {
                        assert_eq!(Some(record), records.next().map(Vec::as_slice));
                    }
                }
                assert!(records.next().is_none());
                unseen += 1;
            });
        }
    }
    println!("{seen} seen, {unseen} not read");
}

#[test]
fn a_batch_takes_one_flush() {
    let disk = Disk::default();
    let mut journal = disk.open(Options::default()).unwrap();
    for size in [200, 60_000, 300_000] {
        let record = vec![7; size];
        let (mut flushes, mut length, mut grown) = (disk.flushes(), disk.bytes(), 0);
        for _ in 0..100 {
            journal.append(&[&record]).unwrap();
            if disk.bytes() == length {
                assert_eq!(disk.flushes(), flushes + 1, "a batch of {size} bytes");
            } else {
                grown += 1;
            }
            (flushes, length) = (disk.flushes(), disk.bytes());
        }
        assert!(grown < 12, "the file grew at {grown} of 100 batches of {size} bytes");
    }
}

#[test]
fn one_seed_makes_one_disk() {
    let image = |seed| {
        let disk = Disk::default();
        disk.set_faults(Faults { stop_at: Some(100), ..Faults::default() }, seed);
        drop(Run::of(&disk, seed, STEPS));
        disk.restart(End::PowerLost, &mut Random(seed)).image()
    };
    assert!(image(5) == image(5));
    assert!(image(5) != image(6));
}
