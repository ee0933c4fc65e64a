//! Drift's own names, in and out.
//!
//! A perpetual is `SOL-PERP`, `1MBONK-PERP` is a million of the coin, and all settle in USDC. A
//! spot market is the asset's own name: `SOL`.

use crate::grammar::{NameError, capitals};
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "drift";

const EXPECTED: &str = "a Drift name such as SOL-PERP, or SOL for spot";
const PERPETUAL: &str = "-PERP";
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
    let text = match symbol.kind {
        Kind::Perpetual => format!("{}{PERPETUAL}", symbol.base),
        Kind::Spot => symbol.base.to_string(),
        Kind::Future { .. } | Kind::Option { .. } => return None,
    };
    (read(&text).as_ref() == Some(symbol)).then_some(text)
}

fn read(text: &str) -> Option<Symbol> {
    let quote = Asset::new(DOLLAR).ok()?;
    let (base, settle, kind) = match text.strip_suffix(PERPETUAL) {
        Some(base) => (base, Some(quote.clone()), Kind::Perpetual),
        None => (text, None, Kind::Spot),
    };
    Some(Symbol { venue: VENUE.into(), base: capitals(base)?, quote, settle, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("SOL-PERP", "drift:SOL/USDC:USDC"),
            ("1MBONK-PERP", "drift:1MBONK/USDC:USDC"),
            ("SOL", "drift:SOL/USDC"),
        ] {
            let symbol = parse(text).unwrap();
            assert_eq!(print(&symbol).as_deref(), Some(text));
            assert_eq!(symbol.to_string(), canonical);
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in ["", "-PERP", "sol-PERP", "SOL-PERP-1", "SOL/USDC"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected a Drift name such as SOL-PERP"), "{error}");
        }
    }
}
