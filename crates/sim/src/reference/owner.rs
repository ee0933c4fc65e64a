//! What an owner's trades with himself do, and what goes with a closed position.

use super::{Decision, Held, Reference, ensure};
use crate::holdings::big;
use keelmark_book::{Asset, Money};
use keelmark_engine::account::Mode;
use keelmark_engine::command::{Side, Trade};
use keelmark_margin::margin;
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
            gain += self.left(name, is)? - self.left(name, was)?;
        }
        ensure(gain <= BigInt::from(1_000_000_000))
    }

    /// What an account has above initial margin in all.
    fn left(&self, name: &str, held: Held) -> Option<BigInt> {
        let model = self.models.get(&held.model)?;
        let alone = Self {
            accounts: BTreeMap::from([(name.to_owned(), held)]),
            market: self.market.clone(),
            ..Self::default()
        };
        let found: Money =
            margin(model, &self.market, &alone.portfolio(name)?).ok()?.total.available();
        Some(big(found.decimal()))
    }

    /// Orders that may only reduce go with what they would reduce.
    pub(super) fn nothing_to_reduce(&mut self, name: &str) {
        let Some(held) = self.accounts.get_mut(name) else { return };
        let positions = &held.positions;
        held.orders.retain(|_, order| {
            let fills = positions.get(&(order.instrument, order.isolated));
            let now = fills.map(|fills| fills.sum().quantity).unwrap_or_default();
            let zero = BigInt::ZERO;
            !order.reduce_only || now != zero && (now > zero) != (order.quantity > zero)
        });
    }
}
