//! Exact numbers with units: money, price, quantity, rate and time.
//!
//! A margin engine that adds dollars to coins, or rounds a requirement down, is wrong in a way no
//! test of a formula finds. So every amount here is a scaled integer ([`Decimal`], 18 places)
//! inside a type that says what it counts, and every operation that cannot be exact takes a
//! [`Round`]. Requirements round [`Round::Up`], values and credits round [`Round::Down`].
//!
//! Rejected: `f64` (0.1 is not a number it has, and the sum depends on the order), and a decimal
//! whose scale floats per value (its rounding place moves with the data).
//!
//! It refuses to do: currency conversion without a price, silent overflow (every product says
//! [`Overflow`]), and reading a clock.
//!
//! ```
//! use keelmark_units::{Price, Quantity, Round};
//! let mark: Price = "71048.7".parse()?;
//! let size: Quantity = "-0.25".parse()?;
//! assert_eq!(mark.times(size, Round::Down)?.to_string(), "-17762.175");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: [`decimal`] the carrier and its arithmetic, [`text`] decimal text in and out,
//! [`typed`] the units on top of it, [`time`] instants and durations.

pub mod decimal;
pub mod text;
pub mod time;
pub mod typed;

pub use decimal::{Decimal, Overflow, Round};
pub use text::ParseDecimalError;
pub use time::{Timestamp, TimestampError};
pub use typed::{Money, Price, Quantity, Rate};
