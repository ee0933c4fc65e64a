//! Why a rule has no answer.

use keelmark_book::Overflow;
use keelmark_margin::expr::{EvalError, FormulaError};
use std::fmt::Display;

/// Why a rule has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LiquidationError {
    /// A number that makes no sense where it stands.
    #[error("{what}: expected {expected}, found {found}")]
    Bad {
        /// Which.
        what: &'static str,
        /// What would make sense.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// A result that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// A ranking that is no formula.
    #[error(transparent)]
    Formula(#[from] FormulaError),
    /// A ranking that has no value for an account.
    #[error(transparent)]
    Value(#[from] EvalError),
}

impl LiquidationError {
    pub(crate) fn bad(what: &'static str, expected: &'static str, found: impl Display) -> Self {
        Self::Bad { what, expected, found: found.to_string() }
    }
}
