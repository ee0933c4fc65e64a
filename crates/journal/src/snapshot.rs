//! Snapshots: the state of the engine as bytes, so that only what came after is read again.
//!
//! One transaction holds all parts, so a snapshot is whole or absent without a rule of its own.
//! Each part is hashed over the one before: bytes are checked before they are handed out, however
//! large the snapshot is.

use std::io::{self, Read};

use redb::{Range, ReadableTable, WriteTransaction};

use crate::storage::guarded;
use crate::tables::{self, PART_BYTES, PartKey, SNAPSHOT_PARTS, SNAPSHOTS, parts_of};
use crate::{Chain, Head, Journal, JournalError, Log, Sequence};

const HASH_BYTES: usize = 32;

/// A snapshot that the journal keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it stands: it is the state after this record.
    pub at: Head,
    /// Its length.
    pub bytes: u64,
    /// The hash of all of it.
    pub digest: [u8; 32],
    parts: u32,
}

impl Journal {
    /// Keeps what `bytes` yields as the snapshot of the state after record `at`, durable when this
    /// returns, and drops the oldest ones beyond the number to be kept.
    ///
    /// # Errors
    /// `at` is not the end of a batch in the log or not later than the latest snapshot; `bytes`
    /// fails: then nothing is changed.
    pub fn save_snapshot(
        &mut self,
        at: Sequence,
        bytes: &mut dyn Read,
    ) -> Result<Snapshot, JournalError> {
        if let Some(latest) = self.latest_snapshot()?
            && latest.at.last >= at
        {
            return Err(JournalError::SnapshotExists { asked: at, latest: latest.at.last });
        }
        let at = self.end_at(at)?;
        self.write("saving a snapshot", |tx| {
            let snapshot = put_snapshot(tx, at, bytes)?;
            drop_oldest(tx, self.snapshots_kept)?;
            Ok(snapshot)
        })
    }

    /// The snapshots kept, oldest first.
    ///
    /// # Errors
    /// A failure of the storage.
    pub fn snapshots(&self) -> Result<Vec<Snapshot>, JournalError> {
        self.read("listing snapshots", |tx| {
            let failed = "listing snapshots";
            let table = tx.open_table(SNAPSHOTS).map_err(JournalError::storage(failed))?;
            let rows = table.iter().map_err(JournalError::storage(failed))?;
            rows.map(|row| {
                let (at, value) = row.map_err(JournalError::storage(failed))?;
                Snapshot::from_row(Sequence(at.value()), value.value())
            })
            .collect()
        })
    }

    /// The latest snapshot; `None` before the first.
    ///
    /// # Errors
    /// A failure of the storage.
    pub fn latest_snapshot(&self) -> Result<Option<Snapshot>, JournalError> {
        Ok(self.snapshots()?.pop())
    }

    /// The bytes of a snapshot, each part checked before it is handed out.
    ///
    /// # Errors
    /// It is no longer kept, or the storage fails.
    pub fn read_snapshot(&self, snapshot: &Snapshot) -> Result<SnapshotReader<'_>, JournalError> {
        let asked = snapshot.at.last;
        if !self.snapshots()?.contains(snapshot) {
            return Err(JournalError::NoSnapshot { asked });
        }
        let rows = self.read("reading a snapshot", |tx| {
            let failed = "reading a snapshot";
            let table = tx.open_table(SNAPSHOT_PARTS).map_err(JournalError::storage(failed))?;
            table.range(parts_of(asked)).map_err(JournalError::storage(failed))
        })?;
        let (snapshot, digest) = (*snapshot, Digest::new(snapshot.at));
        Ok(SnapshotReader { journal: self, rows, snapshot, digest, part: Vec::new(), used: 0 })
    }

    /// The place in the log after record `last`, where a batch must end.
    fn end_at(&self, last: Sequence) -> Result<Head, JournalError> {
        if let Some(known) = [self.head(), self.base()].into_iter().find(|head| head.last == last) {
            return Ok(known);
        }
        if last > self.head().last {
            return Err(self.not_in_log(last));
        }
        match self.batches_from(last)?.next().transpose()? {
            Some(batch) if batch.after().last == last => Ok(batch.after()),
            batch => {
                let before = batch.map_or(last, |batch| batch.before().last);
                Err(JournalError::NotBatchEnd { asked: last, before })
            }
        }
    }
}

