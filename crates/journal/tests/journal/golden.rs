//! The journal of version 1, committed as a file: today's code reads it, and writes the same chain.

use super::{chain, open, place};
use std::fs;
use std::path::{Path, PathBuf};

use keelmark_journal::{Journal, Log, Options, Recovery, Sequence};

const HEAD: &str = "6ef1a35441ad165d2b943399ba75c0bbfd5951e8975d2dde080f63168a6ca4da";
const DIGEST: &str = "0e316d8e87bae72d2aec56b18795d8fe963ce2b163e6e2a007a5ba865e069354";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/1.redb")
}

/// A record that fills more than one part.
fn long() -> Vec<u8> {
    (0..70_000_u32).map(|at| (at / 1000) as u8).collect()
}

fn write(directory: &Path) {
    let mut journal = Journal::open(directory, Options::default()).unwrap();
    journal.append(&[b"one", b"", b"three"]).unwrap();
    journal.append(&[&long()]).unwrap();
    journal.save_snapshot(Sequence(3), &mut &b"after three"[..]).unwrap();
    journal.save_snapshot(Sequence(4), &mut &long()[..]).unwrap();
    journal.truncate(Sequence(3)).unwrap();
    journal.append(&[b"five"]).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_journal_of_version_1_is_read() {
    let directory = place("golden");
    fs::create_dir_all(&directory).unwrap();
    fs::copy(golden(), directory.join("journal.redb")).unwrap();
    let mut journal = open(&directory);
    assert_eq!(journal.recovery(), Recovery::Whole);
    let verified = journal.verify().unwrap();
    assert_eq!(verified.head.chain.to_string(), HEAD);
    assert_eq!(verified.head.chain, chain(&[&[b"one", b"", b"three"], &[&long()], &[b"five"]]));
    assert_eq!(verified.base.chain, chain(&[&[b"one", b"", b"three"]]));
    assert_eq!(verified.snapshots.len(), 2);
    let latest = verified.snapshots[1];
    assert_eq!(keelmark_journal::Chain(latest.digest).to_string(), DIGEST);
    assert_eq!(journal.read_snapshot(&latest).unwrap().read_all().unwrap(), long());
    let mut records = Vec::new();
    for batch in journal.batches_from(Sequence(4)).unwrap() {
        records.extend(batch.unwrap().records().map(|record| record.1.to_vec()));
    }
    assert!(records == [long(), b"five".to_vec()]);
    journal.append(&[b"six"]).unwrap();
}

#[test]
fn today_writes_the_same_chain() {
    let directory = place("as golden");
    write(&directory);
    let verified = open(&directory).verify().unwrap();
    assert_eq!(verified.head.chain.to_string(), HEAD);
    assert_eq!(keelmark_journal::Chain(verified.snapshots[1].digest).to_string(), DIGEST);
}

/// For a new version alone: the files of the older ones stay as they are.
#[test]
#[ignore = "writes the golden journal"]
fn write_golden() {
    let directory = place("golden to be");
    write(&directory);
    assert!(!golden().exists(), "it is there, and what it is for is to stay");
    fs::create_dir_all(golden().parent().unwrap()).unwrap();
    fs::copy(directory.join("journal.redb"), golden()).unwrap();
}
