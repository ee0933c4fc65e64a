//! Hyperliquid: its names, and replies of its info endpoint to a market, accounts and a document.
//!
//! [`import`] takes any number of replies in any order and recognises each by its fields. No reply
//! of prices says when it was sent, so the account's time counts for all, or `--as-of`.
//!
//! Modules: [`symbol`] native names, [`reply`] recognition, [`market`] metas and contexts,
//! [`account`] positions, balances and orders, [`parameters`] margin tables.

pub mod account;
pub mod market;
pub mod parameters;
pub mod reply;
pub mod symbol;

use crate::imported::Imported;
use crate::json::{At, Tree};
use account::Held;
use keelmark_book::{InputError, Market, Timestamp};
use market::Listing;
use parameters::Tables;
use reply::Reply;

/// The built-in document of an account, over which margin tables are written.
const MODEL: &str = "hyperliquid";

/// Imports replies, each with its name (for errors) and its bytes.
///
/// Perpetuals are those of the contexts among the files, else those of `market`, else what is held
/// at the venue's own notional. `as_of` stands for the time of replies that do not say it.
///
/// # Errors
/// [`InputError`] at the file and row that cannot be used.
pub fn import(
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<Timestamp>,
) -> Result<Imported, InputError> {
    let trees = Tree::all(files)?;
    let mut read = Read { as_of, ..Read::default() };
    let mut replies = Vec::new();
    for tree in &trees {
        match Reply::recognise(tree)? {
            Some(reply) => replies.push(reply),
            None => read.notes.push("a reply is an empty list: nothing in it".to_owned()),
        }
    }
    read.metas(&replies)?;
    read.accounts(&replies)?;
    read.imported(market)
}

/// The replies, read.
#[derive(Default)]
struct Read<'a> {
    listing: Listing<'a>,
    tables: Tables,
    account: Option<At<'a>>,
    held: Vec<Held<'a>>,
    spot: Option<At<'a>>,
    orders: Vec<At<'a>>,
    as_of: Option<Timestamp>,
    notes: Vec<String>,
}

impl<'a> Read<'a> {
    /// Tokens first, since they name what perpetuals are margined in.
    fn metas(&mut self, replies: &[Reply<'a>]) -> Result<(), InputError> {
        for reply in replies {
            if let Reply::SpotMeta(meta) | Reply::SpotMetaAndContexts(meta, _) = reply {
                self.listing.tokens(meta)?;
            }
        }
        for reply in replies {
            match reply {
                Reply::SpotMetaAndContexts(meta, contexts) => self.listing.pairs(meta, contexts)?,
                Reply::Meta(meta) => self.listing.meta(meta)?,
                Reply::MetaAndContexts(meta, contexts) => {
                    self.listing.meta(meta)?;
                    self.listing.contexts(meta, contexts)?;
                }
                _ => {}
            }
        }
        for reply in replies {
            if let Reply::Meta(meta) | Reply::MetaAndContexts(meta, _) = reply {
                self.tables.read(meta, &self.listing)?;
            }
        }
        Ok(())
    }

    fn accounts(&mut self, replies: &[Reply<'a>]) -> Result<(), InputError> {
        for reply in replies {
            match reply {
                Reply::Account(at) => {
                    if self.account.is_some() {
                        return Err(at.error("expected one clearinghouseState, found another"));
                    }
                    self.as_of = at.millis("time")?.or(self.as_of);
                    self.held = account::held(at)?;
                    self.account = Some(at.clone());
                }
                Reply::SpotAccount(at) => {
                    if self.spot.is_some() {
                        return Err(at.error("expected one spotClearinghouseState, found another"));
                    }
                    self.spot = Some(at.clone());
                }
                Reply::Orders(rows) => self.orders.extend(rows.iter().cloned()),
                _ => {}
            }
        }
        Ok(())
    }

    fn imported(mut self, given: Option<&Market>) -> Result<Imported, InputError> {
        let made = self.market(given)?;
        let market = made.as_ref().or(given);
        let (mut accounts, mut reported) = (Vec::new(), Vec::new());
        let parameters = self.tables.parameters(self.as_of);
        if let Some(at) = &self.account {
            let Some(market) = market else {
                return Err(at.error("expected prices of what is held: give metaAndAssetCtxs too"));
            };
            accounts.push(account::portfolio(at, &self.held, market)?);
            reported = account::figures(at, &self.held, Some(market))?;
        }
        if let (Some(order), None) = (self.orders.first(), market) {
            let problem = "expected prices of what is ordered: give metaAndAssetCtxs too";
            return Err(order.error(problem));
        }
        let left = &mut self.listing.left;
        if let (false, Some(market)) = (self.orders.is_empty(), market) {
            if accounts.is_empty() {
                accounts.push(keelmark_book::Portfolio::new(symbol::VENUE));
            }
            let orders = account::orders(&self.orders, market, left)?;
            accounts.iter_mut().take(1).for_each(|one| one.orders.clone_from(&orders));
        }
        if let Some(at) = &self.spot {
            let spot = account::spot(at, market, left)?;
            if spot.is_some() {
                self.notes.push(
                    "the spot account stands alone: it supports perpetuals in portfolio margin \
                     only"
                        .to_owned(),
                );
            }
            accounts.extend(spot);
        }
        self.notes.extend(self.listing.left.notes());
        let model = self.account.as_ref().map(|_| MODEL.to_owned());
        let notes = self.notes;
        Ok(Imported {
            market: made,
            accounts,
            parameters,
            model,
            reported,
            notes,
            ..Imported::default()
        })
    }

    fn market(&mut self, given: Option<&Market>) -> Result<Option<Market>, InputError> {
        if !self.listing.has_prices() && given.is_some() {
            return Ok(None);
        }
        let mut own = Vec::new();
        for held in &self.held {
            let Some(mark) = held.mark else { continue };
            self.listing.held(&held.at, held.name, held.text)?;
            if self.listing.marked(&held.at, held.name, mark) {
                own.push(held.name);
            }
        }
        if !own.is_empty() {
            let own = own.join(", ");
            self.notes
                .push(format!("{own}: no context; the mark is the position's value over size"));
        }
        if !self.listing.has_prices() && self.account.is_none() && self.spot.is_none() {
            return Ok(None);
        }
        let Some(as_of) = self.as_of else {
            let problem = "expected a time: none of these replies has one, give --as-of";
            return Err(InputError::whole(symbol::VENUE, problem));
        };
        self.listing.market(as_of, &mut self.notes).map(Some)
    }
}
