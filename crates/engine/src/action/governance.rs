//! Announcing changes of parameters, and taking their steps.

use super::cash::set_outflow;
use super::later;
use crate::account::AccountId;
use crate::agenda::{Work, after};
use crate::change::{Change, Edit};
use crate::command::ChangeModel;
use crate::event::Event;
use crate::governance::{self, Pending, Rule, What, instant};
use crate::limits::{self, Most};
use crate::outflow::{self, Cap};
use crate::refusal::Refusal;
use crate::state::{Model, State};
use crate::step::Step;
use keelmark_book::Timestamp;
use keelmark_book::{Asset, Decimal, InstrumentId, Money, Overflow, Quantity, Rate, Round};
use keelmark_margin::document::Number;
use std::sync::Arc;

/// A document is read for each step.
const MOST_STEPS: u32 = 366;

/// Sets the rule of changes: at once what is tighter in it, the rest by the rule before it.
pub fn set(state: &State, asked: Rule) -> Result<Change<'_>, Refusal> {
    let asked = asked.checked()?;
    let Some(before) = state.governance.rule() else {
        return Ok(ruled(Change::new(state), asked));
    };
    let mut change = Change::new(state);
    let now = before.tightened(asked);
    if now != before || now == asked {
        change = ruled(change, now);
    }
    later(&mut change, What::Rule(asked), now != asked, before);
    Ok(change)
}

fn ruled(mut change: Change<'_>, rule: Rule) -> Change<'_> {
    change.tell(Event::GovernanceSet { rule });
    change.edit(Edit::Governance(governance::Edit::Rule(rule)));
    change
}

/// Announces what could not be at once; in any case nothing else of the same is on its way.
fn later(change: &mut Change<'_>, what: What, is_later: bool, rule: Rule) {
    if is_later {
        let at = after(change.state.now, rule.delay_seconds);
        change.announce(what, at);
    } else {
        change.drop_announced(&what);
    }
}

/// The limit that is there at once, of one that is asked for.
pub(super) fn limit(
    change: &mut Change<'_>,
    instrument: InstrumentId,
    whose: &limits::Whose,
    asked: Most,
) -> Result<Option<Most>, Refusal> {
    let Some(rule) = change.state.governance.rule() else { return Ok(Some(asked)) };
    let (before, common) = change.state.limits.of(instrument).stands(change.state, whose)?;
    let goes = common.filter(|_| asked == Most::default());
    let most = goes.unwrap_or(asked);
    let contracts = |most: Most| most.contracts.map(Quantity::decimal);
    let notional = |most: Most| most.notional.map(Money::decimal);
    let now = Most {
        contracts: at_once("contracts", contracts(before), contracts(most))?.map(Quantity::new),
        notional: at_once("notional", notional(before), notional(most))?.map(Money::new),
    };
    if goes.is_some() && now != most {
        return Err(stays());
    }
    later(change, What::Limit { instrument, whose: whose.clone(), most }, now != most, rule);
    Ok(if goes.is_some() { Some(asked) } else { (now != before || now == most).then_some(now) })
}

/// Sets what of a limit of outflow is there at once, and announces the rest.
pub(super) fn outflow(
    change: &mut Change<'_>,
    asset: &Asset,
    whose: (&outflow::Whose, Option<AccountId>),
    asked: Option<Cap>,
) -> Result<(), Refusal> {
    let state = change.state;
    let venue = *whose.0 == outflow::Whose::Venue;
    let (before, common) = state.outflows.stands(asset, whose.1, venue);
    let (Some(rule), Some(before)) = (state.governance.rule(), before) else {
        set_outflow(change, asset, whose, asked);
        return Ok(());
    };
    let Some(cap) = asked.or(common) else {
        let expected = "a number: a limit that is there is raised in steps";
        return Err(Refusal::bad("cap", expected, "none"));
    };
    let raised = cap.most > before.most;
    if cap.seconds < before.seconds || (raised && cap.seconds != before.seconds) {
        let expected = format!("{}, or more with no higher limit", before.seconds);
        return Err(Refusal::bad("seconds", expected, cap.seconds));
    }
    if asked.is_none() && raised {
        return Err(stays());
    }
    if !raised {
        set_outflow(change, asset, whose, asked);
    }
    // A higher limit differs in nothing else: none of it is there at once.
    let what = What::Outflow { asset: asset.clone(), whose: whose.0.clone(), cap };
    later(change, what, raised, rule);
    Ok(())
}

/// The part of a limit that is there at once.
fn at_once(
    field: &str,
    before: Option<Decimal>,
    asked: Option<Decimal>,
) -> Result<Option<Decimal>, Refusal> {
    match (before, asked) {
        (Some(_), None) => {
            let expected = "a number: a limit that is there is raised in steps";
            Err(Refusal::bad(field, expected, "none"))
        }
        (Some(before), Some(asked)) => Ok(Some(asked.min(before))),
        (None, asked) => Ok(asked),
    }
}

fn stays() -> Refusal {
    let expected = "an own limit no tighter than the common one; raise it in steps first";
    Refusal::bad("for", expected, "a tighter one")
}

/// Announces that accounts come under another version of their document.
pub fn model<'a>(state: &'a State, asked: &ChangeModel) -> Result<Change<'a>, Refusal> {
    let (from, to) = versions(state, asked)?;
    let at = asked.at.unwrap_or(state.now);
    if at < state.now {
        return Err(Refusal::bad("at", format!("{} or later", state.now), at));
    }
    let (steps, over_seconds) = (asked.steps.unwrap_or(1), asked.over_seconds);
    if steps == 0 || steps > MOST_STEPS {
        return Err(Refusal::bad("steps", format!("1 to {MOST_STEPS}"), steps));
    }
    if over_seconds < steps && (over_seconds, steps) != (0, 1) {
        let expected = format!("{steps} or more, one for each step");
        return Err(Refusal::bad("over_seconds", expected, over_seconds));
    }
    let first = state.way([from, to], 0, steps)?;
    if let Some(rule) = state.governance.rule() {
        numbers_alone(&first.other)?;
        slow_enough(&first.numbers, rule, asked, (at, state.now), steps)?;
    }
    for done in 1..steps {
        state.way([from, to], done, steps)?;
    }
    let what = What::Model { from, to, steps, over_seconds };
    let mut change = Change::new(state);
    change.announce(what.clone(), at);
    if at == state.now {
        take(&mut change, state.governance.next(), Pending { what, at, taken: 0 })?;
    }
    Ok(change)
}

