//! Deribit: replies of its API to a market and an account.
//!
//! [`import`] takes any number of replies, recognises each by its fields and combines them: chains
//! to one market, positions and summaries to one account in it.
//!
//! Modules: [`symbol`] native names, [`families`] units and lots, [`reply`] recognition, [`rows`]
//! and [`chain`] book summaries, [`expiry`] forwards and volatilities, [`instruments`],
//! [`positions`], [`orders`], [`account`], [`identities`] of the account's numbers.

pub mod account;
pub mod chain;
pub mod expiry;
pub mod families;
pub mod identities;
pub mod instruments;
pub mod orders;
pub mod positions;
pub mod reply;
pub mod rows;
pub mod symbol;

pub use account::Reported;
pub use identities::{MarginModel, Summary, cross_row};

use crate::imported::{self, Figure, LeftOut};
use account::Account;
use families::Families;
use instruments::Facts;
use keelmark_book::{InputError, Market, Portfolio, Timestamp};
use orders::Open;
use positions::Held;
use reply::{Content, Reply};
use std::collections::BTreeMap;

/// What a set of replies holds.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The market of the chains, where there is one.
    pub market: Option<Market>,
    /// The account of positions and summaries, where there are any.
    pub account: Option<Portfolio>,
    /// What the venue reports about the account, a row a currency.
    pub reported: Vec<Reported>,
    /// What was assumed, derived or left out; the market's notes included.
    pub notes: Vec<String>,
}

/// Imports replies, each with its name (for errors) and its bytes.
///
/// Positions are of the instruments of the chains among the files, or else of `market`.
///
/// # Errors
/// [`InputError`] at the file and row that cannot be used.
pub fn import(files: &[(&str, &[u8])], market: Option<&Market>) -> Result<Imported, InputError> {
    let families = Families::embedded()?;
    let mut notes = Vec::new();
    let read = Read::all(files, &families, &mut notes)?;
    let made = match read.rows.as_slice() {
        [] => None,
        rows => Some(chain::market(rows, &read.facts, &families)?),
    };
    if let Some(made) = &made {
        notes.extend(made.notes.iter().cloned());
    }
    let account = if read.held.is_empty() && read.accounts.is_empty() && !read.ordered {
        None
    } else {
        Some(read.portfolio(made.as_ref().or(market), &mut notes)?)
    };
    let rows = read.accounts.into_iter().flat_map(|(_, account)| account.rows);
    let reported = rows.map(|(_, row)| row).collect();
    Ok(Imported { market: made, account, reported, notes })
}

/// As [`import`], in the shape of every venue: the figures that the venue reports as rows, and the
/// document of how the account is margined. The replies say themselves when they were sent.
///
/// # Errors
/// As [`import`].
pub fn replies(
    files: &[(&str, &[u8])],
    market: Option<&Market>,
    as_of: Option<Timestamp>,
) -> Result<imported::Imported, InputError> {
    let found = import(files, market)?;
    let mut notes = found.notes;
    if as_of.is_some() {
        notes.push("--as-of is not used: these replies say when they were sent".to_owned());
    }
    let mut out = imported::Imported { market: found.market, ..Default::default() };
    if let Some(account) = found.account {
        for row in &found.reported {
            let Some(model) = row.margin_model else {
                notes.push(format!("{}: no margin model in the reply, none of ours", row.currency));
                continue;
            };
            for figure in row.figures(&account.account, model) {
                let told = |known: &Figure| {
                    (&known.what, &known.currency) == (&figure.what, &figure.currency)
                };
                if !out.reported.iter().any(told) {
                    out.reported.push(figure);
                }
            }
            let named = (account.account.clone(), model.document().to_owned());
            if let Some(other) = out.model_of.insert(named.0, named.1.clone())
                && other != named.1
            {
                notes.push(format!("rows of {other} and of {}: ours is of the last", named.1));
            }
        }
        out.accounts.push(account);
    }
    out.notes = notes;
    Ok(out)
}

/// The files, read.
#[derive(Default)]
struct Read<'a> {
    rows: Vec<rows::Row>,
    facts: Facts,
    held: Vec<Held>,
    orders: Vec<Open>,
    /// Whether there is a reply of orders, of none too.
    ordered: bool,
    /// With the file of each.
    accounts: Vec<(&'a str, Account)>,
}

