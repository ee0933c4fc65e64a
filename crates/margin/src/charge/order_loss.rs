//! `order-loss`: what open orders would lose at once by filling at their own price, not the mark.
//!
//! For each order with a limit price the loss of its fill from that price to the mark: a buy above
//! the mark or a sale below it starts with a loss that a margin on notional does not see. It counts
//! where orders count, so a level that names `orders` has it in there. Options apart, whose value
//! is not a profit since entry.

use super::per_position::Filter;
use super::{Charge, Clock, Fill, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::range::{PoolSpan, Terms};
use keelmark_book::{InputError, Money, Round, profit};
use std::sync::Arc;

#[derive(Debug)]
struct OrderLoss {
    on: Filter,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(OrderLoss { on: Filter::read(fields.get("on"))? }))
}

impl Charge for OrderLoss {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        if pool.fill == Fill::None {
            return Ok(outcome);
        }
        for order in pool.booked {
            let one = pool.market.instruments.get(order.instrument);
            let mark = pool.market.quote(order.instrument).mark;
            let counts = !one.is_option() && self.on.lets(one, order.quantity);
            let Some(price) = order.price.filter(|_| counts) else { continue };
            let gain = profit::profit(one, order.quantity, price, mark, Round::Down)?;
            let loss = (-gain).max(Money::ZERO);
            if loss.is_zero() {
                continue;
            }
            let amount = pool.convert(loss, &one.settle, Round::Up)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} order {} at {price}", one.venue_symbol, order.quantity);
            outcome.lines.push(Line { text, amount });
            outcome.parts.push((Part::Position(order.instrument), amount));
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Fixed
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn within(&self, pool: &PoolView<'_>, _: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        Ok((pool.fill == Fill::None).then(Terms::new))
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}
