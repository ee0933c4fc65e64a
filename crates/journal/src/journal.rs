//! The journal itself: one writer, one flush a batch, and nothing after a failure.
//!
//! Every change is one transaction of the storage. What is kept in memory, the head and the base,
//! changes only after the transaction is durable.

use std::fs::File;
use std::sync::OnceLock;

use redb::{Database, ReadTransaction, ReadableDatabase, WriteTransaction};

use crate::reading::Rows;
use crate::storage::guarded;
use crate::tables::{self, BASE_ROW, BATCHES, HEAD_ROW, PART_BYTES};
use crate::{Batch, Batches, Head, JournalError, Log, Recovery, Sequence, batch};

/// A durable log with snapshots, in one directory. See the [crate] for an example.
#[derive(Debug)]
pub struct Journal {
    database: Database,
    base: Head,
    head: Head,
    pub(crate) snapshots_kept: usize,
    recovery: Recovery,
    poison: OnceLock<String>,
    buffer: Vec<u8>,
    /// Given up last, after the storage is closed.
    _lock: Option<File>,
}

impl Journal {
    /// What the opening found to do.
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// The last record that was truncated away, and the chain there; zero if none was.
    pub const fn base(&self) -> Head {
        self.base
    }

    /// Removes the oldest batches, those whose records are all `last` or before, and returns the
    /// new base. What is freed is used again; the file does not shrink.
    ///
    /// # Errors
    /// A record beyond the oldest kept snapshot, or not in the log: nothing is removed.
    pub fn truncate(&mut self, last: Sequence) -> Result<Head, JournalError> {
        let oldest = self.snapshots()?.first().map_or(Sequence(0), |snapshot| snapshot.at.last);
        if last > oldest {
            return Err(JournalError::NeededBySnapshot { asked: last, oldest });
        }
        if last <= self.base.last {
            return Ok(self.base);
        }
        let base = match self.batches_from(last)?.next().transpose()? {
            Some(batch) if batch.after().last == last => batch.after(),
            Some(batch) => batch.before(),
            None => self.base,
        };
        self.write("truncating the log", |tx| {
            let failed = "truncating the log";
            let mut rows = tx.open_table(BATCHES).map_err(JournalError::storage(failed))?;
            let gone = ..(base.last.plus(1).0, 0);
            rows.retain_in(gone, |_, _| false).map_err(JournalError::storage(failed))?;
            tables::put_head(tx, BASE_ROW, base)
        })?;
        self.base = base;
        Ok(base)
    }

    /// Closes the journal, so that opening it again finds nothing to repair.
    ///
    /// Dropping it does the same and keeps silent about failures.
    ///
    /// # Errors
    /// An earlier failure, or one of the storage. What was acknowledged is durable all the same.
    pub fn close(self) -> Result<(), JournalError> {
        self.alive()?;
        let Self { database, .. } = self;
        guarded("closing", || database.close().map_err(JournalError::storage("closing")))
    }

    /// Takes over a storage whose tables are there.
    pub(crate) fn over(
        database: Database,
        snapshots_kept: usize,
        recovery: Recovery,
        lock: Option<File>,
    ) -> Result<Self, JournalError> {
        let (base, head) = guarded("reading base and head", || {
            let failed = JournalError::storage("reading base and head");
            let tx = database.begin_read().map_err(failed)?;
            Ok((tables::head(&tx, BASE_ROW)?, tables::head(&tx, HEAD_ROW)?))
        })?;
        if head.last < base.last {
            let expected = format!("a head at record {} or later", base.last);
            let found = format!("{}", head.last);
            return Err(JournalError::damaged("the row `head`", None, expected, found));
        }
        let (poison, buffer) = (OnceLock::new(), Vec::new());
        let snapshots_kept = snapshots_kept.max(1);
        let journal =
            Self { database, base, head, snapshots_kept, recovery, poison, buffer, _lock: lock };
        // The last batch is read now: a journal that opened is one that can be continued.
        if head.last > base.last {
            journal.batches_from(head.last)?.try_for_each(|batch| batch.map(drop))?;
        }
        Ok(journal)
    }

    /// One transaction, durable when this returns; whatever fails in it undoes all of it.
    pub(crate) fn write<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&WriteTransaction) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.alive()?;
        let result = guarded(doing, || {
            let tx = self.database.begin_write().map_err(JournalError::storage(doing))?;
            let value = change(&tx)?;
            tx.commit().map_err(JournalError::storage(doing))?;
            Ok(value)
        });
        self.poisoned_by(result)
    }

    /// Reads what is durable now.
    pub(crate) fn read<T>(
        &self,
        doing: &'static str,
        look: impl FnOnce(&ReadTransaction) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.alive()?;
        let result = guarded(doing, || {
            look(&self.database.begin_read().map_err(JournalError::storage(doing))?)
        });
        self.poisoned_by(result)
    }

    /// Lets the storage check every page; the journal must not be read meanwhile.
    pub(crate) fn check_storage(&mut self) -> Result<(), JournalError> {
        self.alive()?;
        let result = guarded("checking the storage", || {
            let checked = self.database.check_integrity();
            checked.map_err(JournalError::storage("checking the storage"))
        });
        self.poisoned_by(result).map(drop)
    }

    pub(crate) const fn not_in_log(&self, asked: Sequence) -> JournalError {
        let (first, last) = (self.base.last.plus(1), self.head.last);
        JournalError::NotInLog { asked, first, last }
    }

    fn alive(&self) -> Result<(), JournalError> {
        let poisoned = |cause: &String| JournalError::Poisoned { cause: cause.clone() };
        self.poison.get().map_or(Ok(()), |cause| Err(poisoned(cause)))
    }

    /// Passes the result on, and stops the journal for good if it is a failure.
    pub(crate) fn poisoned_by<T>(
        &self,
        result: Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if let Err(error) = &result
            && !error.is_refusal()
        {
            self.poison.get_or_init(|| error.to_string());
        }
        result
    }
}

impl Log for Journal {
    fn append(&mut self, records: &[&[u8]]) -> Result<Sequence, JournalError> {
        self.alive()?;
        if records.is_empty() {
            return Ok(self.head.last);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let first = self.head.last.plus(1);
        let head = batch::encode(self.head, records, &mut buffer)?;
        self.write("appending a batch", |tx| {
            let failed = JournalError::storage("appending a batch");
            let mut rows = tx.open_table(BATCHES).map_err(failed)?;
            for (part, bytes) in (0..).zip(buffer.chunks(PART_BYTES)) {
                tables::put_part(&mut rows, first, part, bytes)?;
            }
            tables::put_head(tx, HEAD_ROW, head)
        })?;
        self.buffer = buffer;
        self.head = head;
        Ok(head.last)
    }

    fn head(&self) -> Head {
        self.head
    }

    fn batches_from(&self, first: Sequence) -> Result<Batches<'_>, JournalError> {
        let next = self.head.last.plus(1);
        if first <= self.base.last || first > next {
            return Err(self.not_in_log(first));
        }
        if first == next {
            self.alive()?;
            return Ok(Box::new(std::iter::empty()));
        }
        let mut rows =
            self.read("finding a record", |tx| Rows::at(tx, self.base, self.head, first))?;
        let mut failed = false;
        Ok(Box::new(std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let read = |rows: &mut Rows| {
                self.alive()?;
                self.poisoned_by(guarded("reading a batch", || rows.next()))
            };
            let batch = read(&mut rows).transpose()?;
            failed = batch.is_err();
            Some(batch.map(|batch: Batch| batch.from(first)))
        })))
    }
}
