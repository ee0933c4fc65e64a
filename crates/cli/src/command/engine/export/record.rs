//! What a table of an export is: columns with a kind each, rows of cells.
//!
//! Amounts are exact decimals and stay so; nothing here is a float.

use keelmark_book::{Decimal, Timestamp};

/// A table: its name and its columns.
#[derive(Debug)]
pub struct Table {
    /// Name, and that of its file.
    pub name: &'static str,
    /// Columns, in order.
    pub columns: &'static [Column],
}

/// A column.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "texts have no types"))]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What its cells are.
    pub kind: Kind,
    /// Whether a cell may be absent.
    pub optional: bool,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A JSON value on one line.
    Json,
    /// A whole number from 0 on.
    Whole,
    /// Yes or no.
    Flag,
    /// An exact decimal of 18 places.
    Decimal,
    /// An instant.
    Time,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Absent,
    /// Text.
    Text(String),
    /// A JSON value on one line.
    Json(String),
    /// A whole number.
    Whole(u64),
    /// Yes or no.
    Flag(bool),
    /// An exact decimal.
    Decimal(Decimal),
    /// An instant.
    Time(Timestamp),
}

/// A row: a cell for each column.
pub type Row = Vec<Cell>;

/// A column without absent cells.
pub const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, optional: false }
}

/// A column in which cells may be absent.
pub const fn optional(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, optional: true }
}

impl Cell {
    /// Text.
    #[expect(clippy::needless_pass_by_value, reason = "what is shown is often made for it")]
    pub fn text(text: impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    /// What is made of a value that may be absent.
    pub fn maybe<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Absent, make)
    }

    /// As a cell of a CSV file.
    pub fn plain(&self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Text(text) | Self::Json(text) => text.clone(),
            Self::Whole(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Decimal(amount) => amount.to_string(),
            Self::Time(time) => time.to_string(),
        }
    }
}
