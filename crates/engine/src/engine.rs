//! The plain loop: a command in, its answer out.

use crate::account::AccountId;
use crate::action;
use crate::change::{Change, Outcome};
use crate::clock;
use crate::command::Command;
use crate::consequence::{self, Cause};
use crate::event::{Answer, Event};
use crate::refusal::Refusal;
use crate::root::{Hash, Proof, Root, RootError, SumTree};
use crate::state::State;
use keelmark_book::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Answers kept of each sender: a command repeated within so many gets its first answer.
pub const ANSWERS_KEPT: usize = 1_024;

/// The engine would break one of its own rules: it stopped before the change that would have done
/// so, and must not go on. A fault of the engine, never of a command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("command {sequence} of the log would break a rule of the engine: {rule}")]
pub struct Broken {
    /// Number of the command in the log.
    pub sequence: u64,
    /// Which rule, with the numbers.
    pub rule: String,
}

/// The machine.
#[derive(Debug, Default)]
pub struct Engine {
    pub(crate) state: State,
    pub(crate) senders: BTreeMap<String, Sender>,
    /// The sum tree of the state root, but for the accounts that were touched since it was grown.
    pub(crate) tree: SumTree,
    pub(crate) touched: BTreeSet<AccountId>,
    /// Hashes of parts of the state, but for those that changed since.
    pub(crate) parts: BTreeMap<&'static str, Hash>,
}

/// What one sender has sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sender {
    /// Number of the last command.
    pub last: u64,
    /// Kept answers by the number of the command, in order.
    pub answers: VecDeque<(u64, Answer)>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// It is new: it belongs into the log, whether it was refused or not.
    New(Answer),
    /// It was sent before: this is the answer it got, or, where that is no longer kept, a refusal
    /// under the number of the last command.
    Again(Answer),
}

impl Applied {
    /// The answer.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        match self {
            Self::New(answer) | Self::Again(answer) => answer,
        }
    }

    /// The answer alone.
    #[must_use]
    pub fn into_answer(self) -> Answer {
        match self {
            Self::New(answer) | Self::Again(answer) => answer,
        }
    }
}

impl Engine {
    /// The state between two commands.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Looks at every account that a price is about, instead of those that it may bring to a margin
    /// call: slow, the same answers, and what the ranges are checked against.
    #[must_use]
    pub fn scanning(mut self) -> Self {
        self.state.ranges.scan();
        self
    }

    /// Keeps so many accounts from one look at their margin to the next, 4,096 unless told, or
    /// none: the answers are the same with any number. Each takes some kilobytes.
    #[must_use]
    pub fn keeping(mut self, accounts: usize) -> Self {
        self.state.kept.keep(accounts);
        self
    }

    /// Checks ranges by a full look at some accounts with each `every`-th command, where it tells a
    /// price; never where `every` is 0. An account that a range has hidden is a broken rule, so the
    /// engine stops: the answers are the same however much is checked.
    #[must_use]
    pub fn checking(mut self, every: u64, accounts: usize) -> Self {
        self.state.ranges.checked(every, accounts);
        self
    }

    /// The root of the state. What it costs depends on how many accounts were touched since the
    /// last one, on the size of the market, and on that of what the state keeps of accounts beside
    /// them (stops, outflows, margin calls, time of debts) where that changed.
    ///
    /// # Errors
    /// [`RootError`] when a sum over the accounts does not fit.
    pub fn root(&mut self) -> Result<Root, RootError> {
        self.grow()?;
        for part in std::mem::take(&mut self.state.changed) {
            self.parts.remove(part);
        }
        Root::of(&self.state, &self.tree, &mut self.parts)
    }

    /// The proof that an account is counted in [`Engine::root`].
    ///
    /// # Errors
    /// [`RootError`] when a sum over the accounts does not fit.
    pub fn prove(&mut self, id: AccountId) -> Result<Proof, RootError> {
        self.grow()?;
        Ok(self.state.proof_in(&self.tree, id))
    }

    fn grow(&mut self) -> Result<(), RootError> {
        self.state.grow(&mut self.tree, self.touched.iter().copied())?;
        self.touched.clear();
        Ok(())
    }

