//! The journal against the disk's own bound and against the storage that was not chosen.
//!
//! Given a directory on the disk to measure, it prints, for each size of batch, how long one
//! durable batch takes: written and flushed to a file that is already there (the bound), appended
//! to the journal, to one that has been truncated, and put into fjall with a flush, bare, without
//! chain and count. They take turns, since a shared disk drifts. Then how long a snapshot and an
//! opening take.
//!
//! On a busy machine the clock shows the scheduler, some milliseconds a wake-up, and ratios of
//! means come out too kind. So the tenth part of the calls that was quickest is shown too (p10),
//! and the time that the thread itself worked.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use keelmark_journal::{Journal, Log, Options};
use rustix::time::{ClockId, clock_gettime};

type Failure = Box<dyn std::error::Error>;

/// The size of a record and how many a batch has.
const BATCHES: [(usize, usize); 5] = [(200, 1), (128, 32), (128, 512), (128, 8192), (65536, 1)];
const ROUNDS: usize = 20;
const TURN: usize = 10;
const PREALLOCATED: u64 = 256 << 20;

fn main() -> Result<(), Failure> {
    let given = std::env::args_os().nth(1).ok_or("name a directory on the disk to measure")?;
    let place = PathBuf::from(given).join("keelmark-journal-comparison");
    fs::create_dir_all(&place)?;
    batches(&place)?;
    snapshots(&place)?;
    openings(&place)?;
    fs::remove_dir_all(&place)?;
    Ok(())
}

trait Store {
    /// Makes the records durable.
    fn put(&mut self, records: &[&[u8]]) -> Result<(), Failure>;
}

struct Flush {
    file: File,
    at: u64,
}

impl Flush {
    fn new(path: &Path) -> Result<Self, Failure> {
        let mut file = File::create(path)?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..PREALLOCATED >> 20 {
            file.write_all(&zeros)?;
        }
        file.sync_all()?;
        Ok(Self { file, at: 0 })
    }
}

impl Store for Flush {
    fn put(&mut self, records: &[&[u8]]) -> Result<(), Failure> {
        let bytes = records.concat();
        self.at = if self.at + bytes.len() as u64 > PREALLOCATED { 0 } else { self.at };
        self.file.write_all_at(&bytes, self.at)?;
        self.file.sync_data()?;
        self.at += bytes.len() as u64;
        Ok(())
    }
}

impl Store for Journal {
    fn put(&mut self, records: &[&[u8]]) -> Result<(), Failure> {
        self.append(records)?;
        Ok(())
    }
}

struct Fjall {
    database: Database,
    log: Keyspace,
    next: u64,
}

impl Fjall {
    fn new(path: &Path) -> Result<Self, Failure> {
        let database = Database::builder(path).open()?;
        let log = database.keyspace("log", KeyspaceCreateOptions::default)?;
        Ok(Self { database, log, next: 1 })
    }
}

impl Store for Fjall {
    fn put(&mut self, records: &[&[u8]]) -> Result<(), Failure> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        batch.insert(&self.log, self.next.to_be_bytes(), records.concat());
        batch.commit()?;
        self.next += records.len() as u64;
        Ok(())
    }
}

/// Times by the clock and of the thread's work.
#[derive(Default)]
struct Times {
    clock: Vec<Duration>,
    work: Duration,
}

impl Times {
    fn take(&mut self, call: impl FnOnce() -> Result<(), Failure>) -> Result<(), Failure> {
        let (work, clock) = (thread_time(), Instant::now());
        call()?;
        self.clock.push(clock.elapsed());
        self.work += thread_time() - work;
        Ok(())
    }

    fn percentile(&mut self, percent: usize) -> Duration {
        self.clock.sort_unstable();
        self.clock[(self.clock.len() - 1) * percent / 100]
    }

    fn mean(&self) -> Duration {
        self.clock.iter().sum::<Duration>() / self.clock.len() as u32
    }
}

