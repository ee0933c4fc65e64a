//! The end of an instrument: every position is closed at one price, every order cancelled.
//!
//! Settlement is done by the clock at the instrument's end, before any later command is looked
//! at. Each lot is paid the same amount, rounded once, so that all together are paid nothing and
//! the instrument's clearing account ends at zero.

use super::{feeds, funding, stops};
use crate::account::{AccountId, Holding, Order};
use crate::agenda::{self, Work};
use crate::average::Average;
use crate::change::Change;
use crate::delivery::{self, End, Last, Phase, Rule, Window};
use crate::event::{Event, Why};
use crate::feed::Subject;
use crate::ledger::{House, Place};
use crate::position;
use crate::refusal::Refusal;
use crate::state::State;
use crate::step::Step;
use keelmark_book::{
    Asset, Instrument, InstrumentId, Kind, Money, Price, Quantity, Round, profit, settlement,
};

/// Refuses an instrument that is not traded now, or where positions may only be reduced.
pub fn traded(state: &State, id: InstrumentId, reduces: bool) -> Result<(), Refusal> {
    let problem = match state.delivery.phase(id, state.now) {
        Phase::Traded => return Ok(()),
        Phase::Reducing if reduces => return Ok(()),
        Phase::Reducing => "its end is announced: positions may only be reduced",
        Phase::Waiting => "its end has come",
        Phase::Settled => "it has settled",
    };
    let instrument = state.market.instruments.get(id).to_string();
    Err(Refusal::NotTraded { instrument, problem: problem.to_owned() })
}

/// Refuses a price or a payment for an instrument that has ended.
pub fn quoted(state: &State, id: InstrumentId) -> Result<(), Refusal> {
    traded(state, id, true)
}

/// Puts the end of a new instrument on the agenda, if it has one.
pub fn schedule(change: &mut Change<'_>, id: InstrumentId, one: &Instrument) {
    if let Some(expiry) = one.expiry() {
        let last = Last::Average(change.state.delivery.rule(&one.base));
        ends(
            change,
            id,
            one,
            &End { at: expiry, last, window: None, delisted: false, settled: false },
        );
    }
}

/// Sets the end of an instrument, its window and when both are due.
pub fn ends(change: &mut Change<'_>, id: InstrumentId, one: &Instrument, end: &End) {
    let now = change.state.now;
    let window = match end.last {
        Last::Mark => None,
        Last::Average(rule) => Some(Window::of(one, end.at, rule.window_seconds, now)),
    };
    change.step(Step::Due(Work::Window(id), window.as_ref().map(|window| window.from)));
    change.step(Step::Due(Work::Settle(id), Some(end.at)));
    change.step(Step::End(id, Box::new(End { window, ..end.clone() })));
}

/// Sets how settlement prices of an underlying are made, for every window that is not open yet.
pub fn configure<'a>(state: &'a State, asset: &Asset, rule: Rule) -> Result<Change<'a>, Refusal> {
    window_is_sound(rule)?;
    let event = Event::SettlementSet { asset: asset.clone(), rule };
    let mut change = Change::event(state, event);
    change.step(Step::Rule(asset.clone(), rule));
    for (id, end) in &state.delivery.ends {
        let one = state.market.instruments.get(*id);
        let ahead = end.window.as_ref().is_some_and(|window| window.from > state.now);
        if one.base == *asset && !end.delisted && ahead {
            ends(&mut change, *id, one, &End { last: Last::Average(rule), ..end.clone() });
        }
    }
    Ok(change)
}

/// Refuses a window of nothing.
pub fn window_is_sound(rule: Rule) -> Result<(), Refusal> {
    if rule.window_seconds == 0 {
        return Err(Refusal::bad("window_seconds", "above zero", 0));
    }
    feeds::share("coverage", rule.coverage)
}

/// The window of a settlement price opens.
pub fn window(state: &State, id: InstrumentId) -> Change<'_> {
    let mut change = Change::new(state);
    let end = state.delivery.ends.get(&id);
    if let Some(window) = end.and_then(|end| end.window.clone()) {
        change.step(Step::Window(window));
    }
    change
}

