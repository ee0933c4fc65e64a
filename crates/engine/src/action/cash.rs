//! Amounts in, out and between accounts.

use super::governance;
use crate::account::AccountId;
use crate::change::{Change, Edit};
use crate::command::Cash;
use crate::event::Event;
use crate::ledger::{House, Place};
use crate::outflow::{self, Cap, Whose};
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::{Asset, Money, Timestamp};

/// Brings an amount in from outside.
pub fn deposit<'a>(state: &'a State, cash: &Cash) -> Result<Change<'a>, Refusal> {
    let id = state.open(&cash.account)?;
    positive(cash.amount)?;
    let mut change = Change::new(state);
    change.post(&cash.asset, Place::House(House::Outside), Place::Account(id), cash.amount)?;
    Ok(change)
}

/// Takes an amount out, never below initial margin, nor below the document's bar for what leaves;
/// more than is there only as a loan.
pub fn withdraw<'a>(state: &'a State, cash: &Cash, at: Timestamp) -> Result<Change<'a>, Refusal> {
    let id = state.open(&cash.account)?;
    positive(cash.amount)?;
    let mut change = Change::new(state);
    state.not_gated(&cash.asset)?;
    leave(&mut change, id, &cash.asset, Place::House(House::Outside), cash.amount)?;
    change.require_transfer(id)?;
    change.outflow(id, &cash.asset, cash.amount, at, true)?;
    Ok(change)
}

/// Sets how much may leave within a window.
pub fn outflow<'a>(
    state: &'a State,
    asset: &Asset,
    whose: &Whose,
    cap: Option<Cap>,
) -> Result<Change<'a>, Refusal> {
    let cap = cap.map(Cap::checked).transpose()?;
    let whose = (whose, self::whose(state, whose)?);
    let mut change = Change::new(state);
    governance::outflow(&mut change, asset, whose, cap)?;
    Ok(change)
}

/// The account that a limit of outflow is of, if it is one's own.
pub(super) fn whose(state: &State, whose: &Whose) -> Result<Option<AccountId>, Refusal> {
    match whose {
        Whose::Account(name) => state.open(name).map(Some),
        Whose::EachAccount | Whose::Venue => Ok(None),
    }
}

/// Sets a limit of outflow, and says it.
pub(super) fn set_outflow(
    change: &mut Change<'_>,
    asset: &Asset,
    (whose, account): (&Whose, Option<AccountId>),
    cap: Option<Cap>,
) {
    change.tell(Event::OutflowSet { asset: asset.clone(), whose: whose.clone(), cap });
    change.edit(Edit::Outflows(match whose {
        Whose::Venue => outflow::Edit::Venue(asset.clone(), cap),
        Whose::EachAccount | Whose::Account(_) => {
            outflow::Edit::Account(asset.clone(), account, cap)
        }
    }));
}

/// Moves an amount between two accounts, as a withdrawal from the first: to another owner it counts
/// as an outflow of the account, though none of the venue.
pub fn transfer<'a>(
    state: &'a State,
    [from, to]: [&str; 2],
    asset: &Asset,
    amount: Money,
    at: Timestamp,
) -> Result<Change<'a>, Refusal> {
    let (giver, taker) = (state.open(from)?, state.open(to)?);
    positive(amount)?;
    if giver == taker {
        return Err(Refusal::bad("to", "another account", to));
    }
    state.not_gated(asset)?;
    let mut change = Change::new(state);
    leave(&mut change, giver, asset, Place::Account(taker), amount)?;
    change.require_transfer(giver)?;
    if !state.are_linked(giver, taker) {
        change.outflow(giver, asset, amount, at, false)?;
    }
    Ok(change)
}

/// Moves collateral into an isolated position, or out of it.
pub fn margin<'a>(
    state: &'a State,
    name: &str,
    instrument: &str,
    amount: Money,
) -> Result<Change<'a>, Refusal> {
    let id = state.open(name)?;
    let instrument = state.instrument(instrument)?;
    positive(amount.abs())?;
    let settle = &state.market.instruments.get(instrument).settle;
    let mut change = Change::new(state);
    let (shared, own) = (Place::Account(id), Place::Isolated(id, instrument));
    if amount.is_positive() {
        leave(&mut change, id, settle, own, amount)?;
    } else {
        change.post(settle, shared, own, amount)?;
        change.require(id, Leave::Initial)?;
    }
    Ok(change)
}

/// Takes an amount from an account's own balance, if it can be spared; more than is there is lent
/// where the account's document asks margin for what is owed.
fn leave(
    change: &mut Change<'_>,
    id: AccountId,
    asset: &Asset,
    to: Place,
    amount: Money,
) -> Result<(), Refusal> {
    let available = change.account(id).balance(asset);
    change.post(asset, Place::Account(id), to, amount)?;
    if available < amount && !change.state.lends(change.account(id)).unwrap_or(false) {
        let (account, asset) = (change.account(id).name.clone(), asset.clone());
        return Err(Refusal::NotEnough { account, asset, available, wanted: amount });
    }
    change.require(id, Leave::Initial)
}

/// No command moves more: one absurd amount must not leave the house without room for the next.
const MOST: Money = Money::from_int(1_000_000_000_000_000);

pub(crate) fn positive(amount: Money) -> Result<(), Refusal> {
    if amount.is_positive() && amount <= MOST {
        return Ok(());
    }
    Err(Refusal::bad("amount", format!("above zero, at most {MOST}"), amount))
}
