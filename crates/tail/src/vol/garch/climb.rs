//! Up a likelihood to its top, inside linear bounds, of which the top may touch any.
//!
//! Each step goes to the top of a quadratic (`quadratic.rs`) whose curvature begins as the sum of
//! outer products of slopes (Berndt, Hall, Hall and Hausman) and then learns from the slopes met on
//! the way (BFGS, damped after Powell so that it stays positive definite). The bounds are convex,
//! so every part of a step is inside them too.

use super::likelihood::{Likelihood, P, Slope};
use super::quadratic::{add, dot, step, times};
use crate::TailError;

/// Most steps. Real series take ten to forty.
const STEPS: usize = 300;
/// A step that promises less than this many units of log-likelihood is the last.
const ENOUGH: f64 = 1e-9;
/// Where rounding hides what a step gains, a promise below this is taken for none.
const HIDDEN: f64 = 1e-5;
/// What part of its promise a step must keep (Armijo).
const KEPT: f64 = 1e-4;

/// The top and how many steps led there.
pub(super) struct Top {
    pub(super) at: [f64; P],
    pub(super) value: f64,
    pub(super) steps: usize,
}

/// Climbs from a point inside the bounds.
///
/// # Errors
/// When it does not converge.
pub(super) fn to_the_top(likelihood: &Likelihood, start: [f64; P]) -> Result<Top, TailError> {
    let bounds = likelihood.bounds();
    let mut at = start;
    let (mut here, mut curvature) = beginning(likelihood, &at);
    let mut fresh = true;
    for steps in 0..STEPS {
        let down = here.slope.map(|slope| -slope);
        let whole = step(&at, &down, &curvature, &bounds);
        let promise = dot(&here.slope, &whole);
        if promise < ENOUGH {
            return Ok(Top { at, value: here.value, steps });
        }
        match part_that_climbs(likelihood, &at, &here, &whole, promise) {
            Some((part, next)) => {
                let moved = whole.map(|one| part * one);
                let bent = add(&here.slope, -1.0, &next.slope);
                learn(&mut curvature, &moved, &bent);
                at = add(&at, 1.0, &moved);
                here = next;
                fresh = false;
            }
            None if promise < HIDDEN => return Ok(Top { at, value: here.value, steps }),
            // What was learnt misleads: look again from here.
            None if !fresh => {
                (here, curvature) = beginning(likelihood, &at);
                fresh = true;
            }
            None => return Err(lost(likelihood, steps, promise)),
        }
    }
    Err(lost(likelihood, STEPS, f64::NAN))
}

/// The slope and the first estimate of the curvature of the negative log-likelihood.
fn beginning(likelihood: &Likelihood, at: &[f64; P]) -> (Slope, [[f64; P]; P]) {
    let (mut slope, mut products) = likelihood.slope_and_products(at);
    for (which, fixed) in likelihood.fixed().into_iter().enumerate() {
        if fixed {
            slope.slope[which] = 0.0;
            products[which] = [0.0; P];
            products.iter_mut().for_each(|row| row[which] = 0.0);
        }
        // What no return speaks of must not be singular.
        products[which][which] = products[which][which] * (1.0 + 1e-9) + 1e-6;
    }
    (slope, products)
}

/// The largest of 1, 1/2, 1/4 ... of a step that keeps enough of its promise.
fn part_that_climbs(
    likelihood: &Likelihood,
    at: &[f64; P],
    here: &Slope,
    whole: &[f64; P],
    promise: f64,
) -> Option<(f64, Slope)> {
    let mut part = 1.0;
    while part > 1e-9 {
        let next = likelihood.slope(&add(at, part, whole));
        if next.value >= here.value + KEPT * part * promise {
            return Some((part, next));
        }
        part *= 0.5;
    }
    None
}

/// The damped BFGS update: `moved` changed the slope of the negative log-likelihood by `bent`.
fn learn(curvature: &mut [[f64; P]; P], moved: &[f64; P], bent: &[f64; P]) {
    let expected = times(curvature, moved);
    let (seen, thought) = (dot(moved, bent), dot(moved, &expected));
    if thought <= 0.0 {
        return;
    }
    let trust = if seen >= 0.2 * thought { 1.0 } else { 0.8 * thought / (thought - seen) };
    let damped = add(&bent.map(|one| trust * one), 1.0 - trust, &expected);
    let seen = dot(moved, &damped);
    for (i, row) in curvature.iter_mut().enumerate() {
        for (j, cell) in row.iter_mut().enumerate() {
            *cell += damped[i] * damped[j] / seen - expected[i] * expected[j] / thought;
        }
    }
}

fn lost(likelihood: &Likelihood, steps: usize, promise: f64) -> TailError {
    TailError::Unusable {
        what: likelihood.model.words().to_owned(),
        problem: format!(
            "the likelihood of {} returns did not converge in {steps} steps (the last promised \
             {promise:e})",
            likelihood.len()
        ),
        remedy: "use a longer or cleaner history, a simpler model, or EWMA",
    }
}
