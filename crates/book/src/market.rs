//! A dated snapshot of prices, with the age of every feed.
//!
//! A price that is missing stays missing: whoever needs it gets an error that names the
//! instrument. Nothing here defaults to zero.

use crate::asset::Asset;
use crate::detail::{Detail, check_confidence};
use crate::instrument::{Instrument, Kind};
use crate::instruments::{InstrumentId, Instruments};
use crate::lent::Lent;
use keelmark_units::{Decimal, Price, Quantity, Rate, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod stored;

/// Prices of assets and instruments at one time.
///
/// Stored with every field it has, in any format that serde knows; what is read back is checked as
/// if it had been added piece by piece. Spellings that instruments were taught are not stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Market {
    /// When the snapshot was taken: the latest of its feeds.
    pub as_of: Timestamp,
    /// Where the numbers come from, in words.
    pub source: String,
    /// What asset prices are in.
    pub currency: Asset,
    /// Index price of each asset, in `currency`.
    pub assets: BTreeMap<Asset, AssetPrice>,
    /// What is traded.
    pub instruments: Instruments,
    /// What the reader of the file should be told: unused columns and the like.
    pub notes: Vec<String>,
    quotes: Vec<Quote>,
    /// What few venues publish, by instrument; most have none.
    details: BTreeMap<InstrumentId, Detail>,
    /// Contracts open in each instrument, where the market says so.
    open_interest: BTreeMap<InstrumentId, Quantity>,
    /// Slower prices of assets and of instruments, and what lending pools have.
    pub(crate) slow: BTreeMap<Asset, Price>,
    pub(crate) slow_marks: BTreeMap<InstrumentId, Price>,
    pub(crate) lent: BTreeMap<Asset, Lent>,
    given: BTreeMap<InstrumentId, GivenRow>,
}

/// What a clearing organisation's own file says that one contract loses: a row of a risk table
/// that is taken as it is rather than priced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenRow {
    /// Loss of one contract held long in each scenario, in the settlement asset: a gain is below
    /// zero, and the contract's size is in it.
    pub losses: Vec<Decimal>,
    /// Delta of one contract held long, as spreads between months count it.
    pub delta: Decimal,
}

/// A given row has at most this many scenarios.
const MOST_SCENARIOS: usize = 256;

/// The index price of an asset and when it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetPrice {
    /// Price in the market's currency.
    pub price: Price,
    /// When the feed was last updated.
    pub as_of: Timestamp,
    /// How sure the feed is of it, 0 to 1; 1 where it does not say.
    pub confidence: Rate,
}

/// What the market says about one instrument.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// Mark in the instrument's own unit: coin for inverse options, quote currency otherwise.
    pub mark: Price,
    /// Implied volatility of the mark, as a fraction (0.5 is 50 %). Options only.
    pub iv: Option<f64>,
    /// Forward of the option's expiry, in quote currency. Options only.
    pub forward: Option<Price>,
    /// Best bid, in the mark's unit.
    pub bid: Option<Price>,
    /// Best ask, in the mark's unit.
    pub ask: Option<Price>,
    /// When the feed was last updated.
    pub as_of: Timestamp,
}

/// A price or volatility that cannot be used, or is not there.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MarketError {
    /// An asset has no index price.
    #[error("no price for {asset}: add a row for {asset} to the market")]
    NoAssetPrice {
        /// The asset.
        asset: Asset,
    },
    /// A quote is not usable.
    #[error("{instrument}: {problem}")]
    BadQuote {
        /// The venue's own spelling.
        instrument: String,
        /// What was expected and found.
        problem: String,
    },
}

