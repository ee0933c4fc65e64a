//! `collateral-haircut`: a share of what is held of an asset, added to a requirement.
//!
//! For models whose equity counts collateral in full and whose initial margin carries the haircut.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use keelmark_book::{Balance, Decimal, InputError, Money, Rate, Round};
use std::sync::Arc;

#[derive(Debug)]
struct CollateralHaircut {
    rate: Param,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(CollateralHaircut { rate: fields.param_in("rate", Range::SHARE)? }))
}

impl CollateralHaircut {
    /// What a holding asks.
    fn of(&self, pool: &PoolView<'_>, held: &Balance) -> Result<Money, MarginError> {
        let rate = Rate::new(self.rate.get("rate", &held.asset)?);
        if rate.is_zero() || !held.amount.is_positive() {
            return Ok(Money::ZERO);
        }
        Ok(pool.convert(held.amount, &held.asset, Round::Up)?.times(rate, Round::Up)?)
    }
}

impl Charge for CollateralHaircut {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for held in pool.collateral {
            let amount = self.of(pool, held)?;
            if amount.is_zero() {
                continue;
            }
            let value = pool.convert(held.amount, &held.asset, Round::Up)?;
            let rate = Rate::new(self.rate.get("rate", &held.asset)?);
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} {value:.2} x {} %", held.asset, rate.to_f64() * 100.0);
            outcome.lines.push(Line { text, amount });
            outcome.parts.push((Part::Holding(held.asset.clone()), amount));
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Collateral
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let mut sum = Interval::exact(Decimal::ZERO);
        for held in pool.collateral.iter().filter(|held| held.amount.is_positive()) {
            let rate = self.rate.get("rate", &held.asset)?;
            if !rate.is_zero() {
                let amount = Interval::exact(held.amount.decimal());
                let worth = of.span.convert(amount, &held.asset, pool.currency(), Round::Up)?;
                sum = sum.plus(worth.through(|worth| worth.times(rate, Round::Up))?)?;
            }
        }
        Ok(Some(Terms::from([(0, sum)])))
    }

    fn term(&self, pool: &PoolView<'_>, _: usize) -> Result<Money, MarginError> {
        let mut sum = Money::ZERO;
        for held in pool.collateral {
            sum = sum.plus(self.of(pool, held)?)?;
        }
        Ok(sum)
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}
