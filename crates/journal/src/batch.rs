//! The bytes of a batch and its link in the chain, as `docs/journal-format.md` draws them.
//!
//! One hash a batch, not one a record: a batch is whole or absent, so nothing smaller needs proof,
//! and hashing one run of bytes is several times faster than many short ones.

use crate::{Chain, Head, JournalError, Sequence};

/// The largest batch, with four bytes a record for lengths: what one flush should carry.
pub const BATCH_BYTES_MAX: u64 = 256 << 20;

const CONTEXT: &str = "keelmark journal 1 batch";
const CHAIN_END: usize = 32;
const COUNT_AT: usize = 40;
const LENGTHS_AT: usize = 44;

/// The records of one append, from the one asked for, checked against the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    before: Head,
    after: Head,
    skip: usize,
    lengths_end: usize,
    bytes: Vec<u8>,
}

impl Batch {
    /// The records, in order, each with its number.
    pub fn records(&self) -> impl Iterator<Item = (Sequence, &[u8])> {
        let lengths = self.bytes[LENGTHS_AT..self.lengths_end].as_chunks::<4>().0;
        let mut at = self.lengths_end;
        let all = lengths.iter().zip(1..).map(move |(length, number)| {
            let from = at;
            at += u32::from_le_bytes(*length) as usize;
            (self.before.last.plus(number), &self.bytes[from..at])
        });
        all.skip(self.skip)
    }

    /// The place in the log before the batch, all its records included.
    pub const fn before(&self) -> Head {
        self.before
    }

    /// The place in the log after the batch.
    pub const fn after(&self) -> Head {
        self.after
    }

    /// Leaves out the records before `first`.
    pub(crate) fn from(mut self, first: Sequence) -> Self {
        self.skip = first.0.saturating_sub(self.before.last.0 + 1) as usize;
        self
    }

    /// Reads a batch that follows `before`.
    ///
    /// # Errors
    /// A length that does not fit, or a hash that is not the one written.
    pub(crate) fn decode(before: Head, bytes: Vec<u8>) -> Result<Self, JournalError> {
        let first = before.last.plus(1);
        let damaged = |expected: String, found: String| {
            let place = format!("the batch of record {first}");
            JournalError::damaged(place, Some(first), expected, found)
        };
        let Some(count) = bytes.get(COUNT_AT..LENGTHS_AT).map(u32_of) else {
            return Err(damaged("a header".into(), format!("{} bytes", bytes.len())));
        };
        let chain = link(before, &bytes);
        if bytes[..CHAIN_END] != chain.0 {
            let mut found = Chain::default();
            found.0.copy_from_slice(&bytes[..CHAIN_END]);
            return Err(damaged(format!("the chain hash {chain}"), found.to_string()));
        }
        let lengths_end = LENGTHS_AT + 4 * count as usize;
        let lengths = bytes.get(LENGTHS_AT..lengths_end).unwrap_or_default();
        let sum: usize = lengths.as_chunks::<4>().0.iter().map(|l| u32_of(l) as usize).sum();
        if count == 0 || lengths_end + sum != bytes.len() {
            let found = format!("{count} records in {} bytes", bytes.len());
            return Err(damaged("lengths that fill the batch".into(), found));
        }
        let after = Head { last: before.last.plus(u64::from(count)), chain };
        Ok(Self { before, after, skip: 0, lengths_end, bytes })
    }
}

/// Writes the batch of `records` that follows `before` into `bytes`, and returns where it ends.
///
/// # Errors
/// More than [`BATCH_BYTES_MAX`].
pub(crate) fn encode(
    before: Head,
    records: &[&[u8]],
    bytes: &mut Vec<u8>,
) -> Result<Head, JournalError> {
    let size: u64 = records.iter().map(|record| 4 + record.len() as u64).sum();
    if size > BATCH_BYTES_MAX {
        return Err(JournalError::BatchTooLarge { bytes: size, max: BATCH_BYTES_MAX });
    }
    bytes.clear();
    bytes.extend([0; CHAIN_END]);
    bytes.extend((size + 4).to_le_bytes());
    bytes.extend((records.len() as u32).to_le_bytes());
    for record in records {
        bytes.extend((record.len() as u32).to_le_bytes());
    }
    for record in records {
        bytes.extend(*record);
    }
    let chain = link(before, bytes);
    bytes[..CHAIN_END].copy_from_slice(&chain.0);
    Ok(Head { last: before.last.plus(records.len() as u64), chain })
}

