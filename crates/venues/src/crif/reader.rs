//! Rows of a CRIF file, one at a time: a row costs no allocation where no field holds a doubled
//! quote.

use super::ends::Ends;
use super::keys::{Keys, joined};
use keelmark_book::instruments::nearest;
use keelmark_book::{Decimal, InputError, Money};

/// Columns that count, by their names without case, spaces and underscores.
const COLUMNS: [(&str, Column); 12] = [
    ("tradeid", Column::Trade),
    ("portfolioid", Column::Portfolio),
    ("productclass", Column::Product),
    ("risktype", Column::RiskType),
    ("qualifier", Column::Qualifier),
    ("bucket", Column::Bucket),
    ("label1", Column::Label1),
    ("label2", Column::Label2),
    ("amountcurrency", Column::Currency),
    ("amount", Column::Amount),
    ("amountusd", Column::AmountUsd),
    ("immodel", Column::ImModel),
];

/// Columns that others write and nothing here needs.
const IGNORED: &[&str] = &[
    "collectregulations",
    "postregulations",
    "collectregs",
    "postregs",
    "valuationdate",
    "enddate",
    "tradetype",
    "counterpartyid",
    "agreementid",
    "nettingsetid",
    "labelcurrency",
    "comment",
];

/// Columns that say what a row is about.
const KEY: [Column; 6] = [
    Column::Product,
    Column::RiskType,
    Column::Qualifier,
    Column::Bucket,
    Column::Label1,
    Column::Label2,
];

/// A column that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Trade,
    Portfolio,
    Product,
    RiskType,
    Qualifier,
    Bucket,
    Label1,
    Label2,
    Currency,
    Amount,
    AmountUsd,
    ImModel,
}

/// A row as it stands; fields that the file does not have are empty.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    /// Its line, from 1.
    pub line: u64,
    text: &'a str,
    /// Where it begins in the text.
    start: usize,
    /// Where each of its fields ends.
    ends: Vec<usize>,
    /// Fields with doubled quotes, as they read.
    unquoted: Vec<(usize, String)>,
    /// Field of each column.
    columns: Columns,
}

/// Field of each column; beyond the last field where the file does not have it.
#[derive(Clone, Copy, Debug)]
struct Columns([usize; COLUMNS.len()]);

impl Default for Columns {
    fn default() -> Self {
        Self([usize::MAX; COLUMNS.len()])
    }
}

/// Reads rows in the order of the file.
#[derive(Debug)]
pub struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    at: usize,
    line: u64,
    delimiter: u8,
    ends: Ends<'a>,
    columns: Columns,
    /// How many columns there are.
    width: usize,
    /// First and last of the columns that make a row's key, where nothing stands between them.
    key_columns: Option<(usize, usize)>,
    keys: Keys,
    /// A row's key where something does.
    key: Vec<u8>,
    /// What to tell: columns that nobody knows, a last line without an end.
    pub notes: Vec<String>,
}

impl Row<'_> {
    #[inline]
    fn field(&self, column: Column) -> &str {
        self.nth(self.columns.0[column as usize])
    }

    /// A field by its number, as it reads.
    #[inline]
    fn nth(&self, number: usize) -> &str {
        let Some((start, end)) = self.bounds(number) else { return "" };
        if !self.unquoted.is_empty() {
            let found = self.unquoted.iter().find(|(known, _)| *known == number);
            if let Some((_, text)) = found {
                return text;
            }
        }
        inner(&self.text[start..end])
    }

    /// Where a field stands in the text, with its quotes.
    #[inline]
    fn bounds(&self, number: usize) -> Option<(usize, usize)> {
        let end = *self.ends.get(number)?;
        Some((number.checked_sub(1).map_or(self.start, |before| self.ends[before] + 1), end))
    }

    /// `TradeID`.
    #[must_use]
    #[inline]
    pub fn trade(&self) -> &str {
        self.field(Column::Trade)
    }

    /// `PortfolioID`.
    #[must_use]
    #[inline]
    pub fn portfolio(&self) -> &str {
        self.field(Column::Portfolio)
    }

    /// `ProductClass`.
    #[must_use]
    #[inline]
    pub fn product(&self) -> &str {
        self.field(Column::Product)
    }

    /// `RiskType`.
    #[must_use]
    #[inline]
    pub fn risk_type(&self) -> &str {
        self.field(Column::RiskType)
    }

    /// `Qualifier`.
    #[must_use]
    #[inline]
    pub fn qualifier(&self) -> &str {
        self.field(Column::Qualifier)
    }

    /// `Bucket`.
    #[must_use]
    #[inline]
    pub fn bucket(&self) -> &str {
        self.field(Column::Bucket)
    }

    /// `Label1`, the tenor.
    #[must_use]
    #[inline]
    pub fn label1(&self) -> &str {
        self.field(Column::Label1)
    }

    /// `Label2`, the sub-curve.
    #[must_use]
    #[inline]
    pub fn label2(&self) -> &str {
        self.field(Column::Label2)
    }

    /// `IMModel`.
    #[must_use]
    #[inline]
    pub fn im_model(&self) -> &str {
        self.field(Column::ImModel)
    }
}

