//! Liquidations in the reference: what the engine says that it did is done here too, from its own
//! words alone, and every promise that it makes is looked at.
//!
//! The choice among positions and bids is the engine's. What it must not do is known here: begin
//! or end where margin does not say so, make a position larger or turn it round, leave a pool worse
//! off, give somebody more than he can bear, offer more than is needed, or move what it does not
//! say.

use super::standing::Pool;
use super::{Held, Reference};
use crate::facts;
use crate::holdings::{Fills, big, value};
use keelmark_book::{Asset, Decimal, Price, Quantity, Rate};
use keelmark_engine::command::Action;
use keelmark_engine::ledger::{Named, Posting};
use keelmark_engine::liquidation::{Fact, Outcome, Rule, Stage};
use keelmark_engine::{Command, Event, Refusal};
use num_bigint::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// What is known of liquidations.
#[derive(Debug, Default)]
pub struct Failures {
    rules: BTreeMap<Option<String>, Rule>,
    open: BTreeSet<String>,
    offers: BTreeMap<String, Offer>,
    /// Accounts in an auction.
    auctions: BTreeSet<String>,
    /// Accounts whose losses are about to be shared, and whether they may wait for prices.
    sharing: BTreeMap<String, bool>,
}

/// Part of a position that is offered.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Canonical symbol.
    pub instrument: String,
    /// Contracts that the account trades, buys above zero.
    pub quantity: Quantity,
    /// The worst price for it.
    pub limit: Price,
}

/// Whether a command, or what fell due by it, did something to accounts by a liquidation.
fn is_heard(command: &Command, heard: &[Event]) -> bool {
    let is_step = |event: &Event| match event {
        Event::Liquidation(fact) => {
            !matches!(**fact, Fact::Begun { .. } | Fact::Ended { .. } | Fact::Paused { .. })
        }
        _ => false,
    };
    is_asked(&command.action) || heard.iter().any(is_step)
}

/// Whether an action is about liquidations.
fn is_asked(action: &Action) -> bool {
    matches!(
        action,
        Action::Take(_) | Action::Bid(_) | Action::Liquidation { .. } | Action::Fund { .. }
    )
}

impl Reference {
    /// Offers by whose they are.
    pub fn offers(&self) -> impl Iterator<Item = (&str, &Offer)> {
        self.failures.offers.iter().map(|(name, offer)| (name.as_str(), offer))
    }

    /// Accounts in an auction.
    pub fn auctions(&self) -> impl Iterator<Item = &str> {
        self.failures.auctions.iter().map(String::as_str)
    }

    /// Refuses what leaves while a loss in an asset is about to be shared. Whether one waits for
    /// prices is the engine's to say: then nothing is gated.
    pub(super) fn not_gated(&mut self, asset: &Asset, heard: &[Event]) -> Option<()> {
        let owes = |name: &String| {
            let held = self.accounts.get(name).and_then(|held| held.cash.get(asset));
            held.is_some_and(|amount| *amount < BigInt::ZERO)
        };
        let mut sharing = self.failures.sharing.iter().filter(|(name, _)| owes(name));
        let (any, all_wait) = (sharing.clone().next().is_some(), sharing.all(|(_, waits)| *waits));
        let said = matches!(heard.last(), Some(Event::Refused(Refusal::Gated { .. })));
        let open = if all_wait { !said } else { !any };
        if said && !any {
            self.wrong(format!("{asset} is gated, and nobody owes any"));
        }
        open.then_some(())
    }

    /// Whether an account is being liquidated.
    #[must_use]
    pub fn is_failing(&self, name: &str) -> bool {
        self.failures.open.contains(name)
    }

    /// Does what was heard, where it was about liquidations; whether it was accepted. Nothing else
    /// may have happened in such a command.
    pub(super) fn hear(&mut self, command: &Command, heard: &[Event]) -> Option<bool> {
        if !is_heard(command, heard) {
            return None;
        }
        let named = heard.iter().flat_map(names).collect::<BTreeSet<String>>();
        let before: Vec<(String, Option<Held>)> =
            named.iter().map(|name| (name.clone(), self.accounts.get(name).cloned())).collect();
        self.before = before;
        let asked = matches!(command.action, Action::Take(_) | Action::Bid(_));
        let steps = asked.then(|| self.worst_of(&named));
        for event in heard {
            if self.happens(event, &command.action).is_none() {
                self.wrong(format!("cannot be: {event:?}"));
            }
        }
        let said = std::mem::take(&mut self.facts);
        self.touched.clear();
        for name in &named {
            self.nothing_to_reduce(name);
            if facts::is_watched(name) {
                self.look_at(name);
            }
        }
        let more = std::mem::replace(&mut self.facts, said);
        if !more.is_empty() {
            self.wrong(format!("not said after a liquidation: {more:?}"));
        }
        self.facts.extend(heard.iter().filter_map(facts::of));
        for (name, was) in steps.into_iter().flatten() {
            self.is_no_worse(&name, &was);
        }
        self.all_hold(heard);
        Some(!matches!(heard.last(), Some(Event::Refused(_))))
    }

