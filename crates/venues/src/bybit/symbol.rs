//! Bybit's own names, in and out.
//!
//! `BTCUSDT`, `BTCUSD` (inverse), `BTCPERP` (in USDC), `BTCUSDT-27JUN25`, `BTC-27JUN25` (in USDC),
//! `BTCUSDM25` (inverse, last Friday of the letter's month), `BTC-27JUN25-100000-C` (in USDC) and
//! `BTC-27JUN25-100000-C-USDT`. Options look like another venue's that settles them in coin, so
//! the venue is part of every key. Spot shares the text of the linear perpetual and is told apart
//! by the category of the reply only: a name that could be both is the perpetual.

use crate::grammar::{self, NameError, capitals};
use keelmark_book::symbol::{EXPIRY_HOUR, Symbol};
use keelmark_book::{Asset, Kind, Timestamp};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "bybit";

const EXPECTED: &str = "a Bybit name such as BTCUSDT, BTCUSD, BTCPERP, BTCUSDT-27JUN25 or \
     BTC-27JUN25-100000-C-USDT";
const TETHER: &str = "USDT";
const CIRCLE: &str = "USDC";
const DOLLAR: &str = "USD";
const PERPETUAL: &str = "PERP";
/// Month letters of inverse futures, January first.
const LETTERS: &[u8; 12] = b"FGHJKMNQUVXZ";

/// Reads the name of a perpetual, a future or an option.
///
/// # Errors
/// [`NameError`] when the text is none.
pub fn parse(text: &str) -> Result<Symbol, NameError> {
    read(text).ok_or_else(|| NameError::new(EXPECTED, text))
}

/// Reads the name of a spot pair, which a reply of the spot category holds.
///
/// # Errors
/// [`NameError`] when the text does not end in a quote currency.
pub fn parse_spot(text: &str) -> Result<Symbol, NameError> {
    let quotes = [TETHER, CIRCLE, "EUR", "BRL", "BTC", "ETH", "USDE", "USD1", "DAI"];
    let found = quotes.iter().find_map(|quote| {
        let base = text.strip_suffix(quote)?;
        Some(Symbol {
            venue: VENUE.into(),
            base: capitals(base)?,
            quote: Asset::new(quote).ok()?,
            settle: None,
            kind: Kind::Spot,
        })
    });
    found.ok_or_else(|| NameError::new("a Bybit spot pair such as BTCUSDT", text))
}

/// The native name; `None` where the venue has no name for such a contract.
#[must_use]
pub fn print(symbol: &Symbol) -> Option<String> {
    let (base, quote) = (&symbol.base, symbol.quote.as_str());
    let Some(settle) = &symbol.settle else { return Some(format!("{base}{quote}")) };
    let inverse = settle == base && quote == DOLLAR;
    if !inverse && *settle != symbol.quote {
        return None;
    }
    let date = grammar::print_day_month_year;
    let text = match (symbol.kind, quote) {
        (Kind::Spot, _) => format!("{base}{quote}"),
        (Kind::Perpetual, _) if inverse => format!("{base}{DOLLAR}"),
        (Kind::Perpetual, TETHER) => format!("{base}{TETHER}"),
        (Kind::Perpetual, CIRCLE) => format!("{base}{PERPETUAL}"),
        (Kind::Future { expiry }, _) if inverse => match letter(expiry) {
            Some(code) => format!("{base}{DOLLAR}{code}"),
            None => format!("{base}{DOLLAR}-{}", date(expiry)),
        },
        (Kind::Future { expiry }, TETHER) => format!("{base}{TETHER}-{}", date(expiry)),
        (Kind::Future { expiry }, CIRCLE) => format!("{base}-{}", date(expiry)),
        (Kind::Option { expiry, strike, right }, TETHER | CIRCLE) => {
            let terms = grammar::print_terms(strike, right, '.');
            let settled = if quote == TETHER { "-USDT" } else { "" };
            format!("{base}-{}-{terms}{settled}", date(expiry))
        }
        _ => return None,
    };
    // `XUSDT` in USDC would read as `X` in USDT: a base that ends in a quote has no dated name.
    (read(&text).as_ref() == Some(symbol)).then_some(text)
}

fn read(text: &str) -> Option<Symbol> {
    let mut parts = text.split('-');
    let head = parts.next()?;
    let Some(date) = parts.next() else { return whole(head) };
    let expiry = grammar::day_month_year(date, EXPIRY_HOUR)?;
    let Some(strike) = parts.next() else { return dated(head, expiry) };
    let kind = grammar::option(expiry, strike, parts.next()?, '.')?;
    let quote = match parts.next() {
        None | Some(CIRCLE) => CIRCLE,
        Some(TETHER) => TETHER,
        Some(_) => return None,
    };
    if parts.next().is_some() { None } else { linear(head, quote, kind) }
}

