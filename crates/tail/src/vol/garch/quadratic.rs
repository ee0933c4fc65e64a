//! A quadratic minimised under a few linear bounds: the step of a climb that stays inside them.
//!
//! The primal active-set method: go to the minimum along the bounds that hold, take up the first
//! bound that is met on the way, let go of one that pushes the wrong way, until none does. With six
//! parameters that is a few solutions of a dozen equations.

use super::likelihood::{Bound, P};

/// Rounds after which the best point so far is taken; it lies inside the bounds all the same.
const ROUNDS: usize = 40;
/// Most equations: parameters and one bound each.
const MOST: usize = 2 * P;

type Square = [[f64; P]; P];

/// The step `d` from `at` with the least `slope . d + d . curvature . d / 2` among those with
/// `at + d` inside `bounds`. `at` is inside, the curvature positive definite.
pub(super) fn step(
    at: &[f64; P],
    slope: &[f64; P],
    curvature: &Square,
    bounds: &[Bound],
) -> [f64; P] {
    let mut d = [0.0; P];
    let mut held: Vec<usize> = Vec::with_capacity(P);
    for _ in 0..ROUNDS {
        let here = add(slope, 1.0, &times(curvature, &d));
        let Some((move_by, pushes)) = along(curvature, &here, bounds, &held) else { break };
        let (far, met) = until_met(&add(at, 1.0, &d), &move_by, bounds, &held);
        d = add(&d, far, &move_by);
        if let Some(bound) = met {
            held.push(bound);
            continue;
        }
        let weakest = pushes.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
        match weakest {
            Some((which, push)) if *push < 0.0 => _ = held.remove(which),
            _ => break,
        }
    }
    d
}

/// How far along `move_by` the first bound that is not held lies, at most 1, and which it is.
fn until_met(
    from: &[f64; P],
    move_by: &[f64; P],
    bounds: &[Bound],
    held: &[usize],
) -> (f64, Option<usize>) {
    let mut found = (1.0, None);
    for (which, bound) in bounds.iter().enumerate() {
        let towards = -dot(&bound.weights, move_by);
        if held.contains(&which) || towards <= 0.0 {
            continue;
        }
        let room = (dot(&bound.weights, from) - bound.least).max(0.0);
        if room < found.0 * towards {
            found = (room / towards, Some(which));
        }
    }
    found
}

/// The move to the minimum along the held bounds, and how each of them pushes (below 0: it is not
/// needed). `None` where the equations have no single solution.
fn along(
    curvature: &Square,
    slope: &[f64; P],
    bounds: &[Bound],
    held: &[usize],
) -> Option<([f64; P], Vec<f64>)> {
    let n = P + held.len();
    if n > MOST {
        return None;
    }
    let mut rows = [[0.0; MOST + 1]; MOST];
    for i in 0..P {
        rows[i][..P].copy_from_slice(&curvature[i]);
        rows[i][n] = -slope[i];
        for (j, which) in held.iter().enumerate() {
            rows[i][P + j] = -bounds[*which].weights[i];
            rows[P + j][i] = bounds[*which].weights[i];
        }
    }
    let solved = eliminate(&mut rows[..n])?;
    let mut move_by = [0.0; P];
    move_by.copy_from_slice(&solved[..P]);
    Some((move_by, solved[P..].to_vec()))
}

/// Gauss's elimination with the largest pivot; the right side stands in column `rows.len()`.
fn eliminate(rows: &mut [[f64; MOST + 1]]) -> Option<Vec<f64>> {
    let n = rows.len();
    for column in 0..n {
        let largest =
            |a: &usize, b: &usize| rows[*a][column].abs().total_cmp(&rows[*b][column].abs());
        let pivot = (column..n).max_by(largest)?;
        rows.swap(column, pivot);
        let head = rows[column];
        if head[column] == 0.0 || !head[column].is_finite() {
            return None;
        }
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / head[column];
            for at in column..=n {
                row[at] -= factor * head[at];
            }
        }
    }
    let mut found = vec![0.0; n];
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|column| rows[at][column] * found[column]).sum();
        found[at] = (rows[at][n] - known) / rows[at][at];
    }
    Some(found)
}

pub(super) fn dot(a: &[f64; P], b: &[f64; P]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn times(square: &Square, by: &[f64; P]) -> [f64; P] {
    square.map(|row| dot(&row, by))
}

/// `a + factor b`.
pub(super) fn add(a: &[f64; P], factor: f64, b: &[f64; P]) -> [f64; P] {
    let mut sum = *a;
    for (sum, b) in sum.iter_mut().zip(b) {
        *sum += factor * b;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bound(pairs: &[(usize, f64)], least: f64) -> Bound {
        let mut weights = [0.0; P];
        for (at, weight) in pairs {
            weights[*at] = *weight;
        }
        Bound { weights, least }
    }

    fn diagonal(of: [f64; P]) -> Square {
        let mut square = [[0.0; P]; P];
        for (at, one) in of.into_iter().enumerate() {
            square[at][at] = one;
        }
        square
    }

    #[test]
    fn a_free_minimum_is_reached_and_a_bound_is_kept() {
        let slope = [-1.0, -4.0, 0.0, 0.0, 0.0, 0.0];
        let curvature = diagonal([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]);
        let free = step(&[0.0; P], &slope, &curvature, &[]);
        assert_eq!(free, [1.0, 2.0, 0.0, 0.0, 0.0, 0.0]);
        // x0 + x1 <= 2: (1, 2) falls back along the bound.
        let bounds = [bound(&[(0, -1.0), (1, -1.0)], -2.0)];
        let kept = step(&[0.0; P], &slope, &curvature, &bounds);
        assert!((kept[0] - 1.0 / 3.0).abs() < 1e-12 && (kept[1] - 5.0 / 3.0).abs() < 1e-12);
        // A bound that holds where it starts, but pushes the wrong way, is let go.
        let bounds = [bound(&[(0, 1.0)], 0.0), bound(&[(1, 1.0)], 0.0)];
        assert_eq!(step(&[0.0; P], &slope, &curvature, &bounds), free);
    }

    proptest! {
        /// No point inside is lower: small steps towards any other inside point go up.
        #[test]
        fn no_point_inside_is_lower(
            slope in proptest::array::uniform6(-5.0f64..5.0),
            curves in proptest::array::uniform6(0.1f64..10.0),
            mix in -0.9f64..0.9,
            others in proptest::collection::vec(proptest::array::uniform6(0.0f64..0.3), 20),
        ) {
            let mut curvature = diagonal(curves);
            curvature[2][4] = mix * (curves[2] * curves[4]).sqrt();
            curvature[4][2] = curvature[2][4];
            let mut bounds: Vec<Bound> = (0..P).map(|at| bound(&[(at, 1.0)], 0.0)).collect();
            bounds.push(bound(&[(2, -1.0), (3, -0.5), (4, -1.0)], -1.0));
            let at = [0.1; P];
            let d = step(&at, &slope, &curvature, &bounds);
            let cost = |d: &[f64; P]| dot(&slope, d) + 0.5 * dot(d, &times(&curvature, d));
            for bound in &bounds {
                prop_assert!(dot(&bound.weights, &add(&at, 1.0, &d)) >= bound.least - 1e-12);
            }
            for other in &others {
                let towards = add(&add(other, -1.0, &at), -1.0, &d);
                for part in [1e-3, 0.1, 1.0] {
                    prop_assert!(cost(&add(&d, part, &towards)) >= cost(&d) - 1e-10);
                }
            }
        }
    }
}