    /// Lets time pass to a command's, does what falls due by then, then what the command says, or
    /// refuses it. Time passes whatever becomes of the command; a refusal changes nothing beside.
    ///
    /// # Errors
    /// [`Broken`] when the engine is wrong: nothing more may be asked of it.
    pub fn apply(&mut self, command: &Command) -> Result<Applied, Broken> {
        let sender = self.senders.get(&command.from);
        if let Some(answer) = sender.and_then(|sender| sender.answer(command.number)) {
            return Ok(Applied::Again(answer.clone()));
        }
        let last = sender.map_or(0, |sender| sender.last);
        if command.number <= last {
            let (from, number) = (command.from.clone(), command.number);
            let events = vec![Event::Refused(Refusal::NumberPassed { from, number, last })];
            return Ok(Applied::Again(Answer { sequence: self.state.sequence, events }));
        }
        let sequence = self.state.sequence + 1;
        let broken = |rule| Broken { sequence, rule };
        let events = self.attempt(command).map_err(broken)?;
        self.state.kept.sound().map_err(broken)?;
        self.state.sequence = sequence;
        let answer = Answer { sequence, events };
        let sender = self.senders.entry(command.from.clone()).or_default();
        sender.keep(command.number, answer.clone());
        Ok(Applied::New(answer))
    }

    /// The number of a sender's last command; 0 before his first.
    #[must_use]
    pub fn last_number(&self, from: &str) -> u64 {
        self.senders.get(from).map_or(0, |sender| sender.last)
    }

    /// What was due by the time of a command, then its events or its refusal; outside of both, a
    /// broken rule.
    fn attempt(&mut self, command: &Command) -> Result<Vec<Event>, String> {
        if command.at < self.state.now {
            let refusal = Refusal::TimeBack { at: command.at, now: self.state.now };
            return Ok(vec![Event::Refused(refusal)]);
        }
        let mut events = self.pass(command.at)?;
        let done = match action::change(&self.state, command).map(Change::done) {
            Ok(outcome) => self.commit(outcome)?,
            Err(refusal) => Err(refusal),
        };
        match done {
            Ok(done) => events.extend(done),
            Err(refusal) => events.push(Event::Refused(refusal)),
        }
        Ok(events)
    }

    /// Time passes: does what falls due by then, each at its own instant. What cannot be done is
    /// told, and not tried again.
    fn pass(&mut self, to: Timestamp) -> Result<Vec<Event>, String> {
        let mut events = Vec::new();
        while let Some((at, work)) = self.state.agenda.due(to).cloned() {
            self.state.agenda.set(work.clone(), None);
            self.state.pass(at.max(self.state.now));
            let done = match clock::change(&self.state, &work).map(Change::done) {
                Ok(outcome) => self.commit(outcome)?,
                Err(refusal) => Err(refusal),
            };
            match done {
                Ok(done) => events.extend(done),
                Err(problem) => {
                    let what = clock::describe(&self.state, &work);
                    events.push(Event::Missed { what, problem });
                }
            }
        }
        self.state.pass(to);
        Ok(events)
    }

    /// Does a change and what follows from it, unless it would break a rule; its events, or why it
    /// cannot be.
    fn commit(&mut self, mut outcome: Outcome) -> Result<Result<Vec<Event>, Refusal>, String> {
        let mut cause = Cause::of(&self.state, &mut outcome);
        let mut events = match self.state.perform(outcome)? {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let followed = consequence::follow(&mut self.state, &mut cause, &mut events);
        self.touched.extend(cause.accounts);
        followed?;
        Ok(Ok(events))
    }
}

impl Sender {
    fn answer(&self, number: u64) -> Option<&Answer> {
        let at = self.answers.binary_search_by_key(&number, |(known, _)| *known).ok()?;
        self.answers.get(at).map(|(_, answer)| answer)
    }

    fn keep(&mut self, number: u64, answer: Answer) {
        if self.answers.len() == ANSWERS_KEPT {
            self.answers.pop_front();
        }
        self.answers.push_back((number, answer));
        self.last = number;
    }
}
