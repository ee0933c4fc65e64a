//! A market as JSON, in the shape that the reader takes.

use super::unusual_expiry;
use crate::instrument::Instrument;
use crate::instruments::InstrumentId;
use crate::market::Market;
use keelmark_units::{Price, Rate};
use serde_json::{Map, Value, json};

/// A market as JSON: schema `keelmark/market/1`.
#[must_use]
pub fn market_json(market: &Market) -> String {
    let assets = market.assets.iter();
    let assets: Map<String, Value> = assets
        .filter(|(asset, _)| **asset != market.currency || market.slow(asset).is_some())
        .map(|(asset, feed)| {
            let mut entry = Map::new();
            entry.insert("price".to_owned(), json!(feed.price.to_string()));
            entry.insert("as_of".to_owned(), json!(feed.as_of.to_string()));
            let lent = market.lent(asset);
            put(&mut entry, "confidence", unsure(feed.confidence));
            put(&mut entry, "slow", market.slow(asset));
            put(&mut entry, "deposits", lent.deposits);
            put(&mut entry, "borrows", lent.borrows);
            (asset.to_string(), Value::Object(entry))
        })
        .collect();
    let instruments: Vec<Value> =
        market.instruments.iter().map(|(id, one)| instrument(market, id, one)).collect();
    pretty(&json!({
        "schema": "keelmark/market/1",
        "as_of": market.as_of.to_string(),
        "source": market.source,
        "currency": market.currency.to_string(),
        "assets": assets,
        "instruments": instruments,
    }))
}

fn instrument(market: &Market, id: InstrumentId, one: &Instrument) -> Value {
    let quote = market.quote(id);
    let mut entry = Map::new();
    let text = |text: String| Some(text).filter(|text| !text.is_empty());
    put(&mut entry, "instrument", Some(one));
    put(&mut entry, "venue_symbol", text(one.venue_symbol.clone()));
    put(&mut entry, "contract_size", Some(one.contract_size));
    put(&mut entry, "lot", Some(one.lot));
    put(&mut entry, "expiry", text(unusual_expiry(one)));
    put(&mut entry, "mark", Some(quote.mark));
    put(&mut entry, "forward", quote.forward);
    put(&mut entry, "bid", quote.bid);
    put(&mut entry, "ask", quote.ask);
    put(&mut entry, "open_interest", market.open_interest(id));
    put(&mut entry, "slow", market.slow_mark(id));
    put(&mut entry, "as_of", Some(quote.as_of));
    let detail = market.detail(id);
    let fixed = Some(detail.fixed_forward).filter(|fixed| *fixed != Price::ZERO);
    put(&mut entry, "fixed_forward", fixed);
    put(&mut entry, "confidence", unsure(detail.confidence));
    put(&mut entry, "forward_confidence", unsure(detail.forward_confidence));
    put(&mut entry, "vol_confidence", unsure(detail.vol_confidence));
    put(&mut entry, "rate_confidence", unsure(detail.rate_confidence));
    if let Some(rate) = detail.rate {
        entry.insert("rate".to_owned(), json!(rate));
    }
    if let Some(iv) = quote.iv {
        entry.insert("iv".to_owned(), json!(iv));
    }
    Value::Object(entry)
}

/// A confidence that says something: a feed that is sure has none.
fn unsure(confidence: Rate) -> Option<Rate> {
    Some(confidence).filter(|confidence| *confidence != Rate::ONE)
}

/// Writes a field that is there, as text.
fn put(entry: &mut Map<String, Value>, name: &str, value: Option<impl std::fmt::Display>) {
    if let Some(value) = value {
        entry.insert(name.to_owned(), Value::String(value.to_string()));
    }
}

fn pretty(value: &Value) -> String {
    // Only a map with keys that are no text fails, and there is none.
    format!("{value:#}\n")
}
