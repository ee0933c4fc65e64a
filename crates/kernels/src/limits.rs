//! What the machine can do, for the benchmarks to divide by.
//!
//! A rate such as "12 million accounts a second" says little; "0.8 of what the second-level cache
//! can deliver" says whether there is anything left to gain. Absolute figures do not travel between
//! machines or days, so the denominator is measured in the same run, with [`read_sum`]. Timing is
//! the caller's: this crate does not read the clock.
use crate::width::{Width, by_width};

/// Independent partial sums: eight AVX-512 registers, enough to hide the latency of an addition.
const LANES: usize = 64;

/// Sum of `data`, read once from front to back as fast as the machine loads.
///
/// Lane l adds elements l, l + 64, l + 128 …; then the lanes are added in order, then the rest.
/// The bits depend on neither width nor machine.
pub fn read_sum(width: Width, data: &[f64]) -> f64 {
    read_sum_at(width, data)
}

by_width! { fn read_sum_at(data: &[f64]) -> f64 = read_sum_body }

#[inline(always)]
fn read_sum_body(data: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut chunks = data.chunks_exact(LANES);
    for chunk in &mut chunks {
        for l in 0..LANES {
            lanes[l] += chunk[l];
        }
    }
    lanes.iter().chain(chunks.remainder()).fold(0.0, |sum, x| sum + x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_everything_at_every_width() {
        for n in [0, 1, 63, 64, 65, 1_000] {
            let data: Vec<f64> = (0..n).map(f64::from).collect();
            let want = f64::from(n) * f64::from(n - 1) / 2.0;
            for width in Width::available() {
                assert!((read_sum(width, &data) - want).abs() < 1e-9, "{width} {n}");
            }
        }
    }
}
