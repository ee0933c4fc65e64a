//! The naive engine: maps and histories, everything added up again at every question.
//!
//! It knows everything that the workload sends. Of what follows from a command by itself it says
//! the [`facts`] that are compared: what triggers, settles and is cancelled, and the
//! margin calls of the accounts that it watches.

mod alerts;
mod changes;
mod endings;
mod interest;
pub mod liquidation;
mod orders;
mod owner;
mod risk;
mod rules;
mod standing;
mod stops;
mod trades;

use crate::facts;
use crate::holdings::{Fills, big, small};
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Decimal, InstrumentId, Kind, Market, Money, Price, Quantity, Quote, Rate, Timestamp,
};
use keelmark_engine::Event;
use keelmark_engine::account::Mode;
use keelmark_engine::command::{self, Action, Cash, Command};
use keelmark_engine::interest::Terms;
use keelmark_margin::Document;
use num_bigint::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// Everything, in the plainest form.
pub struct Reference {
    now: Timestamp,
    /// What is traded.
    pub market: Market,
    models: BTreeMap<String, Document>,
    versions: BTreeSet<(String, String)>,
    /// Accounts by name.
    pub accounts: BTreeMap<String, Held>,
    answered: BTreeMap<String, BTreeMap<u64, bool>>,
    rules: rules::Rules,
    changing: changes::Changes,
    stops: stops::Waiting,
    calls: alerts::Calls,
    failures: liquidation::Failures,
    ends: endings::Ends,
    terms: BTreeMap<Asset, Terms>,
    /// How often the market, or a document, has changed.
    changes: u64,
    answers: standing::Answers,
    /// Accounts that changed and were not looked at since.
    pub(crate) touched: BTreeSet<String>,
    /// What the last command did beside what it says, in words.
    pub facts: Vec<String>,
    /// The accounts that the last command named, as they were before it.
    pub before: Vec<(String, Option<Held>)>,
    fault: Option<String>,
}

/// Answers of a sender that are kept.
const KEPT: usize = 1_024;

/// What an account holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    parent: Option<String>,
    mode: Mode,
    model: String,
    /// Balances, in steps of 10^-18.
    pub cash: BTreeMap<Asset, BigInt>,
    /// Positions, by instrument and whether they stand alone.
    pub positions: BTreeMap<(InstrumentId, bool), Fills>,
    /// Collateral of those that stand alone.
    pub margins: BTreeMap<InstrumentId, BigInt>,
    /// Open orders by number.
    pub orders: BTreeMap<u64, Open>,
    /// How long balances of assets that cost interest stood since it was charged.
    stood: BTreeMap<Asset, interest::Stood>,
    closed: bool,
}

/// An open order.
#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    instrument: InstrumentId,
    /// Contracts still open.
    pub quantity: BigInt,
    price: Option<Price>,
    reduce_only: bool,
    isolated: bool,
}

/// Accepted, or not: `None` is a refusal.
type Decision = Option<()>;

impl Default for Reference {
    fn default() -> Self {
        let now = Timestamp::default();
        Self {
            now,
            market: Market::new(now, Asset::usd(), "the reference"),
            models: BTreeMap::new(),
            versions: BTreeSet::new(),
            accounts: BTreeMap::new(),
            answered: BTreeMap::new(),
            rules: rules::Rules::default(),
            changing: changes::Changes::default(),
            stops: stops::Waiting::default(),
            calls: alerts::Calls::default(),
            failures: liquidation::Failures::default(),
            ends: endings::Ends::default(),
            terms: BTreeMap::new(),
            changes: 0,
            answers: standing::Answers::default(),
            touched: BTreeSet::new(),
            facts: Vec::new(),
            before: Vec::new(),
            fault: None,
        }
    }
}

/// The accounts that an action names: all that it can change.
#[must_use]
pub fn named(action: &Action) -> Vec<&str> {
    match action {
        Action::Open(open) => vec![&open.account],
        Action::Close { account }
        | Action::Mode { account, .. }
        | Action::Margin { account, .. }
        | Action::Cancel { account, .. }
        | Action::Amend { account, .. } => vec![account],
        Action::Deposit(cash) | Action::Withdraw(cash) => vec![&cash.account],
        Action::Transfer { from, to, .. } => vec![from, to],
        Action::Place(place) => vec![&place.account],
        Action::Trade(trade) => vec![&trade.buyer.account, &trade.seller.account],
        _ => Vec::new(),
    }
}

