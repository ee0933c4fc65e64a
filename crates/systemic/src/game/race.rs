//! A race for a prize in which losers pay too, as where a failed bid still pays for its gas.
//!
//! With complete information all of the prize is burned: a bonus buys fees, not depth. Source: the
//! symmetric equilibrium of the all-pay auction.

use crate::{ModelError, need};
use keelmark_kernels::powf;

/// A race.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Race {
    /// How many run, two or more.
    pub count: u32,
    /// What the first gains.
    pub prize: f64,
}

impl Race {
    fn check(&self) -> Result<f64, ModelError> {
        need("runners", f64::from(self.count), "two or more", |count| count >= 2.0)?;
        need("prize", self.prize, "above zero", |prize| prize > 0.0)?;
        Ok(f64::from(self.count))
    }

    /// Probability that a runner bids no more than this.
    ///
    /// # Errors
    /// With fewer than two runners or a prize that is not above zero.
    pub fn at_most(&self, bid: f64) -> Result<f64, ModelError> {
        let count = self.check()?;
        Ok(powf((bid / self.prize).clamp(0.0, 1.0), 1.0 / (count - 1.0)))
    }

    /// What each bids on average.
    ///
    /// # Errors
    /// As [`Race::at_most`].
    pub fn mean(&self) -> Result<f64, ModelError> {
        Ok(self.prize / self.check()?)
    }

    /// What all of them spend on average: the prize.
    ///
    /// # Errors
    /// As [`Race::at_most`].
    pub fn spent(&self) -> Result<f64, ModelError> {
        Ok(self.mean()? * f64::from(self.count))
    }

    /// What the winner bids on average.
    ///
    /// # Errors
    /// As [`Race::at_most`].
    pub fn highest(&self) -> Result<f64, ModelError> {
        let count = self.check()?;
        Ok(self.prize * count / (2.0 * count - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bids_are_drawn_so_that_their_means_are_as_said() {
        let race = Race { count: 4, prize: 100.0 };
        // The mean is the integral of what lies above each bid.
        let steps = 100_000;
        let above = |bid: f64, count: i32| 1.0 - race.at_most(bid).unwrap().powi(count);
        let mean = |count| -> f64 {
            let middle = |step: i32| (f64::from(step) + 0.5) * 100.0 / f64::from(steps);
            (0..steps).map(|step| above(middle(step), count)).sum::<f64>() * 100.0
                / f64::from(steps)
        };
        assert!((mean(1) - race.mean().unwrap()).abs() < 1e-2);
        assert!((mean(4) - race.highest().unwrap()).abs() < 1e-2);
        assert!(Race { count: 1, prize: 1.0 }.mean().is_err());
    }
}
