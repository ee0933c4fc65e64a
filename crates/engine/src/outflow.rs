//! How much may leave the venue within a window: by account, and in the whole venue, asset by
//! asset.
//!
//! Windows roll. So that a window of many withdrawals stays small, each counts until the end of the
//! sixty-fourth part of the window it was made in, and a window from there: never shorter, and at
//! most a sixty-fourth longer. What came back in does not count against it. A withdrawal counts as
//! long as the limit said under which it was made.

use crate::account::AccountId;
use crate::change::{Change, Edit as Any};
use crate::refusal::Refusal;
use keelmark_book::{Asset, Money, Overflow, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Parts of a window that are counted together.
const PARTS: i64 = 64;
const SECOND: i64 = 1_000_000_000;
/// A hundred years: no window is longer.
const LONGEST: u32 = 3_155_760_000;

/// Whose withdrawals a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "OutflowWhose")]
pub enum Whose {
    /// Those of every account that has no limit of its own, each alone.
    EachAccount,
    /// Those of one account.
    Account(String),
    /// Those of all accounts together.
    Venue,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EachAccount => f.write_str("each account"),
            Self::Account(name) => write!(f, "account {name}"),
            Self::Venue => f.write_str("the venue"),
        }
    }
}

/// The most that may leave within a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How much, in the asset.
    pub most: Money,
    /// Length of the window, in seconds.
    pub seconds: u32,
}

impl Cap {
    /// A cap with sound numbers.
    pub(crate) fn checked(self) -> Result<Self, Refusal> {
        if self.most.is_negative() {
            return Err(Refusal::bad("most", "zero or more", self.most));
        }
        if self.seconds == 0 || self.seconds > LONGEST {
            return Err(Refusal::bad("seconds", format!("1 to {LONGEST}"), self.seconds));
        }
        Ok(self)
    }

    /// Until when an outflow counts.
    fn until(self, at: Timestamp) -> Timestamp {
        let window = i64::from(self.seconds) * SECOND;
        let part = (window / PARTS).max(1);
        let begun = at.nanos().div_euclid(part).saturating_mul(part);
        Timestamp::from_nanos(begun).plus_nanos(part).plus_nanos(window)
    }
}

/// The limits, and what has left under them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outflows {
    assets: BTreeMap<Asset, OfAsset>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct OfAsset {
    each_account: Option<Cap>,
    accounts: BTreeMap<AccountId, Cap>,
    venue: Option<Cap>,
    left_venue: Log,
    left: BTreeMap<AccountId, Log>,
}

/// Outflows that still count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Log {
    /// Until when, and how much; by time.
    outflows: Vec<(Timestamp, Money)>,
}

/// A change of the limits or of what has left.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// The limit of everybody's asset, or of an account's.
    Account(Asset, Option<AccountId>, Option<Cap>),
    /// The limit of the venue.
    Venue(Asset, Option<Cap>),
    /// Something left an account.
    Left(AccountId, Asset, Counted),
    /// Something left the venue.
    LeftVenue(Asset, Counted),
}

/// An outflow as it is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counted {
    at: Timestamp,
    until: Timestamp,
    amount: Money,
}

impl Log {
    /// What still counts.
    fn used(&self, now: Timestamp) -> Result<Money, Overflow> {
        Money::sum(self.still(now).map(|(_, amount)| amount))
    }

    fn still(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, Money)> {
        self.outflows.iter().copied().filter(move |(until, _)| *until > now)
    }

    fn add(&mut self, counted: Counted) {
        self.outflows.retain(|(until, _)| *until > counted.at);
        match self.outflows.binary_search_by_key(&counted.until, |(until, _)| *until) {
            // It was added up before it was counted, so it fits.
            Ok(at) => {
                let sum = self.outflows[at].1.plus(counted.amount);
                self.outflows[at].1 = sum.unwrap_or(counted.amount);
            }
            Err(at) => self.outflows.insert(at, (counted.until, counted.amount)),
        }
    }

    /// Refuses what is more than a cap leaves, and says when it would not be.
    fn check(
        &self,
        cap: Cap,
        whose: &str,
        asset: &Asset,
        wanted: Money,
        now: Timestamp,
    ) -> Result<Counted, Refusal> {
        let left = cap.most.minus(self.used(now)?)?;
        if wanted <= left {
            return Ok(Counted { at: now, until: cap.until(now), amount: wanted });
        }
        let mut freed = left;
        let mut frees = None;
        for (until, amount) in self.still(now) {
            freed = freed.plus(amount)?;
            if freed >= wanted {
                frees = Some(until);
                break;
            }
        }
        Err(Refusal::Outflow {
            whose: whose.to_owned(),
            asset: asset.clone(),
            wanted,
            left: left.or_more(Money::ZERO),
            most: cap.most,
            seconds: cap.seconds,
            frees,
        })
    }
}

impl Outflows {
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Account(asset, None, cap) => self.of(asset).each_account = cap,
            Edit::Account(asset, Some(id), Some(cap)) => {
                self.of(asset).accounts.insert(id, cap);
            }
            Edit::Account(asset, Some(id), None) => {
                self.of(asset).accounts.remove(&id);
            }
            Edit::Venue(asset, cap) => self.of(asset).venue = cap,
            Edit::Left(id, asset, counted) => {
                self.of(asset).left.entry(id).or_default().add(counted);
            }
            Edit::LeftVenue(asset, counted) => self.of(asset).left_venue.add(counted),
        }
    }

    /// What stands for an account, for every account, or for the venue; and for an account the
    /// limit that stands where it has no own.
    pub(crate) fn stands(
        &self,
        asset: &Asset,
        account: Option<AccountId>,
        venue: bool,
    ) -> (Option<Cap>, Option<Cap>) {
        let Some(of) = self.assets.get(asset) else { return (None, None) };
        match account {
            _ if venue => (of.venue, None),
            None => (of.each_account, None),
            Some(id) => (of.accounts.get(&id).copied().or(of.each_account), of.each_account),
        }
    }

    fn of(&mut self, asset: Asset) -> &mut OfAsset {
        self.assets.entry(asset).or_default()
    }
}

impl Change<'_> {
    /// Refuses an outflow beyond the limits of an account, or of the venue where it leaves that,
    /// and counts it.
    pub fn outflow(
        &mut self,
        id: AccountId,
        asset: &Asset,
        amount: Money,
        at: Timestamp,
        leaves_venue: bool,
    ) -> Result<(), Refusal> {
        let Some(of) = self.state.outflows.assets.get(asset) else { return Ok(()) };
        if let Some(cap) = of.accounts.get(&id).copied().or(of.each_account) {
            let whose = format!("account {}", self.state.account(id).name);
            let none = Log::default();
            let log = of.left.get(&id).unwrap_or(&none);
            let counted = log.check(cap, &whose, asset, amount, at)?;
            self.edit(Any::Outflows(Edit::Left(id, asset.clone(), counted)));
        }
        if let Some(cap) = of.venue.filter(|_| leaves_venue) {
            let counted = of.left_venue.check(cap, "the venue", asset, amount, at)?;
            self.edit(Any::Outflows(Edit::LeftVenue(asset.clone(), counted)));
        }
        Ok(())
    }
}
