//! From a journal to an engine: the latest snapshot, what came after it, every root compared.

use crate::error::DurableError;
use crate::record::Record;
use keelmark_engine::{Answer, Applied, Command, Engine};
use keelmark_journal::{Log, Sequence};

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Commands applied.
    pub commands: u64,
    /// Roots that were compared, all of them equal.
    pub roots: u64,
}

/// Applies the records of a log from one on. `seen` is called with each command and its answer.
///
/// # Errors
/// [`DurableError`]: a record that cannot be read, a root that differs, an engine that breaks; and
/// whatever `seen` fails with, which ends the replay.
pub fn replay<E: From<DurableError>>(
    engine: &mut Engine,
    log: &dyn Log,
    from: Sequence,
    mut seen: impl FnMut(&Command, &Answer) -> Result<(), E>,
) -> Result<Replayed, E> {
    let mut done = Replayed::default();
    for batch in log.batches_from(from).map_err(DurableError::from)? {
        let batch = batch.map_err(DurableError::from)?;
        for (sequence, bytes) in batch.records() {
            match Record::from_bytes(sequence.0, bytes)? {
                Record::Command(command) => {
                    let applied = engine.apply(&command).map_err(DurableError::from)?;
                    let Applied::New(answer) = &applied else {
                        let problem = "expected a new command, found one that was applied before";
                        let (sequence, problem) = (sequence.0, problem.to_owned());
                        return Err(DurableError::Record { sequence, problem }.into());
                    };
                    done.commands += 1;
                    seen(&command, answer)?;
                }
                Record::Root { after, root } => {
                    compare(engine, after, &root)?;
                    done.roots += 1;
                }
            }
        }
    }
    Ok(done)
}

fn compare(engine: &mut Engine, after: u64, written: &str) -> Result<(), DurableError> {
    let found = engine.root()?.hash.to_string();
    if found == written && engine.state().sequence == after {
        return Ok(());
    }
    Err(DurableError::RootDiffers { after, written: written.to_owned(), found })
}
