//! What went wrong, with its exit code and the next command to try.

use keelmark_backtest::BacktestError;
use keelmark_book::{InputError, Overflow};
use keelmark_margin::MarginError;

/// Exit code of an account that fails a check.
pub const CHECK_FAILED: u8 = 4;

/// Exit code where two results differ.
pub const DIFFERS: u8 = 5;

/// A failure to report.
#[derive(Debug)]
pub struct Failure {
    /// Exit code of the process.
    pub code: u8,
    /// What, where, what was expected and found.
    pub text: String,
    /// A command that helps.
    pub next: Option<String>,
}

impl Failure {
    /// Something outside our control, such as a full disk: exit code 1.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { code: 1, text: text.into(), next: None }
    }

    /// Arguments that do not make sense together: exit code 2.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { code: 2, text: text.into(), next: None }
    }

    /// Bad input: exit code 3.
    pub fn input(text: impl Into<String>) -> Self {
        Self { code: 3, text: text.into(), next: None }
    }

    /// The same with a command to try.
    #[must_use]
    pub fn next(mut self, command: impl Into<String>) -> Self {
        self.next.get_or_insert(command.into());
        self
    }

    /// A margin that cannot be computed, of an account under a model.
    pub fn margin(account: &str, model: &str, error: &MarginError) -> Self {
        let next = match error {
            MarginError::Market(_) | MarginError::Stale { .. } | MarginError::Expired { .. } => {
                "keelmark schema market".to_owned()
            }
            MarginError::OffTheLot { .. } => "keelmark schema book".to_owned(),
            _ => format!("keelmark models show {model}"),
        };
        Self::input(format!("account {account} under {model}: {error}")).next(next)
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<BacktestError> for Failure {
    fn from(error: BacktestError) -> Self {
        match error {
            BacktestError::Setting { .. } => Self::usage(error.to_string()),
            _ => Self::input(error.to_string()),
        }
    }
}

impl From<Overflow> for Failure {
    fn from(error: Overflow) -> Self {
        Self::input(error.to_string())
    }
}
