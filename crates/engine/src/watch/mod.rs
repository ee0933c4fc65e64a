//! Margin calls: said once when margin used reaches a level, with what explains it and what would
//! mend it, and again only after it has fallen a step below.
//!
//! Margin used is maintenance margin over equity, of the worst pool. The level 1 is reached when
//! maintenance exceeds equity, as liquidation is; every other when margin used is at it.

mod ends;
mod ranges;
mod safe;
#[cfg(test)]
mod tests;

pub use ranges::Ranges;

use crate::account::{Account, AccountId};
use crate::change::{Change, Edit as Any};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::standing::{Standing, found, share_used};
use crate::state::{Source, State};
use keelmark_book::{Asset, Decimal, Money, Overflow, Rate, Round};
use keelmark_margin::document::PoolCurrency;
use keelmark_margin::{AccountMargin, PoolMargin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Charges told in a margin call.
const CHARGES_TOLD: usize = 3;

/// When margin calls are made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "AlertRule")]
pub struct Rule {
    /// Shares of margin used, rising; the last is 1.
    pub levels: Vec<Rate>,
    /// How far below a level margin used must fall before it is called again.
    pub step: Rate,
}

impl Default for Rule {
    fn default() -> Self {
        let percent = |percent: i128| Rate::new(Decimal::from_raw(percent * 10i128.pow(16)));
        Self { levels: vec![percent(80), percent(90), Rate::ONE], step: percent(5) }
    }
}

/// The rules, and what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    rule: Rule,
    own: BTreeMap<AccountId, Rule>,
    /// Of accounts of which something was said that still holds.
    said: BTreeMap<AccountId, Said>,
}

/// What was said of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The highest level that was reached and not left by a step since.
    level: Option<Rate>,
    /// Whether its margin could not be computed.
    unknown: bool,
}

/// A change of the rules or of what was said.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// The rule of an account, or of everybody; none where an account has no own any more.
    Rule(Option<AccountId>, Option<Rule>),
    /// What was said of an account.
    Said(AccountId, Said),
}

impl Watch {
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Rule(Some(id), Some(rule)) => drop(self.own.insert(id, rule)),
            Edit::Rule(Some(id), None) => drop(self.own.remove(&id)),
            Edit::Rule(None, rule) => self.rule = rule.unwrap_or_default(),
            Edit::Said(id, said) if said == Said::default() => drop(self.said.remove(&id)),
            Edit::Said(id, said) => drop(self.said.insert(id, said)),
        }
    }

    /// Whether it was said that an account is liquidatable, and still holds.
    pub(crate) fn is_liquidatable(&self, id: AccountId) -> bool {
        self.said.get(&id).is_some_and(|said| said.level == Some(Rate::ONE))
    }

    /// Accounts of which it was said.
    pub(crate) fn liquidatable(&self) -> impl Iterator<Item = AccountId> {
        self.said.keys().copied().filter(|id| self.is_liquidatable(*id))
    }

    /// The rule of everybody without one of his own.
    #[must_use]
    pub fn common(&self) -> &Rule {
        &self.rule
    }

    /// The rule of an account.
    #[must_use]
    pub fn rule(&self, id: AccountId) -> &Rule {
        self.own.get(&id).unwrap_or(&self.rule)
    }
}

/// Margin used that reached a level, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarginCall {
    /// Which account.
    pub account: String,
    /// The highest level that is reached.
    pub level: Rate,
    /// The pool that uses most.
    pub pool: String,
    /// What the figures are in.
    pub currency: Asset,
    /// What supports margin in it.
    pub equity: Money,
    /// Its maintenance margin.
    pub maintenance: Money,
    /// Maintenance over equity, rounded up; absent where nothing supports it.
    pub mm_used: Option<Rate>,
    /// Its largest charges, positions as they are: name in the document, and amount.
    pub charges: Vec<(String, Money)>,
    /// So much more in the pool, counted in full, brings margin used to the step below the level;
    /// absent where it does not fit.
    pub deposit: Option<Money>,
}

impl fmt::Display for MarginCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, level, pool, currency, equity, maintenance, .. } = self;
        write!(f, "{account}, {pool}: maintenance margin {maintenance} of equity {equity} ")?;
        write!(f, "{currency} is at {level}; ")?;
        for (name, amount) in &self.charges {
            write!(f, "{name} {amount}, ")?;
        }
        match self.deposit {
            Some(deposit) => write!(f, "{deposit} {currency} more would mend it"),
            None => f.write_str("what would mend it does not fit in 38 digits"),
        }
    }
}

