//! Bybit: its names, and replies of its v5 API to a market, an account and a parameter document.
//!
//! [`import`] takes any number of replies in any order, recognises each by its fields and combines
//! them. Nothing is needed but what is asked for: positions alone have their own marks, and lots
//! are known without the instruments reply.
//!
//! Modules: [`symbol`] native names, [`reply`] recognition, [`contracts`] what a name stands for,
//! [`market`] tickers, [`wallet`], [`positions`], [`parameters`] risk limits and collateral ratios.

pub mod contracts;
pub mod market;
pub mod parameters;
pub mod positions;
pub mod reply;
pub mod symbol;
pub mod wallet;

use crate::imported::{Figure, Imported, What};
use crate::json::Tree;
use contracts::Contracts;
use keelmark_book::{InputError, Market, Money, Portfolio, Timestamp};
use market::Prices;
use parameters::{BASE, PORTFOLIO, Tables};
use positions::Held;
use reply::{Content, Reply};
use std::collections::BTreeMap;
use wallet::Wallet;

/// The name of the account: the venue's replies have none.
const ACCOUNT: &str = symbol::VENUE;

/// Imports replies, each with its name (for errors) and its bytes.
///
/// Contracts are those of the tickers among the files, else those of `market`, else the positions'
/// own marks. `as_of` stands for the time of replies that were saved without their envelope.
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
    Read::all(&replies, as_of)?.imported(&replies, market)
}

/// The replies, read.
struct Read<'a> {
    contracts: Contracts,
    wallet: Option<Wallet<'a>>,
    held: Vec<Held<'a>>,
    tables: Tables<'a>,
    /// How the account is margined, where a reply says it.
    mode: &'a str,
    as_of: Option<Timestamp>,
    notes: Vec<String>,
}

