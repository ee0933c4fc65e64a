//! Changes of rules in the reference: what is tighter at once, the rest announced and in steps.

use super::{Decision, Reference, ensure};
use crate::facts;
use crate::holdings::{big, small};
use keelmark_book::{Asset, Decimal, InstrumentId, Money, Quantity, Rate, Timestamp};
use keelmark_engine::command::Limit;
use keelmark_engine::governance::Rule;
use keelmark_engine::limits::Whose;
use keelmark_engine::outflow::{self, Cap};
use num_bigint::BigInt;
use std::collections::BTreeMap;

const SECOND: i64 = 1_000_000_000;
/// A year, in seconds.
const LONGEST: u32 = 31_557_600;

/// What changes.
#[derive(Clone, Debug)]
enum What {
    Rule(Rule),
    Limit(InstrumentId, Limit),
    Outflow(Asset, outflow::Whose, Cap),
}

impl What {
    fn is_about(&self) -> String {
        match self {
            Self::Rule(_) => "the rule".to_owned(),
            Self::Limit(id, limit) => format!("{id:?} {:?}", limit.whose),
            Self::Outflow(asset, whose, _) => format!("{asset} {whose:?}"),
        }
    }
}

#[derive(Clone, Debug)]
struct Pending {
    what: What,
    at: Timestamp,
    taken: u32,
}

/// The rule of changes, and what is on its way.
#[derive(Debug, Default)]
pub(super) struct Changes {
    rule: Option<Rule>,
    last: u64,
    pending: BTreeMap<u64, Pending>,
}

/// A number one step nearer to a larger one.
fn raised(rule: Rule, now: &BigInt, to: &BigInt) -> BigInt {
    let (most, one) = (big(rule.most_per_step.decimal()), big(Decimal::ONE));
    let grown = now + now * &most / &one;
    let next = if grown > *now { grown } else { now + (to * &most + &one - 1) / &one };
    next.min(to.clone())
}

/// Seconds one step nearer to fewer.
fn lowered(rule: Rule, now: u32, to: u32) -> u32 {
    let (most, one) = (big(rule.most_per_step.decimal()), big(Decimal::ONE));
    let next: BigInt = (BigInt::from(now) * &one + &one + &most - 1) / (&one + &most);
    let next = u32::try_from(next).unwrap_or(now);
    (if next < now { next } else { now.saturating_sub(1) }).max(to)
}

fn nearer(now: Rule, to: Rule) -> Option<Rule> {
    let seconds = |was: u32, to: u32| if to >= was { to } else { lowered(now, was, to) };
    let most = if to.most_per_step <= now.most_per_step {
        to.most_per_step
    } else {
        let (was, to) = (big(now.most_per_step.decimal()), big(to.most_per_step.decimal()));
        Rate::new(small(&raised(now, &was, &to))?)
    };
    Some(Rule {
        delay_seconds: seconds(now.delay_seconds, to.delay_seconds),
        step_seconds: seconds(now.step_seconds, to.step_seconds),
        most_per_step: most,
        collateral_seconds: seconds(now.collateral_seconds, to.collateral_seconds),
    })
}

/// A part of a limit: contracts, or notional.
type Part = Option<Decimal>;

/// What of a part is there at once; one that is there cannot be taken away.
fn at_once(before: Part, asked: Part) -> Option<Part> {
    match (before, asked) {
        (Some(_), None) => None,
        (Some(before), Some(asked)) => Some(Some(before.min(asked))),
        (None, asked) => Some(asked),
    }
}

fn step_of(rule: Rule, now: Part, to: Part) -> Option<Part> {
    match (now, to) {
        (Some(now), Some(to)) if to > now => Some(Some(small(&raised(rule, &big(now), &big(to)))?)),
        (_, to) => Some(to),
    }
}

fn parts(limit: Option<&Limit>) -> (Part, Part) {
    let limit = limit.map(|one| (one.contracts, one.notional)).unwrap_or_default();
    (limit.0.map(Quantity::decimal), limit.1.map(Money::decimal))
}