/// The accounts whose margin a price may change: all that hold, or owe, something that it is about.
/// A scan; [`Ranges`] take its place, and leave out none of which there is something to say.
fn affected(state: &State, told: &Source) -> Vec<AccountId> {
    let all = (0..state.accounts.len()).map(AccountId::new);
    all.filter(|id| is_about(state, *id, told)).collect()
}

/// Whether a price may change the margin of an account.
fn is_about(state: &State, id: AccountId, told: &Source) -> bool {
    let account = state.account(id);
    has_requirement(account)
        && match told {
            Source::Mark(id) => account.holdings().any(|held| held.instrument == *id),
            Source::Index(asset) => {
                let document = state.document(account.model);
                let of_instrument = |one: &keelmark_book::Instrument| {
                    [&one.base, &one.quote, &one.settle].contains(&asset)
                };
                document.pool.currency == PoolCurrency::Fixed(asset.clone())
                    || account.balances.iter().any(|(held, _)| held == asset)
                    || account
                        .holdings()
                        .any(|held| of_instrument(state.market.instruments.get(held.instrument)))
            }
        }
}

/// All prices that may change the margin of an account: those of which [`is_about`] says so.
fn about(state: &State, id: AccountId) -> BTreeSet<Source> {
    let account = state.account(id);
    let mut found = BTreeSet::new();
    if !has_requirement(account) {
        return found;
    }
    if let PoolCurrency::Fixed(asset) = &state.document(account.model).pool.currency {
        found.insert(Source::Index(asset.clone()));
    }
    found.extend(account.balances.iter().map(|(held, _)| Source::Index(held.clone())));
    for held in account.holdings() {
        let one = state.market.instruments.get(held.instrument);
        found.insert(Source::Mark(held.instrument));
        found
            .extend([&one.base, &one.quote, &one.settle].map(|asset| Source::Index(asset.clone())));
    }
    found
}

/// Whether an account can be short of margin at all: without positions and debts it is not.
fn has_requirement(account: &Account) -> bool {
    account.holdings().next().is_some() || account.owes()
}

/// Looks at an account: what there is to say of it now. Margin is computed unless it was found.
pub(crate) fn look(
    state: &State,
    id: AccountId,
    found: Option<Vec<Standing>>,
) -> Option<Change<'_>> {
    let account = state.account(id);
    let said = state.watch.said.get(&id).copied().unwrap_or_default();
    if !has_requirement(account) {
        return (said != Said::default()).then(|| restored(state, id, said, None));
    }
    let standing = match found {
        Some(found) => {
            debug_assert_eq!(Ok(&found), state.standings(id).as_ref());
            Ok(found)
        }
        None => state.standings(id),
    };
    let found = standing.and_then(|standing| say(state, id, said, &standing));
    found.unwrap_or_else(|refusal| {
        if said.unknown {
            return None;
        }
        let (account, problem) = (account.name.clone(), refusal.to_string());
        let mut change = Change::event(state, Event::MarginUnknown { account, problem });
        change.edit(Any::Watch(Edit::Said(id, Said { unknown: true, ..said })));
        Some(change)
    })
}

fn say<'a>(
    state: &'a State,
    id: AccountId,
    said: Said,
    standing: &[Standing],
) -> Result<Option<Change<'a>>, Refusal> {
    let rule = state.watch.rule(id);
    let Some((worst, used)) = worst(standing) else { return Ok(None) };
    match verdict(rule, said, used) {
        Verdict::Nothing => Ok(None),
        Verdict::Restored(level) => Ok(Some(restored(state, id, said, level))),
        Verdict::Reached(level) => {
            let account = state.reckoned(id, state.account(id))?;
            let margin = found(&account, state.document(account.model), &state.market)?;
            let call = call(&margin, &margin.pools[worst], used, level, rule.step);
            let event = if level < Rate::ONE { Event::MarginCall } else { Event::Liquidatable };
            let mut change = Change::event(state, event(Box::new(call)));
            let said = Said { level: Some(level), unknown: false };
            change.edit(Any::Watch(Edit::Said(id, said)));
            Ok(Some(change))
        }
    }
}

/// What there is to say of margin used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing that was not said.
    Nothing,
    /// A level higher than what was said is reached.
    Reached(Rate),
    /// What was said no longer holds above this level.
    Restored(Option<Rate>),
}