impl<'a> Reader<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`InputError`] when the bytes are not UTF-8, with the line and byte; when a column that is
    /// needed is missing, or stands twice.
    pub fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, InputError> {
        let text = utf8(file, bytes)?;
        let head = text.lines().next().unwrap_or_default();
        if head.trim().is_empty() {
            return Err(InputError::line(file, 1, "", "expected a header of column names"));
        }
        if !head.contains(['\t', ',']) && head.contains(';') {
            let problem = "expected tabs or commas between columns, found semicolons";
            return Err(InputError::line(file, 1, "", problem));
        }
        let delimiter = if head.contains('\t') { b'\t' } else { b',' };
        let mut reader = Self {
            file,
            text,
            at: 0,
            line: 1,
            delimiter,
            ends: Ends::new(text.as_bytes(), delimiter),
            columns: Columns::default(),
            width: 0,
            key_columns: None,
            keys: Keys::default(),
            key: Vec::new(),
            notes: Vec::new(),
        };
        reader.header()?;
        if !reader.text.ends_with('\n') {
            reader.notes.push("the last line has no end: make sure that it is whole".to_owned());
        }
        Ok(reader)
    }

    fn header(&mut self) -> Result<(), InputError> {
        let mut row = Row::default();
        self.width = self.record(&mut row)?;
        let names: Vec<&str> = (0..self.width).map(|number| row.nth(number)).collect();
        for (number, name) in names.iter().enumerate() {
            let plain: String =
                name.chars().filter(|c| !matches!(c, ' ' | '_')).collect::<String>().to_lowercase();
            let Some(at) = COLUMNS.iter().position(|(known, _)| *known == plain) else {
                if !IGNORED.contains(&plain.as_str()) {
                    let near = nearest(&plain, COLUMNS.iter().map(|(known, _)| *known), 1);
                    let hint =
                        near.first().map_or(String::new(), |one| format!("; nearest: {one}"));
                    self.notes.push(format!("column {name:?} is not used{hint}"));
                }
                continue;
            };
            if self.columns.0[at] < self.width {
                let problem = format!("expected each column once, found {:?} twice", COLUMNS[at].0);
                return Err(InputError::line(self.file, 1, name, problem));
            }
            self.columns.0[at] = number;
        }
        for (column, name) in [(Column::RiskType, "RiskType"), (Column::Qualifier, "Qualifier")] {
            if !self.has(column) {
                let problem = format!("expected a column {name}, found {}", names.join(", "));
                return Err(InputError::line(self.file, 1, name, problem));
            }
        }
        if !self.has(Column::AmountUsd) && !self.has(Column::Amount) {
            let problem = "expected a column AmountUSD or Amount";
            return Err(InputError::line(self.file, 1, "AmountUSD", problem));
        }
        let of_key = || KEY.iter().map(|one| self.columns.0[*one as usize]);
        let known = || of_key().filter(|one| *one < self.width);
        let span = known().min().zip(known().max());
        self.key_columns = span.filter(|(first, last)| last - first + 1 == known().count());
        Ok(())
    }

    fn has(&self, column: Column) -> bool {
        self.columns.0[column as usize] < self.width
    }

    /// The number of what a row is about - its product, type, qualifier, bucket and labels -
    /// among the keys asked for so far: rows of one number differ in nothing but trade, portfolio,
    /// amount and model. `None` where there are more of them than can be numbered.
    #[inline]
    pub fn key(&mut self, row: &Row<'a>) -> Option<usize> {
        if let Some((first, last)) = self.key_columns {
            let (start, end) = (row.bounds(first)?.0, row.bounds(last)?.1);
            return self.keys.number(self.text.as_bytes().get(start..end)?);
        }
        joined(&mut self.key, &KEY.map(|column| row.field(column)));
        self.keys.number(&self.key)
    }

    /// Reads the next row over an earlier one; blank lines are passed over, `false` is the end.
    ///
    /// # Errors
    /// [`InputError`] when a row has more or fewer fields than the header, or a quote is not
    /// closed.
    #[inline]
    pub fn read(&mut self, row: &mut Row<'a>) -> Result<bool, InputError> {
        let (count, expected) = (self.row(row)?, self.width);
        if count != expected && count > 0 {
            let hint = if count < expected { "is the file whole?" } else { "a comma in a number?" };
            let problem = format!("expected {expected} fields, found {count}: {hint}");
            return Err(InputError::line(self.file, row.line, "", problem));
        }
        Ok(count > 0)
    }

    /// Reads a row; returns how many fields it has, 0 at the end of the file.
    fn row(&mut self, row: &mut Row<'a>) -> Result<usize, InputError> {
        let bytes = self.text.as_bytes();
        row.columns = self.columns;
        loop {
            let start = self.at;
            while let Some(byte @ (b'\n' | b'\r')) = bytes.get(self.at) {
                self.line += u64::from(*byte == b'\n');
                self.at += 1;
            }
            if self.at > start {
                self.ends.skip(self.at);
            }
            if self.at >= bytes.len() {
                return Ok(0);
            }
            let count = self.record(row)?;
            // A line of spaces is blank too.
            if count > 1 || !row.nth(0).is_empty() {
                return Ok(count);
            }
        }
    }

    /// Reads one record; returns how many fields it has.
    #[inline]
    fn record(&mut self, row: &mut Row<'a>) -> Result<usize, InputError> {
        let bytes = self.text.as_bytes();
        (row.text, row.start, row.line) = (self.text, self.at, self.line);
        row.ends.clear();
        row.unquoted.clear();
        loop {
            let end = if bytes.get(self.at) == Some(&b'"') {
                self.quoted(row)?
            } else {
                self.ends.next()
            };
            row.ends.push(end);
            self.at = end + 1;
            match bytes.get(end) {
                Some(b'\n') => {
                    self.line += 1;
                    return Ok(row.ends.len());
                }
                Some(_) => {}
                None => {
                    self.at = end;
                    return Ok(row.ends.len());
                }
            }
        }
    }

    /// Where a field in quotes ends, which may hold delimiters, line ends and doubled quotes.
    fn quoted(&mut self, row: &mut Row<'a>) -> Result<usize, InputError> {
        let (bytes, line, number) = (self.text.as_bytes(), self.line, row.ends.len());
        let place = |problem: &str| {
            let column = format!("field {}", number + 1);
            InputError::line(self.file, line, &column, problem)
        };
        let (start, mut doubled) = (self.at, false);
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                None => return Err(place("expected a closing quote, found the end of the file")),
                Some(b'"') if bytes.get(at + 1) == Some(&b'"') => {
                    doubled = true;
                    at += 2;
                }
                Some(b'"') => break,
                Some(byte) => {
                    self.line += u64::from(*byte == b'\n');
                    at += 1;
                }
            }
        }
        at += 1;
        if bytes.get(at) == Some(&b'\r') && bytes.get(at + 1).is_none_or(|byte| *byte == b'\n') {
            at += 1;
        }
        match bytes.get(at) {
            None | Some(b'\n') => {}
            Some(byte) if *byte == self.delimiter => {}
            Some(_) => return Err(place("expected the field to end after its closing quote")),
        }
        if doubled {
            row.unquoted.push((number, inner(&self.text[start..at]).replace("\"\"", "\"")));
        }
        self.ends.skip(at + 1);
        Ok(at)
    }

    /// The amount of a row in US dollars.
    ///
    /// # Errors
    /// [`InputError`] when it is not a number, has thousands separators, or is in another currency.
    pub fn amount(&self, row: &Row<'_>) -> Result<Money, InputError> {
        let usd = row.field(Column::AmountUsd);
        if !usd.is_empty() {
            return self.number(row, usd, "AmountUSD");
        }
        let currency = row.field(Column::Currency);
        if currency != "USD" {
            let problem = if currency.is_empty() {
                "expected AmountUSD, or Amount with AmountCurrency USD, found neither".to_owned()
            } else {
                format!("expected an amount in USD, found one in {currency}: there is no rate here")
            };
            let column = if self.has(Column::AmountUsd) { "AmountUSD" } else { "AmountCurrency" };
            return Err(InputError::line(self.file, row.line, column, problem));
        }
        self.plain_amount(row)
    }

    /// The `Amount` of a row, which is no money: a multiplier, a percentage.
    ///
    /// # Errors
    /// [`InputError`] when it is not a number.
    pub fn plain_amount(&self, row: &Row<'_>) -> Result<Money, InputError> {
        match row.field(Column::Amount) {
            "" => self.number(row, row.field(Column::AmountUsd), "Amount"),
            text => self.number(row, text, "Amount"),
        }
    }

    fn number(&self, row: &Row<'_>, text: &str, column: &str) -> Result<Money, InputError> {
        if let Some(raw) = quick(text.as_bytes()) {
            return Ok(Money::new(Decimal::from_raw(raw)));
        }
        let wrong = |problem: String| InputError::line(self.file, row.line, column, problem);
        let digits = text.bytes().any(|byte| byte.is_ascii_digit());
        if digits && text.contains([',', '\'', ' ', '_', '\u{a0}', '\u{202f}']) {
            let problem = format!("expected a number without thousands separators, found {text:?}");
            return Err(wrong(problem));
        }
        text.parse().map(Money::new).map_err(|error| wrong(rounded_hint(text, error)))
    }

    /// An error at a row.
    #[must_use]
    pub fn error(&self, row: &Row<'_>, column: &str, problem: &str) -> InputError {
        InputError::line(self.file, row.line, column, problem)
    }
}

