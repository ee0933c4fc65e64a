//! A history from Parquet: a column of times and one of values, by the crate's own readers.

use crate::failure::Failure;
use keelmark_backtest::history::{History, Wanted, columns_of, of_columns};
use keelmark_book::Timestamp;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use std::fs::File;

/// Names of a column of times.
const TIMES: [&str; 6] = ["date", "time", "timestamp", "ts", "ts_ms", "datetime"];
/// Whole numbers below this are seconds, above it milliseconds.
const SECONDS: i64 = 100_000_000_000;

/// Reads a history: a column of times, as dates, timestamps, text or numbers since 1970, and one
/// of values.
pub fn history(path: &str, wanted: &Wanted) -> Result<History, Failure> {
    let said = |error: &dyn std::fmt::Display| Failure::input(format!("{path}: {error}"));
    let file = File::open(path).map_err(|error| said(&error))?;
    let reader = SerializedFileReader::new(file).map_err(|error| said(&error))?;
    let schema = reader.metadata().file_metadata().schema();
    let names: Vec<String> =
        schema.get_fields().iter().map(|field| field.name().to_ascii_lowercase()).collect();
    let column = |known: &[&str]| {
        let at = known.iter().find_map(|name| names.iter().position(|own| own == name));
        at.ok_or_else(|| {
            let (known, found) = (known.join(" or "), names.join(", "));
            Failure::input(format!("{path}: expected a column {known}, found {found}"))
        })
    };
    let (time_at, value_at) = (column(&TIMES)?, column(columns_of(wanted.factor))?);
    let nanos = matches!(
        schema.get_fields()[time_at].get_basic_info().logical_type_ref(),
        Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS
    );
    let (mut times, mut values) = (Vec::new(), Vec::new());
    let rows = reader.get_row_iter(None).map_err(|error| said(&error))?;
    for (at, row) in rows.enumerate() {
        let row = row.map_err(|error| said(&error))?;
        let wrong = |column: usize, expected: &str| {
            let name = &names[column];
            Failure::input(format!("{path} row {}: {name}: expected {expected}", at + 1))
        };
        let cell = |column: usize| field(&row, column);
        let time = cell(time_at).and_then(|cell| time(cell, nanos));
        times.push(time.ok_or_else(|| wrong(time_at, "a time"))?);
        let value = cell(value_at).and_then(number);
        values.push(value.ok_or_else(|| wrong(value_at, "a number"))?);
    }
    Ok(of_columns(path, &times, &values, wanted)?)
}

fn field(row: &Row, column: usize) -> Option<&Field> {
    row.get_column_iter().nth(column).map(|(_, field)| field)
}

fn time(cell: &Field, nanos: bool) -> Option<Timestamp> {
    let days = |days: i32| Timestamp::from_millis(i64::from(days) * 86_400_000);
    match cell {
        Field::Date(count) => Some(days(*count)),
        Field::TimestampMillis(millis) => Some(Timestamp::from_millis(*millis)),
        Field::TimestampMicros(micros) => micros.checked_mul(1_000).map(Timestamp::from_nanos),
        Field::Long(count) if nanos => Some(Timestamp::from_nanos(*count)),
        Field::Long(count) if count.abs() < SECONDS => {
            Some(Timestamp::from_millis(count.checked_mul(1_000)?))
        }
        Field::Long(count) => Some(Timestamp::from_millis(*count)),
        Field::Int(count) => Some(Timestamp::from_millis(i64::from(*count) * 1_000)),
        Field::Str(text) => text.parse().ok(),
        _ => None,
    }
}

fn number(cell: &Field) -> Option<f64> {
    match cell {
        Field::Double(number) => Some(*number),
        Field::Float(number) => Some(f64::from(*number)),
        Field::Int(number) => Some(f64::from(*number)),
        Field::Long(number) => Some(*number as f64),
        Field::Str(text) => text.parse().ok(),
        _ => None,
    }
}
