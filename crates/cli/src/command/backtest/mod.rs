//! `keelmark backtest`.

mod page;
pub use page::page;
