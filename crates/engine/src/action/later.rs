//! Commands that make something looser and are no number to go in steps: where a rule of changes is
//! set they are announced, and done as they were said after its delay.

use super::{alerts, feeds, market};
use crate::agenda::after;
use crate::change::Change;
use crate::command::{Action, Alerts, Command, Of};
use crate::feed::{self, Failing};
use crate::governance::{Pending, What};
use crate::interest::Terms;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::Asset;

/// What a command would do now: all of it, or its announcement.
pub fn change<'a>(state: &'a State, command: &Command) -> Result<Change<'a>, Refusal> {
    let action = &command.action;
    // What would be refused now is not announced either.
    let mut change = super::now(state, action, command.at)?;
    let Some(rule) = state.governance.rule() else { return Ok(change) };
    let Some(about) = about(action)? else { return Ok(change) };
    let text = serde_json::to_string(action);
    let action_text = text.map_err(|error| Refusal::bad("do", "a command", error))?;
    let what = What::Command { about, action: action_text };
    if !is_looser(state, action)? {
        change.drop_announced(&what);
        return Ok(change);
    }
    let mut change = Change::new(state);
    change.announce(what, after(state.now, rule.delay_seconds));
    Ok(change)
}

/// What an announced command does when its time has come.
pub fn due<'a>(
    state: &'a State,
    number: u64,
    mut pending: Pending,
    action: &str,
) -> Result<Change<'a>, Refusal> {
    let read = serde_json::from_str::<Action>(action);
    let action = read.map_err(|error| Refusal::bad("do", "a command", error))?;
    let mut change = super::now(state, &action, state.now)?;
    pending.taken += 1;
    change.stepped(number, pending, Vec::new(), None);
    Ok(change)
}

/// What a command is about that may have to wait: a later one about the same takes its place.
fn about(action: &Action) -> Result<Option<String>, Refusal> {
    Ok(Some(match action {
        Action::Model(model) => {
            let (document, _) = market::read(model)?;
            format!("model {} {}", document.name, document.version)
        }
        Action::Link { accounts, .. } | Action::Unlink { accounts } => {
            format!("the group of {}", accounts.join(", "))
        }
        Action::Interest { asset, .. } => format!("interest on {asset}"),
        Action::Feed { of: Of::Asset(asset), .. } => format!("the feed of {asset}"),
        Action::Feed { of: Of::Instrument(name), .. } => format!("the feed of {name}"),
        Action::Alerts(Alerts { account: Some(account), .. }) => format!("alerts of {account}"),
        Action::Alerts(_) => "alerts of everybody".to_owned(),
        Action::Liquidation { model: Some(model), .. } => format!("liquidation under {model}"),
        Action::Liquidation { .. } => "liquidation under all documents".to_owned(),
        _ => return Ok(None),
    }))
}

/// Whether a command makes something looser, or may.
fn is_looser(state: &State, action: &Action) -> Result<bool, Refusal> {
    Ok(match action {
        Action::Model(model) => {
            // Accounts may go under it as they like. A version of a known name waits anyway.
            let (document, _) = market::read(model)?;
            let known = |one: &crate::state::Model| one.document.name == document.name;
            !state.models.is_empty() && !state.models.iter().any(known)
        }
        Action::Link { group, accounts } => leaves(state, Some(group), accounts)?,
        Action::Unlink { accounts } => leaves(state, None, accounts)?,
        Action::Interest { asset, terms } => costs_less(state, asset, terms.as_ref())?,
        Action::Feed { of, rule } => {
            let before = state.feeds.get(&feeds::subject(state, of)?);
            let before = before.map(|feed| &feed.rule);
            before.is_some_and(|before| rule.as_ref().is_none_or(|rule| asks_less(before, rule)))
        }
        Action::Liquidation { model, rule } => {
            // Which of two rules is the safer one nobody knows.
            let before = state.liquidation.set_for(model.as_deref());
            before.is_some_and(|before| rule.as_deref() != Some(before))
        }
        Action::Alerts(ask) => {
            let (id, rule) = alerts::asked(state, ask)?;
            let before = id.map_or(state.watch.common(), |id| state.watch.rule(id));
            let rule = rule.as_ref().unwrap_or(state.watch.common());
            let kept = before.levels.iter().all(|level| rule.levels.contains(level));
            !kept || rule.step > before.step
        }
        _ => false,
    })
}

/// Whether accounts leave a group that they are of.
fn leaves(state: &State, to: Option<&String>, accounts: &[String]) -> Result<bool, Refusal> {
    for name in accounts {
        let (group, _) = state.linked(state.open(name)?);
        if group.is_some() && group != to.map(String::as_str) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether owing an asset costs less, at any utilisation.
fn costs_less(state: &State, asset: &Asset, terms: Option<&Terms>) -> Result<bool, Refusal> {
    match (state.interest.terms(asset), terms) {
        (None, _) => Ok(false),
        (Some(_), None) => Ok(true),
        (Some(before), Some(terms)) => Ok(terms.is_cheaper(&before)?),
    }
}

/// Whether a feed asks less of its sources, or anything else of them: which of two sets of sources,
/// or of two slower prices, is the safer one nobody knows.
fn asks_less(before: &feed::Rule, rule: &feed::Rule) -> bool {
    let halts = |rule: &feed::Rule| rule.failing == Failing::Halt;
    rule.sources != before.sources
        || rule.slow != before.slow
        || rule.max_age_seconds > before.max_age_seconds
        || rule.divergence > before.divergence
        || rule.confidence < before.confidence
        || rule.least < before.least
        || halts(before) && !halts(rule)
}
