//! Auctions: what is asked at a moment, how much a bid takes, and what it pays.
//!
//! - [`batch`]: sealed bids for shares, cleared at one price
//! - [`curve`]: prices that fall with time, and when an auction starts anew
//! - [`lot`]: a lot of collateral sold for a debt, in part or whole
//! - [`portfolio`]: shares of a whole account, solvent or not

pub mod batch;
pub mod curve;
pub mod lot;
pub mod portfolio;

pub use curve::{Curve, Reset};
pub use lot::{Lot, Sale, Taken, Unsold};
pub use portfolio::{Buffer, Standing};