/// The end of an instrument has come. Where there is no price, a delisted one is tried again over
/// the next window, at most until it expires; one that expired waits for the venue's decision.
pub fn due(state: &State, id: InstrumentId) -> Result<Change<'_>, Refusal> {
    let mut change = Change::new(state);
    let Some(end) = state.delivery.ends.get(&id).filter(|end| !end.settled) else {
        return Ok(change);
    };
    let one = state.market.instruments.get(id);
    match last_price(state, id, end) {
        Ok(price) => deliver(&mut change, id, price, end.last)?,
        Err(problem) => {
            change.tell(Event::Missed { what: "settlement".to_owned(), problem });
            let again = end.delisted && one.expiry().is_none_or(|expiry| end.at < expiry);
            if let (true, Last::Average(rule)) = (again, end.last) {
                let at = agenda::after(end.at, rule.window_seconds);
                let at = one.expiry().map_or(at, |expiry| at.min(expiry));
                ends(&mut change, id, one, &End { at, ..end.clone() });
            }
        }
    }
    Ok(change)
}

/// Settles an instrument that waits: its window had too little of an index, so the venue says the
/// price, which the log then has.
pub fn settle<'a>(
    state: &'a State,
    name: &str,
    price: Option<Price>,
) -> Result<Change<'a>, Refusal> {
    let id = state.instrument(name)?;
    let waits = state.delivery.phase(id, state.now) == Phase::Waiting;
    let Some(end) = state.delivery.ends.get(&id).filter(|_| waits) else {
        let problem = match state.delivery.phase(id, state.now) {
            Phase::Settled => "it has settled".to_owned(),
            _ => match state.delivery.ends.get(&id) {
                Some(end) => format!("it ends at {}, and settles then by itself", end.at),
                None => "it does not end; announce its end with delist".to_owned(),
            },
        };
        let instrument = state.market.instruments.get(id).to_string();
        return Err(Refusal::NotTraded { instrument, problem });
    };
    let price = match (last_price(state, id, end), price) {
        (Ok(known), Some(price)) if known != price => {
            return Err(Refusal::bad("price", format!("{known}, the mean of its window"), price));
        }
        (Ok(price), _) | (Err(_), Some(price)) => price,
        (Err(problem), None) => return Err(problem),
    };
    if !price.is_positive() {
        return Err(Refusal::bad("price", "above zero", price));
    }
    let mut change = Change::new(state);
    deliver(&mut change, id, price, end.last)?;
    Ok(change)
}

/// What a position is expected to be paid that waits for its price: at the mean of its window as
/// far as there was one, at the index where there was none, at its mark without an index.
pub fn expected(state: &State, held: &Holding) -> Result<Money, Refusal> {
    let id = held.instrument;
    let one = state.market.instruments.get(id);
    let (price, last) = match state.delivery.ends.get(&id).and_then(|end| end.window.as_ref()) {
        Some(window) => {
            let mean = mean(state, window).mean()?.map(Price::new);
            let price = |asset| state.market.price(asset).map(Price::decimal);
            let index = match (price(&window.base), price(&window.quote)) {
                (Ok(base), Ok(quote)) => Some(Price::new(base.over(quote, Round::Nearest)?)),
                _ => None,
            };
            let rule = Last::Average(state.delivery.rule(&one.base));
            (mean.or(index).filter(|price| price.is_positive()), rule)
        }
        None => (None, Last::Mark),
    };
    let each = match price {
        Some(price) => each_lot(one, price, last)?,
        None => each_lot(one, state.market.quote(id).mark, Last::Mark)?,
    };
    let value = funding::lots(one, held.quantity, each)?;
    Ok(if one.is_option() { value } else { value.minus(held.cost)? })
}

/// The mean over a window until now.
fn mean(state: &State, window: &Window) -> Average {
    let average = state.delivery.average(window).cloned();
    let mut average = average.unwrap_or_else(|| Average::new(window.from, window.to));
    let index = delivery::index(&state.market, &state.feeds, &window.base, &window.quote);
    average.advance(state.now.min(window.to), index);
    average
}

/// The price an instrument settles at, by its rule.
fn last_price(state: &State, id: InstrumentId, end: &End) -> Result<Price, Refusal> {
    let (Last::Average(rule), Some(window)) = (end.last, &end.window) else {
        return Ok(state.market.quote(id).mark);
    };
    let average = mean(state, window);
    let covered = average.covered();
    match average.mean()?.filter(|_| covered >= rule.coverage).map(Price::new) {
        Some(price) if price.is_positive() => Ok(price),
        _ => {
            let instrument = state.market.instruments.get(id).to_string();
            Err(Refusal::NoSettlement { instrument, covered, least: rule.coverage })
        }
    }
}

