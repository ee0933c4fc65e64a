//! The engine as a venue of the day: told things in order of time, with its log, and checked after
//! every command.

use super::loss::Truth;
use super::say;
use crate::random::Random;
use keelmark_book::{Money, Price, Quantity, Timestamp};
use keelmark_engine::ledger::Ledger;
use keelmark_engine::liquidation::Fact;
use keelmark_engine::{Account, AccountId, Command, Engine, Event, position};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Seconds after a price in which liquidations take their steps.
const STEPS: usize = 30;
/// Of what becomes of accounts that fail, so much is told.
const MOST_FACTS: usize = 8;
/// Columns of a line that says what happened.
const COLUMNS: usize = 120;

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
    /// What accounts have paid or got worse than the mark when they took part of a position that
    /// somebody could not bear, by their names.
    pub haircuts: BTreeMap<String, Money>,
    now: Timestamp,
    facts: usize,
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
            haircuts: BTreeMap::new(),
            now: Timestamp::default(),
            facts: 0,
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
        let mut line = json!({"from": "venue", "number": number, "at": self.now});
        line["do"] = action;
        let command: Command =
            serde_json::from_value(line).map_err(|error| format!("{text}: {error}"))?;
        let applied = self.engine.apply(&command).map_err(|broken| format!("{text}: {broken}"))?;
        self.log.push(command);
        let total = self.engine.state().total().map_err(|error| error.to_string())?;
        if !total.is_empty() {
            return Err(format!("{text}: amounts out of nothing: {total:?}"));
        }
        let events = applied.into_answer().events;
        self.tell_liquidations(&events);
        self.count_haircuts(&events)?;
        Ok(events)
    }

    /// Sums up what passed at a price worse than the mark for who took it.
    fn count_haircuts(&mut self, events: &[Event]) -> Result<(), String> {
        let text = |error: keelmark_book::Overflow| error.to_string();
        for event in events {
            let Event::Liquidation(fact) = event else { continue };
            let Fact::Passed { by, instrument, quantity, value, .. } = &**fact else { continue };
            let market = &self.engine.state().market;
            let id = market.instruments.find(instrument).map_err(|error| error.to_string())?;
            let one = market.instruments.get(id);
            let fair = position::value(one, *quantity, market.quote(id).mark).map_err(text)?;
            let worse = fair.minus(*value).map_err(text)?;
            if worse.is_positive() {
                let sum = self.haircuts.entry(by.clone()).or_default();
                *sum = sum.plus(worse).map_err(text)?;
            }
        }
        Ok(())
    }

    /// Tells what became of accounts that fail, as long as it is not much.
    fn tell_liquidations(&mut self, events: &[Event]) {
        for event in events {
            let Event::Liquidation(fact) = event else { continue };
            let tells = match &**fact {
                Fact::TakenOver { .. }
                | Fact::Insured { .. }
                | Fact::Exchanged { .. }
                | Fact::Socialised { .. } => true,
                Fact::Haircut { taken, .. } => taken.is_positive(),
                _ => false,
            };
            if tells && self.facts < MOST_FACTS {
                self.facts += 1;
                self.tell(&fact.to_string());
            }
        }
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

    /// Asks for several steps of one kind, and tells how many were done, and why the first was not
    /// that was refused.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn ask_each(&mut self, what: &str, actions: Vec<Value>) -> Result<(), String> {
        let (mut done, mut first, all) = (0, None, actions.len());
        for action in actions {
            match refusal(&self.send(action)?) {
                Some(refusal) => first = first.or(Some(refusal)),
                None => done += 1,
            }
        }
        self.asked = (self.asked.0 + done, self.asked.1 + all - done);
        let why = first.map_or(String::new(), |refusal| format!("; {refusal}"));
        self.tell(&format!("{what}: {done} of {all} done{why}"));
        Ok(())
    }

    /// Takes out as much as can be had, by halves of what is wanted: what was got.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn drain(&mut self, account: &str, asset: &str, wanted: u64) -> Result<u64, String> {
        let (mut asked, mut got) = (wanted, 0);
        let mut why = None;
        while asked >= wanted / 1_000 && asked > 0 {
            match refusal(&self.send(say::withdraw(account, asset, &asked.to_string()))?) {
                Some(refusal) => {
                    self.asked.1 += 1;
                    why = why.or(Some(refusal));
                }
                None => {
                    self.asked.0 += 1;
                    got = asked;
                    break;
                }
            }
            asked /= 2;
        }
        let why = why.map_or(String::new(), |refusal| format!("; {refusal}"));
        self.tell(&format!("{account} asks for {wanted} {asset} and gets {got}{why}"));
        Ok(got)
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

    /// Contracts that an account holds of an instrument.
    ///
    /// # Errors
    /// When one of them is not there.
    pub fn position(&self, account: &str, instrument: &str) -> Result<Quantity, String> {
        let state = self.engine.state();
        let found = state.market.instruments.find(instrument);
        let id = found.map_err(|error| error.to_string())?;
        let account = state.named(account).ok_or_else(|| format!("there is no {account}"))?;
        Ok(state.account(account).position(id, false))
    }

    /// Tells the price of a coin and of its perpetual, and lets time pass in which liquidations
    /// take their steps.
    ///
    /// # Errors
    /// As [`Self::must`].
    pub fn price(&mut self, [coin, instrument]: [&str; 2], price: &str) -> Result<(), String> {
        self.must(say::index(coin, price))?;
        self.must(say::mark(instrument, price))?;
        self.tell(&format!("{coin} is at {price}"));
        for _ in 0..STEPS {
            self.wait(1)?;
        }
        Ok(())
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
