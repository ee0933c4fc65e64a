//! Markets and books as JSON, in the shapes that the readers take.

use super::unusual_expiry;
use crate::detail::Detail;
use crate::market::Market;
use crate::portfolio::{Book, Isolation};
use keelmark_units::{Price, Rate};
use serde_json::{Map, Value, json};

/// A market as JSON: schema `keelmark/market/1`.
#[must_use]
pub fn market_json(market: &Market) -> String {
    let assets: Map<String, Value> = market
        .assets
        .iter()
        .filter(|(asset, _)| **asset != market.currency)
        .map(|(asset, feed)| {
            let mut entry =
                json!({ "price": feed.price.to_string(), "as_of": feed.as_of.to_string() });
            if feed.confidence != Rate::ONE {
                entry["confidence"] = json!(feed.confidence.to_string());
            }
            (asset.to_string(), entry)
        })
        .collect();
    let instruments: Vec<Value> = market
        .instruments
        .iter()
        .map(|(id, one)| {
            let quote = market.quote(id);
            let mut entry = Map::new();
            let mut set = |name: &str, text: String| {
                if !text.is_empty() {
                    entry.insert(name.to_owned(), Value::String(text));
                }
            };
            let price = |price: Option<Price>| price.map(|one| one.to_string()).unwrap_or_default();
            set("instrument", one.to_string());
            set("venue_symbol", one.venue_symbol.clone());
            set("contract_size", one.contract_size.to_string());
            set("lot", one.lot.to_string());
            set("expiry", unusual_expiry(one));
            set("mark", quote.mark.to_string());
            set("forward", price(quote.forward));
            set("bid", price(quote.bid));
            set("ask", price(quote.ask));
            set("as_of", quote.as_of.to_string());
            let open = market.open_interest(id).map(|contracts| contracts.to_string());
            set("open_interest", open.unwrap_or_default());
            if let Some(iv) = quote.iv {
                entry.insert("iv".to_owned(), json!(iv));
            }
            detail(&market.detail(id), &mut entry);
            Value::Object(entry)
        })
        .collect();
    pretty(&json!({
        "schema": "keelmark/market/1",
        "as_of": market.as_of.to_string(),
        "source": market.source,
        "currency": market.currency.to_string(),
        "assets": assets,
        "instruments": instruments,
    }))
}

/// What few venues publish, where it says something.
fn detail(detail: &Detail, entry: &mut Map<String, Value>) {
    let plain = Detail::default();
    if let Some(rate) = detail.rate {
        entry.insert("rate".to_owned(), json!(rate));
    }
    if detail.fixed_forward != plain.fixed_forward {
        entry.insert("fixed_forward".to_owned(), json!(detail.fixed_forward.to_string()));
    }
    for (name, own) in [
        ("confidence", detail.confidence),
        ("forward_confidence", detail.forward_confidence),
        ("vol_confidence", detail.vol_confidence),
        ("rate_confidence", detail.rate_confidence),
    ] {
        if own != Rate::ONE {
            entry.insert(name.to_owned(), json!(own.to_string()));
        }
    }
}

/// A book as JSON: schema `keelmark/book/1`.
#[must_use]
pub fn book_json(book: &Book, market: &Market) -> String {
    let name = |id| market.instruments.get(id).to_string();
    let accounts = book.accounts.iter().map(|account| {
        let collateral = account.collateral.iter();
        let collateral: Map<String, Value> =
            collateral.map(|one| (one.asset.to_string(), json!(one.amount.to_string()))).collect();
        let positions = account.positions.iter().map(|one| {
            let mut entry = Map::new();
            let mut set = |name: &str, text: String| _ = entry.insert(name.into(), json!(text));
            set("instrument", name(one.instrument));
            set("qty", one.quantity.to_string());
            if let Some(price) = one.avg_price {
                set("avg_price", price.to_string());
            }
            if let Isolation::Own(margin) = one.isolation {
                set("isolated_margin", margin.to_string());
            }
            if let Some(leverage) = one.leverage {
                set("leverage", leverage.to_string());
            }
            Value::Object(entry)
        });
        let orders = account.orders.iter().map(|one| {
            let mut entry = Map::new();
            entry.insert("instrument".into(), json!(name(one.instrument)));
            entry.insert("qty".into(), json!(one.quantity.to_string()));
            if let Some(price) = one.price {
                entry.insert("price".into(), json!(price.to_string()));
            }
            Value::Object(entry)
        });
        let reserves = account.reserves.iter();
        let reserves: Map<String, Value> =
            reserves.map(|(name, amount)| (name.clone(), json!(amount.to_string()))).collect();
        json!({
            "account": account.account,
            "collateral": collateral,
            "positions": positions.collect::<Vec<_>>(),
            "orders": orders.collect::<Vec<_>>(),
            "reserves": reserves,
        })
    });
    let accounts: Vec<Value> = accounts.collect();
    pretty(&json!({ "schema": "keelmark/book/1", "accounts": accounts }))
}

fn pretty(value: &Value) -> String {
    // Only a map with keys that are no text fails, and there is none.
    format!("{value:#}\n")
}
