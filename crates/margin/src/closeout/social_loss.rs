//! A loss that no fund covers, spread over those who hold the same market.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`. Both round
//! up: what is spread is never less than the loss.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// By how much the funding index moves, in quote a base unit, so that holders of both sides of a
/// perpetual pay `loss` (in quote quanta, of either sign). Sizes are in base quanta, of either
/// sign.
///
/// # Errors
/// [`CloseoutError::NoOpenInterest`] when nobody holds the market.
pub fn funding_index(
    loss: &Integer,
    long: &Integer,
    short: &Integer,
    places: &Places,
) -> Result<Integer, CloseoutError> {
    let held = long.abs() + short.abs();
    if held.is_zero() {
        return Err(CloseoutError::NoOpenInterest);
    }
    let per_unit =
        loss.abs().scaled(i64::from(places.base), Toward::Up)?.over(&held, Toward::Up)?;
    per_unit.scaled(Places::between(places.quote, places.funding), Toward::Up)
}

/// By how much the index of deposits falls so that depositors bear `loss`; both in token quanta.
/// Nothing without deposits.
///
/// # Errors
/// When a number is below zero.
pub fn deposit_index(
    loss: &Integer,
    deposits: &Integer,
    index: &Integer,
) -> Result<Integer, CloseoutError> {
    for (what, one) in [("loss", loss), ("deposits", deposits), ("index", index)] {
        at_least(what, 0, one)?;
    }
    if deposits.is_zero() {
        return Ok(Integer::default());
    }
    (index * loss).over(deposits, Toward::Up)
}
