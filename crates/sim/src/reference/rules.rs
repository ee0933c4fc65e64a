//! What a venue allows, in the reference: limits of positions, counted again at every question,
//! and limits of what leaves.

use super::{Decision, Held, Reference, ensure};
use crate::facts;
use crate::holdings::{big, worth};
use keelmark_book::{Asset, InstrumentId, Money, Timestamp};
use keelmark_engine::command::{Action, Command, Limit};
use keelmark_engine::event::{Event, Why};
use keelmark_engine::limits::Whose;
use keelmark_engine::outflow::{self, Cap};
use num_bigint::BigInt;
use std::collections::BTreeMap;

const SECOND: i64 = 1_000_000_000;
/// A hundred years, in seconds.
const LONGEST: u32 = 36_525 * 86_400;

/// Accounts as they were, by name.
pub(super) type Before = BTreeMap<String, Held>;

/// The rules that were set, and what left under them.
#[derive(Default)]
pub(super) struct Rules {
    /// By instrument and what they are about, in words.
    pub limits: BTreeMap<(InstrumentId, String), Limit>,
    /// Groups by the heads of the families in them.
    pub groups: BTreeMap<String, String>,
    /// By asset and whose, in words.
    caps: BTreeMap<(Asset, String), Cap>,
    /// Everything that ever left: whose, until when it counts, how much.
    left: Vec<(Asset, String, Timestamp, BigInt)>,
}

impl Reference {
    /// Sets a rule.
    pub(super) fn rule(&mut self, command: &Command, heard: &[Event]) -> Decision {
        match &command.action {
            Action::Limit(limit) => self.limit(limit),
            Action::Link { group, accounts } => {
                ensure(!group.is_empty())?;
                self.link(Some(group), accounts)
            }
            Action::Unlink { accounts } => self.link(None, accounts),
            Action::Outflow { asset, whose, cap } => self.cap(asset, whose, *cap),
            Action::Stop(stop) => self.stop(stop),
            Action::CancelStop { account, order } => {
                self.live(account)?;
                self.stops.remove(account, *order)?;
                self.facts.push(facts::stop_cancelled(account, *order, Why::Asked));
                Some(())
            }
            Action::Alerts(alerts) => self.alert(alerts),
            Action::Governance(rule) => self.govern(*rule),
            Action::CancelChange { change } => self.cancel_change(*change),
            Action::Settlement { asset, rule } => self.settlement(asset, *rule),
            Action::Delist { instrument, at, rule } => self.delist(instrument, *at, *rule),
            Action::Interest { asset, terms } => self.interest(asset, *terms, heard),
            Action::Accrue { asset } => self.accrue(asset.as_ref(), heard),
            Action::Settle { instrument, price } => self.settle(instrument, *price),
            _ => None,
        }
    }

    fn limit(&mut self, limit: &Limit) -> Decision {
        let id = self.market.instruments.find(&limit.instrument).ok()?;
        ensure(limit.contracts.is_none_or(|most| !most.is_negative()))?;
        ensure(limit.notional.is_none_or(|most| !most.is_negative()))?;
        self.is_there(&limit.whose)?;
        self.limit_in_time(id, limit)
    }

    fn link(&mut self, group: Option<&String>, accounts: &[String]) -> Decision {
        ensure(!accounts.is_empty())?;
        for name in accounts {
            self.live(name)?;
        }
        for name in accounts {
            let head = self.head(name)?;
            match group {
                Some(group) => drop(self.rules.groups.insert(head, group.clone())),
                None => drop(self.rules.groups.remove(&head)),
            }
        }
        Some(())
    }

    fn head(&self, name: &str) -> Option<String> {
        let held = self.accounts.get(name)?;
        Some(held.parent.clone().unwrap_or_else(|| name.to_owned()))
    }

    fn group(&self, name: &str) -> Option<&String> {
        self.rules.groups.get(&self.head(name)?)
    }

    /// Whether two accounts count together.
    pub(super) fn linked(&self, one: &str, other: &str) -> bool {
        let group = self.group(one);
        self.head(one) == self.head(other) || group.is_some() && group == self.group(other)
    }

    /// Whether nothing of an instrument that counts for an account has grown past a limit.
    pub(super) fn within(&self, before: &Before, name: &str, id: InstrumentId) -> Decision {
        if !self.rules.limits.keys().any(|(limited, _)| *limited == id) {
            return Some(());
        }
        let of = |whose: &Whose| self.rules.limits.get(&(id, format!("{whose:?}")));
        let own = of(&Whose::Account(name.to_owned())).or(of(&Whose::EachAccount));
        let was = |one: &str| before.get(one).or(self.accounts.get(one));
        let is = |one: &str| self.accounts.get(one);
        let alone = vec![name];
        let (then, now) = (reach(&alone, was, id), reach(&alone, is, id));
        self.fits_limit(own, id, &then, &now)?;
        let own = self.group(name).and_then(|group| of(&Whose::Group(group.clone())));
        if let Some(limit) = own.or(of(&Whose::EachGroup)) {
            let all = self.accounts.keys().map(String::as_str);
            let together: Vec<&str> = all.filter(|one| self.linked(one, name)).collect();
            let (both_then, both_now) = (reach(&together, was, id), reach(&together, is, id));
            self.fits_limit(Some(limit), id, &both_then, &both_now)?;
        }
        let Some(venue) = of(&Whose::Venue) else { return Some(()) };
        let names: Vec<&str> = self.accounts.keys().map(String::as_str).collect();
        let open = longs(&names, was, id);
        let (old, new) = (was(name)?, is(name)?);
        let would = if old.positions == new.positions {
            let (held, mut most) = (net(new, id), open.clone());
            for (side, held) in [(0, held.clone()), (1, -held)] {
                if now[side] > then[side] {
                    most = most.max(&open + &now[side] - held.max(BigInt::ZERO));
                }
            }
            most
        } else {
            longs(&names, is, id)
        };
        self.fits_limit(Some(venue), id, &[open, BigInt::ZERO], &[would, BigInt::ZERO])
    }