fn with(limit: &Limit, (contracts, notional): (Part, Part)) -> Limit {
    let (contracts, notional) = (contracts.map(Quantity::new), notional.map(Money::new));
    Limit { contracts, notional, ..limit.clone() }
}

impl Reference {
    pub(super) fn govern(&mut self, asked: Rule) -> Decision {
        let Rule { delay_seconds, step_seconds, most_per_step, collateral_seconds } = asked;
        ensure(delay_seconds <= LONGEST && collateral_seconds <= LONGEST)?;
        ensure((1..=LONGEST).contains(&step_seconds))?;
        let thousandth = Rate::new(Decimal::from_raw(Decimal::ONE.raw() / 1_000));
        ensure(most_per_step >= thousandth && most_per_step <= Rate::ONE)?;
        let Some(before) = self.changing.rule else {
            self.ruled(asked);
            return Some(());
        };
        let now = Rule {
            delay_seconds: before.delay_seconds.max(delay_seconds),
            step_seconds: before.step_seconds.max(step_seconds),
            most_per_step: before.most_per_step.min(most_per_step),
            collateral_seconds: before.collateral_seconds.max(collateral_seconds),
        };
        if now != before || now == asked {
            self.ruled(now);
        }
        self.later(What::Rule(asked), now != asked, before);
        Some(())
    }

    fn ruled(&mut self, rule: Rule) {
        self.facts.push(facts::ruled(rule));
        self.changing.rule = Some(rule);
    }

    fn later(&mut self, what: What, is_later: bool, rule: Rule) {
        let pending = self.changing.pending.iter();
        let same = |one: &Pending| one.what.is_about() == what.is_about();
        let gone: Vec<u64> = pending.filter(|(_, one)| same(one)).map(|(at, _)| *at).collect();
        for number in gone {
            self.drop_change(number);
        }
        if is_later {
            let at = self.now.plus_nanos(i64::from(rule.delay_seconds) * SECOND);
            self.changing.last += 1;
            let number = self.changing.last;
            self.facts.push(facts::announced(number, at));
            self.changing.pending.insert(number, Pending { what, at, taken: 0 });
        }
    }

    fn drop_change(&mut self, number: u64) {
        self.changing.pending.remove(&number);
        self.facts.push(facts::change_cancelled(number));
    }

    pub(super) fn cancel_change(&mut self, number: u64) -> Decision {
        ensure(self.changing.pending.get(&number)?.taken == 0)?;
        self.drop_change(number);
        Some(())
    }

    /// What stands: an own limit or the common one, and that where an own one may replace it.
    fn stands_for(&self, id: InstrumentId, whose: &Whose) -> (Option<Limit>, Option<Limit>) {
        let of = |whose: &Whose| self.rules.limits.get(&(id, format!("{whose:?}"))).cloned();
        let common = match whose {
            Whose::Account(_) => of(&Whose::EachAccount),
            Whose::Group(_) => of(&Whose::EachGroup),
            _ => return (of(whose), None),
        };
        (of(whose).or(common.clone()), common)
    }

    /// Sets of a limit what may be there at once, and announces the rest.
    pub(super) fn limit_in_time(&mut self, id: InstrumentId, asked: &Limit) -> Decision {
        let Some(rule) = self.changing.rule else {
            self.set_limit(id, asked);
            return Some(());
        };
        let is_own = matches!(asked.whose, Whose::Account(_) | Whose::Group(_));
        let (before, common) = self.stands_for(id, &asked.whose);
        let goes = is_own && asked.contracts.is_none() && asked.notional.is_none();
        let most = if goes { parts(common.as_ref()) } else { parts(Some(asked)) };
        let before = parts(before.as_ref());
        let now = (at_once(before.0, most.0)?, at_once(before.1, most.1)?);
        ensure(!goes || now == most)?;
        self.later(What::Limit(id, with(asked, most)), now != most, rule);
        if goes {
            self.set_limit(id, asked);
        } else if now != before || now == most {
            self.set_limit(id, &with(asked, now));
        }
        Some(())
    }

