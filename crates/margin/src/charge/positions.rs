//! Sums over positions, for the kinds that ask something of each holding alone.
//!
//! With open orders a holding could be any of a few quantities; the one that asks most counts.

use super::per_position::Filter;
use super::view::Holding;
use super::{Line, Outcome, Part, PoolView};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::range::Terms;
use keelmark_book::{Asset, Money, Quantity, Round};

/// What a holding asks before it is converted.
pub(super) struct Asked<'a> {
    /// The amount.
    pub amount: Money,
    /// What it is in.
    pub asset: &'a Asset,
    /// How it came about.
    pub text: String,
}

/// The sum of what each holding asks, in the pool's currency, with a line and a part for each.
pub(super) fn sum<'a>(
    pool: &PoolView<'a>,
    asks: impl Fn(&Holding<'a>) -> Result<Option<Asked<'a>>, MarginError>,
) -> Result<Outcome, MarginError> {
    let mut outcome = Outcome::default();
    for holding in pool.holdings()? {
        let Some(asked) = asks(&holding)? else { continue };
        let amount = pool.convert(asked.amount, asked.asset, Round::Up)?;
        outcome.amount = outcome.amount.plus(amount)?;
        outcome.lines.push(Line { text: asked.text, amount });
        outcome.parts.push((Part::Position(holding.id), amount));
    }
    Ok(outcome)
}

/// The most that any quantity of a holding asks, with what else was found of it; the first of
/// several that ask the same, `None` where the filter lets none through.
pub(super) fn most<T>(
    on: &Filter,
    holding: &Holding<'_>,
    asks: impl Fn(Quantity) -> Result<(Money, T), MarginError>,
) -> Result<Option<(Money, T)>, MarginError> {
    let mut most: Option<(Money, T)> = None;
    for quantity in holding.quantities.iter() {
        if !on.lets(holding.instrument, *quantity) {
            continue;
        }
        let found = asks(*quantity)?;
        if most.as_ref().is_none_or(|(so_far, _)| found.0 > *so_far) {
            most = Some(found);
        }
    }
    Ok(most)
}

/// The interval of each holding's term, of a kind that asks something of each holding alone and can
/// say what it asks at most and least, in the pool's currency; `None` where it cannot.
pub(super) fn within(
    pool: &PoolView<'_>,
    on: &Filter,
    asks: impl Fn(&Holding<'_>, Quantity) -> Result<Option<Interval>, MarginError>,
) -> Result<Option<Terms>, MarginError> {
    let mut out = Terms::new();
    for row in pool.rows() {
        let holding = pool.holding(row)?;
        let lets = |quantity: &&Quantity| on.lets(holding.instrument, **quantity);
        let mut quantities = holding.quantities.iter().filter(lets);
        let Some(quantity) = quantities.next() else { continue };
        // The most of several quantities is not told here: orders count in no span.
        if quantities.next().is_some() {
            return Ok(None);
        }
        let Some(found) = asks(&holding, *quantity)? else { return Ok(None) };
        out.insert(row.index(), found);
    }
    Ok(Some(out))
}
