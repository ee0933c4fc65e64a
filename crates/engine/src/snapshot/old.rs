//! Answers as builds wrote them that said accounts and instruments by number, brought to names.

use crate::account::AccountId;
use crate::state::State;
use keelmark_book::InstrumentId;
use serde_json::{Value, json};

/// An answer of version 1 of its section, as it is written now.
///
/// # Errors
/// What was expected, and what was found.
pub(super) fn named(text: &str, state: &State) -> Result<String, String> {
    let mut answer: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let events = answer.get_mut("events").and_then(Value::as_array_mut);
    for event in events.into_iter().flatten() {
        let Some(posting) = event.get_mut("posted") else { continue };
        for side in ["from", "to"] {
            let found = posting.get(side).cloned().unwrap_or_default();
            let named = place(&found, state);
            posting[side] =
                named.ok_or_else(|| format!("posted: expected a place, found {found}"))?;
        }
    }
    Ok(answer.to_string())
}

fn place(found: &Value, state: &State) -> Option<Value> {
    let index = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let account = |value: &Value| {
        let id = index(value).filter(|at| *at < state.accounts.len())?;
        Some(state.account(AccountId::new(id)).name.clone())
    };
    let symbol = |value: &Value| {
        let id = index(value).filter(|at| *at < state.market.instruments.len())?;
        Some(state.market.instruments.get(InstrumentId::new(id)).to_string())
    };
    let (kind, of) = found.as_object()?.iter().next()?;
    match (kind.as_str(), of) {
        ("account", of) => Some(json!({ "account": account(of)? })),
        ("isolated", of) => {
            let (account, instrument) = (account(of.get(0)?)?, symbol(of.get(1)?)?);
            Some(json!({ "isolated": { "account": account, "instrument": instrument } }))
        }
        ("house", Value::String(house)) => Some(json!(house)),
        ("house", of) => Some(json!({ "clearing": symbol(of.get("clearing")?)? })),
        _ => None,
    }
}
