//! Double entry: every amount that appears somewhere leaves somewhere else.
//!
//! Beside the accounts there are accounts of the house, one a purpose. A posting moves an amount
//! of one asset from one place to another, so the sum over all places is zero for ever; the ledger
//! keeps that sum by a second way, from the balances themselves, and the engine compares it after
//! every command.

use crate::account::AccountId;
use keelmark_book::{Asset, InstrumentId, Money};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Where an amount can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An account's own balance.
    Account(AccountId),
    /// The collateral of one isolated position.
    Isolated(AccountId, InstrumentId),
    /// An account of the house.
    House(House),
}

/// Accounts of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum House {
    /// The world outside: minus everything that was deposited and not withdrawn.
    Outside,
    /// Trading fees, and the house's share of interest.
    Fees,
    /// Interest between borrowers and lenders on its way, and what rounding left of it.
    Interest,
    /// The insurance fund.
    Insurance,
    /// Realised profits of an instrument against its open positions: minus the cost of them all.
    Clearing(#[serde(with = "crate::account::instrument")] InstrumentId),
    /// An insurance fund beside the shared one, by the order in which rules named it.
    Fund(u32),
}

/// A place by the names of what it is of: numbers are the engine's own, and do not leave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Place")]
pub enum Named {
    /// An account's own balance.
    Account(String),
    /// The collateral of one isolated position.
    Isolated {
        /// Whose.
        account: String,
        /// Canonical symbol.
        instrument: String,
    },
    /// The world outside.
    Outside,
    /// Trading fees, and the house's share of interest.
    Fees,
    /// Interest on its way.
    Interest,
    /// The insurance fund.
    Insurance,
    /// The clearing account of an instrument, by its canonical symbol.
    Clearing(String),
    /// An insurance fund beside the shared one, by its name.
    Fund(String),
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => f.write_str(account),
            Self::Isolated { account, instrument } => write!(f, "{account} isolated {instrument}"),
            Self::Outside => f.write_str("outside"),
            Self::Fees => f.write_str("fees"),
            Self::Interest => f.write_str("interest"),
            Self::Insurance => f.write_str("insurance"),
            Self::Clearing(instrument) => write!(f, "clearing of {instrument}"),
            Self::Fund(name) => write!(f, "fund {name}"),
        }
    }
}

/// An amount of an asset from one place to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posting {
    /// Which asset.
    pub asset: Asset,
    /// Where it leaves.
    pub from: Named,
    /// Where it arrives.
    pub to: Named,
    /// How much; never below zero.
    pub amount: Money,
}

/// Balances of the house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// By purpose and asset. Never an entry of zero.
    balances: BTreeMap<House, BTreeMap<Asset, Money>>,
}

impl Ledger {
    /// What an account of the house has of an asset.
    #[must_use]
    pub fn balance(&self, house: House, asset: &Asset) -> Money {
        let held = self.balances.get(&house).and_then(|held| held.get(asset));
        held.copied().unwrap_or_default()
    }

    /// All accounts of the house with what they have.
    pub fn iter(&self) -> impl Iterator<Item = (House, &Asset, Money)> {
        self.balances.iter().flat_map(|(house, held)| {
            held.iter().map(move |(asset, amount)| (*house, asset, *amount))
        })
    }

    pub(crate) fn set(&mut self, house: House, asset: &Asset, amount: Money) {
        let held = self.balances.entry(house).or_default();
        if amount.is_zero() {
            held.remove(asset);
        } else {
            held.insert(asset.clone(), amount);
        }
        if held.is_empty() {
            self.balances.remove(&house);
        }
    }
}
