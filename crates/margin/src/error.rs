//! What can go wrong between a document, a market and an account.

use crate::expr::EvalError;
use crate::param::NoParam;
use keelmark_book::{Instrument, Overflow, market::MarketError};

/// A margin that cannot be computed, with what is missing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MarginError {
    /// The document has no number for an underlying.
    #[error(transparent)]
    NoParam(#[from] NoParam),
    /// The market has no price.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// A formula cannot be evaluated.
    #[error(transparent)]
    Formula(#[from] EvalError),
    /// A price is older than the document allows.
    #[error(
        "the price of {what} is {age_seconds:.0} s old, and the document allows {allowed:.0} s"
    )]
    Stale {
        /// The instrument or asset.
        what: String,
        /// Its age.
        age_seconds: f64,
        /// The document's limit.
        allowed: f64,
    },
    /// A quantity is not a whole number of lots.
    #[error("{instrument}: expected a multiple of the lot {lot}, found {quantity}")]
    OffTheLot {
        /// The instrument.
        instrument: String,
        /// Its lot.
        lot: String,
        /// What was found.
        quantity: String,
    },
    /// A debt in an asset without a usable price, where credits may be left out.
    #[error("{amount} {asset}: a token with a negative balance may not be skipped")]
    OwedWithoutPrice {
        /// The asset.
        asset: keelmark_book::Asset,
        /// What is owed, below zero.
        amount: keelmark_book::Money,
    },
    /// An option has expired at the time of the market.
    #[error("{instrument} expired before the market's time")]
    Expired {
        /// The instrument.
        instrument: String,
    },
    /// A number does not fit.
    #[error("{context}: {source}")]
    Overflow {
        /// What was being computed.
        context: String,
        /// The overflow.
        source: Overflow,
    },
    /// An isolated position settles in an asset that its pool cannot be counted in, and the like.
    #[error("{0}")]
    Unsupported(String),
}

impl MarginError {
    /// A position that no charge of a document's maintenance level is about.
    pub(crate) fn not_covered(document: &str, instrument: &Instrument) -> Self {
        Self::Unsupported(format!(
            "{document} has no charge about {}: it cannot be margined under this model",
            instrument.venue_symbol
        ))
    }
}

impl From<Overflow> for MarginError {
    fn from(source: Overflow) -> Self {
        Self::Overflow { context: "a sum or product".to_owned(), source }
    }
}
