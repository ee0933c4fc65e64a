//! An engine that is sent one command after the other, and whose books are added up after each.

use keelmark_book::{Asset, Timestamp};
use keelmark_engine::{Command, Engine, Event, State};
use serde_json::Value;

/// What collateral is held in.
pub const COIN: &str = "COIN";
/// What is owed.
pub const CASH: &str = "USDC";
const NANOS: i64 = 1_000_000_000;
const START: i64 = 1_773_428_400 * NANOS;

/// A venue.
pub struct Venue {
    engine: Engine,
    coin: Asset,
    cash: Asset,
    number: u64,
    /// Seconds since it began.
    pub second: u64,
}

impl Venue {
    /// A venue that has been sent nothing.
    ///
    /// # Errors
    /// Never: the assets have names.
    pub fn new() -> Result<Self, String> {
        let asset = |name| Asset::new(name).map_err(|error| error.to_string());
        let (coin, cash) = (asset(COIN)?, asset(CASH)?);
        Ok(Self { engine: Engine::default(), coin, cash, number: 0, second: 0 })
    }

    /// Its state.
    pub fn state(&self) -> &State {
        self.engine.state()
    }

    /// Commands sent.
    pub fn commands(&self) -> u64 {
        self.number
    }

    /// Sends a command, and adds up the books; what the engine says to it.
    ///
    /// # Errors
    /// When it is no command, a rule of the engine breaks, or books do not balance.
    pub fn send(&mut self, action: &Value) -> Result<Vec<Event>, String> {
        self.number += 1;
        let number = self.number;
        let at = Timestamp::from_nanos(START + self.second as i64 * NANOS);
        let line = format!(r#"{{"from":"game","number":{number},"at":"{at}","do":{action}}}"#);
        let command: Command =
            serde_json::from_str(&line).map_err(|error| format!("{line}: {error}"))?;
        let applied = self.engine.apply(&command).map_err(|error| error.to_string())?;
        let total = self.state().total().map_err(|error| error.to_string())?;
        if !total.is_empty() {
            return Err(format!("{line}: books differ by {total:?}"));
        }
        Ok(applied.into_answer().events)
    }

    /// Sends a command that must not be refused.
    ///
    /// # Errors
    /// As [`Venue::send`], and when it is refused.
    pub fn must(&mut self, action: &Value) -> Result<Vec<Event>, String> {
        let events = self.send(action)?;
        match events.iter().find(|event| matches!(event, Event::Refused(_))) {
            Some(refused) => Err(format!("{action}: {refused}")),
            None => Ok(events),
        }
    }

    /// What an account has of the coin and of cash; what it owes is below zero.
    pub fn has(&self, account: &str) -> (f64, f64) {
        let Some(id) = self.state().named(account) else { return (0.0, 0.0) };
        let account = self.state().account(id);
        (account.balance(&self.coin).to_f64(), account.balance(&self.cash).to_f64())
    }

    /// Whether an account is for sale.
    pub fn sells(&self, account: &str) -> bool {
        let state = self.state();
        let process = state.named(account).and_then(|id| state.liquidation.of(id));
        process.is_some_and(|process| process.sale().is_some())
    }
}

/// An amount as commands write it: what is too small for the sixth digit is nothing.
pub fn shown(amount: f64) -> String {
    format!("{amount:.6}")
}
