//! Margin calls in the reference, of the accounts that it watches.

use super::stops::Told;
use super::{Decision, Held, Reference, ensure};
use crate::facts;
use crate::holdings::{big, small};
use keelmark_book::{Asset, Decimal, Rate};
use keelmark_engine::command::Alerts;
use keelmark_margin::document::PoolCurrency;
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// Levels, rising, and how far below one it is left.
#[derive(Clone, Debug)]
struct Levels {
    levels: Vec<Rate>,
    step: Rate,
}

/// The rules, and what was said.
#[derive(Debug)]
pub(super) struct Calls {
    common: Levels,
    own: BTreeMap<String, Levels>,
    said: BTreeMap<String, Said>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Said {
    level: Option<Rate>,
    unknown: bool,
}

impl Default for Calls {
    fn default() -> Self {
        let common = Levels { levels: vec![percent(80), percent(90), Rate::ONE], step: percent(5) };
        Self { common, own: BTreeMap::new(), said: BTreeMap::new() }
    }
}

fn percent(percent: i128) -> Rate {
    Rate::new(Decimal::from_raw(Decimal::ONE.raw() / 100 * percent))
}

/// Maintenance margin over equity, in steps of 10^-18 and rounded up; `None` is more than any.
fn used(equity: &BigInt, maintenance: &BigInt) -> Option<BigInt> {
    let zero = BigInt::ZERO;
    if *maintenance <= zero && *equity >= zero {
        return Some(zero);
    }
    if *equity <= zero {
        return None;
    }
    Some((maintenance * big(Decimal::ONE) + equity - 1) / equity)
}

fn is_more(used: Option<&BigInt>, than: Option<&BigInt>) -> bool {
    match (used, than) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(used), Some(than)) => used > than,
    }
}

fn at_least(used: Option<&BigInt>, level: &BigInt) -> bool {
    used.is_none_or(|used| used >= level)
}

fn is_reached(level: Rate, used: Option<&BigInt>) -> bool {
    let one = level == Rate::ONE;
    // The last is that of liquidation, which begins above it.
    let above = if one { BigInt::from(1) } else { BigInt::ZERO };
    at_least(used, &(big(level.decimal()) + above))
}

impl Levels {
    fn is_left(&self, level: Rate, used: Option<&BigInt>) -> bool {
        let left = big(level.decimal()) - big(self.step.decimal());
        used.is_some_and(|used| *used <= left) && !is_reached(level, used)
    }
}

impl Reference {
    pub(super) fn alert(&mut self, ask: &Alerts) -> Decision {
        if let Some(name) = &ask.account {
            self.live(name)?;
        }
        let usual =
            if ask.account.is_some() { self.calls.common.clone() } else { Calls::default().common };
        let mut levels = ask.levels.clone().unwrap_or(usual.levels);
        ensure(levels.iter().all(|level| *level > Rate::ZERO && *level <= Rate::ONE))?;
        levels.push(Rate::ONE);
        levels.sort();
        levels.dedup();
        let step = ask.step.unwrap_or(usual.step);
        match &ask.account {
            Some(name) if ask.levels.is_none() && ask.step.is_none() => {
                self.calls.own.remove(name);
            }
            whose => {
                ensure(step >= Rate::ZERO && step < levels[0])?;
                let rule = Levels { levels, step };
                match whose {
                    Some(name) => drop(self.calls.own.insert(name.clone(), rule)),
                    None => self.calls.common = rule,
                }
            }
        }
        Some(())
    }

    /// Whether an account has something that a price is about.
    fn is_about(&self, held: &Held, told: &Told) -> bool {
        let about = |asset: &Asset| match told {
            Told::Index(index) => index == asset,
            Told::Mark(_) => false,
        };
        let pool = self.models.get(&held.model).map(|model| &model.pool.currency);
        matches!(pool, Some(PoolCurrency::Fixed(asset)) if about(asset))
            || held.cash.keys().any(about)
            || held.positions.keys().any(|(id, _)| {
                let one = self.market.instruments.get(*id);
                [&one.base, &one.quote, &one.settle].into_iter().any(about)
                    || *told == Told::Mark(*id)
            })
    }

