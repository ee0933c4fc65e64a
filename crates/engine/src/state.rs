//! All that the engine knows: a function of the commands it was given, and of nothing else.

use crate::account::{Account, AccountId, instrument};
use crate::agenda::Agenda;
use crate::change::{Edit, Outcome};
use crate::delivery::Delivery;
use crate::event::Event;
use crate::feed::Feeds;
use crate::funding::Funding;
use crate::governance::Governance;
use crate::interest::{Interest, Lent};
use crate::kept::Kept;
use crate::ledger::{House, Ledger};
use crate::limits::Limits;
use crate::liquidation::Liquidation;
use crate::outflow::Outflows;
use crate::parts;
use crate::refusal::Refusal;
use crate::step::Step;
use crate::stop::Stops;
use crate::watch::{Ranges, Watch};
use keelmark_book::instruments::nearest;
use keelmark_book::{Asset, InstrumentId, Market, Money, Overflow, Price, Quantity, Timestamp};
use keelmark_margin::Document;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The state between two commands.
#[derive(Debug)]
pub struct State {
    /// The time of the last command, refused or not.
    pub now: Timestamp,
    /// How many commands were given.
    pub sequence: u64,
    /// What is traded, and its prices.
    pub market: Market,
    /// Margin documents, in the order in which they became known.
    pub models: Vec<Model>,
    /// All accounts ever opened.
    pub accounts: Vec<Account>,
    /// The house.
    pub ledger: Ledger,
    /// How large positions may become, and which accounts count together.
    pub limits: Limits,
    /// Orders that wait for a price.
    pub stops: Stops,
    /// When margin calls are made, and which were.
    pub watch: Watch,
    /// How much may leave within a window, and what has left.
    pub outflows: Outflows,
    /// What debts cost, and how long they have stood.
    pub interest: Interest,
    /// What is owed and held of assets whose interest follows that.
    pub lent: Lent,
    /// How parameters change, and what is on its way.
    pub governance: Governance,
    /// Prices from several sources.
    pub feeds: Feeds,
    /// Funding of perpetuals.
    pub funding: Funding,
    /// How instruments end.
    pub delivery: Delivery,
    /// How accounts are liquidated, and which are.
    pub liquidation: Liquidation,
    /// What is due.
    pub agenda: Agenda,
    /// Accounts by their name.
    pub(crate) names: BTreeMap<String, AccountId>,
    /// Documents on their way to another, as they are now; computed from both.
    pub(crate) between: BTreeMap<usize, Arc<Document>>,
    /// Parts that changed since a root was made, of those that change seldom.
    pub(crate) changed: BTreeSet<&'static str>,
    /// Each asset once, so that a million accounts share its text.
    pub(crate) assets: BTreeSet<Asset>,
    /// Prices within which there is nothing to say of an account: they follow from all else.
    pub(crate) ranges: Ranges,
    /// Accounts whose margin was looked at, computed again only where they are touched.
    pub(crate) kept: Kept,
}

/// A margin document that is known.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its text, from which it was read.
    pub text: String,
    /// It.
    pub document: Arc<Document>,
}

/// A price that the engine is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The mark of an instrument.
    Mark(#[serde(with = "instrument")] InstrumentId),
    /// The index price of an asset.
    Index(Asset),
}

impl Default for State {
    fn default() -> Self {
        let now = Timestamp::default();
        Self {
            now,
            sequence: 0,
            market: Market::new(now, Asset::usd(), "the engine"),
            models: Vec::new(),
            accounts: Vec::new(),
            ledger: Ledger::default(),
            limits: Limits::default(),
            stops: Stops::default(),
            watch: Watch::default(),
            outflows: Outflows::default(),
            interest: Interest::default(),
            lent: Lent::default(),
            governance: Governance::default(),
            feeds: Feeds::default(),
            funding: Funding::default(),
            delivery: Delivery::default(),
            liquidation: Liquidation::default(),
            agenda: Agenda::default(),
            names: BTreeMap::new(),
            between: BTreeMap::new(),
            changed: BTreeSet::new(),
            assets: BTreeSet::new(),
            ranges: Ranges::default(),
            kept: Kept::default(),
        }
    }
}

impl State {
    /// The last price of a source that was told.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] for an asset without an index price.
    pub fn told(&self, source: &Source) -> Result<Price, Refusal> {
        match source {
            Source::Mark(id) => Ok(self.market.quote(*id).mark),
            Source::Index(asset) => {
                let unknown = |_| Refusal::unknown("index price of", asset.as_str());
                self.market.price(asset).map_err(unknown)
            }
        }
    }

    /// The ranges of prices within which there is nothing to say of accounts.
    #[must_use]
    pub fn ranges(&self) -> &Ranges {
        &self.ranges
    }

