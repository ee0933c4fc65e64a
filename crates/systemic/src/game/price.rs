//! How a price moves while a lot waits for a buyer: a diffusion without drift, and jumps that
//! nobody is paid for.

use super::random::Random;
use keelmark_kernels::{exp, ln, norm_cdf};

/// Seconds of a year of 365 days.
pub const YEAR: f64 = 31_536_000.0;

/// A price process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Process {
    /// Volatility a year.
    pub vol: f64,
    /// Jumps a year.
    pub jumps: f64,
    /// Mean of a jump's logarithm.
    pub jump: f64,
    /// Standard deviation of a jump's logarithm.
    pub jump_vol: f64,
}

impl Process {
    /// The price at each tick as a share of the first, the first included.
    pub fn path(&self, seconds: f64, ticks: usize, random: &mut Random) -> Vec<f64> {
        let years = seconds / YEAR;
        let (drift, spread) = (-0.5 * self.vol * self.vol * years, self.vol * years.sqrt());
        let mut log = 0.0;
        let mut out = Vec::with_capacity(ticks + 1);
        out.push(1.0);
        for _ in 0..ticks {
            log += drift + spread * random.normal();
            if self.jumps > 0.0 {
                for _ in 0..random.poisson(self.jumps * years) {
                    log += self.jump + self.jump_vol * random.normal();
                }
            }
            out.push(exp(log));
        }
        out
    }

    /// What is missing on average to `strike` after so many seconds, as a share of the price now:
    /// a sum over the number of jumps, as in Merton's price of a put.
    pub fn missing(&self, strike: f64, seconds: f64) -> f64 {
        let years = seconds / YEAR;
        let mean = self.jumps * years;
        let (mut weight, mut sum) = (exp(-mean), 0.0);
        for jumps in 0..200u32 {
            let count = f64::from(jumps);
            let variance = self.vol * self.vol * years + count * self.jump_vol * self.jump_vol;
            let forward = exp(count * (self.jump + 0.5 * self.jump_vol * self.jump_vol));
            sum += weight * put(forward, strike, variance.sqrt());
            weight *= mean / (count + 1.0);
            if count > mean && weight < 1e-18 {
                break;
            }
        }
        sum
    }
}

fn put(forward: f64, strike: f64, deviation: f64) -> f64 {
    if strike <= 0.0 {
        return 0.0;
    }
    if deviation <= 0.0 {
        return (strike - forward).max(0.0);
    }
    let up = ln(forward / strike) / deviation + 0.5 * deviation;
    strike * norm_cdf(deviation - up) - forward * norm_cdf(-up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_the_published_bad_debt_of_a_delay() {
        // Volatility 60 %, twelve seconds: 0.138 % of buffer leaves one account in 10,000 short.
        let process = Process { vol: 0.6, jumps: 0.0, jump: 0.0, jump_vol: 0.0 };
        let deviation = 0.6 * (12.0 / YEAR).sqrt();
        let strike = 1.0 - 0.00138;
        let up = -ln(strike) / deviation + 0.5 * deviation;
        let expected = strike * norm_cdf(deviation - up) - norm_cdf(-up);
        assert!((process.missing(strike, 12.0) / expected - 1.0).abs() < 1e-9);
        assert!((norm_cdf(deviation - up) - 1e-4).abs() < 6e-6);
    }

    #[test]
    fn paths_miss_as_much_as_the_closed_form() {
        let process = Process { vol: 1.5, jumps: 4_000.0, jump: -0.03, jump_vol: 0.02 };
        let (seconds, paths) = (3_600.0, 40_000);
        for strike in [0.95, 1.0] {
            let sum: f64 = (0..paths)
                .map(|path| process.path(600.0, 6, &mut Random::new(5, path))[6])
                .map(|price| (strike - price).max(0.0))
                .sum();
            let closed = process.missing(strike, seconds);
            assert!((sum / paths as f64 / closed - 1.0).abs() < 0.03, "{strike}: {closed}");
        }
    }
}
