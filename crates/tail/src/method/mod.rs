//! Margins of one series through time, by the name of a method: each step's from what came before.

mod window;

use crate::TailError;
use crate::damp::Stress;
use crate::extreme::{Estimator, Peaks};
use crate::law::normal_quantile;
use crate::measure::{Side, shortfall_of_sorted};
use crate::quantile::{self, Rule};
use crate::vol::Ewma;
pub use window::Ascending;

/// How a margin is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// The quantile of the window's losses: historical simulation.
    Plain,
    /// The quantile of the window's losses over the volatility of their day, at today's: filtered
    /// historical simulation.
    Filtered,
    /// The expected shortfall of the same.
    FilteredShortfall,
    /// The normal quantile at today's volatility; knows no window.
    Normal,
    /// A part of [`Method::Filtered`] and a part of the worst losses there ever were.
    FilteredStress {
        /// The part of the stress: 0.25.
        weight: f64,
    },
    /// The quantile of a generalised Pareto tail of the window's losses over their volatility.
    FilteredTail {
        /// The quantile above which the tail is fitted: 0.9.
        threshold: f64,
        /// How it is fitted.
        by: Estimator,
    },
}

/// Names of the methods, in the order of the enum, with their usual numbers.
const NAMES: [(&str, Method); 6] = [
    ("plain", Method::Plain),
    ("fhs", Method::Filtered),
    ("fhs_es", Method::FilteredShortfall),
    ("ewma_normal", Method::Normal),
    ("fhs_apc25", Method::FilteredStress { weight: 0.25 }),
    ("ewma_gpd_pwm", Method::FilteredTail { threshold: 0.9, by: Estimator::Moments }),
];

impl Method {
    /// The method of a name, with its usual numbers.
    ///
    /// # Errors
    /// When there is none, with the names there are.
    pub fn named(name: &str) -> Result<Self, TailError> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| *method).ok_or_else(|| TailError::Unusable {
            what: format!("method {name:?}"),
            problem: "is unknown".to_owned(),
            remedy: "name one of plain, fhs, fhs_es, ewma_normal, fhs_apc25, ewma_gpd_pwm",
        })
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether it divides by a volatility.
    #[must_use]
    pub fn is_filtered(self) -> bool {
        self != Self::Plain
    }
}

/// A method and its numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rolling {
    /// How.
    pub method: Method,
    /// How many losses before a step it sees.
    pub window: usize,
    /// The share of steps whose loss it is to cover.
    pub confidence: f64,
    /// Which quantile.
    pub rule: Rule,
    /// The volatility of filtered methods.
    pub ewma: Ewma,
    /// The least volatility, where one is set.
    pub vol_floor: Option<f64>,
}

/// Margins of the steps from `first` on.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The step of the first margin.
    pub first: usize,
    /// Margins of the steps that came, as fractions of the notional.
    pub margins: Vec<f64>,
    /// The margin of the step that is to come.
    pub next: f64,
}

/// The stress of [`Method::FilteredStress`]: this quantile of the worst tenth of all losses.
const STRESS: f64 = 0.99;
const WORST_TENTH: usize = 10;

impl Rolling {
    /// A method over a window: order statistics, volatility by `lambda` from thirty returns.
    #[must_use]
    pub fn new(method: Method, window: usize, confidence: f64, lambda: f64) -> Self {
        let (rule, ewma) = (Rule::OrderStatistic, Ewma::new(lambda));
        Self { method, window, confidence, rule, ewma, vol_floor: None }
    }

    /// Margins of one side for the steps from `first`, each from the steps before it.
    ///
    /// Before the start of the EWMA its volatilities know what they forecast, so a backtest
    /// begins after it.
    ///
    /// # Errors
    /// When the returns are too few or not finite, the series is constant or explodes, a number of
    /// the method makes no sense, a tail cannot be fitted, or a margin is not above zero: the
    /// window holds no loss at this confidence.
    pub fn margins(&self, returns: &[f64], side: Side, first: usize) -> Result<Path, TailError> {
        self.check(returns, first)?;
        let vols = self.volatilities(returns)?;
        let losses = side.losses(returns);
        let units = match &vols {
            None => losses.clone(),
            Some(vols) => losses.iter().zip(vols).map(|(loss, vol)| loss / vol).collect(),
        };
        let normal = normal_quantile(self.confidence);
        let mut window = Ascending::of(self.before(&units, first));
        let mut ever = Ascending::of(self.all_before(&losses, first));
        let mut margins = Vec::with_capacity(losses.len() - first + 1);
        for at in first..=losses.len() {
            let vol = vols.as_ref().map_or(1.0, |vols| vols[at]);
            let unit = if self.sees() == 0 { normal } else { self.of_window(window.values())? };
            margins.push(positive(self.with_stress(unit * vol, ever.values())?, at)?);
            if at == losses.len() {
                break;
            }
            if self.sees() > 0 {
                window.replace(units[at - self.sees()], units[at]);
            }
            if self.is_stressed() {
                ever.push(losses[at]);
            }
        }
        let next = margins.pop().unwrap_or_default();
        Ok(Path { first, margins, next })
    }

