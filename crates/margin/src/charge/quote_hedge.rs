//! `quote-hedge`: a price for hedging contracts in one currency with contracts in another.
//!
//! Per underlying the cash delta of what settles in each currency is netted apart. Pairs are
//! matched in the document's order: what one holds long and the other short, as far as both go, is
//! a hedge that lasts only while the two currencies keep their rate. Each size is charged by
//! marginal tiers in the market's currency. Contracts that settle in the coin itself count as
//! `inverse` names.

use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope, Tiers};
use crate::document::Fields;
use crate::error::MarginError;
use crate::table::Sensitivity;
use keelmark_book::{Asset, InputError, Money, Rate, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct QuoteHedge {
    pairs: Vec<(Asset, Asset)>,
    inverse: Asset,
    tiers: Tiers,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let mut pairs = Vec::new();
    for node in fields.list("pairs")? {
        let text = node.text()?;
        let (one, other) = text.split_once('-').ok_or_else(|| {
            node.error(format!("pairs: expected two currencies such as USDT-USD, found {text:?}"))
        })?;
        let asset = |text| Asset::new(text).map_err(|problem| node.error(problem));
        pairs.push((asset(one)?, asset(other)?));
    }
    if pairs.is_empty() {
        return Err(fields.error("pairs: expected pairs of currencies such as USDT-USD"));
    }
    let inverse = Asset::new(fields.text_or("inverse", "USD")?).map_err(|e| fields.error(e))?;
    let tiers = Tiers::read(fields.need("tiers")?, Rate::ONE)?;
    Ok(Arc::new(QuoteHedge { pairs, inverse, tiers }))
}

impl Charge for QuoteHedge {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            for (pair, size, amount) in self.unit(pool, at)? {
                outcome.amount = outcome.amount.plus(amount)?;
                let text = format!("{} {pair}: {size:.2} hedged across", unit.underlying);
                outcome.lines.push(Line { text, amount });
            }
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let found = self.unit(pool, unit)?;
        Ok(Money::sum(found.into_iter().map(|(_, _, amount)| amount))?)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("contracts of one book can hedge those of the other across currencies")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl QuoteHedge {
    /// What each pair hedges of a unit, in the pool's currency, and what that asks.
    fn unit(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Vec<(String, Money, Money)>, MarginError> {
        let table = pool.table;
        // The lowest and the highest that fills can lead to: what can hedge is charged as a hedge.
        let mut sides: BTreeMap<Asset, [i128; 2]> = BTreeMap::new();
        for (at, bucket) in table.buckets.iter().enumerate() {
            if bucket.unit != unit || bucket.coin {
                continue;
            }
            let own = bucket.settle == table.units[unit].underlying;
            let quote = if own { self.inverse.clone() } else { bucket.settle.clone() };
            let (low, high) = pool.bucket(at, Sensitivity::DeltaCash);
            let side = sides.entry(quote).or_default();
            side[0] += low;
            side[1] += high;
        }
        let mut out = Vec::new();
        for (one, other) in &self.pairs {
            let (Some(mut a), Some(mut b)) = (sides.get(one).copied(), sides.get(other).copied())
            else {
                continue;
            };
            let long_short = a[1].max(0).min((-b[0]).max(0));
            let short_long = (-a[0]).max(0).min(b[1].max(0));
            let matched = long_short.max(short_long);
            if matched == 0 {
                continue;
            }
            let (up, down) =
                if long_short >= short_long { (&mut a, &mut b) } else { (&mut b, &mut a) };
            up[1] -= matched;
            down[0] += matched;
            sides.insert(one.clone(), a);
            sides.insert(other.clone(), b);
            let size = Money::new(table.sensitivity(Sensitivity::DeltaCash, matched, Round::Up)?);
            let market = &pool.market.currency;
            let counted = pool.convert_between(size, &table.currency, market, Round::Up)?;
            let amount = self.tiers.amount(counted)?;
            let amount = pool.convert(amount, market, Round::Up)?;
            out.push((format!("{one}-{other}"), size, amount));
        }
        Ok(out)
    }
}
