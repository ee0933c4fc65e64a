//! How much of an account may be closed by now: a share that grows with time.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`. Every
//! division cuts.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// The pace of a liquidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Share that may be closed at once.
    pub initial: Integer,
    /// Slots in which the rest becomes free; zero frees all at once.
    pub duration: Integer,
    /// Below this shortage all is closed at once, in quote quanta.
    pub tiny: Integer,
}

impl Pace {
    /// The share of the present shortage that may be freed now: the share that time allows of the
    /// shortage at the start, less what has been freed, over the present shortage.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn share(
        &self,
        shortage: &Integer,
        freed: &Integer,
        slots: &Integer,
        places: &Places,
    ) -> Result<Integer, CloseoutError> {
        for (what, one) in [("shortage", shortage), ("margin freed", freed), ("slots", slots)] {
            at_least(what, 0, one)?;
        }
        let whole = Places::one(places.share)?;
        if *shortage < self.tiny || shortage.is_zero() {
            return Ok(whole);
        }
        let by_time = if self.duration.is_zero() {
            whole.clone()
        } else {
            (slots * &whole).over(&self.duration, Toward::Zero)?
        };
        let allowed = (by_time + &self.initial).min(whole.clone());
        let most = ((shortage + freed) * &allowed).over(&whole, Toward::Zero)?;
        let open = (&most - freed).max(Integer::default());
        (open * &whole).over(shortage, Toward::Zero)
    }
}
