//! Which series are not fitted, and why.

use super::FEWEST;
use crate::TailError;

/// The 1 % critical value of Dickey and Fuller's test with a constant, for long series.
const UNIT_ROOT: f64 = -3.43;
/// A quarter of the sample whose mean square is this many times another's is another process.
const UNLIKE: f64 = 1_000.0;
/// Largest return, in standard deviations per square root of their number, before one value is all
/// there is: 1 is the most that is possible.
const ALONE: f64 = 0.9;

/// Refuses returns that no stationary model of variance describes.
pub(super) fn returns(returns: &[f64]) -> Result<(), TailError> {
    TailError::need("a GARCH fit", FEWEST, returns.len())?;
    if let Some(at) = returns.iter().position(|r| !r.is_finite()) {
        return Err(TailError::number(&format!("return {at}"), "a number", returns[at]));
    }
    let n = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / n;
    let square = |some: &[f64]| {
        some.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / some.len() as f64
    };
    let all = square(returns);
    if !all.is_finite() {
        let remedy = "look for a unit or a decimal point that changes";
        return Err(unusable("the squares of the returns leave the numbers", remedy));
    }
    if all <= 1e-24 * mean * mean || !all.is_normal() {
        return Err(unusable(
            format!("all returns are {mean} or too near to it"),
            "use a series that moves",
        ));
    }
    unit_root(returns)?;
    let largest = returns.iter().map(|r| (r - mean).abs()).fold(0.0, f64::max);
    if largest > ALONE * (all * n).sqrt() {
        return Err(unusable(
            format!("one return of {largest} from the mean is nearly all that happens"),
            "check that price, or begin after it",
        ));
    }
    unlike_quarters([0, 1, 2, 3].map(|i| {
        let size = returns.len() / 4;
        square(&returns[i * size..(i + 1) * size])
    }))
}

/// Dickey and Fuller: the change of a stationary series goes against its level.
fn unit_root(returns: &[f64]) -> Result<(), TailError> {
    let levels = &returns[..returns.len() - 1];
    let n = levels.len() as f64;
    let changes = || returns.windows(2).map(|pair| pair[1] - pair[0]);
    let (level, change) = (levels.iter().sum::<f64>() / n, changes().sum::<f64>() / n);
    let (mut square, mut product) = (0.0, 0.0);
    for (x, y) in levels.iter().zip(changes()) {
        square += (x - level) * (x - level);
        product += (x - level) * (y - change);
    }
    let slope = product / square;
    let residual = |(x, y): (&f64, f64)| {
        let left = y - change - slope * (x - level);
        left * left
    };
    let variance = levels.iter().zip(changes()).map(residual).sum::<f64>() / (n - 2.0);
    // Without residuals the series is its own law: the sign of the slope decides.
    let t = slope * square.sqrt() / variance.max(f64::MIN_POSITIVE).sqrt();
    if t <= UNIT_ROOT {
        return Ok(());
    }
    let kind = if slope > 0.0 { "explodes" } else { "is not stationary" };
    Err(unusable(
        format!("the series {kind} (Dickey-Fuller statistic {t:.2}, above {UNIT_ROOT})"),
        "give returns, not prices or levels",
    ))
}

fn unlike_quarters(squares: [f64; 4]) -> Result<(), TailError> {
    let least = squares.into_iter().fold(f64::INFINITY, f64::min);
    let most = squares.into_iter().fold(0.0, f64::max);
    if most <= UNLIKE * least {
        return Ok(());
    }
    let kind = if squares[3] == most { "explodes" } else { "is not stationary" };
    Err(unusable(
        format!("the series {kind}: its quarters have mean squares {squares:?}"),
        "fit the part in which it is one thing, or use EWMA",
    ))
}

fn unusable(problem: impl Into<String>, remedy: &'static str) -> TailError {
    TailError::Unusable { what: "a GARCH fit".to_owned(), problem: problem.into(), remedy }
}
