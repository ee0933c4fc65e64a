//! What the root says of one account: all of it, with the names of what its numbers refer to, so
//! that its owner can read it without the state.

use super::hash::{Hash, Maker};
use super::sums::Sums;
use super::tree::Node;
use super::{ProofError, RootError};
use crate::account::{Account, AccountId};
use crate::state::State;
use keelmark_book::{Asset, InstrumentId};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One account as it is in the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement<'a> {
    /// Its number: the leaf it is.
    pub number: AccountId,
    /// Everything that the engine knows of it.
    pub account: Cow<'a, Account>,
    /// Name of the account it is a part of.
    pub parent: Option<Cow<'a, str>>,
    /// Its margin document.
    pub model: ModelName<'a>,
    /// Its instruments, in order of their numbers.
    pub instruments: Vec<InstrumentName<'a>>,
}

/// A margin document by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelName<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// Version.
    pub version: Cow<'a, str>,
    /// Digest of the whole document.
    pub digest: Cow<'a, str>,
}

/// What the number of an instrument means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentName<'a> {
    /// Its number in the engine's market.
    pub number: InstrumentId,
    /// Canonical symbol.
    pub symbol: String,
    /// What it pays in, and what stands behind an isolated position in it.
    pub settle: Cow<'a, Asset>,
}

impl<'a> Statement<'a> {
    pub(super) fn of(state: &'a State, number: AccountId) -> Self {
        let account = state.account(number);
        let document = state.document(account.model);
        let model = ModelName {
            name: (&document.name).into(),
            version: (&document.version).into(),
            digest: (&document.digest).into(),
        };
        let shared = account.shared.iter().map(|held| held.instrument);
        let isolated = account.isolated.iter().map(|own| own.holding.instrument);
        let orders = account.orders.iter().map(|order| order.instrument);
        let mut named: Vec<InstrumentId> = shared.chain(isolated).chain(orders).collect();
        named.sort_unstable();
        named.dedup();
        let instruments = named.into_iter().map(|number| {
            let one = state.market.instruments.get(number);
            let (symbol, settle) = (one.to_string(), Cow::Borrowed(&one.settle));
            InstrumentName { number, symbol, settle }
        });
        Self {
            number,
            account: Cow::Borrowed(account),
            parent: account.parent.map(|id| (&state.account(id).name).into()),
            model,
            instruments: instruments.collect(),
        }
    }

    /// The same on its own, without the state.
    pub(super) fn owned(self) -> Statement<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        let ModelName { name, version, digest } = self.model;
        let instruments = self.instruments.into_iter().map(|one| InstrumentName {
            number: one.number,
            symbol: one.symbol,
            settle: Cow::Owned(one.settle.into_owned()),
        });
        Statement {
            number: self.number,
            account: Cow::Owned(self.account.into_owned()),
            parent: self.parent.map(own),
            model: ModelName { name: own(name), version: own(version), digest: own(digest) },
            instruments: instruments.collect(),
        }
    }

    /// The leaf of it: its hash and sums.
    pub(super) fn leaf(&self) -> Result<Node, RootError> {
        Ok(Node { hash: self.hash()?, sums: self.sums()? })
    }

    fn hash(&self) -> Result<Hash, RootError> {
        Ok(Maker::new("leaf").value(self)?.done())
    }

    /// What it adds to every sum above it.
    ///
    /// # Errors
    /// [`RootError`] when the legend lacks an instrument or a sum does not fit.
    pub fn sums(&self) -> Result<Sums, RootError> {
        let mut sums = Sums::default();
        for (asset, amount) in self.account.balances.iter().filter(|(_, held)| !held.is_zero()) {
            sums.add_balance(asset, *amount)?;
        }
        for own in self.account.isolated.iter().filter(|own| !own.margin.is_zero()) {
            let id = own.holding.instrument;
            let named = self.instruments.iter().find(|one| one.number == id);
            let one = named.ok_or_else(|| {
                RootError::Form(format!("expected instrument {} in the legend", id.index()))
            })?;
            sums.add_balance(&one.settle, own.margin)?;
        }
        for (asset, amount) in self.account.required.iter().filter(|(_, one)| !one.is_zero()) {
            sums.add_required(asset, *amount)?;
        }
        Ok(sums)
    }

    /// The leaf of a statement that somebody else has made.
    pub(super) fn checked_leaf(&self) -> Result<Node, ProofError> {
        let leaf = self.leaf().map_err(|error| ProofError::Statement(error.to_string()))?;
        leaf.sums.problem().map_or(Ok(leaf), |problem| Err(ProofError::Statement(problem)))
    }
}
