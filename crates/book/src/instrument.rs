//! What is traded: one structured type, from which every spelling of a name is derived.

use crate::asset::Asset;
use keelmark_units::{Overflow, Price, Quantity, Round, Timestamp};
use serde::{Deserialize, Serialize};

/// A tradable contract at one venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// The venue, lower case: part of every key, since venues share spellings.
    pub venue: String,
    /// The venue's own spelling, for people to read.
    pub venue_symbol: String,
    /// What it is a contract on.
    pub base: Asset,
    /// What its strike and its underlying are priced in.
    pub quote: Asset,
    /// What it pays in; equal to `base` for inverse contracts.
    pub settle: Asset,
    /// Spot, perpetual, future or option.
    pub kind: Kind,
    /// Linear, spot and any option: base units per contract. Inverse perpetual and future: face
    /// in quote currency per contract.
    pub contract_size: Quantity,
    /// The smallest step of a position, in contracts.
    pub lot: Quantity,
}

/// The kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// The asset itself.
    Spot,
    /// A future without expiry.
    Perpetual,
    /// A dated future.
    Future {
        /// When it settles.
        expiry: Timestamp,
    },
    /// A European option.
    Option {
        /// When it settles.
        expiry: Timestamp,
        /// Exercise price, in quote currency.
        strike: Price,
        /// Call or put.
        right: Right,
    },
}

/// Which way an option pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Right {
    /// Pays above the strike.
    Call,
    /// Pays below the strike.
    Put,
}

impl Instrument {
    /// Whether it settles in its own base asset.
    #[must_use]
    pub fn is_inverse(&self) -> bool {
        self.settle == self.base && self.kind != Kind::Spot
    }

    /// Whether it is an option.
    #[must_use]
    pub fn is_option(&self) -> bool {
        matches!(self.kind, Kind::Option { .. })
    }

    /// When it settles; `None` for spot and perpetuals.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        match self.kind {
            Kind::Future { expiry } | Kind::Option { expiry, .. } => Some(expiry),
            Kind::Spot | Kind::Perpetual => None,
        }
    }

    /// Strike and right of an option.
    #[must_use]
    pub fn option_terms(&self) -> Option<(Price, Right)> {
        match self.kind {
            Kind::Option { strike, right, .. } => Some((strike, right)),
            _ => None,
        }
    }

    /// Size in base units of `contracts` at a mark: the coins that the position stands for.
    ///
    /// # Errors
    /// [`Overflow`] when an inverse future's mark is zero or the result does not fit.
    pub fn base_size(&self, contracts: Quantity, mark: Price) -> Result<Quantity, Overflow> {
        let size = self.contract_size.decimal();
        if self.is_inverse() && !self.is_option() {
            let face = contracts.decimal().times(size, Round::Nearest)?;
            return face.over(mark.decimal(), Round::Nearest).map(Quantity::new);
        }
        contracts.decimal().times(size, Round::Nearest).map(Quantity::new)
    }

    /// The whole number of lots in a quantity; `None` when it is off the lot or does not fit.
    #[must_use]
    pub fn lots(&self, quantity: Quantity) -> Option<i64> {
        quantity.decimal().in_steps_of(self.lot.decimal())
    }
}

impl Right {
    /// `C` or `P`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Call => 'C',
            Self::Put => 'P',
        }
    }
}
