//! Instruments and tickers to a market.
//!
//! A ticker has the index, the mark, and of an option its volatility and forward, under long names
//! or, in the list of all, under single letters. Confidences of the feeds are on chain only: no
//! reply has them.

use super::symbol::{self, VENUE};
use crate::imported::LeftOut;
use crate::json::At;
use crate::lots;
use keelmark_book::{
    Asset, Decimal, Detail, InputError, Instrument, Kind, Market, Price, Quantity, Quote, Timestamp,
};
use std::collections::BTreeMap;

const FILE: &str = "families/derive.toml";
const EMBEDDED: &str = include_str!("../../families/derive.toml");

/// What the venue says about one contract.
#[derive(Clone, Copy, Debug, Default)]
struct Fact {
    lot: Option<Quantity>,
    expiry: Option<Timestamp>,
}

/// A market in the making.
#[derive(Debug, Default)]
pub struct Listing<'a> {
    facts: BTreeMap<String, Fact>,
    lots: BTreeMap<String, Quantity>,
    listed: BTreeMap<String, (At<'a>, Instrument, Quote)>,
    /// Annual rates by name, where the pricing of an option has one.
    rates: BTreeMap<String, f64>,
    /// Prices of assets; those of tickers win.
    coins: BTreeMap<Asset, (bool, Decimal)>,
    /// What was left out.
    pub left: LeftOut,
}

impl<'a> Listing<'a> {
    /// Nothing but the embedded lots.
    ///
    /// # Errors
    /// [`InputError`] when they do not read; a test keeps that from happening.
    pub fn new() -> Result<Self, InputError> {
        let lots = lots::read(FILE, EMBEDDED, VENUE)?;
        Ok(Self { lots, ..Self::default() })
    }

    /// Takes the lot and the instant of expiry of a row that has them.
    ///
    /// # Errors
    /// [`InputError`] at the field that does not read.
    pub fn fact(&mut self, at: &At<'a>, name: &str) -> Result<(), InputError> {
        let lot = at.positive("amount_step")?.map(Quantity::new);
        let expiry = match at.get("option_details") {
            Some(details) => match details.positive("expiry")? {
                Some(seconds) => Some(instant(&details, seconds)?),
                None => None,
            },
            None => None,
        };
        let fact = self.facts.entry(name.to_owned()).or_default();
        fact.lot = lot.or(fact.lot);
        fact.expiry = expiry.or(fact.expiry);
        Ok(())
    }

    /// The instrument of a name.
    ///
    /// # Errors
    /// [`InputError`] when the name is none.
    pub fn instrument(&self, at: &At<'_>, name: &str) -> Result<Instrument, InputError> {
        let symbol = symbol::parse(name).map_err(|error| at.error(error))?;
        let fact = self.facts.get(name).copied().unwrap_or_default();
        let kind = match symbol.kind {
            Kind::Option { .. } => "option",
            Kind::Spot => "erc20",
            Kind::Perpetual | Kind::Future { .. } => "perp",
        };
        let lot = fact.lot.or_else(|| self.lots.get(kind).copied());
        let lot = lot.ok_or_else(|| at.error(format!("{FILE} has no lot of kind {kind:?}")))?;
        let mut instrument = symbol.instrument(name.to_owned(), Quantity::from_int(1), lot);
        if let (Some(instant), Kind::Option { expiry, .. }) = (fact.expiry, &mut instrument.kind) {
            *expiry = instant;
        }
        Ok(instrument)
    }

    /// Takes a ticker.
    ///
    /// # Errors
    /// [`InputError`] at the field that cannot be used.
    pub fn ticker(
        &mut self,
        name: &str,
        at: &At<'a>,
        as_of: Option<Timestamp>,
    ) -> Result<(), InputError> {
        let instrument = self.instrument(at, name)?;
        let Some(as_of) = at.millis("timestamp")?.or(at.millis("t")?).or(as_of) else {
            return Err(at.error("timestamp: expected milliseconds, found none: give --as-of"));
        };
        let either = |long: &str, short: &str| -> Result<Option<Decimal>, InputError> {
            Ok(at.positive(long)?.or(at.positive(short)?))
        };
        if let Some(index) = either("index_price", "I")? {
            self.coins.insert(instrument.base.clone(), (true, index));
        }
        let Some(mark) = either("mark_price", "M")? else {
            self.left.add("tickers", "no mark");
            return Ok(());
        };
        if instrument.expiry().is_some_and(|expiry| expiry <= as_of) {
            self.left.add("tickers", "expired");
            return Ok(());
        }
        let (mut iv, mut forward) = (None, None);
        if let Some(pricing) = at.get("option_pricing") {
            iv = pricing.positive("iv")?.or(pricing.positive("i")?).map(Decimal::to_f64);
            forward = pricing.positive("forward_price")?.or(pricing.positive("f")?).map(Price::new);
            if let Some(rate) = pricing.maybe("rate")?.or(pricing.maybe("r")?) {
                self.rates.insert(name.to_owned(), rate.to_f64());
            }
        }
        if instrument.is_option() && (iv.is_none() || forward.is_none()) {
            self.left.add("tickers", "no iv or forward_price");
            return Ok(());
        }
        let (bid, ask) = (either("best_bid_price", "b")?, either("best_ask_price", "a")?);
        let (bid, ask) = (bid.map(Price::new), ask.map(Price::new));
        let quote = Quote { mark: Price::new(mark), iv, forward, bid, ask, as_of };
        let row = (at.clone(), instrument, quote);
        if self.listed.insert(name.to_owned(), row).is_some() {
            return Err(at.error(format!("expected {name} once, found it a second time")));
        }
        Ok(())
    }

