//! A market as one stored value: every field out, every rule checked on the way back.
//!
//! The fields are serde's to write down, so that none is forgotten; whoever reads a market gets
//! one that could have been built piece by piece, or an error.

use super::{
    Market, MarketError, check_instrument, check_quote, check_row, check_times_and_spread,
};
use crate::detail::check_confidence;
use crate::instrument::Instrument;
use crate::instruments::{InstrumentId, Instruments};
use crate::lent::above_zero;
use keelmark_units::Price;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for Market {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Market::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Market {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let market = Market::deserialize(deserializer)?;
        market.check().map_err(D::Error::custom)?;
        Ok(market)
    }
}

impl Serialize for Instruments {
    /// The list; names follow from it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|(_, one)| one))
    }
}

impl<'de> Deserialize<'de> for Instruments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = Self::default();
        for one in Vec::<Instrument>::deserialize(deserializer)? {
            let name = one.to_string();
            let twice = || format!("{name}: expected each instrument once, found it twice");
            all.add(one).ok_or_else(|| D::Error::custom(twice()))?;
        }
        Ok(all)
    }
}

impl Market {
    /// Whether it could have been built piece by piece.
    fn check(&self) -> Result<(), MarketError> {
        let count = self.instruments.len();
        if self.quotes.len() != count {
            let found = format!("expected {count} quotes, found {}", self.quotes.len());
            return Err(bad("quotes", found));
        }
        let named = self.details.keys().chain(self.open_interest.keys());
        let named = named.chain(self.slow_marks.keys()).chain(self.given.keys());
        if let Some(id) = named.into_iter().find(|id| id.index() >= count) {
            let found = format!("expected one of {count}, found number {}", id.index());
            return Err(bad("instrument", found));
        }
        for (id, one) in self.instruments.iter() {
            self.check_one(id, one).map_err(|problem| bad(&one.venue_symbol, problem))?;
        }
        self.check_assets()?;
        for (id, price) in &self.slow_marks {
            above_zero(&self.instruments.get(*id).venue_symbol, *price)?;
        }
        Ok(())
    }

    fn check_one(&self, id: InstrumentId, one: &Instrument) -> Result<(), String> {
        check_instrument(one)?;
        match self.given.get(&id) {
            Some(row) => {
                check_times_and_spread(one, self.quote(id))?;
                check_row(row)?;
            }
            None => check_quote(one, self.quote(id))?,
        }
        if let Some(detail) = self.details.get(&id) {
            // The forward may have moved since its fixed part was compared with it.
            detail.check(Some(detail.fixed_forward))?;
        }
        match self.open_interest.get(&id) {
            Some(open) if open.is_negative() => {
                Err(format!("open_interest: expected zero or more, found {open}"))
            }
            _ => Ok(()),
        }
    }

    fn check_assets(&self) -> Result<(), MarketError> {
        let own = self.assets.get(&self.currency).map(|feed| feed.price);
        if own != Some(Price::from_int(1)) {
            return Err(bad(self.currency.as_str(), "expected a price of 1".to_owned()));
        }
        for (asset, feed) in &self.assets {
            if !feed.price.is_positive() {
                let found = format!("expected a price above zero, found {}", feed.price);
                return Err(bad(asset.as_str(), found));
            }
            check_confidence("confidence", feed.confidence)
                .map_err(|problem| bad(asset.as_str(), problem))?;
        }
        for (asset, price) in &self.slow {
            above_zero(asset.as_str(), *price)?;
        }
        for (asset, lent) in &self.lent {
            lent.check(asset)?;
        }
        Ok(())
    }
}

fn bad(what: &str, problem: String) -> MarketError {
    MarketError::BadQuote { instrument: what.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Asset;
    use crate::detail::Detail;
    use crate::read;
    use keelmark_units::{Quantity, Rate};

    fn market() -> Market {
        let text = "instrument,mark,iv,forward,contract_size,lot,as_of
BTC,70000,,,,,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC,70010,,,1,10,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC-260327-70000-C,0.03,0.5,70100,1,0.1,2026-03-13T19:00:00Z
";
        let mut market = read::market_csv("m.csv", text.as_bytes()).unwrap();
        let (first, btc) = (InstrumentId::new(0), Asset::new("BTC").unwrap());
        market.set_open_interest(first, Quantity::from_int(7)).unwrap();
        market.set_slow(btc.clone(), Price::from_int(69_000)).unwrap();
        market.set_slow_mark(first, Price::from_int(69_001)).unwrap();
        market.set_confidence(&btc, "0.5".parse::<Rate>().unwrap()).unwrap();
        let detail = Detail { rate: Some(0.05), ..Detail::default() };
        market.set_detail(InstrumentId::new(1), detail).unwrap();
        market
    }

    #[test]
    fn what_is_stored_comes_back() {
        let market = market();
        let text = serde_json::to_string(&market).unwrap();
        let again: Market = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{again:?}"), format!("{market:?}"));
        assert!(again.instruments.find("BTC/USD:BTC").is_ok());
    }

    #[test]
    fn what_could_not_have_been_added_is_refused() {
        let text = serde_json::to_string(&market()).unwrap();
        for (from, to, expected) in [
            ("\"70010\"", "\"-1\"", "expected a price above zero, found -1"),
            ("\"iv\":0.5", "\"iv\":-0.5", "expected a volatility between"),
            ("\"open_interest\":{\"0\"", "\"open_interest\":{\"9\"", "of 2, found number 9"),
            ("\"confidence\":\"0.5\"", "\"confidence\":\"1.5\"", "found 1.5"),
            ("\"slow\":{\"BTC\":\"69000\"", "\"slow\":{\"BTC\":\"0\"", "slow: expected a price"),
            ("\"lot\":\"10\"", "\"lot\":\"0\"", "expected a size above zero"),
        ] {
            assert!(text.contains(from), "{from} in {text}");
            let error = serde_json::from_str::<Market>(&text.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().contains(expected), "{to}: {error}");
        }
    }
}