/// The documents that a change is from and to.
fn versions(state: &State, asked: &ChangeModel) -> Result<(usize, usize), Refusal> {
    let name = &asked.model;
    state.model(name)?;
    let known = state.models.iter().enumerate();
    let named: Vec<(usize, &str)> = known
        .filter(|(_, known)| known.document.name == *name)
        .map(|(at, known)| (at, known.document.version.as_str()))
        .collect();
    let version = |wanted: &str| {
        let found = named.iter().find(|(_, version)| *version == wanted);
        found.map(|(at, _)| *at).ok_or_else(|| Refusal::unknown("version", wanted))
    };
    let to = version(&asked.version)?;
    let is_used =
        |at: usize| state.governance.may_be_used(at) && state.governance.successor(at).is_none();
    let from = match &asked.from {
        Some(from) => version(from)?,
        None => {
            let mut used = named.iter().rev().map(|(at, _)| *at).filter(|at| is_used(*at));
            used.find(|at| *at != to)
                .ok_or_else(|| Refusal::bad("version", "another than is in use", &asked.version))?
        }
    };
    // Back to a version is a way like any other, if nothing is in use in its place but `from`.
    let is_free = state.governance.successor(to).is_none() || state.goes_by(to, from);
    if from == to || !is_used(from) || !is_free {
        let expected = "a version in use, to one that no third has taken the place of";
        let found = format!("{} to {}", state.models[from].document.version, asked.version);
        return Err(Refusal::bad("version", expected, found));
    }
    let about = |what: &What| match what {
        What::Model { from, .. } => state.models[*from].document.name == *name,
        _ => false,
    };
    if let Some((number, _)) =
        state.governance.pending().iter().find(|(_, pending)| about(&pending.what))
    {
        return Err(Refusal::exists("change of the model", number));
    }
    Ok((from, to))
}

