//! Metas and asset contexts to a market: perpetuals at their mark, coins at their oracle price,
//! spot pairs at theirs.

use super::symbol::{self, VENUE};
use crate::imported::LeftOut;
use crate::json::At;
use keelmark_book::symbol::Symbol;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Kind, Market, Price, Quantity, Quote, Round, Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// A perpetual of a meta.
#[derive(Clone, Debug)]
pub struct Perpetual<'a> {
    /// Its row.
    pub at: At<'a>,
    /// The contract.
    pub instrument: Instrument,
    /// Whether it is traded no more.
    pub delisted: bool,
}

/// A market in the making.
#[derive(Debug, Default)]
pub struct Listing<'a> {
    /// By native name.
    pub perpetuals: BTreeMap<String, Perpetual<'a>>,
    /// Marks and oracle prices, by native name.
    prices: BTreeMap<String, (At<'a>, Option<Decimal>, Option<Decimal>)>,
    /// Spot pairs with their prices.
    pairs: Vec<(At<'a>, Instrument, Decimal)>,
    /// Names of tokens, by index.
    tokens: BTreeMap<i64, &'a str>,
    /// What was left out.
    pub left: LeftOut,
}

impl<'a> Listing<'a> {
    /// Takes a meta of perpetuals.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn meta(&mut self, meta: &At<'a>) -> Result<(), InputError> {
        let quote = self.quote(meta)?;
        for at in meta.need("universe")?.items()? {
            let name = at.word("name")?;
            let decimals = whole(&at, "szDecimals")?;
            let mut symbol = symbol::parse(name).map_err(|error| at.error(error))?;
            (symbol.quote, symbol.settle) = (quote.clone(), Some(quote.clone()));
            let lot = lot(decimals).ok_or_else(|| at.error("szDecimals: expected 0 to 18"))?;
            let instrument = symbol.instrument(name.to_owned(), Quantity::from_int(1), lot);
            let delisted = at.truth("isDelisted") == Some(true);
            let row = Perpetual { at: at.clone(), instrument, delisted };
            if let Some(other) = self.perpetuals.insert(name.to_owned(), row) {
                let same = other.at.maybe("szDecimals")? == at.maybe("szDecimals")?
                    && other.at.file() != at.file();
                if !same {
                    return Err(at.error(format!("expected {name} once, found it a second time")));
                }
            }
        }
        Ok(())
    }

    /// What the perpetuals of a meta are margined in.
    fn quote(&self, meta: &At<'a>) -> Result<Asset, InputError> {
        let index = meta.maybe("collateralToken")?.unwrap_or_default();
        if index.is_zero() {
            return Asset::new("USDC").map_err(|error| meta.error(error));
        }
        let name = index.in_steps_of(Decimal::ONE).and_then(|index| self.tokens.get(&index));
        let name = name.ok_or_else(|| {
            let problem = format!(
                "collateralToken: expected the name of token {index}: add the reply of spotMeta"
            );
            meta.error(problem)
        })?;
        Asset::new(name).map_err(|error| meta.error(error))
    }

    /// Takes the contexts of a meta, which stand in its order.
    ///
    /// # Errors
    /// [`InputError`] when they are not as many, or one cannot be used.
    pub fn contexts(&mut self, meta: &At<'a>, contexts: &[At<'a>]) -> Result<(), InputError> {
        let rows = meta.need("universe")?.items()?;
        if rows.len() != contexts.len() {
            let problem = format!(
                "expected a context for each of {} perpetuals, found {}",
                rows.len(),
                contexts.len()
            );
            return Err(meta.error(problem));
        }
        for (row, at) in rows.iter().zip(contexts) {
            let prices = (at.clone(), at.positive("markPx")?, at.positive("oraclePx")?);
            self.prices.insert(row.word("name")?.to_owned(), prices);
        }
        Ok(())
    }

    /// Takes the tokens of a spot meta.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn tokens(&mut self, meta: &At<'a>) -> Result<(), InputError> {
        for at in meta.need("tokens")?.items()? {
            self.tokens.insert(whole(&at, "index")?, at.word("name")?);
        }
        Ok(())
    }

    /// Takes the pairs of a spot meta with their contexts, known by `coin` where it is printed.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn pairs(&mut self, meta: &At<'a>, contexts: &[At<'a>]) -> Result<(), InputError> {
        let mut sizes = BTreeMap::new();
        for at in meta.need("tokens")?.items()? {
            sizes.insert(whole(&at, "index")?, whole(&at, "szDecimals")?);
        }
        for (index, at) in meta.need("universe")?.items()?.into_iter().enumerate() {
            let name = at.word("name")?;
            let by_name = contexts.iter().find(|one| one.label("coin") == name);
            let by_place = contexts.get(index).filter(|one| one.label("coin").is_empty());
            let mark = match by_name.or(by_place) {
                Some(context) => context.positive("markPx")?,
                None => None,
            };
            let Some(mark) = mark else {
                self.left.add("spot pairs", "no mark");
                continue;
            };
            let sides = at.need("tokens")?.items()?;
            let [base, quote] = sides.as_slice() else {
                return Err(at.error(format!("tokens: expected two, found {}", sides.len())));
            };
            let index =
                |side: &At<'_>| Ok::<_, InputError>(side.number()?.in_steps_of(Decimal::ONE));
            let (base, quote) = (index(base)?, index(quote)?);
            let asset = |of: Option<i64>| Asset::new(self.tokens.get(&of?)?).ok();
            let lot = base.and_then(|base| lot(*sizes.get(&base)?));
            let (Some(base), Some(quote), Some(lot)) = (asset(base), asset(quote), lot) else {
                self.left.add("spot pairs", "a token without a usable name");
                continue;
            };
            let symbol =
                Symbol { venue: VENUE.into(), base, quote, settle: None, kind: Kind::Spot };
            let instrument = symbol.instrument(name.to_owned(), Quantity::from_int(1), lot);
            self.pairs.push((at, instrument, mark));
        }
        Ok(())
    }

    /// A mark from elsewhere, for a perpetual that no context prices; whether it was needed.
    pub fn marked(&mut self, at: &At<'a>, name: &str, mark: Decimal) -> bool {
        if self.prices.get(name).is_some_and(|(_, mark, _)| mark.is_some()) {
            return false;
        }
        self.prices.insert(name.to_owned(), (at.clone(), Some(mark), None));
        true
    }

    /// A perpetual that no meta describes: its lot is the last place of what is held.
    ///
    /// # Errors
    /// [`InputError`] when its name is none.
    pub fn held(&mut self, at: &At<'a>, name: &str, size: &str) -> Result<(), InputError> {
        if self.perpetuals.contains_key(name) {
            return Ok(());
        }
        let symbol = symbol::parse(name).map_err(|error| at.error(error))?;
        let places = size.split_once('.').map_or(0, |(_, places)| places.len());
        let lot = lot(places as i64).ok_or_else(|| at.error("szi: expected at most 18 places"))?;
        let instrument = symbol.instrument(name.to_owned(), Quantity::from_int(1), lot);
        self.perpetuals
            .insert(name.to_owned(), Perpetual { at: at.clone(), instrument, delisted: false });
        Ok(())
    }

    /// Whether there is a price of anything.
    #[must_use]
    pub fn has_prices(&self) -> bool {
        !self.prices.is_empty() || !self.pairs.is_empty()
    }

    /// The market.
    ///
    /// # Errors
    /// [`InputError`] at the row that cannot be used.
    pub fn market(
        &mut self,
        as_of: Timestamp,
        notes: &mut Vec<String>,
    ) -> Result<Market, InputError> {
        let mut coins: BTreeMap<Asset, Decimal> = BTreeMap::new();
        let mut quotes: BTreeSet<Asset> = BTreeSet::new();
        let mut listed = Vec::new();
        for (name, row) in &self.perpetuals {
            let Some((at, mark, oracle)) = self.prices.get(name) else { continue };
            if row.delisted {
                self.left.add("perpetuals", "delisted");
                continue;
            }
            let Some(mark) = *mark else {
                self.left.add("perpetuals", "no mark");
                continue;
            };
            coins.insert(row.instrument.base.clone(), oracle.unwrap_or(mark));
            quotes.insert(row.instrument.settle.clone());
            listed.push((at, row.instrument.clone(), mark));
        }
        let Ok(dollar) = Asset::new("USDC") else {
            return Err(InputError::whole(VENUE, "no asset USDC"));
        };
        quotes.insert(dollar.clone());
        for (at, instrument, mark) in &self.pairs {
            if instrument.quote == dollar {
                coins.entry(instrument.base.clone()).or_insert(*mark);
            }
            listed.push((at, instrument.clone(), *mark));
        }
        let mut assumed = Vec::new();
        for quote in quotes {
            if quote == dollar || !coins.contains_key(&quote) {
                assumed.push(quote.to_string());
                coins.insert(quote, Decimal::ONE);
            }
        }
        notes.push(format!("{}: taken as 1 USD, an assumption", assumed.join(" and ")));
        let second = as_of.plus_nanos(-as_of.nanos().rem_euclid(1_000_000_000));
        let source = format!("Hyperliquid info endpoint, {} markets, {second}", listed.len());
        let mut market = Market::new(as_of, Asset::usd(), &source);
        for (asset, price) in coins.into_iter().filter(|(asset, _)| *asset != Asset::usd()) {
            market
                .set_asset(asset, Price::new(price), as_of)
                .map_err(|error| InputError::whole(VENUE, error))?;
        }
        for (at, instrument, mark) in listed {
            let mark = Price::new(mark);
            let quote = Quote { mark, iv: None, forward: None, bid: None, ask: None, as_of };
            market.add(instrument, quote).map_err(|error| at.error(error))?;
        }
        Ok(market)
    }
}

/// A whole number of a field.
///
/// # Errors
/// [`InputError`] where it is none.
pub fn whole(at: &At<'_>, name: &str) -> Result<i64, InputError> {
    let number = at.amount(name)?;
    let whole = number.in_steps_of(Decimal::ONE).filter(|_| !number.is_negative());
    whole.ok_or_else(|| at.error(format!("{name}: expected a whole number, found {number}")))
}

/// The lot of a number of places.
fn lot(places: i64) -> Option<Quantity> {
    let places = i32::try_from(places).ok().filter(|places| (0..=18).contains(places))?;
    Decimal::from_scaled(1, -places, Round::Nearest).ok().map(Quantity::new)
}