    /// Begins and ends liquidations as heard, in a command that was about something else.
    pub(super) fn hear_of_liquidations(&mut self, heard: &[Event]) {
        for event in heard {
            if let Event::Liquidation(fact) = event
                && self.fact(fact, false).is_none()
            {
                self.wrong(format!("cannot be: {event:?}"));
            }
        }
        self.all_begun();
    }

    fn wrong(&mut self, problem: String) {
        self.fault.get_or_insert(problem);
    }

    fn happens(&mut self, event: &Event, action: &Action) -> Option<()> {
        match event {
            Event::Posted(posting) => self.posted(posting),
            Event::Cancelled { account, order } => {
                self.accounts.get_mut(account)?.orders.remove(order).map(drop)
            }
            Event::StopCancelled { account, order, .. } => {
                self.stops.remove(account, *order).map(drop)
            }
            Event::Liquidation(fact) => {
                if let (Fact::RuleSet { .. }, Action::Liquidation { model, rule }) =
                    (&**fact, action)
                {
                    match rule.clone() {
                        Some(rule) => drop(self.failures.rules.insert(model.clone(), *rule)),
                        None => drop(self.failures.rules.remove(model)),
                    }
                }
                self.fact(fact, true)
            }
            Event::MarginCall(call) | Event::Liquidatable(call) => {
                self.said_of(&call.account, Some(call.level), false);
                Some(())
            }
            Event::MarginRestored { account, level } => {
                let stays = self.level_below(account, *level);
                self.said_of(account, stays, false);
                Some(())
            }
            _ => Some(()),
        }
    }

    fn posted(&mut self, posting: &Posting) -> Option<()> {
        let amount = big(posting.amount.decimal());
        for (place, amount) in [(&posting.from, -amount.clone()), (&posting.to, amount)] {
            match place {
                Named::Account(name) => self.pay(name, &posting.asset, &amount),
                Named::Isolated { account, instrument } => {
                    let id = self.market.instruments.find(instrument).ok()?;
                    let held = self.accounts.get_mut(account)?;
                    *held.margins.entry(id).or_default() += amount;
                }
                _ => {}
            }
        }
        Some(())
    }

    /// A fact of a liquidation. Whether a liquidation may begin is only known where no rule was
    /// set: that may find accounts of which it was said long ago.
    fn fact(&mut self, fact: &Fact, by_rule: bool) -> Option<()> {
        match fact {
            Fact::Begun { account, .. } => {
                let fails = |pool: &Pool| pool.maintenance > pool.equity;
                if !by_rule && !self.pools(account)?.iter().any(fails) {
                    return None;
                }
                self.failures.open.insert(account.clone()).then_some(())
            }
            Fact::Ended { account, outcome, .. } => self.ended(account, *outcome),
            Fact::Offered { account, instrument, quantity, limit, enough, .. } => {
                let (instrument, quantity) = (instrument.clone(), *quantity);
                let offer = Offer { instrument, quantity, limit: *limit };
                if *enough {
                    self.is_smallest(account, &offer);
                }
                self.failures.offers.insert(account.clone(), offer);
                Some(())
            }
            Fact::Taken { account, left, .. } => {
                let offer = self.failures.offers.get_mut(account)?;
                offer.quantity = *left;
                if left.is_zero() {
                    self.failures.offers.remove(account);
                }
                Some(())
            }
            Fact::Entered { account, stage } => {
                self.failures.offers.remove(account);
                if *stage == Stage::Auction {
                    self.failures.auctions.insert(account.clone());
                } else {
                    self.failures.auctions.remove(account);
                }
                if *stage == Stage::Socialise {
                    self.failures.sharing.insert(account.clone(), false);
                } else {
                    self.failures.sharing.remove(account);
                }
                Some(())
            }
            Fact::Paused { account, .. } => {
                self.failures.offers.remove(account);
                if let Some(waits) = self.failures.sharing.get_mut(account) {
                    *waits = true;
                }
                Some(())
            }
            Fact::Passed { account, isolated, by, by_isolated, instrument, quantity, value } => {
                let (quantity, value) = (big(quantity.decimal()), big(value.decimal()));
                let was = self.filled(account, instrument, *isolated, &quantity, &value)?;
                let now = &was + &quantity;
                let zero = BigInt::ZERO;
                let same_side = now == zero || (now > zero) == (was > zero);
                if now.magnitude() >= was.magnitude() || !same_side {
                    return None;
                }
                self.filled(by, instrument, *by_isolated, &-quantity, &-value)?;
                Some(())
            }
            _ => Some(()),
        }
    }

