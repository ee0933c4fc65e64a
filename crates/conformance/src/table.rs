//! Tables of recorded data that a case names: CSV, gzipped or not, by the names of their columns.
//!
//! The data are others' records and stay outside the repository. A file is looked for in the
//! folder that `KEELMARK_DATA` names, else in `../shared/data` from the project's root.

use crate::inputs::{Inputs, Problem, problem};
use flate2::read::GzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A table with more bytes than this, unpacked, is refused.
const BYTES_MAX: u64 = 1 << 28;

/// A table in memory.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    columns: csv::StringRecord,
    rows: Vec<csv::StringRecord>,
}

/// The folder in which data are looked for.
#[must_use]
pub fn folder() -> PathBuf {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("KEELMARK_DATA").map_or_else(default, PathBuf::from)
}

/// The name of the table that a case asks for and that is not there.
#[must_use]
pub fn missing(inputs: Inputs<'_>) -> Option<&str> {
    let name = inputs.text("file").ok().filter(|name| is_table(name))?;
    (!folder().join(name).is_file()).then_some(name)
}

/// Whether a name is that of a table, without a folder.
fn is_table(name: &str) -> bool {
    let name = Path::new(name.strip_suffix(".gz").unwrap_or(name));
    name.extension().is_some_and(|end| end == "csv") && !has_folder(name)
}

fn has_folder(name: &Path) -> bool {
    name.components().count() != 1 || name.as_os_str().as_encoded_bytes().contains(&b'\\')
}

impl Table {
    /// The table that a case names in `file`.
    ///
    /// # Errors
    /// When the name is none, the file is not there, or it is no table.
    pub fn of(inputs: Inputs<'_>) -> Result<Self, Problem> {
        let name = inputs.text("file")?;
        if !is_table(name) {
            return problem(format!("file: expected NAME.csv or NAME.csv.gz, found {name:?}"));
        }
        Self::read(&folder(), name)
    }

    /// Reads a table of a folder.
    ///
    /// # Errors
    /// When it cannot be read, with where it was looked for, or is no table.
    pub fn read(folder: &Path, name: &str) -> Result<Self, Problem> {
        let bytes = std::fs::read(folder.join(name)).map_err(|error| {
            let folder = folder.display();
            Problem(format!("{name}: {error}; looked in {folder}, KEELMARK_DATA names another"))
        })?;
        Self::parse(name, &bytes)
    }

    /// Reads the bytes of a table, unpacked where the name ends in `.gz`.
    ///
    /// # Errors
    /// When they are no table: the line and what was expected.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let broken = |error: &dyn std::fmt::Display| Problem(format!("{name}: {error}"));
        let mut text = Vec::new();
        if Path::new(name).extension().is_some_and(|end| end == "gz") {
            let unpacked = GzDecoder::new(bytes).take(BYTES_MAX + 1).read_to_end(&mut text);
            unpacked.map_err(|error| broken(&error))?;
        } else {
            text.extend_from_slice(bytes);
        }
        if text.len() as u64 > BYTES_MAX {
            return problem(format!("{name}: expected at most {BYTES_MAX} bytes"));
        }
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let columns = reader.headers().map_err(|error| broken(&error))?.clone();
        let rows = reader.into_records().collect::<Result<_, _>>();
        Ok(Self { name: name.to_owned(), columns, rows: rows.map_err(|error| broken(&error))? })
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The names of its columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter()
    }

    /// One column, from the first row to the last.
    ///
    /// # Errors
    /// When there is none of that name, or a value is not of its kind: with its line.
    pub fn column<T: FromStr>(&self, column: &str) -> Result<Vec<T>, Problem> {
        let at = self.place(column)?;
        let read = |row: &csv::StringRecord| {
            let text = row.get(at).unwrap_or_default();
            text.parse().map_err(|_| {
                let line = row.position().map_or(0, csv::Position::line);
                let kind = std::any::type_name::<T>();
                Problem(format!(
                    "{} line {line}: {column}: expected {kind}, found {text:?}",
                    self.name
                ))
            })
        };
        self.rows.iter().map(read).collect()
    }

    /// The rows in which some columns hold these texts.
    ///
    /// # Errors
    /// When there is no such column, or no such row.
    pub fn only(&self, wanted: &[(&str, &str)]) -> Result<Self, Problem> {
        let mut rows = self.rows.clone();
        for (column, text) in wanted {
            let at = self.place(column)?;
            rows.retain(|row| row.get(at) == Some(text));
        }
        if rows.is_empty() {
            return problem(format!("{}: expected rows with {wanted:?}, found none", self.name));
        }
        Ok(Self { name: self.name.clone(), columns: self.columns.clone(), rows })
    }

    fn place(&self, column: &str) -> Result<usize, Problem> {
        let found = self.columns.iter().position(|name| name == column);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.columns().collect();
            let known = known.join(", ");
            Problem(format!("{}: expected a column {column:?}, found {known}", self.name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    const TEXT: &[u8] = b"coin,low\nAAA,1.5\n\"B, B\",2\nAAA,x\n";

    #[test]
    fn packed_and_plain_are_the_same_table() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(TEXT).unwrap();
        let packed = Table::parse("t.csv.gz", &packed.finish().unwrap()).unwrap();
        let plain = Table::parse("t.csv", TEXT).unwrap();
        for table in [packed, plain] {
            assert_eq!(table.rows(), 3);
            assert_eq!(table.column::<String>("coin").unwrap(), ["AAA", "B, B", "AAA"]);
            let only = table.only(&[("coin", "B, B")]).unwrap();
            assert_eq!(only.column::<f64>("low").unwrap(), [2.0]);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let table = Table::parse("t.csv", TEXT).unwrap();
        let said = |error: Problem| error.0;
        assert_eq!(
            said(table.column::<f64>("low").unwrap_err()),
            "t.csv line 4: low: expected f64, found \"x\""
        );
        assert_eq!(
            said(table.column::<f64>("high").unwrap_err()),
            "t.csv: expected a column \"high\", found coin, low"
        );
        assert!(said(table.only(&[("coin", "C")]).unwrap_err()).contains("found none"));
        assert!(said(Table::parse("t.csv", b"a,b\n1\n").unwrap_err()).contains("line"));
        assert!(Table::parse("t.csv.gz", TEXT).is_err());
        let absent = said(Table::read(Path::new("nowhere"), "t.csv").unwrap_err());
        assert!(absent.contains("nowhere") && absent.contains("KEELMARK_DATA"), "{absent}");
    }

    #[test]
    fn hostile_bytes_are_an_error_or_a_table() {
        let mut seed = 7u64;
        for length in 0..400 {
            let mut bytes = b"\x1f\x8b\x08\x00".to_vec();
            for _ in 0..length {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                bytes.push((seed >> 56) as u8);
            }
            for (name, from) in [("t.csv.gz", 0), ("t.csv", 4)] {
                if let Ok(table) = Table::parse(name, &bytes[from..]) {
                    assert!(table.rows() <= bytes.len());
                }
            }
        }
    }

    #[test]
    fn a_case_names_a_file_and_no_folder() {
        let json = Json::parse(r#"{"file": "../t.csv"}"#).unwrap();
        let error = Table::of(Inputs(&json)).unwrap_err().0;
        assert_eq!(error, "file: expected NAME.csv or NAME.csv.gz, found \"../t.csv\"");
        assert_eq!(missing(Inputs(&json)), None);
    }
}
