//! Close-out arithmetic in integers: what a position is closed for, who pays, and in what order.
//!
//! Contracts settle in whole quanta, and a rule that is exact there is wrong by one wherever a
//! fraction is rounded the other way. So everything here takes [`Integer`]s and gives them back,
//! each division says where it rounds, and a price that has no end in decimals is a [`Ratio`].
//! Prices and sizes of 64 bits times a fraction pass 128 bits, hence integers without a bound.
//!
//! Two families of contracts are covered. *Fractions of notional*: [`requirement`] and
//! [`standing`] say what an account lacks, [`bankruptcy`], [`fillable`] and [`insurance`] what its
//! positions are closed for, [`funding_clamp`] what funding may be. *Weights*: [`size_weight`] and
//! [`spot_orders`] say what an account has, [`shortage`] and [`transfer`] how much is closed,
//! [`pace`] how fast, [`insurance_fee`] and [`inactivity`] for what fee, [`social_loss`] who pays
//! what is left. The decimal places of a contract's numbers are a [`Places`], and what else a
//! protocol fixes stands in the `[rules]` of its document too: [`rules`].
//!
//! It refuses to do: reading markets, and guessing a missing number.
//!
//! ```
//! use keelmark_margin::closeout::{Integer, Standing};
//! let of = |net: i64, maintenance: i64| Standing::new(net, 0, maintenance);
//! assert!(of(75, 100).is_liquidatable() && !of(100, 100).is_liquidatable());
//! // The riskiest first: 75 over 100 is less than 160 over 200.
//! assert!(of(75, 100).risk_order(&of(160, 200)).is_gt());
//! assert_eq!(Integer::from(7).over(&Integer::from(2), keelmark_margin::closeout::Toward::Up)?,
//!     Integer::from(4));
//! # Ok::<(), keelmark_margin::closeout::CloseoutError>(())
//! ```

pub mod bankruptcy;
pub mod fillable;
pub mod funding_clamp;
pub mod inactivity;
pub mod insurance;
pub mod insurance_fee;
mod integer;
pub mod pace;
mod places;
mod ratio;
pub mod requirement;
pub mod rules;
pub mod shortage;
pub mod size_weight;
pub mod social_loss;
pub mod spot_orders;
pub mod standing;
pub mod transfer;

pub use integer::{Integer, Toward};
pub use places::Places;
pub use ratio::Ratio;
pub use requirement::{Contract, Fractions, OpenInterestScale, Perpetual};
pub use standing::{Account, Position, Standing};

/// A close-out that cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CloseoutError {
    /// A loss has nobody to be spread over.
    #[error("cannot resolve: no open interest")]
    NoOpenInterest,
    /// An account without a maintenance requirement has no share of it to give a position.
    #[error("cannot close: expected a maintenance requirement above zero, found {maintenance}")]
    NoMaintenance {
        /// What was found.
        maintenance: Integer,
    },
    /// Closing frees nothing once fees are paid.
    #[error("cannot cover: fees take all that a unit closed would free")]
    NothingFreed,
    /// A change that does not close.
    #[error(
        "expected a change against the position of {position} and no larger than it, found {change}"
    )]
    NotAClose {
        /// Size of the position.
        position: Integer,
        /// The change.
        change: Integer,
    },
    /// The account does not hold the position.
    #[error("expected the index of one of {held} positions, found {index}")]
    NoPosition {
        /// Index asked for.
        index: usize,
        /// How many there are.
        held: usize,
    },
    /// A number below what it can be.
    #[error("{what}: expected {least} or more, found {found}")]
    TooSmall {
        /// Which number.
        what: &'static str,
        /// The least it can be.
        least: Integer,
        /// What was found.
        found: Integer,
    },
    /// A division by zero.
    #[error("division by zero: expected a divisor other than zero")]
    DivisionByZero,
    /// A power of ten that no contract counts in.
    #[error("expected a power of ten between -{most} and {most}, found {found}")]
    Power {
        /// The largest magnitude.
        most: u32,
        /// What was found.
        found: i64,
    },
}

/// Refuses a number below the least that it can be.
pub(crate) fn at_least(
    what: &'static str,
    least: i64,
    found: &Integer,
) -> Result<(), CloseoutError> {
    let least = Integer::from(least);
    if *found < least {
        return Err(CloseoutError::TooSmall { what, least, found: found.clone() });
    }
    Ok(())
}
