//! Histories from bytes: what is odd is found and said, and used only when a caller accepts it.
//!
//! A strict caller accepts nothing and is refused with every finding, its line and what would be
//! done about it; a lenient one names the kinds that it accepts and carries the findings into its
//! report. Files and packed bytes are the caller's.
//!
//! ```
//! use keelmark_tail::read::{self, Accept, Reading};
//! let bytes = b"date,close\n2026-01-01,100\n2026-01-02,101\n2026-01-03,103\n2026-01-05,99\n";
//! let strict = Reading::of("btc.csv");
//! let refused = read::csv(bytes, &strict).unwrap_err().to_string();
//! assert!(refused.contains("line 5: 1 step is missing"), "{refused}");
//! let lenient = Reading { accept: Accept::parse("gap")?, ..strict };
//! let found = read::csv(bytes, &lenient)?;
//! assert_eq!((found.series.closes().len(), found.findings.len()), (4, 1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod calendar;
mod finding;
mod jumps;
mod rows;

use crate::series::is_price;
use crate::{Series, TailError};
pub use calendar::Calendar;
pub use finding::{Accept, Finding, Findings, Kind};
use keelmark_units::Timestamp;
use rows::Row;

/// How a history is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<'a> {
    /// What it is called where it is spoken of.
    pub name: &'a str,
    /// Names of the column of its values, the surest first; when none is given, `close`,
    /// `adj_close` or the only one beside the time.
    pub columns: &'a [&'a str],
    /// The present, where it is known: nothing later is believed.
    pub as_of: Option<Timestamp>,
    /// What is gone on with.
    pub accept: Accept,
}

/// A history that may be used, and what was found in it.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// Its prices.
    pub series: Series,
    /// When it is expected to have one.
    pub calendar: Calendar,
    /// What was found, and what was done about it.
    pub findings: Findings,
}

/// Values that may be zero or below: funding, basis, slopes.
#[derive(Clone, Debug, PartialEq)]
pub struct Levels {
    /// When, ascending.
    pub times: Vec<Timestamp>,
    /// One a time.
    pub values: Vec<f64>,
    /// When they are expected to have one.
    pub calendar: Calendar,
    /// What was found, and what was done about it.
    pub findings: Findings,
}

/// Why there is no history.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// Bytes that are no history.
    #[error("{name} line {line}: expected {expected}, found {found}")]
    Format {
        /// What it is called.
        name: String,
        /// Where, from 1; 0 for the whole.
        line: u64,
        /// What would make sense.
        expected: String,
        /// What was there.
        found: String,
    },
    /// Findings that nobody accepted.
    #[error("{name}: {findings}\nmend the history, or accept {}", .findings.kinds())]
    Refused {
        /// What it is called.
        name: String,
        /// All that was found.
        findings: Findings,
    },
    /// Nothing that a series could be made of.
    #[error(transparent)]
    Tail(#[from] TailError),
}

impl<'a> Reading<'a> {
    /// Strict: of the usual column, at any time.
    #[must_use]
    pub fn of(name: &'a str) -> Self {
        Self { name, columns: &[], as_of: None, accept: Accept::default() }
    }

    fn format(
        &self,
        line: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> ReadError {
        let found: String = found.into().chars().take(60).collect();
        ReadError::Format { name: self.name.to_owned(), line, expected: expected.into(), found }
    }
}

/// Prices from CSV with a time in `date`, `ts` (seconds), `ts_ms`, `time`, `timestamp` or
/// `datetime`.
///
/// # Errors
/// When the bytes are no such table, or hold what is not accepted.
pub fn csv(bytes: &[u8], reading: &Reading<'_>) -> Result<History, ReadError> {
    let mut findings = Findings::default();
    let rows = rows::of_csv(bytes, reading, &mut findings)?;
    prices(rows, reading, findings)
}

/// Values that may be zero or below, from CSV as [`csv()`] reads it.
///
/// # Errors
/// As that.
pub fn csv_levels(bytes: &[u8], reading: &Reading<'_>) -> Result<Levels, ReadError> {
    let mut findings = Findings::default();
    let rows = rows::of_csv(bytes, reading, &mut findings)?;
    let (rows, calendar) = in_time(rows, reading, &mut findings, f64::is_finite);
    reading.accept.check(reading.name, &findings)?;
    let (times, values) = rows.iter().map(|row| (row.at, row.value)).unzip();
    Ok(Levels { times, values, calendar, findings })
}

/// Prices that are in memory; a finding's line is the number of the price, from 1.
///
/// # Errors
/// When there is not one price a time, or they hold what is not accepted.
pub fn checked(
    times: &[Timestamp],
    prices: &[f64],
    reading: &Reading<'_>,
) -> Result<History, ReadError> {
    if times.len() != prices.len() {
        let found = format!("{} prices", prices.len());
        return Err(reading.format(
            0,
            format!("one price for each of {} times", times.len()),
            found,
        ));
    }
    let row = |((at, value), line): ((&Timestamp, &f64), u64)| Row { line, at: *at, value: *value };
    let rows = times.iter().zip(prices).zip(1..).map(row).collect();
    self::prices(rows, reading, Findings::default())
}

/// Checks rows of prices and makes a series of what may be used.
fn prices(
    rows: Vec<Row>,
    reading: &Reading<'_>,
    mut findings: Findings,
) -> Result<History, ReadError> {
    let (rows, calendar) = in_time(rows, reading, &mut findings, is_price);
    let rows = jumps::without_spikes(rows, &mut findings);
    let rows = jumps::of_one_meaning(rows, &reading.accept, &mut findings);
    jumps::standing_still(&rows, &mut findings);
    jumps::changing_scale(&rows, &mut findings);
    reading.accept.check(reading.name, &findings)?;
    let (times, closes) = rows.iter().map(|row| (row.at, row.value)).unzip();
    let series = Series::new(reading.name, times, closes)?;
    TailError::need(reading.name, 2, series.closes().len())?;
    Ok(History { series, calendar, findings })
}

/// The rows with a sound value and a time of their own, in order.
fn in_time(
    rows: Vec<Row>,
    reading: &Reading<'_>,
    findings: &mut Findings,
    sound: impl Fn(f64) -> bool,
) -> (Vec<Row>, Calendar) {
    let rows = rows::believable(rows, reading.as_of, findings);
    let rows = rows::with_values(rows, sound, findings);
    let rows = rows::each_time_once(rows::in_order(rows, findings), findings);
    let calendar = Calendar::of(&rows);
    calendar.check(&rows, findings);
    (rows, calendar)
}

#[cfg(test)]
mod tests;
