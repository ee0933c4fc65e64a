//! Stop orders: placed and cancelled by command, triggered by prices.

use super::{orders, settle};
use crate::account::{Mode, Order};
use crate::change::{Change, Edit};
use crate::command::PlaceStop;
use crate::event::{Event, Why};
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::{Source, State};
use crate::stop::{self, Key, On, Stop, When};
use keelmark_book::{InstrumentId, Price, Quantity, Rate};

/// Places a stop. What it would trigger at once is refused: that is an order.
pub fn place<'a>(state: &'a State, ask: &PlaceStop) -> Result<Change<'a>, Refusal> {
    let id = state.open(&ask.account)?;
    let instrument = state.instrument(&ask.instrument)?;
    settle::traded(state, instrument, !ask.may_open)?;
    orders::unused(state, id, ask.order)?;
    if let Some(quantity) = ask.quantity {
        orders::sound(state, instrument, quantity, ask.price)?;
    }
    if let Some(price) = ask.price.filter(|price| !price.is_positive()) {
        return Err(Refusal::bad("price", "above zero", price));
    }
    let account = state.account(id);
    let isolated = ask.isolated || account.mode == Mode::Isolated;
    let buys = side(ask, account.position(instrument, isolated))?;
    let source = source(state, instrument, ask.on);
    let best = state.told(&source)?;
    let stop = Stop {
        account: id,
        order: ask.order,
        instrument,
        when: ask.when,
        source,
        buys,
        quantity: ask.quantity.map(Quantity::abs),
        price: ask.price,
        reduce_only: !ask.may_open,
        isolated,
        other: ask.other,
        placed: 0,
        best,
    };
    waits(&stop, best)?;
    if let Some(other) = ask.other {
        let found = state.stops.get((id, other));
        let found = found.ok_or_else(|| Refusal::unknown("stop", &other.to_string()))?;
        if let Some(paired) = found.other {
            return Err(Refusal::bad(
                "other",
                "a stop without another",
                format!("that of {paired}"),
            ));
        }
    }
    let (account, order) = (ask.account.clone(), ask.order);
    let mut change = Change::event(state, Event::StopPlaced { account, order });
    change.edit(Edit::Stops(stop::Edit::Place(Box::new(stop))));
    Ok(change)
}

/// Whether the order of a stop buys; refuses one that could reduce nothing.
fn side(ask: &PlaceStop, held: Quantity) -> Result<bool, Refusal> {
    match ask.quantity {
        Some(quantity) if ask.may_open => Ok(quantity.is_positive()),
        None if ask.may_open => {
            Err(Refusal::bad("quantity", "one, since the order may open a position", "none"))
        }
        _ if held.is_zero() => {
            let expected = "a position to reduce, or may_open";
            Err(Refusal::bad("instrument", expected, "no position"))
        }
        Some(quantity) => {
            orders::within(quantity, -held)?;
            Ok(quantity.is_positive())
        }
        None => Ok(held.is_negative()),
    }
}

fn source(state: &State, instrument: InstrumentId, on: On) -> Source {
    match on {
        On::Mark => Source::Mark(instrument),
        On::Index => Source::Index(state.market.instruments.get(instrument).base.clone()),
    }
}

/// Refuses a trigger that is reached already, and one that never will be.
fn waits(stop: &Stop, now: Price) -> Result<(), Refusal> {
    match stop.when {
        When::StopLoss(at) | When::TakeProfit(at) => {
            if !at.is_positive() {
                return Err(Refusal::bad("when", "a price above zero", at));
            }
            if stop.is_reached(at, now) {
                let found = format!("{at}, which {now} has reached already");
                return Err(Refusal::bad("when", "a price that is not reached yet", found));
            }
        }
        When::TrailDistance(by) if !by.is_positive() || by >= now => {
            return Err(Refusal::bad("when", format!("a distance above 0 and below {now}"), by));
        }
        When::TrailRate(by) if !by.is_positive() || by >= Rate::ONE => {
            return Err(Refusal::bad("when", "a share above 0 and below 1", by));
        }
        When::TrailDistance(_) | When::TrailRate(_) => {}
    }
    Ok(())
}

/// Cancels a stop; the other of a pair stays, alone.
pub fn cancel<'a>(state: &'a State, name: &str, number: u64) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    if state.stops.get((id, number)).is_none() {
        return Err(Refusal::unknown("stop", &number.to_string()));
    }
    let mut change = Change::new(state);
    remove(&mut change, (id, number), Why::Asked);
    Ok(change)
}

/// Takes a stop away and says why.
pub fn remove(change: &mut Change<'_>, key: Key, why: Why) {
    let account = change.account(key.0).name.clone();
    change.edit(Edit::Stops(stop::Edit::Remove(key)));
    change.tell(Event::StopCancelled { account, order: key.1, why });
}

/// What becomes of a stop whose trigger was reached: its order, or the reason why there is none.
pub fn trigger<'a>(state: &'a State, stop: &Stop, trigger: Price, seen: Price) -> Change<'a> {
    open(state, stop, trigger, seen).unwrap_or_else(|refusal| {
        let account = state.account(stop.account).name.clone();
        let refusal = Box::new(refusal);
        let event = Event::TriggerRefused { account, order: stop.order, refusal };
        let mut change = Change::event(state, event);
        change.edit(Edit::Stops(stop::Edit::Remove((stop.account, stop.order))));
        change
    })
}

fn open<'a>(
    state: &'a State,
    stop: &Stop,
    trigger: Price,
    seen: Price,
) -> Result<Change<'a>, Refusal> {
    settle::traded(state, stop.instrument, stop.reduce_only)?;
    let (id, key) = (stop.account, (stop.account, stop.order));
    let mut change = Change::new(state);
    let signed = |size: Quantity| if stop.buys { size } else { -size };
    let quantity = if stop.reduce_only {
        let account = state.account(id);
        let left = orders::reducible(account, stop.instrument, stop.isolated, None)?;
        if left.is_zero() || left.is_negative() == stop.buys {
            remove(&mut change, key, Why::NothingLeft);
            return Ok(change);
        }
        signed(stop.quantity.map_or(left.abs(), |most| most.min(left.abs())))
    } else {
        signed(stop.quantity.unwrap_or_default())
    };
    let (instrument, price, reduce_only) = (stop.instrument, stop.price, stop.reduce_only);
    change.edit(Edit::Stops(stop::Edit::Remove(key)));
    change.account_mut(id).add_order(Order {
        number: stop.order,
        instrument,
        quantity,
        price,
        reduce_only,
        isolated: stop.isolated,
    });
    if !reduce_only {
        change.within_limits(id, instrument)?;
        change.require(id, Leave::Initial)?;
    }
    let (account, order) = (change.account(id).name.clone(), stop.order);
    let instrument = change.symbol(instrument);
    change.tell(Event::Triggered {
        account,
        order,
        instrument,
        quantity,
        price,
        reduce_only,
        trigger,
        seen,
    });
    if let Some(other) = stop.other {
        remove(&mut change, (id, other), Why::OtherTriggered);
    }
    Ok(change)
}
