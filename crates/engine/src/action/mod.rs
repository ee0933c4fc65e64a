//! What each action does: one file a family, each a function from the state to a change.

mod accounts;
mod alerts;
pub(crate) mod cash;
mod delist;
pub(crate) mod feeds;
pub(crate) mod funding;
pub(crate) mod governance;
mod interest;
pub(crate) mod later;
mod limits;
mod market;
pub(crate) mod orders;
mod self_trade;
pub(crate) mod settle;
pub(crate) mod stops;
mod trades;

use crate::change::Change;
use crate::command::{Action, Command};
use crate::liquidation;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::Timestamp;

/// What a command would do.
pub(crate) fn change<'a>(state: &'a State, command: &Command) -> Result<Change<'a>, Refusal> {
    later::change(state, command)
}

/// What an action does at its time.
fn now<'a>(state: &'a State, action: &Action, at: Timestamp) -> Result<Change<'a>, Refusal> {
    match action {
        Action::Model(model) => market::model(state, model),
        Action::List(listing) => market::list(state, listing, at),
        Action::Index(index) => market::index(state, index),
        Action::Mark(mark) => market::mark(state, mark, at),
        Action::Open(open) => accounts::open(state, open),
        Action::Close { account } => accounts::close(state, account),
        Action::Mode { account, mode, model } => accounts::mode(state, account, *mode, model),
        Action::Deposit(cash) => cash::deposit(state, cash),
        Action::Withdraw(cash) => cash::withdraw(state, cash, at),
        Action::Transfer { from, to, asset, amount } => {
            cash::transfer(state, [from, to], asset, *amount, at)
        }
        Action::Margin { account, instrument, amount } => {
            cash::margin(state, account, instrument, *amount)
        }
        Action::Place(place) => orders::place(state, place),
        Action::Cancel { account, order } => orders::cancel(state, account, *order),
        Action::Amend { account, order, quantity, price } => {
            orders::amend(state, account, *order, *quantity, *price)
        }
        Action::Trade(trade) => trades::trade(state, trade),
        Action::Time => Ok(Change::new(state)),
        Action::Feed { of, rule } => feeds::configure(state, of, rule.as_ref()),
        Action::Reading(reading) => feeds::reading(state, reading),
        Action::Funding(paid) => funding::pay(state, paid),
        Action::FundingRule { instrument, rule } => funding::configure(state, instrument, *rule),
        Action::Settlement { asset, rule } => settle::configure(state, asset, *rule),
        Action::Settle { instrument, price } => settle::settle(state, instrument, *price),
        Action::Delist { instrument, at, rule } => delist::delist(state, instrument, *at, *rule),
        Action::Limit(limit) => limits::limit(state, limit),
        Action::Link { group, accounts } => limits::link(state, Some(group), accounts),
        Action::Stop(stop) => stops::place(state, stop),
        Action::CancelStop { account, order } => stops::cancel(state, account, *order),
        Action::Alerts(alerts) => alerts::set(state, alerts),
        Action::Outflow { asset, whose, cap } => cash::outflow(state, asset, whose, *cap),
        Action::Interest { asset, terms } => interest::set(state, asset, *terms, at),
        Action::Accrue { asset } => interest::accrue(state, asset.as_ref(), at),
        Action::Governance(rule) => governance::set(state, *rule),
        Action::ChangeModel(asked) => governance::model(state, asked),
        Action::CancelChange { change } => governance::cancel(state, *change),
        Action::HoldChange { change } => governance::hold(state, *change),
        Action::Liquidation { model, rule } => {
            liquidation::begin::set(state, model.as_deref(), rule.as_deref())
        }
        Action::Take(asked) => liquidation::take::take(state, asked),
        Action::Fund { fund, asset, amount } => {
            liquidation::insurance::fund(state, fund.as_deref(), asset, *amount)
        }
        Action::Bid(asked) => liquidation::auction::bid(state, asked),
        Action::Unlink { accounts } => limits::link(state, None, accounts),
    }
}
