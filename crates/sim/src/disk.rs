//! The engine over its journal, on a simulated disk that fails as disks do.
//!
//! A batch is submitted while something may go wrong with any write or flush of it. Then the
//! machine starts again from what the disk has: the batch is there whole or not at all, and sent
//! once more it gets the answers that it would have got.

use crate::random::Random;
use keelmark_durable::{Durable, DurableError};
use keelmark_engine::{Answer, Command, Event, Refusal};
use keelmark_journal::sim::{Disk, End, Faults, Random as DiskRandom};
use keelmark_journal::{Journal, Options};

/// Something goes wrong with one batch in so many.
const FAULT_ONE_IN: usize = 40;
/// A snapshot is taken after one batch in so many.
const SNAPSHOT_ONE_IN: usize = 15;
/// A batch writes and flushes about so many times.
const OPERATIONS: usize = 16;

/// A durable engine on a disk of its own.
pub struct Machine {
    disk: Disk,
    durable: Durable<Journal>,
    random: Random,
    /// Faults injected, kills included.
    pub faults: u64,
}

/// A batch with what must come of it.
pub struct Expected<'a> {
    /// The commands.
    pub commands: &'a [Command],
    /// Their answers.
    pub answers: &'a [Answer],
    /// Commands in the log before it.
    pub before: u64,
    /// Commands in the log after it.
    pub after: u64,
}

impl Machine {
    /// An empty one.
    ///
    /// # Errors
    /// When the journal cannot be made: a fault of the simulation.
    pub fn new(seed: u64) -> Result<Self, String> {
        let disk = Disk::default();
        let durable = opened(&disk)?;
        // Another stream than that of the commands.
        let random = Random::new(seed ^ 0x5bd1_e995);
        Ok(Self { disk, durable, random, faults: 0 })
    }

    /// The state root, in hexadecimal digits.
    ///
    /// # Errors
    /// When the state has none.
    pub fn root(&mut self) -> Result<String, String> {
        Ok(self.durable.root().map_err(|error| error.to_string())?.hash.to_string())
    }

    /// Sends a batch through whatever goes wrong and compares its answers with those expected;
    /// whether something went wrong.
    ///
    /// # Errors
    /// What was lost, half done or answered otherwise.
    pub fn batch(&mut self, expected: &Expected<'_>) -> Result<bool, String> {
        let fault = self.random.chance(1, FAULT_ONE_IN);
        if fault {
            self.inject();
        }
        match self.durable.submit(expected.commands) {
            Ok(answers) => {
                same(&answers, expected.answers)?;
                if fault {
                    self.restart(expected, true)?;
                }
            }
            Err(DurableError::Journal(_)) if fault => self.restart(expected, false)?,
            Err(error) => return Err(format!("a batch failed without a fault: {error}")),
        }
        if self.random.chance(1, SNAPSHOT_ONE_IN) {
            self.durable.snapshot().map_err(|error| format!("a snapshot: {error}"))?;
        }
        Ok(fault)
    }

    fn inject(&mut self) {
        self.faults += 1;
        let at = Some(self.disk.operations() + self.random.below(OPERATIONS) as u64);
        let faults = match self.random.below(4) {
            0 => Faults { full_from: at, ..Faults::default() },
            1 => Faults { fail_at: at, ..Faults::default() },
            _ => Faults { stop_at: at, ..Faults::default() },
        };
        self.disk.set_faults(faults, self.random.any());
    }

    /// Starts again from the disk. What was acknowledged is there; sent again, the batch gets its
    /// answers.
    fn restart(&mut self, expected: &Expected<'_>, acknowledged: bool) -> Result<(), String> {
        let end = *self.random.pick(&[End::Killed, End::PowerLost]);
        let mut random = DiskRandom(self.random.any());
        self.disk = self.disk.restart(end, &mut random);
        self.durable = opened(&self.disk)?;
        let there = self.durable.engine().state().sequence;
        let &Expected { before, after, .. } = expected;
        if there != after && (acknowledged || there != before) {
            return Err(format!(
                "{end:?}: the log has {there} commands, expected {after}, all of the batch{}",
                if acknowledged { "" } else { ", or none of it" }
            ));
        }
        let again = self.durable.submit(expected.commands);
        let again = again.map_err(|error| format!("after a restart: {error}"))?;
        same(&again, expected.answers)
    }
}

fn opened(disk: &Disk) -> Result<Durable<Journal>, String> {
    let journal = disk.open(Options::default()).map_err(|error| format!("opening: {error}"))?;
    let recovered = Durable::recover(journal).map_err(|error| format!("recovering: {error}"))?;
    Ok(recovered.0)
}

/// The same events, under the same numbers of the log. What is no longer kept is refused under
/// whatever number is the last.
fn same(found: &[Answer], expected: &[Answer]) -> Result<(), String> {
    let passed = |answer: &Answer| {
        matches!(answer.events.first(), Some(Event::Refused(Refusal::NumberPassed { .. })))
    };
    if found.len() != expected.len() {
        return Err(format!("{} answers, expected {}", found.len(), expected.len()));
    }
    for (found, expected) in found.iter().zip(expected) {
        let numbered = found.sequence == expected.sequence || passed(expected);
        if found.events != expected.events || !numbered {
            return Err(format!("answered {found:?}, expected {expected:?}"));
        }
    }
    Ok(())
}
