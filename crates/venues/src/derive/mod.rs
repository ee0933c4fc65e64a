//! Derive: its names, and replies of its API to a market and subaccounts.
//!
//! [`import`] takes any number of replies in any order, recognises each by its fields and combines
//! them, subaccounts by their number.
//!
//! Modules: [`symbol`] native names, [`reply`] recognition, [`market`] instruments and tickers,
//! [`account`] subaccounts.

pub mod account;
pub mod market;
pub mod reply;
pub mod symbol;

use crate::imported::{Imported, LeftOut};
use crate::json::{At, Tree};
use account::Account;
use keelmark_book::{Asset, InputError, Market, Timestamp};
use market::Listing;
use reply::Reply;
use std::collections::BTreeMap;

/// Imports replies, each with its name (for errors) and its bytes.
///
/// Instruments are those of the tickers among the files, else those of `market`, else perpetuals at
/// the positions' own marks. `as_of` stands for the time of replies that do not say it.
///
/// # Errors
/// [`InputError`] at the file and row that cannot be used.
pub fn import(
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<Timestamp>,
) -> Result<Imported, InputError> {
    let trees = Tree::all(files)?;
    let replies: Vec<Reply<'_>> = trees.iter().map(Reply::recognise).collect::<Result<_, _>>()?;
    let mut read = Read { listing: Listing::new()?, accounts: BTreeMap::new(), notes: Vec::new() };
    read.listed(&replies, as_of)?;
    read.held(&replies)?;
    read.imported(market, as_of)
}

/// The replies, read.
struct Read<'a> {
    listing: Listing<'a>,
    accounts: BTreeMap<String, Account<'a>>,
    notes: Vec<String>,
}

impl<'a> Read<'a> {
    /// Facts first, since tickers need lots and instants of expiry.
    fn listed(
        &mut self,
        replies: &[Reply<'a>],
        as_of: Option<Timestamp>,
    ) -> Result<(), InputError> {
        for reply in replies {
            match reply {
                Reply::Instruments(rows) => {
                    rows.iter()
                        .try_for_each(|at| self.listing.fact(at, at.word("instrument_name")?))?;
                }
                Reply::Tickers(rows) => {
                    rows.iter().try_for_each(|(name, at)| self.listing.fact(at, name))?;
                }
                Reply::Nothing => {
                    self.notes.push("a reply is an empty list: nothing in it".to_owned());
                }
                _ => {}
            }
        }
        for reply in replies {
            if let Reply::Tickers(rows) = reply {
                rows.iter().try_for_each(|(name, at)| self.listing.ticker(name, at, as_of))?;
            }
        }
        Ok(())
    }

    fn held(&mut self, replies: &[Reply<'a>]) -> Result<(), InputError> {
        for reply in replies {
            match reply {
                Reply::Accounts(rows) => {
                    rows.iter().try_for_each(|at| self.account(at)?.take(at))?;
                }
                Reply::Positions(at) | Reply::Collaterals(at) | Reply::Orders(at) => {
                    self.account(at)?.take(at)?;
                }
                Reply::Margin(at) => {
                    let account = self.account(at)?;
                    let fields = ["pre_initial_margin", "pre_maintenance_margin"];
                    account.margins.get_or_insert((at.clone(), fields));
                }
                Reply::Instruments(_) | Reply::Tickers(_) | Reply::Nothing => {}
            }
        }
        Ok(())
    }

    /// The account of a reply, by the number of its subaccount.
    fn account(&mut self, at: &At<'a>) -> Result<&mut Account<'a>, InputError> {
        let name = match at.maybe("subaccount_id")? {
            Some(id) => format!("{}-{id}", symbol::VENUE),
            None => symbol::VENUE.to_owned(),
        };
        Ok(self.accounts.entry(name).or_default())
    }

    fn imported(
        mut self,
        given: Option<&Market>,
        as_of: Option<Timestamp>,
    ) -> Result<Imported, InputError> {
        let made = self.market(given, as_of)?;
        self.notes.extend(self.listing.left.notes());
        let market = made.as_ref().or(given);
        let (mut accounts, mut reported) = (Vec::new(), Vec::new());
        let mut left = LeftOut::default();
        for (name, account) in &self.accounts {
            reported.extend(account.figures(name)?);
            if let (None, Some(order)) = (market, account.orders.first()) {
                let name = order.label("instrument_name");
                let problem = format!("expected a market with {name}: add its ticker, or --prices");
                return Err(order.error(problem));
            }
            let empty = account.positions.is_empty()
                && account.collaterals.is_empty()
                && account.orders.is_empty();
            if let (Some(market), false) = (market, empty) {
                accounts.push(account.portfolio(name, market, &mut left)?);
            }
        }
        self.notes.extend(left.notes());
        let mut model_of = BTreeMap::new();
        for (name, account) in &self.accounts {
            match account.model() {
                Some(model) => _ = model_of.insert(name.clone(), model.to_owned()),
                None if market.is_some() => self.notes.push(format!(
                    "{name}: margin_type {:?}: expected SM, PM or PM2; --model says which is ours",
                    account.margin_type
                )),
                None => {}
            }
        }
        let notes = self.notes;
        Ok(Imported { market: made, accounts, model_of, reported, notes, ..Imported::default() })
    }

    fn market(
        &mut self,
        given: Option<&Market>,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Market>, InputError> {
        let latest = self.listing.latest();
        let held = self.accounts.values().flat_map(|one| &one.positions);
        let coins: Vec<At<'a>> =
            self.accounts.values().flat_map(|one| &one.collaterals).cloned().collect();
        let positions: Vec<At<'a>> = held.cloned().collect();
        if latest.is_none() && (given.is_some() || (coins.is_empty() && positions.is_empty())) {
            return Ok(None);
        }
        let Some(time) = latest.or(as_of) else {
            let problem = "expected a time: none of these replies has one, give --as-of";
            let first = positions.first().or(coins.first());
            let file = first.map_or(symbol::VENUE, At::file);
            return Err(InputError::whole(file, problem));
        };
        let mut own = Vec::new();
        for at in &positions {
            let (Some(mark), name) = (at.positive("mark_price")?, at.word("instrument_name")?)
            else {
                continue;
            };
            if at.amount("amount")?.is_zero() {
                continue;
            }
            if self.listing.marked(at, name, mark, time)? {
                own.push(name);
            }
        }
        for at in &coins {
            if let Some(price) = at.positive("mark_price")? {
                self.listing.coin(&asset(at)?, price);
            }
        }
        if !own.is_empty() {
            self.notes.push(format!("{}: no ticker; the mark is the position's", own.join(", ")));
        }
        self.listing.market(time, &mut self.notes).map(Some)
    }
}

fn asset(at: &At<'_>) -> Result<Asset, InputError> {
    at.asset("asset_name")
}
