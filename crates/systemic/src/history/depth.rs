//! What a book held within so many percent of its middle.

use crate::{ModelError, need};
use std::collections::{BTreeMap, BTreeSet};

/// One level of one snapshot of a book.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelRow {
    /// When the snapshot was taken, in seconds.
    pub time: i64,
    /// Percent from the middle: below zero bids, above zero asks.
    pub percent: i32,
    /// Coins up to there.
    pub depth: f64,
    /// Money up to there.
    pub notional: f64,
}

/// What a book held in a window of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Depth {
    /// Distinct times.
    pub snapshots: usize,
    /// By percent from the middle.
    pub levels: BTreeMap<i32, LevelDepth>,
}

/// What one level held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelDepth {
    /// Mean of the coins.
    pub mean: f64,
    /// Fewest coins.
    pub least: f64,
    /// Mean of the money.
    pub notional: f64,
}

/// What a book held from `from` until before `until`.
///
/// # Errors
/// When an amount in the window is no number or below zero.
pub fn depth(rows: &[LevelRow], from: i64, until: i64) -> Result<Depth, ModelError> {
    let mut times = BTreeSet::new();
    let mut levels: BTreeMap<i32, Vec<LevelRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| (from..until).contains(&row.time)) {
        need("depth", row.depth, "zero or more", |depth| depth >= 0.0)?;
        need("notional", row.notional, "zero or more", |notional| notional >= 0.0)?;
        times.insert(row.time);
        levels.entry(row.percent).or_default().push(*row);
    }
    let levels = levels.into_iter().map(|(percent, rows)| (percent, level(&rows))).collect();
    Ok(Depth { snapshots: times.len(), levels })
}

/// Of one row or more.
fn level(rows: &[LevelRow]) -> LevelDepth {
    let count = rows.len() as f64;
    LevelDepth {
        mean: rows.iter().map(|row| row.depth).sum::<f64>() / count,
        least: rows.iter().map(|row| row.depth).fold(f64::INFINITY, f64::min),
        notional: rows.iter().map(|row| row.notional).sum::<f64>() / count,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_its_start_and_leaves_its_end() {
        let row = |time, percent, depth| LevelRow { time, percent, depth, notional: 2.0 * depth };
        let rows =
            [row(9, 1, 50.0), row(10, 1, 4.0), row(10, -1, 1.0), row(15, 1, 6.0), row(20, 1, 9.0)];
        let found = depth(&rows, 10, 20).unwrap();
        assert_eq!(found.snapshots, 2);
        assert_eq!(found.levels[&1], LevelDepth { mean: 5.0, least: 4.0, notional: 10.0 });
        assert_eq!(found.levels[&-1].mean, 1.0);
        assert_eq!(depth(&rows, 30, 40).unwrap(), Depth::default());
        assert!(depth(&[row(0, 1, f64::NAN)], 0, 1).is_err());
        assert!(depth(&[row(0, 1, -1.0)], 0, 1).is_err());
    }
}
