//! Stop orders in the reference: a list in order of placement, looked through at every price.

use super::{Decision, Held, Open, Reference, ensure};
use crate::facts;
use crate::holdings::{big, small};
use keelmark_book::{Asset, Decimal, InstrumentId, Price};
use keelmark_engine::account::Mode;
use keelmark_engine::command::PlaceStop;
use keelmark_engine::event::Why;
use keelmark_engine::stop::{On, When};
use num_bigint::BigInt;
use std::collections::BTreeMap;

/// A price that is told: of an instrument, or the index of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Mark(InstrumentId),
    Index(Asset),
}

/// A stop that waits.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub account: String,
    pub number: u64,
    pub instrument: InstrumentId,
    pub buys: bool,
    pub may_open: bool,
    pub isolated: bool,
    quantity: Option<BigInt>,
    price: Option<Price>,
    when: When,
    on: Told,
    other: Option<u64>,
    /// The best price since it was placed.
    best: BigInt,
}

impl Wait {
    /// Whether a fall triggers it: it limits the loss of a long position or takes the profit of a
    /// short one.
    fn waits_for_fall(&self) -> bool {
        matches!(self.when, When::TakeProfit(_)) == self.buys
    }

    fn see(&mut self, price: &BigInt) {
        let better = if self.waits_for_fall() { *price > self.best } else { *price < self.best };
        if better {
            self.best.clone_from(price);
        }
    }

    fn trigger(&self) -> BigInt {
        let behind = match self.when {
            When::StopLoss(at) | When::TakeProfit(at) => return big(at.decimal()),
            When::TrailDistance(by) => big(by.decimal()),
            // Rounded towards the price: sooner rather than later.
            When::TrailRate(by) => &self.best * big(by.decimal()) / big(Decimal::ONE),
        };
        if self.waits_for_fall() { &self.best - behind } else { &self.best + behind }
    }

    fn is_reached(&self, price: &BigInt) -> bool {
        let trigger = self.trigger();
        if self.waits_for_fall() { *price <= trigger } else { *price >= trigger }
    }
}

/// All that wait, in order of placement.
#[derive(Debug, Default)]
pub(super) struct Waiting(Vec<Wait>);

impl Waiting {
    pub fn find(&self, account: &str, number: u64) -> Option<&Wait> {
        self.0.iter().find(|one| one.account == account && one.number == number)
    }

    pub fn of<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Wait> {
        self.0.iter().filter(move |one| one.account == account)
    }

    /// The numbers of all, with whose they are.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|one| (one.account.as_str(), one.number))
    }

    /// Stops that go with the end of an instrument, or with its announcement.
    pub fn ended(&self, id: InstrumentId, all: bool) -> Vec<(String, u64)> {
        let gone = self.0.iter().filter(|one| one.instrument == id && (all || one.may_open));
        gone.map(|one| (one.account.clone(), one.number)).collect()
    }

    /// Takes a stop out; the other of a pair stays, alone.
    pub fn remove(&mut self, account: &str, number: u64) -> Option<Wait> {
        let at = self.0.iter().position(|one| one.account == account && one.number == number)?;
        let gone = self.0.remove(at);
        for one in self.0.iter_mut().filter(|one| one.account == account) {
            one.other = one.other.filter(|other| *other != number);
        }
        Some(gone)
    }
}

impl Reference {
    pub(super) fn stop(&mut self, ask: &PlaceStop) -> Decision {
        let held = self.live(&ask.account)?;
        let id = self.market.instruments.find(&ask.instrument).ok()?;
        self.traded(id, !ask.may_open)?;
        self.unused(&ask.account, ask.order)?;
        if let Some(quantity) = ask.quantity {
            self.sound(id, quantity, ask.price)?;
        }
        ensure(ask.price.is_none_or(Price::is_positive))?;
        let isolated = ask.isolated || held.mode == Mode::Isolated;
        let zero = BigInt::ZERO;
        let quantity = ask.quantity.map(|quantity| big(quantity.decimal()));
        let buys = if ask.may_open {
            *quantity.as_ref()? > zero
        } else {
            let now = &held.positions.get(&(id, isolated))?.sum().quantity;
            let most = -now;
            if let Some(quantity) = &quantity {
                let within = quantity.magnitude() <= most.magnitude();
                ensure((*quantity > zero) == (most > zero) && within)?;
            }
            most > zero
        };
        let (on, now) = match ask.on {
            On::Mark => (Told::Mark(id), self.market.quote(id).mark),
            On::Index => {
                let base = self.market.instruments.get(id).base.clone();
                let price = self.market.price(&base).ok()?;
                (Told::Index(base), price)
            }
        };
        let best = big(now.decimal());
        let wait = Wait {
            account: ask.account.clone(),
            number: ask.order,
            instrument: id,
            buys,
            may_open: ask.may_open,
            isolated,
            quantity: quantity.map(|quantity| BigInt::from(quantity.magnitude().clone())),
            price: ask.price,
            when: ask.when,
            on,
            other: ask.other,
            best: best.clone(),
        };
        match ask.when {
            When::StopLoss(at) | When::TakeProfit(at) => {
                ensure(at.is_positive() && !wait.is_reached(&best))?;
            }
            When::TrailDistance(by) => ensure(by.is_positive() && big(by.decimal()) < best)?,
            When::TrailRate(by) => {
                ensure(by.is_positive() && by < keelmark_book::Rate::ONE)?;
            }
        }
        if let Some(other) = ask.other {
            ensure(self.stops.find(&ask.account, other)?.other.is_none())?;
        }
        for one in self.stops.0.iter_mut().filter(|one| one.account == ask.account) {
            if Some(one.number) == ask.other {
                one.other = Some(ask.order);
            }
        }
        self.stops.0.push(wait);
        Some(())
    }

