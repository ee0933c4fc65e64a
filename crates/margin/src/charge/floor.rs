//! `floor`: what a minimum asks above other charges, unit by unit or position by position.
//!
//! Per unit (or position) `max(0, minimum - sum of the charges under it)`. Added to those charges
//! it makes each ask at least its minimum; a `max` in a level compares sums, where the risk of one
//! underlying would hide the minimum of another.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::table::RowId;
use keelmark_book::{InputError, Money, instruments::nearest};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Debug)]
struct Floor {
    minimum: Arc<dyn Charge>,
    under: Vec<Arc<dyn Charge>>,
    scope: Scope,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let name = fields.text("minimum")?.to_owned();
    let minimum = before(fields, reading, &name)?;
    let scope = minimum.scope();
    if !matches!(scope, Scope::Unit | Scope::Row) {
        return Err(fields.error(format!("{name:?} is no sum over units or positions")));
    }
    let mut under = Vec::new();
    for name in fields.texts("under")? {
        let one = before(fields, reading, &name)?;
        if one.scope() != scope {
            return Err(fields.error(format!("{name:?} is not a sum over the same as the minimum")));
        }
        under.push(one);
    }
    Ok(Arc::new(Floor { minimum, under, scope }))
}

/// A charge that stands before this one.
fn before(
    fields: &Fields<'_>,
    reading: &Reading<'_>,
    name: &str,
) -> Result<Arc<dyn Charge>, InputError> {
    let found = reading.charges.iter().find(|one| one.name == name);
    match found {
        Some(one) => Ok(Arc::clone(&one.charge)),
        None => {
            let known = reading.charges.iter().map(|one| one.name.as_str());
            let near = nearest(name, known, 2).join(", ");
            Err(fields.error(format!("no charge before this is {name:?}; nearest: {near}")))
        }
    }
}

impl Charge for Floor {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for key in self.keys(pool) {
            let amount = self.term(pool, key)?;
            if amount.is_positive() {
                outcome.amount = outcome.amount.plus(amount)?;
                let text = format!("{} up to its minimum", self.name(pool, key));
                outcome.lines.push(Line { text, amount });
            }
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        self.scope
    }

    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        let mut left = self.minimum.term(pool, key)?;
        for one in &self.under {
            left = left.minus(one.term(pool, key)?)?;
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

impl Floor {
    /// Units, or rows held or ordered.
    fn keys(&self, pool: &PoolView<'_>) -> BTreeSet<usize> {
        if self.scope == Scope::Unit {
            return (0..pool.table.units.len()).collect();
        }
        let ordered = pool.counted_orders().map(|(row, _)| row.index());
        pool.lots().map(|(row, _)| row.index()).chain(ordered).collect()
    }

    fn name(&self, pool: &PoolView<'_>, key: usize) -> String {
        if self.scope == Scope::Unit {
            return pool.table.units[key].underlying.to_string();
        }
        let id = pool.table.line(RowId::new(key)).instrument;
        pool.market.instruments.get(id).venue_symbol.clone()
    }
}
