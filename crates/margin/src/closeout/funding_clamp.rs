//! The largest funding rate: a multiple of the distance between the margin fractions.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `x/perpetuals/types/liquidity_tier.go`.

use super::{CloseoutError, Fractions, Integer, Toward, at_least};

/// The bound on the magnitude of a rate, in the parts that fractions count in: `factor` (in the
/// same parts) times the initial less the maintenance fraction, rounded down. Open interest does
/// not move it.
///
/// # Errors
/// When a number is below zero, or maintenance above initial.
pub fn most(fractions: &Fractions, factor: &Integer) -> Result<Integer, CloseoutError> {
    at_least("clamp factor", 0, factor)?;
    let distance = &fractions.initial - &fractions.maintenance_fraction()?;
    at_least("initial less maintenance fraction", 0, &distance)?;
    (factor * &distance).over(&fractions.whole, Toward::Down)
}
