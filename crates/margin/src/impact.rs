//! The price of a trade against a pool whose premium grows with its own imbalance.
//!
//! Source: `Synthetixio/synthetix-v3` `markets/perps-market`: the premium is skew over a scale, and
//! a trade pays the mean of the premium before and after it.

use crate::error::MarginError;
use keelmark_book::{Price, Quantity, Round};

/// What a trade of `size` pays a unit: `index (1 + (skew + size / 2) / scale)`, rounded against
/// whoever trades.
///
/// # Errors
/// When the scale is zero or a number does not fit.
pub fn fill_price(
    index: Price,
    skew: Quantity,
    scale: Quantity,
    size: Quantity,
) -> Result<Price, MarginError> {
    let round = if size.is_negative() { Round::Down } else { Round::Up };
    let half = size.decimal().over(keelmark_book::Decimal::from_int(2), round)?;
    let middle = skew.decimal().plus(half)?;
    let premium = index.decimal().times_over(middle, scale.decimal(), round)?;
    Ok(Price::new(index.decimal().plus(premium)?))
}
