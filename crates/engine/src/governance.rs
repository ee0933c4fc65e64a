//! How parameters change: announced, in steps, and never looser at once.
//!
//! A document's new version comes by `change-model`, in steps between the two. Where `governance`
//! is set, whatever makes a rule of the venue looser waits and then goes by a share a step; what
//! makes it tighter is there at once. Whether a number of a document is looser is known of
//! collateral alone, so every other change of a document counts as looser.
//!
//! Rejected: a switch for emergencies (whoever holds it lifts every limit at once).

use crate::account::{AccountId, instrument};
use crate::agenda::{Work, nanos};
use crate::change::{Change, Edit as Any};
use crate::event::Event;
use crate::limits::{self, Most};
use crate::outflow::{self, Cap};
use crate::refusal::Refusal;
use crate::state::State;
use crate::step::Step;
use keelmark_book::{Asset, Decimal, InstrumentId, Overflow, Rate, Round, Timestamp};
use keelmark_margin::Document;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A year: nothing waits longer.
const LONGEST: u32 = 31_557_600;

/// How fast what is looser may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "GovernanceRule")]
pub struct Rule {
    /// From the command until the first step, in seconds.
    pub delay_seconds: u32,
    /// From one step to the next, in seconds, 1 or more.
    pub step_seconds: u32,
    /// The most of itself by which a number moves in a step, 0.001 to 1; from or to zero, the most
    /// of the other number.
    pub most_per_step: Rate,
    /// The least time over which collateral comes to count for more, in seconds.
    pub collateral_seconds: u32,
}

impl Rule {
    /// A rule with sound numbers.
    pub(crate) fn checked(self) -> Result<Self, Refusal> {
        for (field, seconds, least) in [
            ("delay_seconds", self.delay_seconds, 0),
            ("step_seconds", self.step_seconds, 1),
            ("collateral_seconds", self.collateral_seconds, 0),
        ] {
            if seconds < least || seconds > LONGEST {
                return Err(Refusal::bad(field, format!("{least} to {LONGEST}"), seconds));
            }
        }
        let least = Rate::new(Decimal::from_raw(Decimal::ONE.raw() / 1_000));
        if self.most_per_step < least || self.most_per_step > Rate::ONE {
            return Err(Refusal::bad("most_per_step", "0.001 to 1", self.most_per_step));
        }
        Ok(self)
    }

    /// A number one step nearer to a larger one, rounded down.
    pub(crate) fn raised(self, now: Decimal, to: Decimal) -> Result<Decimal, Overflow> {
        let most = self.most_per_step.decimal();
        let grown = now.plus(now.times(most, Round::Down)?)?;
        let next = if grown > now { grown } else { now.plus(to.times(most, Round::Up)?)? };
        Ok(next.min(to))
    }

    /// Seconds one step nearer to fewer, rounded up.
    fn lowered(self, now: u32, to: u32) -> u32 {
        let one = Decimal::ONE.raw();
        let divisor = one + self.most_per_step.decimal().raw();
        let least = (i128::from(now) * one + divisor - 1) / divisor;
        let next = u32::try_from(least).unwrap_or(now);
        let next = if next < now { next } else { now.saturating_sub(1) };
        next.max(to)
    }

    /// The rule one step nearer to another: what is tighter in it at once, the rest by its share.
    pub(crate) fn toward(self, to: Self) -> Result<Self, Overflow> {
        let seconds = |now: u32, to: u32| if to >= now { to } else { self.lowered(now, to) };
        let most = if to.most_per_step <= self.most_per_step {
            to.most_per_step
        } else {
            Rate::new(self.raised(self.most_per_step.decimal(), to.most_per_step.decimal())?)
        };
        Ok(Self {
            delay_seconds: seconds(self.delay_seconds, to.delay_seconds),
            step_seconds: seconds(self.step_seconds, to.step_seconds),
            most_per_step: most,
            collateral_seconds: seconds(self.collateral_seconds, to.collateral_seconds),
        })
    }

    /// What of another rule is no looser, and is there at once.
    pub(crate) fn tightened(self, to: Self) -> Self {
        Self {
            delay_seconds: self.delay_seconds.max(to.delay_seconds),
            step_seconds: self.step_seconds.max(to.step_seconds),
            most_per_step: self.most_per_step.min(to.most_per_step),
            collateral_seconds: self.collateral_seconds.max(to.collateral_seconds),
        }
    }
}