fn put_snapshot(
    tx: &WriteTransaction,
    at: Head,
    bytes: &mut dyn Read,
) -> Result<Snapshot, JournalError> {
    let failed = "saving a snapshot";
    let mut table = tx.open_table(SNAPSHOT_PARTS).map_err(JournalError::storage(failed))?;
    let mut digest = Digest::new(at);
    let (mut part, mut row) = (Vec::with_capacity(PART_BYTES), Vec::new());
    loop {
        part.clear();
        let limit = (PART_BYTES - HASH_BYTES) as u64;
        (&mut *bytes).take(limit).read_to_end(&mut part).map_err(JournalError::Source)?;
        if part.is_empty() {
            break;
        }
        let number = digest.parts;
        row.clear();
        row.extend(digest.add(&part));
        row.extend(&part);
        tables::put_part(&mut table, at.last, number, &row)?;
    }
    let Digest { bytes, parts, .. } = digest;
    let snapshot = Snapshot { at, bytes, digest: digest.end(), parts };
    let mut snapshots = tx.open_table(SNAPSHOTS).map_err(JournalError::storage(failed))?;
    let row = snapshot.to_row();
    snapshots.insert(at.last.0, &row[..]).map_err(JournalError::storage(failed))?;
    Ok(snapshot)
}

fn drop_oldest(tx: &WriteTransaction, kept: usize) -> Result<(), JournalError> {
    let failed = "dropping old snapshots";
    let mut snapshots = tx.open_table(SNAPSHOTS).map_err(JournalError::storage(failed))?;
    let mut parts = tx.open_table(SNAPSHOT_PARTS).map_err(JournalError::storage(failed))?;
    let rows = snapshots.iter().map_err(JournalError::storage(failed))?;
    let all: Result<Vec<u64>, _> = rows.map(|row| row.map(|(at, _)| at.value())).collect();
    let all = all.map_err(JournalError::storage(failed))?;
    for &at in all.iter().rev().skip(kept) {
        snapshots.remove(at).map_err(JournalError::storage(failed))?;
        let gone = parts_of(Sequence(at));
        parts.retain_in(gone, |_, _| false).map_err(JournalError::storage(failed))?;
    }
    Ok(())
}

impl Snapshot {
    const ROW_BYTES: usize = 76;

    fn to_row(self) -> [u8; Self::ROW_BYTES] {
        let mut row = [0; Self::ROW_BYTES];
        row[..32].copy_from_slice(&self.at.chain.0);
        row[32..40].copy_from_slice(&self.bytes.to_le_bytes());
        row[40..44].copy_from_slice(&self.parts.to_le_bytes());
        row[44..].copy_from_slice(&self.digest);
        row
    }

    fn from_row(at: Sequence, row: &[u8]) -> Result<Self, JournalError> {
        let fields = || {
            let (chain, row) = row.split_first_chunk::<32>()?;
            let (bytes, row) = row.split_first_chunk::<8>()?;
            let (parts, digest) = row.split_first_chunk::<4>()?;
            let (bytes, parts) = (u64::from_le_bytes(*bytes), u32::from_le_bytes(*parts));
            let at = Head { last: at, chain: Chain(*chain) };
            Some(Self { at, bytes, parts, digest: digest.try_into().ok()? })
        };
        fields().ok_or_else(|| {
            let expected = format!("a description of {} bytes", Self::ROW_BYTES);
            damaged(at, expected, format!("{} bytes", row.len()))
        })
    }
}

