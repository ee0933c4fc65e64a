//! The engine as a venue of the day: told things in order of time, with its log, and checked after
//! every command.

use super::loss::Truth;
use crate::random::Random;
use keelmark_book::{Price, Timestamp};
use keelmark_engine::ledger::Ledger;
use keelmark_engine::{Account, AccountId, Command, Engine, Event};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Columns of a line that says what happened.
const COLUMNS: usize = 100;

/// An engine, and what was told to it.
#[derive(Debug)]
pub struct Venue {
    /// The engine.
    pub engine: Engine,
    /// Everything that was sent.
    pub log: Vec<Command>,
    /// What a seed decides.
    pub random: Random,
    /// What things are worth in the end.
    pub truth: Truth,
    /// What was asked in the attack: how much was done, and how much refused.
    pub asked: (usize, usize),
    /// Main events, a line each.
    pub told: Vec<String>,
    /// Accounts as they were when somebody began to count.
    pub before: BTreeMap<AccountId, Account>,
    /// The house as it was then.
    pub house: Ledger,
    now: Timestamp,
}

impl Venue {
    /// An engine that knows nothing.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            engine: Engine::default(),
            log: Vec::new(),
            random: Random::new(seed),
            truth: Truth::default(),
            asked: (0, 0),
            told: Vec::new(),
            before: BTreeMap::new(),
            house: Ledger::default(),
            now: Timestamp::default(),
        }
    }

    /// It is so late from now on, in UTC: `2022-10-11T22:25:00`.
    ///
    /// # Errors
    /// When that is no time, or was before.
    pub fn at(&mut self, time: &str) -> Result<(), String> {
        let at = format!("{time}Z").parse::<Timestamp>().map_err(|error| error.to_string())?;
        if at < self.now {
            return Err(format!("{at} was before {}", self.now));
        }
        self.now = at;
        Ok(())
    }

    /// So many seconds pass.
    ///
    /// # Errors
    /// When the engine breaks a rule.
    pub fn wait(&mut self, seconds: u32) -> Result<Vec<Event>, String> {
        self.now = self.now.plus_nanos(i64::from(seconds) * 1_000_000_000);
        self.must(json!("time"))
    }

    /// Sends a command, and checks the books.
    ///
    /// # Errors
    /// When the engine breaks a rule, or the books do not balance.
    pub fn send(&mut self, action: Value) -> Result<Vec<Event>, String> {
        let number = self.log.len() + 1;
        let text = action.to_string();
        let line = json!({"from": "venue", "number": number, "at": self.now, "do": action});
        let command: Command =
            serde_json::from_value(line).map_err(|error| format!("{text}: {error}"))?;
        let applied = self.engine.apply(&command).map_err(|broken| format!("{text}: {broken}"))?;
        self.log.push(command);
        let total = self.engine.state().total().map_err(|error| error.to_string())?;
        if !total.is_empty() {
            return Err(format!("{text}: amounts out of nothing: {total:?}"));
        }
        Ok(applied.into_answer().events)
    }

    /// Does what must succeed.
    ///
    /// # Errors
    /// When it is refused, or as [`Self::send`].
    pub fn must(&mut self, action: Value) -> Result<Vec<Event>, String> {
        let text = action.to_string();
        let events = self.send(action)?;
        match refusal(&events) {
            Some(refusal) => Err(format!("{text}: {refusal}")),
            None => Ok(events),
        }
    }

    /// Asks for a step of the attack, and tells what came of it: whether it was done.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn ask(&mut self, what: &str, action: Value) -> Result<bool, String> {
        let events = self.send(action)?;
        match refusal(&events) {
            Some(refusal) => {
                self.asked.1 += 1;
                self.tell(&format!("{what}: {refusal}"));
                Ok(false)
            }
            None => {
                self.asked.0 += 1;
                self.tell(&format!("{what}: done"));
                Ok(true)
            }
        }
    }

    /// Keeps a line of what happened.
    pub fn tell(&mut self, what: &str) {
        let time = self.now.to_string();
        let line = format!("{} {what}", time.get(11..19).unwrap_or(&time));
        let short = line.chars().count() <= COLUMNS;
        let cut = || line.chars().take(COLUMNS - 4).chain(" ...".chars()).collect();
        self.told.push(if short { line } else { cut() });
    }

    /// The mark of an instrument.
    ///
    /// # Errors
    /// When there is no such instrument.
    pub fn mark(&self, instrument: &str) -> Result<Price, String> {
        let market = &self.engine.state().market;
        let found = market.instruments.find(instrument);
        let id = found.map_err(|error| error.to_string())?;
        Ok(market.quote(id).mark)
    }

    /// What stands for a snapshot of the end, and a replay of the log: the same root, or the books
    /// are no books. It is returned.
    ///
    /// # Errors
    /// When a root differs.
    pub fn finish(&mut self) -> Result<String, String> {
        let root = root_of(&mut self.engine)?;
        let bytes = self.engine.snapshot().map_err(|error| error.to_string())?;
        let mut restored = Engine::restore(&bytes).map_err(|error| error.to_string())?;
        let mut replayed = Engine::default();
        for command in &self.log {
            replayed.apply(command).map_err(|broken| broken.to_string())?;
        }
        for (what, engine) in [("a snapshot", &mut restored), ("a replay", &mut replayed)] {
            let found = root_of(engine)?;
            if found != root {
                return Err(format!("{what} has the root {found}, expected {root}"));
            }
        }
        Ok(root)
    }
}

fn root_of(engine: &mut Engine) -> Result<String, String> {
    engine.root().map(|root| root.hash.to_string()).map_err(|error| error.to_string())
}

fn refusal(events: &[Event]) -> Option<String> {
    events.iter().find_map(|event| match event {
        Event::Refused(refusal) => Some(format!("refused: {refusal}")),
        _ => None,
    })
}
