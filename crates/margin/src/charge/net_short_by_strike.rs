//! `net-short-by-strike`: a rate on the options that are sold net at each strike of each expiry.
//!
//! Per strike `max(0, -(calls + puts))` coins, signed, times the rate and the index.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, InputError, Money, Price, Rate, Round, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A unit, an expiry and a strike.
type Strike = (usize, Option<Timestamp>, Price);

#[derive(Debug)]
struct NetShortByStrike {
    rate: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(NetShortByStrike { rate: fields.param_in("rate", Range::RATE)? }))
}

impl Charge for NetShortByStrike {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for ((unit, _, strike), net) in strikes(pool, None)? {
            if !net.is_negative() {
                continue;
            }
            let name = &pool.table.units[unit].underlying;
            let amount = self.charged(pool, unit, net)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{name} strike {strike}: net short {:.4}", net.abs());
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let mut sum = Money::ZERO;
        for (_, net) in strikes(pool, Some(unit))? {
            if net.is_negative() {
                sum = sum.plus(self.charged(pool, unit, net)?)?;
            }
        }
        Ok(sum)
    }
}

impl NetShortByStrike {
    fn charged(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        net: Decimal,
    ) -> Result<Money, MarginError> {
        let rate = Rate::new(self.rate.get("rate", &pool.table.units[unit].underlying)?);
        Ok(pool.coins(unit, net.abs(), Round::Up)?.times(rate, Round::Up)?)
    }
}

/// Coins of options net at each strike of each expiry of each unit, or of one, after all sells.
fn strikes(
    pool: &PoolView<'_>,
    only: Option<usize>,
) -> Result<BTreeMap<Strike, Decimal>, MarginError> {
    let mut strikes = BTreeMap::new();
    for holding in pool.holdings()? {
        let one = holding.instrument;
        let (Some((strike, _)), Some(row)) = (one.option_terms(), pool.table.row(holding.id))
        else {
            continue;
        };
        let unit = pool.table.line(row).unit;
        if only.is_some_and(|only| only != unit) {
            continue;
        }
        let low = holding.quantities.iter().min().copied().unwrap_or_default();
        let size = one.base_size(low, holding.quote.mark)?.decimal();
        let sum = strikes.entry((unit, one.expiry(), strike)).or_insert(Decimal::ZERO);
        *sum = sum.plus(size)?;
    }
    Ok(strikes)
}