/// What changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The rule itself.
    Rule(Rule),
    /// A limit of an instrument.
    Limit {
        /// Which instrument.
        #[serde(with = "instrument")]
        instrument: InstrumentId,
        /// Whose limit.
        whose: limits::Whose,
        /// What it comes to be.
        most: Most,
    },
    /// A limit of what may leave.
    Outflow {
        /// Of which asset.
        asset: Asset,
        /// Whose limit.
        whose: outflow::Whose,
        /// What it comes to be.
        cap: Cap,
    },
    /// The document of accounts.
    Model {
        /// The number of the document that they are under.
        from: usize,
        /// The number of the one that they come to be under.
        to: usize,
        /// In how many steps.
        steps: u32,
        /// Over which time, in seconds.
        over_seconds: u32,
    },
    /// Something else that a command asks for, done as a whole.
    Command {
        /// What it is about.
        about: String,
        /// What the command does, as JSON.
        action: String,
    },
}

impl What {
    /// Whether it is about the same as another, and takes its place.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rule(_), Self::Rule(_)) => true,
            (
                Self::Limit { instrument, whose, .. },
                Self::Limit { instrument: its, whose: it, .. },
            ) => instrument == its && whose == it,
            (Self::Outflow { asset, whose, .. }, Self::Outflow { asset: its, whose: it, .. }) => {
                asset == its && whose == it
            }
            (Self::Command { about, .. }, Self::Command { about: it, .. }) => about == it,
            _ => false,
        }
    }
}

/// A change that was announced and is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What changes.
    pub what: What,
    /// When it begins.
    pub at: Timestamp,
    /// How many steps were taken; the first of a document is its beginning.
    pub taken: u32,
}

/// The rule, and what is on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Governance {
    rule: Option<Rule>,
    last: u64,
    pending: BTreeMap<u64, Pending>,
    /// Documents that no account may be under before a change to them is complete.
    waiting: BTreeSet<usize>,
    /// Documents whose accounts are under another one.
    moved: BTreeMap<usize, usize>,
}

/// A change of it.
#[derive(Debug)]
pub(crate) enum Edit {
    /// The rule from now on.
    Rule(Rule),
    /// A change that is announced, or its next step.
    Pending(u64, Pending),
    /// A change that is complete or cancelled.
    Gone(u64),
    /// A document that accounts may not be under yet.
    Waits(usize),
    /// Accounts of a document are between it and another.
    Between(usize, Arc<Document>),
    /// Accounts of a document are under another one.
    Moved(usize, usize),
}

impl Edit {
    /// The document whose accounts are computed by another from now on.
    pub fn moved(&self) -> Option<usize> {
        match self {
            Self::Between(model, _) | Self::Moved(model, _) => Some(*model),
            _ => None,
        }
    }
}

impl Governance {
    /// The rule, where one was set.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        self.rule
    }

    /// What is on its way, by number.
    #[must_use]
    pub fn pending(&self) -> &BTreeMap<u64, Pending> {
        &self.pending
    }

    /// The number of the next change.
    pub(crate) fn next(&self) -> u64 {
        self.last + 1
    }

    /// Whether accounts may be put under a document.
    pub(crate) fn may_be_used(&self, model: usize) -> bool {
        !self.waiting.contains(&model)
    }

    /// The document that took the place of another.
    pub(crate) fn successor(&self, model: usize) -> Option<usize> {
        self.moved.get(&model).copied()
    }

    /// Instruments and documents by number, for snapshots to look at.
    pub(crate) fn refers(&self) -> (Vec<InstrumentId>, Vec<usize>) {
        let (mut instruments, mut models) = (Vec::new(), Vec::new());
        for pending in self.pending.values() {
            match pending.what {
                What::Limit { instrument, .. } => instruments.push(instrument),
                What::Model { from, to, .. } => models.extend([from, to]),
                What::Rule(_) | What::Outflow { .. } | What::Command { .. } => {}
            }
        }
        models.extend(&self.waiting);
        models.extend(self.moved.iter().flat_map(|(from, to)| [from, to]));
        (instruments, models)
    }
}

impl State {
    pub(crate) fn govern(&mut self, edit: Edit) {
        let governance = &mut self.governance;
        match edit {
            Edit::Rule(rule) => governance.rule = Some(rule),
            Edit::Pending(number, pending) => {
                governance.last = governance.last.max(number);
                governance.pending.insert(number, pending);
            }
            Edit::Gone(number) => drop(governance.pending.remove(&number)),
            Edit::Waits(model) => drop(governance.waiting.insert(model)),
            Edit::Between(model, document) => drop(self.between.insert(model, document)),
            Edit::Moved(from, to) => {
                governance.waiting.remove(&to);
                // The way back: what came to `from` from there is there again.
                governance.moved.remove(&to);
                governance.moved.insert(from, to);
                self.between.remove(&from);
            }
        }
    }

