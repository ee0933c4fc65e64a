//! Orders in the reference: placed, changed, and what those that may only reduce may still close.

use super::{Decision, Open, Reference, ensure};
use crate::holdings::big;
use keelmark_book::{InstrumentId, Price, Quantity};
use keelmark_engine::account::Mode;
use keelmark_engine::command;
use num_bigint::BigInt;
use std::collections::BTreeMap;

impl Reference {
    pub(super) fn place(&mut self, place: &command::Place) -> Decision {
        let held = self.live(&place.account)?;
        let id = self.market.instruments.find(&place.instrument).ok()?;
        self.sound(id, place.quantity, place.price)?;
        self.traded(id, place.reduce_only)?;
        self.unused(&place.account, place.order)?;
        let isolated = place.isolated || held.mode == Mode::Isolated;
        let order = Open {
            instrument: id,
            quantity: big(place.quantity.decimal()),
            price: place.price,
            reduce_only: place.reduce_only,
            isolated,
        };
        let before = BTreeMap::from([(place.account.clone(), held.clone())]);
        self.accounts.get_mut(&place.account)?.orders.insert(place.order, order);
        if place.reduce_only {
            return self.reduces(&place.account, place.order);
        }
        self.within(&before, &place.account, id)?;
        self.stands(&place.account)
    }

    pub(super) fn amend(
        &mut self,
        name: &str,
        number: u64,
        quantity: Quantity,
        price: Option<Price>,
    ) -> Decision {
        let held = self.live(name)?.clone();
        let before = held.orders.get(&number)?.clone();
        self.sound(before.instrument, quantity, price)?;
        self.traded(before.instrument, before.reduce_only)?;
        let quantity = big(quantity.decimal());
        ensure((quantity > BigInt::ZERO) == (before.quantity > BigInt::ZERO))?;
        let smaller = price == before.price && quantity.magnitude() <= before.quantity.magnitude();
        let (reduce_only, id) = (before.reduce_only, before.instrument);
        let order = Open { quantity, price, ..before };
        self.accounts.get_mut(name)?.orders.insert(number, order);
        match (reduce_only, smaller) {
            (true, _) => self.reduces(name, number),
            (false, true) => Some(()),
            (false, false) => {
                self.within(&BTreeMap::from([(name.to_owned(), held)]), name, id)?;
                self.stands(name)
            }
        }
    }

    /// Whether a number is neither that of an open order nor of a stop that waits.
    pub(super) fn unused(&self, name: &str, number: u64) -> Decision {
        ensure(!self.accounts.get(name)?.orders.contains_key(&number))?;
        ensure(self.stops.find(name, number).is_none())
    }

    /// Whether the reduce-only orders of an instrument leave its position on its side of zero, an
    /// order among them.
    fn reduces(&self, name: &str, number: u64) -> Decision {
        let order = self.accounts.get(name)?.orders.get(&number)?;
        let key = (order.instrument, order.isolated);
        let held = self.accounts.get(name)?.positions.get(&key)?;
        let zero = BigInt::ZERO;
        let long = held.sum().quantity > zero;
        ensure((order.quantity < zero) == long)?;
        let left = self.reducible(name, key)?;
        ensure(if long { left >= zero } else { left <= zero })
    }

    /// What the reduce-only orders against a position leave of it; past zero, what they are too
    /// many.
    pub(super) fn reducible(&self, name: &str, key: (InstrumentId, bool)) -> Option<BigInt> {
        let held = self.accounts.get(name)?;
        let mut left = held.positions.get(&key)?.sum().quantity.clone();
        let zero = BigInt::ZERO;
        let long = left > zero;
        for one in held.orders.values() {
            let against = (one.quantity < zero) == long;
            if one.reduce_only && against && (one.instrument, one.isolated) == key {
                left += &one.quantity;
            }
        }
        Some(left)
    }
}
