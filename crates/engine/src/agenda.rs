//! What is due at which time, without anybody asking for it.
//!
//! Time comes in with commands. Whatever falls due between two of them is done at its own instant,
//! in the order of time, before the later command is looked at: how often the clock is told makes
//! no difference.

use crate::account::AccountId;
use crate::feed::Subject;
use keelmark_book::{InstrumentId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is done when its time comes; at one instant in the order of this list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// A source of a feed turns stale.
    Feed(Subject),
    /// A slow price follows its index.
    Slow(Subject),
    /// The window of an instrument's settlement price opens.
    Window(InstrumentId),
    /// Funding of a perpetual is paid.
    Funding(InstrumentId),
    /// An instrument settles.
    Settle(InstrumentId),
    /// A change that was announced takes its next step.
    Change(u64),
    /// The liquidation of an account takes its next step.
    Liquidation(AccountId),
}

impl Work {
    /// The instrument it is about, if it is.
    #[must_use]
    pub fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Feed(Subject::Asset(_))
            | Self::Slow(Subject::Asset(_))
            | Self::Change(_)
            | Self::Liquidation(_) => None,
            Self::Feed(Subject::Instrument(id))
            | Self::Slow(Subject::Instrument(id))
            | Self::Window(id)
            | Self::Funding(id)
            | Self::Settle(id) => Some(*id),
        }
    }
}

/// What is due, each at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(Timestamp, Work)>", into = "Vec<(Timestamp, Work)>")]
pub struct Agenda {
    at: BTreeMap<Work, Timestamp>,
    queue: BTreeSet<(Timestamp, Work)>,
}

impl Agenda {
    /// The first that is due by a time.
    #[must_use]
    pub fn due(&self, by: Timestamp) -> Option<&(Timestamp, Work)> {
        self.queue.first().filter(|(at, _)| *at <= by)
    }

    /// When something is due.
    #[must_use]
    pub fn when(&self, work: &Work) -> Option<Timestamp> {
        self.at.get(work).copied()
    }

    /// All that is due, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Timestamp, Work)> {
        self.queue.iter()
    }

    /// Sets when something is due; `None` when it no longer is. What is due at the end of all
    /// time never is.
    pub(crate) fn set(&mut self, work: Work, at: Option<Timestamp>) {
        if let Some(before) = self.at.remove(&work) {
            self.queue.remove(&(before, work.clone()));
        }
        if let Some(at) = at.filter(|at| at.nanos() < i64::MAX) {
            self.queue.insert((at, work.clone()));
            self.at.insert(work, at);
        }
    }
}

impl From<Vec<(Timestamp, Work)>> for Agenda {
    fn from(list: Vec<(Timestamp, Work)>) -> Self {
        let mut agenda = Self::default();
        for (at, work) in list {
            agenda.set(work, Some(at));
        }
        agenda
    }
}

impl From<Agenda> for Vec<(Timestamp, Work)> {
    fn from(agenda: Agenda) -> Self {
        agenda.queue.into_iter().collect()
    }
}

/// A number of seconds after a time.
pub(crate) fn after(at: Timestamp, seconds: u32) -> Timestamp {
    at.plus_nanos(nanos(seconds))
}

/// The first whole multiple of a number of seconds, counted from 1970, after a time.
pub(crate) fn next(at: Timestamp, every_seconds: u32) -> Timestamp {
    let every = nanos(every_seconds).max(1);
    Timestamp::from_nanos(at.nanos().div_euclid(every).saturating_add(1).saturating_mul(every))
}

pub(crate) fn nanos(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000_000
}
