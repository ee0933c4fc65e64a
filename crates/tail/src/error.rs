//! Why a series gives no answer: what was wrong, where, and what to change.

/// A refusal. Nothing here is guessed instead.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TailError {
    /// Fewer observations than the method needs.
    #[error(
        "{what}: needs {needs} values, found {found}; use a longer history or a shorter window"
    )]
    TooShort {
        /// Which series or method.
        what: String,
        /// How many it needs.
        needs: usize,
        /// How many there are.
        found: usize,
    },
    /// A number that makes no sense where it stands.
    #[error("{what}: expected {expected}, found {found}")]
    Number {
        /// Which number.
        what: String,
        /// What would make sense.
        expected: &'static str,
        /// What was given.
        found: f64,
    },
    /// A series that a method cannot be used on.
    #[error("{what}: {problem}; {remedy}")]
    Unusable {
        /// Which series.
        what: String,
        /// What is wrong with it.
        problem: String,
        /// What to change.
        remedy: &'static str,
    },
}

impl TailError {
    /// [`TailError::Number`].
    pub(crate) fn number(what: &str, expected: &'static str, found: f64) -> Self {
        Self::Number { what: what.to_owned(), expected, found }
    }

    /// Refuses fewer observations than are needed.
    ///
    /// # Errors
    /// [`TailError::TooShort`].
    pub fn need(what: &str, needs: usize, found: usize) -> Result<(), Self> {
        if found >= needs {
            return Ok(());
        }
        Err(Self::TooShort { what: what.to_owned(), needs, found })
    }
}
