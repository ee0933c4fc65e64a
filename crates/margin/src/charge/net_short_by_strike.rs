//! `net-short-by-strike`: a rate on the options that are sold net at each strike of each expiry.
//!
//! Per strike `max(0, -(calls + puts))` coins, signed, times the rate and the index.

use super::{Charge, Line, Outcome, PoolView, Reading};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, InputError, Price, Rate, Round, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

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
        let mut strikes: BTreeMap<(usize, Option<Timestamp>, Price), Decimal> = BTreeMap::new();
        for holding in pool.holdings()? {
            let one = holding.instrument;
            let (Some((strike, _)), Some(row)) = (one.option_terms(), pool.table.row(holding.id))
            else {
                continue;
            };
            let low = holding.quantities.iter().min().copied().unwrap_or_default();
            let size = one.base_size(low, holding.quote.mark)?.decimal();
            let key = (pool.table.line(row).unit, one.expiry(), strike);
            let sum = strikes.entry(key).or_insert(Decimal::ZERO);
            *sum = sum.plus(size)?;
        }
        let mut outcome = Outcome::default();
        for ((unit, _, strike), net) in strikes {
            if !net.is_negative() {
                continue;
            }
            let name = &pool.table.units[unit].underlying;
            let rate = Rate::new(self.rate.get("rate", name)?);
            let amount = pool.coins(unit, net.abs(), Round::Up)?.times(rate, Round::Up)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{name} strike {strike}: net short {:.4}", net.abs());
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }
}
