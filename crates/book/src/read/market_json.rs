//! A market as JSON: schema `keelmark/market/1`.

use super::number::{JsonNumber, json};
use super::unique::unique;
use crate::asset::Asset;
use crate::detail::Detail;
use crate::input::InputError;
use crate::instrument::Kind;
use crate::lent::Lent;
use crate::market::{GivenRow, Market, MarketError, Quote};
use crate::symbol::Symbol;
use keelmark_units::{Money, Price, Quantity, Rate, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The schema's name, the first field of the file.
pub const SCHEMA: &str = "keelmark/market/1";

/// A dated snapshot of prices.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarketFile {
    /// `keelmark/market/1`.
    schema: String,
    /// When the snapshot was taken, RFC 3339.
    as_of: Timestamp,
    /// Where the numbers come from.
    #[serde(default)]
    source: String,
    /// What asset prices are in; USD when absent.
    currency: Option<Asset>,
    /// Index price of each asset.
    #[serde(deserialize_with = "unique")]
    assets: BTreeMap<Asset, AssetEntry>,
    /// Each instrument with its quote.
    instruments: Vec<InstrumentEntry>,
}

/// The index price of an asset.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AssetEntry {
    /// Price in the market's currency.
    price: JsonNumber,
    /// When the feed was last updated; the market's time when absent.
    as_of: Option<Timestamp>,
    /// A slower price, for models that count assets at the lower and debts at the higher of two.
    slow: Option<JsonNumber>,
    /// What a lending pool holds of it, in units of the asset.
    deposits: Option<JsonNumber>,
    /// What a lending pool has lent of it, in units of the asset.
    borrows: Option<JsonNumber>,
    /// How sure the feed is, 0 to 1; 1 when absent.
    confidence: Option<JsonNumber>,
}

/// An instrument with its quote.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct InstrumentEntry {
    /// Canonical symbol, such as `deribit:BTC/USD:BTC-260327-70000-C`.
    instrument: String,
    /// The venue's own spelling.
    venue_symbol: Option<String>,
    /// Base units a contract; face in quote currency for inverse futures.
    contract_size: JsonNumber,
    /// Smallest step of a position, in contracts.
    lot: JsonNumber,
    /// The instant of expiry where it is not 08:00 UTC of the symbol's date.
    expiry: Option<Timestamp>,
    /// Mark, in the instrument's own unit.
    mark: JsonNumber,
    /// Implied volatility as a fraction.
    iv: Option<f64>,
    /// Forward of the expiry, in quote currency.
    forward: Option<JsonNumber>,
    /// Loss of one contract held long in each scenario, where a file gives it: a gain is below
    /// zero.
    risk_array: Option<Vec<JsonNumber>>,
    /// Delta of one contract held long, beside `risk_array`.
    delta: Option<JsonNumber>,
    /// Best bid.
    bid: Option<JsonNumber>,
    /// Best ask.
    ask: Option<JsonNumber>,
    /// Contracts open, counting one side.
    open_interest: Option<JsonNumber>,
    /// A slower mark, in the same unit.
    slow: Option<JsonNumber>,
    /// When the feed was last updated; the market's time when absent.
    as_of: Option<Timestamp>,
    /// Annual rate to the expiry, continuously compounded, as a fraction.
    rate: Option<f64>,
    /// The part of the forward that a settlement average has fixed already; 0 when absent.
    fixed_forward: Option<JsonNumber>,
    /// How sure the feed of the mark is, 0 to 1; 1 when absent.
    confidence: Option<JsonNumber>,
    /// The same of the forward.
    forward_confidence: Option<JsonNumber>,
    /// The same of the volatility.
    vol_confidence: Option<JsonNumber>,
    /// The same of the rate.
    rate_confidence: Option<JsonNumber>,
}