    fn set_limit(&mut self, id: InstrumentId, limit: &Limit) {
        let symbol = self.market.instruments.get(id).to_string();
        let (contracts, notional) = (limit.contracts, limit.notional);
        self.facts.push(facts::limited(&symbol, &limit.whose, contracts, notional));
        let key = (id, format!("{:?}", limit.whose));
        if contracts.is_none() && notional.is_none() {
            self.rules.limits.remove(&key);
        } else {
            self.rules.limits.insert(key, limit.clone());
        }
    }

    /// Whether a limit may be about somebody: an account that is open, a group that is linked.
    pub(super) fn is_there(&self, whose: &Whose) -> Decision {
        match whose {
            Whose::Account(name) => self.live(name).map(drop),
            Whose::Group(name) => ensure(self.rules.groups.values().any(|one| one == name)),
            _ => Some(()),
        }
    }

    pub(super) fn cap_in_time(
        &mut self,
        asset: &Asset,
        whose: &outflow::Whose,
        asked: Option<Cap>,
    ) -> Decision {
        let (before, common) = self.cap_for(asset, whose);
        let (Some(rule), Some(before)) = (self.changing.rule, before) else {
            self.set_cap(asset, whose, asked);
            return Some(());
        };
        let cap = asked.or(common)?;
        let is_raised = cap.most > before.most;
        ensure(cap.seconds >= before.seconds && (!is_raised || cap.seconds == before.seconds))?;
        ensure(asked.is_some() || !is_raised)?;
        if !is_raised {
            self.set_cap(asset, whose, asked);
        }
        self.later(What::Outflow(asset.clone(), whose.clone(), cap), is_raised, rule);
        Some(())
    }

    /// The first change that is due by a time.
    pub(super) fn change_due(&self, by: Timestamp) -> Option<(Timestamp, u64)> {
        let pending = self.changing.pending.iter().filter(|(_, one)| one.at <= by);
        pending.map(|(number, one)| (one.at, *number)).min()
    }

    /// Takes a step of a change; one whose object is gone is cancelled.
    pub(super) fn change_steps(&mut self, number: u64) {
        let Some(mut pending) = self.changing.pending.get(&number).cloned() else { return };
        // The rule's own change goes by the rule before the step.
        let seconds = self.changing.rule.map_or(0, |rule| rule.step_seconds);
        match self.nearer(&pending.what) {
            None => self.drop_change(number),
            Some(complete) => {
                pending.taken += 1;
                let next = self.now.plus_nanos(i64::from(seconds) * SECOND);
                let next = Some(next).filter(|_| !complete);
                self.facts.push(facts::stepped(number, pending.taken, next));
                self.changing.pending.remove(&number);
                if let Some(at) = next {
                    self.changing.pending.insert(number, Pending { at, ..pending });
                }
            }
        }
    }

    /// One step; whether it was the last.
    fn nearer(&mut self, what: &What) -> Option<bool> {
        let rule = self.changing.rule?;
        match what {
            What::Rule(to) => {
                let now = nearer(rule, *to)?;
                self.ruled(now);
                Some(now == *to)
            }
            What::Limit(id, to) => {
                self.is_there(&to.whose)?;
                let now = parts(self.stands_for(*id, &to.whose).0.as_ref());
                let wanted = parts(Some(to));
                let next = (step_of(rule, now.0, wanted.0)?, step_of(rule, now.1, wanted.1)?);
                self.set_limit(*id, &with(to, next));
                Some(next == wanted)
            }
            What::Outflow(asset, whose, to) => {
                if let outflow::Whose::Account(name) = whose {
                    self.live(name)?;
                }
                let now = self.cap_for(asset, whose).0.map(|now| now.most.decimal());
                let wanted = Some(to.most.decimal());
                let most = step_of(rule, now, wanted)?.map(Money::new)?;
                self.set_cap(asset, whose, Some(Cap { most, ..*to }));
                Some(most == to.most)
            }
        }
    }
}
