//! Each holding's part of a requirement: where it comes from, and what would leave with it.
//!
//! Euler allocation: a level's slope in each charge, times each holding's part of that charge.
//! Charges of degree one divide without a remainder. What open orders add, what a charge asks for
//! size alone, and rounding belong to no holding: they are the rest.

use crate::charge::{Outcome, Part};
use crate::document::Document;
use crate::error::MarginError;
use crate::margin::PoolMargin;
use keelmark_book::{Asset, Decimal, Money, Rate, Round};
use std::collections::BTreeMap;

/// A level divided over holdings, in the pool's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Each holding's part, in order.
    pub parts: Vec<(Part, Money)>,
    /// What belongs to no holding alone; parts and rest sum to the level.
    pub rest: Money,
}

/// Divides a level of a pool over what the pool holds.
///
/// # Errors
/// When the document has no such level, or a number does not fit.
pub fn allocate(
    document: &Document,
    pool: &PoolMargin,
    level: &str,
) -> Result<Allocation, MarginError> {
    let mut parts: BTreeMap<Part, Money> = BTreeMap::new();
    for charge in &pool.charges {
        let slope = slope(document, pool, level, &charge.name)?;
        if slope == 0.0 {
            continue;
        }
        let slope = Rate::from_f64(slope, Round::Nearest)?;
        for (part, own) in summed(&charge.plain)? {
            let share = parts.entry(part).or_default();
            *share = share.plus(own.times(slope, Round::Nearest)?)?;
        }
    }
    let divided = Money::sum(parts.values().copied())?;
    let rest = pool.level(level).minus(divided)?;
    Ok(Allocation { parts: parts.into_iter().collect(), rest })
}

/// What one unit more of a charge would add to a level of a pool, as the pool stands.
///
/// # Errors
/// When the document has no such level.
pub fn slope(
    document: &Document,
    pool: &PoolMargin,
    level: &str,
    charge: &str,
) -> Result<f64, MarginError> {
    let formula = &document
        .level(level)
        .ok_or_else(|| MarginError::Unsupported(format!("no level is called {level:?}")))?
        .formula;
    let value = |name: &str| {
        let charge = pool.charges.iter().find(|one| one.name == name);
        let own = charge.map(|one| one.plain.amount.to_f64());
        let param = || document.params.get(name)?.get(name, &Asset::usd()).ok();
        own.or_else(|| param().map(Decimal::to_f64))
    };
    Ok(formula.slope(charge, &value))
}

/// Parts of a charge with those of one holding added up, in order.
///
/// # Errors
/// When a sum does not fit.
pub fn summed(outcome: &Outcome) -> Result<BTreeMap<Part, Money>, MarginError> {
    let mut parts: BTreeMap<Part, Money> = BTreeMap::new();
    for (part, amount) in &outcome.parts {
        let sum = parts.entry(part.clone()).or_default();
        *sum = sum.plus(*amount)?;
    }
    Ok(parts)
}
