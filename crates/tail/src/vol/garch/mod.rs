//! GARCH(1,1) and GJR by maximum likelihood, with normal or Student's t innovations and a constant
//! mean.
//!
//! `s2_{t+1} = omega + (alpha + gamma [e_t < 0]) e_t^2 + beta s2_t` with `e_t = r_t - mu`. The
//! first variance is `omega + p b0`, where `p` is the persistence and `b0` the mean of the first 75
//! squared deviations from the sample mean, weighted by 0.94 to the power of their age from the
//! start; it stays as it is during the fit. Bounds: `omega > 0`; `alpha`, `beta`,
//! `alpha + gamma >= 0`; `alpha + gamma/2 + beta <= 1`, which the optimum may lie on; `nu > 2`.
//! Other packages agree to the digits of their optimiser where they start alike; another start
//! moves a log-likelihood by a few tenths.
//!
//! The way: `check.rs` refuses what cannot be fitted, `climb.rs` goes up the likelihood of
//! `likelihood.rs` with its exact slope, from a few starts, and the highest top counts.
//!
//! A fit that does not converge is an error. [`Garch::or_ewma`] is the documented fallback, and
//! says that it fell back.

mod check;
mod climb;
mod likelihood;
mod quadratic;
mod walk;

pub use walk::{Schedule, Walked};

use crate::{Ewma, TailError};
use likelihood::{Likelihood, P};

/// Fewest returns that are fitted.
pub const FEWEST: usize = 100;

/// What is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garch {
    /// Whether falls may count more than rises (GJR).
    pub asymmetric: bool,
    /// The law of the innovations.
    pub innovations: Innovations,
}

/// The law of what a return is beyond its mean, counted in its own volatility.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Innovations {
    /// Normal.
    Normal,
    /// Student's t of unit variance, its degrees of freedom fitted.
    StudentT,
}

/// A fitted model. Variances are in squares of the returns' own unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// What was fitted.
    pub model: Garch,
    /// Mean return.
    pub mu: f64,
    /// Constant part of the variance.
    pub omega: f64,
    /// What a squared surprise adds.
    pub alpha: f64,
    /// What it adds besides when it was a fall; 0 unless asymmetric.
    pub gamma: f64,
    /// What a variance keeps.
    pub beta: f64,
    /// Degrees of freedom, for t innovations.
    pub nu: Option<f64>,
    /// Log-likelihood at the optimum.
    pub loglik: f64,
    /// `b0`: what stands for the variance before the first return.
    pub start: f64,
    /// Steps that the climb took.
    pub steps: usize,
}

/// A path of variances, and why it is not what was asked where it is not.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// `n + 1` variances for `n` returns: one before each return, and the next.
    pub variances: Vec<f64>,
    /// The fit, unless it fell back.
    pub fit: Option<Fit>,
    /// Why the fallback was used: to be shown wherever the numbers are.
    pub fell_back: Option<String>,
}

impl Garch {
    /// GARCH(1,1) with normal innovations.
    pub const NORMAL: Self = Self { asymmetric: false, innovations: Innovations::Normal };
    /// GARCH(1,1) with t innovations.
    pub const T: Self = Self { asymmetric: false, innovations: Innovations::StudentT };
    /// GJR with normal innovations.
    pub const GJR: Self = Self { asymmetric: true, innovations: Innovations::Normal };
    /// GJR with t innovations.
    pub const GJR_T: Self = Self { asymmetric: true, innovations: Innovations::StudentT };

    /// The likeliest parameters.
    ///
    /// # Errors
    /// When there are fewer than [`FEWEST`] returns, they are not numbers, constant, exploding or
    /// not stationary, or the likelihood does not converge.
    pub fn fit(self, returns: &[f64]) -> Result<Fit, TailError> {
        check::returns(returns)?;
        let likelihood = Likelihood::new(self, returns);
        highest(&likelihood)
    }

    /// The top that is reached from an earlier fit: faster where a history has grown by a few
    /// returns, and the same but where another top has become the higher since.
    ///
    /// # Errors
    /// As [`Garch::fit`].
    pub fn refit(self, returns: &[f64], from: &Fit) -> Result<Fit, TailError> {
        check::returns(returns)?;
        let likelihood = Likelihood::new(self, returns);
        let start = likelihood.inside(likelihood.counted(from));
        if likelihood.value(&start).is_finite() {
            return climb(&likelihood, start);
        }
        highest(&likelihood)
    }

