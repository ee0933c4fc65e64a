//! A book as JSON, in the shape that the reader takes: the only one of our formats that holds given
//! sensitivities.

use crate::market::Market;
use crate::portfolio::{Book, Isolation, Portfolio};
use crate::read::BOOK_SCHEMA;
use crate::sensitivity::Sensitivity;
use serde_json::{Map, Value, json};

/// A book as JSON, numbers as text.
#[must_use]
pub fn book_json(book: &Book, market: &Market) -> String {
    let accounts: Vec<Value> = book.accounts.iter().map(|one| account(one, market)).collect();
    let value = json!({ "schema": BOOK_SCHEMA, "accounts": accounts });
    format!("{value:#}\n")
}

fn account(one: &Portfolio, market: &Market) -> Value {
    let mut fields = Map::new();
    fields.insert("account".into(), one.account.clone().into());
    let held = one.collateral.iter().map(|held| (held.asset.to_string(), text(held.amount)));
    put(&mut fields, "collateral", Value::Object(held.collect()));
    let positions = one.positions.iter().map(|position| {
        let mut own = Map::new();
        let instrument = market.instruments.get(position.instrument).to_string();
        own.insert("instrument".into(), instrument.into());
        own.insert("qty".into(), text(position.quantity));
        let own_margin = match position.isolation {
            Isolation::Own(margin) => Some(text(margin)),
            Isolation::Shared => None,
        };
        let optional = [
            ("avg_price", position.avg_price.map(text)),
            ("isolated_margin", own_margin),
            ("leverage", position.leverage.map(text)),
        ];
        own.extend(optional.into_iter().filter_map(|(key, value)| Some((key.into(), value?))));
        Value::Object(own)
    });
    put(&mut fields, "positions", positions.collect());
    let orders = one.orders.iter().map(|order| {
        let instrument = market.instruments.get(order.instrument).to_string();
        let mut own = Map::new();
        own.insert("instrument".into(), instrument.into());
        own.insert("qty".into(), text(order.quantity));
        own.extend(order.price.map(|price| ("price".into(), text(price))));
        Value::Object(own)
    });
    put(&mut fields, "orders", orders.collect());
    let reserves = one.reserves.iter().map(|(name, amount)| (name.clone(), text(*amount)));
    put(&mut fields, "reserves", Value::Object(reserves.collect()));
    let unsettled = one.unsettled.iter();
    let unsettled =
        unsettled.map(|(id, amount)| (market.instruments.get(*id).to_string(), text(*amount)));
    put(&mut fields, "unsettled", Value::Object(unsettled.collect()));
    put(&mut fields, "sensitivities", one.sensitivities.iter().map(sensitivity).collect());
    Value::Object(fields)
}

fn sensitivity(one: &Sensitivity) -> Value {
    let texts = [
        ("product", one.product.as_str()),
        ("class", &one.class),
        ("measure", one.measure.name()),
        ("qualifier", &one.qualifier),
        ("bucket", &one.bucket),
        ("tenor", &one.tenor),
        ("curve", &one.curve),
    ];
    let mut own: Map<String, Value> = texts
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key.to_owned(), text.into()))
        .collect();
    own.insert("amount".into(), text(one.amount));
    Value::Object(own)
}

/// Leaves out what is empty.
fn put(fields: &mut Map<String, Value>, name: &str, value: Value) {
    let empty = match &value {
        Value::Array(items) => items.is_empty(),
        Value::Object(items) => items.is_empty(),
        _ => false,
    };
    if !empty {
        fields.insert(name.to_owned(), value);
    }
}

fn text(number: impl std::fmt::Display) -> Value {
    number.to_string().into()
}
