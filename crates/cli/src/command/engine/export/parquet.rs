//! Tables as Parquet: amounts as decimals of 38 digits, 18 of them behind the point.
//!
//! The columns are written by the crate's own writers, without Arrow between: a sixth of what
//! would have to be compiled.

use super::place::cannot;
use super::record::{Cell, Column, Kind, Row, Table};
use super::write::Sink;
use crate::failure::Failure;
use keelmark_book::Decimal;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows kept in memory until they are written, a group of the file.
const GROUP: usize = 65_536;

/// What 38 digits do not reach, as a count of 10^-18.
const TOO_LARGE: u128 = 10u128.pow(38);

/// A file of Parquet that is being written.
pub struct ParquetFile {
    table: &'static Table,
    path: PathBuf,
    writer: SerializedFileWriter<File>,
    rows: Vec<Row>,
}

impl ParquetFile {
    /// A file with a schema and no rows.
    pub fn new(table: &'static Table, path: &Path, file: File) -> Result<Self, Failure> {
        let failed = |error: ParquetError| cannot("write", path, &error);
        let schema = Arc::new(parse_message_type(&schema(table)).map_err(failed)?);
        let writer = SerializedFileWriter::new(file, schema, Arc::default()).map_err(failed)?;
        Ok(Self { table, path: path.to_owned(), writer, rows: Vec::new() })
    }

    /// Writes the rows that are waiting as a group.
    fn group(&mut self) -> Result<(), Failure> {
        let Self { table, path, writer, rows } = self;
        let failed = |error: ParquetError| cannot("write", path, &error);
        let mut group = writer.next_row_group().map_err(failed)?;
        for (at, column) in table.columns.iter().enumerate() {
            let Some(mut to) = group.next_column().map_err(failed)? else { break };
            let cells: Vec<&Cell> = rows.iter().map(|row| &row[at]).collect();
            let written = write(to.untyped(), column, &cells);
            written.map_err(|problem| {
                let (table, column) = (table.name, column.name);
                Failure::input(format!("{table}.{column}: {problem}"))
            })?;
            to.close().map_err(failed)?;
        }
        group.close().map_err(failed)?;
        rows.clear();
        Ok(())
    }
}

impl Sink for ParquetFile {
    fn row(&mut self, row: Row) -> Result<(), Failure> {
        self.rows.push(row);
        if self.rows.len() == GROUP { self.group() } else { Ok(()) }
    }

    fn close(mut self: Box<Self>) -> Result<File, Failure> {
        if !self.rows.is_empty() {
            self.group()?;
        }
        let Self { path, writer, .. } = *self;
        writer.into_inner().map_err(|error| cannot("write", &path, &error))
    }
}

/// The schema in the format's own language.
fn schema(table: &Table) -> String {
    let columns = table.columns.iter().map(|Column { name, kind, optional }| {
        let repetition = if *optional { "OPTIONAL" } else { "REQUIRED" };
        match kind {
            Kind::Text => format!("{repetition} BINARY {name} (STRING);"),
            Kind::Json => format!("{repetition} BINARY {name} (JSON);"),
            Kind::Whole => format!("{repetition} INT64 {name} (INTEGER(64,false));"),
            Kind::Flag => format!("{repetition} BOOLEAN {name};"),
            Kind::Decimal => {
                format!("{repetition} FIXED_LEN_BYTE_ARRAY (16) {name} (DECIMAL(38,18));")
            }
            Kind::Time => format!("{repetition} INT64 {name} (TIMESTAMP(NANOS,true));"),
        }
    });
    format!("message {} {{ {} }}", table.name, columns.collect::<Vec<_>>().join(" "))
}

/// Writes the cells of a column. A cell that is none of its kind is a fault of the table.
fn write(to: &mut ColumnWriter<'_>, column: &Column, cells: &[&Cell]) -> Result<(), String> {
    let there = |cell: &&Cell| i16::from(**cell != Cell::Absent);
    let levels: Vec<i16> = cells.iter().map(there).collect();
    let levels = column.optional.then_some(levels.as_slice());
    let cells = cells.iter().copied().filter(|cell| **cell != Cell::Absent);
    let written = match to {
        ColumnWriter::BoolColumnWriter(to) => to.write_batch(&all(cells, flag)?, levels, None),
        ColumnWriter::Int64ColumnWriter(to) => to.write_batch(&all(cells, long)?, levels, None),
        ColumnWriter::ByteArrayColumnWriter(to) => {
            to.write_batch(&all(cells, bytes)?, levels, None)
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(to) => {
            to.write_batch(&all(cells, decimal)?, levels, None)
        }
        _ => return Err(format!("no {:?} is written", column.kind)),
    };
    written.map(drop).map_err(|error| error.to_string())
}

fn all<'a, T>(
    cells: impl Iterator<Item = &'a Cell>,
    value: impl Fn(&Cell) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    cells.map(value).collect()
}

fn flag(cell: &Cell) -> Result<bool, String> {
    match cell {
        Cell::Flag(flag) => Ok(*flag),
        other => Err(format!("expected a flag, found {other:?}")),
    }
}

/// Whole numbers keep their bits, times their nanoseconds.
fn long(cell: &Cell) -> Result<i64, String> {
    match cell {
        Cell::Whole(number) => Ok(number.cast_signed()),
        Cell::Time(time) => Ok(time.nanos()),
        other => Err(format!("expected a whole number or a time, found {other:?}")),
    }
}

fn bytes(cell: &Cell) -> Result<ByteArray, String> {
    match cell {
        Cell::Text(text) | Cell::Json(text) => Ok(ByteArray::from(text.as_bytes().to_vec())),
        other => Err(format!("expected text, found {other:?}")),
    }
}

fn decimal(cell: &Cell) -> Result<FixedLenByteArray, String> {
    match cell {
        Cell::Decimal(amount) => fixed(*amount),
        other => Err(format!("expected a decimal, found {other:?}")),
    }
}

/// A decimal of 38 digits as the format has it: a signed integer, the highest byte first.
fn fixed(amount: Decimal) -> Result<FixedLenByteArray, String> {
    if amount.raw().unsigned_abs() >= TOO_LARGE {
        return Err(format!(
            "expected an amount below 10^20, found {amount}; csv and ndjson hold it"
        ));
    }
    Ok(ByteArray::from(amount.raw().to_be_bytes().to_vec()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_more_than_38_digits_is_refused() {
        let most = i128::try_from(TOO_LARGE).unwrap() - 1;
        let bytes = |raw| fixed(Decimal::from_raw(raw)).map(|found| found.data().to_vec());
        assert_eq!(bytes(-1).unwrap(), [0xff; 16]);
        assert_eq!(bytes(most).unwrap(), most.to_be_bytes());
        assert_eq!(bytes(-most).unwrap(), (-most).to_be_bytes());
        let refused = bytes(most + 1).unwrap_err();
        assert!(refused.contains("100000000000000000000"), "{refused}");
        assert!(bytes(i128::MIN).is_err());
    }
}