/// What there is to say of margin used, after what was said. Where nothing is to say of two shares,
/// nothing is to say of any between them: [`Ranges`] rest on it.
fn verdict(rule: &Rule, said: Said, used: Used) -> Verdict {
    let reached = |level: Rate| match used {
        Used::Share(used) if level < Rate::ONE => used >= level,
        Used::Share(used) => used > level,
        Used::Unsupported => true,
    };
    let highest = rule.levels.iter().rev().copied().find(|level| reached(*level));
    if highest > said.level
        && let Some(level) = highest
    {
        return Verdict::Reached(level);
    }
    let kept = |level: &Rate| {
        let left = level.minus(rule.step).is_ok_and(|left| used <= Used::Share(left));
        reached(*level) || !left
    };
    // A level that the rule no longer has goes with the next that it has.
    let was = |level: &Rate| said.level.is_some_and(|said| *level <= said);
    let level = rule.levels.iter().rev().copied().filter(was).find(kept);
    if level == said.level && !said.unknown { Verdict::Nothing } else { Verdict::Restored(level) }
}

/// Takes back what was said down to a level.
fn restored(state: &State, id: AccountId, said: Said, level: Option<Rate>) -> Change<'_> {
    let mut change = Change::new(state);
    change.edit(Any::Watch(Edit::Said(id, Said { level, unknown: false })));
    let left = state.watch.rule(id).levels.iter().copied();
    let lowest = left.filter(|one| Some(*one) > level && Some(*one) <= said.level).min();
    if let Some(level) = lowest.or(said.level.filter(|_| level.is_none())) {
        let account = state.account(id).name.clone();
        change.tell(Event::MarginRestored { account, level });
    }
    change
}

/// Margin used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Used {
    /// Maintenance over equity, rounded up.
    Share(Rate),
    /// Nothing supports a requirement.
    Unsupported,
}

/// It grows with maintenance and falls with equity, never the other way: [`Ranges`] rest on it.
fn used(maintenance: Money, equity: Money) -> Used {
    share_used(maintenance, equity).map_or(Used::Unsupported, Used::Share)
}

/// What would be said of an account that was never looked at.
pub(crate) fn anew(state: &State, id: AccountId, standing: &[Standing]) -> Edit {
    let Some((_, used)) = worst(standing) else { return Edit::Said(id, Said::default()) };
    let level = match verdict(state.watch.rule(id), Said::default(), used) {
        Verdict::Reached(level) => Some(level),
        Verdict::Nothing | Verdict::Restored(_) => None,
    };
    Edit::Said(id, Said { level, unknown: false })
}

/// The pool that uses most, the first of equals.
pub(crate) fn worst_of(standing: &[Standing]) -> Option<&Standing> {
    worst(standing).map(|(at, _)| &standing[at])
}

/// Margin used of the pool that uses most; none where nothing supports it.
pub(crate) fn most_used(standing: &[Standing]) -> Option<Rate> {
    worst_of(standing).and_then(Standing::mm_used)
}

/// The place of the pool that uses most, the first of equals.
fn worst(standing: &[Standing]) -> Option<(usize, Used)> {
    let mut found: Option<(usize, Used)> = None;
    for (at, pool) in standing.iter().enumerate() {
        let used = used(pool.maintenance, pool.equity);
        if found.is_none_or(|(_, most)| used > most) {
            found = Some((at, used));
        }
    }
    found
}

fn call(
    margin: &AccountMargin,
    worst: &PoolMargin,
    used: Used,
    level: Rate,
    step: Rate,
) -> MarginCall {
    let charges = worst.charges.iter().map(|one| (one.name.clone(), one.plain.amount));
    let mut charges: Vec<(String, Money)> =
        charges.filter(|(_, amount)| amount.is_positive()).collect();
    charges.sort_by_key(|(_, amount)| std::cmp::Reverse(*amount));
    charges.truncate(CHARGES_TOLD);
    MarginCall {
        account: margin.account.clone(),
        level,
        pool: worst.pool.name.clone(),
        currency: worst.pool.currency.clone(),
        equity: worst.health.equity,
        maintenance: worst.health.maintenance,
        mm_used: match used {
            Used::Share(used) => Some(used),
            Used::Unsupported => None,
        },
        charges,
        deposit: missing(worst, level, step).ok(),
    }
}

/// What brings margin used to a step below a level.
fn missing(pool: &PoolMargin, level: Rate, step: Rate) -> Result<Money, Overflow> {
    let safe = level.minus(step)?.decimal();
    let needed = pool.health.maintenance.decimal().over(safe, Round::Up)?;
    Ok(Money::new(needed).minus(pool.health.equity)?.or_more(Money::ZERO))
}
