//! Every spelling of an instrument's name, by venue: what a person or a file may write.
//!
//! The structured [`Symbol`] is the truth and text is a view of it. Taken are the canonical form
//! (`okx:BTC/USDT:USDT-250627`), the venue before its own name (`okx:BTC-USDT-250627`) and the
//! venue behind it (`BTC-USDT-250627.OKX`, as `NautilusTrader` writes it, which also marks what the
//! venue's name leaves open: `BTCUSDT-PERP.BINANCE`). The same text under two venues is two
//! instruments, so a bare name means something only within a market.

use crate::grammar::NameError;
use crate::{binance, bybit, deribit, derive, drift, hyperliquid, okx};
use keelmark_book::symbol::{EXPIRY_HOUR, Symbol};
use keelmark_book::{Instrument, Kind, Market};

/// How a venue writes its names.
#[derive(Clone, Copy, Debug)]
pub struct Grammar {
    /// The venue, as in canonical symbols.
    pub venue: &'static str,
    /// Reads a name of the venue.
    pub parse: fn(&str) -> Result<Symbol, NameError>,
    /// Writes one; `None` where the venue has no name for such a contract.
    pub print: fn(&Symbol) -> Option<String>,
    /// What `NautilusTrader` puts behind a name of the venue.
    marks: &'static [&'static str],
}

/// Every venue whose names are known, by name.
pub const GRAMMARS: &[Grammar] = &[
    Grammar {
        venue: binance::symbol::VENUE,
        parse: binance::symbol::parse,
        print: binance::symbol::print,
        marks: &["-PERP"],
    },
    Grammar {
        venue: bybit::symbol::VENUE,
        parse: bybit::symbol::parse,
        print: bybit::symbol::print,
        marks: &["-LINEAR", "-INVERSE", "-OPTION"],
    },
    Grammar {
        venue: deribit::symbol::VENUE,
        parse: |text| match deribit::symbol::read(text, EXPIRY_HOUR)? {
            deribit::symbol::Name::Contract(symbol) | deribit::symbol::Name::Spot(symbol) => {
                Ok(symbol)
            }
            deribit::symbol::Name::Combo => deribit::symbol::read_contract(text, EXPIRY_HOUR),
        },
        print: deribit::symbol::print,
        marks: &[],
    },
    Grammar {
        venue: derive::symbol::VENUE,
        parse: derive::symbol::parse,
        print: derive::symbol::print,
        marks: &[],
    },
    Grammar {
        venue: drift::symbol::VENUE,
        parse: drift::symbol::parse,
        print: drift::symbol::print,
        marks: &[],
    },
    Grammar {
        venue: hyperliquid::symbol::VENUE,
        parse: hyperliquid::symbol::parse,
        print: hyperliquid::symbol::print,
        marks: &[],
    },
    Grammar {
        venue: okx::symbol::VENUE,
        parse: okx::symbol::parse,
        print: okx::symbol::print,
        marks: &[],
    },
];

/// The grammar of a venue, its name in any case.
#[must_use]
pub fn grammar(venue: &str) -> Option<&'static Grammar> {
    GRAMMARS.iter().find(|one| one.venue.eq_ignore_ascii_case(venue))
}

/// The symbol of a name that says its venue; `None` where it says none, or none that is known.
#[must_use]
pub fn parse(name: &str) -> Option<Symbol> {
    if let Ok(symbol) = Symbol::parse(name) {
        return Some(symbol);
    }
    if let Some((venue, native)) = name.split_once(':')
        && let Some(grammar) = grammar(venue)
    {
        return (grammar.parse)(native).ok();
    }
    let (native, venue) = name.rsplit_once('.')?;
    let grammar = grammar(venue)?;
    // With its mark first: `BTC-USD-PERP` of one venue ends as the perpetual of another does.
    (grammar.parse)(native).ok().or_else(|| {
        let bare = grammar.marks.iter().find_map(|mark| native.strip_suffix(mark))?;
        (grammar.parse)(bare).ok()
    })
}

/// As [`parse`], written canonically: how a market looks up what it does not know by its text.
#[must_use]
pub fn canonical(name: &str) -> Option<String> {
    parse(name).map(|symbol| symbol.to_string())
}

/// The venue's own name of an instrument, from its grammar.
#[must_use]
pub fn native(instrument: &Instrument) -> Option<String> {
    let settle = (instrument.kind != Kind::Spot).then(|| instrument.settle.clone());
    let symbol = Symbol {
        venue: instrument.venue.clone(),
        base: instrument.base.clone(),
        quote: instrument.quote.clone(),
        settle,
        kind: instrument.kind,
    };
    (grammar(&symbol.venue)?.print)(&symbol)
}

