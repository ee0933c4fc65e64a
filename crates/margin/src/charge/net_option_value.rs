//! `net-option-value`: what the options are worth, signed; a credit for those held long.
//!
//! For models in which options are not part of equity: their value then reduces the requirement,
//! or adds to it where more is sold than bought. A credit rounds down. Options that are settled
//! like futures have no value to count: `share` is zero for their underlying.

use super::view::Holding;
use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use crate::table::RowId;
use keelmark_book::{Decimal, InputError, Money, Quantity, Rate, Round, profit};
use std::sync::Arc;

#[derive(Debug)]
struct NetOptionValue {
    /// The share of the value that counts.
    share: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(NetOptionValue { share: fields.param_or("share", Decimal::ONE)? }))
}

impl Charge for NetOptionValue {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for holding in pool.holdings()? {
            if holding.instrument.is_option() {
                let amount = self.value(pool, &holding)?;
                let name = &holding.instrument.base;
                outcome.amount = outcome.amount.plus(amount)?;
                match outcome.units.iter_mut().find(|(own, _)| own == name) {
                    Some((_, sum)) => *sum = sum.plus(amount)?,
                    None => outcome.units.push((name.clone(), amount)),
                }
                outcome.parts.push((Part::Position(holding.id), amount));
            }
        }
        let (mut long, mut short) = (Money::ZERO, Money::ZERO);
        for (_, own) in &outcome.parts {
            let side = if own.is_negative() { &mut short } else { &mut long };
            *side = side.plus(*own)?;
        }
        if !outcome.parts.is_empty() {
            let text = format!("options held {long:.2}, options sold {short:.2}");
            outcome.lines.push(Line { text, amount: outcome.amount });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Row
    }

    fn term(&self, pool: &PoolView<'_>, row: usize) -> Result<Money, MarginError> {
        let holding = pool.holding(RowId::new(row))?;
        let option = holding.instrument.is_option();
        if option { self.value(pool, &holding) } else { Ok(Money::ZERO) }
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl NetOptionValue {
    /// Value of what is held; open orders do not count, since the premium of a fill is cash.
    fn value(&self, pool: &PoolView<'_>, holding: &Holding<'_>) -> Result<Money, MarginError> {
        let one = holding.instrument;
        let held = holding.quantities.first().copied().unwrap_or(Quantity::ZERO);
        let own = profit::option_value(one, held, holding.quote.mark, Round::Down)?;
        let share = Rate::new(self.share.get("share", &one.base)?);
        Ok(pool.convert(own, &one.settle, Round::Down)?.times(share, Round::Down)?)
    }
}
