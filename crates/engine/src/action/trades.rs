//! Trades: two sides, one value, both checked or neither done.

use super::{orders, self_trade, settle};
use crate::account::{Account, AccountId, Mode, Order};
use crate::change::Change;
use crate::command::{Side, Trade};
use crate::event::Event;
use crate::ledger::{House, Place};
use crate::position;
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::{InstrumentId, Kind, Money, Price, Quantity, Round};

/// Two accounts trade.
pub fn trade<'a>(state: &'a State, trade: &Trade) -> Result<Change<'a>, Refusal> {
    let instrument = state.instrument(&trade.instrument)?;
    orders::lots(state, instrument, trade.quantity)?;
    if !trade.quantity.is_positive() {
        return Err(Refusal::bad("quantity", "above zero", trade.quantity));
    }
    if !trade.price.is_positive() {
        return Err(Refusal::bad("price", "above zero", trade.price));
    }
    let one = state.market.instruments.get(instrument);
    let value = position::value(one, trade.quantity, trade.price)?;
    let mut change = Change::new(state);
    let mut sides = Vec::new();
    let with_itself = self_trade::with_itself(state, &trade.buyer, &trade.seller)?;
    for (side, quantity, value) in
        [(&trade.buyer, trade.quantity, value), (&trade.seller, -trade.quantity, -value)]
    {
        let id = state.open(&side.account)?;
        let traded = Traded { id, instrument, quantity, price: trade.price, value, with_itself };
        let leave = traded.fill(&mut change, side)?;
        sides.push((id, leave));
    }
    if one.kind == Kind::Spot {
        spot(&mut change, sides[1].0, sides[0].0, instrument, trade.quantity, value)?;
    }
    for (id, leave) in sides {
        change.within_limits(id, instrument)?;
        change.require(id, leave)?;
    }
    if one.kind != Kind::Spot {
        self_trade::no_gain(&change, &trade.buyer, &trade.seller, &one.settle)?;
    }
    Ok(change)
}

/// The asset one way, its price the other.
fn spot(
    change: &mut Change<'_>,
    seller: AccountId,
    buyer: AccountId,
    instrument: InstrumentId,
    quantity: Quantity,
    value: Money,
) -> Result<(), Refusal> {
    let one = change.state.market.instruments.get(instrument);
    let size = quantity.decimal().times(one.contract_size.decimal(), Round::Nearest)?;
    let (seller, buyer) = (Place::Account(seller), Place::Account(buyer));
    change.post(&one.base, seller, buyer, Money::new(size))?;
    change.post(&one.quote, buyer, seller, value)
}

/// Whether a side of a trade stands on collateral of its own.
pub fn is_isolated(account: &Account, side: &Side) -> Result<bool, Refusal> {
    match side.order {
        Some(number) => Ok(orders::find(account, number)?.isolated),
        None => Ok(side.isolated || account.mode == Mode::Isolated),
    }
}

/// One side of a trade.
struct Traded {
    id: AccountId,
    instrument: InstrumentId,
    /// Contracts, bought above zero.
    quantity: Quantity,
    price: Price,
    /// What they were traded at in all, signed as the quantity.
    value: Money,
    /// Whether both sides are one position, which then does not change.
    with_itself: bool,
}

impl Traded {
    /// Fills one side; what it must leave the account with.
    fn fill(&self, change: &mut Change<'_>, side: &Side) -> Result<Leave, Refusal> {
        let account = change.account(self.id);
        let isolated = is_isolated(account, side)?;
        let mut reduce_only = false;
        if let Some(number) = side.order {
            let order = orders::find(account, number)?;
            reduce_only = order.reduce_only;
            self.matches(order)?;
            orders::fill(change, self.id, number, self.quantity)?;
        }
        let one = change.state.market.instruments.get(self.instrument);
        let (is_spot, settle) = (one.kind == Kind::Spot, one.settle.clone());
        let account = change.account(self.id);
        let before = account.position(self.instrument, isolated);
        let (position, realised) = if is_spot || self.with_itself {
            (before, Money::ZERO)
        } else {
            change.fill(self.id, self.instrument, isolated, self.quantity, self.value)?
        };
        let (account, instrument) =
            (change.account(self.id).name.clone(), change.symbol(self.instrument));
        let (quantity, price, order) = (self.quantity, self.price, side.order);
        change.tell(Event::Filled {
            account,
            instrument,
            quantity,
            price,
            position,
            realised,
            order,
        });
        change.post(&settle, Place::Account(self.id), Place::House(House::Fees), side.fee)?;
        change.inflow_of_trade(self.id, &settle, side.fee)?;
        let reduces = position::reduces(before, position);
        if reduce_only && !reduces {
            let expected = format!("a fill that brings the position {before} towards zero");
            return Err(Refusal::bad("quantity", expected, self.quantity));
        }
        settle::traded(change.state, self.instrument, reduces)?;
        if isolated && !reduces && !self.with_itself {
            change.top_up(self.id, self.instrument)?;
        }
        Ok(if reduces || self.with_itself { Leave::NoWorse } else { Leave::Initial })
    }

    /// Refuses a fill that its order does not allow.
    fn matches(&self, order: &Order) -> Result<(), Refusal> {
        let number = order.number;
        if order.instrument != self.instrument {
            return Err(Refusal::bad("order", "one of this instrument", number));
        }
        let same_way = order.quantity.is_negative() == self.quantity.is_negative();
        if !same_way || order.quantity.abs() < self.quantity.abs() {
            let expected = format!("at most the {} open of order {number}", order.quantity);
            return Err(Refusal::bad("quantity", expected, self.quantity));
        }
        let better = |limit: Price| {
            if self.quantity.is_positive() { self.price <= limit } else { self.price >= limit }
        };
        match order.price {
            Some(limit) if !better(limit) => {
                let expected = format!("{limit} or better, the limit of order {number}");
                Err(Refusal::bad("price", expected, self.price))
            }
            _ => Ok(()),
        }
    }
}