/// Closes every position at a price and cancels every order; nothing of the instrument is left.
pub fn deliver(
    change: &mut Change<'_>,
    id: InstrumentId,
    price: Price,
    last: Last,
) -> Result<(), Refusal> {
    let state = change.state;
    let one = state.market.instruments.get(id);
    let spot = one.kind == Kind::Spot;
    let instrument = change.symbol(id);
    change.tell(Event::Delivered { instrument, price: Some(price).filter(|_| !spot) });
    cancel(change, id, true);
    if !spot {
        let each = each_lot(one, price, last)?;
        for (account, place, quantity) in funding::positions(state, id) {
            let value = funding::lots(one, quantity, each)?;
            close(change, account, place, one, Closed { id, quantity, value })?;
        }
    }
    for work in [Work::Window(id), Work::Settle(id), Work::Funding(id)] {
        change.step(Step::Due(work, None));
    }
    let subject = Subject::Instrument(id);
    for work in [Work::Feed(subject.clone()), Work::Slow(subject.clone())] {
        change.step(Step::Due(work, None));
    }
    change.step(Step::Feed(subject, None));
    change.step(Step::Funding(id, None));
    if !state.delivery.ends.contains_key(&id) {
        return Err(Refusal::unknown("end", &one.to_string()));
    }
    change.step(Step::Settled(id));
    Ok(())
}

/// What a lot held long is worth at the end, in the settlement asset, rounded once.
fn each_lot(one: &Instrument, price: Price, last: Last) -> Result<Money, Refusal> {
    Ok(match (one.is_option(), last) {
        (false, _) => position::value(one, one.lot, price)?,
        (true, Last::Mark) => profit::option_value(one, one.lot, price, Round::Nearest)?,
        (true, Last::Average(_)) => settlement::option_payout(one, one.lot, price, Round::Nearest)?,
    })
}

/// A position to be closed at a value.
#[derive(Clone, Copy)]
struct Closed {
    id: InstrumentId,
    quantity: Quantity,
    value: Money,
}

/// Closes a position. One on its own collateral loses no more than that: the insurance fund pays
/// what is missing, and may owe it.
fn close(
    change: &mut Change<'_>,
    account: AccountId,
    place: Place,
    one: &Instrument,
    closed: Closed,
) -> Result<(), Refusal> {
    let Closed { id, quantity, value } = closed;
    let name = change.account(account).name.clone();
    let isolated = matches!(place, Place::Isolated(..));
    let held = if isolated {
        change.account(account).isolated(id).map(|own| (own.holding.cost, own.margin))
    } else {
        change.account(account).shared(id).map(|held| (held.cost, Money::ZERO))
    };
    let (cost, margin) = held.unwrap_or_default();
    let amount = if one.is_option() { value } else { value.minus(cost)? };
    let left = margin.plus(amount)?;
    if isolated && left.is_negative() {
        change.post(&one.settle, Place::House(House::Insurance), place, -left)?;
        let (account, instrument) = (name.clone(), change.symbol(id));
        change.tell(Event::Shortfall { account, instrument, amount: -left });
    }
    let (_, realised) = change.fill(account, id, isolated, -quantity, -value)?;
    let instrument = change.symbol(id);
    change.tell(Event::Settled { account: name, instrument, quantity, amount, realised });
    Ok(())
}

/// Cancels orders in an instrument, and stops that would become such orders: all of them, or those
/// alone that may do anything else than reduce a position.
pub fn cancel(change: &mut Change<'_>, id: InstrumentId, all: bool) {
    let state = change.state;
    let which = |order: &Order| all || !order.reduce_only;
    for stop in state.stops.iter().filter(|stop| stop.instrument == id) {
        if all || !stop.reduce_only {
            stops::remove(change, (stop.account, stop.order), Why::Ended);
        }
    }
    for (at, account) in state.accounts.iter().enumerate() {
        let gone = |order: &Order| order.instrument == id && which(order);
        if !account.orders.iter().any(gone) {
            continue;
        }
        for order in account.orders.iter().filter(|order| gone(order)) {
            let (account, order) = (account.name.clone(), order.number);
            change.tell(Event::Cancelled { account, order });
        }
        change.account_mut(AccountId::new(at)).orders.retain(|order| !gone(order));
    }
}
