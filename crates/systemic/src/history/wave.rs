//! What deleveraging took, and what it would have had to take.

use super::{ratio, total};
use crate::{ModelError, need};
use std::cmp::Reverse;

/// A wave of deleveraging: fills that belong together in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// What accounts below zero lost beyond their collateral.
    pub deficit: f64,
    /// What winners had to give up.
    pub needed: f64,
    /// What they gave up.
    pub removed: f64,
    /// By how much that was more than needed; below zero what was missing.
    pub overshoot: f64,
}

/// Sums over waves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaveTotals {
    /// How many.
    pub waves: usize,
    /// Sum of deficits.
    pub deficit: f64,
    /// Sum of what was needed.
    pub needed: f64,
    /// Sum of what was removed.
    pub removed: f64,
    /// Sum of overshoots, those below zero against those above.
    pub overshoot: f64,
    /// Share of the largest deficit in all of them.
    pub largest_share: Option<f64>,
    /// Needed over deficit.
    pub needed_over_deficit: Option<f64>,
    /// Removed over needed.
    pub removed_over_needed: Option<f64>,
}

/// Sums over waves.
///
/// # Errors
/// When an amount is no number.
pub fn waves(rows: &[Wave]) -> Result<WaveTotals, ModelError> {
    let deficit = total("deficit", rows, |row| row.deficit)?;
    let needed = total("needed", rows, |row| row.needed)?;
    let removed = total("removed", rows, |row| row.removed)?;
    let largest = rows.iter().map(|row| row.deficit).fold(0.0, f64::max);
    Ok(WaveTotals {
        waves: rows.len(),
        deficit,
        needed,
        removed,
        overshoot: total("overshoot", rows, |row| row.overshoot)?,
        largest_share: ratio(largest, deficit),
        needed_over_deficit: ratio(needed, deficit),
        removed_over_needed: ratio(removed, needed),
    })
}

/// What a policy took over all waves, against what was needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyTotals {
    /// Sum of overshoots.
    pub sum: f64,
    /// Sum of their sizes, whatever their sign.
    pub absolute: f64,
    /// The lowest overshoot of one wave; zero where none fell short.
    pub least: f64,
    /// The largest share that anybody gave up of what he had.
    pub largest_share: f64,
}

/// What a policy took, from its overshoot and its largest haircut in each wave.
///
/// # Errors
/// When one is no number.
pub fn policy(overshoots: &[f64], largest: &[f64]) -> Result<PolicyTotals, ModelError> {
    // The sum is not used: it says that every share is a number.
    total("largest share", largest, |one| *one)?;
    Ok(PolicyTotals {
        sum: total("overshoot", overshoots, |one| *one)?,
        absolute: total("overshoot", overshoots, |one| one.abs())?,
        least: overshoots.iter().copied().fold(0.0, f64::min),
        largest_share: largest.iter().copied().fold(0.0, f64::max),
    })
}

/// Deleveraging of one coin at one time, as a queue would do it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shock {
    /// What the queue had to raise.
    pub budget: f64,
    /// What those in it had.
    pub capacity: f64,
    /// What it took beyond the deficit.
    pub overshoot: f64,
    /// What it could not raise.
    pub residual: f64,
}

/// Sums over shocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShockTotals {
    /// How many.
    pub shocks: usize,
    /// Sum of budgets.
    pub budget: f64,
    /// Sum of capacities.
    pub capacity: f64,
    /// Sum of overshoots.
    pub overshoot: f64,
    /// Sum of residuals.
    pub residual: f64,
}

/// Sums over shocks.
///
/// # Errors
/// When an amount is no number.
pub fn shocks(rows: &[Shock]) -> Result<ShockTotals, ModelError> {
    Ok(ShockTotals {
        shocks: rows.len(),
        budget: total("budget", rows, |row| row.budget)?,
        capacity: total("capacity", rows, |row| row.capacity)?,
        overshoot: total("overshoot", rows, |row| row.overshoot)?,
        residual: total("residual", rows, |row| row.residual)?,
    })
}

/// Deleveraging in one coin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coin {
    /// Fills.
    pub events: u64,
    /// Their notional, zero or more.
    pub notional: f64,
    /// Profit that was closed by them.
    pub closed: f64,
}

/// Sums over coins.
#[derive(Clone, Debug, PartialEq)]
pub struct CoinTotals {
    /// How many.
    pub coins: usize,
    /// All fills.
    pub events: u64,
    /// Their notional.
    pub notional: f64,
    /// Profit that was closed.
    pub closed: f64,
    /// Places of coins by falling notional, the first of equals first.
    pub order: Vec<usize>,
    /// Sum of squared shares of the notional: one where it is all one coin.
    pub concentration: Option<f64>,
}

