//! The methods of the comparison, with their numbers.

use super::CONFIDENCE;
use crate::error::BacktestError;
use keelmark_tail::damp::{Damper, Stress, largest_before};
use keelmark_tail::extreme::Estimator;
use keelmark_tail::law::normal_quantile;
use keelmark_tail::method::{Method, Rolling};
use keelmark_tail::standard::{STANDARD, TwoSpeedFiltered};
use keelmark_tail::vol::Ewma;
use keelmark_tail::{Rule, Side};

/// A method as it is run.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// What the tables call it.
    pub name: &'static str,
    /// The first return it margins: it sees those before.
    pub first: usize,
    /// How.
    pub how: How,
}

/// How margins are found.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// By a method over a window.
    Rolling(Rolling),
    /// The normal quantile of both tails, damped.
    Damped(Damping),
    /// By volatilities of two speeds: the default model and what lies near it.
    TwoSpeed(TwoSpeedFiltered),
}

/// What damps [`How::Damped`].
#[derive(Clone, Copy, Debug)]
pub enum Damping {
    /// A quarter of the largest move there ever was.
    QuarterOfLargest,
    /// Not below its own mean so far.
    ExpandingMean,
}

/// The default model.
pub const DEFAULT: Named = Named {
    name: "**two speeds, 1,000 d (default)**",
    first: STANDARD.least,
    how: How::TwoSpeed(STANDARD),
};

/// Every method of the comparison but the default.
#[must_use]
pub fn usual() -> Vec<Named> {
    let rolling = |name, method, window, lambda| {
        let how = How::Rolling(Rolling::new(method, window, CONFIDENCE, lambda));
        Named { name, first: window, how }
    };
    // From sixty returns, and quantiles between neighbours.
    let linear = |name, method| {
        let how = Rolling {
            rule: Rule::Linear,
            ewma: Ewma { lambda: 0.94, start: 60 },
            ..Rolling::new(method, 500, CONFIDENCE, 0.94)
        };
        Named { name, first: 500, how: How::Rolling(how) }
    };
    let damped = |name, how| Named { name, first: 500, how: How::Damped(how) };
    let pareto = Method::FilteredTail { threshold: 0.9, by: Estimator::Moments };
    vec![
        rolling("historical, 365 d", Method::Plain, 365, 0.97),
        rolling("filtered 0.97, 365 d", Method::Filtered, 365, 0.97),
        rolling("filtered 0.94, 365 d", Method::Filtered, 365, 0.94),
        rolling("filtered 0.99, 1,000 d", Method::Filtered, 1_000, 0.99),
        rolling("normal, EWMA 0.94", Method::Normal, 365, 0.94),
        rolling("filtered 0.97, ES", Method::FilteredShortfall, 365, 0.97),
        rolling("filtered 0.97, 25 % stress", Method::FilteredStress { weight: 0.25 }, 365, 0.97),
        linear("historical, 500 d", Method::Plain),
        linear("normal, EWMA 0.94, from day 500", Method::Normal),
        linear("filtered 0.94, 500 d", Method::Filtered),
        linear("Pareto tail, EWMA 0.94, 500 d", pareto),
        damped("normal, 25 % of the largest move", Damping::QuarterOfLargest),
        damped("normal, not below its mean", Damping::ExpandingMean),
    ]
}

impl Named {
    /// Margins of one side from `first` on, each from the returns before it.
    ///
    /// # Errors
    /// As the method's own.
    pub fn margins(&self, returns: &[f64], side: Side) -> Result<Vec<f64>, BacktestError> {
        match &self.how {
            How::Rolling(rolling) => Ok(rolling.margins(returns, side, self.first)?.margins),
            How::TwoSpeed(model) => Ok(model.margins(returns, side, self.first)?.margins),
            How::Damped(damping) => damped(*damping, returns, self.first),
        }
    }
}

/// Normal quantiles at the volatility of both tails, damped from the first day of all.
fn damped(damping: Damping, returns: &[f64], first: usize) -> Result<Vec<f64>, BacktestError> {
    let largest = largest_before(returns, first)?;
    let quantile = normal_quantile(CONFIDENCE);
    let vols = Ewma { lambda: 0.94, start: 60 }.volatilities(returns)?;
    let base: Vec<f64> = vols[..returns.len()].iter().map(|vol| quantile * vol).collect();
    Ok(match damping {
        Damping::ExpandingMean => Damper::ExpandingMean.apply(&base)?.split_off(first),
        Damping::QuarterOfLargest => {
            let stress = Stress::new(0.25)?;
            base[first..].iter().zip(&largest).map(|(base, most)| stress.of(*base, *most)).collect()
        }
    })
}
