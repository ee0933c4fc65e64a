//! Our own form of a history: a few lines of words, and differences of prices on a grid of time.
//!
//! ```text
//! keelmark history 1
//! name BTC/USD
//! source who recorded it, from where, when
//! from 2017-08-17T00:00:00Z
//! step 86400
//! decimals 2
//! count 4
//! last 10250
//! 10000 150 _ 100
//! ```
//!
//! The first number is a price in units of the last decimal, each after it the difference to the
//! one before; `_` is a step without a price. `count` is how many steps there are and `last` the
//! last price, so that what was cut off or changed is noticed.

use super::rows::Row;
use super::{Findings, History, ReadError, Reading};
use crate::{Series, TailError};
use keelmark_units::Timestamp;
use std::fmt::Write as _;

const MAGIC: &str = "keelmark history 1";
/// Fields in their order.
const FIELDS: [&str; 7] = ["name", "source", "from", "step", "decimals", "count", "last"];
const WIDTH: usize = 100;
const STEP_MAX: i64 = 86_400 * 366;
const DECIMALS_MAX: u32 = 12;
const COUNT_MAX: usize = 10_000_000;

/// A history and the words above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Compact {
    /// Of what.
    pub name: String,
    /// Who recorded it.
    pub source: String,
    /// What was read.
    pub history: History,
}

/// Reads the form.
///
/// # Errors
/// When it is not that form, with the line; or holds what is not accepted.
pub fn read(bytes: &[u8], reading: &Reading<'_>) -> Result<Compact, ReadError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| reading.format(0, "text in UTF-8", "other bytes"))?;
    let mut lines = text.lines().zip(1u64..);
    let mut next = |expected: &str| {
        let (line, number) = lines.next().unwrap_or(("", 0));
        let rest = line.strip_prefix(expected);
        rest.map(str::trim).ok_or_else(|| reading.format(number, expected, line))
    };
    next(MAGIC)?;
    let mut fields = [""; FIELDS.len()];
    for (field, name) in fields.iter_mut().zip(FIELDS) {
        *field = next(name)?;
    }
    let [name, source, ..] = fields;
    let grid = Grid::of(&fields, reading)?;
    let rows = grid.rows(lines, reading)?;
    let history = super::prices(rows, reading, Findings::default())?;
    Ok(Compact { name: name.to_owned(), source: source.to_owned(), history })
}

/// Where steps are in time and what a unit is.
struct Grid {
    from: Timestamp,
    step: i64,
    decimals: u32,
    count: usize,
    last: i64,
}

impl Grid {
    fn of(fields: &[&str; FIELDS.len()], reading: &Reading<'_>) -> Result<Self, ReadError> {
        // Lines are counted from 1, and the first is the name of the form.
        let wrong = |at: usize, expected: &str| reading.format(at as u64 + 2, expected, fields[at]);
        let whole = |at: usize, most: i64| {
            let found = fields[at].parse::<i64>().ok();
            found
                .filter(|found| (0..=most).contains(found))
                .ok_or_else(|| wrong(at, &format!("{} from 0 to {most}", FIELDS[at])))
        };
        let step = whole(3, STEP_MAX)?;
        if step == 0 {
            return Err(wrong(3, "a step of one second or more"));
        }
        Ok(Self {
            from: fields[2].parse().map_err(|_| wrong(2, "an instant"))?,
            step,
            decimals: whole(4, i64::from(DECIMALS_MAX))? as u32,
            count: whole(5, COUNT_MAX as i64)? as usize,
            last: whole(6, i64::MAX)?,
        })
    }

    fn rows<'a>(
        &self,
        lines: impl Iterator<Item = (&'a str, u64)>,
        reading: &Reading<'_>,
    ) -> Result<Vec<Row>, ReadError> {
        let unit = 10f64.powi(self.decimals as i32);
        let (mut rows, mut price, mut count) = (Vec::new(), 0i64, 0usize);
        for (text, line) in lines {
            for word in text.split_ascii_whitespace() {
                if count == self.count {
                    return Err(reading.format(line, format!("{count} steps"), "more"));
                }
                if word != "_" {
                    let moved = word.parse::<i64>().ok().and_then(|by| price.checked_add(by));
                    price = moved.ok_or_else(|| reading.format(line, "a difference or _", word))?;
                    rows.push(Row { line, at: self.at(count), value: price as f64 / unit });
                }
                count += 1;
            }
        }
        if count != self.count {
            return Err(reading.format(0, format!("{} steps", self.count), count.to_string()));
        }
        if price != self.last {
            return Err(reading.format(0, format!("{} as the last", self.last), price.to_string()));
        }
        Ok(rows)
    }

    fn at(&self, count: usize) -> Timestamp {
        let seconds = (count as i64).saturating_mul(self.step);
        self.from.plus_nanos(seconds.saturating_mul(1_000_000_000))
    }
}

/// Writes a series whose times are on a grid of `step` seconds, its prices to `decimals`.
///
/// # Errors
/// When a time is beside the grid, or a price has no such unit or is not written exactly enough:
/// the relative error would be above 1e-6.
pub fn write(series: &Series, source: &str, step: i64, decimals: u32) -> Result<String, TailError> {
    let unusable = |problem: String, remedy| TailError::Unusable {
        what: series.name().to_owned(),
        problem,
        remedy,
    };
    TailError::need(series.name(), 1, series.closes().len())?;
    if step <= 0 || step > STEP_MAX || decimals > DECIMALS_MAX {
        return Err(unusable(format!("a step of {step} s, {decimals} decimals"), "use fewer"));
    }
    let unit = 10f64.powi(decimals as i32);
    let nanos = step * 1_000_000_000;
    let (mut words, mut price, mut at) = (Vec::new(), 0i64, series.times()[0]);
    for (time, close) in series.times().iter().zip(series.closes()) {
        while at < *time && words.len() < COUNT_MAX {
            words.push("_".to_owned());
            at = at.plus_nanos(nanos);
        }
        if at != *time {
            return Err(unusable(format!("{time} is no step of {step} s"), "use a shorter step"));
        }
        let units = (close * unit).round();
        if (units / unit / close - 1.0).abs() > 1e-6 || units > 9e15 {
            let problem = format!("{close} is not written exactly by {decimals} decimals");
            return Err(unusable(problem, "use as many as the prices have"));
        }
        words.push((units as i64 - price).to_string());
        (price, at) = (units as i64, at.plus_nanos(nanos));
    }
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let (name, source) = (one_line(series.name()), one_line(source));
    let mut text = format!("{MAGIC}\nname {name}\nsource {source}\n");
    let (from, count) = (series.times()[0], words.len());
    let _ =
        write!(text, "from {from}\nstep {step}\ndecimals {decimals}\ncount {count}\nlast {price}");
    wrap(&words, &mut text);
    Ok(text)
}

fn wrap(words: &[String], text: &mut String) {
    let mut column = WIDTH;
    for word in words {
        let fits = column + 1 + word.len() <= WIDTH;
        text.push(if fits { ' ' } else { '\n' });
        column = if fits { column + 1 + word.len() } else { word.len() };
        text.push_str(word);
    }
    text.push('\n');
}