/// The price that an action tells.
fn told(action: &Action, market: &Market) -> Option<(stops::Told, Price)> {
    match action {
        Action::Index(index) => Some((stops::Told::Index(index.asset.clone()), index.price)),
        Action::Mark(mark) => {
            let id = market.instruments.find(&mark.instrument).ok()?;
            Some((stops::Told::Mark(id), mark.mark))
        }
        _ => None,
    }
}

fn ensure(holds: bool) -> Decision {
    holds.then_some(())
}

fn movable(amount: Money) -> bool {
    amount.is_positive() && amount <= Money::from_int(10i64.pow(15))
}

impl Reference {
    /// Does what a command says; whether it was accepted. What the engine answered is heard only
    /// where amounts are its own to round, and checked before it is believed.
    pub fn apply(&mut self, command: &Command, heard: &[Event]) -> bool {
        self.facts.clear();
        self.before.clear();
        let answered = self.answered.entry(command.from.clone()).or_default();
        if let Some(answer) = answered.get(&command.number) {
            return *answer;
        }
        if answered.last_key_value().is_some_and(|(last, _)| command.number <= *last) {
            return false;
        }
        let forward = command.at >= self.now;
        if forward {
            // Time passes whatever becomes of the command.
            self.pass(command.at);
        }
        if let Some(fine) = forward.then(|| self.hear(command, heard)).flatten() {
            self.answer(command, fine);
            return fine;
        }
        let named = named(&command.action);
        let before = named.iter().map(|name| (name.to_string(), self.accounts.get(*name).cloned()));
        self.before = before.collect();
        let due = self.facts.len();
        let fine = forward && self.act(command, heard).is_some();
        if fine {
            self.touch();
            let told = told(&command.action, &self.market);
            self.follow(told.as_ref());
        } else {
            for (name, held) in &self.before {
                match held {
                    Some(held) => drop(self.accounts.insert(name.clone(), held.clone())),
                    None => drop(self.accounts.remove(name)),
                }
            }
            self.facts.truncate(due);
            self.touched.clear();
        }
        self.hear_of_liquidations(heard);
        self.answer(command, fine);
        fine
    }

    /// Keeps what a command came to.
    fn answer(&mut self, command: &Command, fine: bool) {
        let answered = self.answered.entry(command.from.clone()).or_default();
        answered.insert(command.number, fine);
        if answered.len() > KEPT {
            answered.pop_first();
        }
    }

