//! Binance: replies of its APIs to a market, accounts and a parameter document.
//!
//! Modules: [`symbol`] native names, [`reply`] recognition, `market` contracts and prices,
//! `account` holdings and requirements, `tiers` the venue's brackets.

mod account;
mod market;
pub mod reply;
pub mod symbol;
mod tiers;

use crate::assembly::{Draft, in_order};
use crate::imported::{Figure, Imported, What, sides_together};
use crate::json::{At, Tree};
use account::Accounts;
use keelmark_book::{InputError, Market, Timestamp};
use reply::Content;

/// Imports replies, each with its name (for errors) and its bytes.
///
/// Positions are of the contracts of the replies where these have prices, or else of `market`.
/// `as_of` is when they were sent, where they do not say it.
///
/// # Errors
/// [`InputError`] at the file and row that cannot be used.
pub fn import(
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<Timestamp>,
) -> Result<Imported, InputError> {
    let trees = Tree::all(files)?;
    let mut draft = Draft::new(symbol::VENUE);
    draft.time(as_of);
    let notes = &mut draft.notes;
    let replies = in_order(&trees, reply::recognise, Content::Nothing, notes)?;
    let one = |content: &Content| matches!(content, Content::Unified | Content::UnifiedBalance);
    let unified = replies.iter().any(|(content, _)| one(content));
    let mut accounts = Accounts::new(unified);
    let mut tables = tiers::Tables::default();
    for (content, rows) in &replies {
        read(*content, rows, &mut draft, &mut accounts, &mut tables)?;
    }
    accounts.done(&mut draft, market.is_some())?;
    let parameters = tables.parameters(&mut draft, unified);
    let mut reported = together(accounts.reported)?;
    reported.sort_by_key(|one| match one.what {
        What::Liquidation(_) => 2,
        What::Part { .. } => 1,
        _ => 0,
    });
    let found = draft.build(market)?;
    let model = |account: &str| match account {
        account::COIN => "binance-coinm",
        account::UNIFIED => "binance-unimmr",
        account::OPTIONS => "binance-options",
        _ => "binance-usdm",
    };
    let named = found.accounts.iter();
    let model_of = named.map(|one| (one.account.clone(), model(&one.account).to_owned())).collect();
    Ok(Imported { parameters, model_of, reported, ..found })
}

fn read<'a>(
    content: Content,
    rows: &[At<'a>],
    draft: &mut Draft<'a>,
    accounts: &mut Accounts<'a>,
    tables: &mut tiers::Tables<'a>,
) -> Result<(), InputError> {
    match content {
        Content::Contracts => market::contracts(rows, draft),
        Content::Options => market::options(rows, draft),
        Content::Marks => market::marks(rows, draft),
        Content::OptionMarks => market::option_marks(rows, draft),
        Content::Brackets => tables.brackets(rows),
        Content::Tiers => tables.tiers(rows, draft),
        Content::Account => accounts.account(rows, draft, account::LINEAR),
        Content::CoinAccount => accounts.account(rows, draft, account::COIN),
        Content::Balance => accounts.balance(rows, draft),
        Content::Unified => accounts.unified(rows, draft),
        Content::UnifiedBalance => account::unified_balance(rows, draft),
        Content::OptionAccount => accounts.options(rows, draft),
        Content::Orders => accounts.orders(rows, draft),
        Content::Positions => accounts.positions(rows, draft),
        Content::OptionPositions => accounts.option_positions(rows),
        Content::Nothing => Ok(()),
    }
}

fn together(figures: Vec<Figure>) -> Result<Vec<Figure>, InputError> {
    sides_together(figures).map_err(|error| InputError::whole("positions", error))
}
