//! `unrealised-profit`: profit since entry that does not support new risk.
//!
//! Equity counts profits and losses alike. A level that adds this charge counts the profits of the
//! pool, taken together, by a weight only; losses stay in equity whole.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Decimal, InputError, InstrumentId, Money, Rate, Round};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug)]
struct UnrealisedProfit {
    weight: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(UnrealisedProfit { weight: fields.param_in("weight", Range::SHARE)? }))
}

impl Charge for UnrealisedProfit {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let extra = pool.extra.map(|(row, _)| pool.table.line(row).instrument);
        let ids: BTreeSet<InstrumentId> = pool.profits.keys().copied().chain(extra).collect();
        let mut outcome = Outcome::default();
        for id in ids {
            let one = pool.market.instruments.get(id);
            let weight = Rate::new(self.weight.get("weight", &one.base)?);
            let left_out = Rate::new(Decimal::ONE.minus(weight.decimal())?);
            // Rounded as equity counts it, so that no part of it is left out twice.
            let profit = pool.convert(pool.profit(id), &one.settle, Round::Down)?;
            let amount = profit.times(left_out, Round::Up)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} profit {profit:.2} x {left_out}", one.venue_symbol);
            outcome.lines.push(Line { text, amount });
            outcome.parts.push((Part::Position(id), amount));
        }
        if !outcome.amount.is_positive() {
            return Ok(Outcome { amount: Money::ZERO, ..Outcome::default() });
        }
        Ok(outcome)
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}
