//! What can go wrong between the engine and its journal, and what to do about it.

use keelmark_engine::Broken;
use keelmark_engine::root::RootError;
use keelmark_journal::JournalError;

/// A failure of the durable engine. Refused commands are no failures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DurableError {
    /// The journal failed or refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The engine broke one of its rules.
    #[error("{0}: stop; keep the directory, and report the command with the version")]
    Broken(#[from] Broken),
    /// The state has no root.
    #[error("the state root: {0}")]
    Root(#[from] RootError),
    /// A record that is no command and no root.
    #[error("record {sequence} of the journal: {problem}")]
    Record {
        /// Its number.
        sequence: u64,
        /// What was expected and found.
        problem: String,
    },
    /// A replay leads to another state.
    #[error(
        "the state after command {after} has root {found}, and {written} was written: this build \
         does not compute what the journal's did; open it with the version that wrote it"
    )]
    RootDiffers {
        /// The command.
        after: u64,
        /// The root in the journal.
        written: String,
        /// The root computed.
        found: String,
    },
    /// A snapshot that cannot be restored.
    #[error("the snapshot after record {at}: {problem}")]
    Snapshot {
        /// The record it stands after.
        at: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// An earlier failure: the state in memory may be ahead of the disk.
    #[error("stopped by an earlier failure: open the directory again")]
    Stopped,
}
