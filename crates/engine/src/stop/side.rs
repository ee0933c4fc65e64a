//! Stops of one price that trigger in one direction, sorted by their triggers.
//!
//! One direction serves both: where a rise triggers, prices are negated, so that every stop here
//! triggers at or below its trigger.

use super::ladder::{By, Ladder};
use super::{Key, When};
use keelmark_book::Price;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A trigger, by falling price and then by age: the order in which a fall crosses them.
pub type Crossing = (Reverse<Price>, u64, Key);

/// Stops of one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    fixed: BTreeMap<(Reverse<Price>, u64), Key>,
    by_distance: Ladder,
    by_rate: Ladder,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            fixed: BTreeMap::new(),
            by_distance: Ladder::new(By::Distance),
            by_rate: Ladder::new(By::Rate),
        }
    }
}

impl Side {
    /// Adds the newest stop; `sign` is that of prices here, `best` the best price it has seen.
    pub fn insert(&mut self, when: When, sign: Sign, placed: u64, best: Price, key: Key) {
        match when {
            When::StopLoss(at) | When::TakeProfit(at) => {
                self.fixed.insert((Reverse(sign.of(at)), placed), key);
            }
            When::TrailDistance(by) => {
                self.by_distance.insert(placed, by.decimal(), sign.of(best), key);
            }
            When::TrailRate(by) => self.by_rate.insert(placed, by.decimal(), sign.of(best), key),
        }
    }

    /// Takes a stop out.
    pub fn remove(&mut self, when: When, sign: Sign, placed: u64) {
        match when {
            When::StopLoss(at) | When::TakeProfit(at) => {
                self.fixed.remove(&(Reverse(sign.of(at)), placed));
            }
            When::TrailDistance(by) => self.by_distance.remove(placed, by.decimal()),
            When::TrailRate(by) => self.by_rate.remove(placed, by.decimal()),
        }
    }

    /// The best price that a trailing stop has seen.
    pub fn best(&self, when: When, sign: Sign, placed: u64) -> Option<Price> {
        let best = match when {
            When::StopLoss(_) | When::TakeProfit(_) => None,
            When::TrailDistance(_) => self.by_distance.best(placed),
            When::TrailRate(_) => self.by_rate.best(placed),
        };
        best.map(|best| sign.of(best))
    }

    /// A price was seen, in the sign of prices here; whether a stop trails it.
    pub fn see(&mut self, price: Price) -> bool {
        self.by_distance.see(price) | self.by_rate.see(price)
    }

    /// The stops that a price reaches, in the order in which it crosses them.
    pub fn crossed(&self, price: Price) -> Vec<Crossing> {
        let fixed = self.fixed.range(..=(Reverse(price), u64::MAX));
        let mut found: Vec<Crossing> =
            fixed.map(|((trigger, placed), key)| (*trigger, *placed, *key)).collect();
        let sorted = found.len();
        self.by_distance.crossed(price, &mut found);
        self.by_rate.crossed(price, &mut found);
        if found.len() > sorted {
            found.sort_unstable();
        }
        found
    }
}

/// The sign of prices on a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// As they are: falls trigger.
    Falls,
    /// Negated: rises trigger.
    Rises,
}

impl Sign {
    /// A price as the side has it, or back.
    pub fn of(self, price: Price) -> Price {
        match self {
            Self::Falls => price,
            Self::Rises => -price,
        }
    }
}
