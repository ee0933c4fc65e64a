//! Documents and books through history: the scenarios of a dynamic document, a document's numbers
//! calibrated, and margin against what came the day after.
//!
//! Where things are, in the order of a backtest: [`history`] dated columns on one calendar;
//! [`world`] the market of each day, from that day and before; [`book`] positions that survive
//! years; [`dynamic`] a document made for a day; [`mod@walk`] margin of every day against the loss
//! that followed, in pieces of any order; [`report`] what came of it.
//!
//! Beside it: [`mod@calibrate`] a document's numbers from history, with their evidence;
//! [`portrait`] one series and its tail; [`methods`] the comparison in `docs/tail-methods.md`.
//!
//! It refuses to do: using what was not known on a day, and filling what a history does not have.
//!
//! ```
//! use keelmark_backtest::{dynamic, history};
//! use keelmark_margin::Document;
//! let model = Document::named("tail-es")?;
//! let day = "2026-03-13T19:00:00Z".parse()?;
//! let made = dynamic::dated(&model, &history::shipped()?, day)?;
//! assert!(model.unbound().next().is_some() && made.unbound().next().is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