    /// A price was told: what it reaches triggers, in the order in which a steady move would get
    /// there. Returns whose.
    pub(super) fn reached(&mut self, told: &Told, price: Price) -> Vec<String> {
        let price = big(price.decimal());
        let mut crossed = Vec::new();
        for one in self.stops.0.iter_mut().filter(|one| one.on == *told) {
            one.see(&price);
            if one.is_reached(&price) {
                crossed.push((one.waits_for_fall(), one.trigger(), one.clone()));
            }
        }
        // Stable: at one trigger the older comes first. Both directions at once are reached by a
        // fall alone, to zero, which no trail is behind.
        crossed.sort_by(|(falls, one, _), (falls_too, other, _)| {
            falls_too.cmp(falls).then(if *falls { other.cmp(one) } else { one.cmp(other) })
        });
        let mut whose = Vec::new();
        for (_, trigger, one) in crossed {
            if self.stops.find(&one.account, one.number).is_some() {
                whose.push(one.account.clone());
                self.trigger(&one, &trigger);
            }
        }
        whose
    }

    fn trigger(&mut self, one: &Wait, trigger: &BigInt) {
        let (account, number) = (&one.account, one.number);
        let other = self.stops.find(account, number).and_then(|one| one.other);
        self.stops.remove(account, number);
        let kept = self.accounts.get(account).cloned();
        match self.becomes(one) {
            Some(quantity) if quantity != BigInt::ZERO => {
                let text = (small(trigger), small(&quantity));
                let (Some(trigger), Some(quantity)) = text else { return };
                let trigger = Price::new(trigger);
                self.facts.push(facts::triggered(account, number, trigger, quantity));
                if let Some(other) = other {
                    self.stops.remove(account, other);
                    self.facts.push(facts::stop_cancelled(account, other, Why::OtherTriggered));
                }
            }
            Some(_) => {
                self.facts.push(facts::stop_cancelled(account, number, Why::NothingLeft));
            }
            None => {
                self.facts.push(facts::trigger_refused(account, number));
                if let Some(kept) = kept {
                    self.accounts.insert(account.clone(), kept);
                }
            }
        }
    }

    /// Opens the order of a stop: its quantity, zero where nothing is left to reduce; `None` is a
    /// refusal.
    fn becomes(&mut self, one: &Wait) -> Option<BigInt> {
        self.traded(one.instrument, !one.may_open)?;
        let zero = BigInt::ZERO;
        let size = if one.may_open {
            one.quantity.clone()?
        } else {
            let key = (one.instrument, one.isolated);
            let left = self.reducible(&one.account, key).unwrap_or_default();
            // A purchase closes what is short.
            let left = if one.buys { -left } else { left };
            if left <= zero {
                return Some(zero);
            }
            one.quantity.clone().map_or(left.clone(), |most| most.min(left))
        };
        let quantity = if one.buys { size } else { -size };
        let before: BTreeMap<String, Held> =
            BTreeMap::from([(one.account.clone(), self.accounts.get(&one.account)?.clone())]);
        let order = Open {
            instrument: one.instrument,
            quantity: quantity.clone(),
            price: one.price,
            reduce_only: !one.may_open,
            isolated: one.isolated,
        };
        self.accounts.get_mut(&one.account)?.orders.insert(one.number, order);
        if one.may_open {
            self.within(&before, &one.account, one.instrument)?;
            self.stands(&one.account)?;
        }
        Some(quantity)
    }
}
