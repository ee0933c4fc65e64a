//! Open orders: each is margin-checked before it is accepted, at its worst subset of fills.

use super::settle;
use crate::account::{Account, AccountId, Mode, Order};
use crate::change::Change;
use crate::command::Place;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::{InstrumentId, Price, Quantity};

/// Places an order.
pub fn place<'a>(state: &'a State, place: &Place) -> Result<Change<'a>, Refusal> {
    let id = state.open(&place.account)?;
    let instrument = state.instrument(&place.instrument)?;
    sound(state, instrument, place.quantity, place.price)?;
    settle::traded(state, instrument, place.reduce_only)?;
    let account = state.account(id);
    unused(state, id, place.order)?;
    let isolated = place.isolated || account.mode == Mode::Isolated;
    if place.reduce_only {
        let open = reducible(account, instrument, isolated, None)?;
        within(place.quantity, open)?;
    }
    let event = Event::Placed { account: place.account.clone(), order: place.order };
    let mut change = Change::event(state, event);
    let order = Order {
        number: place.order,
        instrument,
        quantity: place.quantity,
        price: place.price,
        reduce_only: place.reduce_only,
        isolated,
    };
    change.account_mut(id).add_order(order);
    if !place.reduce_only {
        change.within_limits(id, instrument)?;
        change.require(id, Leave::Initial)?;
    }
    Ok(change)
}

/// Cancels an order; it is never refused for margin.
pub fn cancel<'a>(state: &'a State, name: &str, number: u64) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    find(state.account(id), number)?;
    let event = Event::Cancelled { account: name.to_owned(), order: number };
    let mut change = Change::event(state, event);
    change.account_mut(id).orders.retain(|order| order.number != number);
    Ok(change)
}

/// Changes an order: checked like a new one in its place.
pub fn amend<'a>(
    state: &'a State,
    name: &str,
    number: u64,
    quantity: Quantity,
    price: Option<Price>,
) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    let account = state.account(id);
    let before = find(account, number)?;
    sound(state, before.instrument, quantity, price)?;
    settle::traded(state, before.instrument, before.reduce_only)?;
    if quantity.is_negative() != before.quantity.is_negative() {
        let side = if before.quantity.is_negative() { "below zero" } else { "above zero" };
        return Err(Refusal::bad("quantity", format!("{side}, as before"), quantity));
    }
    if before.reduce_only {
        let open = reducible(account, before.instrument, before.isolated, Some(number))?;
        within(quantity, open)?;
    }
    let (account, order) = (name.to_owned(), number);
    let mut change = Change::event(state, Event::Amended { account, order, quantity, price });
    for order in &mut change.account_mut(id).orders {
        if order.number == number {
            (order.quantity, order.price) = (quantity, price);
        }
    }
    let smaller = price == before.price && quantity.abs() <= before.quantity.abs();
    if !before.reduce_only && !smaller {
        change.within_limits(id, before.instrument)?;
        change.require(id, Leave::Initial)?;
    }
    Ok(change)
}

/// Refuses the number of an order that is open or waits.
pub fn unused(state: &State, id: AccountId, number: u64) -> Result<(), Refusal> {
    let waits = state.stops.get((id, number)).is_some();
    if waits || state.account(id).order(number).is_some() {
        return Err(Refusal::exists("order", &number));
    }
    Ok(())
}

/// Takes a fill off an order; one that is done is gone.
pub fn fill(
    change: &mut Change<'_>,
    id: AccountId,
    number: u64,
    quantity: Quantity,
) -> Result<(), Refusal> {
    let orders = &mut change.account_mut(id).orders;
    for order in orders.iter_mut().filter(|order| order.number == number) {
        order.quantity = order.quantity.minus(quantity)?;
    }
    orders.retain(|order| !order.quantity.is_zero());
    Ok(())
}

/// An open order.
pub fn find(account: &Account, number: u64) -> Result<&Order, Refusal> {
    account.order(number).ok_or_else(|| Refusal::unknown("order", &number.to_string()))
}

/// Refuses a quantity off the lot or of zero, and a price that is not above zero.
pub fn sound(
    state: &State,
    instrument: InstrumentId,
    quantity: Quantity,
    price: Option<Price>,
) -> Result<(), Refusal> {
    lots(state, instrument, quantity)?;
    match price {
        Some(price) if !price.is_positive() => Err(Refusal::bad("price", "above zero", price)),
        _ => Ok(()),
    }
}

/// Refuses a quantity off the lot or of zero.
pub fn lots(state: &State, instrument: InstrumentId, quantity: Quantity) -> Result<(), Refusal> {
    let one = state.market.instruments.get(instrument);
    if quantity.is_zero() || one.lots(quantity).is_none() {
        let expected = format!("a multiple of the lot {}, not zero", one.lot);
        return Err(Refusal::bad("quantity", expected, quantity));
    }
    Ok(())
}

/// How many contracts reduce-only orders may still close, signed as such an order: the position
/// turned round, less what other reduce-only orders close already. Orders that point the other way
/// are left from a position that has turned; they close nothing.
pub fn reducible(
    account: &Account,
    instrument: InstrumentId,
    isolated: bool,
    except: Option<u64>,
) -> Result<Quantity, Refusal> {
    let mut open = -account.position(instrument, isolated);
    let long = open.is_negative();
    for order in account.orders.iter().filter(|order| {
        order.reduce_only
            && order.instrument == instrument
            && order.isolated == isolated
            && order.quantity.is_negative() == long
            && Some(order.number) != except
    }) {
        open = open.minus(order.quantity)?;
    }
    // After the position shrank, the orders there may close more than all of it.
    let none_left = open.is_negative() != long;
    Ok(if none_left { Quantity::ZERO } else { open })
}

/// Refuses what would do more than bring a position towards zero.
pub fn within(quantity: Quantity, open: Quantity) -> Result<(), Refusal> {
    let same_way = quantity.is_negative() == open.is_negative();
    if !open.is_zero() && same_way && quantity.abs() <= open.abs() {
        return Ok(());
    }
    let expected = format!("at most {open} to reduce the position");
    Err(Refusal::bad("quantity", expected, quantity))
}
