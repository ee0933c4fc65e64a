//! `hedged-size`: a rate on what futures of different expiries hedge of each other.
//!
//! Per unit, the smaller of the long and the short coins over all futures and perpetuals.

use super::{Charge, Line, Outcome, PoolView, Reading};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, InputError, Kind, Rate, Round};
use std::sync::Arc;

#[derive(Debug)]
struct HedgedSize {
    rate: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(HedgedSize { rate: fields.param_in("rate", Range::RATE)? }))
}

impl Charge for HedgedSize {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut sides = vec![[Decimal::ZERO; 2]; pool.table.units.len()];
        for holding in pool.holdings()? {
            let one = holding.instrument;
            if !matches!(one.kind, Kind::Perpetual | Kind::Future { .. }) {
                continue;
            }
            let Some(row) = pool.table.row(holding.id) else { continue };
            let unit = pool.table.line(row).unit;
            let (mut long, mut short) = (Decimal::ZERO, Decimal::ZERO);
            for quantity in holding.quantities.iter() {
                let size = one.base_size(*quantity, holding.quote.mark)?.decimal();
                long = long.max(size);
                short = short.max(-size);
            }
            sides[unit] = [sides[unit][0].plus(long)?, sides[unit][1].plus(short)?];
        }
        let mut outcome = Outcome::default();
        for (at, [long, short]) in sides.into_iter().enumerate() {
            let unit = &pool.table.units[at];
            let rate = Rate::new(self.rate.get("rate", &unit.underlying)?);
            let hedged = pool.coins(at, long.min(short), Round::Up)?;
            let amount = hedged.times(rate, Round::Up)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} long {long:.4}, short {short:.4} coins", unit.underlying);
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("the futures of one book can hedge those of the other")
    }
}
