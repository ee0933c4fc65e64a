//! What a name stands for: the name itself, the category of its reply, and the instruments reply.
//!
//! The same text is a spot pair in one category and a perpetual in another, so contracts are kept
//! by both. The lots of contracts that no instruments reply describes are in `families/bybit.toml`.

use super::reply::Reply;
use super::symbol;
use crate::json::At;
use keelmark_book::symbol::Symbol;
use keelmark_book::{Asset, InputError, Instrument, Kind, Quantity, Timestamp};
use std::collections::BTreeMap;

const FILE: &str = "families/bybit.toml";
const EMBEDDED: &str = include_str!("../../families/bybit.toml");

/// What the venue says about one contract.
#[derive(Clone, Debug)]
struct Fact {
    base: Asset,
    quote: Asset,
    settle: Asset,
    expiry: Option<Timestamp>,
    lot: Quantity,
}

/// Facts by category and name, and what stands for facts that are not given.
#[derive(Clone, Debug)]
pub struct Contracts {
    facts: BTreeMap<(String, String), Fact>,
    lots: BTreeMap<String, Quantity>,
}

impl Contracts {
    /// No facts, and the embedded lots.
    ///
    /// # Errors
    /// [`InputError`] when the embedded file does not read; a test keeps that from happening.
    pub fn new() -> Result<Self, InputError> {
        let lots = crate::lots::read(FILE, EMBEDDED, symbol::VENUE)?;
        Ok(Self { facts: BTreeMap::new(), lots })
    }

    /// Takes the facts of an instruments reply.
    ///
    /// # Errors
    /// [`InputError`] at the row whose fields are missing or make no sense.
    pub fn read(&mut self, reply: &Reply<'_>) -> Result<(), InputError> {
        for row in &reply.rows {
            let name = row.word("symbol")?;
            let filter = row.need("lotSizeFilter")?;
            let step = match filter.positive("qtyStep")? {
                Some(step) => Some(step),
                None => filter.positive("basePrecision")?,
            };
            let Some(step) = step else {
                return Err(filter.error("expected qtyStep or basePrecision above zero"));
            };
            let (base, quote) = (row.asset("baseCoin")?, row.asset("quoteCoin")?);
            let settle = if row.get("settleCoin").is_some() {
                row.asset("settleCoin")?
            } else {
                quote.clone()
            };
            let expiry = row.millis("deliveryTime")?;
            let fact = Fact { base, quote, settle, expiry, lot: Quantity::new(step) };
            let category = category(row, reply.category);
            if self.facts.insert((category.to_owned(), name.to_owned()), fact).is_some() {
                return Err(row.error(format!("expected {name} once, found it a second time")));
            }
        }
        Ok(())
    }

    /// How many contracts the instruments replies describe.
    #[must_use]
    pub fn known(&self) -> usize {
        self.facts.len()
    }

    /// The instrument of a name in a category.
    ///
    /// # Errors
    /// In words, when the name is none.
    pub fn instrument(&self, category: &str, name: &str) -> Result<Instrument, String> {
        let named = if category == "spot" { symbol::parse_spot(name) } else { symbol::parse(name) };
        let fact = self.facts.get(&(category.to_owned(), name.to_owned()));
        let mut symbol = match (named, fact) {
            (Ok(named), _) => named,
            (Err(_), Some(fact)) if category != "option" => told(fact, category),
            (Err(error), _) => return Err(error.to_string()),
        };
        if let Some(fact) = fact {
            (symbol.base, symbol.quote) = (fact.base.clone(), fact.quote.clone());
            if symbol.kind != Kind::Spot {
                // Options are struck in dollars and paid in the coin that is their quote here.
                let settle = fact.settle.clone();
                if matches!(symbol.kind, Kind::Option { .. }) {
                    symbol.quote = settle.clone();
                }
                symbol.settle = Some(settle);
            }
            if let (Some(instant), Kind::Future { expiry } | Kind::Option { expiry, .. }) =
                (fact.expiry, &mut symbol.kind)
            {
                *expiry = instant;
            }
        }
        let kind = kind_of(&symbol);
        let lot = fact.map(|fact| fact.lot).or_else(|| self.lots.get(kind).copied());
        let lot = lot.ok_or_else(|| format!("{FILE} has no lot of kind {kind:?}"))?;
        Ok(symbol.instrument(name.to_owned(), Quantity::from_int(1), lot))
    }
}

/// A contract whose name says less than the instruments reply.
fn told(fact: &Fact, category: &str) -> Symbol {
    let kind = match fact.expiry {
        _ if category == "spot" => Kind::Spot,
        Some(expiry) => Kind::Future { expiry },
        None => Kind::Perpetual,
    };
    let settle = (kind != Kind::Spot).then(|| fact.settle.clone());
    let (base, quote) = (fact.base.clone(), fact.quote.clone());
    Symbol { venue: symbol::VENUE.into(), base, quote, settle, kind }
}

/// The category of a contract: the one of its reply, or the one that its row or its name is of.
pub fn category<'a>(row: &At<'a>, reply: &'a str) -> &'a str {
    let own = row.label("category");
    if !reply.is_empty() || !own.is_empty() {
        return if reply.is_empty() { own } else { reply };
    }
    let contract = row.label("contractType");
    match symbol::parse(row.label("symbol")) {
        _ if contract.starts_with("Inverse") => "inverse",
        _ if contract.starts_with("Linear") => "linear",
        _ if row.has(&["optionsType"]) || row.has(&["markIv"]) => "option",
        _ if row.has(&["usdIndexPrice"]) || row.has(&["marginTrading"]) => "spot",
        Ok(symbol) => kind_of(&symbol),
        Err(_) => "linear",
    }
}

/// The category that a contract is of.
#[must_use]
pub fn kind_of(symbol: &Symbol) -> &'static str {
    match (symbol.kind, &symbol.settle) {
        (Kind::Spot, _) | (_, None) => "spot",
        (Kind::Option { .. }, _) => "option",
        (_, Some(settle)) if *settle == symbol.base => "inverse",
        _ => "linear",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_lot() {
        let contracts = Contracts::new().unwrap();
        for (category, name, lot) in [
            ("linear", "BTCUSDT", "0.001"),
            ("inverse", "BTCUSD", "1"),
            ("option", "BTC-27MAR26-70000-C", "0.01"),
            ("spot", "BTCUSDT", "0.000001"),
        ] {
            let one = contracts.instrument(category, name).unwrap();
            assert_eq!(one.lot, lot.parse().unwrap(), "{name}");
        }
        assert!(contracts.instrument("linear", "BTC/USDT").is_err());
    }
}
