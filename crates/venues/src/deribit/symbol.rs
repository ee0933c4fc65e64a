//! Deribit's own names, in and out.
//!
//! `BTC-PERPETUAL`, `BTC-27JUN25`, `BTC-5AUG23-28000-P`, `XRP_USDC-30JUN23-0d625-C`: the day has
//! one or two digits, `d` is the decimal point of a strike, and no `_USDC` means settled in the
//! coin itself. Spot pairs and combos share the name space, so they are recognised and told
//! apart: a combo is held as its legs.

use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, Kind, Price, Right, Timestamp};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "deribit";

/// What a native name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A perpetual, a future or an option.
    Contract(Symbol),
    /// A spot pair such as `BTC_USDC`.
    Spot,
    /// A combo such as `BTC-CS-27JUN25-90000_100000`: traded, never held.
    Combo,
}

/// Text that is not a native name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a Deribit name such as BTC-PERPETUAL, BTC-27JUN25, BTC-5AUG23-28000-P or \
     XRP_USDC-30JUN23-0d625-C, found {0:?}"
)]
pub struct NameError(String);

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const PERPETUAL: &str = "PERPETUAL";

/// Reads a native name; `expiry_hour` (UTC) is not in it.
///
/// # Errors
/// [`NameError`] when the text is not one.
pub fn read(text: &str, expiry_hour: i8) -> Result<Name, NameError> {
    parse(text, expiry_hour).ok_or_else(|| NameError(text.chars().take(80).collect()))
}

/// As [`read`], of a perpetual, a future or an option only.
///
/// # Errors
/// [`NameError`] when the text is anything else.
pub fn read_contract(text: &str, expiry_hour: i8) -> Result<Symbol, NameError> {
    match read(text, expiry_hour)? {
        Name::Contract(symbol) => Ok(symbol),
        Name::Spot | Name::Combo => Err(NameError(text.chars().take(80).collect())),
    }
}

/// Writes the native name of a contract; spot is `BASE_QUOTE`.
#[must_use]
pub fn write(symbol: &Symbol) -> String {
    let pair = match &symbol.settle {
        Some(settle) if *settle == symbol.base => symbol.base.to_string(),
        _ => format!("{}_{}", symbol.base, symbol.quote),
    };
    match symbol.kind {
        Kind::Spot => pair,
        Kind::Perpetual => format!("{pair}-{PERPETUAL}"),
        Kind::Future { expiry } => format!("{pair}-{}", date(expiry)),
        Kind::Option { expiry, strike, right } => {
            let strike = strike.to_string().replace('.', "d");
            format!("{pair}-{}-{strike}-{}", date(expiry), right.letter())
        }
    }
}

fn parse(text: &str, expiry_hour: i8) -> Option<Name> {
    let mut parts = text.split('-');
    let pair = parts.next()?;
    let (base, quote) = match pair.split_once('_') {
        Some((base, quote)) => (asset(base)?, Some(asset(quote)?)),
        None => (asset(pair)?, None),
    };
    let Some(second) = parts.next() else { return quote.map(|_| Name::Spot) };
    let kind = if second == PERPETUAL {
        Kind::Perpetual
    } else if let Some(expiry) = read_date(second, expiry_hour) {
        match parts.next() {
            None => Kind::Future { expiry },
            Some(strike) => option(expiry, strike, parts.next()?)?,
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

/// An asset in capitals: the venue writes no other, and the name must come back as it was.
fn asset(text: &str) -> Option<Asset> {
    let capitals = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if capitals { Asset::new(text).ok() } else { None }
}

fn option(expiry: Timestamp, strike: &str, right: &str) -> Option<Kind> {
    let digits = strike.bytes().all(|b| b.is_ascii_digit() || b == b'd');
    let strike: Price = if digits { strike.replace('d', ".").parse().ok()? } else { return None };
    let right = match right {
        "C" => Right::Call,
        "P" => Right::Put,
        _ => return None,
    };
    strike.is_positive().then_some(Kind::Option { expiry, strike, right })
}

/// `27JUN25` or `5AUG23`.
fn read_date(text: &str, hour: i8) -> Option<Timestamp> {
    if !text.is_ascii() || !(6..=7).contains(&text.len()) {
        return None;
    }
    let (day, rest) = text.split_at(text.len() - 5);
    let (month, year) = rest.split_at(3);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !digits(day) || !digits(year) {
        return None;
    }
    let month = MONTHS.iter().position(|one| *one == month)? + 1;
    let year = 2000 + year.parse::<i16>().ok()?;
    Timestamp::from_date(year, i8::try_from(month).ok()?, day.parse().ok()?, hour, 0)
}

fn date(expiry: Timestamp) -> String {
    let (year, month, day) = expiry.date();
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
    format!("{day}{month}{:02}", year % 100)
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
        assert_eq!(read("BTC_USDC", 8), Ok(Name::Spot));
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
