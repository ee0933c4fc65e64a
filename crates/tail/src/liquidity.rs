//! What it costs to be rid of a position, and how long that takes.
//!
//! Engine designs: venues print the shape of such add-ons more often than their numbers.

use crate::TailError;
use keelmark_kernels::powf;

/// An add-on for what is held above a share of what is traded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concentration {
    /// What is traded a day, or stands in the book, in units of the position.
    pub volume: f64,
    /// The share of it that is free: 0.25.
    pub threshold: f64,
    /// The rate at an excess of the whole volume: 0.02.
    pub rate: f64,
    /// How the rate grows with the excess: 0.5 for the square root, 1 for a line.
    pub exponent: f64,
}

impl Concentration {
    /// `e price rate (e / volume)^exponent`, where `e` is what is above the free share.
    ///
    /// # Errors
    /// When the volume or the price is not above zero, the other numbers are below zero, or the
    /// quantity is not a number.
    pub fn addon(&self, quantity: f64, price: f64) -> Result<f64, TailError> {
        above_zero("volume", self.volume)?;
        above_zero("price", price)?;
        from_zero("threshold of concentration", self.threshold)?;
        from_zero("rate of concentration", self.rate)?;
        from_zero("exponent of concentration", self.exponent)?;
        let excess = size(quantity)? - self.threshold * self.volume;
        if excess <= 0.0 {
            return Ok(0.0);
        }
        Ok(excess * price * self.rate * powf(excess / self.volume, self.exponent))
    }
}

/// What crossing the spread and moving the price costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Impact {
    /// Half of the spread, as a fraction of the price.
    pub half_spread: f64,
    /// The factor of the law of impact, near 1.
    pub factor: f64,
    /// Daily volatility, a fraction.
    pub daily_vol: f64,
    /// What is traded a day.
    pub volume: f64,
    /// 0.5: the square-root law.
    pub exponent: f64,
}

impl Impact {
    /// The fraction of the price by which selling or buying `quantity` moves it, at its peak:
    /// `factor daily_vol (quantity / volume)^exponent`.
    ///
    /// # Errors
    /// When the volume is not above zero or another number is below.
    pub fn peak(&self, quantity: f64) -> Result<f64, TailError> {
        above_zero("volume", self.volume)?;
        from_zero("factor of impact", self.factor)?;
        from_zero("daily volatility", self.daily_vol)?;
        from_zero("exponent of impact", self.exponent)?;
        let share = size(quantity)? / self.volume;
        Ok(self.factor * self.daily_vol * powf(share, self.exponent))
    }

    /// What it costs on average as a fraction of the notional: half the spread and the mean of
    /// the impact on the way to its peak, two thirds of it for the square root.
    ///
    /// # Errors
    /// As [`Impact::peak`].
    pub fn cost(&self, quantity: f64) -> Result<f64, TailError> {
        from_zero("half spread", self.half_spread)?;
        Ok(self.half_spread + self.peak(quantity)? / (1.0 + self.exponent))
    }
}

/// How many days it takes to sell or buy `quantity` at a share of what is traded a day.
///
/// # Errors
/// When the volume or the share is not above zero.
pub fn days_to_close(quantity: f64, volume: f64, share: f64) -> Result<f64, TailError> {
    above_zero("volume", volume)?;
    above_zero("share of the volume", share)?;
    Ok(size(quantity)? / (volume * share))
}

/// Margin of one step over a period of several, by the square root of time.
///
/// # Errors
/// When the period is not above zero, or the margin is below.
pub fn scaled_to(margin: f64, steps: f64) -> Result<f64, TailError> {
    from_zero("margin", margin)?;
    above_zero("margin period of risk", steps)?;
    Ok(margin * steps.sqrt())
}

/// Log returns over `steps` steps, one beginning at each: neighbours share all but one step, so
/// they are not independent and their count says more than they know.
///
/// # Errors
/// When there are fewer returns than steps, or no steps.
pub fn overlapping(log_returns: &[f64], steps: usize) -> Result<Vec<f64>, TailError> {
    above_zero("margin period of risk", steps as f64)?;
    TailError::need("returns of a period", steps, log_returns.len())?;
    Ok(log_returns.windows(steps).map(|window| window.iter().sum()).collect())
}

/// Seconds between a price that should close a position and a position that is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    /// Until the price is known where it counts: an oracle's heartbeat or delay.
    pub price: f64,
    /// Until a block or a match.
    pub block: f64,
    /// Until a keeper has seen it and come.
    pub keeper: f64,
    /// Until money or a message is over a bridge.
    pub bridge: f64,
}

impl Latency {
    /// Their sum.
    ///
    /// # Errors
    /// When one is below zero or not a number.
    pub fn seconds(&self) -> Result<f64, TailError> {
        let Self { price, block, keeper, bridge } = *self;
        let parts = [("price", price), ("block", block), ("keeper", keeper), ("bridge", bridge)];
        for (name, part) in parts {
            from_zero(&format!("seconds of latency, {name}"), part)?;
        }
        Ok(price + block + keeper + bridge)
    }

