//! Binance's own names, in and out.
//!
//! `BTCUSDT` and `BTCUSDT_250627` settle in the quote, `BTCUSD_PERP` and `BTCUSD_250627` in the
//! coin (their size is a fixed number of dollars), and `BTC-250627-100000-C` in tether. Spot shares
//! the text of the linear perpetual: a name that could be both is the perpetual.

use crate::grammar::{self, NameError, capitals};
use keelmark_book::symbol::{Symbol, read_date};
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "binance";

const EXPECTED: &str = "a Binance name such as BTCUSDT, BTCUSDT_250627, BTCUSD_PERP or \
     BTC-250627-100000-C";
/// What linear contracts are quoted and settled in; names end in one of them.
const QUOTES: [&str; 6] = ["USDT", "USDC", "FDUSD", "BUSD", "USD1", "BTC"];
const PERPETUAL: &str = "PERP";
const TETHER: &str = "USDT";
const DOLLAR: &str = "USD";

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
    let pair = format!("{base}{quote}");
    let Some(settle) = symbol.settle.as_ref().filter(|_| symbol.kind != Kind::Spot) else {
        return Some(pair);
    };
    let text = match symbol.kind {
        Kind::Option { expiry, strike, right } => {
            let terms = grammar::print_terms(strike, right, '.');
            format!("{base}-{}-{terms}", grammar::print_short_date(expiry))
        }
        Kind::Future { expiry } => format!("{pair}_{}", grammar::print_short_date(expiry)),
        Kind::Perpetual if settle == base => format!("{pair}_{PERPETUAL}"),
        Kind::Spot | Kind::Perpetual => pair,
    };
    // The text alone must say which of them it is.
    (read(&text).as_ref() == Some(symbol)).then_some(text)
}

fn read(text: &str) -> Option<Symbol> {
    if text.contains('-') {
        return read_option(text);
    }
    let (pair, suffix) = match text.split_once('_') {
        Some((pair, suffix)) => (pair, Some(suffix)),
        None => (text, None),
    };
    let kind = match suffix {
        None | Some(PERPETUAL) => Kind::Perpetual,
        Some(date) => Kind::Future { expiry: read_date(date)? },
    };
    let quoted = QUOTES.iter().find_map(|quote| Some((pair.strip_suffix(quote)?, *quote)));
    let (base, quote, settle) = match quoted {
        Some((base, quote)) if suffix != Some(PERPETUAL) => {
            let quote = Asset::new(quote).ok()?;
            (capitals(base)?, quote.clone(), quote)
        }
        _ => {
            let base = capitals(pair.strip_suffix(DOLLAR).filter(|_| suffix.is_some())?)?;
            (base.clone(), Asset::usd(), base)
        }
    };
    Some(Symbol { venue: VENUE.into(), base, quote, settle: Some(settle), kind })
}

fn read_option(text: &str) -> Option<Symbol> {
    let mut parts = text.split('-');
    let base = capitals(parts.next()?)?;
    let expiry = read_date(parts.next()?)?;
    let kind = grammar::option(expiry, parts.next()?, parts.next()?, '.')?;
    if parts.next().is_some() {
        return None;
    }
    let quote = Asset::new(TETHER).ok()?;
    let settle = Some(quote.clone());
    Some(Symbol { venue: VENUE.into(), base, quote, settle, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTCUSDT", "binance:BTC/USDT:USDT"),
            ("ETHBTC", "binance:ETH/BTC:BTC"),
            ("1000SHIBUSDC", "binance:1000SHIB/USDC:USDC"),
            ("BTCUSDT_250627", "binance:BTC/USDT:USDT-250627"),
            ("BTCUSD_PERP", "binance:BTC/USD:BTC"),
            ("BTCUSD_250627", "binance:BTC/USD:BTC-250627"),
            ("BTC-250627-100000-C", "binance:BTC/USDT:USDT-250627-100000-C"),
            ("DOGE-250627-0.215-P", "binance:DOGE/USDT:USDT-250627-0.215-P"),
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
            "USDT",
            "BTCUSD",
            "BTCUSD_PERPETUAL",
            "BTCUSDT_20250627",
            "BTC-20250627-100000-C",
            "BTC-250627-100000-C-1",
            "btcusdt",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected a Binance name such as BTCUSDT"), "{error}");
        }
    }
}