    /// An account by its number.
    #[must_use]
    pub fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.index()]
    }

    /// An account by its name, closed or not.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<AccountId> {
        self.names.get(name).copied()
    }

    /// An account that is open.
    pub(crate) fn open(&self, name: &str) -> Result<AccountId, Refusal> {
        let Some(id) = self.named(name) else {
            let near = nearest(name, self.names.keys().map(String::as_str), 3);
            return Err(Refusal::Unknown {
                what: "account".to_owned(),
                name: name.to_owned(),
                near,
            });
        };
        if self.account(id).closed {
            let problem = "it is closed".to_owned();
            return Err(Refusal::Account { account: name.to_owned(), problem });
        }
        Ok(id)
    }

    /// An instrument by any of its names.
    pub(crate) fn instrument(&self, name: &str) -> Result<InstrumentId, Refusal> {
        self.market.instruments.find(name).map_err(|error| Refusal::Unknown {
            what: "instrument".to_owned(),
            name: name.to_owned(),
            near: vec![error.to_string()],
        })
    }

    /// The latest document of a name that accounts may be put under.
    pub(crate) fn model(&self, name: &str) -> Result<usize, Refusal> {
        let usable = |at: &usize| self.governance.may_be_used(*at);
        let named = |at: &usize| self.models[*at].document.name == name;
        let known = (0..self.models.len()).rev().filter(usable).find(named);
        known.ok_or_else(|| {
            let names = self.models.iter().map(|model| model.document.name.as_str());
            let near = nearest(name, names, 3);
            Refusal::Unknown { what: "model".to_owned(), name: name.to_owned(), near }
        })
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, to: Timestamp) {
        self.now = to;
        self.market.seen(to);
    }

    /// Applies a change that breaks no rule, and says what happened; outside of that and its
    /// refusal, a broken rule.
    pub(crate) fn perform(
        &mut self,
        mut outcome: Outcome,
    ) -> Result<Result<Vec<Event>, Refusal>, String> {
        match self.created(&outcome) {
            Ok(created) if created.is_empty() => {}
            Ok(created) => return Err(format!("amounts out of nothing: {created:?}")),
            Err(overflow) => return Ok(Err(overflow.into())),
        }
        if let Some(problem) = self.grown(&outcome) {
            return Err(problem);
        }
        if let Some((id, left)) = self.left(&outcome) {
            let one = self.market.instruments.get(id);
            return Err(format!("{one} settles, and {left} {} is left of it", one.settle));
        }
        let events = std::mem::take(&mut outcome.events);
        Ok(self.apply(outcome, self.now).map(|()| events))
    }

    /// Does what a command would do. Only a step of the market can be refused here, and all are
    /// looked at first.
    fn apply(&mut self, outcome: Outcome, at: Timestamp) -> Result<(), Refusal> {
        let open = self.open_interest_after(&outcome)?;
        let weights = self.interest.weigh(&self.accounts, &outcome, at)?;
        let lent = self.lent.after(&self.accounts, &outcome, at)?;
        for step in &outcome.steps {
            step.check(&self.market)?;
        }
        self.changed.extend(parts::changed(&outcome, &weights, self.accounts.len()));
        for step in outcome.steps {
            let told = step.told();
            step.apply(self, at)?;
            if let Some((source, price)) = told
                && self.stops.see(&source, price)
            {
                self.changed.insert("stops");
            }
        }
        for (instrument, contracts) in open {
            let refused = |error| Refusal::bad("open interest", "zero or more", error);
            self.market.set_open_interest(instrument, contracts).map_err(refused)?;
        }
        if let Some(model) = outcome.model {
            self.models.push(model);
        }
        for (id, mut account) in outcome.accounts {
            self.ranges.touch(id);
            self.share(&mut account);
            account.fit();
            if id.index() < self.accounts.len() {
                self.accounts[id.index()] = account;
            } else {
                self.names.insert(account.name.clone(), id);
                self.limits.opened(id, account.parent);
                self.accounts.push(account);
            }
        }
        for ((house, asset), amount) in outcome.house {
            self.ledger.set(house, &asset, amount);
        }
        self.lent = lent;
        for (asset, id, weight) in weights {
            self.interest.set(&asset, id, weight);
        }
        for edit in outcome.edits {
            match edit {
                Edit::Limits(edit) => self.limits.apply(edit),
                Edit::Stops(edit) => self.stops.apply(edit),
                Edit::Watch(edit) => {
                    self.ranges.follow(&edit);
                    self.watch.apply(edit);
                }
                Edit::Outflows(edit) => self.outflows.apply(edit),
                Edit::Interest(edit) => {
                    self.ranges.forget();
                    self.interest.apply(edit);
                }
                Edit::Liquidation(edit) => self.liquidation.apply(edit),
                Edit::Governance(edit) => {
                    let model = edit.moved();
                    self.govern(edit);
                    for id in model.map(|model| self.under(model)).unwrap_or_default() {
                        self.ranges.touch(id);
                    }
                }
            }
        }
        Ok(())
    }

    /// Contracts open, counting longs, of each instrument of which a change moves some: whatever
    /// moved them, so no action can forget it.
    fn open_interest_after(
        &self,
        outcome: &Outcome,
    ) -> Result<BTreeMap<InstrumentId, Quantity>, Overflow> {
        let mut open: BTreeMap<InstrumentId, Quantity> = BTreeMap::new();
        let known = |id| self.market.open_interest(id).unwrap_or_default();
        for (id, after) in &outcome.accounts {
            let before = self.accounts.get(id.index());
            let none = Account::new("", None, after.mode, after.model);
            let before = before.unwrap_or(&none);
            for (instrument, long) in before.longs_beside(after) {
                let sum = open.entry(instrument).or_insert_with(|| known(instrument));
                *sum = sum.minus(long)?;
            }
            for (instrument, long) in after.longs_beside(before) {
                let sum = open.entry(instrument).or_insert_with(|| known(instrument));
                *sum = sum.plus(long)?;
            }
        }
        Ok(open)
    }

    /// Lets an account share the texts of its assets with all others.
    pub(crate) fn share(&mut self, account: &mut Account) {
        for (asset, _) in account.balances.iter_mut().chain(&mut account.required) {
            match self.assets.get(asset) {
                Some(known) => asset.clone_from(known),
                None => drop(self.assets.insert(asset.clone())),
            }
        }
    }

    /// What all places together have more after a change, by asset: every figure zero, or the
    /// change makes money or loses it. Computed from the balances, not from the postings.
    fn created(&self, outcome: &Outcome) -> Result<BTreeMap<Asset, Money>, Overflow> {
        let mut sums: BTreeMap<Asset, Money> = BTreeMap::new();
        for (id, after) in &outcome.accounts {
            self.held(after, &mut sums, |amount| amount)?;
            if let Some(before) = self.accounts.get(id.index()) {
                self.held(before, &mut sums, |amount| -amount)?;
            }
        }
        for ((house, asset), after) in &outcome.house {
            let sum = sums.entry(asset.clone()).or_default();
            *sum = sum.plus(*after)?.minus(self.ledger.balance(*house, asset))?;
        }
        sums.retain(|_, sum| !sum.is_zero());
        Ok(sums)
    }

    /// What an instrument that settles would leave on its clearing account: nothing, or what was
    /// paid out is not what positions had cost.
    pub(crate) fn left(&self, outcome: &Outcome) -> Option<(InstrumentId, Money)> {
        let settled = outcome.steps.iter().filter_map(|step| match step {
            Step::Settled(id) => Some(*id),
            _ => None,
        });
        let mut left = settled.map(|id| {
            let asset = self.market.instruments.get(id).settle.clone();
            let house = House::Clearing(id);
            let before = self.ledger.balance(house, &asset);
            (id, outcome.house.get(&(house, asset)).copied().unwrap_or(before))
        });
        left.find(|(_, amount)| !amount.is_zero())
    }

    /// What all places together have, by asset: nothing, at any time.
    ///
    /// # Errors
    /// [`Overflow`] when a sum does not fit.
    pub fn total(&self) -> Result<BTreeMap<Asset, Money>, Overflow> {
        let mut sums: BTreeMap<Asset, Money> = BTreeMap::new();
        for account in &self.accounts {
            self.held(account, &mut sums, |amount| amount)?;
        }
        for (_, asset, amount) in self.ledger.iter() {
            let sum = sums.entry(asset.clone()).or_default();
            *sum = sum.plus(amount)?;
        }
        sums.retain(|_, sum| !sum.is_zero());
        Ok(sums)
    }

    /// Adds what an account has to sums by asset.
    fn held(
        &self,
        account: &Account,
        sums: &mut BTreeMap<Asset, Money>,
        sign: impl Fn(Money) -> Money,
    ) -> Result<(), Overflow> {
        let own = account.isolated.iter().map(|held| {
            (&self.market.instruments.get(held.holding.instrument).settle, held.margin)
        });
        let outright = account.balances.iter().map(|(asset, amount)| (asset, *amount));
        for (asset, amount) in outright.chain(own) {
            let sum = sums.entry(asset.clone()).or_default();
            *sum = sum.plus(sign(amount))?;
        }
        Ok(())
    }
}
