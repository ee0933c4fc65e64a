//! Histories of calibration from CSV: a time, and the column that says what was asked.

use super::{CalibrateError, Past, Says};
use keelmark_book::InputError;
use keelmark_tail::Series;
use keelmark_units::Timestamp;

/// Columns that a time may stand in.
const TIMES: [&str; 5] = ["date", "time", "timestamp", "ts", "ts_ms"];
/// A price that moves by more than this factor from one row to the next is another coin's, or in
/// another unit.
const LARGEST_MOVE: f64 = 20.0;

/// Columns that say something, the first that is there.
fn columns(says: Says) -> &'static [&'static str] {
    match says {
        Says::Price => &["close", "price", "adj_close"],
        Says::Vol | Says::VolAt(_) => &["vol", "dvol", "iv", "close"],
        Says::Volume => &["volume"],
        Says::Depth => &["depth"],
    }
}

/// Reads one history; `unit` is 0.01 for numbers in per cent.
///
/// # Errors
/// [`InputError`] with the line: a missing column, a time that is none or does not ascend, a number
/// that is none or not above zero, a price that jumps twentyfold.
pub fn read(
    file: &str,
    bytes: &[u8],
    asset: &str,
    says: Says,
    unit: f64,
) -> Result<Past, CalibrateError> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(bytes);
    let header = reader.headers().map_err(|error| wrong(file, 1, "", error))?.clone();
    let find = |names: &[&str]| {
        let at = names.iter().find_map(|name| header.iter().position(|own| own.trim() == *name));
        at.ok_or_else(|| {
            let found: Vec<&str> = header.iter().collect();
            let expected = names.join(", ");
            let problem = format!("expected a column of {expected}, found {}", found.join(", "));
            InputError::line(file, 1, "", problem)
        })
    };
    let (time_at, value_at) = (find(&TIMES)?, find(columns(says))?);
    let name = header[value_at].to_owned();
    let (mut times, mut values): (Vec<Timestamp>, Vec<f64>) = (Vec::new(), Vec::new());
    for (row, record) in reader.records().enumerate() {
        let line = row as u64 + 2;
        let record = record.map_err(|error| wrong(file, line, "", error))?;
        let time = time(&header[time_at], &record[time_at])
            .ok_or_else(|| wrong(file, line, &header[time_at], no_time(&record[time_at])))?;
        if let Some(before) = times.last().filter(|before| **before >= time) {
            let problem = format!("expected a time after {before}, found {time}");
            return Err(wrong(file, line, &header[time_at], problem).into());
        }
        let value = record[value_at].trim().parse::<f64>().ok().map(|value| value * unit);
        let value = value.filter(|value| value.is_finite() && *value > 0.0).ok_or_else(|| {
            let found = &record[value_at];
            wrong(file, line, &name, format!("expected a number above zero, found {found:?}"))
        })?;
        if let Some(before) = values.last().filter(|_| says == Says::Price)
            && (value / before).max(before / value) > LARGEST_MOVE
        {
            let problem = format!(
                "{before} is followed by {value}: another coin under the same name, or another \
                 unit; give the part before or after it"
            );
            return Err(wrong(file, line, &name, problem).into());
        }
        times.push(time);
        values.push(value);
    }
    let series = Series::new(&format!("{asset} {says}"), times, values)?;
    Ok(Past { asset: asset.to_owned(), says, series, findings: Vec::new() })
}

fn wrong(file: &str, line: u64, field: &str, problem: impl std::fmt::Display) -> InputError {
    InputError::line(file, line, field, problem)
}

fn no_time(found: &str) -> String {
    format!("expected a date, a time with its zone, or seconds since 1970, found {found:?}")
}

fn time(column: &str, text: &str) -> Option<Timestamp> {
    let text = text.trim();
    match text.parse::<i64>() {
        Ok(count) if column == "ts_ms" => count.checked_mul(1_000_000).map(Timestamp::from_nanos),
        Ok(count) => count.checked_mul(1_000_000_000).map(Timestamp::from_nanos),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        read("b.csv", text.as_bytes(), "BTC", Says::Price, 1.0).unwrap_err().to_string()
    }

    #[test]
    fn a_column_is_read_by_what_it_says() {
        let text = "ts,open,close,volume\n86400,1,2,10\n172800,2,3,20\n";
        let price = read("b.csv", text.as_bytes(), "BTC", Says::Price, 1.0).unwrap();
        assert_eq!(price.series.closes(), [2.0, 3.0]);
        let volume = read("b.csv", text.as_bytes(), "BTC", Says::Volume, 1.0).unwrap();
        assert_eq!(volume.series.closes(), [10.0, 20.0]);
        let vol = "date,dvol\n2022-11-06,50\n";
        let vol = read("v.csv", vol.as_bytes(), "BTC", Says::Vol, 0.01).unwrap();
        assert_eq!(vol.series.closes(), [0.5]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, expected) in [
            ("when,close\n1,2\n", "b.csv:1: expected a column of date"),
            ("ts,last\n1,2\n", "b.csv:1: expected a column of close"),
            ("ts,close\n2,2\n1,3\n", "b.csv:3: ts: expected a time after"),
            ("ts,close\n2,2\n2,3\n", "b.csv:3: ts: expected a time after"),
            ("ts,close\n1,0\n", "b.csv:2: close: expected a number above zero, found \"0\""),
            ("ts,close\n1,-1\n", "above zero"),
            ("ts,close\n1,NaN\n", "above zero"),
            ("ts,close\n1,x\n", "above zero"),
            ("ts,close\nsoon,1\n", "b.csv:2: ts: expected a date"),
            ("ts,close\n9999999999999999,1\n", "b.csv:2: ts: expected a date"),
            ("ts,close\n1,77\n2,0.00004\n", "another coin under the same name"),
            ("ts,close\n1,2,3\n", "b.csv:2"),
        ] {
            assert!(said(text).contains(expected), "{text}: {}", said(text));
        }
    }
}
