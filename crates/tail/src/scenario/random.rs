//! Draws from a seed: `ChaCha` with 12 rounds, a stream of its own for each scenario, so that any
//! split over threads, or one scenario alone, gives the same bits.

use crate::law::normal_quantile;
use keelmark_kernels::ln;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// One scenario's draws.
pub(super) struct Random(ChaCha12Rng);

impl Random {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut generator = ChaCha12Rng::seed_from_u64(seed);
        generator.set_stream(stream);
        Self(generator)
    }

    /// Between 0 and 1, neither included: the middle of one of 2^53 equal parts.
    pub(super) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
    }

    pub(super) fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// A chi-square with `nu > 2` degrees of freedom, by Marsaglia and Tsang's gamma (2000).
    pub(super) fn chi_square(&mut self, nu: f64) -> f64 {
        let d = 0.5 * nu - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let z = self.normal();
            let root = 1.0 + c * z;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            if ln(self.uniform()) < 0.5 * z * z + d - d * cube + d * ln(cube) {
                return 2.0 * d * cube;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_moments() {
        let (mut square, mut chi, mut chi_square) = (0.0, 0.0, 0.0);
        let n = 20_000;
        for stream in 0..n {
            let mut random = Random::new(7, stream);
            let z = random.normal();
            square += z * z;
            let one = random.chi_square(5.0);
            chi += one;
            chi_square += one * one;
        }
        let n = n as f64;
        assert!((square / n - 1.0).abs() < 0.04);
        // Mean nu, variance 2 nu.
        assert!((chi / n - 5.0).abs() < 0.1);
        assert!((chi_square / n - 35.0).abs() < 1.8);
    }
}