fn numbers_alone(other: &[String]) -> Result<(), Refusal> {
    let Some(path) = other.first() else { return Ok(()) };
    let expected = "a version that differs in numbers alone: nothing else can go in steps; make it \
                    known under another name, for accounts to move to by `mode`";
    Err(Refusal::bad("version", expected, format!("{} others, the first {path}", other.len())))
}

/// Refuses what is, or may be, looser and comes too early or in too large steps.
fn slow_enough(
    numbers: &[Number],
    rule: Rule,
    asked: &ChangeModel,
    (at, now): (Timestamp, Timestamp),
    steps: u32,
) -> Result<(), Refusal> {
    let looser: Vec<&Number> = numbers.iter().filter(|number| !number.tightens()).collect();
    let Some(first) = looser.first() else { return Ok(()) };
    let earliest = after(now, rule.delay_seconds);
    if at < earliest {
        let expected = format!("{earliest} or later: {} may be looser", first.path);
        return Err(Refusal::bad("at", expected, at));
    }
    for number in &looser {
        let least = least_steps(number, rule)?;
        if Decimal::from_int(i64::from(steps)) < least {
            let Number { path, old, new, .. } = number;
            let share = rule.most_per_step;
            let expected = format!("{least} or more: {path} goes from {old} to {new} by {share}");
            return Err(Refusal::bad("steps", expected, steps));
        }
    }
    let paced = u64::from(rule.step_seconds) * u64::from(steps);
    let counts = looser.iter().any(|number| number.is_collateral());
    let least = if counts { paced.max(rule.collateral_seconds.into()) } else { paced };
    if u64::from(asked.over_seconds) < least {
        return Err(Refusal::bad("over_seconds", format!("{least} or more"), asked.over_seconds));
    }
    Ok(())
}

/// The least number of steps in none of which a number moves by more than its share.
fn least_steps(number: &Number, rule: Rule) -> Result<Decimal, Overflow> {
    let (old, new) = (number.old, number.new);
    let base = if old.signum() * new.signum() > 0 {
        old.abs().min(new.abs())
    } else {
        old.abs().max(new.abs())
    };
    let most = base.times(rule.most_per_step.decimal(), Round::Down)?;
    Ok(new.minus(old)?.abs().over(most, Round::Up)?.round_to(0, Round::Up))
}

/// Cancels a change that has not begun.
pub fn cancel(state: &State, number: u64) -> Result<Change<'_>, Refusal> {
    let Some(pending) = state.governance.pending().get(&number) else {
        return Err(Refusal::unknown("change", &number.to_string()));
    };
    if pending.taken > 0 {
        return Err(Refusal::bad("change", "one that has not begun", number));
    }
    let mut change = Change::new(state);
    change.cancel_announced(number, pending);
    Ok(change)
}

/// Ends a change that has begun where it is: nothing is tighter or looser by it. A document on its
/// way becomes a version of its own, from which accounts go on, or back, by `change-model`.
pub fn hold(state: &State, number: u64) -> Result<Change<'_>, Refusal> {
    let Some(pending) = state.governance.pending().get(&number) else {
        return Err(Refusal::unknown("change", &number.to_string()));
    };
    let Some(done) = pending.taken.checked_sub(1) else {
        let expected = "one that has begun; cancel-change takes back one that has not";
        return Err(Refusal::bad("change", expected, number));
    };
    let mut change = Change::new(state);
    let mut version = None;
    if let What::Model { from, to, steps, .. } = pending.what {
        let document = state.way([from, to], done, steps)?.document;
        version = Some(document.version.clone());
        let same = |known: &Model| known.document.digest == document.digest;
        let at = state.models.iter().position(same).unwrap_or(state.models.len());
        change.edit(Edit::Governance(governance::Edit::Moved(from, at)));
        if at == state.models.len() {
            change.model(Model { text: document.text(), document: Arc::new(document) });
        }
    }
    let what = state.changing(&pending.what);
    change.tell(Event::ChangeHeld { change: number, what, version });
    change.edit(Edit::Governance(governance::Edit::Gone(number)));
    change.step(Step::Due(Work::Change(number), None));
    Ok(change)
}

