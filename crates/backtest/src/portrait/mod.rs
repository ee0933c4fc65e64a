//! One series and its tail: its shape, what value at risk and expected shortfall each method gives,
//! the laws fitted to it, and how each method would have done on it.
//!
//! What a series does not allow (a tail of too few losses, a fit that does not converge) is said
//! in its place with the reason; the rest is still answered.

mod report;

pub use report::{
    CoverReport, GarchReport, MeasureReport, MomentsReport, PortraitReport, SideReport, TailFit,
};

use crate::error::{BacktestError, date};
use keelmark_tail::damp::{Beside, beside};
use keelmark_tail::extreme::{self, Estimator, Peaks};
use keelmark_tail::measure::{Side, expected_shortfall, value_at_risk};
use keelmark_tail::method::Path;
use keelmark_tail::parametric::{Law, Parametric};
use keelmark_tail::vol::garch::Garch;
use keelmark_tail::{
    Breaches, Cycle, Damper, Ewma, Method, Moments, Returns, Rolling, Rule, STANDARD, Series,
    TailError, TwoSpeedFiltered,
};
use keelmark_units::Timestamp;

/// The quantile above which losses are a tail.
pub const TAIL_FROM: f64 = 0.95;
/// The share of losses that Hill's estimate looks at.
const HILL_SHARE: f64 = 0.05;
/// The default model, whose window and volatility are its own.
const DEFAULT: &str = "two_speed";
/// Returns are fitted in percent, so that the numbers are those of the literature.
const PERCENT: f64 = 100.0;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// How a return is counted.
    pub returns: Returns,
    /// Shares of days whose loss is to be covered, ascending.
    pub confidences: Vec<f64>,
    /// Losses that rolling methods and today's measures see.
    pub window: usize,
    /// What the volatility of filtered methods keeps of itself.
    pub lambda: f64,
}

/// What a series says.
///
/// # Errors
/// When it is too short for the window, constant, or no confidence is between 0 and 1.
pub fn of(
    series: &Series,
    findings: &[String],
    question: &Question,
) -> Result<PortraitReport, BacktestError> {
    let returns = series.returns(question.returns);
    TailError::need(series.name(), question.window + 1, returns.len())?;
    let moments = moments(series, &returns)?;
    let times = series.times();
    Ok(PortraitReport {
        series: series.name().to_owned(),
        from: times.first().map(|day| date(*day)).unwrap_or_default(),
        to: times.last().map(|day| date(*day)).unwrap_or_default(),
        step: step(times).to_owned(),
        findings: findings.to_vec(),
        window: question.window,
        lambda: question.lambda,
        moments,
        volatility: Ewma::new(question.lambda)
            .volatilities(&returns)?
            .last()
            .copied()
            .unwrap_or_default(),
        sides: [Side::Long, Side::Short]
            .into_iter()
            .map(|side| of_side(&returns, side, question))
            .collect::<Result<_, _>>()?,
        garch: garch(&returns),
    })
}

/// What most neighbours are apart, in a word.
fn step(times: &[Timestamp]) -> &'static str {
    let mut apart: Vec<i64> =
        times.windows(2).map(|pair| (pair[1].nanos() - pair[0].nanos()) / 1_000_000_000).collect();
    apart.sort_unstable();
    match apart.get(apart.len() / 2) {
        Some(86_400) => "day",
        Some(3_600) => "hour",
        Some(60) => "minute",
        _ => "step",
    }
}

fn moments(series: &Series, returns: &[f64]) -> Result<MomentsReport, BacktestError> {
    let found = Moments::of(returns)?;
    Ok(MomentsReport {
        returns: found.n,
        mean: found.mean,
        std: found.std,
        skew: found.skew,
        kurtosis: found.kurtosis,
        least: found.min,
        least_on: date(series.times()[found.min_at + 1]),
        most: found.max,
    })
}

