//! Where in the log something stands: the number of a record, and the hash of all up to it.
//!
//! They are types, since a sequence, a count and a length are all whole numbers.

use std::fmt;

/// The number of a record: 1 for the first, without gaps; 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// The sequence `records` further on; saturates, since 2^64 records cannot be written.
    #[must_use]
    pub const fn plus(self, records: u64) -> Self {
        Self(self.0.saturating_add(records))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The hash of all batches up to one, each over the one before; zeros before the first.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Chain(pub [u8; 32]);

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain({self})")
    }
}

/// A place in the log, between two batches: the last record before it, and the chain there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last record before this place; 0 if there is none.
    pub last: Sequence,
    /// The chain hash over everything up to that record.
    pub chain: Chain,
}

impl Head {
    pub(crate) const BYTES: usize = 40;

    pub(crate) fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.last.0.to_le_bytes());
        bytes[8..].copy_from_slice(&self.chain.0);
        bytes
    }

    /// The head in `bytes`; `None` if they are not [`Self::BYTES`] long.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (last, chain) = bytes.split_first_chunk::<8>()?;
        let last = Sequence(u64::from_le_bytes(*last));
        Some(Self { last, chain: Chain(chain.try_into().ok()?) })
    }
}
