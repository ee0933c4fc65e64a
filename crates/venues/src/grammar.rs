//! What the grammars of venues' names share: assets, dates, strikes, and what an error says.
//!
//! A grammar is a file `<venue>/symbol.rs` with `parse` and `print`: `parse(print(x)) == x` for
//! every contract that the venue can name. The hour of expiry is in no name; it is the usual one
//! until the venue's own list of instruments says another.

use keelmark_book::symbol::EXPIRY_HOUR;
use keelmark_book::{Asset, Kind, Price, Right, Timestamp};
use std::fmt;

/// Text that is not a name of a venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// What the venue's names look like.
    expected: &'static str,
    /// What was found, cut to a line.
    found: String,
}

impl NameError {
    /// An error that says what was expected: the venue and a few of its names.
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(80).collect() }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {:?}", self.expected, self.found)
    }
}

impl std::error::Error for NameError {}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// An asset in capitals and digits: venues that write no other must get their name back.
#[must_use]
pub fn capitals(text: &str) -> Option<Asset> {
    let allowed = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if allowed { Asset::new(text).ok() } else { None }
}

/// `27JUN25` or `5AUG23`: the day has one or two digits.
#[must_use]
pub fn day_month_year(text: &str, hour: i8) -> Option<Timestamp> {
    if !text.is_ascii() || !(6..=7).contains(&text.len()) {
        return None;
    }
    let (day, rest) = text.split_at(text.len() - 5);
    let (month, year) = rest.split_at(3);
    if !digits(day) || !digits(year) {
        return None;
    }
    let month = MONTHS.iter().position(|one| *one == month)? + 1;
    let year = 2000 + year.parse::<i16>().ok()?;
    Timestamp::from_date(year, i8::try_from(month).ok()?, day.parse().ok()?, hour, 0)
}

/// As [`day_month_year`] reads it, the day without a leading zero.
#[must_use]
pub fn print_day_month_year(expiry: Timestamp) -> String {
    let (year, month, day) = expiry.date();
    let month = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at)).unwrap_or(&"");
    format!("{day}{month}{:02}", year % 100)
}

/// `20250627`: of this century, since canonical symbols have two digits for the year.
#[must_use]
pub fn long_date(text: &str) -> Option<Timestamp> {
    if text.len() != 8 || !digits(text) || !text.starts_with("20") {
        return None;
    }
    let year = text.get(0..4)?.parse().ok()?;
    let month = text.get(4..6)?.parse().ok()?;
    Timestamp::from_date(year, month, text.get(6..8)?.parse().ok()?, EXPIRY_HOUR, 0)
}

/// As [`long_date`] reads it.
#[must_use]
pub fn print_long_date(expiry: Timestamp) -> String {
    let (year, month, day) = expiry.date();
    format!("{year:04}{month:02}{day:02}")
}

/// `250627`, as [`keelmark_book::symbol::read_date`] reads it.
#[must_use]
pub fn print_short_date(expiry: Timestamp) -> String {
    let (year, month, day) = expiry.date();
    format!("{:02}{month:02}{day:02}", year % 100)
}

/// An option's kind from the last two parts of its name; `point` is the venue's decimal point.
#[must_use]
pub fn option(expiry: Timestamp, strike: &str, right: &str, point: char) -> Option<Kind> {
    let allowed = strike.chars().all(|c| c.is_ascii_digit() || c == point);
    let strike: Price =
        if allowed { strike.replace(point, ".").parse().ok()? } else { return None };
    let right = match right {
        "C" => Right::Call,
        "P" => Right::Put,
        _ => return None,
    };
    strike.is_positive().then_some(Kind::Option { expiry, strike, right })
}

/// `100000-C`, with the venue's decimal point.
#[must_use]
pub fn print_terms(strike: Price, right: Right, point: char) -> String {
    let strike = strike.to_string().replace('.', point.encode_utf8(&mut [0; 4]));
    format!("{strike}-{}", right.letter())
}

/// Whether text is digits and nothing else.
#[must_use]
pub fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
