//! When margin calls are made.

use crate::account::AccountId;
use crate::change::{Change, Edit};
use crate::command::Alerts;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::state::State;
use crate::watch::{self, Rule};
use keelmark_book::Rate;

/// Sets the rule of an account, or of everybody. Accounts are measured by it from the next time
/// that they are looked at.
pub fn set<'a>(state: &'a State, ask: &Alerts) -> Result<Change<'a>, Refusal> {
    let (id, rule) = asked(state, ask)?;
    let event = Event::AlertsSet { account: ask.account.clone(), rule: rule.clone() };
    let mut change = Change::event(state, event);
    change.edit(Edit::Watch(watch::Edit::Rule(id, rule)));
    Ok(change)
}

/// Whose rule is asked for, and which; none where an account goes by that of everybody again.
pub fn asked(state: &State, ask: &Alerts) -> Result<(Option<AccountId>, Option<Rule>), Refusal> {
    let id = ask.account.as_deref().map(|name| state.open(name)).transpose()?;
    let rule = match (&ask.levels, id) {
        (None, Some(_)) if ask.step.is_none() => None,
        (levels, Some(_)) => Some(rule(levels.as_deref(), ask.step, state.watch.common())?),
        (levels, None) => Some(rule(levels.as_deref(), ask.step, &Rule::default())?),
    };
    Ok((id, rule))
}

fn rule(levels: Option<&[Rate]>, step: Option<Rate>, usual: &Rule) -> Result<Rule, Refusal> {
    let mut levels = levels.map_or_else(|| usual.levels.clone(), <[Rate]>::to_vec);
    for level in &levels {
        if !level.is_positive() || *level > Rate::ONE {
            return Err(Refusal::bad("levels", "shares above 0 and up to 1", level));
        }
    }
    // To be liquidatable is said in any case.
    levels.push(Rate::ONE);
    levels.sort_unstable();
    levels.dedup();
    let step = step.unwrap_or(usual.step);
    if step.is_negative() || step >= levels[0] {
        return Err(Refusal::bad("step", format!("0 or more, below {}", levels[0]), step));
    }
    Ok(Rule { levels, step })
}
