//! Two prices of one coin: how far the one fell below the other, and for how long.

use super::ratio;
use crate::{ModelError, need};

/// A bar of trades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// When it opens, in seconds.
    pub time: i64,
    /// Its lowest price, above zero.
    pub low: f64,
    /// Its last price, above zero.
    pub close: f64,
}

/// How far the lows of two series stood apart. A gap is other / base - 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dislocation {
    /// Lowest price of the base.
    pub base_low: f64,
    /// Lowest price of the other.
    pub other_low: f64,
    /// Gap between these two, in percent; they need not fall together.
    pub lows_percent: f64,
    /// The lowest gap of any time at which both have a bar; `None` where there is none.
    pub worst: Option<f64>,
    /// When, the first of equals.
    pub worst_at: Option<i64>,
    /// Bars whose gap is below the threshold.
    pub below: usize,
}

/// How far the lows of two series stood apart.
///
/// # Errors
/// When a series is empty, its times do not rise, or a price is not above zero.
pub fn dislocation(base: &[Bar], other: &[Bar], threshold: f64) -> Result<Dislocation, ModelError> {
    check(base)?;
    check(other)?;
    let low = |bars: &[Bar]| bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let (base_low, other_low) = (low(base), low(other));
    let (mut worst, mut below, mut others) = (None, 0, other.iter().peekable());
    for bar in base {
        while others.next_if(|one| one.time < bar.time).is_some() {}
        let Some(one) = others.next_if(|one| one.time == bar.time) else { continue };
        let gap = one.low / bar.low - 1.0;
        below += usize::from(gap < threshold);
        if worst.is_none_or(|(least, _)| gap < least) {
            worst = Some((gap, bar.time));
        }
    }
    let percent = ratio(other_low, base_low).map_or(0.0, |ratio| 100.0 * (ratio - 1.0));
    Ok(Dislocation {
        base_low,
        other_low,
        lows_percent: percent,
        worst: worst.map(|(gap, _)| gap),
        worst_at: worst.map(|(_, at)| at),
        below,
    })
}

/// Seconds from `from` until before `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first second.
    pub from: i64,
    /// The second after the last.
    pub until: i64,
}

/// For how long one price stood below the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Below {
    /// Seconds with a gap below the threshold.
    pub seconds: usize,
    /// The first of them.
    pub first: Option<i64>,
    /// The last of them.
    pub last: Option<i64>,
    /// The lowest gap of any second.
    pub worst: Option<f64>,
}

/// For how long one price stood below the other: second by second, each series at its last close.
/// Seconds before both have traded do not count.
///
/// # Errors
/// As [`dislocation`].
pub fn below(
    base: &[Bar],
    other: &[Bar],
    window: Window,
    threshold: f64,
) -> Result<Below, ModelError> {
    check(base)?;
    check(other)?;
    let mut found = Below::default();
    let (mut bases, mut others) = (Last::of(base), Last::of(other));
    for second in window.from..window.until {
        let (Some(base), Some(other)) = (bases.at(second), others.at(second)) else { continue };
        let gap = other / base - 1.0;
        found.worst = Some(found.worst.map_or(gap, |least| least.min(gap)));
        if gap < threshold {
            found.seconds += 1;
            found.first = found.first.or(Some(second));
            found.last = Some(second);
        }
    }
    Ok(found)
}

/// A series read forward: its last close so far.
struct Last<'a> {
    bars: &'a [Bar],
    close: Option<f64>,
}

impl<'a> Last<'a> {
    fn of(bars: &'a [Bar]) -> Self {
        Self { bars, close: None }
    }

    fn at(&mut self, second: i64) -> Option<f64> {
        while let Some((bar, rest)) = self.bars.split_first().filter(|(bar, _)| bar.time <= second)
        {
            (self.close, self.bars) = (Some(bar.close), rest);
        }
        self.close
    }
}

fn check(bars: &[Bar]) -> Result<(), ModelError> {
    need("bars", bars.len() as f64, "one or more", |count| count > 0.0)?;
    for bar in bars {
        need("low", bar.low, "above zero", |low| low > 0.0)?;
        need("close", bar.close, "above zero", |close| close > 0.0)?;
    }
    for pair in bars.windows(2) {
        let later = (pair[1].time - pair[0].time) as f64;
        need("time from bar to bar", later, "above zero", |later| later > 0.0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(all: &[(i64, f64)]) -> Vec<Bar> {
        all.iter().map(|(time, price)| Bar { time: *time, low: *price, close: *price }).collect()
    }

    #[test]
    fn only_minutes_of_both_are_compared_and_the_first_of_equals_is_named() {
        let base = bars(&[(0, 10.0), (60, 10.0), (180, 8.0), (240, 10.0)]);
        let other = bars(&[(60, 9.0), (120, 1.0), (240, 9.0)]);
        let found = dislocation(&base, &other, -0.05).unwrap();
        assert_eq!((found.base_low, found.other_low, found.lows_percent), (8.0, 1.0, -87.5));
        assert_eq!((found.worst_at, found.below), (Some(60), 2));
        assert!((found.worst.unwrap() + 0.1).abs() < 1e-12);
        // Strictly below.
        assert_eq!(dislocation(&base, &other, found.worst.unwrap()).unwrap().below, 0);
    }

    #[test]
    fn a_price_stands_until_the_next() {
        let base = bars(&[(0, 10.0)]);
        let other = bars(&[(2, 9.0), (5, 10.0), (7, 8.0)]);
        let found = below(&base, &other, Window { from: 0, until: 9 }, -0.05).unwrap();
        assert_eq!((found.seconds, found.first, found.last), (5, Some(2), Some(8)));
        assert!((found.worst.unwrap() + 0.2).abs() < 1e-12);
        let never = below(&base, &other, Window { from: 0, until: 2 }, -0.05).unwrap();
        assert_eq!(never, Below::default());
    }

    #[test]
    fn bars_that_make_no_sense_are_refused() {
        let good = bars(&[(0, 1.0)]);
        for bad in [bars(&[]), bars(&[(0, 0.0)]), bars(&[(1, 1.0), (1, 1.0)])] {
            assert!(dislocation(&good, &bad, 0.0).is_err());
            assert!(below(&bad, &good, Window { from: 0, until: 1 }, 0.0).is_err());
        }
    }
}