    /// Adds a fill to a position; what it was before. Cash is heard of in postings.
    fn filled(
        &mut self,
        name: &str,
        instrument: &str,
        alone: bool,
        quantity: &BigInt,
        value: &BigInt,
    ) -> Option<BigInt> {
        let id = self.market.instruments.find(instrument).ok()?;
        let held = self.accounts.get_mut(name)?;
        let mut fills = held.positions.remove(&(id, alone)).unwrap_or_default();
        let was = fills.sum().quantity.clone();
        fills.add(quantity.clone(), value.clone());
        if fills.sum().quantity == BigInt::ZERO {
            if alone && held.margins.remove(&id)? != BigInt::ZERO {
                return None;
            }
        } else {
            if alone {
                held.margins.entry(id).or_default();
            }
            held.positions.insert((id, alone), fills);
        }
        Some(was)
    }

    /// A liquidation is over: by its own rule, or because there is none.
    fn ended(&mut self, name: &str, outcome: Outcome) -> Option<()> {
        if !self.failures.open.remove(name) {
            return None;
        }
        self.failures.offers.remove(name);
        self.failures.auctions.remove(name);
        self.failures.sharing.remove(name);
        let held = self.accounts.get(name)?;
        match outcome {
            Outcome::NoRule => return self.rule_of(held).is_none().then_some(()),
            Outcome::Flat => {
                let owes = held.cash.values().any(|amount| *amount < BigInt::ZERO);
                if owes || !held.positions.is_empty() {
                    return None;
                }
            }
            Outcome::Restored => {
                let end = self.rule_of(held)?.end;
                if !self.pools(name)?.iter().all(|pool| is_within(pool, end)) {
                    return None;
                }
            }
        }
        self.said_anew(name);
        Some(())
    }

    fn rule_of(&self, held: &Held) -> Option<&Rule> {
        let own = self.failures.rules.get(&Some(held.model.clone()));
        own.or(self.failures.rules.get(&None))
    }

    /// Every watched account of which it was said that it is liquidatable is being liquidated,
    /// where there is a rule.
    fn all_begun(&mut self) {
        let fails = |name: &&String| {
            let held = self.accounts.get(*name);
            held.is_some_and(|held| self.rule_of(held).is_some()) && !self.is_failing(name)
        };
        let missed = self.liquidatable().find(fails).cloned();
        if let Some(name) = missed {
            self.wrong(format!("{name} is liquidatable, and no liquidation begins"));
        }
    }

    /// Pools by name, of accounts that are being liquidated.
    fn worst_of(&self, names: &BTreeSet<String>) -> Vec<(String, Vec<Pool>)> {
        let failing = names.iter().filter(|name| self.is_failing(name));
        failing.filter_map(|name| Some((name.clone(), self.pools(name)?))).collect()
    }

    /// No pool that was short of margin has become worse.
    fn is_no_worse(&mut self, name: &str, before: &[Pool]) {
        let Some(after) = self.pools(name) else { return };
        for pool in &after {
            let Some(was) = before.iter().find(|was| was.name == pool.name) else { continue };
            if is_worse(was, pool) {
                self.wrong(format!("{name}: {was:?} became worse by a liquidation: {pool:?}"));
            }
        }
    }

    /// Whoever took something over holds his initial margin.
    fn all_hold(&mut self, heard: &[Event]) {
        let mut takers = BTreeSet::new();
        for event in heard {
            if let Event::Liquidation(fact) = event
                && let Fact::Passed { by, instrument, by_isolated, .. } = &**fact
                && let Ok(id) = self.market.instruments.find(instrument)
            {
                let of = |held: &Held| held.positions.get(&(id, *by_isolated)).map(size);
                let was = self.before.iter().find(|(name, _)| name == by);
                let was = was.and_then(|(_, held)| held.as_ref().and_then(of)).unwrap_or_default();
                let now = self.accounts.get(by).and_then(of).unwrap_or_default();
                if now > was {
                    takers.insert(by.clone());
                }
            }
        }
        for name in takers {
            if let Err(problem) = self.holds_initial(&name) {
                self.wrong(format!("took over what it cannot bear: {problem}"));
            }
        }
    }

