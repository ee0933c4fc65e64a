//! How one account's trouble becomes everyone's, and what stops it.
//!
//! Everything here is a model, and so an estimate: `f64` in the units of its inputs, from
//! operations whose bits are the same on every machine. What is booked is in `liquidation`.
//!
//! - [`game`]: who comes to a liquidation, for which bonus, and how large a fund must be
//! - [`history`]: what the records of a bad day say: waves, dislocations, depth
//!
//! ```
//! use keelmark_systemic::game::Keepers;
//! // Ten keepers, a prize of 100: at a cost of 5 an auction stands empty once in 28 times ...
//! let cheap = Keepers { count: 10, prize: 100.0, cost: 5.0 }.entry()?;
//! assert!((cheap.nobody - 0.0358).abs() < 1e-4);
//! // ... and at a cost of 80 three times in four.
//! let dear = Keepers { count: 10, prize: 100.0, cost: 80.0 }.entry()?;
//! assert!(dear.nobody > 0.75);
//! # Ok::<(), keelmark_systemic::ModelError>(())
//! ```

pub mod game;
pub mod history;

/// A number that a model makes no sense of.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what}: expected {expected}, found {found}")]
pub struct ModelError {
    /// Which.
    pub what: &'static str,
    /// What would make sense.
    pub expected: &'static str,
    /// What was given.
    pub found: f64,
}

/// Refuses a number that is not finite or does not pass.
pub(crate) fn need(
    what: &'static str,
    found: f64,
    expected: &'static str,
    passes: impl Fn(f64) -> bool,
) -> Result<(), ModelError> {
    if found.is_finite() && passes(found) {
        return Ok(());
    }
    Err(ModelError { what, expected, found })
}
