//! Volatility from returns: what the next step is expected to be like.

pub mod ewma;
pub mod garch;

pub use ewma::Ewma;
pub use garch::Garch;