    /// A margin period of risk: `days` to close and what passes before, in days.
    ///
    /// # Errors
    /// As [`Latency::seconds`], and when nothing is left.
    pub fn with_days(&self, days: f64) -> Result<f64, TailError> {
        from_zero("days of a margin period of risk", days)?;
        let all = days + self.seconds()? / 86_400.0;
        above_zero("margin period of risk", all)?;
        Ok(all)
    }
}

/// Parts of a margin made of history and stress, and what is added to both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// From the scenarios of the past.
    pub historical: f64,
    /// From the stress.
    pub stress: f64,
    /// The weight of the historical part, from 0 to 1.
    pub weight: f64,
    /// For the spread.
    pub liquidity: f64,
    /// For the size.
    pub concentration: f64,
}

impl Blend {
    /// `x historical + (1 - x) stress + liquidity + concentration`.
    ///
    /// # Errors
    /// When the weight is not from 0 to 1, or a part is not a number.
    pub fn total(&self) -> Result<f64, TailError> {
        if !(0.0..=1.0).contains(&self.weight) {
            return Err(TailError::number("weight of a blend", "from 0 to 1", self.weight));
        }
        let parts = [self.historical, self.stress, self.liquidity, self.concentration];
        crate::quantile::finite("part of a blend", &parts)?;
        let blended = self.weight * self.historical + (1.0 - self.weight) * self.stress;
        Ok(blended + self.liquidity + self.concentration)
    }
}

fn size(quantity: f64) -> Result<f64, TailError> {
    crate::quantile::finite("quantity", &[quantity])?;
    Ok(quantity.abs())
}

fn above_zero(what: &str, found: f64) -> Result<(), TailError> {
    if found > 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(TailError::number(what, "a number above zero", found))
}

fn from_zero(what: &str, found: f64) -> Result<(), TailError> {
    if found >= 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(TailError::number(what, "zero or more", found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_excess_is_charged_and_both_sides_alike() {
        let book = Concentration { volume: 1_000.0, threshold: 0.25, rate: 0.05, exponent: 1.0 };
        assert_eq!(book.addon(250.0, 100.0), Ok(0.0));
        assert!((book.addon(3_000.0, 100.0).unwrap() - 37_812.5).abs() < 1e-9);
        assert_eq!(book.addon(-3_000.0, 100.0), book.addon(3_000.0, 100.0));
        assert!(book.addon(f64::NAN, 100.0).is_err());
        assert!(Concentration { volume: 0.0, ..book }.addon(1.0, 1.0).is_err());
    }

    #[test]
    fn the_average_of_a_square_root_is_two_thirds() {
        let law = Impact {
            half_spread: 0.001,
            factor: 1.0,
            daily_vol: 0.04,
            volume: 300.0,
            exponent: 0.5,
        };
        assert!((law.peak(75.0).unwrap() - 0.02).abs() < 1e-15);
        assert!((law.cost(75.0).unwrap() - 0.001 - 0.02 / 1.5).abs() < 1e-15);
        assert_eq!(days_to_close(-75.0, 300.0, 0.1), Ok(2.5));
    }

    #[test]
    fn latency_is_part_of_the_period() {
        let delays = Latency { price: 3_600.0, block: 12.0, keeper: 0.0, bridge: 1_020.0 };
        assert_eq!(delays.seconds(), Ok(4_632.0));
        assert!((delays.with_days(1.0).unwrap() - 1.053_611_111).abs() < 1e-8);
        assert!(Latency::default().with_days(0.0).is_err());
        assert!(
            Latency { block: -1.0, ..delays }.seconds().unwrap_err().to_string().contains("block")
        );
        assert!(scaled_to(1.0, 0.0).is_err());
        assert!(overlapping(&[0.1], 2).is_err() && overlapping(&[0.1], 0).is_err());
    }

    proptest! {
        #[test]
        fn more_is_never_cheaper(
            a in 0.0..1e6f64, b in 0.0..1e6f64, exponent in 0.0..2.0f64, threshold in 0.0..1.0f64,
        ) {
            let book = Concentration { volume: 1e4, threshold, rate: 0.02, exponent };
            let (low, high) = (a.min(b), a.max(b));
            let [less, more] = [low, high].map(|size| book.addon(size, 10.0).unwrap());
            prop_assert!(less <= more * (1.0 + 1e-12) && less >= 0.0);
        }

        #[test]
        fn overlapping_returns_of_one_step_are_the_returns(
            returns in prop::collection::vec(-0.1..0.1f64, 5..50), steps in 1usize..6,
        ) {
            prop_assert_eq!(&overlapping(&returns, 1).unwrap(), &returns);
            let long = overlapping(&returns, steps).unwrap();
            prop_assert_eq!(long.len(), returns.len() + 1 - steps);
        }
    }
}