    /// The margin of the step after the last return.
    ///
    /// # Errors
    /// As [`Rolling::margins`].
    pub fn next(&self, returns: &[f64], side: Side) -> Result<f64, TailError> {
        Ok(self.margins(returns, side, returns.len())?.next)
    }

    /// The losses of the last window as a margin of the next step sees them: over the volatility
    /// of their day and at the next one's, for a filtered method.
    ///
    /// # Errors
    /// As [`Rolling::margins`].
    pub fn sample(&self, returns: &[f64], side: Side) -> Result<Vec<f64>, TailError> {
        self.check(returns, returns.len())?;
        let from = returns.len() - self.sees();
        let losses = side.losses(&returns[from..]);
        let Some(vols) = self.volatilities(returns)? else { return Ok(losses) };
        let next = vols[returns.len()];
        Ok(losses.iter().zip(&vols[from..]).map(|(loss, vol)| loss / vol * next).collect())
    }

    /// What a window's losses over their volatility come to at a volatility of one.
    fn of_window(&self, sorted: &[f64]) -> Result<f64, TailError> {
        match self.method {
            Method::FilteredShortfall => Ok(shortfall_of_sorted(sorted, self.confidence)),
            Method::FilteredTail { threshold, by } => {
                let peaks = Peaks::above(sorted, Rule::Linear.of_sorted(sorted, threshold))?;
                peaks.fit(by)?.var(self.confidence)
            }
            _ => Ok(self.rule.of_sorted(sorted, self.confidence)),
        }
    }

    fn with_stress(&self, base: f64, ever: &[f64]) -> Result<f64, TailError> {
        let Method::FilteredStress { weight } = self.method else { return Ok(base) };
        let worst = &ever[ever.len() - (ever.len() / WORST_TENTH).max(1)..];
        let stress = Rule::OrderStatistic.of_sorted(worst, STRESS);
        Ok(Stress::new(weight)?.no_less_than(base, stress))
    }

    /// Volatilities before each step, floored; none for a method without.
    fn volatilities(&self, returns: &[f64]) -> Result<Option<Vec<f64>>, TailError> {
        if !self.method.is_filtered() {
            return Ok(None);
        }
        match self.vol_floor {
            None => self.ewma.volatilities(returns).map(Some),
            Some(floor) => self.ewma.floored(returns, floor).map(Some),
        }
    }

    /// How many values its window holds.
    fn sees(&self) -> usize {
        if self.method == Method::Normal { 0 } else { self.window }
    }

    fn before<'a>(&self, values: &'a [f64], at: usize) -> &'a [f64] {
        &values[at - self.sees()..at]
    }

    fn is_stressed(&self) -> bool {
        matches!(self.method, Method::FilteredStress { .. })
    }

    fn all_before<'a>(&self, values: &'a [f64], at: usize) -> &'a [f64] {
        if self.is_stressed() { &values[..at] } else { &[] }
    }

    fn check(&self, returns: &[f64], first: usize) -> Result<(), TailError> {
        quantile::confidence(self.confidence)?;
        quantile::finite("return", returns)?;
        if self.sees() == 0 && self.method != Method::Normal {
            return Err(TailError::number("window", "one return or more", 0.0));
        }
        TailError::need("returns before the first margin", self.sees(), first)?;
        TailError::need("returns of a rolling margin", first, returns.len())
    }
}

/// Refuses a margin that is none.
pub(crate) fn positive(margin: f64, at: usize) -> Result<f64, TailError> {
    if margin.is_finite() && margin > 0.0 {
        return Ok(margin);
    }
    Err(TailError::Unusable {
        what: format!("the margin of step {at}"),
        problem: format!("is {margin}, as the window's tail holds no loss"),
        remedy: "use a longer window or a higher confidence; a constant series has no margin",
    })
}

#[cfg(test)]
mod tests;
