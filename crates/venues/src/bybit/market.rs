//! Tickers to a market.
//!
//! The dollar price of a coin is, in order: `usdIndexPrice` of a spot ticker, the index of an
//! inverse contract, what the wallet counts the coin at (`usdValue` over `equity`), the index of an
//! option or a linear contract times the price of its settlement coin. USDT is the quotient of the
//! BTC indices of the inverse and the USDT contract where nothing prints it, and 1 where neither is
//! there, which is said.

use super::contracts::{Contracts, category};
use super::reply::Reply;
use super::symbol::VENUE;
use crate::imported::LeftOut;
use crate::json::At;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Kind, Market, Price, Quote, Round, Timestamp,
};
use std::collections::BTreeMap;

/// A price of a coin in dollars, the better sources first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The venue's own dollar index.
    Index,
    /// Index of an inverse contract.
    Inverse,
    /// What the wallet counts it at.
    Wallet,
    /// Index of an option.
    Option,
    /// Index of a linear contract times the price of what it settles in.
    Linear,
}

/// A contract with its prices.
#[derive(Clone, Debug)]
pub struct Listed<'a> {
    /// Its row, for errors.
    pub at: At<'a>,
    /// The contract.
    pub instrument: Instrument,
    /// Its prices.
    pub quote: Quote,
}

/// A market in the making.
#[derive(Debug, Default)]
pub struct Prices<'a> {
    listed: BTreeMap<String, Listed<'a>>,
    coins: BTreeMap<Asset, (Rank, Decimal, Timestamp)>,
    /// Indices in what a linear contract settles in: coin, then settlement.
    linear: BTreeMap<(Asset, Asset), (Decimal, Timestamp)>,
    /// What was left out.
    pub left: LeftOut,
}

