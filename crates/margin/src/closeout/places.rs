//! The decimal places in which a contract counts: parameters of a protocol, not of the arithmetic.

use super::{CloseoutError, Integer};
use crate::document::Document;
use crate::error::MarginError;

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
    /// The places that a document's `[rules]` name: `price_places`, `quote_places` and so on.
    ///
    /// # Errors
    /// When one is missing or no whole number.
    pub fn of(document: &Document) -> Result<Self, MarginError> {
        Ok(Self {
            price: document.whole_rule("price_places")?,
            quote: document.whole_rule("quote_places")?,
            base: document.whole_rule("base_places")?,
            weight: document.whole_rule("weight_places")?,
            fee: document.whole_rule("fee_places")?,
            size_factor: document.whole_rule("size_factor_places")?,
            share: document.whole_rule("share_places")?,
            funding: document.whole_rule("funding_places")?,
            guard: document.whole_rule("guard_places")?,
        })
    }

    /// One, in so many places.
    pub(super) fn one(places: u32) -> Result<Integer, CloseoutError> {
        Integer::ten_to(places)
    }

    /// The power of ten from some places to others.
    pub(super) fn between(from: u32, to: u32) -> i64 {
        i64::from(to) - i64::from(from)
    }
}
