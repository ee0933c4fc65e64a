//! Volatility from returns: what the next step is expected to be like.

pub mod ewma;

pub use ewma::Ewma;
