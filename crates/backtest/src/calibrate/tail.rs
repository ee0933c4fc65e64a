//! A loss that is not passed, from many losses: order statistics, filtered, peaks over a threshold.

use super::past::Moves;
use super::{CalibrateError, Sure};
use keelmark_kernels::exp;
use keelmark_margin::document::plan::Method;
use keelmark_tail::coverage::Coverage;
use keelmark_tail::extreme::{Estimator, Peaks};
use keelmark_tail::{Rule, TailError, measure};

/// Moves between two recalibrations of an out-of-sample test, at least.
const EVERY: usize = 30;
/// Share of the history that comes before the first of them.
const BEFORE: f64 = 0.4;
/// A quantile that differs by this factor between the halves of a history is told.
const STATIONARY: f64 = 2.0;

/// Which way a move hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Up, as a fraction of the value.
    Rise,
    /// Down, as a fraction of the value.
    Fall,
    /// Up, in units of the value: points of volatility.
    RisePoints,
    /// Down, in units of the value.
    FallPoints,
    /// Down, or however far below one the end is, if that is more: what is counted at par.
    BelowPar,
}

impl Loss {
    /// Of a move by its logarithm, from a start.
    #[must_use]
    pub fn of(self, log: f64, start: f64) -> f64 {
        let ratio = exp(log);
        match self {
            Self::Rise => ratio - 1.0,
            Self::Fall => 1.0 - ratio,
            Self::RisePoints => start * (ratio - 1.0),
            Self::FallPoints => start * (1.0 - ratio),
            Self::BelowPar => (1.0 - ratio).max(1.0 - start * ratio),
        }
    }

    /// As it is told.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rise | Self::RisePoints => "rises",
            Self::Fall | Self::FallPoints => "falls",
            Self::BelowPar => "falls below par",
        }
    }
}

/// A measured loss.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The loss.
    pub loss: f64,
    /// Which way.
    pub side: Loss,
    /// What a reader should know of it.
    pub notes: Vec<String>,
}

/// How numbers held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Moves, none overlapping another.
    pub periods: usize,
    /// Those beyond the number.
    pub breaches: usize,
    /// The farthest beyond it.
    pub worst: f64,
    /// The mean of the numbers.
    pub mean: f64,
    /// Kupiec's p-value.
    pub kupiec: f64,
    /// That of conditional coverage.
    pub conditional: f64,
}

/// Losses of moves, as they were.
#[must_use]
pub fn losses(moves: &Moves, side: Loss) -> Vec<f64> {
    moves.logs.iter().zip(&moves.values).map(|(log, start)| side.of(*log, *start)).collect()
}

/// Losses as a method takes them, of the first `count` moves, at what is known after them.
fn taken(moves: &Moves, side: Loss, method: Method, count: usize) -> Vec<f64> {
    if matches!(method, Method::Historical | Method::Peaks) {
        let pairs = moves.logs[..count].iter().zip(&moves.values);
        return pairs.map(|(log, start)| side.of(*log, *start)).collect();
    }
    // The last of the first `count` moves ends `steps` rows after it starts.
    let end = count - 1 + moves.steps;
    let (vol, value) = (moves.vols[end], moves.values[end]);
    let pairs = moves.logs[..count].iter().zip(&moves.vols);
    pairs.map(|(log, own)| side.of(log * vol / own, value)).collect()
}

/// The loss that all moves say.
///
/// # Errors
/// When there are too few of them for the confidence, or they stand still.
pub fn measured(moves: &Moves, side: Loss, sure: &Sure) -> Result<Measured, CalibrateError> {
    let all = moves.logs.len();
    let apart = all / moves.steps;
    let needs = (1.0 / (1.0 - sure.confidence) - 1e-6).ceil() as usize;
    if apart < needs {
        let what = format!("moves of {} rows for a confidence of {}", moves.steps, sure.confidence);
        return Err(TailError::TooShort { what, needs, found: apart }.into());
    }
    let mut notes = moves.notes();
    let mut loss = quantile(moves, side, sure, all, &mut notes)?;
    let plain = losses(moves, side);
    if sure.long_floor {
        let floor = measure::value_at_risk(&plain, sure.confidence, Rule::OrderStatistic)?;
        if floor > loss {
            notes.push(format!("floored at the plain quantile of the whole history: {loss:.4}"));
            loss = floor;
        }
    }
    if loss.is_nan() || loss <= 0.0 {
        let problem =
            format!("the {:.4} quantile of its {} is {loss}", sure.confidence, side.name());
        let remedy = "the series stands still or only goes one way: use a longer history";
        return Err(TailError::Unusable { what: "moves".to_owned(), problem, remedy }.into());
    }
    notes.extend(not_stationary(&plain, sure.confidence));
    Ok(Measured { loss, side, notes })
}

