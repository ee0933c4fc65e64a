//! The shapes that leave the process, shared word for word by CLI, REST and Python.
//!
//! A report is plain data: money, prices and quantities are decimal strings, ratios and Greeks are
//! JSON numbers because they are estimates, every amount has its currency beside it, and every
//! report says which model, which prices and which engine it is of. An instrument stands as both
//! `instrument` (canonical) and `venue_symbol`.
//!
//! Rejected: serialising margin's own types. They change with the computation; what has left the
//! process must not.
//!
//! It refuses to do: computing a requirement. It renames, converts and places side by side.
//!
//! ```
//! use keelmark_api::Context;
//! use keelmark_book::read;
//! use keelmark_margin::{Document, margin};
//! let market = read::market_csv("m.csv", b"instrument,mark,as_of
//! USDC,1,2026-03-13T19:00:00Z
//! ")?;
//! let book = read::book_csv("b.csv", b"account,instrument,qty
//! me,USDC,250
//! ", &market)?;
//! let document = Document::named("cross")?;
//! let found = margin(&document, &market, &book.accounts[0])?;
//! let report = Context::new(&market).account(&document, &book.accounts[0], &found)?;
//! assert_eq!(serde_json::to_value(&report)?["equity"], "250");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: [`account`] the report of one account, from its [`pool`]s; [`stamp`] what every report
//! says about its origin; [`whatif`], [`liquidation`], [`matrix`], [`compare`] and [`check`] the
//! other answers, with [`charged`] what models charge for in words that they share and [`impact`]
//! what a changed document does to a book; [`model`] what a document is; [`schema`] JSON Schema.

pub mod account;
pub mod charged;
pub mod check;
pub mod compare;
pub mod impact;
pub mod liquidation;
pub mod made;
pub mod matrix;
pub mod model;
pub mod pool;
pub mod schema;
pub mod stamp;
pub mod whatif;

pub use account::AccountReport;
pub use check::CheckReport;
pub use compare::{CompareReport, CompareRow};
pub use impact::ImpactReport;
pub use liquidation::LiquidationReport;
pub use matrix::MatrixReport;
pub use model::ModelInfo;
pub use pool::PoolReport;
pub use stamp::{Context, ENGINE_VERSION};
pub use whatif::WhatIfReport;
