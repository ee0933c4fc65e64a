//! Against margins that rise when nobody can pay: what each measure costs and what it saves.
//!
//! All work on a path of margins or of volatilities, each step from the path up to it, so that
//! anyone with the history finds the same. Some are always at or above the path they damp (buffer,
//! stress, floors), some lag behind it (cap, ramp) and pay with coverage.

mod beside;
mod floor;
mod stress;

use crate::TailError;
use crate::quantile::finite;
pub use beside::{Beside, beside};
pub use floor::{LongFloor, binding, no_less_than};
use serde::{Deserialize, Serialize};
pub use stress::{Stress, largest_before};

/// A measure, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Damper {
    /// A share on top, which may be used up while the path is above its first value: it is then
    /// held at what it was in the beginning, as long as that covers the path.
    Buffer {
        /// 0.25.
        share: f64,
    },
    /// A part of the path and a part of its own worst: the mean of the highest tenth so far, or
    /// the path where that is higher.
    StressWeight {
        /// 0.25.
        weight: f64,
    },
    /// Not below the mean of all of the path so far.
    ExpandingMean,
    /// Not below the mean of the last steps: ten years of days are 2,500 or 3,650.
    LongMean {
        /// How many.
        steps: usize,
    },
    /// Moves by no more than a part of itself a step; what is not reached is made up later.
    Cap {
        /// The largest rise: 0.05.
        rise: f64,
        /// The largest fall, below 1; 1 for none.
        fall: f64,
    },
    /// A change comes in equal parts over some steps: the mean of the last steps, the higher of
    /// two. Fewer steps up than down: rises soon, falls late.
    Ramp {
        /// How many steps a rise takes.
        up: usize,
        /// How many steps a fall takes.
        down: usize,
    },
}

/// Which part of a path is its worst.
const WORST_TENTH: f64 = 0.9;

impl Damper {
    /// The damped path.
    ///
    /// # Errors
    /// When a value is not a number above zero, or a number of the measure makes no sense.
    pub fn apply(&self, path: &[f64]) -> Result<Vec<f64>, TailError> {
        check(path)?;
        match *self {
            Self::Buffer { share } => buffer(path, share),
            Self::StressWeight { weight } => Stress::new(weight)?.of_own_worst(path, WORST_TENTH),
            Self::ExpandingMean => no_less_than(path, &floor::mean_of_last(path, path.len())),
            Self::LongMean { steps } => {
                at_least_one("steps of a floor", steps)?;
                no_less_than(path, &floor::mean_of_last(path, steps))
            }
            Self::Cap { rise, fall } => capped(path, rise, fall),
            Self::Ramp { up, down } => {
                at_least_one("steps up of a ramp", up)?;
                at_least_one("steps down of a ramp", down)?;
                let (up, down) = (floor::mean_of_last(path, up), floor::mean_of_last(path, down));
                no_less_than(&up, &down)
            }
        }
    }

    /// Several, one after the other.
    ///
    /// # Errors
    /// As [`Damper::apply`].
    pub fn apply_all(dampers: &[Self], path: &[f64]) -> Result<Vec<f64>, TailError> {
        check(path)?;
        dampers.iter().try_fold(path.to_vec(), |path, damper| damper.apply(&path))
    }
}

/// `(1 + share) base` while the base is not above its first value `f`; above it the same up to
/// `(1 + share) f`, and the base where that is higher.
fn buffer(path: &[f64], share: f64) -> Result<Vec<f64>, TailError> {
    if !(share >= 0.0 && share.is_finite()) {
        return Err(TailError::number("share of a buffer", "a number from 0, such as 0.25", share));
    }
    let Some(first) = path.first() else { return Ok(Vec::new()) };
    let held = (1.0 + share) * first;
    let damped = |base: &f64| {
        let full = (1.0 + share) * base;
        if base <= first { full } else { base.max(full.min(held)) }
    };
    Ok(path.iter().map(damped).collect())
}

fn capped(path: &[f64], rise: f64, fall: f64) -> Result<Vec<f64>, TailError> {
    if !(rise > 0.0 && rise.is_finite()) {
        return Err(TailError::number("rise of a cap", "a number above 0, such as 0.05", rise));
    }
    if !(fall > 0.0 && fall <= 1.0) {
        return Err(TailError::number("fall of a cap", "a number above 0, up to 1", fall));
    }
    let mut last = path.first().copied().unwrap_or_default();
    let mut next = |base: &f64| {
        last = base.max(last * (1.0 - fall)).min(last * (1.0 + rise));
        last
    };
    Ok(path.iter().map(&mut next).collect())
}

fn at_least_one(what: &str, steps: usize) -> Result<(), TailError> {
    if steps > 0 {
        return Ok(());
    }
    Err(TailError::number(what, "one or more", 0.0))
}

fn check(path: &[f64]) -> Result<(), TailError> {
    finite("value of a path", path)?;
    match path.iter().find(|one| **one <= 0.0) {
        None => Ok(()),
        Some(bad) => Err(TailError::number("value of a path", "a number above zero", *bad)),
    }
}

#[cfg(test)]
mod tests;
