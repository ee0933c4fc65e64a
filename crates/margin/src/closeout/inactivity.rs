//! The liquidator's fee, rising with the time for which nobody has acted on an account.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`.

use super::{CloseoutError, Integer, at_least};

/// How a liquidator's fee rises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RisingFee {
    /// The fee of an account that was active lately.
    pub base: Integer,
    /// The most that it rises to.
    pub most: Integer,
    /// Slots before it rises.
    pub grace: Integer,
    /// What each slot adds.
    pub per_slot: Integer,
}

impl RisingFee {
    /// The fee so many slots after the last activity. At the end of the grace period it jumps: all
    /// slots count then, those of the grace period too. The cap does not bind before.
    ///
    /// # Errors
    /// When the slots are below zero.
    pub fn after(&self, slots: &Integer) -> Result<Integer, CloseoutError> {
        at_least("slots elapsed", 0, slots)?;
        if *slots < self.grace {
            return Ok(self.base.clone());
        }
        Ok((&self.base + &(slots * &self.per_slot)).min(self.most.clone()))
    }
}
