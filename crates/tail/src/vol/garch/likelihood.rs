//! The log-likelihood of GARCH and GJR, its slope, and where it may be looked for.
//!
//! Returns are counted in their standard deviation here, so that nothing depends on the unit; a
//! [`Fit`] is in the unit that came. Degrees of freedom are searched as `1/nu`, in which a law near
//! the normal is as close as it looks.

use super::{Fit, Garch, Innovations};
use crate::law::digamma;
use keelmark_kernels::ln;
use std::f64::consts::PI;

/// How many parameters: `mu, omega, alpha, gamma, beta, 1/nu`, in this order.
pub(super) const P: usize = 6;
pub(super) const MU: usize = 0;
pub(super) const OMEGA: usize = 1;
pub(super) const ALPHA: usize = 2;
pub(super) const GAMMA: usize = 3;
pub(super) const BETA: usize = 4;
pub(super) const ETA: usize = 5;

/// Smallest `omega`, as a share of the sample variance.
const OMEGA_LEAST: f64 = 1e-8;
/// Degrees of freedom that are looked at: a law with 500 is normal to the eye, one with 2 has no
/// variance.
const NU: [f64; 2] = [2.01, 500.0];
/// Returns that make the first variance, and the weight by which they lose.
const BACKCAST: (usize, f64) = (75, 0.94);
/// Logarithms are taken of products of this many factors: fewer logarithms, and no product leaves
/// the doubles while a factor stays within 1e-38 and 1e38.
const AT_ONCE: usize = 8;

/// Reactions and memories, `(alpha, beta)`, from which tops are looked for: variance that clusters,
/// that barely moves, that forgets at once.
const BASINS: [&[(f64, f64)]; 3] = [
    &[(0.04, 0.86), (0.1, 0.8), (0.04, 0.93), (0.1, 0.87), (0.04, 0.955), (0.1, 0.895)],
    &[(0.01, 0.97), (0.02, 0.9795), (0.002, 0.997)],
    &[(0.05, 0.05), (0.3, 0.05)],
];

/// From this many returns on, one climb is made.
const MANY: usize = 2_000;

/// `weights . parameters >= least`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bound {
    pub(super) weights: [f64; P],
    pub(super) least: f64,
}

/// The log-likelihood of some returns.
pub(super) struct Likelihood {
    pub(super) model: Garch,
    counted: Vec<f64>,
    unit: f64,
    start: f64,
}

/// The log-likelihood at a point and its slope.
pub(super) struct Slope {
    pub(super) value: f64,
    pub(super) slope: [f64; P],
}

/// What depends on the degrees of freedom alone.
struct Tails {
    nu: f64,
    constant: f64,
    constant_slope: f64,
}

impl Tails {
    fn new(eta: f64) -> Self {
        let nu = 1.0 / eta;
        let gammas = libm::lgamma(0.5 * (nu + 1.0)) - libm::lgamma(0.5 * nu);
        let constant = gammas - 0.5 * ln(PI * (nu - 2.0));
        let gammas = 0.5 * (digamma(0.5 * (nu + 1.0)) - digamma(0.5 * nu));
        Self { nu, constant, constant_slope: gammas - 0.5 / (nu - 2.0) }
    }
}

impl Likelihood {
    /// Of returns that [`super::check`] let through.
    pub(super) fn new(model: Garch, returns: &[f64]) -> Self {
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let square = returns.iter().map(|r| (r - mean) * (r - mean)).sum::<f64>() / n;
        let unit = square.sqrt();
        let counted: Vec<f64> = returns.iter().map(|r| r / unit).collect();
        let (mut weight, mut weights, mut sum) = (1.0, 0.0, 0.0);
        for r in counted.iter().take(BACKCAST.0) {
            let e = r - mean / unit;
            sum += weight * e * e;
            weights += weight;
            weight *= BACKCAST.1;
        }
        Self { model, counted, unit, start: sum / weights }
    }

    /// Parameters that stay as they are: those that the model has not.
    pub(super) fn fixed(&self) -> [bool; P] {
        let mut fixed = [false; P];
        fixed[GAMMA] = !self.model.asymmetric;
        fixed[ETA] = self.model.innovations == Innovations::Normal;
        fixed
    }

    /// How many returns.
    pub(super) fn len(&self) -> usize {
        self.counted.len()
    }