impl Market {
    /// An empty market in a reporting currency, whose own price is 1.
    #[must_use]
    pub fn new(as_of: Timestamp, currency: Asset, source: &str) -> Self {
        let own = AssetPrice { price: Price::from_int(1), as_of, confidence: Rate::ONE };
        Self {
            as_of,
            source: source.to_owned(),
            assets: BTreeMap::from([(currency.clone(), own)]),
            currency,
            instruments: Instruments::default(),
            notes: Vec::new(),
            quotes: Vec::new(),
            details: BTreeMap::new(),
            open_interest: BTreeMap::new(),
            slow: BTreeMap::new(),
            slow_marks: BTreeMap::new(),
            lent: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }

    /// Sets the index price of an asset. The market's own currency is worth 1, now.
    ///
    /// # Errors
    /// When the price is not above zero, or not 1 for the market's own currency.
    pub fn set_asset(
        &mut self,
        asset: Asset,
        price: Price,
        as_of: Timestamp,
    ) -> Result<(), MarketError> {
        self.check_asset(&asset, price)?;
        self.assets.insert(asset, AssetPrice { price, as_of, confidence: Rate::ONE });
        self.seen(as_of);
        Ok(())
    }

    /// Whether an index price of an asset can be used.
    ///
    /// # Errors
    /// As [`Market::set_asset`].
    pub fn check_asset(&self, asset: &Asset, price: Price) -> Result<(), MarketError> {
        if !price.is_positive() {
            let problem = format!("expected a price above zero, found {price}");
            return Err(MarketError::BadQuote { instrument: asset.to_string(), problem });
        }
        if *asset == self.currency && price != Price::from_int(1) {
            let problem = format!("expected 1, since prices are in {asset}, found {price}");
            return Err(MarketError::BadQuote { instrument: asset.to_string(), problem });
        }
        Ok(())
    }

    /// Says how sure the feed of an asset that has a price is of it.
    ///
    /// # Errors
    /// When the asset has no price, or the confidence is not between 0 and 1.
    pub fn set_confidence(&mut self, asset: &Asset, confidence: Rate) -> Result<(), MarketError> {
        let bad = |problem| MarketError::BadQuote { instrument: asset.to_string(), problem };
        check_confidence("confidence", confidence).map_err(bad)?;
        let Some(feed) = self.assets.get_mut(asset) else {
            return Err(MarketError::NoAssetPrice { asset: asset.clone() });
        };
        feed.confidence = confidence;
        Ok(())
    }

    /// Sets the rate of an instrument's expiry, the fixed part of its forward, and how sure its
    /// feeds are.
    ///
    /// # Errors
    /// When a confidence is not between 0 and 1, the rate is not finite, or the fixed part is
    /// below zero or not below the forward.
    pub fn set_detail(&mut self, id: InstrumentId, detail: Detail) -> Result<(), MarketError> {
        detail.check(self.quote(id).forward).map_err(|problem| MarketError::BadQuote {
            instrument: self.instruments.get(id).venue_symbol.clone(),
            problem,
        })?;
        if detail == Detail::default() {
            self.details.remove(&id);
        } else {
            self.details.insert(id, detail);
        }
        Ok(())
    }

    /// What few venues publish about an instrument; certain and without a rate where nothing is.
    #[must_use]
    pub fn detail(&self, id: InstrumentId) -> Detail {
        self.details.get(&id).copied().unwrap_or_default()
    }

    /// How sure the index feed of an asset is; 1 for an asset without one.
    #[must_use]
    pub fn confidence(&self, asset: &Asset) -> Rate {
        self.assets.get(asset).map_or(Rate::ONE, |feed| feed.confidence)
    }

    /// Time passes: the market is as old as the latest that was seen of it, be it that nothing
    /// came. Its own currency is never older.
    pub fn seen(&mut self, as_of: Timestamp) {
        self.as_of = self.as_of.max(as_of);
        if let Some(own) = self.assets.get_mut(&self.currency) {
            own.as_of = self.as_of;
        }
    }

    /// Adds an instrument with its quote.
    ///
    /// # Errors
    /// When the quote cannot be used (zero, crossed, negative volatility, expired …) or the
    /// instrument is there already.
    pub fn add(
        &mut self,
        instrument: Instrument,
        quote: Quote,
    ) -> Result<InstrumentId, MarketError> {
        let name = instrument.venue_symbol.clone();
        let bad = |problem: String| MarketError::BadQuote { instrument: name.clone(), problem };
        check_instrument(&instrument).map_err(bad)?;
        check_quote(&instrument, &quote).map_err(bad)?;
        self.register(instrument, quote)
    }

    /// Adds an instrument whose row is given. Nothing prices it, so its quote needs no volatility
    /// and no forward, and the mark of a future may be of either sign.
    ///
    /// # Errors
    /// As [`Market::add`], and when the row has no scenarios or too many.
    pub fn add_given(
        &mut self,
        instrument: Instrument,
        quote: Quote,
        row: GivenRow,
    ) -> Result<InstrumentId, MarketError> {
        let name = instrument.venue_symbol.clone();
        let bad = |problem: String| MarketError::BadQuote { instrument: name.clone(), problem };
        check_instrument(&instrument).map_err(bad)?;
        check_times_and_spread(&instrument, &quote).map_err(bad)?;
        if instrument.is_option() && quote.mark.is_negative() {
            return Err(bad(format!("mark: expected zero or more, found {}", quote.mark)));
        }
        check_row(&row).map_err(bad)?;
        let id = self.register(instrument, quote)?;
        self.given.insert(id, row);
        Ok(id)
    }

    /// The row that was given for an instrument, where one was.
    #[must_use]
    pub fn given(&self, id: InstrumentId) -> Option<&GivenRow> {
        self.given.get(&id)
    }

    fn register(
        &mut self,
        instrument: Instrument,
        quote: Quote,
    ) -> Result<InstrumentId, MarketError> {
        let name = instrument.venue_symbol.clone();
        let bad = |problem: String| MarketError::BadQuote { instrument: name.clone(), problem };
        let id = self.instruments.add(instrument).ok_or_else(|| {
            bad("expected each instrument once, found it a second time".to_owned())
        })?;
        self.seen(quote.as_of);
        self.quotes.push(quote);
        Ok(id)
    }

    /// Replaces the quote of an instrument.
    ///
    /// # Errors
    /// When the quote cannot be used.
    pub fn set_quote(&mut self, id: InstrumentId, quote: Quote) -> Result<(), MarketError> {
        self.check_quote(id, &quote)?;
        self.quotes[id.index()] = quote;
        Ok(())
    }

    /// Whether a quote of an instrument can be used.
    ///
    /// # Errors
    /// When it cannot, saying why.
    pub fn check_quote(&self, id: InstrumentId, quote: &Quote) -> Result<(), MarketError> {
        let instrument = self.instruments.get(id);
        let check = if self.given.contains_key(&id) { check_times_and_spread } else { check_quote };
        check(instrument, quote).map_err(|problem| MarketError::BadQuote {
            instrument: instrument.venue_symbol.clone(),
            problem,
        })
    }

    /// Replaces the quote of an instrument by one derived from a quote that was checked.
    pub fn set_quote_unchecked(&mut self, id: InstrumentId, quote: Quote) {
        self.quotes[id.index()] = quote;
    }

    /// The quote of an instrument.
    #[must_use]
    pub fn quote(&self, id: InstrumentId) -> &Quote {
        &self.quotes[id.index()]
    }

    /// Sets how many contracts of an instrument are open, counting one side.
    ///
    /// # Errors
    /// When it is below zero.
    pub fn set_open_interest(
        &mut self,
        id: InstrumentId,
        contracts: Quantity,
    ) -> Result<(), MarketError> {
        if contracts.is_negative() {
            return Err(MarketError::BadQuote {
                instrument: self.instruments.get(id).venue_symbol.clone(),
                problem: format!("open_interest: expected zero or more, found {contracts}"),
            });
        }
        self.open_interest.insert(id, contracts);
        Ok(())
    }

    /// How many contracts of an instrument are open; `None` where the market does not say.
    #[must_use]
    pub fn open_interest(&self, id: InstrumentId) -> Option<Quantity> {
        self.open_interest.get(&id).copied()
    }

    /// The index price of an asset, in the market's currency.
    ///
    /// # Errors
    /// [`MarketError::NoAssetPrice`] when there is none.
    pub fn price(&self, asset: &Asset) -> Result<Price, MarketError> {
        self.assets
            .get(asset)
            .map(|feed| feed.price)
            .ok_or_else(|| MarketError::NoAssetPrice { asset: asset.clone() })
    }
}

fn check_row(row: &GivenRow) -> Result<(), String> {
    let found = row.losses.len();
    if found == 0 || found > MOST_SCENARIOS {
        return Err(format!("risk_array: expected 1 to {MOST_SCENARIOS} losses, found {found}"));
    }
    Ok(())
}

fn check_instrument(instrument: &Instrument) -> Result<(), String> {
    let (settle, quote) = (&instrument.settle, &instrument.quote);
    if settle != quote && *settle != instrument.base {
        return Err(format!(
            "settle: expected {} or {quote}, found {settle}: contracts that pay in a third asset \
             are not supported",
            instrument.base
        ));
    }
    for (what, size) in [("contract_size", instrument.contract_size), ("lot", instrument.lot)] {
        if !size.is_positive() {
            return Err(format!("{what}: expected a size above zero, found {size}"));
        }
    }
    Ok(())
}

fn check_times_and_spread(instrument: &Instrument, quote: &Quote) -> Result<(), String> {
    if let Some(expiry) = instrument.expiry()
        && expiry < quote.as_of
    {
        return Err(format!("expired at {expiry}, but the price is as of {}", quote.as_of));
    }
    if let (Some(bid), Some(ask)) = (quote.bid, quote.ask)
        && bid > ask
    {
        return Err(format!("crossed: bid {bid} is above ask {ask}"));
    }
    Ok(())
}

fn check_quote(instrument: &Instrument, quote: &Quote) -> Result<(), String> {
    check_times_and_spread(instrument, quote)?;
    let Kind::Option { .. } = instrument.kind else {
        if !quote.mark.is_positive() {
            return Err(format!("mark: expected a price above zero, found {}", quote.mark));
        }
        return Ok(());
    };
    if quote.mark.is_negative() {
        return Err(format!("mark: expected zero or more, found {}", quote.mark));
    }
    match quote.iv {
        Some(iv) if iv.is_finite() && iv > 0.0 && iv < 100.0 => {}
        Some(iv) => {
            return Err(format!(
                "iv: expected a volatility between 0 and 100 (1 is 100 %), found {iv}"
            ));
        }
        None => return Err("iv: expected a volatility, found none".to_owned()),
    }
    match quote.forward {
        Some(forward) if forward.is_positive() => Ok(()),
        Some(forward) => Err(format!("forward: expected a price above zero, found {forward}")),
        None => Err("forward: expected the forward of its expiry, found none".to_owned()),
    }
}
