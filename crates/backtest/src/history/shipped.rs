//! Histories in our own compact form: a header that names the source, then differences of
//! neighbouring days in the last place of the price.
//!
//! Daily closes of BTC and ETH are built in, so that a backtest needs no file.

use super::{DAY, Factor, History};
use crate::error::BacktestError;
use keelmark_book::{Asset, InputError};
use keelmark_units::Timestamp;

/// Name and text of each history that is built in.
pub const SHIPPED: [(&str, &str); 2] = [
    ("btc-usd.txt", include_str!("../../../../samples/history/btc-usd.txt")),
    ("eth-usd.txt", include_str!("../../../../samples/history/eth-usd.txt")),
];

/// The first line of the form.
pub const SCHEMA: &str = "keelmark/history/1";
/// Fields of the header, in their order.
const FIELDS: [&str; 9] =
    ["asset", "factor", "unit", "source", "sha256", "first", "days", "places", "values"];
/// Larger whole numbers are not exact in what they are used as.
const LARGEST: i64 = 1 << 53;
/// More days than this are a slip: a thousand years.
const MOST_DAYS: usize = 366_000;

/// The histories that are built in.
///
/// # Errors
/// Never, as a test holds.
pub fn shipped() -> Result<Vec<History>, BacktestError> {
    SHIPPED.iter().map(|(name, text)| read(name, text)).collect()
}

/// Reads the compact form.
///
/// # Errors
/// [`BacktestError::Input`] with the line, and as [`History::new`].
pub fn read(file: &str, text: &str) -> Result<History, BacktestError> {
    let mut lines = text.lines().enumerate().map(|(at, line)| (at as u64 + 1, line));
    if lines.next().map(|(_, line)| line) != Some(SCHEMA) {
        return Err(InputError::line(file, 1, "", format!("expected {SCHEMA}")).into());
    }
    let mut header = [(0u64, ""); FIELDS.len()];
    for (field, name) in header.iter_mut().zip(FIELDS) {
        let line = lines.next().unwrap_or_default();
        let (found, value) = line.1.split_once(' ').unwrap_or((line.1, ""));
        if found != name {
            let problem = format!("expected the field {name}, found {found:?}");
            return Err(InputError::line(file, line.0, "", problem).into());
        }
        *field = (line.0, value);
    }
    let wrong =
        |at: usize, problem: String| InputError::line(file, header[at].0, FIELDS[at], problem);
    let asset = Asset::new(header[0].1).map_err(|error| wrong(0, error.to_string()))?;
    let factor = Factor::of(header[1].1)
        .ok_or_else(|| wrong(1, format!("expected price, vol, ..., found {:?}", header[1].1)))?;
    let first: Timestamp = header[5].1.parse().map_err(|_| {
        wrong(5, format!("expected a date such as 2017-08-17, found {:?}", header[5].1))
    })?;
    let whole = |at: usize, most: usize| {
        let found = header[at].1.parse().ok().filter(|found: &usize| *found <= most);
        found.ok_or_else(|| {
            wrong(at, format!("expected a whole number to {most}, found {:?}", header[at].1))
        })
    };
    let (days, places) = (whole(6, MOST_DAYS)?, whole(7, 12)?);
    let values = values(file, lines, places)?;
    if values.len() != days {
        return Err(wrong(6, format!("expected {} days, found {days}", values.len())).into());
    }
    let last = first.nanos().checked_add((days as i64).saturating_mul(DAY));
    if last.is_none() {
        return Err(wrong(5, format!("{days} days from {first} on end beyond all dates")).into());
    }
    let times: Vec<Timestamp> =
        (0..days).map(|at| Timestamp::from_nanos(first.nanos() + at as i64 * DAY)).collect();
    let source = format!("{}, sha256 {}", header[3].1, header[4].1);
    History::new(asset, factor, &source, &times, &values)
}

fn values<'a>(
    file: &str,
    lines: impl Iterator<Item = (u64, &'a str)>,
    places: usize,
) -> Result<Vec<f64>, InputError> {
    let unit = 10f64.powi(places as i32);
    let (mut out, mut sum) = (Vec::new(), 0i64);
    for (number, line) in lines {
        for word in line.split_whitespace() {
            let step: Option<i64> = word.parse().ok();
            let next = step.and_then(|step| sum.checked_add(step));
            let Some(next) = next.filter(|next| next.abs() <= LARGEST) else {
                let problem = format!("expected a difference of two values, found {word:?}");
                return Err(InputError::line(file, number, "", problem));
            };
            sum = next;
            // Both are exact, so this is the double nearest to the printed price.
            out.push(sum as f64 / unit);
            if out.len() > MOST_DAYS {
                let problem = format!("expected at most {MOST_DAYS} days");
                return Err(InputError::line(file, number, "", problem));
            }
        }
    }
    Ok(out)
}