    /// Where parameters may be: bounds on what is fixed are left out.
    pub(super) fn bounds(&self) -> Vec<Bound> {
        let all: [(&[(usize, f64)], f64); 7] = [
            (&[(OMEGA, 1.0)], OMEGA_LEAST),
            (&[(ALPHA, 1.0)], 0.0),
            (&[(BETA, 1.0)], 0.0),
            (&[(ALPHA, 1.0), (GAMMA, 1.0)], 0.0),
            (&[(ALPHA, -1.0), (GAMMA, -0.5), (BETA, -1.0)], -1.0),
            (&[(ETA, 1.0)], 1.0 / NU[1]),
            (&[(ETA, -1.0)], -1.0 / NU[0]),
        ];
        let fixed = self.fixed();
        let mut bounds = Vec::new();
        for (pairs, least) in all {
            let mut weights = [0.0; P];
            for (at, weight) in pairs.iter().filter(|(at, _)| !fixed[*at]) {
                weights[*at] = *weight;
            }
            let bound = Bound { weights, least };
            if weights != [0.0; P] && !bounds.contains(&bound) {
                bounds.push(bound);
            }
        }
        bounds
    }

    /// Where to climb from: the best point of each basin's small grid, the highest first. A
    /// likelihood of few returns often has a top where variance reacts and one where it hardly
    /// does, and either may be the higher; that of many has been seen with one top alone, and is
    /// climbed from the best point only.
    pub(super) fn starts(&self) -> Vec<[f64; P]> {
        let mut starts: Vec<([f64; P], f64)> =
            BASINS.iter().map(|basin| self.best_of(basin)).collect();
        starts.sort_by(|a, b| b.1.total_cmp(&a.1));
        if self.len() >= MANY {
            starts.truncate(1);
        }
        starts.into_iter().map(|(at, _)| at).collect()
    }

    fn best_of(&self, basin: &[(f64, f64)]) -> ([f64; P], f64) {
        let mean = self.counted.iter().sum::<f64>() / self.len() as f64;
        let mut best = ([0.0; P], f64::NEG_INFINITY);
        for (alpha, beta) in basin {
            let gamma = if self.model.asymmetric { 0.5 * alpha } else { 0.0 };
            let omega = 1.0 - alpha - beta;
            let at = [mean, omega, alpha - 0.5 * gamma, gamma, *beta, 0.125];
            let value = self.value(&at);
            if value > best.1 || best.0 == [0.0; P] {
                best = (at, value);
            }
        }
        best
    }

    /// A fit's parameters, counted in this sample's unit.
    pub(super) fn counted(&self, fit: &Fit) -> [f64; P] {
        let eta = 1.0 / fit.nu.unwrap_or(8.0);
        let omega = fit.omega / (self.unit * self.unit);
        [fit.mu / self.unit, omega, fit.alpha, fit.gamma, fit.beta, eta]
    }

    /// The same, moved inside the bounds where it was not.
    pub(super) fn inside(&self, mut at: [f64; P]) -> [f64; P] {
        if !self.model.asymmetric {
            at[ALPHA] += 0.5 * at[GAMMA];
            at[GAMMA] = 0.0;
        }
        at[OMEGA] = at[OMEGA].max(OMEGA_LEAST);
        at[ETA] = at[ETA].clamp(1.0 / NU[1], 1.0 / NU[0]);
        at[BETA] = at[BETA].clamp(0.0, 1.0 - at[ALPHA] - 0.5 * at[GAMMA]);
        at
    }

    /// A point as a fit in the unit of the returns.
    pub(super) fn fit_of(&self, at: &[f64; P], value: f64, steps: usize) -> Fit {
        let square = self.unit * self.unit;
        let has_tails = self.model.innovations == Innovations::StudentT;
        Fit {
            model: self.model,
            mu: at[MU] * self.unit,
            omega: at[OMEGA] * square,
            alpha: at[ALPHA],
            gamma: at[GAMMA],
            beta: at[BETA],
            nu: has_tails.then(|| 1.0 / at[ETA]),
            loglik: value - self.counted.len() as f64 * ln(self.unit),
            start: self.start * square,
            steps,
        }
    }

    /// The log-likelihood; minus infinity where a variance leaves the doubles.
    pub(super) fn value(&self, at: &[f64; P]) -> f64 {
        let [mu, omega, alpha, gamma, beta, eta] = *at;
        let tails = self.tails(eta);
        let over = tails.as_ref().map_or(0.0, |tails| 1.0 / (tails.nu - 2.0));
        let mut variance = omega + (alpha + 0.5 * gamma + beta) * self.start;
        let (mut logs, mut tail_logs, mut squares) = (0.0, 0.0, 0.0);
        for some in self.counted.chunks(AT_ONCE) {
            let (mut scale, mut tail) = (1.0, 1.0);
            for r in some {
                let e = r - mu;
                let z2 = e * e / variance;
                scale *= variance;
                tail *= 1.0 + z2 * over;
                squares += z2;
                let weight = if e < 0.0 { alpha + gamma } else { alpha };
                variance = omega + weight * (e * e) + beta * variance;
            }
            logs += ln(scale);
            tail_logs += ln(tail);
        }
        self.sum(tails.as_ref(), logs, tail_logs, squares)
    }

