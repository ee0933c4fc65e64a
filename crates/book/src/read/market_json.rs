//! A market as JSON: schema `keelmark/market/1`.

use super::number::{JsonNumber, json};
use super::unique::unique;
use crate::asset::Asset;
use crate::input::InputError;
use crate::instrument::Kind;
use crate::market::{GivenRow, Market, Quote};
use crate::symbol::Symbol;
use keelmark_units::{Price, Quantity, Timestamp};
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
    /// When the feed was last updated; the market's time when absent.
    as_of: Option<Timestamp>,
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
            .set_asset(asset, Price::new(entry.price.0), entry.as_of.unwrap_or(read.as_of))
            .map_err(|error| InputError::pointer(file, pointer, error))?;
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
    let added = match (&entry.risk_array, entry.delta) {
        (Some(losses), Some(delta)) => {
            let losses = losses.iter().map(|loss| loss.0).collect();
            market.add_given(instrument, quote, GivenRow { losses, delta: delta.0 })
        }
        (None, None) => market.add(instrument, quote),
        _ => return Err("risk_array and delta: expected both or neither, found one".to_owned()),
    };
    let id = added.map_err(|error| error.to_string())?;
    let Some(contracts) = entry.open_interest else { return Ok(()) };
    market.set_open_interest(id, Quantity::new(contracts.0)).map_err(|error| error.to_string())
}