    /// The document that accounts under one are computed by now: it, the one that took its place,
    /// or one on the way there.
    #[must_use]
    pub fn document(&self, mut model: usize) -> &Arc<Document> {
        loop {
            if let Some(between) = self.between.get(&model) {
                return between;
            }
            match self.governance.successor(model) {
                Some(next) => model = next,
                None => return &self.models[model].document,
            }
        }
    }

    /// All documents, those on the way from one to another included.
    pub(crate) fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.models.iter().map(|model| &model.document).chain(self.between.values())
    }

    /// The accounts that are computed by what becomes of a document.
    pub(crate) fn under(&self, model: usize) -> Vec<AccountId> {
        let numbered = self.accounts.iter().enumerate();
        let under = numbered.filter(|(_, account)| self.goes_by(account.model, model));
        under.map(|(index, _)| AccountId::new(index)).collect()
    }

    /// Whether accounts under one document are computed by what becomes of another.
    pub(crate) fn goes_by(&self, mut model: usize, other: usize) -> bool {
        while model != other {
            let Some(next) = self.governance.successor(model) else { return false };
            model = next;
        }
        true
    }

    /// The step of the way between two documents.
    pub(crate) fn way(
        &self,
        [from, to]: [usize; 2],
        done: u32,
        of: u32,
    ) -> Result<keelmark_margin::document::Step, Refusal> {
        let (old, new) = (&self.models[from].document, &self.models[to].document);
        let refused = |error| {
            let expected = format!("a document in step {done} of {of}, between both versions");
            Refusal::bad("version", expected, error)
        };
        keelmark_margin::document::step(old, new, done, of).map_err(refused)
    }

    /// Computes again what documents under way are, where it was not stored.
    pub(crate) fn on_the_way(&mut self) -> Result<(), Refusal> {
        for pending in self.governance.pending.values() {
            if let What::Model { from, to, steps, .. } = pending.what
                && let Some(done) = pending.taken.checked_sub(1)
            {
                let document = Arc::new(self.way([from, to], done, steps)?.document);
                self.between.insert(from, document);
            }
        }
        Ok(())
    }

    /// What changes, in words.
    pub(crate) fn changing(&self, what: &What) -> String {
        match what {
            What::Rule(_) => "the rule of changes".to_owned(),
            What::Limit { instrument, whose, .. } => {
                let symbol = self.market.instruments.get(*instrument);
                format!("the limit of {symbol} for {whose}")
            }
            What::Outflow { asset, whose, .. } => {
                format!("the limit of {asset} that may leave for {whose}")
            }
            What::Command { about, .. } => about.clone(),
            What::Model { from, to, .. } => {
                let (old, new) = (&self.models[*from].document, &self.models[*to].document);
                format!("model {} {} to {}", old.name, old.version, new.version)
            }
        }
    }
}

/// When a step of a document is taken.
pub(crate) fn instant(pending: &Pending, over_seconds: u32, steps: u32) -> Timestamp {
    let share = i128::from(nanos(over_seconds)) * i128::from(pending.taken);
    let share = share / i128::from(steps).max(1);
    pending.at.plus_nanos(i64::try_from(share).unwrap_or(i64::MAX))
}

impl Change<'_> {
    /// Announces a change; what was on its way of the same goes.
    pub fn announce(&mut self, what: What, at: Timestamp) {
        let number = self.state.governance.next();
        self.drop_announced(&what);
        self.tell(Event::ChangeAnnounced { change: number, what: self.state.changing(&what), at });
        self.edit(Any::Governance(Edit::Pending(number, Pending { what, at, taken: 0 })));
        self.step(Step::Due(Work::Change(number), Some(at)));
    }

    /// Cancels what is on its way of the same.
    pub fn drop_announced(&mut self, what: &What) {
        for (number, pending) in &self.state.governance.pending {
            if what.replaces(&pending.what) {
                self.cancel_announced(*number, pending);
            }
        }
    }

    /// Cancels a change.
    pub fn cancel_announced(&mut self, number: u64, pending: &Pending) {
        let what = self.state.changing(&pending.what);
        self.tell(Event::ChangeCancelled { change: number, what });
        self.edit(Any::Governance(Edit::Gone(number)));
        self.step(Step::Due(Work::Change(number), None));
    }

    /// Says that a step was taken, and when the next one is; without one the change is complete.
    pub fn stepped(
        &mut self,
        number: u64,
        pending: Pending,
        numbers: Vec<(String, Rate)>,
        next: Option<Timestamp>,
    ) {
        let (what, step) = (self.state.changing(&pending.what), pending.taken);
        self.tell(Event::ChangeStepped { change: number, what, step, numbers, next });
        self.edit(Any::Governance(match next {
            Some(_) => Edit::Pending(number, pending),
            None => Edit::Gone(number),
        }));
        self.step(Step::Due(Work::Change(number), next));
    }
}
