//! Trailing stops of one direction, in groups that share the best price they have seen.
//!
//! The best price of a stop is the best since it was placed, so an earlier stop has never a worse
//! one than a later: groups by best price are runs of stops by age. A better price joins the
//! newest groups into one, the smaller into the larger; the stops themselves keep their place in
//! it, since at one best price the order of triggers is that of the offsets. A tick looks at
//! groups that it joins or crosses, and at no others.

use super::Key;
use keelmark_book::{Decimal, Price, Round};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Below every trigger: where an offset leads out of range, nothing can reach it.
const LOWEST: Price = Price::new(Decimal::from_raw(i128::MIN + 1));

/// How far a trigger trails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By an amount of price.
    #[default]
    Distance,
    /// By a share of the best price.
    Rate,
}

/// Trailing stops that trigger when the price is at or below their trigger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ladder {
    by: By,
    /// By the number of the oldest stop of each.
    groups: BTreeMap<u64, Group>,
    /// The highest trigger of each group.
    first: BTreeSet<(Reverse<Price>, u64)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Group {
    best: Price,
    /// By offset, then age.
    stops: BTreeMap<(Decimal, u64), Key>,
}

impl Ladder {
    /// An empty one.
    pub fn new(by: By) -> Self {
        Self { by, ..Self::default() }
    }

    /// The trigger at a best price, rounded towards it: sooner rather than later.
    pub fn trigger(&self, best: Price, offset: Decimal) -> Price {
        let offset = match self.by {
            By::Distance => Ok(offset),
            By::Rate => best.abs().decimal().times(offset, Round::Down),
        };
        offset.and_then(|offset| best.minus(Price::new(offset))).unwrap_or(LOWEST)
    }

    /// Adds the newest stop, with the best price that it has seen.
    pub fn insert(&mut self, placed: u64, offset: Decimal, best: Price, key: Key) {
        let last = self.groups.last_key_value().filter(|(_, group)| group.best == best);
        let number = last.map_or(placed, |(number, _)| *number);
        let empty = || Group { best, stops: BTreeMap::new() };
        let mut group = self.take(number).unwrap_or_else(empty);
        group.stops.insert((offset, placed), key);
        self.put(number, group);
    }

    /// Takes a stop out.
    pub fn remove(&mut self, placed: u64, offset: Decimal) {
        let number = self.groups.range(..=placed).next_back().map(|(number, _)| *number);
        let Some((number, mut group)) = number.and_then(|at| Some((at, self.take(at)?))) else {
            return;
        };
        group.stops.remove(&(offset, placed));
        self.put(number, group);
    }

    /// The best price that a stop has seen.
    pub fn best(&self, placed: u64) -> Option<Price> {
        self.groups.range(..=placed).next_back().map(|(_, group)| group.best)
    }

    /// A price was seen: whoever has seen none better trails it from now on. Whether anybody does.
    pub fn see(&mut self, price: Price) -> bool {
        let mut joined: Option<(u64, Group)> = None;
        while let Some((&number, group)) = self.groups.last_key_value() {
            if group.best > price || (group.best == price && joined.is_none()) {
                break;
            }
            let Some(mut older) = self.take(number) else { break };
            if let Some((_, mut newer)) = joined.take() {
                if newer.stops.len() > older.stops.len() {
                    std::mem::swap(&mut newer, &mut older);
                }
                // Not `append`, which rebuilds the larger as well.
                older.stops.extend(newer.stops);
            }
            joined = Some((number, Group { best: price, ..older }));
        }
        let Some((number, group)) = joined else { return false };
        self.put(number, group);
        true
    }

    /// Adds the stops that a price reaches, with their triggers.
    pub fn crossed(&self, price: Price, found: &mut Vec<(Reverse<Price>, u64, Key)>) {
        for (_, number) in self.first.range(..=(Reverse(price), u64::MAX)) {
            let Some(group) = self.groups.get(number) else { continue };
            for ((offset, placed), key) in &group.stops {
                let trigger = self.trigger(group.best, *offset);
                if trigger < price {
                    break;
                }
                found.push((Reverse(trigger), *placed, *key));
            }
        }
    }

    fn first_of(&self, group: &Group) -> Option<Reverse<Price>> {
        let ((offset, _), _) = group.stops.first_key_value()?;
        Some(Reverse(self.trigger(group.best, *offset)))
    }

    fn take(&mut self, number: u64) -> Option<Group> {
        let group = self.groups.remove(&number)?;
        if let Some(first) = self.first_of(&group) {
            self.first.remove(&(first, number));
        }
        Some(group)
    }

    fn put(&mut self, number: u64, group: Group) {
        let Some(first) = self.first_of(&group) else { return };
        self.first.insert((first, number));
        self.groups.insert(number, group);
    }
}