/// Sums over coins.
///
/// # Errors
/// When an amount is no number, a notional is below zero, or the fills are too many to count.
pub fn coins(rows: &[Coin]) -> Result<CoinTotals, ModelError> {
    for row in rows {
        need("notional", row.notional, "zero or more", |notional| notional >= 0.0)?;
    }
    let counted = rows.iter().try_fold(0u64, |sum, row| sum.checked_add(row.events));
    let too_many = ModelError { what: "fills", expected: "a count", found: f64::INFINITY };
    let notional = total("notional", rows, |row| row.notional)?;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    // Above zero, the bits of a double order as the double does.
    order.sort_by_key(|at| Reverse(rows[*at].notional.abs().to_bits()));
    let squares = total("notional", rows, |row| row.notional * row.notional)?;
    Ok(CoinTotals {
        coins: rows.len(),
        events: counted.ok_or(too_many)?,
        notional,
        closed: total("closed profit", rows, |row| row.closed)?,
        order,
        concentration: ratio(squares, notional * notional),
    })
}

impl CoinTotals {
    /// Share of so many of the largest coins in the notional; `None` of nothing.
    #[must_use]
    pub fn leading(&self, rows: &[Coin], count: usize) -> Option<f64> {
        let places = self.order.iter().take(count);
        let leading = places.filter_map(|at| rows.get(*at)).map(|row| row.notional).sum();
        ratio(leading, self.notional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wave_that_takes_too_little_is_set_against_one_that_takes_too_much() {
        let wave = |deficit, needed, removed: f64| Wave {
            deficit,
            needed,
            removed,
            overshoot: removed - needed,
        };
        let found = waves(&[wave(30.0, 4.0, 1.0), wave(10.0, 4.0, 15.0)]).unwrap();
        assert_eq!((found.waves, found.overshoot), (2, 8.0));
        assert_eq!(found.largest_share, Some(0.75));
        assert_eq!((found.needed_over_deficit, found.removed_over_needed), (Some(0.2), Some(2.0)));
        let none = waves(&[]).unwrap();
        assert_eq!((none.deficit, none.largest_share), (0.0, None));
        assert!(waves(&[wave(f64::NAN, 1.0, 1.0)]).is_err());
    }

    #[test]
    fn sizes_of_overshoots_do_not_cancel() {
        let found = policy(&[3.0, -4.0], &[0.2, 1.0]).unwrap();
        assert_eq!((found.sum, found.absolute, found.largest_share), (-1.0, 7.0, 1.0));
        assert_eq!((found.least, policy(&[3.0], &[0.1]).unwrap().least), (-4.0, 0.0));
        assert!(policy(&[1.0], &[f64::NAN]).is_err());
    }

    #[test]
    fn shocks_add_up() {
        let one = Shock { budget: 5.0, capacity: 9.0, overshoot: 2.0, residual: 0.5 };
        let found = shocks(&[one, one]).unwrap();
        assert_eq!((found.shocks, found.budget, found.residual), (2, 10.0, 1.0));
        assert!(shocks(&[Shock { residual: f64::INFINITY, ..one }]).is_err());
    }

    proptest! {
        #[test]
        fn coins_are_ranked_and_concentration_lies_between_equal_and_one(
            notionals in prop::collection::vec(1u32..1_000, 1..30),
        ) {
            let rows: Vec<Coin> = notionals
                .iter()
                .map(|one| Coin { events: 1, notional: f64::from(*one), closed: -1.0 })
                .collect();
            let found = coins(&rows).unwrap();
            let rank = |at: &usize| (Reverse(notionals[*at]), *at);
            prop_assert!(found.order.is_sorted_by_key(rank));
            let share = found.concentration.unwrap();
            prop_assert!(share <= 1.0 + 1e-12 && share >= 1.0 / rows.len() as f64 - 1e-12);
            prop_assert_eq!(found.events, rows.len() as u64);
            prop_assert!((found.leading(&rows, rows.len()).unwrap() - 1.0).abs() < 1e-12);
            prop_assert!(found.leading(&rows, 1).unwrap() >= 1.0 / rows.len() as f64 - 1e-12);
        }
    }

    #[test]
    fn a_notional_below_zero_is_refused() {
        let row = Coin { events: u64::MAX, notional: 1.0, closed: 0.0 };
        assert!(coins(&[Coin { notional: -1.0, ..row }]).is_err());
        assert!(coins(&[row, row]).is_err());
        assert_eq!(coins(&[]).unwrap().concentration, None);
    }
}
