//! Commands in the words of a venue. Amounts and prices are text, so that they stay exact.

use serde_json::{Value, json};

/// Makes a document known by its text.
#[must_use]
pub fn model(text: &str) -> Value {
    json!({"model": {"text": text}})
}

/// A document with this body: its own name for each body, so that venues stay apart.
#[must_use]
pub fn document(name: &str, version: &str, body: &str) -> Value {
    model(&format!(
        "schema = \"keelmark/model/1\"\nname = \"{name}\"\nversion = \"{version}\"\n\
         title = \"The rules of an incident\"\nsource = \"an example\"\n{body}"
    ))
}

/// A document of perpetuals on cash at a leverage, half of it as maintenance.
#[must_use]
pub fn leverage(name: &str, times: u32) -> Value {
    let body = format!(
        "[collateral.assets]\nUSDC = \"1\"\n\n[[charge]]\nname = \"perpetuals\"\n\
         kind = \"per-position\"\non = {{ kind = \"perpetual\" }}\n\
         amount = \"notional / {times}\"\n\n\
         [levels]\ninitial = \"perpetuals\"\nmaintenance = \"perpetuals / 2\"\n"
    );
    document(name, "1", &body)
}

/// The price of an asset in dollars.
#[must_use]
pub fn index(asset: &str, price: &str) -> Value {
    json!({"index": {"asset": asset, "price": price}})
}

/// Lists a perpetual or a pair.
#[must_use]
pub fn list(instrument: &str, lot: &str, mark: &str) -> Value {
    json!({"list": {"instrument": instrument, "contract_size": "1", "lot": lot, "mark": mark}})
}

/// The mark of an instrument.
#[must_use]
pub fn mark(instrument: &str, mark: &str) -> Value {
    json!({"mark": {"instrument": instrument, "mark": mark}})
}

/// Opens an account under a document.
#[must_use]
pub fn open(account: &str, model: &str) -> Value {
    json!({"open": {"account": account, "mode": "cross", "model": model}})
}

/// Brings an amount in.
#[must_use]
pub fn deposit(account: &str, asset: &str, amount: &str) -> Value {
    json!({"deposit": {"account": account, "asset": asset, "amount": amount}})
}

/// Takes an amount out.
#[must_use]
pub fn withdraw(account: &str, asset: &str, amount: &str) -> Value {
    json!({"withdraw": {"account": account, "asset": asset, "amount": amount}})
}

/// Two accounts trade.
#[must_use]
pub fn trade(instrument: &str, quantity: &str, price: &str, [buyer, seller]: [&str; 2]) -> Value {
    json!({"trade": {
        "instrument": instrument, "quantity": quantity, "price": price,
        "buyer": {"account": buyer}, "seller": {"account": seller},
    }})
}

/// How accounts are liquidated: the stages of the rule, a step every ten seconds where it says
/// nothing else.
#[must_use]
pub fn liquidation(stages: &Value) -> Value {
    let mut rule = stages.clone();
    if let Some(fields) = rule.as_object_mut() {
        fields.entry("step_seconds").or_insert_with(|| json!(10));
        fields.insert("end".to_owned(), json!("0.9"));
    }
    json!({"liquidation": {"rule": rule}})
}

/// One vault that takes over what is left, up to a worth if there is one.
#[must_use]
pub fn backstop(vault: &str, most: Option<&str>) -> Value {
    json!({"vaults": [{"account": vault, "share": "1", "most": most}]})
}
