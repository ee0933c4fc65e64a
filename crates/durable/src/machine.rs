//! The one writer: apply, append, flush once, answer.

use crate::error::DurableError;
use crate::record::Record;
use crate::replay::{Replayed, replay};
use keelmark_engine::command::Action;
use keelmark_engine::root::{Proof, Root};
use keelmark_engine::{AccountId, Answer, Applied, Command, Engine, Event};
use keelmark_journal::{Journal, Log, Options, Recovery, Sequence};
use std::path::Path;

/// An engine whose answers are on disk before they are given.
#[derive(Debug)]
pub struct Durable<L> {
    engine: Engine,
    log: L,
    stopped: bool,
}

/// What opening a directory found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What the journal had to repair.
    pub journal: Recovery,
    /// The record after which the snapshot stands that was restored; 0 without one.
    pub snapshot: u64,
    /// What was applied again.
    pub replayed: Replayed,
}

impl Durable<Journal> {
    /// Opens a directory, or makes it; ends in the state of the last batch that was answered, or of
    /// one more that was on its way.
    ///
    /// # Errors
    /// [`DurableError`] of the journal, its snapshot or its replay.
    pub fn open(directory: &Path) -> Result<(Self, Recovered), DurableError> {
        Self::recover(Journal::open(directory, Options::default())?)
    }

    /// The same for a journal that is open.
    ///
    /// # Errors
    /// As [`Durable::open`].
    pub fn recover(journal: Journal) -> Result<(Self, Recovered), DurableError> {
        let (mut engine, snapshot) = restored(&journal)?;
        let from = Sequence(snapshot).plus(1);
        let replayed = replay(&mut engine, &journal, from, |_, _| Ok::<(), DurableError>(()))?;
        let recovered = Recovered { journal: journal.recovery(), snapshot, replayed };
        Ok((Self { engine, log: journal, stopped: false }, recovered))
    }

    /// Keeps the state as a snapshot, and drops the log before the oldest snapshot kept. Returns
    /// the record it stands after.
    ///
    /// # Errors
    /// [`DurableError`] of the journal.
    pub fn snapshot(&mut self) -> Result<Sequence, DurableError> {
        self.alive()?;
        let at = self.log.head().last;
        let latest = self.log.latest_snapshot()?.map(|latest| latest.at.last);
        if at == Sequence(0) || latest == Some(at) {
            return Ok(at);
        }
        let bytes = self
            .engine
            .snapshot()
            .map_err(|error| DurableError::Snapshot { at: at.0, problem: error.to_string() })?;
        self.log.save_snapshot(at, &mut bytes.as_slice())?;
        if let Some(oldest) = self.log.snapshots()?.first() {
            self.log.truncate(oldest.at.last)?;
        }
        Ok(at)
    }
}

/// The engine of the latest snapshot, and the record it stands after; an empty one without.
///
/// # Errors
/// [`DurableError`] of the journal, or of a snapshot that cannot be restored.
pub fn restored(journal: &Journal) -> Result<(Engine, u64), DurableError> {
    let Some(latest) = journal.latest_snapshot()? else { return Ok((Engine::default(), 0)) };
    let at = latest.at.last.0;
    let bytes = journal.read_snapshot(&latest)?.read_all()?;
    let engine = Engine::restore(&bytes)
        .map_err(|error| DurableError::Snapshot { at, problem: error.to_string() })?;
    Ok((engine, at))
}

impl<L: Log> Durable<L> {
    /// An engine over a log that it agrees with.
    pub fn over(engine: Engine, log: L) -> Self {
        Self { engine, log, stopped: false }
    }

    /// The engine, in the state of the last batch.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The root of the state.
    ///
    /// # Errors
    /// [`DurableError::Root`] when a sum over the accounts does not fit.
    pub fn root(&mut self) -> Result<Root, DurableError> {
        Ok(self.engine.root()?)
    }

    /// The proof that an account is counted in the root.
    ///
    /// # Errors
    /// [`DurableError::Root`] when a sum over the accounts does not fit.
    pub fn prove(&mut self, id: AccountId) -> Result<Proof, DurableError> {
        Ok(self.engine.prove(id)?)
    }

    /// Applies a batch of commands and returns their answers once all of them are flushed.
    ///
    /// # Errors
    /// [`DurableError`]: nothing of the batch may be taken for done, and no more batches are taken.
    pub fn submit(&mut self, commands: &[Command]) -> Result<Vec<Answer>, DurableError> {
        self.alive()?;
        self.stopped = true;
        let mut answers = Vec::with_capacity(commands.len());
        let mut records = Vec::with_capacity(commands.len() + 1);
        for command in commands {
            let applied = self.engine.apply(command)?;
            if let Applied::New(answer) = &applied {
                records.push(written(&Record::Command(Box::new(pinned(command, answer))))?);
            }
            answers.push(applied.into_answer());
        }
        if !records.is_empty() {
            let after = self.engine.state().sequence;
            let root = self.engine.root()?.hash.to_string();
            records.push(written(&Record::Root { after, root })?);
            let records: Vec<&[u8]> = records.iter().map(Vec::as_slice).collect();
            self.log.append(&records)?;
        }
        self.stopped = false;
        Ok(answers)
    }

    fn alive(&self) -> Result<(), DurableError> {
        if self.stopped { Err(DurableError::Stopped) } else { Ok(()) }
    }
}

fn written(record: &Record) -> Result<Vec<u8>, DurableError> {
    record.to_bytes().map_err(|error| DurableError::Record {
        sequence: 0,
        problem: format!("expected what JSON can say: {error}"),
    })
}

/// A command as the log keeps it: a built-in document by its digest too, since another build may
/// have another document of that name.
fn pinned(command: &Command, answer: &Answer) -> Command {
    let mut command = command.clone();
    if let (Action::Model(model), Some(Event::ModelKnown { digest, .. })) =
        (&mut command.action, answer.events.last())
    {
        model.digest = Some(digest.clone());
    }
    command
}
