//! The rows of the log, read in order, joined into batches and checked against the chain.

use std::cmp::Ordering;

use redb::{Range, ReadOnlyTable, ReadTransaction};

use crate::tables::{BATCHES, PartKey};
use crate::{Batch, Head, JournalError, Sequence, batch};

/// The rest of the log from one batch on, as it was when reading began.
pub(crate) struct Rows {
    parts: Range<'static, PartKey, &'static [u8]>,
    before: Head,
    head: Head,
}

impl Rows {
    /// Stands before the batch that holds record `first`, which is after `base` and not after
    /// `head`.
    pub(crate) fn at(
        tx: &ReadTransaction,
        base: Head,
        head: Head,
        first: Sequence,
    ) -> Result<Self, JournalError> {
        debug_assert!(base.last < first && first <= head.last);
        let table = tx.open_table(BATCHES).map_err(JournalError::storage("opening the log"))?;
        let begin = begin_of(&table, first)?;
        let before = if begin == base.last.plus(1) { base } else { before(&table, begin)? };
        let failed = JournalError::storage("opening the log");
        let parts = table.range((begin.0, 0)..).map_err(failed)?;
        Ok(Self { parts, before, head })
    }

    /// The next batch; `None` after the one that ends at the head.
    pub(crate) fn next(&mut self) -> Result<Option<Batch>, JournalError> {
        if self.before.last == self.head.last {
            return self.end().map(|()| None);
        }
        let first = self.before.last.plus(1);
        let mut bytes = self.part(first, 0)?;
        let size = batch::size(&bytes).unwrap_or_default();
        for part in 1.. {
            if bytes.len() as u64 >= size {
                break;
            }
            bytes.extend(self.part(first, part)?);
        }
        let batch = Batch::decode(self.before, bytes)?;
        self.before = batch.after();
        if self.before.last > self.head.last {
            let (expected, found) = (self.head.last.to_string(), self.before.last.to_string());
            return Err(damaged(first, format!("an end at record {expected}"), found));
        }
        Ok(Some(batch))
    }

    fn part(&mut self, first: Sequence, part: u32) -> Result<Vec<u8>, JournalError> {
        let expected = || format!("part {part} of it");
        let Some(row) = self.parts.next() else {
            return Err(damaged(first, expected(), "the end of the log".into()));
        };
        let (key, value) = row.map_err(JournalError::storage("reading a batch"))?;
        match key.value() {
            key if key == (first.0, part) => Ok(value.value().to_vec()),
            (at, part) => {
                Err(damaged(first, expected(), format!("part {part} of the batch of record {at}")))
            }
        }
    }

    /// Checks that the log ends as the head says.
    fn end(&mut self) -> Result<(), JournalError> {
        let (last, chain) = (self.head.last, self.head.chain);
        if self.before.chain != chain {
            let expected = format!("the chain hash {chain} of the head");
            return Err(damaged(last, expected, self.before.chain.to_string()));
        }
        let Some(row) = self.parts.next() else { return Ok(()) };
        let (key, _) = row.map_err(JournalError::storage("reading a batch"))?;
        let (at, _) = key.value();
        Err(damaged(last.plus(1), "the end of the log".into(), format!("a batch of record {at}")))
    }
}

/// The first record of the batch that holds `record`.
fn begin_of(
    table: &ReadOnlyTable<PartKey, &'static [u8]>,
    record: Sequence,
) -> Result<Sequence, JournalError> {
    let failed = "finding a record";
    let mut rows = table.range(..=(record.0, u32::MAX)).map_err(JournalError::storage(failed))?;
    let Some(row) = rows.next_back() else {
        return Err(damaged(record, "a batch with it".into(), "none".into()));
    };
    let (key, _) = row.map_err(JournalError::storage(failed))?;
    Ok(Sequence(key.value().0))
}

/// The place before the batch that begins at `first`, which the batch before it must reach.
fn before(
    table: &ReadOnlyTable<PartKey, &'static [u8]>,
    first: Sequence,
) -> Result<Head, JournalError> {
    let begin = begin_of(table, Sequence(first.0.saturating_sub(1)))?;
    let row = table.get((begin.0, 0)).map_err(JournalError::storage("finding a record"))?;
    let after = row.and_then(|row| batch::after(begin, row.value()));
    let after = after.ok_or_else(|| damaged(begin, "a header".into(), "none".into()))?;
    let next = after.last.plus(1);
    let found = || format!("the next batch at record {first}");
    match next.cmp(&first) {
        Ordering::Equal => Ok(after),
        Ordering::Less => Err(damaged(next, "a batch with it".into(), found())),
        Ordering::Greater => {
            Err(damaged(begin, format!("an end at record {}", after.last), found()))
        }
    }
}

fn damaged(first: Sequence, expected: String, found: String) -> JournalError {
    let place = format!("the batch of record {first}");
    JournalError::damaged(place, Some(first), expected, found)
}
