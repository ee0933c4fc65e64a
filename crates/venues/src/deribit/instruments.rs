//! `public/get_instruments`: facts by name, which come before the families document.
//!
//! The venue's `contract_size` is kept as a fact but is not ours: sizes are in USD or coin already
//! (see the families), so what its contract adds is the lot.

use super::reply::{Number, Reply};
use super::symbol::{self, Name};
use keelmark_book::{InputError, Kind, Price, Quantity, Right, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the venue says about one contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The venue's contract, in the unit of sizes.
    pub contract_size: Quantity,
    /// The smallest trade, in the unit of sizes: our lot.
    pub min_trade_amount: Quantity,
    /// When it settles; `None` for perpetuals.
    pub expiry: Option<Timestamp>,
    /// Strike and right of an option.
    pub option: Option<(Price, Right)>,
    /// Base asset as printed.
    pub base_currency: Option<String>,
    /// Quote asset as printed; the coin for inverse options.
    pub quote_currency: Option<String>,
    /// Settlement asset as printed.
    pub settlement_currency: Option<String>,
}

/// Facts by native name.
pub type Facts = BTreeMap<String, Fact>;

#[derive(Deserialize)]
struct Row {
    instrument_name: String,
    contract_size: Number,
    min_trade_amount: Number,
    expiration_timestamp: Option<Number>,
    strike: Option<Number>,
    option_type: Option<String>,
    base_currency: Option<String>,
    quote_currency: Option<String>,
    settlement_currency: Option<String>,
}

/// Reads a reply into facts; spot pairs and combos are left out with a note.
///
/// # Errors
/// [`InputError`] at the row whose fields are missing or contradict its name.
pub fn read(
    reply: &Reply<'_>,
    expiry_hour: i8,
    notes: &mut Vec<String>,
) -> Result<Facts, InputError> {
    let rows: Vec<Row> = reply.result()?;
    let mut facts = Facts::new();
    let mut left_out = 0usize;
    for (at, row) in rows.into_iter().enumerate() {
        let name = row.instrument_name.clone();
        let fact = read_row(row, expiry_hour).map_err(|(field, problem)| {
            InputError::pointer(reply.file, reply.pointer(&format!("/{at}{field}")), problem)
        })?;
        match fact {
            Some(fact) => _ = facts.insert(name, fact),
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        notes.push(format!(
            "{}: {left_out} spot pairs and combos are not contracts and were left out",
            reply.file
        ));
    }
    Ok(facts)
}

fn read_row(row: Row, expiry_hour: i8) -> Result<Option<Fact>, (&'static str, String)> {
    let symbol = match symbol::read(&row.instrument_name, expiry_hour) {
        Ok(Name::Contract(symbol)) => symbol,
        Ok(Name::Spot(_) | Name::Combo) => return Ok(None),
        Err(error) => return Err(("/instrument_name", error.to_string())),
    };
    let expiry = match symbol.kind {
        Kind::Future { expiry } | Kind::Option { expiry, .. } => {
            Some(check_expiry(row.expiration_timestamp, expiry)?)
        }
        Kind::Spot | Kind::Perpetual => None,
    };
    let option = match symbol.kind {
        Kind::Option { strike, right, .. } => {
            check_option(&row, strike, right)?;
            Some((strike, right))
        }
        _ => None,
    };
    let settle = symbol.settle.as_ref().unwrap_or(&symbol.quote).as_str();
    let named = [
        ("/base_currency", &row.base_currency, symbol.base.as_str()),
        ("/settlement_currency", &row.settlement_currency, settle),
    ];
    for (field, found, expected) in named {
        if let Some(found) = found.as_deref().filter(|found| *found != expected) {
            return Err((field, format!("expected {expected} as in the name, found {found:?}")));
        }
    }
    for (field, size) in
        [("/contract_size", row.contract_size.0), ("/min_trade_amount", row.min_trade_amount.0)]
    {
        if !size.is_positive() {
            return Err((field, format!("expected a size above zero, found {size}")));
        }
    }
    Ok(Some(Fact {
        contract_size: Quantity::new(row.contract_size.0),
        min_trade_amount: Quantity::new(row.min_trade_amount.0),
        expiry,
        option,
        base_currency: row.base_currency,
        quote_currency: row.quote_currency,
        settlement_currency: row.settlement_currency,
    }))
}

/// The instant that is printed, on the date of the name; the name's own where none is printed.
fn check_expiry(
    printed: Option<Number>,
    named: Timestamp,
) -> Result<Timestamp, (&'static str, String)> {
    let Some(millis) = printed else { return Ok(named) };
    let whole = millis.0.in_steps_of(keelmark_book::Decimal::ONE);
    let instant = whole.map(Timestamp::from_millis);
    match instant {
        Some(instant) if instant.date() == named.date() => Ok(instant),
        _ => Err((
            "/expiration_timestamp",
            format!("expected milliseconds on the date of the name ({named}), found {}", millis.0),
        )),
    }
}

fn check_option(row: &Row, strike: Price, right: Right) -> Result<(), (&'static str, String)> {
    if let Some(found) = row.strike.filter(|found| found.0 != strike.decimal()) {
        let problem = format!("expected {strike} as in the name, found {}", found.0);
        return Err(("/strike", problem));
    }
    let expected = match right {
        Right::Call => "call",
        Right::Put => "put",
    };
    match row.option_type.as_deref() {
        Some(found) if found != expected => {
            Err(("/option_type", format!("expected {expected} as in the name, found {found:?}")))
        }
        _ => Ok(()),
    }
}
