//! The journal on real files: its directory, what it refuses, what it keeps, and the journal that
//! an earlier version of this code wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use keelmark_journal::{Chain, Journal, JournalError, Log, Options, Recovery, Sequence};
use redb::{Database, ReadableTable, TableDefinition};

mod golden;

const BATCHES: TableDefinition<(u64, u32), &[u8]> = TableDefinition::new("batches");
const JOURNAL: TableDefinition<&str, &[u8]> = TableDefinition::new("journal");

/// An empty place for a directory, one a test.
fn place(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("journal").join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory).unwrap();
    }
    directory
}

fn open(directory: &Path) -> Journal {
    Journal::open(directory, Options::default()).unwrap()
}

#[track_caller]
fn refused(directory: &Path) -> JournalError {
    Journal::open(directory, Options::default()).expect_err("refused")
}

/// A closed journal of three batches: records 1-2, 3 and 4-6.
fn three_batches(name: &str) -> PathBuf {
    let directory = place(name);
    let mut journal = open(&directory);
    for batch in [&[&b"one"[..], b"two"][..], &[b"three"], &[b"four", b"five", b"six"]] {
        journal.append(batch).unwrap();
    }
    journal.close().unwrap();
    directory
}

type Change = fn(&redb::WriteTransaction);

/// Changes a closed journal behind its back.
fn tamper(directory: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(directory.join("journal.redb")).unwrap();
    let tx = database.begin_write().unwrap();
    change(&tx);
    tx.commit().unwrap();
}

fn numbers(journal: &Journal, from: u64) -> Vec<u64> {
    let batches = journal.batches_from(Sequence(from)).unwrap();
    let numbers = |batch: keelmark_journal::Batch| -> Vec<u64> {
        batch.records().map(|(number, _)| number.0).collect()
    };
    batches.flat_map(|batch| numbers(batch.unwrap())).collect()
}

/// The engine's thread takes the journal with it.
const _: fn() = || {
    fn moves<T: Send + Sync>() {}
    moves::<Journal>();
};

#[test]
fn one_directory_is_open_once() {
    let directory = place("once");
    let first = open(&directory);
    assert_eq!(first.recovery(), Recovery::Created);
    let error = refused(&directory);
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("stop the process"), "{error}");
    drop(first);
    assert_eq!(open(&directory).recovery(), Recovery::Whole);
}

#[test]
fn what_is_not_a_journal_is_left_alone() {
    let directory = place("foreign");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("notes.txt"), "mine").unwrap();
    assert!(refused(&directory).to_string().contains("notes.txt"));
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing was made");

    fs::write(directory.join("journal.redb"), "not a database at all").unwrap();
    assert!(matches!(refused(&directory), JournalError::Foreign { .. }));

    fs::remove_file(directory.join("journal.redb")).unwrap();
    drop(Database::create(directory.join("journal.redb")).unwrap());
    assert!(refused(&directory).to_string().contains("something else"));
}

#[test]
fn a_later_version_is_refused() {
    let directory = three_batches("later");
    tamper(&directory, |tx| {
        tx.open_table(JOURNAL).unwrap().insert("version", &2_u32.to_le_bytes()[..]).unwrap();
    });
    let error = refused(&directory);
    assert!(matches!(error, JournalError::Newer { found: 2, known: 1 }), "{error}");
}

#[test]
fn a_journal_whose_making_was_interrupted_is_made_again() {
    let directory = place("unfinished");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("journal.redb.new"), [0; 5000]).unwrap();
    assert_eq!(open(&directory).recovery(), Recovery::Created);
    assert!(!directory.join("journal.redb.new").exists());
}

#[test]
fn records_are_read_from_anywhere() {
    let directory = three_batches("anywhere");
    let mut journal = open(&directory);
    for from in 1..=7 {
        assert_eq!(numbers(&journal, from), (from..=6).collect::<Vec<_>>());
    }
    for from in [0, 8] {
        let error = journal.batches_from(Sequence(from)).err().unwrap();
        assert!(error.to_string().contains("holds 1 to 6"), "{error}");
    }
    assert_eq!(journal.append(&[]).unwrap(), Sequence(6));
    assert_eq!(journal.append(&[b""]).unwrap(), Sequence(7), "a refusal does not stop it");
}

#[test]
fn snapshots_stand_at_ends_of_batches_and_the_last_two_stay() {
    let mut journal = open(&three_batches("snapshots"));
    let save = |journal: &mut Journal, at: u64| journal.save_snapshot(Sequence(at), &mut &b"x"[..]);
    let error = save(&mut journal, 5).unwrap_err();
    assert!(matches!(error, JournalError::NotBatchEnd { before: Sequence(3), .. }), "{error}");
    assert!(matches!(save(&mut journal, 7), Err(JournalError::NotInLog { .. })));
    for at in [2, 3, 6] {
        save(&mut journal, at).unwrap();
    }
    assert!(matches!(save(&mut journal, 6), Err(JournalError::SnapshotExists { .. })));
    let kept: Vec<u64> = journal.snapshots().unwrap().iter().map(|s| s.at.last.0).collect();
    assert_eq!(kept, [3, 6]);
    assert_eq!(journal.verify().unwrap().snapshots.len(), 2);
}

