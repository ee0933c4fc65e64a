//! Derive's own names, in and out.
//!
//! `BTC-PERP`, `ETH-20250627-2400_5-C`: the date has eight digits, `_` is the decimal point of a
//! strike, and everything settles in USDC. Some markets do not settle at the usual hour; the list
//! of instruments says the instant. Spot is `ETH-USDC`.

use crate::grammar::{self, NameError, capitals};
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "derive";

const EXPECTED: &str = "a Derive name such as BTC-PERP, ETH-USDC or BTC-20250627-100000-C";
const PERPETUAL: &str = "PERP";
const DOLLAR: &str = "USDC";

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
    let base = &symbol.base;
    let text = match symbol.kind {
        Kind::Spot => format!("{base}-{DOLLAR}"),
        Kind::Perpetual => format!("{base}-{PERPETUAL}"),
        Kind::Option { expiry, strike, right } => {
            let terms = grammar::print_terms(strike, right, '_');
            format!("{base}-{}-{terms}", grammar::print_long_date(expiry))
        }
        Kind::Future { .. } => return None,
    };
    (read(&text).as_ref() == Some(symbol)).then_some(text)
}

fn read(text: &str) -> Option<Symbol> {
    let mut parts = text.split('-');
    let base = capitals(parts.next()?)?;
    let quote = Asset::new(DOLLAR).ok()?;
    let kind = match parts.next()? {
        PERPETUAL => Kind::Perpetual,
        DOLLAR => Kind::Spot,
        date => {
            let expiry = grammar::long_date(date)?;
            grammar::option(expiry, parts.next()?, parts.next()?, '_')?
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let settle = (kind != Kind::Spot).then(|| quote.clone());
    Some(Symbol { venue: VENUE.into(), base, quote, settle, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTC-PERP", "derive:BTC/USDC:USDC"),
            ("ETH-USDC", "derive:ETH/USDC"),
            ("BTC-20250627-100000-C", "derive:BTC/USDC:USDC-250627-100000-C"),
            ("ETH-20250627-2400_5-P", "derive:ETH/USDC:USDC-250627-2400.5-P"),
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
            "BTC-PERPETUAL",
            "BTC-PERP-1",
            "BTC-250627-100000-C",
            "BTC-20250627",
            "BTC-20250627-2400.5-C",
            "BTC-20250627-2_4_5-C",
            "BTC-20251327-100-C",
            "BTC-21250627-100-C",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected a Derive name such as BTC-PERP"), "{error}");
        }
    }
}