/// How many bytes the batch has whose first part is `part`; `None` if the part is too short.
pub(crate) fn size(part: &[u8]) -> Option<u64> {
    let after = part.get(CHAIN_END..)?.first_chunk::<8>()?;
    u64::from_le_bytes(*after).checked_add(COUNT_AT as u64)
}

/// The place after the batch that begins at `first` and has `part` as its first, as its header
/// says; `None` if the part is too short. The header is not checked.
pub(crate) fn after(first: Sequence, part: &[u8]) -> Option<Head> {
    let chain = Chain(*part.first_chunk()?);
    let count = u32_of(part.get(COUNT_AT..LENGTHS_AT)?);
    Some(Head { last: Sequence(first.0 - 1).plus(u64::from(count)), chain })
}

fn link(before: Head, bytes: &[u8]) -> Chain {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(&before.chain.0);
    hasher.update(&before.last.plus(1).0.to_le_bytes());
    hasher.update(&bytes[CHAIN_END..]);
    Chain(*hasher.finalize().as_bytes())
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &[&[u8]] = &[b"first", b"", b"third"];

    fn written(before: Head) -> (Head, Vec<u8>) {
        let mut bytes = vec![9; 3];
        let after = encode(before, RECORDS, &mut bytes).unwrap();
        (after, bytes)
    }

    #[test]
    fn what_is_written_is_read() {
        let (after, bytes) = written(Head::default());
        assert_eq!(size(&bytes), Some(bytes.len() as u64));
        let batch = Batch::decode(Head::default(), bytes).unwrap();
        assert_eq!(batch.after(), after);
        assert_eq!(after.last, Sequence(3));
        let read: Vec<_> = batch.records().collect();
        assert_eq!(read, [(Sequence(1), RECORDS[0]), (Sequence(2), b""), (Sequence(3), b"third")]);
        let last: Vec<_> = batch.clone().from(Sequence(3)).records().map(|r| r.0).collect();
        assert_eq!(last, [Sequence(3)]);
        assert_eq!(batch.from(Sequence(0)).records().count(), 3);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_found_and_named() {
        let before = Head { last: Sequence(6), chain: Chain([7; 32]) };
        let (_, bytes) = written(before);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let error = Batch::decode(before, flipped).unwrap_err();
            assert!(error.to_string().contains("the batch of record 7"), "{error}");
        }
        for length in 0..bytes.len() {
            assert!(Batch::decode(before, bytes[..length].to_vec()).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_batch_elsewhere_is_found() {
        let (after, bytes) = written(Head::default());
        let moved = Head { last: Sequence(1), ..Head::default() };
        assert!(Batch::decode(moved, bytes.clone()).is_err());
        assert!(Batch::decode(after, bytes).is_err());
    }

    #[test]
    fn a_hash_over_lengths_that_do_not_fit_is_not_enough() {
        for lengths in [[5, 1, 5], [5, 0, 4], [u32::MAX, u32::MAX, 12]] {
            let (_, mut bytes) = written(Head::default());
            let written: Vec<u8> = lengths.iter().flat_map(|l| l.to_le_bytes()).collect();
            bytes[LENGTHS_AT..LENGTHS_AT + 12].copy_from_slice(&written);
            let chain = link(Head::default(), &bytes);
            bytes[..CHAIN_END].copy_from_slice(&chain.0);
            assert!(Batch::decode(Head::default(), bytes).is_err(), "{lengths:?}");
        }
    }

    #[test]
    fn a_batch_beyond_the_limit_is_refused() {
        let large = vec![0; BATCH_BYTES_MAX as usize];
        let error = encode(Head::default(), &[&large], &mut Vec::new()).unwrap_err();
        assert!(error.is_refusal(), "{error}");
    }
}