/// The next step of a change. One that cannot be taken ends it: what it was about is gone.
pub fn due(state: &State, number: u64) -> Change<'_> {
    let mut change = Change::new(state);
    let Some(pending) = state.governance.pending().get(&number).cloned() else { return change };
    let taken = match &pending.what {
        What::Command { action, .. } => later::due(state, number, pending.clone(), action),
        _ => take(&mut change, number, pending.clone()).map(|()| change),
    };
    match taken {
        Ok(change) => change,
        Err(problem) => {
            let what = state.changing(&pending.what);
            let mut change = Change::event(state, Event::Missed { what, problem });
            change.cancel_announced(number, &pending);
            change
        }
    }
}

fn take(change: &mut Change<'_>, number: u64, mut pending: Pending) -> Result<(), Refusal> {
    let state = change.state;
    if let What::Model { from, to, steps, over_seconds } = pending.what {
        let done = if over_seconds == 0 { steps } else { pending.taken };
        let way = state.way([from, to], done, steps)?;
        let numbers = way.numbers.into_iter().map(|one| (one.path, Rate::new(one.now))).collect();
        pending.taken += 1;
        let next = (done < steps).then(|| instant(&pending, over_seconds, steps));
        change.edit(Edit::Governance(match next {
            Some(_) => governance::Edit::Between(from, Arc::new(way.document)),
            None => governance::Edit::Moved(from, to),
        }));
        change.stepped(number, pending, numbers, next);
        return Ok(());
    }
    let Some(rule) = state.governance.rule() else { return Ok(()) };
    let complete = match &pending.what {
        What::Rule(to) => {
            let now = rule.toward(*to)?;
            change.tell(Event::GovernanceSet { rule: now });
            change.edit(Edit::Governance(governance::Edit::Rule(now)));
            now == *to
        }
        What::Limit { instrument, whose, most } => {
            raise_limit(change, rule, *instrument, whose, *most)?
        }
        What::Outflow { asset, whose, cap } => raise_outflow(change, rule, asset, whose, *cap)?,
        What::Model { .. } | What::Command { .. } => true,
    };
    pending.taken += 1;
    let next = (!complete).then(|| after(state.now, rule.step_seconds));
    change.stepped(number, pending, Vec::new(), next);
    Ok(())
}

/// A limit one step nearer to another; whether it is there.
fn raise_limit(
    change: &mut Change<'_>,
    rule: Rule,
    id: InstrumentId,
    whose: &limits::Whose,
    to: Most,
) -> Result<bool, Refusal> {
    let state = change.state;
    let (now, _) = state.limits.of(id).stands(state, whose)?;
    let next = |now: Option<Decimal>, to: Option<Decimal>| match (now, to) {
        (Some(now), Some(to)) if to > now => rule.raised(now, to).map(Some),
        (_, to) => Ok(to),
    };
    let most = Most {
        contracts: next(now.contracts.map(Quantity::decimal), to.contracts.map(Quantity::decimal))?
            .map(Quantity::new),
        notional: next(now.notional.map(Money::decimal), to.notional.map(Money::decimal))?
            .map(Money::new),
    };
    super::limits::set(change, id, whose, most)?;
    Ok(most == to)
}

/// The same for a limit of outflow.
fn raise_outflow(
    change: &mut Change<'_>,
    rule: Rule,
    asset: &Asset,
    whose: &outflow::Whose,
    to: Cap,
) -> Result<bool, Refusal> {
    let account = super::cash::whose(change.state, whose)?;
    let venue = *whose == outflow::Whose::Venue;
    let most = match change.state.outflows.stands(asset, account, venue) {
        (Some(now), _) if to.most > now.most => {
            Money::new(rule.raised(now.most.decimal(), to.most.decimal())?)
        }
        _ => to.most,
    };
    set_outflow(change, asset, (whose, account), Some(Cap { most, ..to }));
    Ok(most == to.most)
}
