//! Rows of `public/get_book_summary_by_currency`, from JSON or CSV, each with its place.
//!
//! The place stays with the row, because what is wrong with a price often shows only when it meets
//! the other rows of its expiry.

use super::reply::{Number, Reply};
use keelmark_book::input::Place;
use keelmark_book::{InputError, Price, Timestamp};
use serde::Deserialize;

/// One row of a chain, as printed.
#[derive(Clone, Debug)]
pub struct Row {
    /// The file it is from.
    pub file: String,
    /// Where in it.
    pub place: Place,
    /// Native name.
    pub name: String,
    /// Mark, in the instrument's own unit.
    pub mark: Price,
    /// Volatility of the mark in percent, as printed.
    pub mark_iv: Option<Price>,
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
    /// Future or synthetic that the venue prices the option on.
    pub underlying_price: Option<Price>,
    /// Its name.
    pub underlying_index: Option<String>,
    /// Delivery price as estimated now: the index price.
    pub index: Option<Price>,
    /// When the row was made.
    pub as_of: Timestamp,
}

impl Row {
    /// An error in this row.
    pub fn error(&self, problem: impl std::fmt::Display) -> InputError {
        InputError {
            file: self.file.clone(),
            place: self.place.clone(),
            problem: problem.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct Printed {
    instrument_name: String,
    mark_price: Number,
    mark_iv: Option<Number>,
    bid_price: Option<Number>,
    ask_price: Option<Number>,
    underlying_price: Option<Number>,
    underlying_index: Option<String>,
    estimated_delivery_price: Option<Number>,
    creation_timestamp: i64,
}

/// Rows of a JSON reply.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn json(reply: &Reply<'_>) -> Result<Vec<Row>, InputError> {
    let printed: Vec<Printed> = reply.result()?;
    let price = |number: Option<Number>| number.map(|one| Price::new(one.0));
    let place = |(at, one): (usize, Printed)| Row {
        file: reply.file.to_owned(),
        place: Place::Pointer(reply.pointer(&format!("/{at}"))),
        name: one.instrument_name,
        mark: Price::new(one.mark_price.0),
        mark_iv: price(one.mark_iv),
        bid: price(one.bid_price),
        ask: price(one.ask_price),
        underlying_price: price(one.underlying_price),
        underlying_index: one.underlying_index,
        index: price(one.estimated_delivery_price),
        as_of: Timestamp::from_millis(one.creation_timestamp),
    };
    Ok(printed.into_iter().enumerate().map(place).collect())
}

const COLUMNS: [&str; 9] = [
    "instrument_name",
    "mark_price",
    "creation_timestamp",
    "mark_iv",
    "bid_price",
    "ask_price",
    "underlying_price",
    "underlying_index",
    "estimated_delivery_price",
];
const REQUIRED: usize = 3;

/// Rows of the same reply saved as CSV; other columns are the venue's and not used.
///
/// # Errors
/// [`InputError`] with the line and the column.
pub fn csv(file: &str, bytes: &[u8]) -> Result<Vec<Row>, InputError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| placed(file, &error))?.clone();
    let mut index = [None; COLUMNS.len()];
    for (slot, name) in index.iter_mut().zip(COLUMNS) {
        let mut found = header.iter().enumerate().filter(|(_, one)| *one == name);
        *slot = found.next().map(|(at, _)| at);
        if found.next().is_some() {
            return Err(InputError::line(file, 1, name, "found this column twice"));
        }
    }
    if let Some(missing) = (0..REQUIRED).find(|at| index[*at].is_none()) {
        let problem = format!("expected a column {:?}, found none", COLUMNS[missing]);
        return Err(InputError::line(file, 1, "", problem));
    }
    let mut rows = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(|error| placed(file, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(Cells { file, line, index: &index, record: &record }.row()?);
    }
    if rows.is_empty() {
        return Err(InputError::whole(file, "expected rows under the header, found none"));
    }
    Ok(rows)
}

struct Cells<'a> {
    file: &'a str,
    line: u64,
    index: &'a [Option<usize>; COLUMNS.len()],
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    fn row(&self) -> Result<Row, InputError> {
        let millis = self.required("creation_timestamp", |text| {
            text.parse::<i64>().map_err(|_| format!("expected milliseconds, found {text:?}"))
        })?;
        Ok(Row {
            file: self.file.to_owned(),
            place: Place::Line(self.line, None),
            name: self.required("instrument_name", |text| Ok(text.to_owned()))?,
            mark: self.required("mark_price", price)?,
            mark_iv: self.value("mark_iv", price)?,
            bid: self.value("bid_price", price)?,
            ask: self.value("ask_price", price)?,
            underlying_price: self.value("underlying_price", price)?,
            underlying_index: self.value("underlying_index", |text| Ok(text.to_owned()))?,
            index: self.value("estimated_delivery_price", price)?,
            as_of: Timestamp::from_millis(millis),
        })
    }

    fn value<T>(
        &self,
        column: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, InputError> {
        let at = COLUMNS.iter().position(|one| *one == column).and_then(|at| self.index[at]);
        let text = at.and_then(|at| self.record.get(at)).unwrap_or_default();
        if text.is_empty() {
            return Ok(None);
        }
        let problem = |problem| InputError::line(self.file, self.line, column, problem);
        read(text).map(Some).map_err(problem)
    }

    fn required<T>(
        &self,
        column: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, InputError> {
        self.value(column, read)?.ok_or_else(|| {
            InputError::line(self.file, self.line, column, "expected a value, found none")
        })
    }
}

fn price(text: &str) -> Result<Price, String> {
    text.parse::<Number>().map(|number| Price::new(number.0))
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
