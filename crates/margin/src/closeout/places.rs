//! The decimal places in which a contract counts: parameters of a protocol, not of the arithmetic.

use super::{CloseoutError, Integer};

/// Decimal places of each kind of number: 6 means that 1,000,000 is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// Prices.
    pub price: u32,
    /// Amounts of quote currency.
    pub quote: u32,
    /// Sizes of perpetual positions.
    pub base: u32,
    /// Weights and margin ratios.
    pub weight: u32,
    /// Fees of a liquidation, and multipliers made of them.
    pub fee: u32,
    /// Factors that scale weights by size.
    pub size_factor: u32,
    /// Shares of an account to close.
    pub share: u32,
    /// Funding indices, in quote currency a base unit.
    pub funding: u32,
    /// Places that weights gain while a liability is sized.
    pub guard: u32,
}

impl Places {
    /// One, in so many places.
    pub(super) fn one(places: u32) -> Result<Integer, CloseoutError> {
        Integer::ten_to(places)
    }

    /// The power of ten from some places to others.
    pub(super) fn between(from: u32, to: u32) -> i64 {
        i64::from(to) - i64::from(from)
    }
}
