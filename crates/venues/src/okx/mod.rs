//! OKX: replies of its API to a market, an account and a parameter document.
//!
//! Modules: [`symbol`] native names, [`reply`] recognition, `market` contracts and prices,
//! `account` holdings and requirements, `tiers` the venue's tables.

mod account;
mod market;
pub mod reply;
pub mod symbol;
mod tiers;

use crate::assembly::{Draft, in_order};
use crate::imported::{Figure, Imported, What, sides_together};
use crate::json::{At, Tree};
use account::Mode;
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
    let mut read = Read::new();
    read.draft.time(as_of);
    let notes = &mut read.draft.notes;
    let replies = in_order(&trees, reply::recognise, Content::Nothing, notes)?;
    let held = replies.iter().any(|(content, _)| *content == Content::Positions);
    for (content, rows) in replies {
        read.reply(content, &rows, held)?;
    }
    read.done(market)
}

struct Read<'a> {
    draft: Draft<'a>,
    tables: tiers::Tables<'a>,
    account: Vec<Figure>,
    printed: Vec<account::Printed>,
    mode: Option<Mode>,
}

impl<'a> Read<'a> {
    fn new() -> Self {
        Self {
            draft: Draft::new(symbol::VENUE),
            tables: tiers::Tables::default(),
            account: Vec::new(),
            printed: Vec::new(),
            mode: None,
        }
    }

    fn reply(&mut self, content: Content, rows: &[At<'a>], held: bool) -> Result<(), InputError> {
        let draft = &mut self.draft;
        match content {
            Content::Instruments => market::instruments(rows, draft),
            Content::MarkPrices => market::marks(rows, draft),
            Content::OptionSummary => market::options(rows, draft),
            Content::Indices => market::indices(rows, draft),
            Content::PositionTiers => self.tables.tiers(rows, draft),
            Content::Discounts => self.tables.discounts(rows, draft),
            Content::Balance => account::balance(rows, draft, &mut self.account),
            Content::Positions => {
                account::positions(rows, draft, &mut self.printed, &mut self.account)
            }
            Content::Orders => account::orders(rows, draft),
            Content::Builder => {
                self.mode = Some(Mode::Portfolio);
                account::builder(rows, draft, &mut self.account, !held)
            }
            Content::Config => {
                self.mode = account::config(rows, &mut draft.notes)?.or(self.mode);
                Ok(())
            }
            Content::Nothing => Ok(()),
        }
    }

    fn done(mut self, market: Option<&Market>) -> Result<Imported, InputError> {
        let repeats = account::repeats(&self.printed);
        if self.mode.is_none() && repeats {
            self.draft.notes.push(
                "positions: several of one unit repeat the same requirement, so the account is \
                 taken as portfolio margin, and they are not summed"
                    .to_owned(),
            );
        }
        let portfolio = match self.mode {
            Some(mode) => mode == Mode::Portfolio,
            None => repeats,
        };
        let parameters = self.tables.parameters(&mut self.draft, portfolio)?;
        let mut reported = self.account;
        reported.extend(together(account::parts(&self.printed, portfolio))?);
        reported.sort_by_key(|one| matches!(one.what, What::Liquidation(_)));
        let model = if portfolio { "okx-pm" } else { "okx-multi-currency" };
        let found = self.draft.build(market)?;
        Ok(Imported { parameters, reported, model: Some(model.to_owned()), ..found })
    }
}

fn together(figures: Vec<Figure>) -> Result<Vec<Figure>, InputError> {
    sides_together(figures).map_err(|error| InputError::whole("positions", error))
}