    fn tails(&self, eta: f64) -> Option<Tails> {
        (self.model.innovations == Innovations::StudentT).then(|| Tails::new(eta))
    }

    fn sum(&self, tails: Option<&Tails>, logs: f64, tail_logs: f64, squares: f64) -> f64 {
        let n = self.counted.len() as f64;
        let value = match tails {
            None => -0.5 * (n * ln(2.0 * PI) + logs + squares),
            Some(tails) => n * tails.constant - 0.5 * logs - 0.5 * (tails.nu + 1.0) * tail_logs,
        };
        if value.is_finite() { value } else { f64::NEG_INFINITY }
    }

    /// The log-likelihood and its slope.
    pub(super) fn slope(&self, at: &[f64; P]) -> Slope {
        let mut slope = self.walk(at, |_, _| {});
        for (one, fixed) in slope.slope.iter_mut().zip(self.fixed()) {
            *one = if fixed { 0.0 } else { *one };
        }
        slope
    }

    /// The same, and the sum over returns of the outer product of each one's slope.
    pub(super) fn slope_and_products(&self, at: &[f64; P]) -> (Slope, [[f64; P]; P]) {
        let tails = self.tails(at[ETA]);
        let mut products = [[0.0; P]; P];
        let slope = self.walk(at, |rates, q| {
            let mut own = *rates;
            own[ETA] = tails.as_ref().map_or(0.0, |tails| tails.slope_of(ln(1.0 + q), q));
            for (row, left) in products.iter_mut().zip(own) {
                for (cell, right) in row.iter_mut().zip(own) {
                    *cell += left * right;
                }
            }
        });
        (slope, products)
    }

    /// One pass over the returns: variance, its derivatives, and what each return adds. `each`
    /// gets a return's slope, all but that of the degrees of freedom, and its
    /// `q = z^2 / (nu - 2)`.
    fn walk(&self, at: &[f64; P], mut each: impl FnMut(&[f64; P], f64)) -> Slope {
        let [mu, omega, alpha, gamma, beta, eta] = *at;
        let tails = self.tails(eta);
        let over = tails.as_ref().map_or(0.0, |tails| 1.0 / (tails.nu - 2.0));
        // k weighs a surprise: 1 under the normal law, less for far ones under t.
        let top = tails.as_ref().map_or(1.0, |tails| (tails.nu + 1.0) * over);
        let before = self.start;
        let mut variance = omega + (alpha + 0.5 * gamma + beta) * before;
        let mut by = [0.0, 1.0, before, 0.5 * before, before];
        let mut slope = [0.0; P];
        let (mut logs, mut tail_logs, mut squares, mut shares) = (0.0, 0.0, 0.0, 0.0);
        for some in self.counted.chunks(AT_ONCE) {
            let (mut scale, mut tail) = (1.0, 1.0);
            for r in some {
                let e = r - mu;
                let square = e * e;
                let inverse = 1.0 / variance;
                let z2 = square * inverse;
                let q = z2 * over;
                let under = 1.0 / (1.0 + q);
                let k = top * under;
                scale *= variance;
                tail *= 1.0 + q;
                squares += z2;
                shares += q * under;
                let half = 0.5 * (k * z2 - 1.0) * inverse;
                let mut own = [0.0; P];
                for (own, by) in own.iter_mut().zip(by) {
                    *own = half * by;
                }
                own[MU] += k * e * inverse;
                for (sum, own) in slope.iter_mut().zip(own) {
                    *sum += own;
                }
                each(&own, q);
                let fell = if e < 0.0 { 1.0 } else { 0.0 };
                let weight = alpha + gamma * fell;
                let add = [-2.0 * weight * e, 1.0, square, fell * square, variance];
                for (by, add) in by.iter_mut().zip(add) {
                    *by = add + beta * *by;
                }
                variance = omega + weight * square + beta * variance;
            }
            logs += ln(scale);
            tail_logs += ln(tail);
        }
        if let Some(tails) = &tails {
            let n = self.counted.len() as f64;
            // The constant's part is that of one return, n times.
            slope[ETA] = tails.slope_of(tail_logs, shares)
                - tails.nu * tails.nu * (n - 1.0) * tails.constant_slope;
        }
        Slope { value: self.sum(tails.as_ref(), logs, tail_logs, squares), slope }
    }
}

impl Tails {
    /// The slope along `1/nu`, of one return or, but for the constant, of the sums of many.
    fn slope_of(&self, log: f64, share: f64) -> f64 {
        let along_nu =
            self.constant_slope - 0.5 * log + 0.5 * (self.nu + 1.0) * share / (self.nu - 2.0);
        -self.nu * self.nu * along_nu
    }
}