/// Lets a market be asked by any spelling, and names what its file does not in the venue's words.
pub fn teach(market: &mut Market) {
    market.instruments.understand(canonical, native);
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::{Asset, Price, Right, Timestamp};
    use proptest::prelude::*;
    use proptest::sample::select;

    #[test]
    fn every_way_to_say_the_venue_is_the_same_instrument() {
        for (name, expected) in [
            ("okx:BTC/USDT:USDT-250627", "okx:BTC/USDT:USDT-250627"),
            ("okx:BTC-USDT-250627", "okx:BTC/USDT:USDT-250627"),
            ("OKX:BTC-USDT-250627", "okx:BTC/USDT:USDT-250627"),
            ("BTC-USDT-250627.OKX", "okx:BTC/USDT:USDT-250627"),
            ("BTC-27JUN25-100000-C.DERIBIT", "deribit:BTC/USD:BTC-250627-100000-C"),
            ("BTC-27JUN25-100000-C.BYBIT", "bybit:BTC/USDC:USDC-250627-100000-C"),
            ("BTCUSDT-PERP.BINANCE", "binance:BTC/USDT:USDT"),
            ("BTCUSDT-LINEAR.BYBIT", "bybit:BTC/USDT:USDT"),
            ("BTC-5AUG23-28000-P.DERIBIT", "deribit:BTC/USD:BTC-230805-28000-P"),
            ("deribit:BTC_USDC", "deribit:BTC/USDC"),
            ("hyperliquid:xyz:TSLA", "hyperliquid:XYZ.TSLA/USDC:USDC"),
        ] {
            assert_eq!(canonical(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn what_says_no_known_venue_is_no_name() {
        for name in ["BTC-USDT-SWAP", "nowhere:BTC-USDT-SWAP", "BTCUSDT.NOWHERE", "okx:BTC", ""] {
            assert_eq!(canonical(name), None, "{name}");
        }
    }

    fn kind() -> impl Strategy<Value = Kind> {
        let date = (20i16..60, 1i8..=12, 1i8..=28);
        let expiry = date.prop_map(|(year, month, day)| {
            Timestamp::from_date(2000 + year, month, day, EXPIRY_HOUR, 0).unwrap_or_default()
        });
        let strike = (1i128..10_000_000, 0i32..5).prop_map(|(digits, places)| {
            let exact =
                keelmark_book::Decimal::from_scaled(digits, -places, keelmark_book::Round::Nearest);
            Price::new(exact.unwrap_or_default())
        });
        let right = prop_oneof![Just(Right::Call), Just(Right::Put)];
        prop_oneof![
            Just(Kind::Spot),
            Just(Kind::Perpetual),
            expiry.clone().prop_map(|expiry| Kind::Future { expiry }),
            (expiry, strike, right).prop_map(|(expiry, strike, right)| Kind::Option {
                expiry,
                strike,
                right
            }),
        ]
    }

    fn symbol() -> impl Strategy<Value = Symbol> {
        let quote = select(vec!["USD", "USDT", "USDC", "BTC"]);
        let base = prop_oneof![
            select(vec!["BTC", "ETH", "SOL", "1000PEPE", "PERP", "USDC", "XYZ.TSLA"])
                .prop_map(str::to_owned),
            "[A-Z][A-Z0-9]{0,9}",
        ];
        (0..GRAMMARS.len(), base, quote, any::<bool>(), kind()).prop_map(
            |(at, base, quote, inverse, kind)| {
                let base = Asset::new(&base).unwrap_or_else(|_| Asset::usd());
                let quote = Asset::new(quote).unwrap_or_else(|_| Asset::usd());
                let settle = if inverse { base.clone() } else { quote.clone() };
                let settle = (kind != Kind::Spot).then_some(settle);
                Symbol { venue: GRAMMARS[at].venue.into(), base, quote, settle, kind }
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn what_is_printed_reads_as_itself(symbol in symbol()) {
            let grammar = grammar(&symbol.venue).unwrap();
            // Spot of two venues has the text of their perpetuals; a reply's category tells.
            // What a builder's market is margined in is in no name either.
            let told = symbol.base.as_str() != "XYZ.TSLA"
                && (symbol.kind != Kind::Spot || !["binance", "bybit"].contains(&grammar.venue));
            if let Some(text) = (grammar.print)(&symbol).filter(|_| told) {
                prop_assert_eq!((grammar.parse)(&text), Ok(symbol.clone()), "{}", text);
                prop_assert_eq!(parse(&format!("{}:{text}", symbol.venue)), Some(symbol.clone()));
                let behind = format!("{text}.{}", symbol.venue.to_ascii_uppercase());
                prop_assert_eq!(parse(&behind), Some(symbol.clone()));
            }
            prop_assert_eq!(Symbol::parse(&symbol.to_string()), Ok(symbol));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[A-Z0-9_d./:-]{0,30}|\\PC{0,20}") {
            for grammar in GRAMMARS {
                if let Ok(symbol) = (grammar.parse)(&text) {
                    let again = (grammar.print)(&symbol).map(|text| (grammar.parse)(&text));
                    prop_assert!(again.is_none_or(|again| again == Ok(symbol)), "{}", text);
                }
            }
            let _ = canonical(&text);
        }
    }

    #[test]
    fn usual_contracts_have_a_name_at_their_venue() {
        for text in [
            "okx:BTC/USD:BTC-250627-100000-C",
            "binance:BTC/USDT:USDT",
            "bybit:BTC/USDT:USDT-250627",
            "deribit:BTC/USDC:USDC",
            "derive:BTC/USDC:USDC",
            "drift:SOL/USDC:USDC",
            "hyperliquid:BTC/USDC:USDC",
        ] {
            let symbol = Symbol::parse(text).unwrap();
            assert!((grammar(&symbol.venue).unwrap().print)(&symbol).is_some(), "{text}");
        }
        let none = Symbol::parse("derive:BTC/USDC:USDC-250627").unwrap();
        assert_eq!((grammar("derive").unwrap().print)(&none), None);
    }
}
