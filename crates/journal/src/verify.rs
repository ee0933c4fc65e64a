//! The whole journal read and checked: every batch, every snapshot, every page.

use crate::{Head, Journal, JournalError, Log, Sequence, Snapshot};

/// What a journal holds, after all of it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The place before the first record that is there.
    pub base: Head,
    /// The last record and the chain there: compare it with one that was noted elsewhere.
    pub head: Head,
    /// How many batches there are.
    pub batches: u64,
    /// The snapshots, oldest first.
    pub snapshots: Vec<Snapshot>,
}

impl Verified {
    /// How many records there are.
    pub const fn records(&self) -> u64 {
        self.head.last.0 - self.base.last.0
    }

    /// The first record that is there; `None` if there is none.
    pub fn first(&self) -> Option<Sequence> {
        (self.records() > 0).then(|| self.base.last.plus(1))
    }
}

impl Journal {
    /// Reads everything and checks it: each batch against the chain, each snapshot against its
    /// digest and the chain where it stands, each page of the storage.
    ///
    /// # Errors
    /// The first damage found, with the record it is at; a failure of the storage.
    pub fn verify(&mut self) -> Result<Verified, JournalError> {
        let verified = self.walk()?;
        self.check_storage()?;
        Ok(verified)
    }

    /// Reads everything through the chain and the digests.
    pub(crate) fn walk(&self) -> Result<Verified, JournalError> {
        let snapshots = self.snapshots()?;
        let mut standing = snapshots.iter().peekable();
        let mut pass = |place: Head| match standing.next_if(|next| next.at.last <= place.last) {
            Some(snapshot) if snapshot.at != place => Err(stands_nowhere(snapshot, place)),
            _ => Ok(()),
        };
        pass(self.base())?;
        let mut batches = 0;
        for batch in self.batches_from(self.base().last.plus(1))? {
            pass(batch?.after())?;
            batches += 1;
        }
        if let Some(snapshot) = standing.next() {
            return Err(stands_nowhere(snapshot, self.head()));
        }
        for snapshot in &snapshots {
            self.read_snapshot(snapshot)?.read_through()?;
        }
        Ok(Verified { base: self.base(), head: self.head(), batches, snapshots })
    }
}

fn stands_nowhere(snapshot: &Snapshot, place: Head) -> JournalError {
    let Head { last, chain } = snapshot.at;
    let expected =
        format!("the end of a batch, the log has record {} with {}", place.last, place.chain);
    let found = format!("record {last} with the chain hash {chain}");
    JournalError::damaged(format!("the snapshot of record {last}"), Some(last), expected, found)
}
