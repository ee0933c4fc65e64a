//! What a name does not say, from the embedded document: the unit of a size, the lot, the hour of
//! expiry.
//!
//! The numbers are the venue's and change without notice, so they stand in `families/deribit.toml`
//! with their sources and not in Rust; facts of an instruments reply come before them.

use super::instruments::Facts;
use keelmark_book::symbol::Symbol;
use keelmark_book::{InputError, Instrument, Kind, Quantity};
use serde::Deserialize;

const FILE: &str = "families/deribit.toml";
const EMBEDDED: &str = include_str!("../../families/deribit.toml");
const SCHEMA: &str = "keelmark/venue-families/1";

/// The families of the venue, most specific first.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Families {
    schema: String,
    venue: String,
    /// Hour of expiry, UTC.
    pub expiry_hour: i8,
    /// Where the hour is from.
    pub expiry_hour_source: String,
    /// In order of precedence: the first that fits counts.
    pub family: Vec<Family>,
}

/// Contracts that share unit and lot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    kinds: Vec<String>,
    /// Base asset, or `*` for any.
    pub base: String,
    /// Settlement asset, or `*` for any.
    pub settle: String,
    contract_size: Quantity,
    lot: Option<Quantity>,
    /// Where the numbers are from.
    pub source: String,
    /// Whether they were not seen in a reply of the venue.
    #[serde(default)]
    pub uncertain: bool,
}

impl Families {
    /// The document in this crate.
    ///
    /// # Errors
    /// [`InputError`] when it does not read; a test keeps that from happening.
    pub fn embedded() -> Result<Self, InputError> {
        let read: Self = toml::from_str(EMBEDDED).map_err(|e| InputError::whole(FILE, e))?;
        if read.schema != SCHEMA || read.venue != super::symbol::VENUE {
            let problem = format!("expected {SCHEMA:?} of {:?}", super::symbol::VENUE);
            return Err(InputError::whole(FILE, problem));
        }
        Ok(read)
    }

    /// The family of a contract.
    #[must_use]
    pub fn of(&self, symbol: &Symbol) -> Option<&Family> {
        self.family.iter().find(|one| one.holds(symbol))
    }

    /// The instrument of a contract: its family's unit and lot, overridden by the venue's facts.
    ///
    /// # Errors
    /// In words, when no lot is known.
    pub fn instrument(
        &self,
        symbol: Symbol,
        name: &str,
        facts: &Facts,
    ) -> Result<Instrument, String> {
        let fact = facts.get(name);
        let family = self.of(&symbol);
        let lot = fact.map(|fact| fact.min_trade_amount).or(family.and_then(|one| one.lot));
        let (Some(family), Some(lot)) = (family, lot) else {
            return Err(format!(
                "expected a known lot for {name}, found none: give the instruments reply \
                 (public/get_instruments) too"
            ));
        };
        let mut instrument = symbol.instrument(name.to_owned(), family.contract_size, lot);
        if let (Some(instant), Kind::Future { expiry } | Kind::Option { expiry, .. }) =
            (fact.and_then(|fact| fact.expiry), &mut instrument.kind)
        {
            *expiry = instant;
        }
        Ok(instrument)
    }
}

impl Family {
    fn holds(&self, symbol: &Symbol) -> bool {
        let kind = match symbol.kind {
            Kind::Spot => "spot",
            Kind::Perpetual => "perpetual",
            Kind::Future { .. } => "future",
            Kind::Option { .. } => "option",
        };
        let settle = symbol.settle.as_ref().unwrap_or(&symbol.quote).as_str();
        self.kinds.iter().any(|one| one == kind)
            && matches!(self.base.as_str(), base if base == "*" || base == symbol.base.as_str())
            && matches!(self.settle.as_str(), own if own == "*" || own == settle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deribit::symbol::read_contract;

    #[test]
    fn sizes_are_in_the_venues_own_unit() {
        let families = Families::embedded().unwrap();
        for (name, lot) in [
            ("BTC-PERPETUAL", "10"),
            ("ETH-27JUN25", "1"),
            ("BTC-27JUN25-100000-C", "0.1"),
            ("ETH-27JUN25-4000-P", "1"),
            ("BTC_USDC-PERPETUAL", "0.0001"),
            ("BTC_USDC-27JUN25-100000-C", "0.01"),
            ("SOL_USDC-27JUN25-200-C", "10"),
            ("XRP_USDC-27JUN25-0d625-C", "1000"),
            ("AVAX_USDC-27JUN25-30-P", "100"),
        ] {
            let symbol = read_contract(name, families.expiry_hour).unwrap();
            let one = families.instrument(symbol, name, &Facts::default()).unwrap();
            assert_eq!(one.contract_size, Quantity::from_int(1), "{name}");
            assert_eq!(one.lot, lot.parse().unwrap(), "{name}");
        }
        assert!(families.family.iter().all(|one| !one.source.is_empty()));
    }

    #[test]
    fn an_unknown_lot_asks_for_the_instruments_reply() {
        let families = Families::embedded().unwrap();
        let symbol = read_contract("DOGE_USDC-PERPETUAL", 8).unwrap();
        let error =
            families.instrument(symbol, "DOGE_USDC-PERPETUAL", &Facts::default()).unwrap_err();
        assert!(error.contains("public/get_instruments"), "{error}");
    }
}
