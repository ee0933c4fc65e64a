//! Why there is no backtest: what, where, and what to do.

use keelmark_book::{InputError, market::MarketError};
use keelmark_margin::MarginError;
use keelmark_tail::TailError;
use keelmark_units::{Overflow, Timestamp};

/// A refusal. Nothing is guessed or skipped instead.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BacktestError {
    /// A history, or several together, that cannot be used.
    #[error("{what}: {problem}; {remedy}")]
    History {
        /// Which: `BTC price`.
        what: String,
        /// What was expected and found.
        problem: String,
        /// What to change.
        remedy: String,
    },
    /// A book that cannot be walked.
    #[error("book {book:?}: {problem}")]
    Book {
        /// Its name.
        book: String,
        /// What was expected, what was found, what to do.
        problem: String,
    },
    /// A setting out of its range.
    #[error("{what}: expected {expected}, found {found}")]
    Setting {
        /// Which.
        what: &'static str,
        /// What would make sense.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A model that could not answer on a day, though it could on the first.
    #[error("{model} on {book:?} on {day}: {problem}")]
    Day {
        /// The model.
        model: String,
        /// The book.
        book: String,
        /// `YYYY-MM-DD`.
        day: String,
        /// The model's own words.
        problem: String,
    },
    /// No model can margin any of the books.
    #[error("no model can margin any of the books; the first: {0}")]
    Nothing(String),
    /// A file that says something else than it should.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What the tail's methods refuse.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// What margin refuses.
    #[error(transparent)]
    Margin(#[from] MarginError),
    /// A price that a market refuses.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A number that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

impl BacktestError {
    /// [`BacktestError::History`].
    pub(crate) fn history(
        what: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::History { what: what.into(), problem: problem.into(), remedy: remedy.into() }
    }

    /// [`BacktestError::Book`].
    pub(crate) fn book(book: &str, problem: impl Into<String>) -> Self {
        Self::Book { book: book.to_owned(), problem: problem.into() }
    }
}

/// A day as `YYYY-MM-DD`.
#[must_use]
pub fn date(day: Timestamp) -> String {
    let (year, month, day) = day.date();
    format!("{year:04}-{month:02}-{day:02}")
}
