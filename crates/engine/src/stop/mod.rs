//! Stop orders: orders that wait until a mark or an index price reaches their trigger.
//!
//! They are sorted by trigger for each price they look at, so a price that moves looks at what it
//! crosses and at nothing else, however far it jumps. Stops that it crosses trigger in the order in
//! which a steady move would reach them, at one trigger in the order of placement. A trailing stop
//! follows the prices that the engine was told; between two of them it sees nothing.

mod ladder;
mod side;
#[cfg(test)]
mod tests;

use crate::account::{AccountId, instrument};
use crate::state::Source;
use keelmark_book::{InstrumentId, Price, Quantity, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use side::{Side, Sign};
use std::collections::BTreeMap;

/// Whose stop, and its number, which its order has as well.
pub type Key = (AccountId, u64);

/// When a stop triggers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// At this price or worse for the position that it closes.
    StopLoss(Price),
    /// At this price or better for the position that it closes.
    TakeProfit(Price),
    /// This far, in price, behind the best price seen.
    TrailDistance(Price),
    /// This share behind the best price seen: `0.02` is 2 %.
    TrailRate(Rate),
}

/// Which price it looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The instrument's mark.
    #[default]
    Mark,
    /// The index price of the instrument's base asset.
    Index,
}

/// A stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Whose.
    pub account: AccountId,
    /// Its number, and its order's.
    pub order: u64,
    /// Which instrument it trades.
    #[serde(with = "instrument")]
    pub instrument: InstrumentId,
    /// When it triggers.
    pub when: When,
    /// What it looks at.
    pub source: Source,
    /// Whether its order buys.
    pub buys: bool,
    /// Contracts of its order, without sign; absent for the position as it then is.
    pub quantity: Option<Quantity>,
    /// Limit price of its order; absent for a market order.
    pub price: Option<Price>,
    /// Whether its order may only bring the position towards zero.
    pub reduce_only: bool,
    /// Whether its order is about the position on collateral of its own.
    pub isolated: bool,
    /// The stop of the same account that goes when this one triggers, and the other way round.
    pub other: Option<u64>,
    /// How many stops were placed before it.
    pub placed: u64,
    /// The best price that it has seen; of a stop that does not trail the price it was placed at.
    pub best: Price,
}

impl Stop {
    fn key(&self) -> Key {
        (self.account, self.order)
    }

    /// A sale that limits a loss waits for a fall, and so does a purchase that takes a profit.
    fn sign(&self) -> Sign {
        let profit = matches!(self.when, When::TakeProfit(_));
        if profit == self.buys { Sign::Falls } else { Sign::Rises }
    }

    /// Whether a price is at or past a trigger of it.
    #[must_use]
    pub fn is_reached(&self, trigger: Price, price: Price) -> bool {
        self.sign().of(price) <= self.sign().of(trigger)
    }
}

/// All stops that wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub struct Stops {
    waiting: BTreeMap<Key, Stop>,
    placed: u64,
    /// By what they look at: those that wait for a fall, and those that wait for a rise.
    sides: BTreeMap<Source, [Side; 2]>,
}

/// What is written down of them; the rest follows.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    placed: u64,
    /// In order of placement.
    stops: Vec<Stop>,
}

impl From<Stops> for Kept {
    fn from(all: Stops) -> Self {
        let mut stops: Vec<Stop> = all.waiting.keys().filter_map(|key| all.get(*key)).collect();
        stops.sort_unstable_by_key(|stop| stop.placed);
        Self { placed: all.placed, stops }
    }
}

impl From<Kept> for Stops {
    fn from(kept: Kept) -> Self {
        let mut all = Self { placed: kept.placed, ..Self::default() };
        for stop in kept.stops {
            // A second of the same number would be found by its price and by nothing else.
            if !all.waiting.contains_key(&stop.key()) {
                all.insert(stop);
            }
        }
        all
    }
}

/// A change of the stops.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// One more, the newest.
    Place(Box<Stop>),
    /// One less.
    Remove(Key),
}

impl Stops {
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Place(stop) => {
                let (account, order) = stop.key();
                let other = stop.other.and_then(|other| self.waiting.get_mut(&(account, other)));
                if let Some(other) = other {
                    other.other = Some(order);
                }
                self.insert(Stop { placed: self.placed, ..*stop });
                self.placed += 1;
            }
            Edit::Remove(key) => self.remove(key),
        }
    }

    fn insert(&mut self, stop: Stop) {
        let (sign, key) = (stop.sign(), stop.key());
        let sides = self.sides.entry(stop.source.clone()).or_default();
        sides[sign as usize].insert(stop.when, sign, stop.placed, stop.best, key);
        self.waiting.insert(key, stop);
    }

    fn remove(&mut self, key: Key) {
        let Some(stop) = self.waiting.remove(&key) else { return };
        if let Some(sides) = self.sides.get_mut(&stop.source) {
            sides[stop.sign() as usize].remove(stop.when, stop.sign(), stop.placed);
        }
        if let Some(other) = stop.other.and_then(|other| self.waiting.get_mut(&(key.0, other))) {
            other.other = None;
        }
    }

    /// A stop that waits.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<Stop> {
        let stop = self.waiting.get(&key)?;
        let sides = self.sides.get(&stop.source);
        let best = sides.and_then(|sides| {
            sides[stop.sign() as usize].best(stop.when, stop.sign(), stop.placed)
        });
        Some(Stop { best: best.unwrap_or(stop.best), ..stop.clone() })
    }

    /// All that wait.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.waiting.values()
    }

    /// The stops of an account that wait, by number.
    pub fn of(&self, account: AccountId) -> impl Iterator<Item = &Stop> {
        self.waiting.range((account, 0)..=(account, u64::MAX)).map(|(_, stop)| stop)
    }

    /// A price was told: trailing stops follow it. Whether any did.
    pub(crate) fn see(&mut self, source: &Source, price: Price) -> bool {
        let Some([falls, rises]) = self.sides.get_mut(source) else { return false };
        falls.see(Sign::Falls.of(price)) | rises.see(Sign::Rises.of(price))
    }

    /// The stops that a price reaches with their triggers, in the order in which they trigger.
    #[must_use]
    pub fn crossed(&self, source: &Source, price: Price) -> Vec<(Price, Key)> {
        let Some([falls, rises]) = self.sides.get(source) else { return Vec::new() };
        let mut found = Vec::new();
        for (side, sign) in [(falls, Sign::Falls), (rises, Sign::Rises)] {
            let crossed = side.crossed(sign.of(price)).into_iter();
            found.extend(crossed.map(|(trigger, _, key)| (sign.of(trigger.0), key)));
        }
        found
    }
}