    /// Variances by this model or, where it cannot be fitted, by `fallback`, and why.
    ///
    /// # Errors
    /// When the fallback cannot be computed either.
    pub fn or_ewma(self, returns: &[f64], fallback: Ewma) -> Result<Path, TailError> {
        match self.fit(returns) {
            Ok(fit) => {
                let variances = fit.variances(returns);
                Ok(Path { variances, fit: Some(fit), fell_back: None })
            }
            Err(why) => {
                let variances = fallback.variances(returns)?;
                let words = format!("EWMA with lambda {} instead: {why}", fallback.lambda);
                Ok(Path { variances, fit: None, fell_back: Some(words) })
            }
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match (self.asymmetric, self.innovations) {
            (false, Innovations::Normal) => "GARCH(1,1) with normal innovations",
            (false, Innovations::StudentT) => "GARCH(1,1) with t innovations",
            (true, Innovations::Normal) => "GJR with normal innovations",
            (true, Innovations::StudentT) => "GJR with t innovations",
        }
    }
}

/// The highest of the tops that are reached; where none is, the error of the best start.
fn highest(likelihood: &Likelihood) -> Result<Fit, TailError> {
    let starts = likelihood.starts();
    let first = climb(likelihood, starts[0]);
    let others = starts[1..].iter().map(|start| climb(likelihood, *start));
    others.fold(first, |best, other| match (best, other) {
        (Ok(best), Ok(other)) if other.loglik > best.loglik => Ok(other),
        (Err(_), Ok(other)) => Ok(other),
        (best, _) => best,
    })
}

fn climb(likelihood: &Likelihood, start: [f64; P]) -> Result<Fit, TailError> {
    let top = climb::to_the_top(likelihood, start)?;
    Ok(likelihood.fit_of(&top.at, top.value, top.steps))
}

impl Fit {
    /// `alpha + gamma/2 + beta`: what is left of a variance's excess after a step. At 1, the bound,
    /// variance has no level of its own to return to.
    pub fn persistence(&self) -> f64 {
        (self.alpha + 0.5 * self.gamma + self.beta).min(1.0)
    }

    /// The variance that forecasts return to; none where the fit lies on the bound.
    pub fn long_run(&self) -> Option<f64> {
        let left = 1.0 - self.persistence();
        (left > 1e-9).then(|| self.omega / left)
    }

    /// The variance before each of `returns` and after the last: one more than there are. May be
    /// asked of a longer history than was fitted; the first variance stays that of the fit.
    pub fn variances(&self, returns: &[f64]) -> Vec<f64> {
        let mut variance = self.first();
        let mut path = Vec::with_capacity(returns.len() + 1);
        path.push(variance);
        for r in returns {
            variance = self.next(variance, *r);
            path.push(variance);
        }
        path
    }

    /// The variance after the last of `returns`.
    pub fn next_variance(&self, returns: &[f64]) -> f64 {
        returns.iter().fold(self.first(), |variance, r| self.next(variance, *r))
    }

    fn first(&self) -> f64 {
        self.omega + self.persistence() * self.start
    }

    /// The variance after a return `r` that had `variance`.
    pub fn next(&self, variance: f64, r: f64) -> f64 {
        let surprise = r - self.mu;
        let weight = if surprise < 0.0 { self.alpha + self.gamma } else { self.alpha };
        self.omega + weight * (surprise * surprise) + self.beta * variance
    }

    /// The variance of step `step` (1 is the next), when that of the next is `next`.
    pub fn ahead(&self, next: f64, step: usize) -> f64 {
        (1..step).fold(next, |variance, _| self.omega + self.persistence() * variance)
    }

    /// The variance of the sum of the next `steps` returns.
    pub fn over(&self, next: f64, steps: usize) -> f64 {
        let mut variance = next;
        let mut sum = 0.0;
        for _ in 0..steps {
            sum += variance;
            variance = self.omega + self.persistence() * variance;
        }
        sum
    }
}

#[cfg(test)]
mod tests;
