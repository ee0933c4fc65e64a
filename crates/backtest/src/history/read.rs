//! A history as CSV: a column of times and one of values, found by their names.

use super::{Factor, History};
use crate::error::BacktestError;
use keelmark_book::{Asset, InputError};
use keelmark_units::Timestamp;

/// Names of a column of times: text as RFC 3339 or a date, or whole numbers since 1970.
const TIMES: [&str; 6] = ["date", "time", "timestamp", "ts", "ts_ms", "datetime"];
/// Whole numbers below this are seconds, above it milliseconds: the year 5138.
const SECONDS: i64 = 100_000_000_000;

/// Names of a column of values, the surest first.
fn values_of(factor: Factor) -> &'static [&'static str] {
    match factor {
        Factor::Price => &["price", "close", "adj_close", "value"],
        Factor::Vol => &["vol", "iv", "dvol", "close", "value"],
        Factor::Slope => &["slope", "value"],
        Factor::Basis => &["basis", "rate", "value"],
        Factor::Funding => &["funding", "rate", "value"],
    }
}

/// Reads a history from CSV; values are multiplied by a unit, 0.01 for percent.
///
/// # Errors
/// [`BacktestError::Input`] with the line and the column, and as [`History::new`].
pub fn read(
    file: &str,
    bytes: &[u8],
    asset: Asset,
    factor: Factor,
    unit: f64,
) -> Result<History, BacktestError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        InputError::line(file, line, "", format!("not CSV: {error}"))
    };
    let header = reader.headers().map_err(broken)?.clone();
    let names: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
    let column = |known: &[&str]| {
        let at = known.iter().find_map(|name| names.iter().position(|own| own == name));
        at.ok_or_else(|| {
            let problem =
                format!("expected a column {}, found {}", known.join(" or "), names.join(", "));
            InputError::line(file, 1, "", problem)
        })
    };
    let (time_at, value_at) = (column(&TIMES)?, column(values_of(factor))?);
    let (mut times, mut values) = (Vec::new(), Vec::new());
    for row in reader.records() {
        let row = row.map_err(broken)?;
        let line = row.position().map_or(0, csv::Position::line);
        let cell = |at: usize| row.get(at).unwrap_or_default();
        let wrong = |at: usize, expected: &str| {
            let problem = format!("expected {expected}, found {:?}", cell(at));
            InputError::line(file, line, &names[at], problem)
        };
        let time = time(cell(time_at))
            .ok_or_else(|| wrong(time_at, "a date, a time, or seconds since 1970"))?;
        let value: Option<f64> = cell(value_at).parse().ok();
        let value =
            value.filter(|value| value.is_finite()).ok_or_else(|| wrong(value_at, "a number"))?;
        if times.last().is_some_and(|last| *last >= time) {
            return Err(wrong(time_at, "a time behind that of the line before").into());
        }
        times.push(time);
        values.push(value * unit);
    }
    if times.is_empty() {
        return Err(InputError::whole(file, "expected rows under the header, found none").into());
    }
    History::new(asset, factor, file, &times, &values)
}

fn time(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<i64>() {
        let millis = if number.abs() < SECONDS { number.checked_mul(1_000)? } else { number };
        return Some(Timestamp::from_millis(millis));
    }
    // `2017-08-17 04:00:00` is in UTC.
    let zoned = || format!("{}Z", text.replacen(' ', "T", 1)).parse().ok();
    text.parse().ok().or_else(zoned)
}