/// The bytes of one snapshot, in order.
pub struct SnapshotReader<'a> {
    journal: &'a Journal,
    rows: Range<'static, PartKey, &'static [u8]>,
    snapshot: Snapshot,
    digest: Digest,
    part: Vec<u8>,
    used: usize,
}

impl SnapshotReader<'_> {
    /// All bytes that are left.
    ///
    /// # Errors
    /// Damage, or a failure of the storage.
    pub fn read_all(mut self) -> Result<Vec<u8>, JournalError> {
        let mut all = Vec::new();
        while self.fill()? {
            all.extend(&self.part[self.used..]);
            self.used = self.part.len();
        }
        Ok(all)
    }

    /// Checks what is left without keeping it.
    pub(crate) fn read_through(mut self) -> Result<(), JournalError> {
        while self.fill()? {
            self.used = self.part.len();
        }
        Ok(())
    }

    /// Has bytes at hand unless the snapshot is at its end.
    fn fill(&mut self) -> Result<bool, JournalError> {
        if self.used == self.part.len() {
            let read = guarded("reading a snapshot", || self.next_part());
            self.part = self.journal.poisoned_by(read)?;
            self.used = 0;
        }
        Ok(!self.part.is_empty())
    }

    /// The next part, checked; empty after the last.
    fn next_part(&mut self) -> Result<Vec<u8>, JournalError> {
        let Snapshot { at, bytes, parts, digest } = self.snapshot;
        let Some(row) = self.rows.next() else {
            let ended = self.digest.parts == parts && self.digest.bytes == bytes;
            let expected = format!("{bytes} bytes in {parts} parts, digest {}", Chain(digest));
            let found = format!("{} in {}", self.digest.bytes, self.digest.parts);
            let whole = ended && self.digest.end() == digest;
            return if whole { Ok(Vec::new()) } else { Err(damaged(at.last, expected, found)) };
        };
        let (key, value) = row.map_err(JournalError::storage("reading a snapshot"))?;
        let number = self.digest.parts;
        let Some((hash, part)) = value.value().split_first_chunk::<HASH_BYTES>() else {
            return Err(damaged(at.last, "a hash in each part".into(), "none".into()));
        };
        if key.value() != (at.last.0, number) || self.digest.add(part) != *hash {
            let expected = format!("part {number} with the hash {}", Chain(self.digest.hash));
            let (_, found) = key.value();
            return Err(damaged(at.last, expected, format!("part {found} with {}", Chain(*hash))));
        }
        Ok(part.to_vec())
    }
}

impl Read for SnapshotReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.fill().map_err(io::Error::other)?;
        let taken = (&self.part[self.used..]).read(buffer)?;
        self.used += taken;
        Ok(taken)
    }
}

/// The hash of a snapshot while its parts come in.
struct Digest {
    hash: [u8; 32],
    bytes: u64,
    parts: u32,
}

impl Digest {
    fn new(at: Head) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("keelmark journal 1 snapshot");
        hasher.update(&at.to_bytes());
        Self { hash: *hasher.finalize().as_bytes(), bytes: 0, parts: 0 }
    }

    /// Takes in a part and returns its hash.
    fn add(&mut self, part: &[u8]) -> [u8; HASH_BYTES] {
        let mut hasher = blake3::Hasher::new_derive_key("keelmark journal 1 snapshot part");
        hasher.update(&self.hash).update(&self.parts.to_le_bytes()).update(part);
        self.hash = *hasher.finalize().as_bytes();
        self.bytes += part.len() as u64;
        self.parts += 1;
        self.hash
    }

    fn end(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key("keelmark journal 1 snapshot end");
        hasher.update(&self.hash);
        hasher.update(&self.bytes.to_le_bytes()).update(&self.parts.to_le_bytes());
        *hasher.finalize().as_bytes()
    }
}

fn damaged(at: Sequence, expected: String, found: String) -> JournalError {
    JournalError::damaged(format!("the snapshot of record {at}"), Some(at), expected, found)
}
