//! Seeded steps on a journal, and what must be in it afterwards.

use keelmark_journal::sim::{Disk, Random};
use keelmark_journal::{Journal, JournalError, Log, Options, Sequence, SnapshotReader};

/// What the journal acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// All records ever, truncated or not.
    pub records: Vec<Vec<u8>>,
    /// The last record of each batch.
    pub ends: Vec<u64>,
    /// The snapshots kept, oldest first: where each stands and its bytes.
    pub snapshots: Vec<(u64, Vec<u8>)>,
    /// The last record truncated away.
    pub base: u64,
}

#[derive(Clone, Debug)]
pub enum Step {
    Append(Vec<Vec<u8>>),
    Snapshot(Vec<u8>),
    Truncate(u64),
    Reopen,
}

impl Held {
    /// What is held after `step`.
    pub fn after(&self, step: &Step) -> Self {
        let mut held = self.clone();
        match step {
            Step::Append(records) => {
                held.records.extend(records.clone());
                held.ends.push(held.records.len() as u64);
            }
            Step::Snapshot(bytes) => {
                held.snapshots.push((held.records.len() as u64, bytes.clone()));
                if held.snapshots.len() > 2 {
                    held.snapshots.remove(0);
                }
            }
            Step::Truncate(last) => {
                let ends = held.ends.iter().filter(|&end| end <= last);
                held.base = ends.fold(held.base, |base, &end| base.max(end));
            }
            Step::Reopen => {}
        }
        held
    }

    /// A next step that is allowed.
    pub fn step(&self, random: &mut Random) -> Step {
        let head = self.records.len() as u64;
        let oldest = self.snapshots.first().map_or(0, |snapshot| snapshot.0);
        let fresh = self.snapshots.last().is_none_or(|snapshot| snapshot.0 < head);
        match random.below(10) {
            0 | 1 if fresh => Step::Snapshot(bytes(random, 150_000)),
            2 if oldest > self.base => {
                Step::Truncate(self.base + 1 + random.below(oldest - self.base))
            }
            3 => Step::Reopen,
            _ => {
                let size = [20, 300, 300, 90_000][random.below(4) as usize];
                Step::Append((0..=random.below(6)).map(|_| bytes(random, size)).collect())
            }
        }
    }

    /// Panics unless the journal holds exactly this and every hash of it fits.
    pub fn check(&self, journal: &mut Journal) {
        let found = journal.verify().expect("verifies");
        assert_eq!(found.base.last, Sequence(self.base), "base");
        assert_eq!(found.head.last, Sequence(self.records.len() as u64), "head");
        let ends = self.ends.iter().filter(|&&end| end > self.base);
        assert_eq!(found.batches, ends.count() as u64, "batches");
        let wanted = self.records.iter().zip(1..).skip(self.base as usize);
        let mut wanted = wanted.map(|(record, number)| (Sequence(number), &record[..]));
        for batch in journal.batches_from(Sequence(self.base + 1)).expect("reads") {
            for record in batch.expect("reads").records() {
                assert!(Some(record) == wanted.next(), "record {}", record.0);
            }
        }
        assert!(wanted.next().is_none(), "records missing");
        let snapshots: Vec<_> = found
            .snapshots
            .iter()
            .map(|snapshot| {
                let bytes = journal.read_snapshot(snapshot).and_then(SnapshotReader::read_all);
                (snapshot.at.last.0, bytes.expect("reads"))
            })
            .collect();
        assert!(snapshots == self.snapshots, "snapshots");
    }
}

fn bytes(random: &mut Random, below: u64) -> Vec<u8> {
    let seed = random.below(256) as u8;
    (0..random.below(below)).map(|at| (at as u8).wrapping_mul(31) ^ seed).collect()
}

/// How far a run came: what is held, and the step that failed with what it would have made.
pub struct Run {
    pub held: Held,
    pub failed: Option<(usize, Held, JournalError)>,
    pub journal: Option<Journal>,
}

impl Run {
    /// Makes `steps` seeded steps on a disk, up to the first that fails.
    pub fn of(disk: &Disk, seed: u64, steps: usize) -> Self {
        let mut run = Self { held: Held::default(), failed: None, journal: None };
        let mut random = Random(seed);
        match disk.open(Options::default()) {
            Ok(journal) => run.journal = Some(journal),
            Err(error) => run.failed = Some((0, Held::default(), error)),
        }
        for number in 1..=steps {
            let step = run.held.step(&mut random);
            let after = run.held.after(&step);
            let Some(journal) = run.journal.take() else { break };
            match take(disk, journal, &step, &run.held) {
                Ok(journal) => {
                    run.journal = Some(journal);
                    run.held = after;
                }
                Err(error) => run.failed = Some((number, after, error)),
            }
        }
        run
    }
}

fn take(
    disk: &Disk,
    mut journal: Journal,
    step: &Step,
    held: &Held,
) -> Result<Journal, JournalError> {
    let done = match step {
        Step::Append(records) => {
            let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            journal.append(&records).map(drop)
        }
        Step::Snapshot(bytes) => {
            let at = Sequence(held.records.len() as u64);
            journal.save_snapshot(at, &mut &bytes[..]).map(drop)
        }
        Step::Truncate(last) => journal.truncate(Sequence(*last)).map(drop),
        Step::Reopen => {
            journal.close()?;
            return disk.open(Options::default());
        }
    };
    if let Err(error) = done {
        let again = journal.append(&[b"after a failure"]).expect_err("poisoned");
        assert!(matches!(again, JournalError::Poisoned { .. }), "{error}, then {again}");
        return Err(error);
    }
    Ok(journal)
}
