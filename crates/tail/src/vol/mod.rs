//! Volatility from returns: what the next step is expected to be like.

pub mod ewma;
pub mod two_speed;

pub use ewma::Ewma;
pub use two_speed::TwoSpeed;
pub mod garch;

pub use ewma::Ewma;
pub use garch::Garch;
