//! What a command would do, computed before anything is done.
//!
//! An action reads the state and returns a change; only a whole change is applied. So a refusal
//! leaves the state as it was, by the types alone.

use crate::account::{Account, AccountId, Holding, Isolated};
use crate::event::Event;
use crate::ledger::{House, Named, Place, Posting};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::{Model, State};
use crate::step::Step;
use crate::{governance, interest, limits, liquidation, outflow, position, stop, watch};
use keelmark_book::{Asset, InstrumentId, Money, Quantity};
use std::collections::BTreeMap;

/// What a command does, if it is applied.
#[derive(Debug)]
pub(crate) struct Change<'a> {
    /// The state before it.
    pub state: &'a State,
    done: Outcome,
}

/// What is to be applied.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Accounts as they will be.
    pub accounts: BTreeMap<AccountId, Account>,
    /// Accounts of the house as they will be.
    pub house: BTreeMap<(House, Asset), Money>,
    /// Steps of the market and of what follows from it, in order.
    pub steps: Vec<Step>,
    /// A document more.
    pub model: Option<Model>,
    /// What changes of the rules and records beside the accounts, in order.
    pub edits: Vec<Edit>,
    /// What happened.
    pub events: Vec<Event>,
    /// How accounts will stand that were looked at as they will be, unless prices or documents
    /// change too.
    pub found: BTreeMap<AccountId, Vec<Standing>>,
}

impl Outcome {
    /// Whether it changes accounts and their records alone: nothing that margin is computed from
    /// beside what the account holds.
    pub fn is_of_accounts(&self) -> bool {
        let beside = |edit: &Edit| matches!(edit, Edit::Interest(_) | Edit::Governance(_));
        self.steps.is_empty() && self.model.is_none() && !self.edits.iter().any(beside)
    }
}

/// A change of what the state keeps beside accounts, ledger and market.
#[derive(Debug)]
pub(crate) enum Edit {
    /// Of limits, or of who counts together.
    Limits(limits::Edit),
    /// Of orders that wait for a price.
    Stops(stop::Edit),
    /// Of margin calls.
    Watch(watch::Edit),
    /// Of what may leave, and has.
    Outflows(outflow::Edit),
    /// Of interest.
    Interest(interest::Edit),
    /// Of changes that were announced, and their rule.
    Governance(governance::Edit),
    /// Of liquidations.
    Liquidation(liquidation::Edit),
}

impl<'a> Change<'a> {
    /// Nothing yet.
    pub fn new(state: &'a State) -> Self {
        Self { state, done: Outcome::default() }
    }

    /// One that only says that something happened.
    pub fn event(state: &'a State, event: Event) -> Self {
        let mut change = Self::new(state);
        change.tell(event);
        change
    }

    /// What is to be applied.
    pub fn done(mut self) -> Outcome {
        for account in self.done.accounts.values_mut() {
            if account.is_flat() && !account.owes() && !account.required.is_empty() {
                account.required = Vec::new();
                account.checked = self.state.sequence + 1;
            }
        }
        self.done
    }

    /// Says what happened.
    pub fn tell(&mut self, event: Event) {
        self.done.events.push(event);
    }

    /// Takes a step of the market. Of what a change adds to the market the first step alone can
    /// be refused; those after it were checked by whoever takes them.
    pub fn step(&mut self, step: Step) {
        self.done.steps.push(step);
    }

    /// Makes a document known.
    pub fn model(&mut self, model: Model) {
        self.done.model = Some(model);
    }

    /// Changes a rule or a record.
    pub fn edit(&mut self, edit: Edit) {
        self.done.edits.push(edit);
    }

    /// The accounts that change, as they will be.
    pub fn changed(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        self.done.accounts.iter().map(|(id, account)| (*id, account))
    }

    /// Opens an account; returns its number.
    pub fn open(&mut self, account: Account) -> AccountId {
        let id = AccountId::new(self.state.accounts.len());
        self.done.accounts.insert(id, account);
        id
    }

    /// An account after the change so far.
    pub fn account(&self, id: AccountId) -> &Account {
        self.done.accounts.get(&id).unwrap_or_else(|| self.state.account(id))
    }

    /// An account, to be changed.
    pub fn account_mut(&mut self, id: AccountId) -> &mut Account {
        self.done.found.remove(&id);
        self.done.accounts.entry(id).or_insert_with(|| self.state.account(id).clone())
    }

    /// Keeps how an account will stand, for as long as nothing more changes of it.
    pub fn stands(&mut self, id: AccountId, found: Vec<Standing>) {
        self.done.found.insert(id, found);
    }