impl<'a> Prices<'a> {
    /// Takes the rows of a ticker reply.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn tickers(
        &mut self,
        reply: &Reply<'a>,
        contracts: &Contracts,
        as_of: Timestamp,
    ) -> Result<(), InputError> {
        for row in &reply.rows {
            let name = row.word("symbol")?;
            let category = category(row, reply.category);
            let instrument =
                contracts.instrument(category, name).map_err(|error| row.error(error))?;
            self.index(row, &instrument, as_of)?;
            let spot = instrument.kind == Kind::Spot;
            let mark = row.positive(if spot { "lastPrice" } else { "markPrice" })?;
            let iv = row.positive("markIv")?.map(Decimal::to_f64);
            let forward = row.positive("underlyingPrice")?.map(Price::new);
            if instrument.expiry().is_some_and(|expiry| expiry <= as_of) {
                self.left.add("tickers", "expired");
                continue;
            }
            let Some(mark) = mark else {
                self.left.add("tickers", "no mark");
                continue;
            };
            if instrument.is_option() && (iv.is_none() || forward.is_none()) {
                self.left.add("tickers", "no markIv or underlyingPrice");
                continue;
            }
            let side = |name| Ok::<_, InputError>(row.positive(name)?.map(Price::new));
            let (bid, ask) = (side("bid1Price")?, side("ask1Price")?);
            let quote = Quote { mark: Price::new(mark), iv, forward, bid, ask, as_of };
            let key = instrument.to_string();
            let listed = Listed { at: row.clone(), instrument, quote };
            if let Some(other) = self.listed.insert(key, listed) {
                let file = other.at.file();
                return Err(row.error(format!("expected {name} once, found another in {file}")));
            }
        }
        Ok(())
    }

    fn index(&mut self, row: &At<'_>, of: &Instrument, as_of: Timestamp) -> Result<(), InputError> {
        if let Some(price) = row.positive("usdIndexPrice")? {
            self.coin(&of.base, Rank::Index, price, as_of);
        }
        let Some(price) = row.positive("indexPrice")? else { return Ok(()) };
        match of.kind {
            Kind::Spot => {}
            Kind::Option { .. } => self.coin(&of.base, Rank::Option, price, as_of),
            _ if of.is_inverse() => self.coin(&of.base, Rank::Inverse, price, as_of),
            _ => _ = self.linear.insert((of.base.clone(), of.settle.clone()), (price, as_of)),
        }
        Ok(())
    }

    /// A price of a coin, unless a better one is known.
    pub fn coin(&mut self, asset: &Asset, rank: Rank, price: Decimal, as_of: Timestamp) {
        if self.coins.get(asset).is_none_or(|(known, _, at)| (rank, as_of) < (*known, *at)) {
            self.coins.insert(asset.clone(), (rank, price, as_of));
        }
    }

    /// A contract that no ticker prices, with a mark from elsewhere; whether it was needed.
    pub fn marked(
        &mut self,
        at: &At<'a>,
        instrument: Instrument,
        mark: Price,
        as_of: Timestamp,
    ) -> bool {
        let key = instrument.to_string();
        if self.listed.contains_key(&key) || instrument.is_option() {
            return false;
        }
        let pair = (instrument.base.clone(), instrument.settle.clone());
        if instrument.is_inverse() {
            self.coin(&instrument.base, Rank::Linear, mark.decimal(), as_of);
        } else {
            self.linear.entry(pair).or_insert((mark.decimal(), as_of));
        }
        let quote = Quote { mark, iv: None, forward: None, bid: None, ask: None, as_of };
        self.listed.insert(key, Listed { at: at.clone(), instrument, quote });
        true
    }

    /// The market; `None` without contracts.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn market(mut self, notes: &mut Vec<String>) -> Result<Option<Market>, InputError> {
        let Some(as_of) = self.listed.values().map(|one| one.quote.as_of).max() else {
            return Ok(None);
        };
        self.stable(as_of, notes);
        for ((base, settle), (index, at)) in std::mem::take(&mut self.linear) {
            let Some((_, price, _)) = self.coins.get(&settle) else { continue };
            let Ok(dollars) = index.times(*price, Round::Nearest) else { continue };
            self.coin(&base, Rank::Linear, dollars, at);
        }
        let second = as_of.plus_nanos(-as_of.nanos().rem_euclid(1_000_000_000));
        let source = format!("Bybit v5/market/tickers, {} contracts, {second}", self.listed.len());
        let mut market = Market::new(as_of, Asset::usd(), &source);
        let whole = |error: keelmark_book::market::MarketError| InputError::whole(VENUE, error);
        for (asset, (_, price, at)) in self.coins {
            if asset != market.currency {
                market.set_asset(asset, Price::new(price), at).map_err(whole)?;
            }
        }
        for Listed { at, instrument, quote } in self.listed.into_values() {
            market.add(instrument, quote).map_err(|error| at.error(error))?;
        }
        Ok(Some(market))
    }

    /// The dollar prices of USDT and USDC.
    fn stable(&mut self, as_of: Timestamp, notes: &mut Vec<String>) {
        let mut assumed = Vec::new();
        for name in ["USDT", "USDC"] {
            let Ok(stable) = Asset::new(name) else { continue };
            if self.coins.contains_key(&stable) {
                continue;
            }
            let derived = Asset::new("BTC").ok().and_then(|btc| {
                let (_, dollars, _) =
                    self.coins.get(&btc).filter(|(rank, ..)| *rank <= Rank::Inverse)?;
                let (index, _) = self.linear.get(&(btc, stable.clone()))?;
                dollars.over(*index, Round::Nearest).ok().filter(|one| one.is_positive())
            });
            if let Some(price) = derived {
                notes.push(format!(
                    "{name}: {price} USD, the BTC index in USD over the one in {name}"
                ));
                self.coin(&stable, Rank::Linear, price, as_of);
            } else {
                self.coin(&stable, Rank::Linear, Decimal::ONE, as_of);
                assumed.push(name);
            }
        }
        if !assumed.is_empty() {
            notes.push(format!("{}: taken as 1 USD, an assumption", assumed.join(" and ")));
        }
    }
}
