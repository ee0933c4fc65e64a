//! `reserve`: an amount that the account itself carries by name, in the pool's currency.
//!
//! For what a venue reports and does not let one compute, such as a market maker protection.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use keelmark_book::InputError;
use std::sync::Arc;

#[derive(Debug)]
struct Reserve {
    reserve: String,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    Ok(Arc::new(Reserve { reserve: fields.text("reserve")?.to_owned() }))
}

impl Charge for Reserve {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let Some(amount) = pool.reserves.get(&self.reserve).copied() else {
            return Ok(Outcome::default());
        };
        let text = format!("reported {} {amount}", self.reserve);
        Ok(Outcome { amount, lines: vec![Line { text, amount }], ..Outcome::default() })
    }

    fn reserve(&self) -> Option<&str> {
        Some(&self.reserve)
    }

    fn scope(&self) -> Scope {
        Scope::Fixed
    }
}