    /// What an account of the house has of an asset after the change so far.
    pub fn held_by(&self, house: House, asset: &Asset) -> Money {
        let changed = self.done.house.get(&(house, asset.clone()));
        changed.copied().unwrap_or_else(|| self.state.ledger.balance(house, asset))
    }

    /// Moves an amount from one place to another; below zero it moves the other way.
    pub fn post(
        &mut self,
        asset: &Asset,
        from: Place,
        to: Place,
        amount: Money,
    ) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Ok(());
        }
        let (from, to, amount) =
            if amount.is_negative() { (to, from, -amount) } else { (from, to, amount) };
        self.add(asset, from, -amount)?;
        self.add(asset, to, amount)?;
        let (from, to) = (self.named(from), self.named(to));
        self.tell(Event::Posted(Posting { asset: asset.clone(), from, to, amount }));
        Ok(())
    }

    /// A place by its names.
    fn named(&self, place: Place) -> Named {
        let account = |id| self.account(id).name.clone();
        match place {
            Place::Account(id) => Named::Account(account(id)),
            Place::Isolated(id, one) => {
                Named::Isolated { account: account(id), instrument: self.symbol(one) }
            }
            Place::House(House::Outside) => Named::Outside,
            Place::House(House::Fees) => Named::Fees,
            Place::House(House::Interest) => Named::Interest,
            Place::House(House::Insurance) => Named::Insurance,
            Place::House(House::Clearing(one)) => Named::Clearing(self.symbol(one)),
            Place::House(House::Fund(number)) => Named::Fund(self.fund(number).to_owned()),
        }
    }

    fn add(&mut self, asset: &Asset, place: Place, amount: Money) -> Result<(), Refusal> {
        match place {
            Place::Account(id) => {
                let account = self.account_mut(id);
                let held = account.balance(asset).plus(amount)?;
                account.set_balance(asset, held);
            }
            Place::Isolated(id, instrument) => {
                let mut held = self.isolated(id, instrument);
                held.margin = held.margin.plus(amount)?;
                self.set_margin(id, held)?;
            }
            Place::House(house) => {
                let known = self.state.ledger.balance(house, asset);
                let held = self.done.house.entry((house, asset.clone())).or_insert(known);
                *held = held.plus(amount)?;
            }
        }
        Ok(())
    }

    /// The collateral of a position that is not there would be kept by nobody.
    fn set_margin(&mut self, id: AccountId, held: Isolated) -> Result<(), Refusal> {
        if held.holding.quantity.is_zero() {
            return Err(Refusal::unknown("position", &self.symbol(held.holding.instrument)));
        }
        self.account_mut(id).set_isolated(held);
        Ok(())
    }

    /// A position on collateral of its own, empty where there is none.
    pub fn isolated(&self, id: AccountId, instrument: InstrumentId) -> Isolated {
        let none = Isolated { holding: empty(instrument), margin: Money::ZERO };
        self.account(id).isolated(instrument).copied().unwrap_or(none)
    }

    /// Canonical symbol of an instrument.
    pub fn symbol(&self, instrument: InstrumentId) -> String {
        self.state.market.instruments.get(instrument).to_string()
    }

    /// Adds contracts traded at a value to a position and settles what that realises. Returns the
    /// position and the profit.
    pub fn fill(
        &mut self,
        id: AccountId,
        instrument: InstrumentId,
        isolated: bool,
        quantity: Quantity,
        value: Money,
    ) -> Result<(Quantity, Money), Refusal> {
        let own = self.isolated(id, instrument);
        let none = empty(instrument);
        let held = if isolated {
            own.holding
        } else {
            self.account(id).shared(instrument).copied().unwrap_or(none)
        };
        let filled = position::fill(held, quantity, value)?;
        let one = self.state.market.instruments.get(instrument);
        let (option, settle) = (one.is_option(), one.settle.clone());
        // An option is paid for when it is bought; a future when it is closed.
        let cash = if option { -value } else { filled.realised };
        let clearing = Place::House(House::Clearing(instrument));
        if isolated {
            self.fill_isolated(id, own, filled.holding, &settle, cash)?;
        } else {
            self.account_mut(id).set_shared(filled.holding);
            self.post(&settle, clearing, Place::Account(id), cash)?;
        }
        Ok((filled.holding.quantity, filled.realised))
    }
}

fn empty(instrument: InstrumentId) -> Holding {
    Holding { instrument, quantity: Quantity::ZERO, cost: Money::ZERO }
}
