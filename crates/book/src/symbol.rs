//! The canonical spelling of an instrument: the ccxt unified form behind a venue.
//!
//! `deribit:BTC/USD:BTC-260327-70000-C` is venue, base, quote, settle, expiry date (UTC), strike,
//! right. A perpetual stops after the settle asset, a dated future after the date, and spot has no
//! settle asset at all (`deribit:BTC/USDC`). Nothing is left to guess except the hour of expiry,
//! which defaults to 08:00 UTC and is a column of the market file where it differs.

use crate::asset::Asset;
use crate::instrument::{Instrument, Kind, Right};
use keelmark_units::{Price, Quantity, Timestamp};
use std::fmt;

/// Hour of expiry, UTC, that the date in a symbol stands for.
pub const EXPIRY_HOUR: i8 = 8;

/// The parts of a canonical symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The venue, lower case.
    pub venue: String,
    /// What the contract is on.
    pub base: Asset,
    /// What its strike is priced in.
    pub quote: Asset,
    /// What it pays in; absent for spot.
    pub settle: Option<Asset>,
    /// Spot, perpetual, future or option.
    pub kind: Kind,
}

/// Text that is not a canonical symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an instrument such as deribit:BTC/USD:BTC-260327-70000-C \
     (venue:BASE/QUOTE:SETTLE[-YYMMDD[-STRIKE-C|P]]), found {0:?}"
)]
pub struct SymbolError(String);

impl Symbol {
    /// Reads a canonical symbol.
    ///
    /// # Errors
    /// [`SymbolError`] when the text is not one.
    pub fn parse(text: &str) -> Result<Self, SymbolError> {
        read(text).ok_or_else(|| SymbolError(text.chars().take(80).collect()))
    }

    /// The instrument of this symbol with the facts a symbol does not carry.
    #[must_use]
    pub fn instrument(
        self,
        venue_symbol: String,
        contract_size: Quantity,
        lot: Quantity,
    ) -> Instrument {
        let settle = self.settle.unwrap_or_else(|| self.quote.clone());
        Instrument {
            venue: self.venue,
            venue_symbol,
            base: self.base,
            quote: self.quote,
            settle,
            kind: self.kind,
            contract_size,
            lot,
        }
    }
}

fn read(text: &str) -> Option<Symbol> {
    let (venue, rest) = text.split_once(':')?;
    if venue.is_empty() || !venue.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return None;
    }
    let (base, rest) = rest.split_once('/')?;
    let (quote, rest) = match rest.split_once(':') {
        Some((quote, rest)) => (quote, Some(rest)),
        None => (rest, None),
    };
    let (settle, kind) = match rest {
        None => (None, Kind::Spot),
        Some(rest) => {
            let mut parts = rest.split('-');
            let settle = Asset::new(parts.next()?).ok()?;
            (Some(settle), read_kind(parts)?)
        }
    };
    Some(Symbol {
        venue: venue.to_ascii_lowercase(),
        base: Asset::new(base).ok()?,
        quote: Asset::new(quote).ok()?,
        settle,
        kind,
    })
}

fn read_kind<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<Kind> {
    let Some(date) = parts.next() else { return Some(Kind::Perpetual) };
    let expiry = read_date(date)?;
    let Some(strike) = parts.next() else { return Some(Kind::Future { expiry }) };
    let strike: Price = strike.parse().ok()?;
    let right = match parts.next()? {
        "C" => Right::Call,
        "P" => Right::Put,
        _ => return None,
    };
    let nothing_left = parts.next().is_none();
    (nothing_left && strike.is_positive()).then_some(Kind::Option { expiry, strike, right })
}

/// `YYMMDD` at the usual hour of expiry.
#[must_use]
pub fn read_date(text: &str) -> Option<Timestamp> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |range: std::ops::Range<usize>| text[range].parse::<i8>().ok();
    let year = 2000 + i16::from(part(0..2)?);
    Timestamp::from_date(year, part(2..4)?, part(4..6)?, EXPIRY_HOUR, 0)
}

impl fmt::Display for Instrument {
    /// The canonical symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.venue, self.base, self.quote)?;
        if self.kind == Kind::Spot {
            return Ok(());
        }
        write!(f, ":{}", self.settle)?;
        write_kind(f, self.kind)
    }
}

impl fmt::Display for Symbol {
    /// The canonical symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.venue, self.base, self.quote)?;
        let Some(settle) = self.settle.as_ref().filter(|_| self.kind != Kind::Spot) else {
            return Ok(());
        };
        write!(f, ":{settle}")?;
        write_kind(f, self.kind)
    }
}

fn write_kind(f: &mut fmt::Formatter<'_>, kind: Kind) -> fmt::Result {
    let (expiry, terms) = match kind {
        Kind::Spot | Kind::Perpetual => return Ok(()),
        Kind::Future { expiry } => (expiry, None),
        Kind::Option { expiry, strike, right } => (expiry, Some((strike, right))),
    };
    let (year, month, day) = expiry.date();
    write!(f, "-{:02}{month:02}{day:02}", year % 100)?;
    match terms {
        Some((strike, right)) => write!(f, "-{strike}-{}", right.letter()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_round_trip() {
        for text in [
            "deribit:BTC/USD:BTC-260327-70000-C",
            "deribit:XRP/USDC:USDC-230630-0.625-C",
            "deribit:BTC/USD:BTC-260327",
            "binance:BTC/USDT:USDT",
            "deribit:BTC/USDC",
        ] {
            let symbol = Symbol::parse(text).unwrap();
            let one = Quantity::from_int(1);
            assert_eq!(symbol.instrument(text.into(), one, one).to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_symbol_is_refused() {
        for text in [
            "",
            "BTC",
            "BTC/USD:BTC",
            "deribit:BTC",
            "deribit:BTC/USD:BTC-261327",
            "deribit:BTC/USD:BTC-260327-70000",
            "deribit:BTC/USD:BTC-260327-70000-X",
            "deribit:BTC/USD:BTC-260327-0-C",
            "deribit:BTC/USD:BTC-260327-70000-C-1",
        ] {
            assert!(Symbol::parse(text).is_err(), "{text}");
        }
    }
}