impl<'a> Read<'a> {
    fn all(replies: &[Reply<'a>], as_of: Option<Timestamp>) -> Result<Self, InputError> {
        let of = |content| replies.iter().filter(move |reply| reply.content == content);
        let latest = replies.iter().filter_map(|reply| reply.time).max();
        let mut read = Self {
            contracts: Contracts::new()?,
            wallet: None,
            held: Vec::new(),
            tables: Tables::default(),
            mode: of(Content::AccountInfo)
                .flat_map(|reply| &reply.rows)
                .map(|row| row.label("marginMode"))
                .next_back()
                .unwrap_or_default(),
            as_of: latest.or(as_of),
            notes: Vec::new(),
        };
        of(Content::Instruments).try_for_each(|reply| read.contracts.read(reply))?;
        for reply in of(Content::Wallet) {
            if read.wallet.is_some() {
                let at =
                    reply.rows.first().map(|row| row.error("expected one wallet, found another"));
                return Err(at.unwrap_or_else(|| InputError::whole(ACCOUNT, "two wallets")));
            }
            read.wallet = Some(wallet::read(reply, ACCOUNT)?);
        }
        let isolated = read.mode == "ISOLATED_MARGIN";
        for reply in of(Content::Positions) {
            read.held.extend(positions::read(reply, &read.contracts, isolated)?);
        }
        for content in [Content::RiskLimits, Content::CollateralTiers, Content::CollateralInfo] {
            for reply in of(content) {
                read.tables.read(reply, &mut read.notes)?;
            }
        }
        for reply in replies {
            let file = reply.rows.first().map_or(ACCOUNT, crate::json::At::file);
            if reply.content == Content::Nothing {
                read.notes.push("a reply is an empty list: nothing in it".to_owned());
            }
            if reply.more {
                read.notes.push(format!("{file}: the venue has more pages of it (nextPageCursor)"));
            }
        }
        Ok(read)
    }

    fn imported(
        mut self,
        replies: &[Reply<'a>],
        given: Option<&Market>,
    ) -> Result<Imported, InputError> {
        let made = self.market(replies, given)?;
        let market = made.as_ref().or(given);
        let mut reported = Vec::new();
        let orders = replies.iter().any(|reply| reply.content == Content::Orders);
        let account = if self.held.is_empty() && self.wallet.is_none() && !orders {
            None
        } else {
            reported = self.wallet.as_ref().map(|one| one.figures.clone()).unwrap_or_default();
            Some(self.portfolio(replies, market)?)
        };
        // Without the wallet there is nothing to liquidate but an isolated position.
        let whole = self.wallet.is_some();
        let known = self.held.iter().filter(|held| whole || held.own.is_some());
        reported.extend(known.filter_map(liquidation));
        let wallet = self.wallet.as_ref();
        let portfolio = self.mode == "PORTFOLIO_MARGIN"
            || (self.mode.is_empty() && wallet.is_some_and(|wallet| wallet.portfolio));
        let lacking: Vec<&str> = self
            .held
            .iter()
            .filter(|held| !held.instrument.is_option())
            .map(|held| held.instrument.venue_symbol.as_str())
            .filter(|name| !self.tables.has_limits(name))
            .collect();
        if !portfolio && !self.tables.is_empty() && !lacking.is_empty() {
            self.notes.push(format!("{}: no risk limits in the replies", lacking.join(", ")));
        }
        let parameters = self.tables.parameters(wallet, portfolio, &mut self.notes)?;
        let base = if portfolio { PORTFOLIO } else { BASE };
        let model = account.is_some().then(|| base.to_owned());
        let (accounts, notes) = (account.into_iter().collect(), self.notes);
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

    /// The market of the tickers, or of the positions where neither they nor another is given.
    fn market(
        &mut self,
        replies: &[Reply<'a>],
        given: Option<&Market>,
    ) -> Result<Option<Market>, InputError> {
        let tickers: Vec<&Reply<'a>> =
            replies.iter().filter(|reply| reply.content == Content::Tickers).collect();
        if tickers.is_empty() && (given.is_some() || self.held.is_empty()) {
            return Ok(None);
        }
        let Some(as_of) = self.as_of else {
            let row = tickers.iter().flat_map(|reply| &reply.rows).next();
            let at = row.or(self.held.first().map(|held| &held.at));
            let problem = "expected the whole reply with its time, found its result alone: give \
                 --as-of";
            return Err(at.map_or_else(
                || InputError::whole(ACCOUNT, problem),
                |at| InputError::whole(at.file(), problem),
            ));
        };
        let mut prices = Prices::default();
        for reply in tickers {
            prices.tickers(reply, &self.contracts, reply.time.unwrap_or(as_of))?;
        }
        if let Some(wallet) = &self.wallet {
            wallet::prices(wallet, &mut prices, as_of)?;
        }
        let mut own = Vec::new();
        for held in &self.held {
            let Some(mark) = held.mark else { continue };
            if prices.marked(&held.at, held.instrument.clone(), mark, as_of) {
                own.push(held.instrument.venue_symbol.as_str());
            }
        }
        if !own.is_empty() {
            self.notes.push(format!("{}: no ticker; the mark is the position's", own.join(", ")));
        }
        self.notes.extend(prices.left.notes());
        prices.market(&mut self.notes)
    }

    fn portfolio(
        &mut self,
        replies: &[Reply<'a>],
        market: Option<&Market>,
    ) -> Result<Portfolio, InputError> {
        let mut portfolio = Portfolio::new(ACCOUNT);
        for coin in self.wallet.iter().flat_map(|wallet| &wallet.coins) {
            if coin.amount.is_zero() {
                continue;
            }
            let priced = market.is_none_or(|market| market.price(&coin.asset).is_ok());
            if !priced {
                let dust = coin.at.maybe("usdValue")?.unwrap_or_default().is_zero();
                if !dust {
                    return Err(coin
                        .at
                        .error(format!("no price for {}: add a ticker of it", coin.asset)));
                }
                self.notes.push(format!("{} {}: left out, worth nothing", coin.amount, coin.asset));
                continue;
            }
            portfolio
                .deposit(coin.asset.clone(), coin.amount)
                .map_err(|error| coin.at.error(error))?;
        }
        let Some(market) = market else {
            let rows = replies.iter().filter(|reply| reply.content == Content::Orders);
            let order = rows.flat_map(|reply| &reply.rows).next();
            return order.map_or(Ok(portfolio), |order| {
                Err(order
                    .error("expected a market of what is ordered: add its ticker, or --prices"))
            });
        };
        self.positions(&mut portfolio, market)?;
        let mut left = crate::imported::LeftOut::default();
        for reply in replies.iter().filter(|reply| reply.content == Content::Orders) {
            portfolio.orders.extend(positions::orders(reply, &self.contracts, market, &mut left)?);
        }
        self.notes.extend(left.notes());
        Ok(portfolio)
    }

    fn positions(&mut self, portfolio: &mut Portfolio, market: &Market) -> Result<(), InputError> {
        let mut sides: BTreeMap<(String, bool), Vec<&Held<'a>>> = BTreeMap::new();
        for held in &self.held {
            let of = sides.entry((held.instrument.to_string(), held.own.is_some())).or_default();
            if let Some(other) =
                of.iter().find(|one| one.size.is_negative() == held.size.is_negative())
            {
                let name = &held.instrument.venue_symbol;
                let file = other.at.file();
                return Err(held.at.error(format!(
                    "expected one position a side in {name}, found another in {file}"
                )));
            }
            of.push(held);
        }
        for held in sides.values() {
            let (position, mut banked) = positions::netted(held, market)?;
            if let Some(one) = held.first().filter(|_| held.len() > 1) {
                let left =
                    position.as_ref().map_or(keelmark_book::Quantity::ZERO, |one| one.quantity);
                self.notes.push(format!(
                    "{}: both sides of hedge mode are one position of {left}",
                    one.instrument.venue_symbol
                ));
            }
            for one in held {
                // The wallet holds the margin of isolated positions too.
                banked = banked
                    .minus(one.own.unwrap_or(Money::ZERO))
                    .map_err(|error| one.at.error(error))?;
            }
            if let Some(one) = held.first().filter(|_| !banked.is_zero() && self.wallet.is_some()) {
                let settle = one.instrument.settle.clone();
                portfolio.deposit(settle, banked).map_err(|error| one.at.error(error))?;
            }
            portfolio.positions.extend(position);
        }
        Ok(())
    }
}

/// The price at which the venue says that a position is liquidated.
fn liquidation(held: &Held<'_>) -> Option<Figure> {
    Some(Figure {
        account: ACCOUNT.to_owned(),
        what: What::Liquidation(held.instrument.to_string()),
        currency: held.instrument.quote.clone(),
        value: held.liquidation?,
    })
}