#[test]
fn a_large_snapshot_comes_back_whole() {
    let directory = three_batches("large");
    let mut journal = open(&directory);
    let bytes: Vec<u8> = (0..3_000_001_u32).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    let saved = journal.save_snapshot(Sequence(6), &mut &bytes[..]).unwrap();
    journal.close().unwrap();
    let journal = open(&directory);
    let found = journal.latest_snapshot().unwrap().unwrap();
    assert_eq!(found, saved);
    assert_eq!(found.at, journal.head());
    assert!(journal.read_snapshot(&found).unwrap().read_all().unwrap() == bytes);
    let mut streamed = Vec::new();
    journal.read_snapshot(&found).unwrap().read_to_end(&mut streamed).unwrap();
    assert!(streamed == bytes);
}

#[test]
fn a_snapshot_whose_source_fails_is_absent_and_the_journal_goes_on() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("gone"))
        }
    }
    let mut journal = open(&three_batches("source"));
    let mut source = io::repeat(7).take(1_000_000).chain(Failing);
    let error = journal.save_snapshot(Sequence(6), &mut source).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    assert_eq!(journal.latest_snapshot().unwrap(), None);
    journal.append(&[b"seven"]).unwrap();
    journal.verify().unwrap();
}

#[test]
fn the_log_is_truncated_to_the_oldest_snapshot_at_most() {
    let directory = three_batches("truncate");
    let mut journal = open(&directory);
    let error = journal.truncate(Sequence(2)).unwrap_err();
    assert!(matches!(error, JournalError::NeededBySnapshot { oldest: Sequence(0), .. }));
    journal.save_snapshot(Sequence(6), &mut &b"state"[..]).unwrap();
    assert_eq!(journal.truncate(Sequence(5)).unwrap().last, Sequence(3), "whole batches only");
    assert_eq!(journal.truncate(Sequence(1)).unwrap().last, Sequence(3));
    assert!(journal.batches_from(Sequence(3)).is_err());
    assert_eq!(numbers(&journal, 4), [4, 5, 6]);
    journal.truncate(Sequence(6)).unwrap();
    journal.close().unwrap();

    let mut journal = open(&directory);
    let verified = journal.verify().unwrap();
    assert_eq!((verified.records(), verified.first()), (0, None));
    assert_eq!(journal.append(&[b"seven"]).unwrap(), Sequence(7));
    assert_eq!(journal.verify().unwrap().first(), Some(Sequence(7)));
}

#[test]
fn a_batch_removed_moved_or_changed_is_named() {
    let changes: [(&str, u64, Change); 5] = [
        ("first removed", 1, |tx| remove(tx, 1)),
        ("middle removed", 3, |tx| remove(tx, 3)),
        ("last removed", 4, |tx| remove(tx, 4)),
        ("changed", 3, |tx| {
            let mut rows = tx.open_table(BATCHES).unwrap();
            let mut bytes = rows.get((3, 0)).unwrap().unwrap().value().to_vec();
            *bytes.last_mut().unwrap() ^= 1;
            rows.insert((3, 0), &bytes[..]).unwrap();
        }),
        ("one twice", 3, |tx| {
            let mut rows = tx.open_table(BATCHES).unwrap();
            let bytes = rows.get((1, 0)).unwrap().unwrap().value().to_vec();
            rows.insert((3, 0), &bytes[..]).unwrap();
        }),
    ];
    for (name, at, change) in changes {
        let directory = three_batches(&format!("tampered {name}"));
        tamper(&directory, change);
        let opened = Journal::open(&directory, Options::default());
        let error = opened.and_then(|mut journal| journal.verify()).expect_err(name);
        let JournalError::Damaged { sequence, .. } = &error else { panic!("{name}: {error}") };
        assert_eq!(*sequence, Some(Sequence(at)), "{name}: {error}");
    }
}

fn remove(tx: &redb::WriteTransaction, first: u64) {
    tx.open_table(BATCHES).unwrap().remove((first, 0)).unwrap();
}

#[test]
fn damage_stops_the_journal() {
    let directory = three_batches("damage");
    tamper(&directory, |tx| remove(tx, 1));
    let mut journal = open(&directory);
    assert!(journal.verify().is_err());
    let error = journal.append(&[b"seven"]).unwrap_err();
    assert!(error.to_string().contains("restart and open it again"), "{error}");
    assert!(journal.latest_snapshot().is_err());
    assert!(journal.close().is_err());
}

/// The chain as `docs/journal-format.md` words it, from the records alone.
fn chain(batches: &[&[&[u8]]]) -> Chain {
    let (mut before, mut first) = ([0; 32], 1_u64);
    for records in batches {
        let lengths = records.iter().flat_map(|record| (record.len() as u32).to_le_bytes());
        let body: Vec<u8> = lengths.chain(records.concat()).collect();
        let hashed = [
            &before[..],
            &first.to_le_bytes(),
            &(body.len() as u64 + 4).to_le_bytes(),
            &(records.len() as u32).to_le_bytes(),
            &body,
        ];
        before = blake3::derive_key("keelmark journal 1 batch", &hashed.concat());
        first += records.len() as u64;
    }
    Chain(before)
}