    /// A price of an asset that no ticker prices.
    pub fn coin(&mut self, asset: &Asset, price: Decimal) {
        self.coins.entry(asset.clone()).or_insert((false, price));
    }

    /// A perpetual that no ticker prices, with a mark from elsewhere; whether it was needed.
    ///
    /// # Errors
    /// [`InputError`] when the name is none.
    pub fn marked(
        &mut self,
        at: &At<'a>,
        name: &str,
        mark: Decimal,
        as_of: Timestamp,
    ) -> Result<bool, InputError> {
        let instrument = self.instrument(at, name)?;
        if self.listed.contains_key(name) || instrument.is_option() {
            return Ok(false);
        }
        let index = at.positive("index_price")?.unwrap_or(mark);
        self.coin(&instrument.base, index);
        let mark = Price::new(mark);
        let quote = Quote { mark, iv: None, forward: None, bid: None, ask: None, as_of };
        self.listed.insert(name.to_owned(), (at.clone(), instrument, quote));
        Ok(true)
    }

    /// When the latest ticker was sent.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.listed.values().map(|(_, _, quote)| quote.as_of).max()
    }

    /// The market.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn market(
        &mut self,
        as_of: Timestamp,
        notes: &mut Vec<String>,
    ) -> Result<Market, InputError> {
        let second = as_of.plus_nanos(-as_of.nanos().rem_euclid(1_000_000_000));
        let source = format!("Derive tickers, {} instruments, {second}", self.listed.len());
        let mut market = Market::new(as_of, Asset::usd(), &source);
        let dollar = Asset::new("USDC").map_err(|error| InputError::whole(VENUE, error))?;
        if !self.coins.contains_key(&dollar) {
            notes.push("USDC: taken as 1 USD, an assumption".to_owned());
            self.coin(&dollar, Decimal::ONE);
        }
        for (asset, (_, price)) in std::mem::take(&mut self.coins) {
            market
                .set_asset(asset, Price::new(price), as_of)
                .map_err(|error| InputError::whole(VENUE, error))?;
        }
        let (mut options, mut without) = (0usize, 0usize);
        for (at, instrument, quote) in std::mem::take(&mut self.listed).into_values() {
            let rate = self.rates.get(&instrument.venue_symbol).copied();
            without += usize::from(instrument.is_option() && rate.is_none());
            options += usize::from(instrument.is_option());
            let id = market.add(instrument, quote).map_err(|error| at.error(error))?;
            let detail = Detail { rate, ..Detail::default() };
            market.set_detail(id, detail).map_err(|error| at.error(error))?;
        }
        if without > 0 {
            notes.push(format!("{without} of {options} options have no rate in their tickers"));
        }
        if options > 0 {
            notes.push(
                "confidences of the feeds are on chain only, in no reply: they count as sure"
                    .to_owned(),
            );
        }
        Ok(market)
    }
}

/// An instant in seconds.
fn instant(at: &At<'_>, seconds: Decimal) -> Result<Timestamp, InputError> {
    let limit = Decimal::from_int(9_000_000_000);
    match seconds.in_steps_of(Decimal::ONE).filter(|_| seconds < limit) {
        Some(seconds) => Ok(Timestamp::from_millis(seconds * 1000)),
        None => Err(at.error(format!("expiry: expected seconds since 1970, found {seconds}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_lot() {
        let listing = Listing::new().unwrap();
        for kind in ["perp", "option", "erc20"] {
            assert!(listing.lots.contains_key(kind), "{kind}");
        }
    }
}