    /// An offer that is said to be enough is, and a lot less would not have been. Looked at where a
    /// loss counts for as much as its settlement asset: in dollars.
    fn is_smallest(&mut self, name: &str, offer: &Offer) {
        let found = (|| {
            let held = self.accounts.get(name)?;
            let rule = self.rule_of(held)?.clone();
            let one =
                self.market.instruments.get(self.market.instruments.find(&offer.instrument).ok()?);
            let (lot, usdc) = (big(one.lot.decimal()), Asset::new("USDC").ok()?);
            if one.settle != usdc || held.positions.keys().any(|(_, alone)| *alone) {
                return None;
            }
            let quantity = big(offer.quantity.decimal());
            let less = if quantity > BigInt::ZERO { &quantity - &lot } else { &quantity + &lot };
            let within = |quantity: &BigInt| {
                let after = self.closed(held, offer, quantity, &rule)?;
                Some(self.computed_of(name, &after)?.iter().all(|pool| is_within(pool, rule.end)))
            };
            let is_enough = within(&quantity)?;
            let was_enough = less != BigInt::ZERO && within(&less)?;
            Some((is_enough, was_enough))
        })();
        if let Some((false, _) | (_, true)) = found {
            self.wrong(format!("{name}: {offer:?} is not the smallest that is enough: {found:?}"));
        }
    }

    /// An account after part of its position was closed at the worst price, with the fee.
    fn closed(&self, held: &Held, offer: &Offer, quantity: &BigInt, rule: &Rule) -> Option<Held> {
        let id = self.market.instruments.find(&offer.instrument).ok()?;
        let one = self.market.instruments.get(id);
        let mut after = held.clone();
        let mut fills: Fills = after.positions.remove(&(id, false))?;
        let was = fills.sum().cost.clone();
        let worth = value(one, quantity, &big(offer.limit.decimal()));
        let at_mark = value(one, quantity, &big(self.market.quote(id).mark.decimal()));
        fills.add(quantity.clone(), worth.clone());
        let realised = &fills.sum().cost - was - &worth;
        let cash = if one.is_option() { -worth } else { realised };
        if fills.sum().quantity != BigInt::ZERO {
            after.positions.insert((id, false), fills);
        }
        let unit = big(Decimal::ONE);
        let fee = big(rule.close?.fee.decimal()) * BigInt::from(at_mark.magnitude().clone());
        let fee = (fee + &unit - 1) / unit;
        *after.cash.entry(one.settle.clone()).or_default() += cash - fee;
        Some(after)
    }
}

fn size(fills: &Fills) -> BigInt {
    BigInt::from(fills.sum().quantity.magnitude().clone())
}

/// The accounts that an event moves something of.
fn names(event: &Event) -> Vec<String> {
    let of = |place: &Named| match place {
        Named::Account(name) => Some(name.clone()),
        Named::Isolated { account, .. } => Some(account.clone()),
        _ => None,
    };
    match event {
        Event::Posted(Posting { from, to, .. }) => of(from).into_iter().chain(of(to)).collect(),
        Event::Cancelled { account, .. } => vec![account.clone()],
        Event::Liquidation(fact) => match &**fact {
            Fact::Passed { account, by, .. } => vec![account.clone(), by.clone()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Whether a pool uses no more of its margin than a share.
fn is_within(pool: &Pool, share: Rate) -> bool {
    let (equity, maintenance) = (big(pool.equity.decimal()), big(pool.maintenance.decimal()));
    if maintenance <= BigInt::ZERO && equity >= BigInt::ZERO {
        return true;
    }
    equity > BigInt::ZERO && maintenance * big(Decimal::ONE) <= equity * big(share.decimal())
}

/// Whether a pool that was short of margin uses more of it than before or, where nothing supports
/// it, is short of more.
fn is_worse(before: &Pool, after: &Pool) -> bool {
    let of = |pool: &Pool| (big(pool.equity.decimal()), big(pool.maintenance.decimal()));
    let ((equity, maintenance), (now, required)) = (of(before), of(after));
    let zero = BigInt::ZERO;
    if required <= zero && now >= zero {
        return false;
    }
    if equity >= maintenance {
        return now < required;
    }
    match (equity > zero, now > zero) {
        // Compared as the engine does: in shares rounded up to 10^-18.
        (true, true) => share(&required, &now) > share(&maintenance, &equity),
        (true, false) => true,
        (false, _) => required - now > maintenance - equity,
    }
}

fn share(maintenance: &BigInt, equity: &BigInt) -> BigInt {
    (maintenance * big(Decimal::ONE) + equity - 1) / equity
}
