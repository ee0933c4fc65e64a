//! Documents and books through history: the scenarios of a dynamic document, a document's numbers
//! calibrated, and margin against what came the day after.

pub mod error;
pub mod history;
pub mod portrait;
pub mod report;

pub use error::BacktestError;
pub use history::{Factor, Histories, History};
