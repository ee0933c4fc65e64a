//! When a liquidation begins, and when it is over: looked at after whatever touches an account.

use super::{Edit, Fact, Outcome, Process, Rule, Stage};
use crate::account::AccountId;
use crate::agenda::{Work, after};
use crate::change::{Change, Edit as Any};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use crate::step::Step;
use crate::watch;

/// Sets the rule of a document. Accounts that wait for one begin by it.
pub(crate) fn set<'a>(
    state: &'a State,
    model: Option<&str>,
    rule: Option<&Rule>,
) -> Result<Change<'a>, Refusal> {
    if let Some(name) = model {
        state.model(name)?;
    }
    let rule = rule.cloned().map(Rule::checked).transpose()?;
    let fact = Fact::RuleSet { model: model.map(str::to_owned), there: rule.is_some() };
    let mut change = Change::event(state, Event::Liquidation(Box::new(fact)));
    if let Some(rule) = &rule {
        rule.refers(&mut change)?;
    }
    let edit = Edit::Rule(model.map(str::to_owned), rule.clone().map(Box::new));
    change.edit(Any::Liquidation(edit));
    let is_under = |id: AccountId| {
        let name = &state.document(state.account(id).model).name;
        model.map_or_else(|| !state.liquidation.own.contains_key(name), |model| model == name)
    };
    match rule.as_ref().or(state.liquidation.common.as_ref().filter(|_| model.is_some())) {
        Some(rule) => {
            let waits = |id: &AccountId| is_under(*id) && state.liquidation.of(*id).is_none();
            for id in state.watch.liquidatable().filter(waits) {
                begin(&mut change, id, rule);
            }
        }
        None => {
            for (id, _) in state.liquidation.open().filter(|(id, _)| is_under(*id)) {
                end(&mut change, id, Outcome::NoRule, None);
            }
        }
    }
    Ok(change)
}

/// Looks at an account after something touched it: begins its liquidation, ends it, or wakes it
/// where it waits.
pub(crate) fn look(state: &State, id: AccountId) -> Option<Change<'_>> {
    let Some(process) = state.liquidation.of(id) else {
        if !state.watch.is_liquidatable(id) {
            return None;
        }
        let mut change = Change::new(state);
        begin(&mut change, id, state.liquidation_rule(id)?);
        return Some(change);
    };
    let Some(rule) = state.liquidation_rule(id) else {
        return Some(ended(state, id, Outcome::NoRule, None));
    };
    let standing = state.standings(id).ok()?;
    if let Some(outcome) = over(state, id, rule, &standing) {
        return Some(ended(state, id, outcome, Some(&standing)));
    }
    let waits = process.paused || process.stage == Stage::Stuck;
    waits.then(|| wake(state, id, process, rule))
}

fn begin(change: &mut Change<'_>, id: AccountId, rule: &Rule) {
    let state = change.state;
    let first = after(state.now, rule.grace_seconds.max(1));
    let account = state.account(id).name.clone();
    change.liquidation(Fact::Begun { account, first });
    let stage = Stage::Grace;
    let process = Process { stage, step: 0, offer: None, paused: false };
    change.process(id, Some(process), Some(first));
}

/// What waited goes on a step from now: with what it had come to, or, where nothing more could be
/// done, from the beginning.
fn wake<'a>(state: &'a State, id: AccountId, process: &Process, rule: &Rule) -> Change<'a> {
    let mut change = Change::new(state);
    let stage = if process.stage == Stage::Stuck { Stage::Grace } else { process.stage };
    let offer = process.offer.clone().map(|offer| offer.woken(state.now, rule));
    let process = Process { stage, offer, paused: false, ..process.clone() };
    change.process(id, Some(process), Some(after(state.now, rule.step_seconds)));
    change
}

/// How a liquidation is over, if it is.
pub(super) fn over(
    state: &State,
    id: AccountId,
    rule: &Rule,
    standing: &[Standing],
) -> Option<Outcome> {
    let account = state.account(id);
    if account.holdings().next().is_none() && !account.owes() {
        return Some(Outcome::Flat);
    }
    standing.iter().all(|pool| is_restored(rule, pool)).then_some(Outcome::Restored)
}

/// Whether a pool uses no more of its margin than where liquidation ends.
pub(super) fn is_restored(rule: &Rule, pool: &Standing) -> bool {
    pool.mm_used().is_some_and(|used| used <= rule.end)
}

/// The change that ends a liquidation.
pub(super) fn ended<'a>(
    state: &'a State,
    id: AccountId,
    outcome: Outcome,
    standing: Option<&[Standing]>,
) -> Change<'a> {
    let mut change = Change::new(state);
    end(&mut change, id, outcome, standing);
    change
}

/// Ends a liquidation. What was said of margin used is as it would be for a new account, so that it
/// is said again, and begins again, when it is reached again.
fn end(change: &mut Change<'_>, id: AccountId, outcome: Outcome, standing: Option<&[Standing]>) {
    let account = change.state.account(id).name.clone();
    let mm_used = standing.and_then(watch::most_used);
    change.liquidation(Fact::Ended { account, outcome, mm_used });
    if let Some(standing) = standing {
        change.edit(Any::Watch(watch::anew(change.state, id, standing)));
    }
    change.process(id, None, None);
}

impl Change<'_> {
    /// Says a fact of a liquidation.
    pub(crate) fn liquidation(&mut self, fact: Fact) {
        self.tell(Event::Liquidation(Box::new(fact)));
    }

    /// Where the liquidation of an account has come to, and when its next step is due.
    pub(crate) fn process(
        &mut self,
        id: AccountId,
        process: Option<Process>,
        due: Option<keelmark_book::Timestamp>,
    ) {
        let sells = |process: &Process| process.sale().is_some();
        if self.state.liquidation.of(id).is_some_and(sells) && !process.as_ref().is_some_and(sells)
        {
            self.edit(Any::Liquidation(Edit::AuctionEnded(id, self.state.now)));
        }
        self.edit(Any::Liquidation(Edit::Process(id, process.map(Box::new))));
        self.step(Step::Due(Work::Liquidation(id), due));
    }
}
