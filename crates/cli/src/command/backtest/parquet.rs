//! Tables of a backtest as Parquet, and histories from it: text and numbers, by the crate's own
//! writers and readers.

use super::tables::{Sheet, Value};
use crate::failure::Failure;
use keelmark_backtest::history::{History, Wanted, columns_of, of_columns};
use keelmark_book::Timestamp;
use parquet::basic::{LogicalType, TimeUnit};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::{Field, Row};
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Writes a table.
pub fn write(sheet: &Sheet, path: &Path) -> Result<(), Failure> {
    let said = |error: &dyn std::fmt::Display| {
        Failure::failed(format!("{}: cannot write: {error}", path.display()))
    };
    let file = File::create(path).map_err(|error| said(&error))?;
    written(sheet, file).map_err(|error| said(&error))
}

fn written(sheet: &Sheet, file: File) -> Result<(), ParquetError> {
    let numbers: Vec<bool> = (0..sheet.columns.len())
        .map(|at| !matches!(sheet.rows.first().map(|row| &row[at]), Some(Value::Text(_))))
        .collect();
    let fields = sheet.columns.iter().zip(&numbers).map(|(name, number)| {
        if *number {
            format!("OPTIONAL DOUBLE {name};")
        } else {
            format!("REQUIRED BINARY {name} (STRING);")
        }
    });
    let text = format!("message {} {{ {} }}", sheet.name, fields.collect::<Vec<_>>().join(" "));
    let schema = Arc::new(parse_message_type(&text)?);
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default())?;
    let mut group = writer.next_row_group()?;
    for at in 0..sheet.columns.len() {
        let Some(mut to) = group.next_column()? else { break };
        let cells = sheet.rows.iter().map(|row| &row[at]);
        match to.untyped() {
            ColumnWriter::DoubleColumnWriter(to) => {
                let all = cells.map(|cell| match cell {
                    Value::Number(number) => *number,
                    Value::Text(_) => None,
                });
                let all: Vec<Option<f64>> = all.collect();
                let levels: Vec<i16> = all.iter().map(|one| i16::from(one.is_some())).collect();
                let there: Vec<f64> = all.into_iter().flatten().collect();
                to.write_batch(&there, Some(&levels), None)?;
            }
            ColumnWriter::ByteArrayColumnWriter(to) => {
                let all = cells.map(|cell| match cell {
                    Value::Text(text) => ByteArray::from(text.as_str()),
                    Value::Number(_) => ByteArray::from(""),
                });
                to.write_batch(&all.collect::<Vec<_>>(), None, None)?;
            }
            _ => return Err(ParquetError::General("a column of another type".to_owned())),
        }
        to.close()?;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

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
