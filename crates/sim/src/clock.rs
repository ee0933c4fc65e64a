//! Tells the time whenever something is due, where accounts are liquidated: so that the steps of a
//! liquidation, and what makes one begin, happen in commands of their own. The reference hears of
//! them from the answer, and nothing else may be in it.

use keelmark_book::Timestamp;
use keelmark_engine::{Command, Engine};

/// Numbers its own commands.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    told: u64,
}

impl Clock {
    /// What is told next before a command can be sent, if anything.
    ///
    /// # Errors
    /// When a command cannot be written: a fault of the simulation.
    pub fn before(
        &mut self,
        engine: &Engine,
        command: &Command,
    ) -> Result<Option<Command>, serde_json::Error> {
        let state = engine.state();
        if command.at < state.now {
            return Ok(None);
        }
        let first = state.agenda.iter().next().map(|(at, _)| *at);
        match first.filter(|at| *at <= command.at && !state.liquidation.is_empty()) {
            Some(at) => self.time(at.max(state.now)).map(Some),
            None => Ok(None),
        }
    }

    fn time(&mut self, at: Timestamp) -> Result<Command, serde_json::Error> {
        self.told += 1;
        let line = format!(r#"{{"from":"clock","number":{},"at":"{at}","do":"time"}}"#, self.told);
        serde_json::from_str(&line)
    }
}
