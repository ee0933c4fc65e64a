//! What an auction asks as time passes, as a share of the price that it started from.
//!
//! Sources: `StairstepExponentialDecrease` and `LinearDecrease` of Maker's `abaci.sol`, `status` of
//! its `clip.sol`; the two speeds of a solvent auction on Derive's page on liquidation.

use crate::LiquidationError;
use keelmark_book::{Decimal, Overflow, Price, Rate, Round};

/// How a price falls, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// By the same share at each step.
    Stairs {
        /// What is left after a step, from above zero to one.
        cut: Rate,
        /// Seconds between steps, above zero.
        step: u64,
    },
    /// To zero, evenly.
    Line {
        /// Seconds until then, above zero.
        seconds: u64,
    },
    /// Evenly from a start to a knee, and then evenly to zero.
    TwoSpeeds {
        /// At the start.
        start: Rate,
        /// At the knee.
        knee: Rate,
        /// Seconds to the knee, above zero.
        fast: u64,
        /// Seconds from the knee to zero, above zero.
        slow: u64,
    },
}

/// When an auction has gone on for too long, or fallen too far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reset {
    /// Seconds after which it starts anew.
    pub tail: u64,
    /// Share of its first price below which it does.
    pub cusp: Rate,
}

impl Curve {
    /// The share that is asked after so many seconds, rounded up: for whoever is sold out.
    ///
    /// # Errors
    /// When a number of the curve makes no sense or a result does not fit.
    pub fn at(&self, seconds: u64) -> Result<Rate, LiquidationError> {
        Ok(Rate::new(match *self {
            Self::Stairs { cut, step } => power(share(cut)?, steps(seconds, step)?)?,
            Self::Line { seconds: all } => falling(Decimal::ONE, Decimal::ZERO, seconds, all)?,
            Self::TwoSpeeds { start, knee, fast, .. } if seconds < fast => {
                falling(share(start)?, share(knee)?, seconds, fast)?
            }
            Self::TwoSpeeds { knee, fast, slow, .. } => {
                falling(share(knee)?, Decimal::ZERO, seconds.saturating_sub(fast), slow)?
            }
        }))
    }

    /// The price that is asked after so many seconds, rounded up.
    ///
    /// # Errors
    /// As [`Curve::at`].
    pub fn price(&self, first: Price, seconds: u64) -> Result<Price, LiquidationError> {
        let share = self.at(seconds)?.decimal();
        Ok(Price::new(first.decimal().times(share, Round::Up)?))
    }

    /// The first second at which the share that is asked passes a test, among those at which it
    /// falls; none within so many.
    ///
    /// # Errors
    /// As [`Curve::at`].
    pub fn first(
        &self,
        within: u64,
        passes: impl Fn(Rate) -> bool,
    ) -> Result<Option<u64>, LiquidationError> {
        let stride = match self {
            Self::Stairs { step, .. } => (*step).max(1),
            _ => 1,
        };
        // The share only falls, so what passes late is looked for by halves.
        let (mut low, mut high) = (0, within / stride);
        if !passes(self.at(high * stride)?) {
            return Ok(None);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if passes(self.at(middle * stride)?) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(Some(low * stride))
    }
}

impl Reset {
    /// Whether an auction must start anew after so many seconds.
    ///
    /// # Errors
    /// As [`Curve::at`].
    pub fn is_due(&self, curve: &Curve, seconds: u64) -> Result<bool, LiquidationError> {
        Ok(seconds > self.tail || curve.at(seconds)? < self.cusp)
    }

    /// The first second at which it must.
    ///
    /// # Errors
    /// As [`Curve::at`].
    pub fn due(&self, curve: &Curve) -> Result<u64, LiquidationError> {
        let late = self.tail.saturating_add(1);
        let low = curve.first(late, |share| share < self.cusp)?;
        Ok(low.map_or(late, |low| low.min(late)))
    }
}

fn share(rate: Rate) -> Result<Decimal, LiquidationError> {
    if rate.is_negative() || rate > Rate::ONE {
        return Err(LiquidationError::bad("share of the price", "from 0 to 1", rate));
    }
    Ok(rate.decimal())
}

fn steps(seconds: u64, step: u64) -> Result<u64, LiquidationError> {
    let none = || LiquidationError::bad("seconds of a step", "above zero", step);
    seconds.checked_div(step).ok_or_else(none)
}

/// From one share to a lower one over some seconds, and there after them.
fn falling(
    from: Decimal,
    to: Decimal,
    seconds: u64,
    all: u64,
) -> Result<Decimal, LiquidationError> {
    if all == 0 {
        return Err(LiquidationError::bad("seconds of a fall", "above zero", all));
    }
    let count = |seconds: u64| i64::try_from(seconds).map(Decimal::from_int).map_err(|_| Overflow);
    let left = count(all.saturating_sub(seconds))?;
    let fallen = from.minus(to)?.times_over(left, count(all)?, Round::Up)?;
    Ok(to.plus(fallen)?)
}

/// A share multiplied by itself so many times, by squares; rounded up.
fn power(share: Decimal, mut times: u64) -> Result<Decimal, LiquidationError> {
    let (mut out, mut square) = (Decimal::ONE, share);
    while times > 0 {
        if times % 2 == 1 {
            out = out.times(square, Round::Up)?;
        }
        square = square.times(square, Round::Up)?;
        times /= 2;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        Rate::new(text.parse().unwrap())
    }

    fn curves() -> [Curve; 3] {
        [
            Curve::Stairs { cut: rate("0.99"), step: 90 },
            Curve::Line { seconds: 21_600 },
            Curve::TwoSpeeds { start: rate("0.95"), knee: rate("0.7"), fast: 900, slow: 43_200 },
        ]
    }

    #[test]
    fn prices_only_fall_and_never_below_zero() {
        for curve in curves() {
            let mut last = Rate::ONE;
            for seconds in (0..50_000).step_by(37) {
                let now = curve.at(seconds).unwrap();
                assert!(now <= last && !now.is_negative(), "{curve:?} at {seconds}");
                last = now;
            }
            assert!(curve.at(u64::MAX).unwrap() <= last);
        }
    }

    #[test]
    fn the_first_second_is_the_first() {
        for curve in curves() {
            for share in ["0.9", "0.65", "0.4", "0"] {
                let passes = |now: Rate| now < rate(share);
                let first = curve.first(60_000, passes).unwrap();
                let slow = (0..=60_000).find(|seconds| passes(curve.at(*seconds).unwrap()));
                assert_eq!(first, slow, "{curve:?} below {share}");
            }
        }
    }

    #[test]
    fn an_auction_starts_anew_just_when_it_must() {
        let (curve, reset) = (curves()[0], Reset { tail: 8_400, cusp: rate("0.4") });
        let due = reset.due(&curve).unwrap();
        assert!(reset.is_due(&curve, due).unwrap() && !reset.is_due(&curve, due - 1).unwrap());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(Curve::Stairs { cut: rate("0.9"), step: 0 }.at(1).is_err());
        assert!(Curve::Stairs { cut: rate("1.1"), step: 1 }.at(1).is_err());
        assert!(Curve::Line { seconds: 0 }.at(0).is_err());
    }
}
