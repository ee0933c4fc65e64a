//! Margin models as documents, and what an account needs under them.
//!
//! Every margin model here is a linear map followed by a small nonlinear function: a document and
//! a market compile to a table with one row of integers per instrument; an account's exposure is
//! the exact sum of quantity times row; charges are small functions of that sum; a level is a
//! formula over charges. So netting is exact and free of order, and everything explains itself.
//!
//! Rejected: a model per venue in code. Venues change numbers without notice, and a user must be
//! able to ask "what if they did".
//!
//! It refuses to do: reading clocks, files or networks, and guessing a missing price or number.
//!
//! ```
//! use keelmark_book::read;
//! use keelmark_margin::{Document, margin};
//! let market = read::market_csv("market.csv", b"instrument,mark,as_of,contract_size,lot
//! BTC,70000,2026-03-13T19:00:00Z,,
//! USDC,1,2026-03-13T19:00:00Z,,
//! deribit:BTC/USDC:USDC,70000,2026-03-13T19:00:00Z,1,0.0001
//! ")?;
//! let book = read::book_csv("book.csv", b"account,instrument,qty,avg_price
//! me,USDC,50000,
//! me,deribit:BTC/USDC:USDC,1.5,69000
//! ", &market)?;
//! let found = margin(&Document::named("cross")?, &market, &book.accounts[0])?;
//! assert_eq!(found.total.equity.to_string(), "51500");
//! assert!(found.total.may_add_risk());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where things are, in the order of one question: [`document`] a model read and checked;
//! [`mod@table`] rows from market and document, with [`scan`] its scenarios and [`joint`] those
//! that history makes by the [`recipe`] that it has; [`pool`] an account divided; [`mod@equity`]
//! what it has, with [`collateral`]; [`exposure`] netting; [`charge`] one file a kind;
//! [`mod@margin`](margin()) the way down, levels and all; [`health`] the answer.
//!
//! Then [`mod@allocate`] its parts, [`distance`] to liquidation, the risk [`matrix`], [`whatif`],
//! the same in numbers alone ([`requirement`]), [`prepared`] for a pre-trade check and [`kept`]
//! from one question to the next; the [`mod@range`] of prices within which nothing can happen;
//! [`partial`] liquidation. Beside it: [`expr`] formulas and [`param`] numbers of documents,
//! [`shift`] numbers on their way to others; [`closeout`] what a position is closed for, in whole
//! quanta; [`sensitivities`] margin from deltas and vegas, given or our own. Rules around an
//! account that are no requirement: [`lending`], [`flow`] limits, [`impact`] of a trade,
//! [`unpriced`] holdings.

pub mod allocate;
pub mod charge;
pub mod closeout;
pub mod collateral;
pub mod distance;
pub mod document;
pub mod equity;
pub mod error;
mod evaluation;
pub mod exposure;
pub mod expr;
pub mod flow;
pub mod health;
pub mod impact;
pub mod joint;
pub mod kept;
pub mod lending;
mod margin;
pub mod matrix;
pub mod param;
pub mod partial;
pub mod pool;
pub mod prepared;
pub mod range;
pub mod recipe;
pub mod requirement;
pub mod scan;
pub mod sensitivities;
pub mod shift;
pub mod table;
pub mod unpriced;
pub mod whatif;

pub use allocate::{Allocation, allocate};
pub use document::Document;
pub use error::MarginError;
pub use exposure::Exposure;
pub use health::Health;
pub use margin::{
    AccountMargin, ChargeOutcome, LevelOutcome, PoolMargin, margin, margin_of_pool,
    margin_of_pools, pool_exposure,
};
pub use sensitivities::sensitivities_of;
pub use table::RiskTable;
