//! What venues print, as they print it, into markets and portfolios.
//!
//! An importer takes the venue's own replies unchanged: a trader saves what the API answers and
//! hands it over. Fields that we do not use are ignored, because venues add them weekly; fields
//! that we use must be there and make sense, and an error names the row. Whatever is assumed or
//! taken from elsewhere is said in a note.
//!
//! It refuses to do: network, margin, and numbers of a venue in Rust. Lots and sizes are a document
//! (`families/deribit.toml`), which an instruments reply overrides.
//!
//! ```
//! use keelmark_venues::deribit;
//! let chain = br#"[{"instrument_name":"BTC-27MAR26-70000-C","mark_price":0.05,"mark_iv":50.0,
//!   "underlying_price":70000,"underlying_index":"BTC-27MAR26","estimated_delivery_price":69990,
//!   "creation_timestamp":1773428415531}]"#;
//! let imported = deribit::import(&[("chain.json", chain)], None)?;
//! let market = imported.market.expect("a chain makes a market");
//! assert_eq!(market.instruments.len(), 3); // perpetual, future of the underlying, option
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Modules: a folder a venue ([`binance`], [`bybit`], [`ccxt`], [`deribit`],
//! [`derive`](mod@derive), [`drift`], [`hyperliquid`], [`okx`]); [`spelling`] every venue's names,
//! [`grammar`] what they share, [`json`] replies as trees that know their places, [`imported`] what
//! replies become, [`lots`] where no reply has them, [`parameters`] a venue's tables as a document;
//! [`crif`] files of sensitivities.

mod assembly;
pub mod binance;
pub mod bybit;
pub mod ccxt;
pub mod crif;
pub mod deribit;
pub mod derive;
pub mod drift;
pub mod grammar;
pub mod hyperliquid;
pub mod imported;
pub mod json;
pub mod listed;
pub mod lots;
pub mod okx;
mod orders;
pub mod parameters;
pub mod spelling;
