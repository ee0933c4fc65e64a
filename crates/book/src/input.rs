//! What an error in a file says: which file, where in it, what was expected, what was found.

use std::fmt;

/// Something wrong with an input, placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputError {
    /// The file, or what stands for it (`standard input`, `--add`).
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// What was expected and what was found, in one sentence.
    pub problem: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    Whole,
    /// A line, from 1, and the column's name where there is one.
    Line(u64, Option<String>),
    /// A JSON pointer or a dotted path.
    Pointer(String),
}

impl InputError {
    /// An error about the file as a whole.
    pub fn whole(file: &str, problem: impl fmt::Display) -> Self {
        Self { file: file.to_owned(), place: Place::Whole, problem: problem.to_string() }
    }

    /// An error on a line, in a named column.
    pub fn line(file: &str, line: u64, column: &str, problem: impl fmt::Display) -> Self {
        let column = (!column.is_empty()).then(|| column.to_owned());
        Self {
            file: file.to_owned(),
            place: Place::Line(line, column),
            problem: problem.to_string(),
        }
    }

    /// An error at a JSON pointer or dotted path.
    pub fn pointer(file: &str, pointer: impl Into<String>, problem: impl fmt::Display) -> Self {
        Self {
            file: file.to_owned(),
            place: Place::Pointer(pointer.into()),
            problem: problem.to_string(),
        }
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match &self.place {
            Place::Whole => {}
            Place::Line(line, None) => write!(f, ":{line}")?,
            Place::Line(line, Some(column)) => write!(f, ":{line}: {column}")?,
            Place::Pointer(pointer) => write!(f, " at {pointer}")?,
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for InputError {}

/// Files above this many bytes are refused: a book of a million positions is a tenth of it.
pub const LARGEST_FILE: u64 = 256 << 20;