impl<'a> Read<'a> {
    fn all(
        files: &[(&'a str, &[u8])],
        families: &Families,
        notes: &mut Vec<String>,
    ) -> Result<Self, InputError> {
        let (mut read, mut left) = (Self::default(), LeftOut::default());
        for (file, bytes) in files {
            let reply = Reply::recognise(file, bytes)?;
            match reply.content {
                Content::BookSummary => read.rows.extend(rows::json(&reply)?),
                Content::BookSummaryCsv => read.rows.extend(rows::csv(file, bytes)?),
                Content::Instruments => {
                    let facts = instruments::read(&reply, families.expiry_hour, notes)?;
                    read.facts.extend(facts);
                }
                Content::Positions => read.held.extend(positions::read(&reply)?),
                Content::Orders => {
                    read.ordered = true;
                    read.orders.extend(orders::read(&reply, &mut left)?);
                }
                Content::AccountSummary | Content::AccountSummaries => {
                    read.accounts.push((*file, account::read(&reply, notes)?));
                }
                Content::Nothing => notes.push(format!("{file}: an empty list, nothing in it")),
            }
        }
        notes.extend(left.notes());
        Ok(read)
    }

    fn portfolio(
        &self,
        market: Option<&Market>,
        notes: &mut Vec<String>,
    ) -> Result<Portfolio, InputError> {
        let mut portfolio = Portfolio::new(&self.name());
        self.collateral(&mut portfolio, market, notes)?;
        let first = self.held.first().map(|one| (&one.file, &one.name));
        let first = first.or(self.orders.first().map(|one| (&one.file, &one.name)));
        if let (Some((file, name)), None) = (first, market) {
            let problem =
                format!("expected a market with {name}: give a book summary or a market too");
            return Err(InputError::whole(file, problem));
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for (held, market) in self.held.iter().zip(std::iter::repeat(market).flatten()) {
            if let Some(other) = seen.insert(&held.name, &held.file) {
                let problem =
                    format!("expected one position in {}, found another in {other}", held.name);
                return Err(InputError::pointer(&held.file, held.pointer.as_str(), problem));
            }
            portfolio.positions.push(held.position(market)?);
        }
        for (order, market) in self.orders.iter().zip(std::iter::repeat(market).flatten()) {
            portfolio.orders.push(order.order(market)?);
        }
        if self.held.iter().any(|held| held.settlement_price.is_some()) {
            notes.push(
                "positions: the balance holds futures profit up to the last daily settlement, so \
                 the entry price of a future held longer is that settlement's price"
                    .to_owned(),
            );
        }
        Ok(portfolio)
    }

    /// Own cash of each currency, once.
    fn collateral(
        &self,
        portfolio: &mut Portfolio,
        market: Option<&Market>,
        notes: &mut Vec<String>,
    ) -> Result<(), InputError> {
        let mut seen = BTreeMap::new();
        for (file, pointer, row) in self.currencies() {
            let error = |problem: String| InputError::pointer(file, pointer, problem);
            if let Some(other) = seen.insert(&row.currency, file) {
                let found = format!("found another in {other}");
                return Err(error(format!("expected one row of {}, {found}", row.currency)));
            }
            let cash = row.summary.cash().map_err(|overflow| error(overflow.to_string()))?;
            if cash.is_zero() {
                continue;
            }
            if market.is_some_and(|market| market.price(&row.currency).is_err()) {
                notes.push(format!("{}: held, but the market has no price for it", row.currency));
            }
            portfolio
                .deposit(row.currency.clone(), cash)
                .map_err(|overflow| error(overflow.to_string()))?;
        }
        Ok(())
    }

    fn currencies(&self) -> impl Iterator<Item = (&'a str, &str, &Reported)> {
        self.accounts.iter().flat_map(|(file, account)| {
            account.rows.iter().map(move |(pointer, row)| (*file, pointer.as_str(), row))
        })
    }

    /// `deribit`, with the venue's number of the account where it is printed.
    fn name(&self) -> String {
        match self.accounts.iter().find_map(|(_, account)| account.id) {
            Some(id) => format!("{}-{id}", symbol::VENUE),
            None => symbol::VENUE.to_owned(),
        }
    }
}
