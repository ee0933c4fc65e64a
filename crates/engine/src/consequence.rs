//! What follows from a command that was done: nothing of it can be refused any more.
//!
//! In this order: orders that wait for, or may only reduce, a position that is gone are cancelled;
//! stops that the price reached become orders; accounts that the command or the price touches are
//! looked at, margin calls made, and liquidations begun or ended. Each step is a change of its own,
//! seen by the next.

use crate::account::AccountId;
use crate::action::stops;
use crate::change::{Change, Edit, Outcome};
use crate::event::{Event, Why};
use crate::liquidation::begin;
use crate::standing::Standing;
use crate::state::{Source, State};
use crate::step::Step;
use crate::watch::{self, Ranges};
use keelmark_book::{Price, Quantity};
use std::collections::{BTreeMap, BTreeSet};

/// What a command has changed.
#[derive(Debug)]
pub(crate) struct Cause {
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// The prices.
    pub told: Vec<(Source, Price)>,
    /// How accounts stand that were looked at already.
    found: BTreeMap<AccountId, Vec<Standing>>,
}

impl Cause {
    /// What an outcome will change.
    pub fn of(state: &State, outcome: &mut Outcome) -> Self {
        let found = std::mem::take(&mut outcome.found);
        let found = if outcome.is_of_accounts() { found } else { BTreeMap::new() };
        let models = outcome.edits.iter().filter_map(|edit| match edit {
            Edit::Governance(edit) => edit.moved(),
            _ => None,
        });
        let under = models.flat_map(|model| state.under(model));
        Self {
            accounts: outcome.accounts.keys().copied().chain(under).collect(),
            told: outcome.steps.iter().filter_map(Step::told).collect(),
            found,
        }
    }
}

/// Does what follows, and says it; the accounts that it changes are added to the cause. A fault of
/// the engine stops it.
pub(crate) fn follow(
    state: &mut State,
    cause: &mut Cause,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    for id in cause.accounts.clone() {
        if let Some(change) = nothing_to_reduce(state, id) {
            perform(state, change.done(), events)?;
            cause.found.remove(&id);
        }
    }
    for (source, seen) in &cause.told {
        for (trigger, key) in state.stops.crossed(source, *seen) {
            // The other one of a pair may have taken it away.
            let Some(stop) = state.stops.get(key) else { continue };
            let change = stops::trigger(state, &stop, trigger, *seen);
            perform(state, change.done(), events)?;
            cause.found.remove(&key.0);
            cause.accounts.push(key.0);
        }
    }
    let reached = Ranges::reached(state, &cause.told)?;
    let touched: BTreeSet<AccountId> = cause.accounts.iter().copied().collect();
    for id in touched.union(&reached) {
        if let Some(change) = watch::look(state, *id, cause.found.remove(id)) {
            perform(state, change.done(), events)?;
        }
        if let Some(change) = begin::look(state, *id) {
            perform(state, change.done(), events)?;
        }
    }
    Ranges::place(state, &reached);
    Ok(())
}

fn perform(state: &mut State, outcome: Outcome, events: &mut Vec<Event>) -> Result<(), String> {
    let said = state.perform(outcome)?.map_err(|refusal| refusal.to_string())?;
    events.extend(said);
    Ok(())
}

/// Cancels what may only reduce a position that is not there, or is on the other side.
fn nothing_to_reduce(state: &State, id: AccountId) -> Option<Change<'_>> {
    let account = state.account(id);
    let gone = |held: Quantity, buys: bool| held.is_zero() || held.is_negative() != buys;
    let mut change = Change::new(state);
    let (mut orders, mut waiting) = (Vec::new(), Vec::new());
    for order in account.orders.iter().filter(|order| order.reduce_only) {
        let held = account.position(order.instrument, order.isolated);
        if gone(held, order.quantity.is_positive()) {
            orders.push(order.number);
        }
    }
    for stop in state.stops.of(id).filter(|stop| stop.reduce_only) {
        if gone(account.position(stop.instrument, stop.isolated), stop.buys) {
            waiting.push((id, stop.order));
        }
    }
    if orders.is_empty() && waiting.is_empty() {
        return None;
    }
    for number in orders {
        change.account_mut(id).orders.retain(|order| order.number != number);
        change.tell(Event::Cancelled { account: account.name.clone(), order: number });
    }
    for key in waiting {
        stops::remove(&mut change, key, Why::PositionClosed);
    }
    Some(change)
}
