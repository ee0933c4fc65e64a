//! ccxt: unified structures of any exchange to a market, an account and a parameter document.
//!
//! The unified symbol names base, quote and settle, so nothing is left to guess; the exchange is
//! an argument, since no structure says it. What an exchange puts into `total` of a balance
//! differs, and so does what its tiers are counted in: see [`Exchange`].
//!
//! Modules: [`reply`] recognition, `structures` each of them.

pub mod reply;
mod structures;

use crate::assembly::{Draft, in_order};
use crate::imported::{Figure, Imported, What, sides_together};
use crate::json::Tree;
use keelmark_book::{InputError, Market, Timestamp};
use reply::Content;
use structures::Read;

/// What the unified structures of an exchange leave open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its name in canonical symbols.
    pub name: &'static str,
    /// Whether `total` of a balance has the profit of open positions in it.
    pub total_has_profit: bool,
    /// Whether tiers are counted in contracts and hold for all of a position.
    pub tiers_of_contracts: bool,
    /// Our document of it.
    pub model: &'static str,
}

/// Exchanges whose ways are known.
pub const EXCHANGES: &[Exchange] = &[
    Exchange {
        name: "binance",
        total_has_profit: true,
        tiers_of_contracts: false,
        model: "binance-usdm",
    },
    Exchange {
        name: "bybit",
        total_has_profit: false,
        tiers_of_contracts: false,
        model: "bybit-cross",
    },
    Exchange {
        name: "okx",
        total_has_profit: true,
        tiers_of_contracts: true,
        model: "okx-multi-currency",
    },
];

/// What is taken of any other exchange.
const OTHER: Exchange =
    Exchange { name: "", total_has_profit: false, tiers_of_contracts: false, model: "cross" };

/// Imports unified structures, each with its name (for errors) and its bytes, of the exchange
/// `venue`.
///
/// # Errors
/// [`InputError`] at the file and row that cannot be used.
pub fn import(
    venue: &str,
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<Timestamp>,
) -> Result<Imported, InputError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if venue.is_empty() || !venue.chars().all(allowed) {
        let problem = format!("expected an exchange such as okx, found {venue:?}");
        return Err(InputError::whole("--exchange", problem));
    }
    let trees = Tree::all(files)?;
    let mut draft = Draft::new(venue);
    draft.time(as_of);
    let notes = &mut draft.notes;
    let replies = in_order(&trees, reply::recognise, Content::Nothing, notes)?;
    let exchange = EXCHANGES.iter().find(|one| one.name == venue).unwrap_or(&OTHER);
    let mut read = Read::new(venue, exchange, draft, market.is_some());
    for (content, rows) in &replies {
        read.structure(*content, rows)?;
    }
    let parameters = read.parameters();
    let mut reported = together(std::mem::take(&mut read.reported))?;
    reported.sort_by_key(|one| matches!(one.what, What::Liquidation(_)));
    let found = read.draft.build(market)?;
    Ok(Imported { parameters, reported, model: Some(exchange.model.to_owned()), ..found })
}

fn together(figures: Vec<Figure>) -> Result<Vec<Figure>, InputError> {
    sides_together(figures).map_err(|error| InputError::whole("positions", error))
}
