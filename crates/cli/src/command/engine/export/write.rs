//! Tables into files, row by row: CSV and JSON lines here, Parquet beside.

use super::FileFormat;
use super::place::cannot;
use super::record::{Cell, Row, Table};
use crate::failure::Failure;
use crate::output;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What a file of a format does with rows.
pub trait Sink {
    /// Adds a row.
    fn row(&mut self, row: Row) -> Result<(), Failure>;

    /// Writes what is left; the file, not yet flushed.
    fn close(self: Box<Self>) -> Result<File, Failure>;
}

/// A file of a table that is being written.
pub struct Writer {
    table: &'static Table,
    path: PathBuf,
    rows: u64,
    sink: Box<dyn Sink>,
}

impl Writer {
    /// A new file in a directory.
    pub fn new(
        table: &'static Table,
        format: FileFormat,
        directory: &Path,
    ) -> Result<Self, Failure> {
        let path = directory.join(format.file(table));
        let file = File::create_new(&path).map_err(|error| cannot("write", &path, &error))?;
        let sink: Box<dyn Sink> = match format {
            #[cfg(feature = "parquet")]
            FileFormat::Parquet => Box::new(super::parquet::ParquetFile::new(table, &path, file)?),
            #[cfg(not(feature = "parquet"))]
            FileFormat::Parquet => return Err(FileFormat::no_parquet()),
            FileFormat::Csv => Box::new(Lines::csv(table, &path, file)?),
            FileFormat::Ndjson => Box::new(Lines::ndjson(table, &path, file)),
        };
        Ok(Self { table, path, rows: 0, sink })
    }

    /// Adds a row, as long as the table is wide.
    pub fn row(&mut self, row: Row) -> Result<(), Failure> {
        assert_eq!(row.len(), self.table.columns.len(), "a cell for each column");
        self.rows += 1;
        self.sink.row(row)
    }

    /// Puts the file on the disk; the number of its rows.
    pub fn close(self) -> Result<u64, Failure> {
        let file = self.sink.close()?;
        file.sync_all().map_err(|error| cannot("flush", &self.path, &error))?;
        Ok(self.rows)
    }
}

/// A file of lines, one a row.
struct Lines {
    table: &'static Table,
    path: PathBuf,
    out: BufWriter<File>,
    line: fn(&'static Table, &Row) -> Result<String, Failure>,
}

impl Lines {
    fn csv(table: &'static Table, path: &Path, file: File) -> Result<Self, Failure> {
        let line = |_: &'static Table, row: &Row| Ok(output::csv_line(row.iter().map(Cell::plain)));
        let mut lines = Self { table, path: path.to_owned(), out: BufWriter::new(file), line };
        let header = table.columns.iter().map(|column| column.name.to_owned());
        lines.write(&output::csv_line(header))?;
        Ok(lines)
    }

    fn ndjson(table: &'static Table, path: &Path, file: File) -> Self {
        let line = |table: &'static Table, row: &Row| output::line(&Object { table, row });
        Self { table, path: path.to_owned(), out: BufWriter::new(file), line }
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.out.write_all(text.as_bytes());
        written.map_err(|error| cannot("write", &self.path, &error))
    }
}

impl Sink for Lines {
    fn row(&mut self, row: Row) -> Result<(), Failure> {
        let text = (self.line)(self.table, &row)?;
        self.write(&text)
    }

    fn close(self: Box<Self>) -> Result<File, Failure> {
        self.out.into_inner().map_err(|error| cannot("write", &self.path, error.error()))
    }
}

/// A row as a JSON object: every column is there, absent cells are null.
struct Object<'a> {
    table: &'static Table,
    row: &'a Row,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let names = self.table.columns.iter().map(|column| column.name);
        to.collect_map(names.zip(self.row))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent => to.serialize_none(),
            Self::Text(text) => to.serialize_str(text),
            Self::Json(text) => RawValue::from_string(text.clone())
                .map_err(serde::ser::Error::custom)?
                .serialize(to),
            Self::Whole(number) => to.serialize_u64(*number),
            Self::Flag(flag) => to.serialize_bool(*flag),
            Self::Decimal(amount) => amount.serialize(to),
            Self::Time(time) => time.serialize(to),
        }
    }
}
