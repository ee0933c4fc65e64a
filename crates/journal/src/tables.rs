//! The tables of the storage, and what is cut into parts in them.
//!
//! `docs/journal-format.md` draws them; a change here is a new version there.

use redb::{ReadTransaction, Table, TableDefinition, WriteTransaction};

use crate::{Head, JournalError, Sequence};

/// The version of the format that this code writes, and the latest that it reads.
pub(crate) const VERSION: u32 = 1;

/// Bytes of a part, a little below 64 KiB: the storage rounds up to a power of two of pages.
pub(crate) const PART_BYTES: usize = (64 << 10) - 256;

pub(crate) type PartKey = (u64, u32);

pub(crate) const JOURNAL: TableDefinition<&str, &[u8]> = TableDefinition::new("journal");
pub(crate) const BATCHES: TableDefinition<PartKey, &[u8]> = TableDefinition::new("batches");
pub(crate) const SNAPSHOTS: TableDefinition<u64, &[u8]> = TableDefinition::new("snapshots");
pub(crate) const SNAPSHOT_PARTS: TableDefinition<PartKey, &[u8]> =
    TableDefinition::new("snapshot_parts");

const VERSION_ROW: &str = "version";
pub(crate) const BASE_ROW: &str = "base";
pub(crate) const HEAD_ROW: &str = "head";

/// Makes the tables of an empty journal.
pub(crate) fn create(tx: &WriteTransaction) -> Result<(), JournalError> {
    let failed = "creating the tables";
    let mut journal = tx.open_table(JOURNAL).map_err(JournalError::storage(failed))?;
    journal
        .insert(VERSION_ROW, &VERSION.to_le_bytes()[..])
        .map_err(JournalError::storage(failed))?;
    drop(journal);
    put_head(tx, BASE_ROW, Head::default())?;
    put_head(tx, HEAD_ROW, Head::default())?;
    tx.open_table(BATCHES).map_err(JournalError::storage(failed))?;
    tx.open_table(SNAPSHOTS).map_err(JournalError::storage(failed))?;
    tx.open_table(SNAPSHOT_PARTS).map_err(JournalError::storage(failed))?;
    Ok(())
}

/// Reads the version; `None` if the file has no such row, so that it is not a journal.
pub(crate) fn version(tx: &ReadTransaction) -> Result<Option<u32>, JournalError> {
    let failed = "reading the version";
    let journal = match tx.open_table(JOURNAL) {
        Ok(table) => table,
        Err(redb::TableError::Storage(error)) => return Err(JournalError::storage(failed)(error)),
        Err(_) => return Ok(None),
    };
    let row = journal.get(VERSION_ROW).map_err(JournalError::storage(failed))?;
    Ok(row.and_then(|row| Some(u32::from_le_bytes(row.value().try_into().ok()?))))
}

/// Reads the base or the head.
pub(crate) fn head(tx: &ReadTransaction, row: &str) -> Result<Head, JournalError> {
    let failed = "reading base and head";
    let journal = tx.open_table(JOURNAL).map_err(JournalError::storage(failed))?;
    let found = journal.get(row).map_err(JournalError::storage(failed))?;
    found.and_then(|found| Head::from_bytes(found.value())).ok_or_else(|| {
        let expected = format!("{} bytes", Head::BYTES);
        JournalError::damaged(format!("the row `{row}`"), None, expected, "none or others")
    })
}

/// Writes the base or the head.
pub(crate) fn put_head(tx: &WriteTransaction, row: &str, head: Head) -> Result<(), JournalError> {
    let failed = "writing base and head";
    let mut journal = tx.open_table(JOURNAL).map_err(JournalError::storage(failed))?;
    journal.insert(row, &head.to_bytes()[..]).map_err(JournalError::storage(failed))?;
    Ok(())
}

/// Writes one part of what begins or stands at `at`.
pub(crate) fn put_part(
    table: &mut Table<PartKey, &'static [u8]>,
    at: Sequence,
    part: u32,
    bytes: &[u8],
) -> Result<(), JournalError> {
    debug_assert!(bytes.len() <= PART_BYTES);
    table.insert((at.0, part), bytes).map_err(JournalError::storage("writing a part"))?;
    Ok(())
}

/// All keys of the parts of what begins or stands at `at`.
pub(crate) const fn parts_of(at: Sequence) -> std::ops::RangeInclusive<PartKey> {
    (at.0, 0)..=(at.0, u32::MAX)
}
