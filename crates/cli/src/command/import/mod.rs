//! `import`: a venue's own replies into our formats, its margin beside ours.
//!
//! A file a venue; [`replies`] is what they share.

mod binance;
mod bybit;
mod ccxt;
mod crif;
mod deribit;
mod derive;
mod hyperliquid;
mod okx;
mod replies;
mod span;

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::{Args, Subcommand};
use keelmark_book::{Book, Market, write};
use std::path::Path;

/// Arguments of `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    venue: Venue,
}

#[derive(Debug, Subcommand)]
enum Venue {
    /// OKX: instruments, marks, indices, options, tiers, discounts, balance, positions, orders
    Okx(replies::ReplyArgs),
    /// Binance: exchangeInfo, premiumIndex, brackets, accounts, positions, orders of every service
    Binance(replies::ReplyArgs),
    /// Bybit: tickers, instruments, risk limits, collateral, wallet, positions, orders
    Bybit(replies::ReplyArgs),
    /// Deribit: book summaries, instruments, positions, open orders, account summaries
    Deribit(replies::ReplyArgs),
    /// Derive: instruments, tickers, subaccounts, positions, collaterals, open orders, margins
    Derive(replies::ReplyArgs),
    /// Hyperliquid: meta, asset contexts, margin tables, perpetual and spot accounts, open orders
    Hyperliquid(replies::ReplyArgs),
    /// Any exchange, as ccxt has it: markets, tickers, Greeks, tiers, balance, positions, orders
    Ccxt(ccxt::CcxtArgs),
    /// CRIF: sensitivities of any number of portfolios, an account each
    Crif(crif::CrifArgs),
    /// A 16-scenario risk-parameter file of listed derivatives: `.spn` (XML) or `.pa2`
    Span(span::SpanArgs),
}

/// Runs `import`.
pub fn run(arguments: &ImportArgs, screen: Screen) -> Result<Answer, Failure> {
    match &arguments.venue {
        Venue::Binance(arguments) => binance::run(arguments, screen),
        Venue::Ccxt(arguments) => ccxt::run(arguments, screen),
        Venue::Crif(arguments) => crif::run(arguments, screen),
        Venue::Okx(arguments) => okx::run(arguments, screen),
        Venue::Bybit(arguments) => bybit::run(arguments, screen),
        Venue::Deribit(arguments) => deribit::run(arguments, screen),
        Venue::Derive(arguments) => derive::run(arguments, screen),
        Venue::Hyperliquid(arguments) => hyperliquid::run(arguments, screen),
        Venue::Span(arguments) => span::run(arguments, screen),
    }
}

/// A market as the name of its file asks for: JSON or CSV.
fn market_text(file: &str, market: &Market) -> String {
    if is_json(file) { write::market_json(market) } else { write::market_csv(market) }
}

/// A book likewise.
fn book_text(file: &str, book: &Book, market: &Market) -> String {
    if is_json(file) { write::book_json(book, market) } else { write::book_csv(book, market) }
}

fn is_json(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

fn save(file: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("{file}: cannot write: {error}")))
}