/// Says so where the halves of a history are of different worlds.
fn not_stationary(plain: &[f64], confidence: f64) -> Option<String> {
    let (before, after) = plain.split_at(plain.len() / 2);
    let of = |part: &[f64]| measure::value_at_risk(part, confidence, Rule::OrderStatistic).ok();
    let (before, after) = (of(before)?, of(after)?);
    let differ = before > STATIONARY * after || after > STATIONARY * before;
    differ
        .then(|| format!("not stationary: {before:.4} in the first half, {after:.4} in the second"))
}

fn quantile(
    moves: &Moves,
    side: Loss,
    sure: &Sure,
    count: usize,
    notes: &mut Vec<String>,
) -> Result<f64, CalibrateError> {
    let losses = taken(moves, side, sure.method, count);
    if matches!(sure.method, Method::Peaks | Method::FilteredPeaks)
        && let Some(found) = beyond(&losses, sure, notes)?
    {
        return Ok(found);
    }
    Ok(if sure.shortfall {
        measure::expected_shortfall(&losses, sure.confidence)?
    } else {
        measure::value_at_risk(&losses, sure.confidence, Rule::OrderStatistic)?
    })
}

/// The quantile of a fitted tail; nothing where no fit can be trusted, and a note that says why.
fn beyond(
    losses: &[f64],
    sure: &Sure,
    notes: &mut Vec<String>,
) -> Result<Option<f64>, CalibrateError> {
    let threshold = Rule::Linear.of(losses, sure.threshold)?;
    let peaks = Peaks::above(losses, threshold)?;
    for by in [Estimator::Likelihood, Estimator::Moments] {
        let tail = match peaks.fit(by) {
            Ok(tail) => tail,
            Err(error) => {
                notes.push(format!("no fit by {by:?}: {error}").to_lowercase());
                continue;
            }
        };
        if tail.law.xi >= 1.0 {
            // Moments would find one below, whatever the tail: they need the mean it does not have.
            notes.push(format!("tail index {:.2}, at or above one: not trusted", tail.law.xi));
            break;
        }
        let found =
            if sure.shortfall { tail.es(sure.confidence) } else { tail.var(sure.confidence) };
        return Ok(Some(found?));
    }
    notes.push("fell back on the order statistic".to_owned());
    Ok(None)
}

/// Losses of moves that do not overlap, the last of which ends at the end.
fn apart(moves: &Moves, side: Loss, from: usize, to: usize) -> Vec<f64> {
    let places = (from..to).rev().step_by(moves.steps);
    let mut found: Vec<f64> = places.map(|at| side.of(moves.logs[at], moves.values[at])).collect();
    found.reverse();
    found
}

/// How one number would have held over all of the moves.
///
/// # Errors
/// When there are none.
pub fn held(
    moves: &Moves,
    side: Loss,
    number: f64,
    confidence: f64,
) -> Result<Held, CalibrateError> {
    let losses = apart(moves, side, 0, moves.logs.len());
    tested(&losses, &vec![number; losses.len()], confidence)
}

/// How numbers would have held that were measured in the same way, each from what came before;
/// `None` where the history is too short to hold any back.
///
/// # Errors
/// As [`measured`].
pub fn forward(moves: &Moves, side: Loss, sure: &Sure) -> Result<Option<Held>, CalibrateError> {
    let all = moves.logs.len();
    let least = (2.0 / (1.0 - sure.confidence)) as usize * moves.steps;
    let mut at = ((all as f64 * BEFORE) as usize).max(least) + moves.steps;
    let (mut losses, mut numbers) = (Vec::new(), Vec::new());
    let every = EVERY.max(moves.steps) / moves.steps * moves.steps;
    while at + every <= all {
        // Moves that had ended when the next one starts.
        let known = at + 1 - moves.steps;
        let mut number = quantile(moves, side, sure, known, &mut Vec::new())?;
        if sure.long_floor {
            let plain = taken(moves, side, Method::Historical, known);
            number =
                number.max(measure::value_at_risk(&plain, sure.confidence, Rule::OrderStatistic)?);
        }
        let next = apart(moves, side, at, at + every);
        numbers.extend(std::iter::repeat_n(number, next.len()));
        losses.extend(next);
        at += every;
    }
    if losses.len() < EVERY {
        return Ok(None);
    }
    tested(&losses, &numbers, sure.confidence).map(Some)
}

fn tested(losses: &[f64], numbers: &[f64], confidence: f64) -> Result<Held, CalibrateError> {
    let failed: Vec<bool> =
        losses.iter().zip(numbers).map(|(loss, number)| loss > number).collect();
    let coverage = Coverage::of(&failed, 1.0 - confidence)?;
    let short = losses.iter().zip(numbers).map(|(loss, number)| loss - number);
    Ok(Held {
        periods: coverage.steps,
        breaches: coverage.failures,
        worst: short.fold(0.0, f64::max),
        mean: numbers.iter().sum::<f64>() / numbers.len() as f64,
        kupiec: coverage.unconditional.p_value,
        conditional: coverage.conditional.p_value,
    })
}
