//! Volatility from returns: what the next step is expected to be like.

pub mod ewma;
pub mod garch;
pub mod two_speed;

pub use ewma::Ewma;
pub use garch::Garch;
pub use two_speed::TwoSpeed;
