//! OKX's own names, in and out.
//!
//! `BTC-USDT` (spot), `BTC-USDT-SWAP`, `BTC-USD-SWAP` (inverse), `BTC-USD-250627`,
//! `BTC-USD-250627-100000-C`. The quote says what it settles in: `USD` is inverse and settles in
//! the coin, anything else settles in itself, and `USD_UM` is in dollars and linear. Sizes are in
//! contracts: the contract value is in the list of instruments, not in the name.

use crate::grammar::{self, NameError, capitals};
use keelmark_book::symbol::{Symbol, read_date};
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "okx";

const EXPECTED: &str =
    "an OKX name such as BTC-USDT-SWAP, BTC-USD-250627, BTC-USD-250627-100000-C or BTC-USDT";
const PERPETUAL: &str = "SWAP";
const DOLLAR: &str = "USD";
/// In dollars and margined in them.
const LINEAR_DOLLAR: &str = "USD_UM";

/// Reads a native name.
///
/// # Errors
/// [`NameError`] when the text is none.
pub fn parse(text: &str) -> Result<Symbol, NameError> {
    read(text).ok_or_else(|| NameError::new(EXPECTED, text))
}

/// The native name; `None` where the venue has no name for such a contract.
#[must_use]
pub fn print(symbol: &Symbol) -> Option<String> {
    let (base, quote) = (&symbol.base, &symbol.quote);
    let checked = |text: String| (read(&text).as_ref() == Some(symbol)).then_some(text);
    let Some(settle) = symbol.settle.as_ref().filter(|_| symbol.kind != Kind::Spot) else {
        return checked(format!("{base}-{quote}"));
    };
    let dollar = quote.as_str() == DOLLAR;
    let pair = match (settle == base, settle == quote) {
        (true, false) if dollar => format!("{base}-{DOLLAR}"),
        (_, true) if dollar => format!("{base}-{LINEAR_DOLLAR}"),
        (_, true) => format!("{base}-{quote}"),
        _ => return None,
    };
    let text = match symbol.kind {
        Kind::Spot => pair,
        Kind::Perpetual => format!("{pair}-{PERPETUAL}"),
        Kind::Future { expiry } => format!("{pair}-{}", grammar::print_short_date(expiry)),
        Kind::Option { expiry, strike, right } => {
            let terms = grammar::print_terms(strike, right, '.');
            format!("{pair}-{}-{terms}", grammar::print_short_date(expiry))
        }
    };
    checked(text)
}

fn read(text: &str) -> Option<Symbol> {
    let mut parts = text.split('-');
    let base = capitals(parts.next()?)?;
    let printed = parts.next()?;
    let (quote, settle) = match printed {
        LINEAR_DOLLAR => (Asset::usd(), Asset::usd()),
        DOLLAR => (Asset::usd(), base.clone()),
        other => (capitals(other)?, capitals(other)?),
    };
    let kind = match parts.next() {
        None if printed == LINEAR_DOLLAR => return None,
        None => Kind::Spot,
        Some(PERPETUAL) => Kind::Perpetual,
        Some(date) => {
            let expiry = read_date(date)?;
            match parts.next() {
                None => Kind::Future { expiry },
                Some(strike) => grammar::option(expiry, strike, parts.next()?, '.')?,
            }
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let settle = (kind != Kind::Spot).then_some(settle);
    Some(Symbol { venue: VENUE.into(), base, quote, settle, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTC-USDT", "okx:BTC/USDT"),
            ("BTC-USDT-SWAP", "okx:BTC/USDT:USDT"),
            ("BTC-USD-SWAP", "okx:BTC/USD:BTC"),
            ("BTC-USD_UM-SWAP", "okx:BTC/USD:USD"),
            ("BTC-USD-250627", "okx:BTC/USD:BTC-250627"),
            ("BTC-USDC-250627", "okx:BTC/USDC:USDC-250627"),
            ("BTC-USD-250627-100000-C", "okx:BTC/USD:BTC-250627-100000-C"),
        ] {
            let symbol = parse(text).unwrap();
            assert_eq!(print(&symbol).as_deref(), Some(text));
            assert_eq!(symbol.to_string(), canonical);
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in [
            "",
            "BTC",
            "BTC-",
            "BTC-USD_UM",
            "BTC-USDT-PERP",
            "BTC-USD-27JUN25",
            "BTC-USD-251327",
            "BTC-USD-250627-100000",
            "BTC-USD-250627-100000-C-1",
            "btc-usdt-swap",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected an OKX name such as BTC-USDT-SWAP"), "{error}");
        }
    }
}
