//! CSV with named columns in any order: the header, and cells that know where they stand.

use crate::input::InputError;
use crate::instruments::nearest;
use std::str::FromStr;

/// A CSV file whose header has been read.
pub struct Table<'a> {
    file: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// Index in the file of each known column.
    index: Vec<Option<usize>>,
    known: &'static [&'static str],
    /// What the reader of the file should be told.
    pub notes: Vec<String>,
}

/// One row, with its line number.
pub struct Row<'a> {
    file: &'a str,
    known: &'static [&'static str],
    index: Vec<Option<usize>>,
    record: csv::StringRecord,
    /// Line in the file, from 1.
    pub line: u64,
}

impl<'a> Table<'a> {
    /// Reads the header; `known` names the columns, the first `required` of which must be there.
    pub fn open(
        file: &'a str,
        bytes: &'a [u8],
        known: &'static [&'static str],
        required: usize,
    ) -> Result<Self, InputError> {
        super::text_within(file, bytes)?;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let header = reader.headers().map_err(|error| placed(file, &error))?.clone();
        let mut index = vec![None; known.len()];
        let mut notes = Vec::new();
        for (at, name) in header.iter().enumerate() {
            match known.iter().position(|one| one.eq_ignore_ascii_case(name)) {
                Some(column) if index[column].is_some() => {
                    return Err(InputError::line(file, 1, name, "found this column twice"));
                }
                Some(column) => index[column] = Some(at),
                None => notes.push(unknown_column(file, name, known)),
            }
        }
        if let Some(missing) = (0..required).find(|column| index[*column].is_none()) {
            return Err(missing_column(file, &header, known[missing], &known[..required]));
        }
        Ok(Self { file, reader, index, known, notes })
    }

    /// The next row, or `None` at the end.
    pub fn next_row(&mut self) -> Option<Result<Row<'a>, InputError>> {
        let mut record = csv::StringRecord::new();
        match self.reader.read_record(&mut record) {
            Err(error) => Some(Err(placed(self.file, &error))),
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(0, csv::Position::line);
                let index = self.index.clone();
                Some(Ok(Row { file: self.file, known: self.known, index, record, line }))
            }
        }
    }
}

impl Row<'_> {
    /// The text of a column; empty when the column or the cell is not there.
    pub fn text(&self, column: &str) -> &str {
        let at = self.known.iter().position(|one| *one == column);
        at.and_then(|at| self.index[at]).and_then(|at| self.record.get(at)).unwrap_or("")
    }

    /// The value of a column, `None` when the cell is empty.
    pub fn value<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, InputError> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| self.error(column, error))
    }

    /// The value of a column that must not be empty.
    pub fn required<T: FromStr<Err: std::fmt::Display>>(
        &self,
        column: &str,
    ) -> Result<T, InputError> {
        self.value(column)?.ok_or_else(|| self.error(column, "expected a value, found none"))
    }

    /// An error in this row.
    pub fn error(&self, column: &str, problem: impl std::fmt::Display) -> InputError {
        InputError::line(self.file, self.line, column, problem)
    }
}

fn unknown_column(file: &str, name: &str, known: &[&str]) -> String {
    let near = nearest(name, known.iter().copied(), 1);
    let hint = near.first().map(|one| format!("; did you mean {one:?}?")).unwrap_or_default();
    format!("{file}:1: unknown column {name:?} is not used{hint}")
}

fn missing_column(
    file: &str,
    header: &csv::StringRecord,
    missing: &str,
    required: &[&str],
) -> InputError {
    let found = header.iter().collect::<Vec<_>>().join(",");
    let other = [';', '\t', '|'].into_iter().find(|c| header.len() == 1 && found.contains(*c));
    let problem = match other {
        Some(delimiter) => format!("expected columns separated by commas, found {delimiter:?}"),
        None => format!(
            "expected a column {missing:?} (a header with {}), found {:?}",
            required.join(","),
            found.chars().take(120).collect::<String>()
        ),
    };
    InputError::line(file, 1, "", problem)
}

fn placed(file: &str, error: &csv::Error) -> InputError {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("expected {expected_len} columns as in the header, found {len}")
        }
        csv::ErrorKind::Utf8 { .. } => "expected UTF-8 text, found other bytes".to_owned(),
        _ => error.to_string(),
    };
    InputError::line(file, line, "", problem)
}
