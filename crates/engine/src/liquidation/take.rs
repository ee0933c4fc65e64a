//! Taking what a liquidation offers: the taker trades with the account, and is checked like in any
//! other trade.

use super::pass::{Passed, pass};
use super::{Fact, Offer, Process, Slice, Worse, is_worse};
use crate::account::AccountId;
use crate::action::orders;
use crate::agenda::Work;
use crate::change::Change;
use crate::command::Take;
use crate::ledger::Place;
use crate::position;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Money, Quantity, Round};

/// Takes part of an offer, or all of it.
pub(crate) fn take<'a>(state: &'a State, asked: &Take) -> Result<Change<'a>, Refusal> {
    let (id, by) = (state.open(&asked.account)?, state.open(&asked.by)?);
    let Some((process, slice)) = offered(state, id) else {
        let (account, problem) = (asked.account.clone(), "nothing of it is offered".to_owned());
        return Err(Refusal::Account { account, problem });
    };
    may_take(state, id, by)?;
    let quantity = matched(state, &slice, asked)?;
    let one = state.market.instruments.get(slice.instrument);
    let value = position::value(one, quantity, asked.price)?;
    let mut change = Change::new(state);
    let Slice { instrument, isolated, .. } = slice;
    pass(&mut change, &Passed { id, by, instrument, isolated, quantity, value })?;
    let fee = fee(&mut change, id, &slice, value)?;
    let left = slice.quantity.minus(quantity)?;
    change.liquidation(Fact::Taken {
        account: asked.account.clone(),
        by: asked.by.clone(),
        instrument: one.to_string(),
        quantity,
        price: asked.price,
        fee,
        left,
    });
    change.helps(id)?;
    change.takes(by, instrument)?;
    let offer = (!left.is_zero()).then_some(Offer::Position(Slice { quantity: left, ..slice }));
    let process = Process { offer, ..process.clone() };
    change.process(id, Some(process), state.agenda.when(&Work::Liquidation(id)));
    Ok(change)
}

fn offered(state: &State, id: AccountId) -> Option<(&Process, Slice)> {
    let process = state.liquidation.of(id)?;
    match process.offer {
        Some(Offer::Position(slice)) => Some((process, slice)),
        Some(Offer::Auction(_)) | None => None,
    }
}

/// Nobody liquidates himself, nor those who count together with him, nor while he is liquidated.
pub(crate) fn may_take(state: &State, id: AccountId, by: AccountId) -> Result<(), Refusal> {
    let account = state.account(by).name.clone();
    if state.are_linked(id, by) {
        let problem = "it may not take part in its own liquidation, or in that of an account that \
                       counts together with it";
        return Err(Refusal::Account { account, problem: problem.to_owned() });
    }
    if state.liquidation.of(by).is_some() {
        let problem = "it is being liquidated itself".to_owned();
        return Err(Refusal::Account { account, problem });
    }
    Ok(())
}

/// The quantity that the account trades, if the offer is good for it.
fn matched(state: &State, slice: &Slice, asked: &Take) -> Result<Quantity, Refusal> {
    if !asked.quantity.is_positive() {
        return Err(Refusal::bad("quantity", "above zero", asked.quantity));
    }
    orders::lots(state, slice.instrument, asked.quantity)?;
    let offered = slice.quantity.abs();
    if asked.quantity > offered {
        return Err(Refusal::bad(
            "quantity",
            format!("at most the {offered} offered"),
            asked.quantity,
        ));
    }
    let sells = slice.quantity.is_negative();
    let good = if sells { asked.price >= slice.limit } else { asked.price <= slice.limit };
    if !good || !asked.price.is_positive() {
        let side = if sells { "or more" } else { "or less" };
        return Err(Refusal::bad("price", format!("{} {side}", slice.limit), asked.price));
    }
    Ok(if sells { -asked.quantity } else { asked.quantity })
}

/// What the insurance fund is paid for a slice.
fn fee(
    change: &mut Change<'_>,
    id: AccountId,
    slice: &Slice,
    value: Money,
) -> Result<Money, Refusal> {
    let state = change.state;
    let close = state.liquidation_rule(id).and_then(|rule| rule.close);
    let share = close.map(|close| close.fee).unwrap_or_default();
    let fee = value.abs().times(share, Round::Up)?;
    let one = state.market.instruments.get(slice.instrument);
    // The last of an isolated position gave its collateral back.
    let own = slice.isolated && change.account(id).isolated(slice.instrument).is_some();
    let from = if own { Place::Isolated(id, slice.instrument) } else { Place::Account(id) };
    change.fee_of(id, &one.settle, from, fee)?;
    Ok(fee)
}

impl Change<'_> {
    /// Refuses a step that makes a pool of the account that is liquidated worse.
    pub(crate) fn helps(&mut self, id: AccountId) -> Result<(), Refusal> {
        let state = self.state;
        let account = self.account(id);
        let after = state.standings_if(id, account)?;
        let before = state.standings(id)?;
        for pool in &after {
            let Some(was) = before.iter().find(|was| was.pool == pool.pool) else { continue };
            if is_worse(was, pool) {
                return Err(Refusal::Worse(Box::new(Worse {
                    account: account.name.clone(),
                    pool: pool.pool.clone(),
                    currency: pool.currency.clone(),
                    before: [was.equity, was.maintenance],
                    after: [pool.equity, pool.maintenance],
                })));
            }
        }
        self.checked(id, after)
    }
}