/// Reads a market from JSON.
///
/// # Errors
/// [`InputError`] with the JSON pointer.
pub fn market_json(file: &str, bytes: &[u8]) -> Result<Market, InputError> {
    let read: MarketFile = json(file, bytes)?;
    if read.schema != SCHEMA {
        let problem = format!("expected {SCHEMA:?}, found {:?}", read.schema);
        return Err(InputError::pointer(file, "/schema", problem));
    }
    let currency = read.currency.unwrap_or_else(Asset::usd);
    let mut market = Market::new(read.as_of, currency, read.source.trim());
    for (asset, entry) in read.assets {
        let pointer = format!("/assets/{asset}/price");
        market
            .set_asset(asset.clone(), Price::new(entry.price.0), entry.as_of.unwrap_or(read.as_of))
            .map_err(|error| InputError::pointer(file, pointer, error))?;
        lending(&mut market, &asset, &entry)
            .map_err(|error| InputError::pointer(file, format!("/assets/{asset}"), error))?;
        if let Some(confidence) = entry.confidence {
            let pointer = format!("/assets/{asset}/confidence");
            market
                .set_confidence(&asset, Rate::new(confidence.0))
                .map_err(|error| InputError::pointer(file, pointer, error))?;
        }
    }
    for (at, entry) in read.instruments.into_iter().enumerate() {
        let pointer = format!("/instruments/{at}");
        add(&mut market, &entry, read.as_of)
            .map_err(|problem| InputError::pointer(file, pointer, problem))?;
    }
    Ok(market)
}

fn add(market: &mut Market, entry: &InstrumentEntry, as_of: Timestamp) -> Result<(), String> {
    let symbol = Symbol::parse(&entry.instrument).map_err(|error| error.to_string())?;
    let native = match entry.venue_symbol.as_deref().map(str::trim) {
        Some(given) if !given.is_empty() => given,
        _ => entry.instrument.split_once(':').map_or("", |(_, native)| native),
    };
    let size = Quantity::new(entry.contract_size.0);
    let mut instrument = symbol.instrument(native.to_owned(), size, Quantity::new(entry.lot.0));
    if let (Some(instant), Kind::Future { expiry } | Kind::Option { expiry, .. }) =
        (entry.expiry, &mut instrument.kind)
    {
        *expiry = instant;
    }
    let price = |number: Option<JsonNumber>| number.map(|one| Price::new(one.0));
    let quote = Quote {
        mark: Price::new(entry.mark.0),
        iv: entry.iv,
        forward: price(entry.forward),
        bid: price(entry.bid),
        ask: price(entry.ask),
        as_of: entry.as_of.unwrap_or(as_of),
    };
    let sure = |number: Option<JsonNumber>| number.map_or(Rate::ONE, |one| Rate::new(one.0));
    let detail = Detail {
        rate: entry.rate,
        fixed_forward: price(entry.fixed_forward).unwrap_or_default(),
        confidence: sure(entry.confidence),
        forward_confidence: sure(entry.forward_confidence),
        vol_confidence: sure(entry.vol_confidence),
        rate_confidence: sure(entry.rate_confidence),
    };
    let added = match (&entry.risk_array, entry.delta) {
        (Some(losses), Some(delta)) => {
            let losses = losses.iter().map(|loss| loss.0).collect();
            market.add_given(instrument, quote, GivenRow { losses, delta: delta.0 })
        }
        (None, None) => market.add(instrument, quote),
        _ => return Err("risk_array and delta: expected both or neither, found one".to_owned()),
    };
    let id = added.map_err(|error| error.to_string())?;
    if let Some(slow) = price(entry.slow) {
        market.set_slow_mark(id, slow).map_err(|error| error.to_string())?;
    }
    market.set_detail(id, detail).map_err(|error| error.to_string())?;
    let Some(contracts) = entry.open_interest else { return Ok(()) };
    market.set_open_interest(id, Quantity::new(contracts.0)).map_err(|error| error.to_string())
}

/// What an asset's entry says of its slower price and its lending pool.
fn lending(market: &mut Market, asset: &Asset, entry: &AssetEntry) -> Result<(), MarketError> {
    if let Some(slow) = entry.slow {
        market.set_slow(asset.clone(), Price::new(slow.0))?;
    }
    let money = |number: Option<JsonNumber>| number.map(|one| Money::new(one.0));
    let lent = Lent { deposits: money(entry.deposits), borrows: money(entry.borrows) };
    market.set_lent(asset.clone(), lent)
}
