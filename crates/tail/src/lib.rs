//! Returns to tail-risk margins and joint scenarios, and the tests of both.
//!
//! Everything here is an estimate: `f64`, from operations whose bits are the same on every machine
//! and every number of threads. What comes of it enters margin as a document's numbers or as the
//! scenarios of a scan, and is money only there.
//!
//! It refuses to do: reading clocks or files, and using a series that is too short, constant or
//! broken as if it were none of these.

pub mod breach;
pub mod correlation;
pub mod coverage;
pub mod crash;
pub mod cycle;
pub mod damp;
mod error;
pub mod extreme;
pub mod law;
pub mod liquidity;
pub mod measure;
pub mod method;
pub mod moments;
pub mod parametric;
pub mod quantile;
pub mod read;
pub mod scenario;
pub mod series;
mod solve;
pub mod standard;
pub mod vol;

pub use breach::Breaches;
pub use coverage::{Coverage, Transitions};
pub use cycle::Cycle;
pub use damp::Damper;
pub use error::TailError;
pub use measure::Side;
pub use method::{Method, Rolling};
pub use moments::Moments;
pub use quantile::Rule;
pub use series::{Returns, Series};
pub use standard::{STANDARD, TwoSpeedFiltered};
pub use vol::{Ewma, TwoSpeed};
