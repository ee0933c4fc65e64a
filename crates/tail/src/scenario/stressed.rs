//! Scenarios of bad times: named windows, or the worst moves of a whole history.

use super::{Factors, Horizon, Scenarios, label};
use crate::TailError;
use keelmark_units::Timestamp;

/// A time with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// What it is called: `covid`, `ftx`.
    pub name: String,
    /// The first time, included.
    pub first: Timestamp,
    /// The last time, included.
    pub last: Timestamp,
}

/// Which moves are the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worst {
    /// In which any factor moved furthest, either way.
    Moves,
    /// In which any factor fell furthest.
    Falls,
    /// In which any factor rose furthest.
    Rises,
}

/// All moves within some windows, in their order, one window after another. Moves are those of the
/// whole horizon within its window.
///
/// # Errors
/// When a window holds fewer moves than the horizon sums.
pub fn windows(
    factors: &Factors,
    windows: &[Window],
    horizon: Horizon,
) -> Result<Scenarios, TailError> {
    factors.check()?;
    let summed = horizon.summed()?;
    let mut found = empty(factors);
    for window in windows {
        let from = factors.times.partition_point(|time| *time < window.first);
        let to = factors.times.partition_point(|time| *time <= window.last).max(from);
        let what = format!("the stress window {}", window.name);
        TailError::need(&what, summed, to - from)?;
        let ends = &factors.times[from + summed - 1..to];
        let named = |time: &Timestamp| format!("stress: {} {}", window.name, label(*time));
        found.labels.extend(ends.iter().map(named));
        for (column, own) in found.moves.iter_mut().zip(&factors.returns) {
            column.extend(horizon.moves(&own[from..to])?);
        }
    }
    Ok(found)
}

/// The `count` worst moves of the whole history, by time. A factor's move is counted in its own
/// standard deviation, so that a quiet factor's worst days count as a wild one's; of moves that
/// share a step the worse is taken alone.
///
/// # Errors
/// When the history has not that many moves apart, or no factor moves.
pub fn worst(
    factors: &Factors,
    count: usize,
    kind: Worst,
    horizon: Horizon,
) -> Result<Scenarios, TailError> {
    factors.check()?;
    let summed = horizon.summed()?;
    TailError::need("the worst moves of a history", count.max(1) * summed, factors.len())?;
    let moves = factors.returns.iter().map(|own| horizon.moves(own));
    let moves = moves.collect::<Result<Vec<_>, _>>()?;
    let scores = scores(&moves, kind)?;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut taken: Vec<usize> = Vec::with_capacity(count);
    for at in order {
        if taken.len() == count {
            break;
        }
        if taken.iter().all(|other| other.abs_diff(at) >= summed) {
            taken.push(at);
        }
    }
    // Moves that lie apart can leave room for fewer than their number times their length.
    TailError::need("the worst moves of a history that share no step", count, taken.len())?;
    taken.sort_unstable();
    let mut found = empty(factors);
    found.labels = taken
        .iter()
        .map(|at| format!("stress: {}", label(factors.times[at + summed - 1])))
        .collect();
    for (column, own) in found.moves.iter_mut().zip(&moves) {
        *column = taken.iter().map(|at| own[*at]).collect();
    }
    Ok(found)
}

fn scores(moves: &[Vec<f64>], kind: Worst) -> Result<Vec<f64>, TailError> {
    let count = moves.first().map_or(0, Vec::len);
    let mut scores = vec![f64::NEG_INFINITY; count];
    for own in moves {
        let square = own.iter().map(|one| one * one).sum::<f64>() / count as f64;
        if !square.is_normal() {
            continue; // what never moves has no worst day
        }
        let over = 1.0 / square.sqrt();
        for (score, one) in scores.iter_mut().zip(own) {
            let own = match kind {
                Worst::Moves => one.abs(),
                Worst::Falls => -one,
                Worst::Rises => *one,
            };
            *score = score.max(own * over);
        }
    }
    if scores.iter().all(|score| score.is_finite()) {
        return Ok(scores);
    }
    Err(TailError::Unusable {
        what: "the worst moves of a history".to_owned(),
        problem: "no factor moves".to_owned(),
        remedy: "use a history in which something happens",
    })
}

fn empty(factors: &Factors) -> Scenarios {
    let moves = vec![Vec::new(); factors.names.len()];
    Scenarios { labels: Vec::new(), names: factors.names.clone(), moves }
}

#[cfg(test)]
mod tests {
    use super::super::Way;
    use super::super::tests::{day, factors};
    use super::*;

    #[test]
    fn windows_keep_their_names() {
        let history = factors(&[&[0.1, -0.5, 0.2, 0.3]]);
        let window = |name: &str, first, last| Window {
            name: name.to_owned(),
            first: day(first),
            last: day(last),
        };
        let some = [window("a", 1, 2), window("b", 3, 9)];
        let found = windows(&history, &some, Horizon::ONE).unwrap();
        assert_eq!(found.labels[..2], ["stress: a 1970-01-02", "stress: a 1970-01-03"]);
        assert_eq!(found.moves, [[-0.5, 0.2, 0.3]]);
        let two = Horizon { steps: 2, way: Way::Summed };
        assert_eq!(windows(&history, &some[..1], two).unwrap().moves, [[-0.3]]);
        let said = windows(&history, &[window("late", 9, 8)], Horizon::ONE).unwrap_err();
        assert!(said.to_string().contains("stress window late: needs 1 values, found 0"));
    }

    #[test]
    fn the_worst_of_each_factor_counts_in_its_own_measure() {
        let wild: &[f64] = &[0.5, -0.4, 0.3, -0.45, 0.2, 0.01];
        let quiet: &[f64] = &[0.0, 0.0, 0.0, 0.0, 0.0, -0.001];
        let history = factors(&[wild, quiet]);
        let found = worst(&history, 2, Worst::Moves, Horizon::ONE).unwrap();
        assert_eq!(found.labels, ["stress: 1970-01-01", "stress: 1970-01-06"]);
        assert_eq!(found.moves[1], [0.0, -0.001]);
        let falls = worst(&history, 2, Worst::Falls, Horizon::ONE).unwrap();
        assert_eq!(falls.labels, ["stress: 1970-01-04", "stress: 1970-01-06"]);
        let rises = worst(&history, 1, Worst::Rises, Horizon::ONE).unwrap();
        assert_eq!(rises.moves, [[0.5], [0.0]]);
        assert!(worst(&history, 7, Worst::Rises, Horizon::ONE).is_err());
        assert!(worst(&factors(&[&[0.0; 4]]), 1, Worst::Moves, Horizon::ONE).is_err());
    }

    #[test]
    fn moves_that_share_a_step_are_taken_once() {
        let history = factors(&[&[0.0, 0.0, 0.9, 0.8, 0.0, 0.1, 0.1]]);
        let two = Horizon { steps: 2, way: Way::Summed };
        let found = worst(&history, 2, Worst::Rises, two).unwrap();
        assert_eq!(found.labels, ["stress: 1970-01-04", "stress: 1970-01-07"]);
    }
}