    /// Looks at watched accounts that have changed, or that a price is about.
    pub(super) fn look(&mut self, told: Option<&Told>) {
        let touched = std::mem::take(&mut self.touched);
        let watched = self.accounts.iter().filter(|(name, _)| facts::is_watched(name));
        let wanted = watched.filter(|(name, held)| {
            touched.contains(*name)
                || requires(held) && told.is_some_and(|told| self.is_about(held, told))
        });
        let wanted: Vec<String> = wanted.map(|(name, _)| name.clone()).collect();
        for name in wanted {
            self.look_at(&name);
        }
    }

    pub(super) fn look_at(&mut self, name: &str) {
        let Some(held) = self.accounts.get(name) else { return };
        let said = self.calls.said.get(name).copied().unwrap_or_default();
        let rule = self.calls.own.get(name).unwrap_or(&self.calls.common).clone();
        if !requires(held) {
            return self.says(name, &rule, said, None);
        }
        let Some(pools) = self.pools(name) else {
            if !said.unknown {
                self.facts.push(facts::unknown(name));
                self.calls.said.insert(name.to_owned(), Said { unknown: true, ..said });
            }
            return;
        };
        let numbers = pools.iter().map(|pool| {
            let (equity, maintenance) =
                (big(pool.equity.decimal()), big(pool.maintenance.decimal()));
            (used(&equity, &maintenance), pool, equity, maintenance)
        });
        // The first of the worst.
        let worst =
            numbers.reduce(
                |worst, one| if is_more(one.0.as_ref(), worst.0.as_ref()) { one } else { worst },
            );
        let Some((used, pool, equity, maintenance)) = worst else { return };
        let used = used.as_ref();
        let reached = |level: &Rate| is_reached(*level, used);
        let highest = rule.levels.iter().rev().copied().find(reached);
        if let Some(level) = highest.filter(|_| highest > said.level) {
            let safe = big(level.decimal()) - big(rule.step.decimal());
            let needed = (&maintenance * big(Decimal::ONE) + &safe - 1) / &safe;
            let deposit: BigInt = needed - &equity;
            let deposit = deposit.max(BigInt::ZERO);
            let figures = [small(&equity), small(&maintenance), small(&deposit)];
            self.facts.push(facts::called(name, &pool.name, level, figures));
            let said = Said { level: Some(level), unknown: false };
            self.calls.said.insert(name.to_owned(), said);
            return;
        }
        let mut levels = rule.levels.iter().rev().copied();
        let stays = levels.find(|level| Some(*level) <= said.level && !rule.is_left(*level, used));
        if stays != said.level || said.unknown {
            self.says(name, &rule, said, stays);
        }
    }

    /// Something was said of an account.
    pub(super) fn said_of(&mut self, name: &str, level: Option<Rate>, unknown: bool) {
        if facts::is_watched(name) {
            self.calls.said.insert(name.to_owned(), Said { level, unknown });
        }
    }

    /// What would be said of an account that was never looked at.
    pub(super) fn said_anew(&mut self, name: &str) {
        self.said_of(name, None, false);
        let known = std::mem::take(&mut self.facts);
        if facts::is_watched(name) {
            self.look_at(name);
        }
        self.facts = known;
    }

    /// The highest level of an account's rule below another.
    pub(super) fn level_below(&self, name: &str, level: Rate) -> Option<Rate> {
        let rule = self.calls.own.get(name).unwrap_or(&self.calls.common);
        rule.levels.iter().copied().filter(|one| *one < level).max()
    }

    /// Watched accounts of which it was said that they are liquidatable.
    pub(super) fn liquidatable(&self) -> impl Iterator<Item = &String> {
        let said = self.calls.said.iter();
        said.filter(|(_, said)| said.level == Some(Rate::ONE)).map(|(name, _)| name)
    }

    /// Takes back what was said, down to a level.
    fn says(&mut self, name: &str, rule: &Levels, said: Said, level: Option<Rate>) {
        let mut left = rule.levels.iter().copied();
        let lowest = left.find(|one| Some(*one) > level && Some(*one) <= said.level);
        // A level that is no longer in the rule is left with the last that is.
        if let Some(lowest) = lowest.or(said.level.filter(|_| level.is_none())) {
            self.facts.push(facts::restored(name, lowest));
        }
        self.calls.said.insert(name.to_owned(), Said { level, unknown: false });
    }
}

/// Whether an account can be short of margin at all.
fn requires(held: &Held) -> bool {
    !held.positions.is_empty() || held.cash.values().any(|amount| *amount < BigInt::ZERO)
}