/// A journal that has been in use for a while: its file has grown, and most of it is free again.
fn truncated(directory: &Path) -> Result<Journal, Failure> {
    let mut journal = Journal::open(directory, Options::default())?;
    let record = vec![7; 1 << 20];
    for _ in 0..PREALLOCATED >> 20 {
        journal.append(&[&record])?;
    }
    let last = journal.head().last;
    journal.save_snapshot(last, &mut &b"state"[..])?;
    journal.truncate(last)?;
    Ok(journal)
}

fn batches(place: &Path) -> Result<(), Failure> {
    let mut stores: [(&str, Box<dyn Store>); 4] = [
        ("flush", Box::new(Flush::new(&place.join("flush"))?)),
        ("journal", Box::new(Journal::open(&place.join("journal"), Options::default())?)),
        ("journal, truncated", Box::new(truncated(&place.join("truncated"))?)),
        ("fjall", Box::new(Fjall::new(&place.join("fjall"))?)),
    ];
    println!("| records x bytes | store | p10 | p50 | p99 | mean | to flush: p10, mean | work |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (size, count) in BATCHES {
        let record: Vec<u8> = (0..size).map(|at| (at * 31 % 251) as u8).collect();
        let records = vec![&record[..]; count];
        let mut times = [const { Times { clock: Vec::new(), work: Duration::ZERO } }; 4];
        for _ in 0..ROUNDS {
            for ((_, store), times) in stores.iter_mut().zip(&mut times) {
                for _ in 0..TURN {
                    times.take(|| store.put(&records))?;
                }
            }
        }
        let bound = (times[0].percentile(10), times[0].mean());
        for ((name, _), times) in stores.iter().zip(&mut times) {
            let (quiet, mean) = (times.percentile(10), times.mean());
            let (middle, tail) = (times.percentile(50), times.percentile(99));
            let ratio = |time: Duration, bound: Duration| time.as_secs_f64() / bound.as_secs_f64();
            let (quietly, on_average) = (ratio(quiet, bound.0), ratio(mean, bound.1));
            let work = times.work / times.clock.len() as u32;
            println!(
                "| {count} x {size} | {name} | {quiet:.0?} | {middle:.2?} | {tail:.1?} | \
                 {mean:.2?} | {quietly:.2}, {on_average:.2} | {work:.0?} |"
            );
        }
    }
    Ok(())
}

fn snapshots(place: &Path) -> Result<(), Failure> {
    let mut journal = Journal::open(&place.join("snapshots"), Options::default())?;
    for mebibytes in [1_u64, 64, 512] {
        let at = journal.append(&[b"one more"])?;
        let mut times = Times::default();
        let mut source = std::io::repeat(7).take(mebibytes << 20);
        times.take(|| Ok(journal.save_snapshot(at, &mut source).map(drop)?))?;
        let saved = times.mean();
        let latest = journal.latest_snapshot()?.ok_or("no snapshot")?;
        let mut into = std::io::sink();
        let clock = Instant::now();
        std::io::copy(&mut journal.read_snapshot(&latest)?, &mut into)?;
        println!(
            "snapshot of {mebibytes} MiB: saved in {saved:.1?}, read in {:.1?}",
            clock.elapsed()
        );
    }
    Ok(())
}

fn openings(place: &Path) -> Result<(), Failure> {
    for name in ["journal", "snapshots"] {
        let directory = place.join(name);
        let bytes = fs::metadata(directory.join("journal.redb"))?.len();
        let clock = Instant::now();
        let mut journal = Journal::open(&directory, Options::default())?;
        let (opened, found) = (clock.elapsed(), journal.recovery());
        let clock = Instant::now();
        let records = journal.verify()?.records();
        let verified = clock.elapsed();
        println!("{} MiB: opened in {opened:.1?} ({found:?})", bytes >> 20);
        println!("{records} records: verified in {verified:.1?}");
    }
    Ok(())
}

fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
