//! Extreme values: what lies beyond a threshold, and how heavy the tail is.
//!
//! [`peaks`] takes what is above a threshold and gives `VaR` and `ES` of the tail fitted to it;
//! [`pareto`] is the law of the excesses and its two fits; [`hill`] is the tail index of the
//! largest values alone. Losses and gains are alike here: a caller turns the sign.

pub mod hill;
pub mod pareto;
pub mod peaks;

pub use hill::tail_index;
pub use pareto::{Estimator, Pareto};
pub use peaks::{Peaks, Tail};
