//! `borrowed`: a share of what is owed of an asset, added to a requirement.
//!
//! A loan counts in full even where more of the same asset is held: the two are entries apart.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{InputError, Rate, Round};
use std::sync::Arc;

#[derive(Debug)]
struct Borrowed {
    rate: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(Borrowed { rate: fields.param_in("rate", Range::RATE)? }))
}

impl Charge for Borrowed {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for held in pool.collateral.iter().filter(|held| held.amount.is_negative()) {
            let rate = Rate::new(self.rate.get("rate", &held.asset)?);
            let value = pool.convert(held.amount.abs(), &held.asset, Round::Up)?;
            let amount = value.times(rate, Round::Up)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} owed {value:.2} x {} %", held.asset, rate.to_f64() * 100.0);
            outcome.lines.push(Line { text, amount });
            outcome.parts.push((Part::Holding(held.asset.clone()), amount));
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Collateral
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}
