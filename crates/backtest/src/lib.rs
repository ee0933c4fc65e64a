//! Documents and books through history: the scenarios of a dynamic document, a document's numbers
//! calibrated, and margin against what came the day after.

pub mod book;
pub mod calibrate;
pub mod dynamic;
pub mod error;
pub mod history;
pub mod methods;
pub mod portrait;
pub mod report;
pub mod walk;
pub mod world;

pub use book::Book;
pub use error::BacktestError;
pub use history::{Factor, Histories, History};
pub use walk::{Settings, Walk};
pub use world::{Horizon, Rules, Smile, World};