    /// Stops that wait: whose, and their numbers.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, u64)> {
        self.stops.numbers()
    }

    /// What is wrong with the reference itself, or with amounts that it heard.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let wrong = self.answers.are_wrong();
        let wrong = wrong.then(|| "an answer that was kept is no longer right".to_owned());
        self.fault.clone().or(wrong)
    }

    /// The accounts that a command names are looked at, whether it changed them or not: time has
    /// passed since the last look.
    fn touch(&mut self) {
        self.touched.extend(self.before.iter().map(|(name, _)| name.clone()));
    }

    /// What follows by itself: orders and stops that have nothing to reduce go, stops that a price
    /// reaches trigger, and margin calls are made.
    fn follow(&mut self, told: Option<&(stops::Told, Price)>) {
        for name in self.touched.clone() {
            self.nothing_to_reduce(&name);
        }
        if let Some((told, price)) = told {
            let whose = self.reached(told, *price);
            self.touched.extend(whose);
        }
        self.look(told.map(|(told, _)| told));
    }

    /// Time is seen by the market.
    fn seen(&mut self, at: Timestamp) {
        self.changes += 1;
        self.market.seen(at);
    }

    fn act(&mut self, command: &Command, heard: &[Event]) -> Decision {
        match &command.action {
            Action::Model(model) => self.model(model),
            Action::List(listing) => self.list(listing, command.at),
            Action::Index(index) => {
                let confidence = index.confidence.unwrap_or(Rate::ONE);
                ensure(confidence >= Rate::ZERO && confidence <= Rate::ONE)?;
                self.changes += 1;
                self.market.set_asset(index.asset.clone(), index.price, command.at).ok()?;
                self.ends.tell(&index.asset, command.at, index.price);
                self.market.set_confidence(&index.asset, confidence).ok()
            }
            Action::Mark(mark) => {
                let id = self.market.instruments.find(&mark.instrument).ok()?;
                let before = *self.market.quote(id);
                let quote = Quote {
                    mark: mark.mark,
                    iv: mark.iv.or(before.iv),
                    forward: mark.forward.or(before.forward),
                    bid: None,
                    ask: None,
                    as_of: command.at,
                };
                self.traded(id, true)?;
                self.changes += 1;
                self.market.set_quote(id, quote).ok()?;
                self.market.as_of = self.market.as_of.max(command.at);
                Some(())
            }
            Action::Open(open) => self.open(open),
            Action::Close { account } => self.close(account),
            Action::Mode { account, mode, model } => self.mode(account, *mode, model),
            Action::Deposit(cash) => self.deposit(cash),
            Action::Withdraw(cash) => {
                self.not_gated(&cash.asset, heard)?;
                self.take(&cash.account, &cash.asset, cash.amount)?;
                self.outflow(&cash.account, &cash.asset, cash.amount, true)
            }
            Action::Transfer { from, to, asset, amount } => {
                self.live(to)?;
                ensure(from != to)?;
                self.not_gated(asset, heard)?;
                self.take(from, asset, *amount)?;
                ensure(
                    self.linked(from, to) || self.outflow(from, asset, *amount, false).is_some(),
                )?;
                self.pay(to, asset, &big(amount.decimal()));
                Some(())
            }
            Action::Margin { account, instrument, amount } => {
                self.add_margin(account, instrument, *amount)
            }
            Action::Place(place) => self.place(place),
            Action::Cancel { account, order } => {
                self.live(account)?;
                self.accounts.get_mut(account)?.orders.remove(order)?;
                self.facts.push(facts::cancelled(account, *order));
                Some(())
            }
            Action::Amend { account, order, quantity, price } => {
                self.amend(account, *order, *quantity, *price)
            }
            Action::Trade(trade) => self.trade(trade),
            Action::Time => Some(()),
            Action::Funding(paid) => self.funding(paid),
            _ => self.rule(command, heard),
        }
    }

    fn model(&mut self, model: &command::Model) -> Decision {
        let document = match (&model.text, &model.name) {
            (Some(text), _) => Document::parse("model", text).ok()?,
            (None, Some(name)) => Document::named(name).ok()?,
            (None, None) => return None,
        };
        ensure(model.digest.as_ref().is_none_or(|digest| *digest == document.digest))?;
        ensure(self.versions.insert((document.name.clone(), document.version.clone())))?;
        self.changes += 1;
        self.models.insert(document.name.clone(), document);
        Some(())
    }

    fn list(&mut self, listing: &command::Listing, at: Timestamp) -> Decision {
        let symbol = Symbol::parse(&listing.instrument).ok()?;
        let name = listing.instrument.clone();
        let mut one = symbol.instrument(name, listing.contract_size, listing.lot);
        match (&mut one.kind, listing.expiry) {
            (Kind::Future { expiry } | Kind::Option { expiry, .. }, Some(at)) => *expiry = at,
            (_, expiry) => ensure(expiry.is_none())?,
        }
        let quote = Quote {
            mark: listing.mark,
            iv: listing.iv,
            forward: listing.forward,
            bid: None,
            ask: None,
            as_of: at,
        };
        self.changes += 1;
        let id = self.market.add(one, quote).ok()?;
        self.listed(id);
        Some(())
    }

    fn open(&mut self, open: &command::Open) -> Decision {
        let name = &open.account;
        ensure((1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic()))?;
        ensure(!self.accounts.contains_key(name) && self.models.contains_key(&open.model))?;
        if let Some(parent) = &open.parent {
            ensure(self.live(parent)?.parent.is_none())?;
        }
        let stood = self.terms.keys().map(|asset| (asset.clone(), interest::Stood::new(self.now)));
        let held = Held {
            parent: open.parent.clone(),
            mode: open.mode,
            model: open.model.clone(),
            cash: BTreeMap::new(),
            positions: BTreeMap::new(),
            margins: BTreeMap::new(),
            orders: BTreeMap::new(),
            stood: stood.collect(),
            closed: false,
        };
        self.accounts.insert(name.clone(), held);
        Some(())
    }

    fn close(&mut self, name: &str) -> Decision {
        let held = self.live(name)?;
        ensure(held.cash.is_empty() && held.positions.is_empty() && held.orders.is_empty())?;
        ensure(!self.is_pending(name) && self.stops.of(name).next().is_none())?;
        let sub = |one: &Held| !one.closed && one.parent.as_deref() == Some(name);
        ensure(!self.accounts.values().any(sub))?;
        self.accounts.get_mut(name)?.closed = true;
        Some(())
    }

    fn mode(&mut self, name: &str, mode: Mode, model: &str) -> Decision {
        self.live(name)?;
        ensure(self.models.contains_key(model))?;
        let held = self.accounts.get_mut(name)?;
        held.mode = mode;
        model.clone_into(&mut held.model);
        if mode == Mode::Isolated {
            ensure(held.orders.is_empty())?;
            let shared: Vec<InstrumentId> =
                held.positions.keys().filter(|key| !key.1).map(|key| key.0).collect();
            for id in shared {
                let held = self.accounts.get_mut(name)?;
                ensure(!held.positions.contains_key(&(id, true)))?;
                let fills = held.positions.remove(&(id, false))?;
                held.positions.insert((id, true), Fills::entered(fills.sum()));
                held.margins.insert(id, BigInt::ZERO);
                self.top_up(name, id)?;
            }
        }
        self.stands(name)
    }

    fn deposit(&mut self, cash: &Cash) -> Decision {
        self.live(&cash.account)?;
        ensure(movable(cash.amount))?;
        self.pay(&cash.account, &cash.asset, &big(cash.amount.decimal()));
        self.fits(&cash.account)
    }

    fn take(&mut self, name: &str, asset: &Asset, amount: Money) -> Decision {
        let held = self.live(name)?;
        ensure(movable(amount))?;
        let amount = big(amount.decimal());
        let enough = held.cash.get(asset).is_some_and(|have| *have >= amount);
        self.pay(name, asset, &-amount);
        ensure(enough || self.lends(name))?;
        self.stands(name)
    }

    fn add_margin(&mut self, name: &str, instrument: &str, amount: Money) -> Decision {
        self.live(name)?;
        let id = self.market.instruments.find(instrument).ok()?;
        let settle = self.market.instruments.get(id).settle.clone();
        ensure(movable(amount.abs()))?;
        let amount_in = big(amount.decimal());
        let held = self.accounts.get_mut(name)?;
        *held.margins.get_mut(&id)? += &amount_in;
        if amount.is_positive() {
            return self.take(name, &settle, amount);
        }
        self.pay(name, &settle, &-amount_in);
        self.stands(name)
    }

    fn live(&self, name: &str) -> Option<&Held> {
        self.accounts.get(name).filter(|held| !held.closed)
    }

    pub(crate) fn pay(&mut self, name: &str, asset: &Asset, amount: &BigInt) {
        let Some(held) = self.accounts.get_mut(name).filter(|_| *amount != BigInt::ZERO) else {
            return;
        };
        self.touched.insert(name.to_owned());
        let sum = held.cash.entry(asset.clone()).or_default();
        if let Some(stood) = held.stood.get_mut(asset).filter(|_| self.terms.contains_key(asset)) {
            stood.until(sum, self.now);
        }
        *sum += amount;
        if *sum == BigInt::ZERO {
            held.cash.remove(asset);
        }
    }

    fn sound(&self, id: InstrumentId, quantity: Quantity, price: Option<Price>) -> Decision {
        let lot = big(self.market.instruments.get(id).lot.decimal());
        let quantity_in = big(quantity.decimal());
        let whole = &quantity_in % &lot == BigInt::ZERO && i64::try_from(quantity_in / lot).is_ok();
        ensure(whole && !quantity.is_zero() && price.is_none_or(Price::is_positive))
    }

    fn fits(&self, name: &str) -> Decision {
        ensure(self.accounts.get(name)?.cash.values().all(|amount| small(amount).is_some()))
    }

    /// Value of every balance in the decimal of the engine.
    #[must_use]
    pub fn cash(&self, name: &str) -> BTreeMap<Asset, Option<Decimal>> {
        let held = self.accounts.get(name).map(|held| held.cash.iter());
        held.into_iter().flatten().map(|(asset, amount)| (asset.clone(), small(amount))).collect()
    }
}
