//! What one record of the log says: a command, or the root of the state after the commands before.

use crate::error::DurableError;
use keelmark_engine::Command;
use serde::{Deserialize, Serialize};

/// A record: one line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Record {
    /// A command that was new to the engine, accepted or refused.
    Command(Box<Command>),
    /// The state root at the end of a batch.
    Root {
        /// Number of the last command before it.
        after: u64,
        /// The root, in hexadecimal digits.
        root: String,
    },
}

impl Record {
    /// As bytes of the log.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// From the bytes of record `sequence`.
    ///
    /// # Errors
    /// [`DurableError::Record`] with the number.
    pub fn from_bytes(sequence: u64, bytes: &[u8]) -> Result<Self, DurableError> {
        serde_json::from_slice(bytes).map_err(|error| {
            let problem = format!("expected a command or a root as JSON: {error}");
            DurableError::Record { sequence, problem }
        })
    }
}