fn of_side(returns: &[f64], side: Side, question: &Question) -> Result<SideReport, BacktestError> {
    let losses = side.losses(returns);
    let mut flags = Vec::new();
    let tail = flagged(tail(&losses), "the tail", &mut flags);
    let hill = extreme::tail_index(&losses, (losses.len() as f64 * HILL_SHARE) as usize);
    let hill = flagged(hill, "Hill's index", &mut flags);
    let mut measures = Vec::new();
    for confidence in &question.confidences {
        measures.extend(measured(returns, side, *confidence, question, &mut flags)?);
    }
    let confidence = question.confidences.first().copied().unwrap_or(0.99);
    let mut covers = Vec::new();
    for name in Method::names() {
        let path = rolled(name, returns, side, confidence, question);
        let found = path.and_then(|path| cover(name, &path, &losses, confidence));
        covers.extend(flagged(found, name, &mut flags));
    }
    let path = TwoSpeedFiltered { confidence, ..STANDARD }.margins(returns, side, STANDARD.least);
    let found = path.and_then(|path| cover(DEFAULT, &path, &losses, confidence));
    covers.extend(flagged(found, DEFAULT, &mut flags));
    let damped = damped(returns, side, confidence, question);
    let damped = flagged(damped, "damping", &mut flags).unwrap_or_default();
    let side = if side == Side::Long { "long" } else { "short" };
    Ok(SideReport { side: side.to_owned(), tail, hill, measures, covers, damped, flags })
}

/// What was found, or nothing and the reason among the flags.
fn flagged<T>(found: Result<T, TailError>, what: &str, flags: &mut Vec<String>) -> Option<T> {
    found.map_err(|why| flags.push(format!("{what}: {why}"))).ok()
}

fn tail(losses: &[f64]) -> Result<TailFit, TailError> {
    let threshold = Rule::Linear.of(losses, TAIL_FROM)?;
    let peaks = Peaks::above(losses, threshold)?;
    let likely = peaks.fit(Estimator::Likelihood)?.law;
    let moments = peaks.fit(Estimator::Moments)?.law;
    Ok(TailFit {
        threshold,
        above: peaks.excesses.len(),
        xi: likely.xi,
        beta: likely.beta,
        xi_by_moments: moments.xi,
        beta_by_moments: moments.beta,
    })
}

/// Value at risk and expected shortfall of the whole history and of the window at today's
/// volatility, by method.
fn measured(
    returns: &[f64],
    side: Side,
    confidence: f64,
    question: &Question,
    flags: &mut Vec<String>,
) -> Result<Vec<MeasureReport>, TailError> {
    let losses = side.losses(returns);
    let recent = &losses[losses.len() - question.window..];
    let vols = Ewma::new(question.lambda).volatilities(returns)?;
    let (before, today) = vols.split_at(losses.len());
    let today = today.first().copied().unwrap_or_default();
    let pairs = losses.iter().zip(before).map(|(loss, vol)| loss / vol * today);
    let scaled: Vec<f64> = pairs.collect();
    let filtered = &scaled[scaled.len() - question.window..];
    let mut out = Vec::new();
    let mut row = |method: &str, var, es: Result<f64, TailError>| {
        let es = flagged(es, &format!("{method} at {confidence}: ES"), flags);
        out.push(MeasureReport { confidence, method: method.to_owned(), var, es });
    };
    let rule = Rule::OrderStatistic;
    let of = |losses: &[f64]| {
        Ok::<_, TailError>((
            value_at_risk(losses, confidence, rule)?,
            expected_shortfall(losses, confidence),
        ))
    };
    let (var, es) = of(&losses)?;
    row("whole history", var, es);
    let (var, es) = of(recent)?;
    row("window", var, es);
    let (var, es) = of(filtered)?;
    row("window, filtered", var, es);
    let normal = Parametric::new(today, Law::Normal)?;
    row("normal, today's volatility", normal.var(confidence)?, normal.es(confidence));
    for (name, by) in
        [("tail by likelihood", Estimator::Likelihood), ("tail by moments", Estimator::Moments)]
    {
        let threshold = Rule::Linear.of(&losses, TAIL_FROM)?;
        // A tail that cannot be fitted is flagged once, with its law; below it, it says nothing.
        let fitted = Peaks::above(&losses, threshold)?.fit(by);
        if let (Ok(tail), true) = (fitted, confidence >= TAIL_FROM) {
            row(name, tail.var(confidence)?, tail.es(confidence));
        }
    }
    Ok(out)
}

