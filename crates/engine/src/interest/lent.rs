//! What all accounts together owe and hold of an asset, over time.
//!
//! Kept beside the accounts and stored, since it is rounded once a change and not once an account:
//! it tells the rate at which interest runs up, and never what is charged.

use super::{Edit, Terms, Weight, Yearly, utilisation};
use crate::account::{Account, AccountId};
use crate::change::{Edit as Any, Outcome};
use crate::state::State;
use keelmark_book::{Asset, Money, Overflow, Rate, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What all accounts together owe and hold of assets whose rate follows a curve, so that a check of
/// one account needs no look at all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lent {
    assets: BTreeMap<Asset, All>,
}

/// All accounts together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct All {
    /// What they owe now, above zero.
    owed: Money,
    /// What they hold now.
    held: Money,
    /// Both weighed by time since interest was last charged.
    weight: Weight,
}

impl All {
    fn until(&self, now: Timestamp) -> Result<Weight, Overflow> {
        let owed = self.weight.until(-self.owed, now)?.owed;
        let held = self.weight.until(self.held, now)?.held;
        Ok(Weight { since: now, owed, held })
    }

    fn add(&mut self, balance: Money) -> Result<(), Overflow> {
        self.owed = self.owed.plus((-balance).max(Money::ZERO))?;
        self.held = self.held.plus(balance.max(Money::ZERO))?;
        Ok(())
    }

    fn take(&mut self, balance: Money) -> Result<(), Overflow> {
        self.owed = self.owed.minus((-balance).max(Money::ZERO))?;
        self.held = self.held.minus(balance.max(Money::ZERO))?;
        Ok(())
    }
}

impl Lent {
    /// The utilisation of an asset since interest was last charged; zero where none is kept.
    pub(super) fn utilisation(&self, asset: &Asset, now: Timestamp) -> Result<Rate, Overflow> {
        let Some(all) = self.assets.get(asset) else { return Ok(Rate::ZERO) };
        let weight = all.until(now)?;
        utilisation(weight.owed, weight.held)
    }

    /// What balances that an outcome changes make of it.
    fn moved(
        &self,
        accounts: &[Account],
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Self, Overflow> {
        let mut lent = self.clone();
        for (asset, all) in &mut lent.assets {
            let mut moved = all.clone();
            for (id, after) in &outcome.accounts {
                let before = accounts.get(id.index());
                moved.take(before.map_or(Money::ZERO, |one| one.balance(asset)))?;
                moved.add(after.balance(asset))?;
            }
            if (moved.owed, moved.held) != (all.owed, all.held) {
                let weight = all.until(now)?;
                *all = All { weight, ..moved };
            }
        }
        Ok(lent)
    }

    /// What an edit of an outcome makes of it: interest was charged, or has other terms.
    fn follow(
        &mut self,
        edit: &Edit,
        accounts: &[Account],
        outcome: &Outcome,
    ) -> Result<(), Overflow> {
        match edit {
            Edit::Accrued(asset, at, _) => {
                if let Some(all) = self.assets.get_mut(asset) {
                    all.weight = Weight { since: *at, ..Weight::default() };
                }
            }
            Edit::Terms(asset, at, Some(Terms { yearly: Yearly::Curve(_), .. })) => {
                let weight = Weight { since: *at, ..Weight::default() };
                let mut all = All { weight, ..All::default() };
                for (index, account) in accounts.iter().enumerate() {
                    let after = outcome.accounts.get(&AccountId::new(index));
                    all.add(after.unwrap_or(account).balance(asset))?;
                }
                self.assets.insert(asset.clone(), all);
            }
            Edit::Terms(asset, ..) => drop(self.assets.remove(asset)),
        }
        Ok(())
    }

    /// Counted from all accounts, for snapshots that do not have it.
    fn counted(state: &State) -> Result<Self, Overflow> {
        let mut lent = Self::default();
        for (asset, of) in &state.interest.assets {
            if !matches!(of.terms.yearly, Yearly::Curve(_)) {
                continue;
            }
            let mut all =
                All { weight: Weight { since: state.now, ..Weight::default() }, ..All::default() };
            for (index, account) in state.accounts.iter().enumerate() {
                let balance = account.balance(asset);
                let weight = of.weight(AccountId::new(index)).until(balance, state.now)?;
                all.add(balance)?;
                all.weight.owed = all.weight.owed.plus(weight.owed)?;
                all.weight.held = all.weight.held.plus(weight.held)?;
            }
            lent.assets.insert(asset.clone(), all);
        }
        Ok(lent)
    }

    /// What an outcome makes of it.
    pub(crate) fn after(
        &self,
        accounts: &[Account],
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Self, Overflow> {
        let mut lent = self.moved(accounts, outcome, now)?;
        for edit in &outcome.edits {
            if let Any::Interest(edit) = edit {
                lent.follow(edit, accounts, outcome)?;
            }
        }
        Ok(lent)
    }

    /// As it was stored, if it is what the accounts have; counted from them where it was not.
    pub(crate) fn restored(stored: Option<Self>, state: &State) -> Result<Self, String> {
        let counted = Self::counted(state).map_err(|error| error.to_string())?;
        let Some(stored) = stored else { return Ok(counted) };
        let sums = |lent: &Self| -> Vec<(Asset, Money, Money)> {
            let assets = lent.assets.iter();
            assets.map(|(asset, all)| (asset.clone(), all.owed, all.held)).collect()
        };
        let (expected, found) = (sums(&counted), sums(&stored));
        if expected == found {
            return Ok(stored);
        }
        Err(format!("expected what accounts owe and hold, {expected:?}, found {found:?}"))
    }
}
