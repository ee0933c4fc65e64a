//! The shape of what one series says of its tail. Rates are fractions of the price, a step.

use keelmark_tail::damp::Beside;
use keelmark_tail::extreme::Pareto;
use serde::Serialize;

/// Everything.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PortraitReport {
    /// The series.
    pub series: String,
    /// Its first day, `YYYY-MM-DD`.
    pub from: String,
    /// Its last.
    pub to: String,
    /// `day`, `hour`, `minute` or `step`: what most rows are apart.
    pub step: String,
    /// What was found wrong with it and accepted.
    pub findings: Vec<String>,
    /// Losses that rolling methods see.
    pub window: usize,
    /// What the volatility of filtered methods keeps of itself.
    pub lambda: f64,
    /// Its shape.
    pub moments: MomentsReport,
    /// The volatility of the day to come, by that.
    pub volatility: f64,
    /// Losses of who is long, and of who is short.
    pub sides: Vec<SideReport>,
    /// Volatility models fitted to returns in percent.
    pub garch: Vec<GarchReport>,
}

/// Moments of the returns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MomentsReport {
    /// How many.
    pub returns: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub std: f64,
    /// Skewness.
    pub skew: f64,
    /// Kurtosis; 3 for a normal law.
    pub kurtosis: f64,
    /// The least return.
    pub least: f64,
    /// Its day.
    pub least_on: String,
    /// The largest.
    pub most: f64,
}

/// Losses of one side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideReport {
    /// `long` or `short`.
    pub side: String,
    /// A generalised Pareto law of the losses above their 95 % quantile.
    pub tail: Option<TailFit>,
    /// Hill's tail index over the largest twentieth: at or below 1 there is no mean.
    pub hill: Option<f64>,
    /// What each method gives today.
    pub measures: Vec<MeasureReport>,
    /// How each rolling method would have done, at the first confidence.
    pub covers: Vec<CoverReport>,
    /// The filtered margin (`fhs`), and what each measure against procyclicality makes of it.
    pub damped: Vec<Beside>,
    /// What could not be answered, and why.
    pub flags: Vec<String>,
}

/// A fitted tail.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TailFit {
    /// Where it begins.
    pub threshold: f64,
    /// Losses above it.
    pub above: usize,
    /// Shape by maximum likelihood.
    pub xi: f64,
    /// Scale by maximum likelihood.
    pub beta: f64,
    /// Shape by probability-weighted moments.
    pub xi_by_moments: f64,
    /// Scale by probability-weighted moments.
    pub beta_by_moments: f64,
}

impl TailFit {
    /// The excess over the threshold that is passed by this share of those above it, by the law of
    /// likelihood.
    #[must_use]
    pub fn excess_at(&self, beyond: f64) -> f64 {
        Pareto { xi: self.xi, beta: self.beta }.excess_at(beyond)
    }
}

/// A measure of loss.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureReport {
    /// The share of days that is covered.
    pub confidence: f64,
    /// How it was found.
    pub method: String,
    /// Value at risk.
    pub var: f64,
    /// Expected shortfall; `null` where there is none.
    pub es: Option<f64>,
}

/// How a rolling method did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoverReport {
    /// The method.
    pub method: String,
    /// Days of margin.
    pub days: usize,
    /// Losses above it.
    pub breaches: usize,
    /// How many were to be expected.
    pub expected: f64,
    /// Kupiec.
    pub p_kupiec: f64,
    /// Christoffersen, independence.
    pub p_independent: f64,
    /// Christoffersen, conditional coverage.
    pub p_conditional: f64,
    /// Whether conditional coverage is rejected at 95 %.
    pub rejected: bool,
    /// Mean margin.
    pub mean: f64,
    /// The margin of the day to come.
    pub next: f64,
    /// Largest over smallest.
    pub peak_to_trough: f64,
    /// Largest rise in five days, as a ratio.
    pub rise_5: f64,
    /// Largest loss beyond it.
    pub worst_shortfall: f64,
}

/// A fitted volatility model; all but the name `null` where it could not be fitted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GarchReport {
    /// The model.
    pub model: String,
    /// Mean return, in percent.
    pub mu: Option<f64>,
    /// Constant part of the variance, in squared percent.
    pub omega: Option<f64>,
    /// What a squared surprise adds.
    pub alpha: Option<f64>,
    /// What it adds besides when it was a fall.
    pub gamma: Option<f64>,
    /// What a variance keeps.
    pub beta: Option<f64>,
    /// Degrees of freedom.
    pub nu: Option<f64>,
    /// What is left of a variance's excess after a day; 1 is the bound.
    pub persistence: Option<f64>,
    /// Log-likelihood.
    pub loglik: Option<f64>,
    /// Volatility of the day to come, as a fraction.
    pub next_volatility: Option<f64>,
    /// Why it could not be fitted.
    pub problem: Option<String>,
}

impl GarchReport {
    /// A model that could not be fitted.
    pub(super) fn refused(model: &str, why: &str) -> Self {
        let problem = Some(why.to_owned());
        Self { model: model.to_owned(), problem, ..Self::default() }
    }
}
