//! A dated series of prices and its returns.
//!
//! What a history looked like before it became a series, and what was found wrong with it, is
//! said where it is read; a `Series` itself is sound: times ascend and prices are above zero.

use crate::TailError;
use keelmark_units::Timestamp;

/// Prices of one thing at ascending times.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    name: String,
    times: Vec<Timestamp>,
    closes: Vec<f64>,
}

/// How a return is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returns {
    /// `ln(after / before)`.
    Log,
    /// `after / before - 1`.
    Simple,
}

/// Whether a number may be a price: above zero, and such that the ratio of two is a number.
pub(crate) fn is_price(close: f64) -> bool {
    (1e-100..=1e100).contains(&close)
}

impl Series {
    /// A sound series.
    ///
    /// # Errors
    /// When the columns differ in length, times do not ascend, or a price is not a number above
    /// zero (or beyond 1e-100 to 1e100, whose ratios are none).
    pub fn new(name: &str, times: Vec<Timestamp>, closes: Vec<f64>) -> Result<Self, TailError> {
        let unusable = |problem: String, remedy| {
            Err(TailError::Unusable { what: name.to_owned(), problem, remedy })
        };
        if times.len() != closes.len() {
            let problem = format!("{} times, but {} prices", times.len(), closes.len());
            return unusable(problem, "give one price a time");
        }
        if let Some(at) = times.windows(2).position(|pair| pair[0] >= pair[1]) {
            let problem = format!("{} is followed by {}", times[at], times[at + 1]);
            return unusable(problem, "sort the rows by time, one a time");
        }
        if let Some(at) = closes.iter().position(|close| !is_price(*close)) {
            let problem = format!("the price at {} is {}", times[at], closes[at]);
            return unusable(problem, "expected a number above zero: mend the row or leave it out");
        }
        Ok(Self { name: name.to_owned(), times, closes })
    }

    /// Whose prices.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When.
    #[must_use]
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// Prices, one a time.
    #[must_use]
    pub fn closes(&self) -> &[f64] {
        &self.closes
    }

    /// The part from `first` to `last`, both included.
    #[must_use]
    pub fn between(&self, first: Timestamp, last: Timestamp) -> Self {
        let from = self.times.partition_point(|time| *time < first);
        let to = self.times.partition_point(|time| *time <= last).max(from);
        Self {
            name: self.name.clone(),
            times: self.times[from..to].to_vec(),
            closes: self.closes[from..to].to_vec(),
        }
    }

    /// One return between each two neighbours; return `i` belongs to `times()[i + 1]`.
    #[must_use]
    pub fn returns(&self, kind: Returns) -> Vec<f64> {
        let pairs = self.closes.windows(2);
        pairs
            .map(|pair| match kind {
                Returns::Log => keelmark_kernels::ln(pair[1] / pair[0]),
                Returns::Simple => pair[1] / pair[0] - 1.0,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_millis(n * 86_400_000)
    }

    #[test]
    fn returns_are_between_neighbours() {
        let series = Series::new("X", vec![day(0), day(1), day(2)], vec![100.0, 110.0, 99.0]);
        let series = series.unwrap();
        let simple = series.returns(Returns::Simple);
        assert!((simple[0] - 0.1).abs() < 1e-15 && (simple[1] + 0.1).abs() < 1e-15);
        assert!((series.returns(Returns::Log)[0] - 1.1f64.ln()).abs() < 1e-15);
        assert_eq!(series.between(day(1), day(9)).closes(), [110.0, 99.0]);
        assert_eq!(series.between(day(5), day(1)).closes(), [0.0; 0]);
    }

    #[test]
    fn an_unsound_series_is_refused_with_its_place() {
        let said = |times, closes| Series::new("X", times, closes).unwrap_err().to_string();
        assert!(said(vec![day(1), day(1)], vec![1.0, 1.0]).contains("is followed by"));
        assert!(said(vec![day(0)], vec![0.0]).contains("1970-01-01"));
        assert!(said(vec![day(0)], vec![f64::NAN]).contains("NaN"));
        assert!(said(vec![], vec![1.0]).contains("0 times"));
        assert!(said(vec![day(0), day(1)], vec![1e-300, 1e300]).contains("1970-01-01"));
    }
}
