//! Paths of variance: what was forecast for each move from those before it.

use crate::error::BacktestError;
use keelmark_margin::recipe::{Calibration, Law, Volatility};
use keelmark_tail::vol::garch::Innovations;
use keelmark_tail::vol::{Garch, TwoSpeed};
use keelmark_tail::{Ewma, TailError};
use std::ops::Range;

/// Variances of moves, one more than there are: the last is of the move to come.
#[derive(Debug)]
pub struct Path {
    /// Each forecast from what came before it.
    pub variances: Vec<f64>,
    /// Where a fit was replaced, and why.
    pub fell_back: Vec<(Range<usize>, String)>,
}

/// What stands for a GARCH that cannot be fitted.
const FALLBACK: Ewma = Ewma::new(0.94);

/// Moves that a volatility looks back on before its first forecast counts.
pub fn looks_back(volatility: &Volatility) -> usize {
    match volatility {
        Volatility::Ewma { warm_up, .. } | Volatility::TwoSpeed { warm_up, .. } => *warm_up,
        Volatility::Garch { refit, .. } => refit.window,
        Volatility::Implied => 1,
        Volatility::Blend(all) => all.iter().map(|(_, one)| looks_back(one)).max().unwrap_or(0),
    }
}

/// The path of a volatility over the moves of a price.
pub fn path(
    volatility: &Volatility,
    what: &str,
    implied: Option<&[f64]>,
    moves: &[f64],
) -> Result<Path, BacktestError> {
    let plain = |variances| Path { variances, fell_back: Vec::new() };
    let named = |error: TailError| {
        BacktestError::history(
            what,
            error.to_string(),
            "use a longer history, or another volatility in [tail]",
        )
    };
    match volatility {
        Volatility::Ewma { lambda, warm_up } => {
            let ewma = Ewma { lambda: *lambda, start: *warm_up };
            ewma.variances(moves).map(plain).map_err(named)
        }
        Volatility::TwoSpeed { fast, slow, weight, most, warm_up } => {
            let ewma = |lambda| Ewma { lambda, start: *warm_up };
            let (fast, slow) = (ewma(*fast), ewma(*slow));
            let model = TwoSpeed { fast, slow, weight: *weight, most: *most };
            model.variances(moves).map(plain).map_err(named)
        }
        Volatility::Implied => implied.map(|all| plain(all.to_vec())).ok_or_else(|| {
            BacktestError::history(
                what,
                "the recipe scales by implied volatility, and the history of it does not have all \
                 days of the prices",
                "add --history ASSET:vol=FILE, and --since where it begins",
            )
        }),
        Volatility::Garch { leverage, law, refit } => {
            let innovations = match law {
                Law::Normal => Innovations::Normal,
                Law::T => Innovations::StudentT,
            };
            let model = Garch { asymmetric: *leverage, innovations };
            fitted(model, *refit, moves).map_err(named)
        }
        Volatility::Blend(members) => {
            let mut sum = plain(vec![0.0; moves.len() + 1]);
            for (weight, member) in members {
                let own = path(member, what, implied, moves)?;
                for (total, one) in sum.variances.iter_mut().zip(&own.variances) {
                    *total += weight * one;
                }
                sum.fell_back.extend(own.fell_back);
            }
            Ok(sum)
        }
    }
}

/// Fits again and again, each to the moves before it. Moves before the first fit have the
/// variances of that: a scenario of them is only ever used behind it.
fn fitted(model: Garch, refit: Calibration, moves: &[f64]) -> Result<Path, TailError> {
    let (window, every) = (refit.window, refit.every.max(1));
    if moves.len() < window {
        return Err(TailError::TooShort {
            what: "the first fit".to_owned(),
            needs: window,
            found: moves.len(),
        });
    }
    let mut variances = Vec::with_capacity(moves.len() + 1);
    let mut fell_back = Vec::new();
    let mut last = None;
    for from in (window..=moves.len()).step_by(every) {
        let to = (from + every).min(moves.len() + 1);
        let sample = &moves[from - window..from];
        let fit = match &last {
            Some(before) => model.refit(sample, before).or_else(|_| model.fit(sample)),
            None => model.fit(sample),
        };
        // Variances of the window and of what follows it, before each of those moves and the next.
        let seen = &moves[from - window..to - 1];
        let path = match fit {
            Ok(fit) => {
                let path = fit.variances(seen);
                last = Some(fit);
                path
            }
            Err(why) => {
                let text = format!("EWMA of {} instead of a fit: {why}", FALLBACK.lambda);
                fell_back.push((from..to, text));
                FALLBACK.variances(seen)?
            }
        };
        let behind = if variances.is_empty() { 0 } else { window };
        variances.extend_from_slice(&path[behind..]);
    }
    Ok(Path { variances, fell_back })
}
