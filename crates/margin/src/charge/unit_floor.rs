//! `unit-floor`: what a minimum asks above other charges, unit by unit.
//!
//! Per unit `max(0, minimum - sum of the charges under it)`. Added to those charges it makes each
//! unit ask at least its minimum; a `max` in a level compares sums over units, where the risk of
//! one underlying would hide the minimum of another.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use keelmark_book::{InputError, Money, instruments::nearest};
use std::sync::Arc;

#[derive(Debug)]
struct UnitFloor {
    minimum: Arc<dyn Charge>,
    under: Vec<Arc<dyn Charge>>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let name = fields.text("minimum")?.to_owned();
    let minimum = by_unit(fields, reading, &name)?;
    let mut under = Vec::new();
    for name in fields.texts("under")? {
        under.push(by_unit(fields, reading, &name)?);
    }
    Ok(Arc::new(UnitFloor { minimum, under }))
}

/// A charge that stands before this one and is a sum over units.
fn by_unit(
    fields: &Fields<'_>,
    reading: &Reading<'_>,
    name: &str,
) -> Result<Arc<dyn Charge>, InputError> {
    let found = reading.charges.iter().find(|one| one.name == name);
    match found {
        Some(one) if one.charge.scope() == Scope::Unit => Ok(Arc::clone(&one.charge)),
        Some(_) => Err(fields.error(format!("{name:?} is not a sum over units"))),
        None => {
            let known = reading.charges.iter().map(|one| one.name.as_str());
            let near = nearest(name, known, 2).join(", ");
            Err(fields.error(format!("no charge before this is {name:?}; nearest: {near}")))
        }
    }
}

impl Charge for UnitFloor {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let amount = self.term(pool, at)?;
            if amount.is_positive() {
                outcome.amount = outcome.amount.plus(amount)?;
                let text = format!("{} up to its minimum", unit.underlying);
                outcome.lines.push(Line { text, amount });
            }
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let mut left = self.minimum.term(pool, unit)?;
        for one in &self.under {
            left = left.minus(one.term(pool, unit)?)?;
        }
        Ok(left.max(Money::ZERO))
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("what is under it may net in the union, and leave more of the minimum open")
    }

    fn needs_greeks(&self) -> bool {
        self.minimum.needs_greeks() || self.under.iter().any(|one| one.needs_greeks())
    }
}