/// A name without a dash: a perpetual, or an inverse future by its letter.
fn whole(text: &str) -> Option<Symbol> {
    if let Some(base) = text.strip_suffix(TETHER) {
        return linear(base, TETHER, Kind::Perpetual);
    }
    if let Some(base) = text.strip_suffix(PERPETUAL) {
        return linear(base, CIRCLE, Kind::Perpetual);
    }
    if let Some(base) = text.strip_suffix(DOLLAR) {
        return inverse(base, Kind::Perpetual);
    }
    let (head, code) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let base = head.strip_suffix(DOLLAR)?;
    let (letter, year) = code.split_at_checked(1)?;
    let month = LETTERS.iter().position(|one| letter.as_bytes() == [*one])? + 1;
    if !grammar::digits(year) {
        return None;
    }
    let expiry = last_friday(2000 + year.parse::<i16>().ok()?, i8::try_from(month).ok()?)?;
    inverse(base, Kind::Future { expiry })
}

/// `BTCUSDT-27JUN25`, `BTCUSD-27JUN25`, `BTC-27JUN25`.
fn dated(head: &str, expiry: Timestamp) -> Option<Symbol> {
    let kind = Kind::Future { expiry };
    if let Some(base) = head.strip_suffix(TETHER) {
        return linear(base, TETHER, kind);
    }
    match head.strip_suffix(DOLLAR) {
        Some(base) => inverse(base, kind),
        None => linear(head, CIRCLE, kind),
    }
}

fn linear(base: &str, quote: &str, kind: Kind) -> Option<Symbol> {
    let quote = Asset::new(quote).ok()?;
    let settle = Some(quote.clone());
    Some(Symbol { venue: VENUE.into(), base: capitals(base)?, quote, settle, kind })
}

fn inverse(base: &str, kind: Kind) -> Option<Symbol> {
    let base = capitals(base)?;
    let settle = Some(base.clone());
    Some(Symbol { venue: VENUE.into(), base, quote: Asset::usd(), settle, kind })
}

/// `M25` where the expiry is the last Friday of its month.
fn letter(expiry: Timestamp) -> Option<String> {
    let (year, month, _) = expiry.date();
    if last_friday(year, month)? != expiry {
        return None;
    }
    let letter = LETTERS.get(usize::try_from(month).ok()?.checked_sub(1)?)?;
    Some(format!("{}{:02}", char::from(*letter), year % 100))
}

fn last_friday(year: i16, month: i8) -> Option<Timestamp> {
    const DAY: i64 = 86_400_000_000_000;
    let on = |day| Timestamp::from_date(year, month, day, EXPIRY_HOUR, 0);
    // 1970-01-01 was a Thursday.
    let friday = |instant: &Timestamp| instant.nanos().div_euclid(DAY).rem_euclid(7) == 1;
    (22..=31).rev().filter_map(on).find(friday)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTCUSDT", "bybit:BTC/USDT:USDT"),
            ("1000PEPEUSDT", "bybit:1000PEPE/USDT:USDT"),
            ("BTCUSD", "bybit:BTC/USD:BTC"),
            ("BTCPERP", "bybit:BTC/USDC:USDC"),
            ("PERPUSDT", "bybit:PERP/USDT:USDT"),
            ("BTCUSDT-27JUN25", "bybit:BTC/USDT:USDT-250627"),
            ("BTC-5AUG25", "bybit:BTC/USDC:USDC-250805"),
            ("BTCUSDM25", "bybit:BTC/USD:BTC-250627"),
            ("ETHUSDZ24", "bybit:ETH/USD:ETH-241227"),
            ("BTC-27JUN25-100000-C", "bybit:BTC/USDC:USDC-250627-100000-C"),
            ("XRP-27JUN25-2.25-P-USDT", "bybit:XRP/USDT:USDT-250627-2.25-P"),
        ] {
            let symbol = parse(text).unwrap();
            assert_eq!(print(&symbol).as_deref(), Some(text));
            assert_eq!(symbol.to_string(), canonical);
        }
        assert_eq!(parse_spot("BTCUSDT").unwrap().to_string(), "bybit:BTC/USDT");
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in [
            "",
            "BTC",
            "USDT",
            "btcusdt",
            "BTC-PERPETUAL",
            "BTCUSDA25",
            "BTCUSDT-27JUN2025",
            "BTC-27JUN25-100000",
            "BTC-27JUN25-100000-C-EUR",
            "BTC-27JUN25-100000-C-USDT-1",
            "BTC-27JUN25-0-C",
            "BTC\u{e9}USDT",
            "\u{20ac}\u{20ac}",
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected a Bybit name such as BTCUSDT"), "{error}");
        }
    }
}
