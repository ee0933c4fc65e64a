//! Hyperliquid's own names, in and out.
//!
//! A perpetual is its coin: `BTC`. `kPEPE` is a thousand of the coin, which is written `1000PEPE`
//! here as elsewhere. Markets that a builder deployed carry the name of their exchange in small
//! letters, `xyz:TSLA`, and have prices of their own: their base is `XYZ.TSLA`. Spot is
//! `PURR/USDC`; its other form, `@107`, is a number that only the venue's list explains.

use crate::grammar::NameError;
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, Kind};

/// The venue's name in canonical symbols.
pub const VENUE: &str = "hyperliquid";

const EXPECTED: &str = "a Hyperliquid name such as BTC, kPEPE, xyz:TSLA or PURR/USDC";
/// What perpetuals are margined in, unless a builder's list of markets says another.
const DOLLAR: &str = "USDC";
const THOUSAND: &str = "1000";

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
    let base = symbol.base.as_str();
    let text = match (symbol.kind, &symbol.settle) {
        (Kind::Spot, None) if !base.contains('.') => format!("{base}/{}", symbol.quote),
        (Kind::Perpetual, Some(settle)) if *settle == symbol.quote => match base.split_once('.') {
            Some((exchange, coin)) => {
                format!("{}:{}", exchange.to_ascii_lowercase(), print_coin(coin))
            }
            None => print_coin(base),
        },
        _ => return None,
    };
    // The coin that a builder's market is margined in is not in its name.
    let mut again = read(&text)?;
    if again.kind == Kind::Perpetual && base.contains('.') {
        (again.quote, again.settle) = (symbol.quote.clone(), symbol.settle.clone());
    }
    (again == *symbol).then_some(text)
}

fn read(text: &str) -> Option<Symbol> {
    if let Some((base, quote)) = text.split_once('/') {
        let (base, quote) = (Asset::new(base).ok()?, Asset::new(quote).ok()?);
        let same = format!("{base}/{quote}") == text && !base.as_str().contains('.');
        let symbol = Symbol { venue: VENUE.into(), base, quote, settle: None, kind: Kind::Spot };
        return same.then_some(symbol);
    }
    let base = match text.split_once(':') {
        Some((exchange, name)) => {
            let small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
            let named = !exchange.is_empty() && exchange.bytes().all(small);
            let coin = if named { coin(name)? } else { return None };
            Asset::new(&format!("{exchange}.{coin}")).ok()?
        }
        None => Asset::new(&coin(text)?).ok()?,
    };
    let quote = Asset::new(DOLLAR).ok()?;
    let settle = Some(quote.clone());
    Some(Symbol { venue: VENUE.into(), base, quote, settle, kind: Kind::Perpetual })
}

/// `PEPE` of `PEPE`, `1000PEPE` of `kPEPE`.
fn coin(text: &str) -> Option<String> {
    let large = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    match text.strip_prefix('k') {
        Some(rest) => large(rest).then(|| format!("{THOUSAND}{rest}")),
        None => large(text).then(|| text.to_owned()),
    }
}

fn print_coin(coin: &str) -> String {
    match coin.strip_prefix(THOUSAND) {
        Some(rest) if !rest.is_empty() => format!("k{rest}"),
        _ => coin.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (text, canonical) in [
            ("BTC", "hyperliquid:BTC/USDC:USDC"),
            ("kPEPE", "hyperliquid:1000PEPE/USDC:USDC"),
            ("KAITO", "hyperliquid:KAITO/USDC:USDC"),
            ("xyz:TSLA", "hyperliquid:XYZ.TSLA/USDC:USDC"),
            ("PURR/USDC", "hyperliquid:PURR/USDC"),
        ] {
            let symbol = parse(text).unwrap();
            assert_eq!(print(&symbol).as_deref(), Some(text));
            assert_eq!(symbol.to_string(), canonical);
        }
    }

    #[test]
    fn a_builders_market_may_be_margined_in_another_coin() {
        let mut symbol = parse("flx:GOLD").unwrap();
        symbol.quote = Asset::new("USDH").unwrap();
        symbol.settle = Some(symbol.quote.clone());
        assert_eq!(print(&symbol).as_deref(), Some("flx:GOLD"));
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in ["", "@107", "btc", "k", "BTC-PERP", "xyz:", ":TSLA", "XYZ:TSLA", "a/b/c"] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("expected a Hyperliquid name such as BTC"), "{error}");
        }
    }
}
