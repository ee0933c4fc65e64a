//! The volatility that scenarios are scaled to, damped against margins that rise when nobody can
//! pay: a function of the path up to each step alone.

use keelmark_margin::recipe::{Damping, Floor};

/// Damps a path of volatilities, of moves that are beside it; one more of the first. Measures are
/// taken in the order in which a recipe says them.
pub fn damped(path: &[f64], moves: &[f64], damping: &Damping) -> Vec<f64> {
    let mut out = path.to_vec();
    if damping.stress_weight > 0.0 {
        stressed(&mut out, damping.stress_weight);
    }
    if let Some(floor) = &damping.floor {
        floored(&mut out, path, moves, floor);
    }
    if damping.buffer > 0.0 {
        buffered(&mut out, damping.buffer);
    }
    if let Some(factor) = damping.capped_rise {
        for at in 1..out.len() {
            out[at] = out[at].min(out[at - 1] * factor);
        }
    }
    if damping.ramp > 1 {
        let means = means(&out, damping.ramp);
        // Only a rise is spread: a fall comes at once.
        out.iter_mut().zip(means).for_each(|(one, mean)| *one = one.min(mean));
    }
    out
}

/// A part of each is the highest so far.
fn stressed(path: &mut [f64], weight: f64) {
    let mut highest = 0.0f64;
    for one in path {
        highest = highest.max(*one);
        *one += weight * (highest - *one);
    }
}

fn floored(out: &mut [f64], path: &[f64], moves: &[f64], floor: &Floor) {
    let floors: Vec<f64> = match floor {
        Floor::Mean { share } => {
            means(path, path.len()).into_iter().map(|one| share * one).collect()
        }
        Floor::Long { window, share } => {
            // Before a step only the moves before it are known.
            let squares: Vec<f64> = moves.iter().map(|one| one * one).collect();
            let mut means = means(&squares, *window);
            means.insert(0, 0.0);
            means.into_iter().map(|one| share * one.max(0.0).sqrt()).collect()
        }
    };
    out.iter_mut().zip(floors).for_each(|(one, floor)| *one = one.max(floor));
}

/// A share on top while it is calm; above the mean so far it is held at what it was there, as long
/// as that covers the path.
fn buffered(path: &mut [f64], share: f64) {
    let means = means(path, path.len());
    for (one, mean) in path.iter_mut().zip(means) {
        let full = (1.0 + share) * *one;
        *one = one.max(full.min((1.0 + share) * mean));
    }
}

/// The mean of the last values up to each, of those there are in the beginning.
fn means(path: &[f64], steps: usize) -> Vec<f64> {
    let mut before = Vec::with_capacity(path.len() + 1);
    let mut sum = 0.0;
    before.push(sum);
    for one in path {
        sum += one;
        before.push(sum);
    }
    (1..=path.len())
        .map(|end| {
            let start = end.saturating_sub(steps.max(1));
            (before[end] - before[start]) / (end - start) as f64
        })
        .collect()
}
