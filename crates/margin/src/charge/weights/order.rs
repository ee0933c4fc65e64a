//! Open spot orders: what they reserve counts as all base or all quote, whichever is worth less.
//!
//! Each market's reserve is valued as if it came last, on top of the reserves of every other
//! market at their larger end. Source: the rule of spot markets in margin accounts by health, as
//! `docs/decisions/0007-health-is-equity-less-weights.md` states it.

use super::super::{Part, PoolView};
use super::Ledger;
use super::value::Values;
use crate::error::MarginError;
use keelmark_book::{Asset, Decimal, InstrumentId, Kind, Money, Round};
use std::collections::BTreeMap;

/// What the orders of one spot market hold back.
#[derive(Clone, Debug)]
pub(super) struct Reserve {
    id: InstrumentId,
    base: Asset,
    quote: Asset,
    /// Held back by sales, in base, and by purchases, in quote.
    base_amount: Decimal,
    quote_amount: Decimal,
    lowest_ask: Option<Decimal>,
    highest_bid: Option<Decimal>,
}

/// A reserve as all base, and as all quote.
struct Ends {
    base: Decimal,
    quote: Decimal,
}

/// What the open orders of each spot market hold back, in the order of the table's rows. An order
/// without a limit holds back what it costs at the index.
pub(super) fn reserves(pool: &PoolView<'_>) -> Result<Vec<Reserve>, MarginError> {
    let mut found: BTreeMap<InstrumentId, Reserve> = BTreeMap::new();
    for order in pool.counted_booked() {
        let id = order.instrument;
        let one = pool.market.instruments.get(id);
        if one.kind != Kind::Spot || order.quantity.is_zero() {
            continue;
        }
        let reserve = found.entry(id).or_insert_with(|| Reserve {
            id,
            base: one.base.clone(),
            quote: one.quote.clone(),
            base_amount: Decimal::ZERO,
            quote_amount: Decimal::ZERO,
            lowest_ask: None,
            highest_bid: None,
        });
        let size = order.quantity.decimal().abs();
        let coins = size.times(one.contract_size.decimal(), Round::Up)?;
        let limit = order.price.map(keelmark_book::Price::decimal);
        if order.quantity.is_negative() {
            reserve.base_amount = reserve.base_amount.plus(coins)?;
            reserve.lowest_ask = least(reserve.lowest_ask, limit, Decimal::min);
        } else {
            let price = match limit {
                Some(limit) => limit,
                None => ratio(pool, &one.base, &one.quote, Round::Up)?,
            };
            reserve.quote_amount = reserve.quote_amount.plus(coins.times(price, Round::Up)?)?;
            reserve.highest_bid = least(reserve.highest_bid, limit, Decimal::max);
        }
    }
    Ok(found.into_values().collect())
}

fn least(
    a: Option<Decimal>,
    b: Option<Decimal>,
    better: impl Fn(Decimal, Decimal) -> Decimal,
) -> Option<Decimal> {
    match (a, b) {
        (Some(a), Some(b)) => Some(better(a, b)),
        (a, b) => a.or(b),
    }
}

/// Units of quote that one of base is worth at the index.
fn ratio(
    pool: &PoolView<'_>,
    base: &Asset,
    quote: &Asset,
    round: Round,
) -> Result<Decimal, MarginError> {
    let (base, quote) = (pool.market.price(base)?, pool.market.price(quote)?);
    Ok(base.decimal().over(quote.decimal(), round)?)
}

impl Reserve {
    /// Takes what is held back out of what is weighted as a balance.
    pub(super) fn take_from(&self, ledger: &mut Ledger) -> Result<(), MarginError> {
        let zero = Decimal::ZERO;
        super::add(ledger, &self.base, zero, -self.base_amount)?;
        super::add(ledger, &self.quote, zero, -self.quote_amount)
    }

    fn ends(&self, pool: &PoolView<'_>) -> Result<Ends, MarginError> {
        let mut base_per_quote = ratio(pool, &self.quote, &self.base, Round::Down)?;
        if let Some(bid) = self.highest_bid {
            base_per_quote = base_per_quote.min(Decimal::ONE.over(bid, Round::Down)?);
        }
        let mut quote_per_base = ratio(pool, &self.base, &self.quote, Round::Down)?;
        if let Some(ask) = self.lowest_ask {
            quote_per_base = quote_per_base.min(ask);
        }
        let bought = self.quote_amount.times(base_per_quote, Round::Down)?;
        let sold = self.base_amount.times(quote_per_base, Round::Down)?;
        Ok(Ends { base: self.base_amount.plus(bought)?, quote: self.quote_amount.plus(sold)? })
    }
}

/// What each market's reserve counts for, below zero as a credit: the balances were counted
/// without it.
pub(super) fn lost(
    values: &Values,
    pool: &PoolView<'_>,
    ledger: &Ledger,
    reserves: &[Reserve],
) -> Result<Vec<(String, Part, Money)>, MarginError> {
    let mut most: BTreeMap<&Asset, Decimal> = BTreeMap::new();
    for (asset, held) in ledger {
        let mut sum = Decimal::ZERO;
        for one in held {
            sum = sum.plus(one.counted)?;
        }
        most.insert(asset, sum);
    }
    let mut all = Vec::new();
    for reserve in reserves {
        let ends = reserve.ends(pool)?;
        for (asset, amount) in [(&reserve.base, ends.base), (&reserve.quote, ends.quote)] {
            let sum = most.entry(asset).or_insert(Decimal::ZERO);
            *sum = sum.plus(amount)?;
        }
        all.push((reserve, ends));
    }
    let mut out = Vec::new();
    for (reserve, ends) in all {
        if ends.base.is_zero() || ends.quote.is_zero() {
            continue;
        }
        let effect = |asset: &Asset, amount: Decimal| -> Result<Decimal, MarginError> {
            let all = most.get(asset).copied().unwrap_or_default();
            let without = values.value(pool, asset, all.minus(amount)?)?;
            Ok(values.value(pool, asset, all)?.minus(without)?)
        };
        let (as_base, as_quote) =
            (effect(&reserve.base, ends.base)?, effect(&reserve.quote, ends.quote)?);
        let name = &pool.market.instruments.get(reserve.id).venue_symbol;
        let text = format!(
            "{name} orders hold {:.6} {} or {:.6} {}: worth {:.2} or {:.2}",
            ends.base, reserve.base, ends.quote, reserve.quote, as_base, as_quote
        );
        let amount = -Money::new(as_base.min(as_quote));
        out.push((text, Part::Position(reserve.id), amount));
    }
    Ok(out)
}
