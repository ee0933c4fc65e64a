//! What can go wrong with a journal, and what to do about it.
//!
//! There are two kinds. A refusal ([`JournalError::is_refusal`]) changed nothing, and the journal
//! goes on. Anything else poisons it: after a failed write or flush nobody knows what the disk
//! holds, and asking again may report a success that is none ("Can Applications Recover from
//! fsync Failures?", Rebello et al., 2020). Opening again finds out, since it reads from the disk.

use std::io;
use std::path::PathBuf;

use crate::Sequence;

/// A call on the journal that failed, with what was expected, what was found and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process, or another part of this one, has the journal open.
    #[error(
        "{path}: the journal is open elsewhere: stop the process that holds it, or give this one \
         a directory of its own"
    )]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The directory holds something that is not a journal.
    #[error("{path}: expected a journal or an empty directory, found {found}: name another one")]
    Foreign {
        /// The directory or file.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// The journal was written by a later version of this crate.
    #[error(
        "the journal has format version {found}, and this program knows up to {known}: open it \
         with the program that wrote it, or a later one"
    )]
    Newer {
        /// The version in the file.
        found: u32,
        /// The latest version known here.
        known: u32,
    },
    /// Bytes are not what was written.
    #[error(
        "the journal is damaged at {place}: expected {expected}, found {found}: keep the \
         directory for examination and restore it from a copy"
    )]
    Damaged {
        /// Where, in words.
        place: String,
        /// The first record concerned, where it is known.
        sequence: Option<Sequence>,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// The storage failed: a read, a write, a flush, a full disk.
    #[error(
        "{doing}: {source}: nothing acknowledged is lost; see to the disk and open the journal \
         again"
    )]
    Storage {
        /// What was being done.
        doing: &'static str,
        /// The storage's own error.
        source: Box<redb::Error>,
    },
    /// The file system failed outside the storage: directory, lock.
    #[error("{path}: {doing}: {source}")]
    Directory {
        /// The file or directory.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// An earlier call failed, and nothing more is done until the journal is opened again.
    #[error(
        "the journal stopped at an earlier failure ({cause}): restart and open it again, which \
         recovers everything acknowledged"
    )]
    Poisoned {
        /// The message of the failure.
        cause: String,
    },
    /// A batch that is too large for one flush; nothing was written.
    #[error("a batch of {bytes} bytes, at most {max} are taken: append it in several")]
    BatchTooLarge {
        /// Its size, with four bytes a record for lengths.
        bytes: u64,
        /// The limit.
        max: u64,
    },
    /// Records that are not in the log.
    #[error("record {asked} is not in the log, which holds {first} to {last}")]
    NotInLog {
        /// The record asked for.
        asked: Sequence,
        /// The first that is there.
        first: Sequence,
        /// The last that is there.
        last: Sequence,
    },
    /// A snapshot may stand only at the end of a batch.
    #[error("no batch ends at record {asked}, the nearest before ends at {before}")]
    NotBatchEnd {
        /// Where it was to stand.
        asked: Sequence,
        /// The end of the batch before.
        before: Sequence,
    },
    /// A truncation that would remove what the oldest kept snapshot needs.
    #[error(
        "truncating to record {asked} would remove what the oldest kept snapshot, at {oldest}, is \
         continued from: truncate to {oldest} at most"
    )]
    NeededBySnapshot {
        /// The last record that was to go.
        asked: Sequence,
        /// The oldest snapshot; 0 if there is none.
        oldest: Sequence,
    },
    /// There is no such snapshot, or no longer.
    #[error("no snapshot stands at record {asked}")]
    NoSnapshot {
        /// The place asked for.
        asked: Sequence,
    },
    /// A snapshot stands there already.
    #[error("a snapshot already stands at record {asked}, or at a later one: {latest}")]
    SnapshotExists {
        /// The place asked for.
        asked: Sequence,
        /// The latest snapshot.
        latest: Sequence,
    },
    /// The bytes of a snapshot could not be read from where the caller has them.
    #[error("reading the bytes of a new snapshot: {0}: nothing of it was kept")]
    Source(#[source] io::Error),
}

impl JournalError {
    /// Whether nothing was changed and the journal goes on.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::BatchTooLarge { .. }
                | Self::NotInLog { .. }
                | Self::NotBatchEnd { .. }
                | Self::NeededBySnapshot { .. }
                | Self::NoSnapshot { .. }
                | Self::SnapshotExists { .. }
                | Self::Source(_)
        )
    }

    pub(crate) fn damaged(
        place: impl Into<String>,
        sequence: Option<Sequence>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let (place, expected, found) = (place.into(), expected.into(), found.into());
        Self::Damaged { place, sequence, expected, found }
    }

    /// For `map_err`: the storage's error, with what was being done.
    pub(crate) fn storage<E: Into<redb::Error>>(doing: &'static str) -> impl Fn(E) -> Self {
        move |source| match source.into() {
            redb::Error::Corrupted(found) => {
                let place = format!("the storage, while {doing}");
                Self::damaged(place, None, "pages as they were written", found)
            }
            source => Self::Storage { doing, source: Box::new(source) },
        }
    }
}
