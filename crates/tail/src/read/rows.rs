//! Rows of a history before anything is believed of them.

use super::{Findings, Kind, ReadError, Reading};
use keelmark_units::Timestamp;

/// A row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// Where it stands, from 1.
    pub line: u64,
    /// When; none when the time is no time.
    pub at: Timestamp,
    /// NaN when there is none.
    pub value: f64,
}

/// Columns of time in the order in which they are looked for, and the unit that a name promises.
const TIMES: [(&str, Option<Unit>); 6] = [
    ("ts", Some(Unit::Seconds)),
    ("ts_ms", Some(Unit::Millis)),
    ("date", None),
    ("time", None),
    ("timestamp", None),
    ("datetime", None),
];

/// Columns of prices in the order in which they are looked for.
const PRICES: [&str; 2] = ["close", "adj_close"];

/// What a cell holds where there is no value.
const NOTHING: [&str; 6] = ["", "nan", "null", "none", "-", "n/a"];

/// What a number counts since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    /// By the size: each holds the years from 1973 to 5138.
    fn of(number: i64) -> Option<Self> {
        match number {
            100_000_000..100_000_000_000 => Some(Self::Seconds),
            100_000_000_000..100_000_000_000_000 => Some(Self::Millis),
            100_000_000_000_000..100_000_000_000_000_000 => Some(Self::Micros),
            100_000_000_000_000_000.. => Some(Self::Nanos),
            _ => None,
        }
    }

    fn at(self, number: i64) -> Timestamp {
        let nanos = match self {
            Self::Seconds => 1_000_000_000,
            Self::Millis => 1_000_000,
            Self::Micros => 1_000,
            Self::Nanos => 1,
        };
        Timestamp::from_nanos(number.saturating_mul(nanos))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
        }
    }
}

/// Rows of CSV in their own order.
pub(super) fn of_csv(
    bytes: &[u8],
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> Result<Vec<Row>, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let broken = |error: csv::Error| {
        let line = error.position().map_or(0, csv::Position::line);
        reading.format(line, "rows of CSV, each with as many fields", error.to_string())
    };
    let mut table = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = table.headers().map_err(broken)?.clone();
    let (time, mut unit) = time_column(&header, reading)?;
    let value = value_column(&header, time, reading)?;
    let mut rows = Vec::new();
    for record in table.records() {
        let record = record.map_err(broken)?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let at = instant(cell(time), line, &mut unit, reading, findings)?;
        rows.push(Row { line, at, value: number(cell(value), line, reading)? });
    }
    Ok(rows)
}

fn time_column(
    header: &csv::StringRecord,
    reading: &Reading<'_>,
) -> Result<(usize, Option<Unit>), ReadError> {
    let place = |name: &str| header.iter().position(|one| one.eq_ignore_ascii_case(name));
    let found = TIMES.iter().find_map(|(name, unit)| Some((place(name)?, *unit)));
    found.ok_or_else(|| {
        let names: Vec<&str> = TIMES.iter().map(|(name, _)| *name).collect();
        let expected = format!("a column of time, one of {}", names.join(", "));
        reading.format(1, expected, header.iter().collect::<Vec<_>>().join(","))
    })
}

fn value_column(
    header: &csv::StringRecord,
    time: usize,
    reading: &Reading<'_>,
) -> Result<usize, ReadError> {
    let place = |name: &str| header.iter().position(|one| one.eq_ignore_ascii_case(name));
    let known = if reading.columns.is_empty() { &PRICES[..] } else { reading.columns };
    let only = || (reading.columns.is_empty() && header.len() == 2).then(|| 1 - time);
    let found = known.iter().find_map(|name| place(name)).or_else(only);
    found.filter(|at| *at != time).ok_or_else(|| {
        let expected = format!("a column {} beside the time", known.join(" or "));
        reading.format(1, expected, header.iter().collect::<Vec<_>>().join(","))
    })
}

