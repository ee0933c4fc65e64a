//! Draws from a seed: `SplitMix64`, a stream of its own for each number given, so that any part of
//! a simulation can be done again alone, in any order and on any thread.

use keelmark_kernels::{exp, ln};

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A stream of draws.
#[derive(Clone, Debug)]
pub struct Random(u64);

fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Random {
    /// The stream of that number under a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        Self(mixed(seed ^ mixed(stream.wrapping_add(STEP))))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// Evenly between zero and one, neither of them.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// A number below `end`; zero for zero.
    pub fn below(&mut self, end: usize) -> usize {
        ((self.uniform() * end as f64) as usize).min(end.saturating_sub(1))
    }

    /// Exponential, with mean one.
    pub fn exponential(&mut self) -> f64 {
        -ln(self.uniform())
    }

    /// Standard normal, by Marsaglia's polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// How often something happens that happens so often on average, a few times at most.
    pub fn poisson(&mut self, mean: f64) -> u32 {
        let none = exp(-mean);
        let (mut left, mut times) = (self.uniform(), 0);
        while left > none && times < 1_000 {
            left *= self.uniform();
            times += 1;
        }
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_of_their_laws() {
        let mut random = Random::new(1, 2);
        let count = 200_000;
        let mut mean = |draw: &dyn Fn(&mut Random) -> f64| {
            (0..count).map(|_| draw(&mut random)).sum::<f64>() / f64::from(count)
        };
        assert!((mean(&Random::uniform) - 0.5).abs() < 0.004);
        assert!((mean(&Random::exponential) - 1.0).abs() < 0.01);
        assert!(mean(&Random::normal).abs() < 0.01);
        assert!((mean(&|random| random.normal() * random.normal())).abs() < 0.01);
        assert!((mean(&|random| random.normal().powi(2)) - 1.0).abs() < 0.02);
        assert!((mean(&|random| f64::from(random.poisson(0.7))) - 0.7).abs() < 0.01);
        assert!((mean(&|random| random.below(5) as f64) - 2.0).abs() < 0.02);
    }

    #[test]
    fn streams_differ_and_are_the_same_again() {
        let first = |seed, stream| Random::new(seed, stream).uniform();
        assert_eq!(first(1, 2), first(1, 2));
        assert!(first(1, 2) != first(2, 2) && first(1, 2) != first(1, 3));
    }
}
