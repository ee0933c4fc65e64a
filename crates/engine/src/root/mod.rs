//! The state root: one hash that says all of a state, and a sum tree over its accounts.
//!
//! Format and reasons: `docs/state-root.md`. [`Root`] is made from a state, in full or, by the
//! engine, from what commands have touched since the last one; both are equal. A [`Proof`] shows
//! that an account is counted in it.

mod hash;
mod proof;
mod statement;
mod sums;
mod tree;

pub use hash::{Hash, HashError};
pub use proof::{Proof, ProofError};
pub use statement::{InstrumentName, ModelName, Statement};
pub use sums::{Sum, Sums};
pub use tree::Node;

pub(crate) use tree::SumTree;

use crate::account::AccountId;
use crate::parts::{Parts, SELDOM};
use crate::state::State;
use hash::Maker;
use keelmark_book::{Overflow, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a state has no root.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// What accounts have in all does not fit.
    #[error("a sum over the accounts: {0}")]
    Overflow(#[from] Overflow),
    /// Something cannot be written down.
    #[error("{0}")]
    Form(String),
}

/// The root of a state: its hash, and what is hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Root {
    /// Says all of the rest.
    pub hash: Hash,
    /// Number of the last command.
    pub sequence: u64,
    /// Its time.
    pub at: Timestamp,
    /// How many accounts were ever opened.
    pub accounts: u64,
    /// Top of the sum tree.
    pub tree: Hash,
    /// What all accounts have.
    pub total: Sums,
    /// The rest of the state.
    pub parts: Vec<PartHash>,
}

/// Hash of a part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartHash {
    /// Which part.
    pub name: String,
    /// Hash of its bytes.
    pub hash: Hash,
}

impl Root {
    /// Over a tree, and hashes of parts, that are up to date.
    pub(crate) fn of(
        state: &State,
        tree: &SumTree,
        known: &mut BTreeMap<&'static str, Hash>,
    ) -> Result<Self, RootError> {
        let mut parts = Hashes { known, all: Vec::new() };
        state.parts(&mut parts)?;
        let top = tree.top();
        let mut root = Self {
            hash: top.hash,
            sequence: state.sequence,
            at: state.now,
            accounts: state.accounts.len() as u64,
            tree: top.hash,
            total: top.sums,
            parts: parts.all,
        };
        root.hash = root.summary()?;
        Ok(root)
    }

    fn summary(&self) -> Result<Hash, RootError> {
        let Self { hash: _, sequence, at, accounts, tree, total, parts } = self;
        Ok(Maker::new("root").value(&(sequence, at, accounts, tree, total, parts))?.done())
    }

    /// Whether it is the hash of what it says.
    ///
    /// # Errors
    /// [`ProofError::Root`] when it is not.
    pub fn check(&self) -> Result<(), ProofError> {
        let found = self.summary().map_err(|error| ProofError::Root(error.to_string()))?;
        if found != self.hash {
            let expected = self.hash;
            return Err(ProofError::Root(format!("expected {expected}, found {found}")));
        }
        Ok(())
    }
}

/// Hashes of the parts, those that are known not computed again.
struct Hashes<'a> {
    known: &'a mut BTreeMap<&'static str, Hash>,
    all: Vec<PartHash>,
}

impl Parts for Hashes<'_> {
    type Error = RootError;

    fn part<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        _version: u32,
        part: &T,
    ) -> Result<(), RootError> {
        let made = || -> Result<Hash, RootError> {
            Ok(Maker::new("part").bytes(name.as_bytes()).bytes(b"\n").value(part)?.done())
        };
        let hash = match self.known.get(name) {
            Some(known) => {
                debug_assert_eq!(made().as_ref(), Ok(known), "{name} changed and was not named");
                *known
            }
            None => made()?,
        };
        if SELDOM.contains(&name) {
            self.known.insert(name, hash);
        }
        self.all.push(PartHash { name: name.to_owned(), hash });
        Ok(())
    }
}

impl State {
    /// The root, computed from nothing but this state.
    ///
    /// # Errors
    /// [`RootError`] when a sum over the accounts does not fit.
    pub fn root(&self) -> Result<Root, RootError> {
        let mut tree = SumTree::default();
        self.grow(&mut tree, (0..self.accounts.len()).map(AccountId::new))?;
        Root::of(self, &tree, &mut BTreeMap::new())
    }

    /// Brings a tree up to date with the accounts that have changed, in order.
    pub(crate) fn grow(
        &self,
        tree: &mut SumTree,
        changed: impl Iterator<Item = AccountId>,
    ) -> Result<(), RootError> {
        tree.set(changed.map(|id| Ok((id.index(), Statement::of(self, id).leaf()?))))
    }

    /// The proof of an account in a tree that is up to date.
    pub(crate) fn proof_in(&self, tree: &SumTree, id: AccountId) -> Proof {
        Proof { statement: Statement::of(self, id).owned(), path: tree.path(id.index()) }
    }
}