/// A field without its quotes and the spaces around it.
#[inline]
fn inner(field: &str) -> &str {
    let Some(rest) = field.strip_prefix('"') else { return trimmed(field) };
    let rest = rest.strip_suffix('\r').unwrap_or(rest);
    trimmed(rest.strip_suffix('"').unwrap_or(rest))
}

fn rounded_hint(text: &str, error: impl std::fmt::Display) -> String {
    if text.is_empty() { "expected a number, found nothing".to_owned() } else { error.to_string() }
}

/// The usual number, `-1234567.89`, as a count of 10^-18; `None` leaves it to the full reader.
fn quick(text: &[u8]) -> Option<i128> {
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let (mut value, mut places) = (0i64, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                places = places.map(|places: u32| places + 1);
            }
            b'.' if places.is_none() => places = Some(0),
            _ => return None,
        }
    }
    if digits.len() == 1 && places.is_some() {
        return None;
    }
    let value = if negative { -value } else { value };
    let scale = 10i64.pow(18 - places.unwrap_or(0));
    // Both are below 10^18: the product fits.
    Some(i128::from(value) * i128::from(scale))
}

/// A field without spaces around it, and without the first byte of a line end.
fn trimmed(field: &str) -> &str {
    let bytes = field.as_bytes();
    let spaced = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_whitespace);
    if spaced(bytes.first()) || spaced(bytes.last()) { field.trim_ascii() } else { field }
}

/// The text of a file, without a byte order mark.
fn utf8<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, InputError> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(InputError::line(file, 1, "byte 1", "expected UTF-8 text, found UTF-16"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count() as u64;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = format!("byte {}", before.len() - start + 1);
        InputError::line(file, line, &column, "expected UTF-8 text, found other bytes")
    })
}