/// A rolling method over the whole history.
fn rolled(
    name: &str,
    returns: &[f64],
    side: Side,
    confidence: f64,
    question: &Question,
) -> Result<Path, TailError> {
    let method = Method::named(name)?;
    let rolling = Rolling::new(method, question.window, confidence, question.lambda);
    rolling.margins(returns, side, question.window)
}

/// What came of margins.
fn cover(
    name: &str,
    path: &Path,
    losses: &[f64],
    confidence: f64,
) -> Result<CoverReport, TailError> {
    let breaches = Breaches::of(&path.margins, &losses[path.first..])?;
    let tests = breaches.coverage(1.0 - confidence)?;
    let cycle = Cycle::of(&path.margins)?;
    Ok(CoverReport {
        method: name.to_owned(),
        days: tests.steps,
        breaches: tests.failures,
        expected: tests.steps as f64 * (1.0 - confidence),
        p_kupiec: tests.unconditional.p_value,
        p_independent: tests.independence.p_value,
        p_conditional: tests.conditional.p_value,
        rejected: tests.conditional.rejects(0.95),
        mean: cycle.mean,
        next: path.next,
        peak_to_trough: cycle.peak_to_trough,
        rise_5: cycle.rise_5,
        worst_shortfall: breaches.worst_shortfall.max(0.0),
    })
}

/// What each measure against procyclicality makes of the filtered margin.
fn damped(
    returns: &[f64],
    side: Side,
    confidence: f64,
    question: &Question,
) -> Result<Vec<Beside>, TailError> {
    let rolling = Rolling::new(Method::Filtered, question.window, confidence, question.lambda);
    let path = rolling.margins(returns, side, question.window)?;
    let measures = [
        ("buffer of 25 %, used up", vec![Damper::Buffer { share: 0.25 }]),
        ("25 % weight of stress", vec![Damper::StressWeight { weight: 0.25 }]),
        ("floor: mean so far", vec![Damper::ExpandingMean]),
        ("floor: mean of 10 years", vec![Damper::LongMean { steps: 3_650 }]),
        ("rise of 5 % a step at most", vec![Damper::Cap { rise: 0.05, fall: 1.0 }]),
        ("ramp: 5 steps up, 20 down", vec![Damper::Ramp { up: 5, down: 20 }]),
    ];
    let losses = side.losses(returns);
    beside(&path.margins, &losses[question.window..], &measures)
}

fn garch(returns: &[f64]) -> Vec<GarchReport> {
    let scaled: Vec<f64> = returns.iter().map(|one| one * PERCENT).collect();
    let models = [
        ("GARCH(1,1) normal", Garch::NORMAL),
        ("GARCH(1,1) t", Garch::T),
        ("GJR normal", Garch::GJR),
        ("GJR t", Garch::GJR_T),
    ];
    let fitted = models.into_iter().map(|(name, model)| match model.fit(&scaled) {
        Err(why) => GarchReport::refused(name, &why.to_string()),
        Ok(fit) => GarchReport {
            model: name.to_owned(),
            mu: Some(fit.mu),
            omega: Some(fit.omega),
            alpha: Some(fit.alpha),
            gamma: Some(fit.gamma),
            beta: Some(fit.beta),
            nu: fit.nu,
            persistence: Some(fit.persistence()),
            loglik: Some(fit.loglik),
            next_volatility: Some(fit.next_variance(&scaled).sqrt() / PERCENT),
            problem: None,
        },
    });
    fitted.collect()
}
