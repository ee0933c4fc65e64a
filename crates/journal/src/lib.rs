//! The durable log of the live engine, and its snapshots. It knows bytes, not margin.
//!
//! The engine writes each command down before it answers, in batches: one append, one flush, and
//! all of it is on the disk or none of it. After a crash the engine takes the latest snapshot and
//! reads what came after it. Each batch carries a hash over the one before, so that a changed bit,
//! a missing batch or another order is found; `docs/journal-format.md` draws every byte.
//!
//! Rejected: a file format of our own (decision 0015). What makes a log hard is what disks do
//! when they fail, and [redb](https://docs.rs/redb) has been through that.
//!
//! It refuses to do: reading clocks or random numbers, going on after a failed write or flush,
//! handing out bytes whose hash does not fit, and opening a directory twice or one that is not
//! its own. It does not protect against whoever can write the file and computes a new chain: note
//! the [`head`](Log::head) elsewhere for that.
//!
//! ```
//! use keelmark_journal::{Journal, Log, Options, Sequence};
//! # let directory = std::env::temp_dir().join(format!("keelmark-doc-{}", std::process::id()));
//! let mut journal = Journal::open(&directory, Options::default())?;
//! journal.append(&[b"deposit 100", b"buy 2"])?;
//! journal.save_snapshot(Sequence(2), &mut &b"cash 98, position 2"[..])?;
//! journal.append(&[b"sell 1"])?;
//! journal.close()?;
//!
//! let journal = Journal::open(&directory, Options::default())?;
//! let snapshot = journal.latest_snapshot()?.ok_or("no snapshot")?;
//! assert_eq!(journal.read_snapshot(&snapshot)?.read_all()?, b"cash 98, position 2");
//! for batch in journal.batches_from(snapshot.at.last.plus(1))? {
//!     assert!(batch?.records().eq([(Sequence(3), &b"sell 1"[..])]));
//! }
//! # drop(journal);
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: `log` the trait that a replicated log may implement one day; `journal` the one writer
//! and what stops it; `batch` bytes and chain of a batch; `reading` rows back into batches;
//! `snapshot` and `verify`; `directory` opened, recognised and locked; `storage` the library
//! underneath, checked; `tables` what is in it; `error` what can go wrong; `sequence` places in
//! the log. Under the feature `sim`: `sim`, a disk that fails as disks do.

mod batch;
mod directory;
mod error;
mod journal;
mod log;
mod reading;
mod sequence;
#[cfg(feature = "sim")]
pub mod sim;
mod snapshot;
mod storage;
mod tables;
mod verify;

pub use batch::{BATCH_BYTES_MAX, Batch};
pub use directory::Options;
pub use error::JournalError;
pub use journal::Journal;
pub use log::{Batches, Log};
pub use sequence::{Chain, Head, Sequence};
pub use snapshot::{Snapshot, SnapshotReader};
pub use storage::Recovery;
pub use verify::Verified;
