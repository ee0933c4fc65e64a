//! Positions in listed contracts, as a broker prints them: a CSV of symbol, instrument, expiry,
//! strike and quantity.

use super::{Day, Terms};
use keelmark_book::{Decimal, InputError, Quantity, Right};

/// A position in a listed contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The account.
    pub account: String,
    /// The product's code.
    pub symbol: String,
    /// Future or option.
    pub terms: Terms,
    /// Its expiry, or its month.
    pub expiry: Day,
    /// Contracts of the file, long above zero.
    pub quantity: Quantity,
}

/// The account of positions that name none.
pub const ACCOUNT: &str = "listed";

const COLUMNS: [&str; 6] = ["account", "symbol", "instrument", "expiry", "strike", "quantity"];

/// Reads positions: columns `symbol`, `instrument` (FUT, CE or PE), `expiry` (20261225),
/// `strike`, `quantity`, and `account` where there are several.
///
/// # Errors
/// [`InputError`] with the line and the column.
pub fn read(file: &str, bytes: &[u8]) -> Result<Vec<Listed>, InputError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let failed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        InputError::line(file, line, "", error)
    };
    let header = reader.headers().map_err(failed)?.clone();
    let at = COLUMNS.map(|name| header.iter().position(|own| own.eq_ignore_ascii_case(name)));
    for (name, at) in COLUMNS.iter().zip(at) {
        if at.is_none() && !["account", "strike"].contains(name) {
            let problem = format!("expected a column {name:?}, in a header {}", COLUMNS.join(","));
            return Err(InputError::line(file, 1, "", problem));
        }
    }
    if let Some(other) =
        header.iter().find(|own| !COLUMNS.iter().any(|name| own.eq_ignore_ascii_case(name)))
    {
        let problem = format!("unknown column {other:?}; expected {}", COLUMNS.join(","));
        return Err(InputError::line(file, 1, "", problem));
    }
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.map_err(failed)?;
        let line = record.position().map_or(0, csv::Position::line);
        let text = |column: usize| at[column].and_then(|at| record.get(at)).unwrap_or("");
        let wrong = |column: usize, what: &str| {
            let problem = format!("expected {what}, found {:?}", text(column));
            InputError::line(file, line, COLUMNS[column], problem)
        };
        if text(1).is_empty() {
            return Err(wrong(1, "a product's code"));
        }
        let strike = if text(4).is_empty() { "0" } else { text(4) };
        let strike: Decimal = strike.parse().map_err(|_| wrong(4, "a strike"))?;
        let account = if text(0).is_empty() { ACCOUNT } else { text(0) };
        out.push(Listed {
            account: account.to_owned(),
            symbol: text(1).to_owned(),
            terms: Terms::parse(text(2), strike)
                .ok_or_else(|| wrong(2, "FUT, CE (a call) or PE (a put)"))?,
            expiry: Day::parse(text(3).replace('-', "").as_bytes())
                .ok_or_else(|| wrong(3, "a day such as 20261225"))?,
            quantity: text(5).parse().map_err(|_| wrong(5, "a number of contracts"))?,
        });
    }
    if out.is_empty() {
        return Err(InputError::whole(file, "expected rows under the header, found none"));
    }
    Ok(out)
}

impl Terms {
    /// A future by `FUT`, a call by `CE` or `C`, a put by `PE` or `P`.
    #[must_use]
    pub fn parse(instrument: &str, strike: Decimal) -> Option<Self> {
        match instrument.to_ascii_uppercase().as_str() {
            "FUT" | "F" => Some(Self::Future),
            "CE" | "C" | "CALL" => Some(Self::Option(Right::Call, strike)),
            "PE" | "P" | "PUT" => Some(Self::Option(Right::Put, strike)),
            _ => None,
        }
    }
}
