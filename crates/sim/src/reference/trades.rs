//! Trades in the reference: both sides filled, then everything looked at that a trade may break.

use super::{Decision, Held, Reference, ensure};
use crate::holdings::{big, size, small, value};
use keelmark_book::{InstrumentId, Isolation, Kind, Money, Portfolio, Position, Price, Round};
use keelmark_engine::account::Mode;
use keelmark_engine::command::{Side, Trade};
use keelmark_margin::margin;
use num_bigint::BigInt;
use std::collections::BTreeMap;

impl Reference {
    pub(super) fn trade(&mut self, trade: &Trade) -> Decision {
        let id = self.market.instruments.find(&trade.instrument).ok()?;
        self.sound(id, trade.quantity, Some(trade.price))?;
        ensure(trade.quantity.is_positive())?;
        let one = self.market.instruments.get(id).clone();
        let quantity = big(trade.quantity.decimal());
        let value = value(&one, &quantity, &big(trade.price.decimal()));
        small(&value)?;
        small(&size(&one, &quantity))?;
        let two = [&trade.buyer.account, &trade.seller.account];
        let before: BTreeMap<String, Held> = two
            .into_iter()
            .filter_map(|name| Some((name.clone(), self.accounts.get(name)?.clone())))
            .collect();
        let with_itself = self.with_itself(&trade.buyer, &trade.seller)?;
        let sides =
            [(&trade.buyer, quantity.clone(), value.clone()), (&trade.seller, -&quantity, -&value)];
        let mut reduce = Vec::new();
        for (side, quantity, value) in &sides {
            reduce.push(self.side(side, trade.price, id, (quantity, value), with_itself)?);
        }
        if one.kind == Kind::Spot {
            let size = size(&one, &quantity);
            for (name, sign) in [(&trade.buyer.account, 1), (&trade.seller.account, -1)] {
                self.pay(name, &one.base, &(&size * sign));
                self.pay(name, &one.quote, &(&value * -sign));
            }
        }
        for (side, reduces) in [&trade.buyer, &trade.seller].into_iter().zip(reduce) {
            self.within(&before, &side.account, id)?;
            if reduces {
                self.gains(&side.account, before.get(&side.account))?;
            } else {
                self.stands(&side.account)?;
            }
        }
        if one.kind == Kind::Spot {
            return Some(());
        }
        self.no_gain(&before, trade, &one.settle)
    }

    /// Fills one side; whether that only brings a position towards zero.
    fn side(
        &mut self,
        side: &Side,
        price: Price,
        id: InstrumentId,
        (quantity, value): (&BigInt, &BigInt),
        with_itself: bool,
    ) -> Option<bool> {
        let name = &side.account;
        let zero = BigInt::ZERO;
        let held = self.live(name)?;
        let mut isolated = side.isolated || held.mode == Mode::Isolated;
        let one = self.market.instruments.get(id).clone();
        let held = self.accounts.get_mut(name)?;
        let mut reduce_only = false;
        if let Some(number) = side.order {
            let order = held.orders.get_mut(&number)?;
            (isolated, reduce_only) = (order.isolated, order.reduce_only);
            ensure(order.instrument == id && (order.quantity > zero) == (*quantity > zero))?;
            ensure(order.quantity.magnitude() >= quantity.magnitude())?;
            let better = |limit| if *quantity > zero { price <= limit } else { price >= limit };
            ensure(order.price.is_none_or(better))?;
            order.quantity -= quantity;
            if order.quantity == zero {
                held.orders.remove(&number);
            }
        }
        let fee = big(side.fee.decimal());
        if one.kind == Kind::Spot || with_itself {
            self.pay(name, &one.settle, &-fee);
            ensure(!reduce_only)?;
            self.traded(id, false)?;
            return Some(with_itself);
        }
        let key = (id, isolated);
        let mut fills = held.positions.get(&key).cloned().unwrap_or_default();
        let was = fills.sum().clone();
        fills.add(quantity.clone(), value.clone());
        let now = fills.sum().clone();
        // What the cost gained beyond what was paid.
        let cash = if one.is_option() { -value } else { &now.cost - &was.cost - value };
        if now.quantity == zero {
            held.positions.remove(&key);
        } else {
            held.positions.insert(key, fills);
        }
        let smaller = now.quantity.magnitude() < was.quantity.magnitude();
        if isolated {
            self.settle_alone(name, id, &was.quantity, &now.quantity, &cash)?;
        } else {
            self.pay(name, &one.settle, &cash);
        }
        self.pay(name, &one.settle, &-fee);
        let same_side = now.quantity == zero || (now.quantity > zero) == (was.quantity > zero);
        let reduces = smaller && same_side;
        ensure(reduces || !reduce_only)?;
        self.traded(id, reduces)?;
        if isolated && !reduces {
            self.top_up(name, id)?;
        }
        Some(reduces)
    }

