//! The one thing the engine asks of a log: keep these bytes in this order, and give them back.
//!
//! Snapshots and truncation are not part of it. They belong to the machine that holds the disk; a
//! log that is replicated between machines takes this trait's place and leaves them alone.

use crate::{Batch, Head, JournalError, Sequence};

/// An ordered, durable log of records.
pub trait Log {
    /// Appends the records as one batch and returns the number of the last one, once all of them
    /// are durable. The batch is whole or absent whatever happens. No records: nothing is done.
    ///
    /// # Errors
    /// After an error that is no refusal, the batch may or may not be in the log when it is
    /// opened again.
    fn append(&mut self, records: &[&[u8]]) -> Result<Sequence, JournalError>;

    /// The last record and the chain there.
    fn head(&self) -> Head;

    /// The batches from the one that holds record `first`, without the records before it. `first`
    /// may be one beyond the last record: then there are none.
    ///
    /// # Errors
    /// A record that is not in the log, or no longer; a failure of the storage.
    fn batches_from(&self, first: Sequence) -> Result<Batches<'_>, JournalError>;
}

/// Batches in order. After an error there are no more.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<Batch, JournalError>> + 'a>;
