//! What an owner's trades with himself do, and what goes with a closed position.

use super::{Decision, Held, Reference, ensure};
use crate::facts;
use crate::holdings::big;
use keelmark_book::{Asset, InstrumentId};
use keelmark_engine::account::Mode;
use keelmark_engine::command::{Side, Trade};
use keelmark_engine::event::Why;
use num_bigint::BigInt;
use std::collections::BTreeMap;

impl Reference {
    /// Whether both sides are one position of one account.
    pub(super) fn with_itself(&self, buyer: &Side, seller: &Side) -> Option<bool> {
        self.live(&buyer.account)?;
        self.live(&seller.account)?;
        let same = buyer.account == seller.account;
        Some(same && self.is_isolated(buyer)? == self.is_isolated(seller)?)
    }

    fn is_isolated(&self, side: &Side) -> Option<bool> {
        let held = self.live(&side.account)?;
        match side.order {
            Some(number) => Some(held.orders.get(&number)?.isolated),
            None => Some(side.isolated || held.mode == Mode::Isolated),
        }
    }

    /// Whether two accounts of one family have no more left together than with the filled orders
    /// cancelled, fees aside.
    pub(super) fn no_gain(
        &self,
        before: &BTreeMap<String, Held>,
        trade: &Trade,
        settle: &Asset,
    ) -> Decision {
        let (buyer, seller) = (&trade.buyer, &trade.seller);
        if !self.linked(&buyer.account, &seller.account) {
            return Some(());
        }
        let mut names = vec![&buyer.account, &seller.account];
        names.dedup();
        let mut gain = BigInt::ZERO;
        for name in names {
            let after = self.accounts.get(name)?;
            let was = Held { orders: after.orders.clone(), ..before.get(name)?.clone() };
            let mut is = after.clone();
            for side in [buyer, seller].into_iter().filter(|side| side.account == *name) {
                *is.cash.entry(settle.clone()).or_default() += big(side.fee.decimal());
            }
            is.cash.retain(|_, amount| *amount != BigInt::ZERO);
            gain += self.left(name, &is)? - self.left(name, &was)?;
        }
        ensure(gain <= BigInt::from(1_000_000_000))
    }

    /// What an account has above initial margin in all.
    fn left(&self, name: &str, held: &Held) -> Option<BigInt> {
        Some(big(self.margin_of(name, held)?.total.available().decimal()))
    }

    /// Orders and stops that may only reduce go with what they would reduce.
    pub(super) fn nothing_to_reduce(&mut self, name: &str) {
        let Some(held) = self.accounts.get_mut(name) else { return };
        let (positions, zero) = (&held.positions, BigInt::ZERO);
        let gone = |key: (InstrumentId, bool), buys: bool| {
            let now = positions.get(&key).map(|fills| &fills.sum().quantity);
            now.is_none_or(|now| *now == zero || (*now > zero) == buys)
        };
        let (mut orders, mut waiting) = (Vec::new(), Vec::new());
        for (number, one) in &held.orders {
            if one.reduce_only && gone((one.instrument, one.isolated), one.quantity > zero) {
                orders.push(*number);
            }
        }
        for one in self.stops.of(name).filter(|one| !one.may_open) {
            if gone((one.instrument, one.isolated), one.buys) {
                waiting.push(one.number);
            }
        }
        for number in orders {
            held.orders.remove(&number);
            self.facts.push(facts::cancelled(name, number));
        }
        for number in waiting {
            self.stops.remove(name, number);
            self.facts.push(facts::stop_cancelled(name, number, Why::PositionClosed));
        }
    }
}
