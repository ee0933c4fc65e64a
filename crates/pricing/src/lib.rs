//! From a market to values: Black-76, Greeks, implied volatility, forwards, moved markets.
//!
//! Options are priced on the forward of their own expiry with no rate and a 365-day year to the
//! second: that is what the venues' marks are, to the last digits they print. Values and Greeks
//! are estimates and so `f64`; they become integers when the risk table quantises them.
//!
//! It refuses to do: margin, and any number that a venue chose (those are in documents).
//!
//! ```
//! use keelmark_pricing::option::{Terms, value};
//! use keelmark_book::Right;
//! let terms = Terms { forward: 100.0, strike: 100.0, years: 1.0, vol: 0.2, right: Right::Call };
//! assert!((value(&terms) - 7.965_567).abs() < 1e-6);
//! ```
//!
//! Modules: [`average`] the part of a forward that is fixed, [`svi`] surfaces, [`option`] values
//! and Greeks, [`implied`] volatility from a price, [`parity`] the forward from a call and a put,
//! [`shock`] volatility moves by tenor and tilts, [`moved`] a market after a move.

pub mod average;
pub mod implied;
pub mod moved;
pub mod option;
pub mod parity;
pub mod shock;
pub mod svi;

pub use moved::Move;
pub use option::{Greeks, Terms};
