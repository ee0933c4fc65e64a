//! Equity: what supports margin in a pool, and what the pool is worth.

use crate::document::Document;
use crate::error::MarginError;
use crate::pool::Pool;
use keelmark_book::{Asset, InstrumentId, Market, Money, Overflow, Price, Quantity, Round, profit};
use std::collections::BTreeMap;

/// What a pool has, in its currency. Every figure is rounded down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equity {
    /// Collateral at its margin value.
    pub collateral: Money,
    /// The same in the market's currency, before its one conversion.
    pub counted: Money,
    /// Profit of perpetuals and futures since entry.
    pub futures: Money,
    /// Market value of options.
    pub options: Money,
    /// What supports margin: the parts that the document counts.
    pub total: Money,
    /// What all of it is worth at the market, haircuts aside.
    pub net_value: Money,
    /// Coins of each asset in the whole: collateral, profit and options that settle in it.
    pub coins: BTreeMap<Asset, Money>,
    /// Profit of each perpetual and future, what is unsettled included, in its settlement asset.
    pub profits: BTreeMap<InstrumentId, Money>,
    /// What the reader should be told: assets that do not count, entries that are missing.
    pub notes: Vec<String>,
}

/// Values what a pool has.
///
/// # Errors
/// When a price is missing or a number does not fit.
pub fn equity(pool: &Pool, document: &Document, market: &Market) -> Result<Equity, MarginError> {
    let mut found = Equity::default();
    let (mut counted, mut worth) = (Money::ZERO, Money::ZERO);
    for held in &pool.collateral {
        let valued = document.collateral.value(&held.asset, held.amount, market)?;
        counted = counted.plus(valued.margin_value)?;
        worth = worth.plus(valued.market_value)?;
        found.notes.extend(valued.note);
        // What is not accepted must not hedge either; what is owed always counts.
        let accepted = document.collateral.of(&held.asset).is_some();
        let coins = if accepted { held.amount } else { held.amount.min(Money::ZERO) };
        found.add_coins(&held.asset, coins)?;
    }
    let mut conversion = Conversion { market, currency: &pool.currency, last: None };
    for (id, entry, quantity) in netted(pool, market)? {
        let one = market.instruments.get(id);
        let mark = market.quote(id).mark;
        if one.is_option() {
            let value = profit::option_value(one, quantity, mark, Round::Down)?;
            let value_here = conversion.convert(value, &one.settle)?;
            found.options = found.options.plus(value_here)?;
            found.add_coins(&one.settle, value)?;
            continue;
        }
        let Some(entry) = entry else {
            found.notes.push(format!("{}: no entry price, profit taken as 0", one.venue_symbol));
            continue;
        };
        if !entry.is_positive() {
            let problem = format!("{}: entry price {entry} is not above zero", one.venue_symbol);
            return Err(MarginError::Unsupported(problem));
        }
        let gain = profit::profit(one, quantity, entry, mark, Round::Down)?;
        let gain_here = conversion.convert(gain, &one.settle)?;
        found.futures = found.futures.plus(gain_here)?;
        found.add_coins(&one.settle, gain)?;
        found.add_profit(id, gain)?;
    }
    for (id, gain) in &pool.unsettled {
        let settle = &market.instruments.get(*id).settle;
        let gain_here = in_currency(*gain, settle, market, &pool.currency)?;
        found.futures = found.futures.plus(gain_here)?;
        found.add_coins(settle, *gain)?;
        found.add_profit(*id, *gain)?;
    }
    let own = market.price(&pool.currency)?;
    found.counted = counted;
    found.collateral = counted.over(own, Round::Down)?;
    found.total = found.collateral;
    if document.equity.futures {
        found.total = found.total.plus(found.futures)?;
    }
    if document.equity.options {
        found.total = found.total.plus(found.options)?;
    }
    let worth = worth.over(own, Round::Down)?;
    found.net_value = worth.plus(found.futures)?.plus(found.options)?;
    Ok(found)
}

/// Quantities by instrument and entry price (options by instrument alone), exactly summed before
/// anything rounds: how a position is cut into rows changes no digit.
pub(crate) fn netted(
    pool: &Pool,
    market: &Market,
) -> Result<Vec<(InstrumentId, Option<Price>, Quantity)>, MarginError> {
    let mut rows = Vec::with_capacity(pool.positions.len());
    for position in &pool.positions {
        let option = market.instruments.get(position.instrument).is_option();
        let entry = if option { None } else { position.avg_price };
        rows.push((position.instrument, entry, position.quantity));
    }
    // Stable: rows of one key are added in the order in which they stand.
    rows.sort_by_key(|(id, entry, _)| (*id, *entry));
    let mut sums: Vec<(InstrumentId, Option<Price>, Quantity)> = Vec::with_capacity(rows.len());
    for (id, entry, quantity) in rows {
        match sums.last_mut() {
            Some((known, price, sum)) if *known == id && *price == entry => {
                *sum = sum.plus(quantity)?;
            }
            _ => sums.push((id, entry, quantity)),
        }
    }
    sums.retain(|(_, _, sum)| !sum.is_zero());
    Ok(sums)
}

impl Equity {
    fn add_profit(&mut self, id: InstrumentId, amount: Money) -> Result<(), MarginError> {
        let sum = self.profits.entry(id).or_default();
        *sum = sum.plus(amount)?;
        Ok(())
    }

    fn add_coins(&mut self, asset: &Asset, amount: Money) -> Result<(), MarginError> {
        match self.coins.get_mut(asset) {
            Some(held) => *held = held.plus(amount)?,
            None => {
                self.coins.insert(asset.clone(), amount);
            }
        }
        Ok(())
    }
}

/// Prices of amounts in a currency: contracts that follow one another mostly settle in one asset.
struct Conversion<'a> {
    market: &'a Market,
    currency: &'a Asset,
    last: Option<(&'a Asset, [Price; 2])>,
}

impl<'a> Conversion<'a> {
    /// As [`in_currency`].
    fn convert(&mut self, amount: Money, asset: &'a Asset) -> Result<Money, MarginError> {
        if asset == self.currency {
            return Ok(amount);
        }
        let [from, to] = match self.last {
            Some((last, prices)) if last == asset => prices,
            _ => [self.market.price(asset)?, self.market.price(self.currency)?],
        };
        self.last = Some((asset, [from, to]));
        Ok(at(amount, from, to)?)
    }
}

/// An amount of an asset in a currency, rounded down.
pub(crate) fn in_currency(
    amount: Money,
    asset: &Asset,
    market: &Market,
    currency: &Asset,
) -> Result<Money, MarginError> {
    if asset == currency {
        return Ok(amount);
    }
    Ok(at(amount, market.price(asset)?, market.price(currency)?)?)
}

/// An amount at one price over another, rounded down.
fn at(amount: Money, from: Price, to: Price) -> Result<Money, Overflow> {
    amount.decimal().times_over(from.decimal(), to.decimal(), Round::Down).map(Money::new)
}
