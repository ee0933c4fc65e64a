//! The plain loop: a command in, its answer out.

use crate::account::AccountId;
use crate::action;
use crate::command::Command;
use crate::consequence::{self, Cause};
use crate::event::{Answer, Event, Refusal};
use crate::root::{Proof, Root, RootError, SumTree};
use crate::state::State;
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

    /// The root of the state. What it costs depends on how many accounts were touched since the
    /// last one, and on the size of the market, not on how many accounts there are.
    ///
    /// # Errors
    /// [`RootError`] when a sum over the accounts does not fit.
    pub fn root(&mut self) -> Result<Root, RootError> {
        self.grow()?;
        Root::of(&self.state, &self.tree)
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

    /// Does what a command says, or refuses it.
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
        let events = match self.attempt(command).map_err(broken)? {
            Ok(events) => events,
            Err(refusal) => vec![Event::Refused(refusal)],
        };
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

    /// The events of a command or its refusal; outside of both, a broken rule.
    fn attempt(&mut self, command: &Command) -> Result<Result<Vec<Event>, Refusal>, String> {
        if command.at < self.state.now {
            return Ok(Err(Refusal::TimeBack { at: command.at, now: self.state.now }));
        }
        let outcome = match action::change(&self.state, command) {
            Ok(change) => change.done(),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut cause = Cause::of(&outcome);
        let mut events = match self.state.perform(outcome, command.at)? {
            Ok(events) => events,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.state.now = command.at;
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
