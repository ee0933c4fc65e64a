//! Deribit's own names, in and out.
//!
//! `BTC-PERPETUAL`, `BTC-27JUN25`, `BTC-5AUG23-28000-P`, `XRP_USDC-30JUN23-0d625-C`: the day has
//! one or two digits, `d` is the decimal point of a strike, and no `_USDC` means settled in the
//! coin itself. Spot pairs and combos share the name space, so they are recognised and told
//! apart: a combo is held as its legs.

use crate::grammar::{self, NameError, capitals};
use keelmark_book::symbol::{EXPIRY_HOUR, Symbol};
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "deribit";

/// What a native name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A perpetual, a future or an option.
    Contract(Symbol),
    /// A spot pair such as `BTC_USDC`.
    Spot(Symbol),
    /// A combo such as `BTC-CS-27JUN25-90000_100000`: traded, never held.
    Combo,
}

const EXPECTED: &str = "a Deribit name such as BTC-PERPETUAL, BTC-27JUN25, BTC-5AUG23-28000-P or \
     XRP_USDC-30JUN23-0d625-C";
const PERPETUAL: &str = "PERPETUAL";

/// Reads a native name; `expiry_hour` (UTC) is not in it.
///
/// # Errors
/// [`NameError`] when the text is not one.
pub fn read(text: &str, expiry_hour: i8) -> Result<Name, NameError> {
    parse(text, expiry_hour).ok_or_else(|| NameError::new(EXPECTED, text))
}

/// As [`read`], of a perpetual, a future or an option only.
///
/// # Errors
/// [`NameError`] when the text is anything else.
pub fn read_contract(text: &str, expiry_hour: i8) -> Result<Symbol, NameError> {
    match read(text, expiry_hour)? {
        Name::Contract(symbol) => Ok(symbol),
        Name::Spot(_) | Name::Combo => Err(NameError::new(EXPECTED, text)),
    }
}

/// The native name; `None` where the venue has no name for such a contract.
#[must_use]
pub fn print(symbol: &Symbol) -> Option<String> {
    let text = write(symbol);
    match parse(&text, EXPIRY_HOUR)? {
        Name::Contract(again) | Name::Spot(again) => (again == *symbol).then_some(text),
        Name::Combo => None,
    }
}

/// Writes the native name of a contract that the venue has; spot is `BASE_QUOTE`.
#[must_use]
pub fn write(symbol: &Symbol) -> String {
    let pair = match &symbol.settle {
        Some(settle) if *settle == symbol.base => symbol.base.to_string(),
        _ => format!("{}_{}", symbol.base, symbol.quote),
    };
    match symbol.kind {
        Kind::Spot => pair,
        Kind::Perpetual => format!("{pair}-{PERPETUAL}"),
        Kind::Future { expiry } => {
            format!("{pair}-{}", grammar::print_day_month_year(expiry))
        }
        Kind::Option { expiry, strike, right } => {
            let terms = grammar::print_terms(strike, right, 'd');
            format!("{pair}-{}-{terms}", grammar::print_day_month_year(expiry))
        }
    }
}

fn parse(text: &str, expiry_hour: i8) -> Option<Name> {
    let mut parts = text.split('-');
    let pair = parts.next()?;
    let (base, quote) = match pair.split_once('_') {
        Some((base, quote)) => (capitals(base)?, Some(capitals(quote)?)),
        None => (capitals(pair)?, None),
    };
    let Some(second) = parts.next() else {
        let spot =
            |quote| Symbol { venue: VENUE.into(), base, quote, settle: None, kind: Kind::Spot };
        return quote.map(|quote| Name::Spot(spot(quote)));
    };
    let kind = if second == PERPETUAL {
        Kind::Perpetual
    } else if let Some(expiry) = grammar::day_month_year(second, expiry_hour) {
        match parts.next() {
            None => Kind::Future { expiry },
            Some(strike) => grammar::option(expiry, strike, parts.next()?, 'd')?,
        }
    } else {
        let strategy = second.len() >= 2 && second.bytes().all(|b| b.is_ascii_uppercase());
        return (strategy && parts.next().is_some()).then_some(Name::Combo);
    };
    if parts.next().is_some() {
        return None;
    }
    let (quote, settle) = match quote {
        Some(quote) => (quote.clone(), quote),
        None => (Asset::usd(), base.clone()),
    };
    Some(Name::Contract(Symbol { venue: VENUE.into(), base, quote, settle: Some(settle), kind }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTC-PERPETUAL", "deribit:BTC/USD:BTC"),
            ("BTC_USDC-PERPETUAL", "deribit:BTC/USDC:USDC"),
            ("BTC-27JUN25", "deribit:BTC/USD:BTC-250627"),
            ("BTC-5AUG23-28000-P", "deribit:BTC/USD:BTC-230805-28000-P"),
            ("XRP_USDC-30JUN23-0d625-C", "deribit:XRP/USDC:USDC-230630-0.625-C"),
            ("ETH_USDC-1JAN27", "deribit:ETH/USDC:USDC-270101"),
        ] {
            let symbol = read_contract(text, 8).unwrap();
            assert_eq!(write(&symbol), text);
            let one = keelmark_book::Quantity::from_int(1);
            assert_eq!(symbol.instrument(text.into(), one, one).to_string(), canonical);
        }
    }

    #[test]
    fn spot_and_combos_are_told_apart() {
        let Ok(Name::Spot(pair)) = read("BTC_USDC", 8) else { panic!("not spot") };
        assert_eq!(pair.to_string(), "deribit:BTC/USDC");
        for text in ["BTC-FS-27JUN25_PERP", "BTC-CS-27JUN25-90000_100000"] {
            assert_eq!(read(text, 8), Ok(Name::Combo), "{text}");
            assert!(read_contract(text, 8).is_err());
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused_with_what_was_expected() {
        for text in [
            "",
            "BTC",
            "BTC-",
            "BTC-32JAN25",
            "BTC-27JUN2025",
            "BTC-027JUN25",
            "BTC-27jun25",
            "btc-PERPETUAL",
            "BTC-27JUN25-100000",
            "BTC-27JUN25-100000-X",
            "BTC-27JUN25-0-C",
            "BTC-27JUN25-1d2d3-C",
            "BTC-27JUN25-1.5-C",
            "BTC-27JUN25-100000-C-1",
            "BTC-PERPETUAL-1",
            "BTC-\u{e9}7JUN25",
        ] {
            let error = read(text, 8).unwrap_err().to_string();
            assert!(error.contains("expected a Deribit name such as BTC-PERPETUAL"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z0-9_d.-]{0,30}|\\PC{0,20}") {
            if let Ok(Name::Contract(symbol)) = read(&text, 8) {
                prop_assert_eq!(read_contract(&write(&symbol), 8), Ok(symbol));
            }
        }
    }
}