/// A time in words or as a number, which says its unit by its size.
fn instant(
    text: &str,
    line: u64,
    unit: &mut Option<Unit>,
    reading: &Reading<'_>,
    findings: &mut Findings,
) -> Result<Timestamp, ReadError> {
    if let Some(at) = in_words(text) {
        return Ok(at);
    }
    let number = text.strip_suffix(".0").unwrap_or(text).parse::<i64>();
    let number = number.map_err(|_| {
        reading.format(line, "a time such as 2026-03-13, 2026-03-13T19:00:00Z or 1773428400", text)
    })?;
    // What is too small for any unit is near 1970, and so not believed a step further down.
    let Some(own) = Unit::of(number) else { return Ok(Unit::Seconds.at(number.min(0))) };
    let column = *unit.get_or_insert(own);
    if own != column {
        let what = format!("a time in {}, in a column of {}", own.name(), column.name());
        findings.push(Kind::Clock, line, what, "read by its size");
    }
    Ok(own.at(number))
}

/// RFC 3339, a date, or either with a blank between date and time and no zone: UTC.
fn in_words(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let (date, time) = text.split_once([' ', 'T'])?;
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    let zone = if time.contains(['Z', '+', '-']) { "" } else { "Z" };
    format!("{date}T{time}{zone}").parse().ok()
}

fn number(text: &str, line: u64, reading: &Reading<'_>) -> Result<f64, ReadError> {
    if NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing)) {
        return Ok(f64::NAN);
    }
    text.parse().map_err(|_| reading.format(line, "a number", text))
}

/// 1971-01-01: what is earlier is a clock that was never set.
const FIRST: Timestamp = Timestamp::from_millis(31_536_000_000);

/// Rows whose time may be one.
pub(super) fn believable(
    rows: Vec<Row>,
    as_of: Option<Timestamp>,
    findings: &mut Findings,
) -> Vec<Row> {
    let mut kept = rows;
    kept.retain(|row| {
        let what = match as_of {
            _ if row.at < FIRST => "a time before 1971",
            Some(now) if row.at > now => "a time in the future",
            _ => return true,
        };
        findings.push(Kind::Clock, row.line, what.to_owned(), "left out");
        false
    });
    kept
}

/// Rows whose value may be one.
pub(super) fn with_values(
    rows: Vec<Row>,
    sound: impl Fn(f64) -> bool,
    findings: &mut Findings,
) -> Vec<Row> {
    let mut kept = rows;
    kept.retain(|row| {
        if sound(row.value) {
            return true;
        }
        let what = match row.value {
            value if value.is_nan() => "no price".to_owned(),
            0.0 => "a price of zero".to_owned(),
            value if value < 0.0 => format!("a price below zero ({value})"),
            value => format!("a price beyond all prices ({value:e})"),
        };
        findings.push(Kind::Price, row.line, what, "left out");
        false
    });
    kept
}

/// Rows by time, those of one time as they came.
pub(super) fn in_order(rows: Vec<Row>, findings: &mut Findings) -> Vec<Row> {
    for pair in rows.windows(2).filter(|pair| pair[1].at < pair[0].at) {
        let what = format!("{} after {}", pair[1].at, pair[0].at);
        findings.push(Kind::Order, pair[1].line, what, "sorted");
    }
    let mut rows = rows;
    rows.sort_by_key(|row| row.at);
    rows
}

/// The first row of each time.
pub(super) fn each_time_once(rows: Vec<Row>, findings: &mut Findings) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        match kept.last() {
            Some(last) if last.at == row.at => {
                let what = if last.value.to_bits() == row.value.to_bits() {
                    format!("{} once more", row.at)
                } else {
                    format!("{} once more, with {} for {}", row.at, row.value, last.value)
                };
                findings.push(Kind::Duplicate, row.line, what, "the first is kept");
            }
            _ => kept.push(row),
        }
    }
    kept
}
