//! `reserve`: an amount that the account itself carries by name, in the pool's currency.
//!
//! For what a venue reports and does not let one compute, such as a market maker protection. By
//! `unit` the account carries one for each underlying, named `name:UNDERLYING`, and a `formula` can
//! set it against what else that underlying is asked.

use super::{Charge, Clock, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::range::{PoolSpan, Terms};
use keelmark_book::{InputError, Money};
use std::borrow::Cow;
use std::sync::Arc;

#[derive(Debug)]
struct Reserve {
    reserve: String,
    scope: Scope,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let words = [("account", Scope::Fixed), ("unit", Scope::Unit)];
    let scope = fields.word("by", &words, Some(Scope::Fixed))?;
    Ok(Arc::new(Reserve { reserve: fields.text("reserve")?.to_owned(), scope }))
}

impl Charge for Reserve {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let keys = if self.scope == Scope::Unit { pool.table.units.len() } else { 1 };
        let mut outcome = Outcome::default();
        for key in 0..keys {
            let name = self.name(pool, key);
            if let Some(amount) = pool.reserves.get(name.as_ref()).copied() {
                outcome.amount = outcome.amount.plus(amount)?;
                outcome.lines.push(Line { text: format!("reported {name} {amount}"), amount });
            }
        }
        Ok(outcome)
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn within(&self, pool: &PoolView<'_>, _: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        // Where the account carries some, no span is told.
        Ok(pool.reserves.is_empty().then(Terms::new))
    }

    fn reserve(&self) -> Option<&str> {
        Some(&self.reserve)
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        Ok(pool.reserves.get(self.name(pool, key).as_ref()).copied().unwrap_or_default())
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl Reserve {
    fn name(&self, pool: &PoolView<'_>, key: usize) -> Cow<'_, str> {
        if self.scope == Scope::Unit {
            return format!("{}:{}", self.reserve, pool.table.units[key].underlying).into();
        }
        Cow::Borrowed(&self.reserve)
    }
}
