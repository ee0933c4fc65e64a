//! Accounts by the ends of their ranges: what a price leaves behind is found without a look at what
//! it does not.
//!
//! A price counts by its key, of 32 bits: ends are rounded inward to keys, so a range is kept a
//! little narrower than it was found, and a book of ranges stays small.

use crate::account::AccountId;
use crate::state::{Source, State};
use keelmark_book::{Asset, InstrumentId, Price, Round, Timestamp};
use std::collections::BTreeSet;

/// Bits of a key behind the leading one: keys of neighbours differ by 3e-8 of a price at most.
const FRACTION: u32 = 25;

/// A price by its length in bits and the bits that lead it: it never falls where prices grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(u32);

impl Key {
    /// The key of a price; 0 of one that is not above zero.
    pub fn of(price: Price) -> Self {
        let raw = price.decimal().raw().max(0).unsigned_abs();
        let bits = u128::BITS - raw.leading_zeros();
        let led = FRACTION + 1;
        let leading = if bits > led { raw >> (bits - led) } else { raw << (led - bits) };
        Self(bits << FRACTION | (leading as u32 & ((1 << FRACTION) - 1)))
    }

    /// The key of a number such as a volatility; 0 of one that is none.
    pub fn of_number(number: f64) -> Self {
        Price::from_f64(number, Round::Nearest).map_or(Self(0), Self::of)
    }
}

/// A number that ranges have ends of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Factor {
    /// The mark of an instrument.
    Mark(InstrumentId),
    /// The index price of an asset.
    Index(Asset),
    /// The forward of an option.
    Forward(InstrumentId),
    /// The volatility of an option.
    Vol(InstrumentId),
}

impl From<Source> for Factor {
    fn from(source: Source) -> Self {
        match source {
            Source::Mark(id) => Self::Mark(id),
            Source::Index(asset) => Self::Index(asset),
        }
    }
}

impl Factor {
    /// What is told with a source, as it is now; what is no longer there has the key of zero.
    pub fn told(state: &State, source: &Source) -> Vec<(Self, Key)> {
        let now = state.told(source).map_or(Key(0), Key::of);
        let mut told = vec![(Self::from(source.clone()), now)];
        if let Source::Mark(id) = source {
            let quote = state.market.quote(*id);
            if state.market.instruments.get(*id).is_option() {
                told.push((Self::Forward(*id), quote.forward.map_or(Key(0), Key::of)));
                told.push((Self::Vol(*id), quote.iv.map_or(Key(0), Key::of_number)));
            }
        }
        told
    }

    /// The source that it is told with.
    pub fn source(&self) -> Source {
        match self {
            Self::Mark(id) | Self::Forward(id) | Self::Vol(id) => Source::Mark(*id),
            Self::Index(asset) => Source::Index(asset.clone()),
        }
    }
}

/// A range that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// What it is about, and its ends.
    pub ends: Vec<(Factor, Key, Key)>,
    /// When it ends with time, if it does.
    pub until: Option<Timestamp>,
}

/// The numbers within which an account may stay: those with a key between the two.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The number of what it is of.
    pub factor: u32,
    /// The key of the low end.
    pub low: Key,
    /// The key of the high end.
    pub high: Key,
}

/// The accounts by the ends that are of one factor.
#[derive(Debug, Default)]
pub(super) struct Ends {
    low: BTreeSet<(Key, AccountId)>,
    high: BTreeSet<(Key, AccountId)>,
}

impl Ends {
    /// Adds what an account may not leave.
    pub fn add(&mut self, id: AccountId, end: End) {
        self.low.insert((end.low, id));
        self.high.insert((end.high, id));
    }

    /// Takes it away.
    pub fn remove(&mut self, id: AccountId, end: End) {
        self.low.remove(&(end.low, id));
        self.high.remove(&(end.high, id));
    }

    /// The accounts that a price leaves no range of, however far it jumped.
    pub fn left(&self, key: Key) -> Vec<AccountId> {
        let above = self.low.iter().rev().take_while(|(low, _)| *low >= key);
        let below = self.high.iter().take_while(|(high, _)| *high <= key);
        above.chain(below).map(|(_, id)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::Decimal;
    use proptest::prelude::*;

    fn price(raw: i128) -> Price {
        Price::new(Decimal::from_raw(raw))
    }

    proptest! {
        #[test]
        fn keys_grow_with_prices_and_tell_near_ones_apart(raw in 0i128.., more in 0i128..) {
            let (low, high) = (raw.min(more), raw.max(more));
            prop_assert!(Key::of(price(low)) <= Key::of(price(high)));
            // A share of 1e-7 is told apart, wherever it has a bit.
            let above = (low / 10_000_000).max(1);
            if let Some(next) = low.checked_add(above) {
                prop_assert!(Key::of(price(low)) < Key::of(price(next)));
            }
        }

        #[test]
        fn whoever_is_left_in_place_is_within_his_ends(
            low in 1i128..1 << 80, width in 0i128..1 << 60, at in 0i128..1 << 81,
        ) {
            let (id, mut ends) = (AccountId::new(7), Ends::default());
            let (low, high) = (price(low), price(low + width));
            ends.add(id, End { factor: 0, low: Key::of(low), high: Key::of(high) });
            if ends.left(Key::of(price(at))).is_empty() {
                prop_assert!(low < price(at) && price(at) < high);
            }
        }
    }
}
