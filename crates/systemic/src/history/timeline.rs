//! When accounts were closed, and how unevenly.

use super::ratio;
use crate::ModelError;
use std::collections::BTreeMap;

/// What happened in one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second {
    /// Seconds since the first liquidation.
    pub second: u64,
    /// Liquidations.
    pub liquidations: u64,
    /// Fills of deleveraging.
    pub deleveraged: u64,
}

/// What a timeline holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// Seconds with a row.
    pub rows: usize,
    /// All liquidations.
    pub liquidations: u64,
    /// All fills of deleveraging.
    pub deleveraged: u64,
    /// The first second with deleveraging.
    pub first_deleveraged: Option<u64>,
    /// The last.
    pub last_deleveraged: Option<u64>,
    /// Fills of deleveraging in the first such second.
    pub first_burst: u64,
    /// Liquidations before it; all of them where there is no deleveraging.
    pub liquidations_before: u64,
    /// Share of the liquidations before the end of the burst.
    pub burst_share: Option<f64>,
    /// Fano factor of the liquidations per bin: variance of the sample over its mean. One is
    /// chance, far more is a cascade. Only bins with a row count; `None` below two of them.
    pub fano: Option<f64>,
}

/// What a timeline holds: liquidations before `burst` seconds, and by bins of `bin` seconds.
///
/// # Errors
/// When a bin has no length or the counts do not fit.
pub fn timeline(rows: &[Second], burst: u64, bin: u64) -> Result<Timeline, ModelError> {
    if bin == 0 {
        return Err(ModelError { what: "bin", expected: "a second or more", found: 0.0 });
    }
    let liquidations = count(rows, |row| row.liquidations)?;
    let before = |end: u64| count(rows, |row| if row.second < end { row.liquidations } else { 0 });
    let deleveraging = || rows.iter().filter(|row| row.deleveraged > 0).map(|row| row.second);
    let first = deleveraging().min();
    let mut bins: BTreeMap<u64, f64> = BTreeMap::new();
    for row in rows {
        *bins.entry(row.second / bin).or_default() += row.liquidations as f64;
    }
    Ok(Timeline {
        rows: rows.len(),
        liquidations,
        deleveraged: count(rows, |row| row.deleveraged)?,
        first_deleveraged: first,
        last_deleveraged: deleveraging().max(),
        first_burst: count(
            rows,
            |row| if Some(row.second) == first { row.deleveraged } else { 0 },
        )?,
        liquidations_before: first.map_or(Ok(liquidations), before)?,
        burst_share: ratio(before(burst)? as f64, liquidations as f64),
        fano: fano(&bins.into_values().collect::<Vec<_>>()),
    })
}

fn count(rows: &[Second], of: impl Fn(&Second) -> u64) -> Result<u64, ModelError> {
    let sum = rows.iter().try_fold(0u64, |sum, row| sum.checked_add(of(row)));
    sum.ok_or(ModelError { what: "events", expected: "a count", found: f64::INFINITY })
}

/// Variance of a sample over its mean.
fn fano(counts: &[f64]) -> Option<f64> {
    if counts.len() < 2 {
        return None;
    }
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let squares: f64 = counts.iter().map(|one| (one - mean) * (one - mean)).sum();
    ratio(squares / (counts.len() - 1) as f64, mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &[(u64, u64, u64)]) -> Vec<Second> {
        all.iter()
            .map(|(second, liquidations, deleveraged)| Second {
                second: *second,
                liquidations: *liquidations,
                deleveraged: *deleveraged,
            })
            .collect()
    }

    #[test]
    fn a_steady_stream_has_no_variance_and_a_burst_has() {
        let steady = timeline(&rows(&[(0, 5, 0), (10, 5, 0), (20, 5, 1)]), 10, 10).unwrap();
        assert_eq!(steady.fano, Some(0.0));
        assert_eq!((steady.first_deleveraged, steady.burst_share), (Some(20), Some(5.0 / 15.0)));
        // Counts 9 and 1: mean 5, variance 32.
        let burst = timeline(&rows(&[(0, 4, 0), (3, 5, 0), (70, 1, 0)]), 30, 30).unwrap();
        assert_eq!((burst.fano, burst.first_deleveraged), (Some(6.4), None));
        assert_eq!((burst.burst_share, burst.liquidations_before), (Some(0.9), 10));
    }

    #[test]
    fn deleveraging_has_a_first_and_a_last_second() {
        let all = rows(&[(0, 5, 0), (61, 3, 9), (61, 2, 1), (80, 1, 2), (99, 1, 0)]);
        let found = timeline(&all, 60, 30).unwrap();
        assert_eq!((found.first_deleveraged, found.last_deleveraged), (Some(61), Some(80)));
        assert_eq!((found.first_burst, found.liquidations_before), (10, 5));
    }

    #[test]
    fn what_has_no_answer_has_none() {
        let empty = timeline(&[], 10, 10).unwrap();
        assert_eq!((empty.rows, empty.fano, empty.burst_share), (0, None, None));
        assert_eq!(timeline(&rows(&[(0, 0, 0), (40, 0, 0)]), 10, 30).unwrap().fano, None);
        assert!(timeline(&[], 10, 0).is_err());
        assert!(timeline(&rows(&[(0, u64::MAX, 0), (1, 1, 0)]), 1, 1).is_err());
    }
}
