//! A mean over time: each value counts for as long as it held, to the nanosecond, exactly.
//!
//! Kept as a sum, not as samples, so a day of ticks takes the room of one. The sum of values times
//! nanoseconds would not fit; it is kept in whole spans and a rest, nothing is rounded until the
//! mean is asked for, and then once. Time in which no value held is left out and counted.

use keelmark_book::{Decimal, Overflow, Rate, Round, Timestamp};
use serde::{Deserialize, Serialize};

/// A mean over a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Average {
    /// Until when it has counted.
    pub until: Timestamp,
    /// Nanoseconds of the whole span.
    span: i64,
    /// Nanoseconds in which a value held.
    live: i64,
    /// Values times nanoseconds: so many whole spans, in steps of the value,
    whole: Decimal,
    /// and a rest below one span.
    rest: Decimal,
}

impl Average {
    /// One that has counted nothing yet, over the span between two times.
    #[must_use]
    pub fn new(from: Timestamp, to: Timestamp) -> Self {
        let span = to.nanos().saturating_sub(from.nanos()).max(1);
        Self { until: from, span, live: 0, whole: Decimal::ZERO, rest: Decimal::ZERO }
    }

    /// A value held until a time, or none did.
    pub fn advance(&mut self, to: Timestamp, value: Option<Decimal>) {
        let nanos = to.nanos().saturating_sub(self.until.nanos()).min(self.span - self.live);
        if nanos <= 0 {
            return;
        }
        self.until = to;
        let Some(value) = value else { return };
        self.live += nanos;
        let (nanos, span) = (i128::from(nanos), i128::from(self.span));
        // Within one span: the whole part stays below the largest value, the rest below span².
        let rest = self.rest.raw() + value.raw().rem_euclid(span) * nanos;
        let whole = self.whole.raw() + value.raw().div_euclid(span) * nanos;
        self.whole = Decimal::from_raw(whole + rest.div_euclid(span));
        self.rest = Decimal::from_raw(rest.rem_euclid(span));
    }

    /// The mean of the values over the time in which one held, to the nearest; `None` where none
    /// did.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn mean(&self) -> Result<Option<Decimal>, Overflow> {
        if self.live == 0 {
            return Ok(None);
        }
        let (span, live) = (i128::from(self.span), i128::from(self.live));
        let (each, left) = (self.whole.raw().div_euclid(live), self.whole.raw().rem_euclid(live));
        let left = Decimal::from_raw(left * span + self.rest.raw());
        let left = left.times_over(Decimal::STEP, Decimal::from_raw(live), Round::Nearest)?;
        let each = each.checked_mul(span).ok_or(Overflow)?;
        Decimal::from_raw(each).plus(left).map(Some)
    }

    /// The share of the span in which a value held, rounded down.
    #[must_use]
    pub fn covered(&self) -> Rate {
        let (live, span) = (i128::from(self.live), i128::from(self.span));
        Rate::new(Decimal::from_raw(live * Decimal::ONE.raw() / span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn a_value_counts_for_as_long_as_it_held() {
        let mut average = Average::new(at(0), at(1_800_000_000_000));
        average.advance(at(600_000_000_000), Some(Decimal::from_int(90_000)));
        average.advance(at(1_800_000_000_000), Some(Decimal::from_int(60_000)));
        assert_eq!(average.mean().unwrap(), Some(Decimal::from_int(70_000)));
        assert_eq!(average.covered(), Rate::ONE);
    }

    #[test]
    fn time_without_a_value_is_left_out_never_zero() {
        let mut average = Average::new(at(0), at(100));
        assert_eq!(average.mean().unwrap(), None);
        average.advance(at(60), None);
        assert_eq!(average.mean().unwrap(), None);
        average.advance(at(100), Some(Decimal::from_int(7)));
        assert_eq!(average.mean().unwrap(), Some(Decimal::from_int(7)));
        assert_eq!(average.covered().to_string(), "0.4");
    }

    #[test]
    fn the_largest_value_over_the_longest_span_fits() {
        let mut average = Average::new(at(0), at(i64::from(u32::MAX) * 1_000_000_000));
        let most = Decimal::from_raw(i128::MAX);
        average.advance(at(i64::from(u32::MAX) * 1_000_000_000), Some(most));
        assert_eq!(average.mean().unwrap(), Some(most));
    }

    proptest! {
        /// The mean is that of the plain sum, however the time is cut.
        #[test]
        fn it_is_the_plain_mean(
            runs in prop::collection::vec(
                (1i64..1_000, prop::option::of(-1_000_000i128..1_000_000)), 1..20,
            ),
        ) {
            let span: i64 = runs.iter().map(|(nanos, _)| nanos).sum();
            let mut average = Average::new(at(0), at(span));
            let mut cut = average.clone();
            let (mut sum, mut live, mut now) = (0i128, 0i128, 0i64);
            for (nanos, value) in runs {
                let held = value.map(Decimal::from_raw);
                cut.advance(at(now + nanos / 3), held);
                now += nanos;
                average.advance(at(now), held);
                cut.advance(at(now), held);
                if let Some(value) = value {
                    sum += value * i128::from(nanos);
                    live += i128::from(nanos);
                }
            }
            prop_assert_eq!(&average, &cut);
            let plain = Decimal::from_raw(sum).times_over(
                Decimal::STEP, Decimal::from_raw(live.max(1)), Round::Nearest,
            ).unwrap();
            prop_assert_eq!(average.mean().unwrap(), (live > 0).then_some(plain));
        }
    }
}
