//! Answers in the format asked for: the same fields in each.

use crate::arguments::Format;
use crate::failure::Failure;
use crate::screen::Screen;
use serde::Serialize;

/// What a command has to say, and the exit code that goes with it.
#[derive(Debug)]
pub struct Answer {
    /// Everything for standard output.
    pub text: String,
    /// Exit code.
    pub code: u8,
}

/// Rows of a CSV answer.
#[derive(Clone, Debug)]
pub struct Records {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, code: 0 }
    }
}

impl Records {
    /// Rows under a header.
    pub fn new(header: &[&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, as long as the header.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let row: Vec<String> = cells.into_iter().collect();
        assert_eq!(row.len(), self.header.len(), "a cell for each column");
        self.rows.push(row);
    }

    fn text(&self) -> String {
        let header = csv_line(self.header.iter().map(|name| (*name).to_owned()));
        self.rows.iter().fold(header, |out, row| out + &csv_line(row.iter().cloned()))
    }
}

/// Reports in a format: JSON is a list, NDJSON one report a line.
pub fn list<T: Serialize>(
    format: Format,
    reports: &[T],
    records: impl FnOnce(&[T]) -> Records,
    table: impl FnOnce(&[T]) -> String,
) -> Result<Answer, Failure> {
    let text = match format {
        Format::Table => table(reports),
        Format::Json => json(&reports)?,
        Format::Csv => records(reports).text(),
        Format::Ndjson => {
            let mut out = String::new();
            for report in reports {
                out.push_str(&line(report)?);
            }
            out
        }
    };
    Ok(text.into())
}

/// One report in a format.
pub fn single<T: Serialize>(
    format: Format,
    report: &T,
    records: impl FnOnce(&T) -> Records,
    table: impl FnOnce(&T) -> String,
) -> Result<Answer, Failure> {
    let text = match format {
        Format::Table => table(report),
        Format::Json => json(report)?,
        Format::Csv => records(report).text(),
        Format::Ndjson => line(report)?,
    };
    Ok(text.into())
}

/// A text to a file, said on standard error; `-` makes it the answer.
pub fn to_file(text: String, file: &str, what: &str, screen: Screen) -> Result<Answer, Failure> {
    if file == "-" {
        return Ok(text.into());
    }
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("{file}: cannot write: {error}")))?;
    screen.note(&format!("{file}: {what}"));
    Ok(String::new().into())
}

/// A value as JSON over several lines.
pub fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| unwritable(&error))?;
    Ok(text + "\n")
}

/// A value as JSON on one line.
pub fn line<T: Serialize>(value: &T) -> Result<String, Failure> {
    Ok(serde_json::to_string(value).map_err(|error| unwritable(&error))? + "\n")
}

/// A value as JSON that is still to be changed, in the order in which it is written.
pub fn value<T: Serialize>(value: &T) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> Failure {
    Failure::failed(format!("cannot write JSON: {error}"))
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell.to_owned()
}

/// Cells as one line of CSV.
pub fn csv_line(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| quoted(&cell)).collect();
    cells.join(",") + "\n"
}

/// A number that may be absent, as a CSV cell.
pub fn cell<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