    /// What a position on its own collateral gains or pays, and what it releases when it shrinks.
    fn settle_alone(
        &mut self,
        name: &str,
        id: InstrumentId,
        was: &BigInt,
        now: &BigInt,
        cash: &BigInt,
    ) -> Decision {
        let zero = BigInt::ZERO;
        let settle = self.market.instruments.get(id).settle.clone();
        let held = self.accounts.get_mut(name)?;
        let margin = held.margins.remove(&id).unwrap_or_default() + cash;
        held.margins.insert(id, margin.clone());
        let smaller = now.magnitude() < was.magnitude();
        let turned = *was != zero && *now != zero && (*was > zero) != (*now > zero);
        ensure(!(smaller && margin < zero))?;
        let kept = if *now == zero || turned {
            zero.clone()
        } else if smaller && margin > zero {
            // Rounded up: what stays with the position.
            let (now, was) = (BigInt::from(now.magnitude().clone()), was.magnitude().clone());
            let was = BigInt::from(was);
            let share = (&margin * now + &was - 1) / was;
            let needed = self.needed(name, id, &share).unwrap_or_else(|| margin.clone());
            (share + needed).min(margin.clone())
        } else {
            margin.clone()
        };
        let margins = &mut self.accounts.get_mut(name)?.margins;
        margins.remove(&id);
        if *now != zero {
            margins.insert(id, kept.clone());
        }
        self.pay(name, &settle, &(margin - kept));
        Some(())
    }

    /// Gives a position on its own collateral what its initial margin asks beyond what it has.
    pub(super) fn top_up(&mut self, name: &str, id: InstrumentId) -> Decision {
        let has = self.accounts.get(name)?.margins.get(&id)?.clone();
        let given = self.needed(name, id, &has)?.max(-has);
        let settle = self.market.instruments.get(id).settle.clone();
        *self.accounts.get_mut(name)?.margins.get_mut(&id)? += &given;
        self.pay(name, &settle, &-given);
        Some(())
    }

    /// What a position needs beside a margin to hold its initial margin: asked until nothing is
    /// short, each time by what the last amount was seen to count for.
    fn needed(&self, name: &str, id: InstrumentId, margin: &BigInt) -> Option<BigInt> {
        let mut short = self.short(name, id, margin)?;
        let (mut given, mut step) = (BigInt::ZERO, short.clone());
        for _ in 0..16 {
            if short == BigInt::ZERO {
                return Some(given);
            }
            given += &step;
            let left = self.short(name, id, &(margin + &given))?;
            let mended = &short - &left;
            if left > BigInt::ZERO {
                ensure(mended > BigInt::ZERO)?;
                step = (step * &left + &mended - 1) / mended;
            }
            short = left;
        }
        (short == BigInt::ZERO).then_some(given)
    }

    /// What a position on a margin is short of its initial margin, in its settlement asset.
    fn short(&self, name: &str, id: InstrumentId, own: &BigInt) -> Option<BigInt> {
        let held = self.accounts.get(name)?;
        let mut alone = Portfolio::new(name);
        let position = self.position(held, id, true)?;
        let isolation = Isolation::Own(Money::new(small(own)?));
        alone.positions.push(Position { isolation, ..position });
        let model = self.models.get(&held.model)?;
        let found = margin(model, &self.market, &alone).ok()?;
        let settle = &self.market.instruments.get(id).settle;
        let (mut short, up) = (Money::ZERO, Round::Up);
        for pool in found.pools.iter().filter(|pool| !pool.health.may_add_risk()) {
            let missing = -pool.health.available();
            let missing = missing.at(self.market.price(&pool.pool.currency).ok()?, up).ok()?;
            let missing = missing.over(self.market.price(settle).ok()?, up).ok()?;
            short = short.plus(missing).ok()?;
        }
        Some(big(short.decimal()))
    }
}