    fn fits_limit(
        &self,
        limit: Option<&Limit>,
        id: InstrumentId,
        before: &[BigInt; 2],
        after: &[BigInt; 2],
    ) -> Decision {
        let Some(limit) = limit else { return Some(()) };
        for (_, after) in before.iter().zip(after).filter(|(before, after)| after > before) {
            ensure(limit.contracts.is_none_or(|most| *after <= big(most.decimal())))?;
            let Some(most) = limit.notional else { continue };
            let one = self.market.instruments.get(id);
            let price = self.market.price(&one.base).ok()?;
            let mark = big(self.market.quote(id).mark.decimal());
            ensure(worth(one, after, &mark, &big(price.decimal())) <= big(most.decimal()))?;
        }
        Some(())
    }

    fn cap(&mut self, asset: &Asset, whose: &outflow::Whose, cap: Option<Cap>) -> Decision {
        if let Some(cap) = cap {
            ensure(!cap.most.is_negative() && (1..=LONGEST).contains(&cap.seconds))?;
        }
        if let outflow::Whose::Account(name) = whose {
            self.live(name)?;
        }
        self.cap_in_time(asset, whose, cap)
    }

    pub(super) fn set_cap(&mut self, asset: &Asset, whose: &outflow::Whose, cap: Option<Cap>) {
        self.facts.push(facts::capped(asset, whose, cap));
        let key = (asset.clone(), named(whose).to_owned());
        match cap {
            Some(cap) => drop(self.rules.caps.insert(key, cap)),
            None => drop(self.rules.caps.remove(&key)),
        }
    }

    /// The limit that stands for whom, and the common one where an own one may replace it.
    pub(super) fn cap_for(
        &self,
        asset: &Asset,
        whose: &outflow::Whose,
    ) -> (Option<Cap>, Option<Cap>) {
        let of = |whose: &str| self.rules.caps.get(&(asset.clone(), whose.to_owned())).copied();
        let own = of(named(whose));
        match whose {
            outflow::Whose::Account(_) => (own.or(of("")), of("")),
            _ => (own, None),
        }
    }

    /// Whether an amount may leave an account, and the venue; it then counts.
    pub(super) fn outflow(
        &mut self,
        name: &str,
        asset: &Asset,
        amount: Money,
        leaves_venue: bool,
    ) -> Decision {
        let of = |whose: &str| self.rules.caps.get(&(asset.clone(), whose.to_owned())).copied();
        let own = of(name).or(of("")).map(|cap| (name, cap));
        let venue = of(VENUE).filter(|_| leaves_venue).map(|cap| (VENUE, cap));
        let amount = big(amount.decimal());
        let mut counted = Vec::new();
        for (whose, cap) in own.into_iter().chain(venue) {
            let mut used = BigInt::ZERO;
            for (of, by, until, amount) in &self.rules.left {
                if of == asset && by == whose && *until > self.now {
                    used += amount;
                }
            }
            ensure(used + &amount <= big(cap.most.decimal()))?;
            counted.push((asset.clone(), whose.to_owned(), self.until(cap), amount.clone()));
        }
        self.rules.left.retain(|(_, _, until, _)| *until > self.now);
        self.rules.left.extend(counted);
        Some(())
    }

    /// The end of the part of the window that is now, and a window from there.
    fn until(&self, cap: Cap) -> Timestamp {
        let window = i64::from(cap.seconds) * SECOND;
        let part = window / 64;
        let parts_gone = self.now.nanos().div_euclid(part);
        Timestamp::from_nanos((parts_gone + 1) * part + window)
    }
}

/// Whose limit of outflow, in a word.
fn named(whose: &outflow::Whose) -> &str {
    match whose {
        outflow::Whose::Account(name) => name,
        // No account has an empty name.
        outflow::Whose::EachAccount => "",
        outflow::Whose::Venue => VENUE,
    }
}

/// No account has a name with a blank.
const VENUE: &str = "the venue";

fn net(held: &Held, id: InstrumentId) -> BigInt {
    let of = held.positions.iter().filter(|(key, _)| key.0 == id);
    of.map(|(_, fills)| &fills.sum().quantity).sum()
}

/// How far accounts together can come on each side, with all orders of it filled.
fn reach<'a>(
    names: &[&str],
    held: impl Fn(&str) -> Option<&'a Held>,
    id: InstrumentId,
) -> [BigInt; 2] {
    let (mut long, mut short) = (BigInt::ZERO, BigInt::ZERO);
    for held in names.iter().filter_map(|name| held(name)) {
        let net = net(held, id);
        long += &net;
        short -= net;
        for order in held.orders.values().filter(|one| one.instrument == id && !one.reduce_only) {
            let side = if order.quantity > BigInt::ZERO { &mut long } else { &mut short };
            *side += BigInt::from(order.quantity.magnitude().clone());
        }
    }
    [long.max(BigInt::ZERO), short.max(BigInt::ZERO)]
}

/// Contracts open in the venue, counting longs.
fn longs<'a>(names: &[&str], held: impl Fn(&str) -> Option<&'a Held>, id: InstrumentId) -> BigInt {
    let all = names.iter().filter_map(|name| held(name));
    let positions = all.flat_map(|held| held.positions.iter());
    let of = positions.filter(|(key, _)| key.0 == id).map(|(_, fills)| &fills.sum().quantity);
    of.filter(|quantity| **quantity > BigInt::ZERO).sum()
}
