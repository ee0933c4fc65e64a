//! A bad day by its bars: how far it fell, and how fast.

use crate::TailError;
use keelmark_kernels::ln;
use keelmark_units::Timestamp;

/// A step of a price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// When it opened.
    pub at: Timestamp,
    /// The first price.
    pub open: f64,
    /// The highest.
    pub high: f64,
    /// The lowest.
    pub low: f64,
    /// The last.
    pub close: f64,
}

/// What a window of bars was like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crash {
    /// How many bars.
    pub bars: usize,
    /// The first price.
    pub open: f64,
    /// The lowest.
    pub low: f64,
    /// The least of low over the highest so far, its own bar included, less 1.
    pub drawdown: f64,
    /// The smallest log return between closes.
    pub worst: f64,
    /// When the bar opened that ended it.
    pub worst_at: Timestamp,
    /// The root of the mean square of the returns over a year, the mean not taken off.
    pub realised_vol: f64,
}

impl Crash {
    /// The bars that open from `first` to `last`, both included, of which there are `per_year` in
    /// a year: 8,760 of hours.
    ///
    /// # Errors
    /// When there are fewer than two, their times do not ascend, or a price is not above zero or
    /// not between its low and high.
    pub fn of(
        bars: &[Bar],
        first: Timestamp,
        last: Timestamp,
        per_year: f64,
    ) -> Result<Self, TailError> {
        let inside: Vec<&Bar> =
            bars.iter().filter(|bar| (first..=last).contains(&bar.at)).collect();
        TailError::need("bars of a window", 2, inside.len())?;
        check(&inside)?;
        let mut top = 0.0f64;
        let drawdown = inside.iter().map(|bar| {
            top = top.max(bar.high);
            bar.low / top - 1.0
        });
        let drawdown = drawdown.fold(0.0, f64::min);
        let (mut worst, mut worst_at, mut squares) = (f64::INFINITY, inside[1].at, 0.0);
        for pair in inside.windows(2) {
            let one = ln(pair[1].close / pair[0].close);
            squares += one * one;
            if one < worst {
                (worst, worst_at) = (one, pair[1].at);
            }
        }
        let mean = squares / (inside.len() - 1) as f64;
        Ok(Self {
            bars: inside.len(),
            open: inside[0].open,
            low: inside.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min),
            drawdown,
            worst,
            worst_at,
            realised_vol: (per_year * mean).sqrt(),
        })
    }
}

fn check(bars: &[&Bar]) -> Result<(), TailError> {
    let unusable = |bar: &Bar, problem: &str, remedy| TailError::Unusable {
        what: format!("the bar at {}", bar.at),
        problem: problem.to_owned(),
        remedy,
    };
    if let Some(pair) = bars.windows(2).find(|pair| pair[0].at >= pair[1].at) {
        return Err(unusable(pair[1], "does not follow the one before", "sort the bars by time"));
    }
    let sound = |bar: &&Bar| {
        let Bar { open, high, low, close, .. } = **bar;
        low > 0.0 && high.is_finite() && [open, close].iter().all(|one| (low..=high).contains(one))
    };
    match bars.iter().find(|bar| !sound(bar)) {
        None => Ok(()),
        Some(bar) => {
            let problem = "has prices outside its low and high, or not above zero";
            Err(unusable(bar, problem, "mend the row or leave it out"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(hour: i64, [open, high, low, close]: [f64; 4]) -> Bar {
        Bar { at: Timestamp::from_millis(hour * 3_600_000), open, high, low, close }
    }

    #[test]
    fn a_window_includes_both_ends_and_its_own_high() {
        let bars = [
            bar(0, [9.0, 99.0, 9.0, 9.0]),
            bar(1, [10.0, 12.0, 9.0, 10.0]),
            bar(2, [10.0, 11.0, 6.0, 8.0]),
            bar(3, [8.0, 20.0, 8.0, 16.0]),
        ];
        let found = Crash::of(&bars, bars[1].at, bars[3].at, 8_760.0).unwrap();
        assert_eq!((found.bars, found.open, found.low), (3, 10.0, 6.0));
        assert_eq!((found.drawdown, found.worst_at), (8.0 / 20.0 - 1.0, bars[2].at));
        let vol = (8_760.0 * (0.8f64.ln().powi(2) + 2f64.ln().powi(2)) / 2.0).sqrt();
        assert!(
            (found.worst - 0.8f64.ln()).abs() < 1e-15 && (found.realised_vol - vol).abs() < 1e-12
        );
        assert!(Crash::of(&bars, bars[3].at, bars[3].at, 8_760.0).is_err());
    }

    #[test]
    fn bars_that_are_none_are_refused() {
        let good = bar(0, [1.0, 1.0, 1.0, 1.0]);
        let all = |other| Crash::of(&[good, other], good.at, Timestamp::from_millis(i64::MAX), 1.0);
        assert!(all(bar(0, [1.0; 4])).unwrap_err().to_string().contains("follow"));
        assert!(all(bar(1, [2.0, 1.0, 1.0, 1.0])).unwrap_err().to_string().contains("outside"));
        assert!(all(bar(1, [0.0; 4])).is_err());
        assert!(all(bar(1, [f64::NAN; 4])).is_err());
    }
}
