//! Volatility from returns: what the next step is expected to be like.

pub mod blend;
pub mod ewma;
pub mod garch;
pub mod implied;
pub mod two_speed;

pub use ewma::Ewma;
pub use garch::Garch;
pub use implied::Implied;
pub use two_speed::TwoSpeed;
