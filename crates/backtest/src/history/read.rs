//! A history from a file: its column by the names that a factor has, and what is odd about it found
//! and said before it is used.

use super::{Factor, History, read_compact};
use crate::error::BacktestError;
use keelmark_book::{Asset, InputError};
use keelmark_tail::read::{self, Accept, Findings, ReadError, Reading};
use keelmark_units::Timestamp;

/// Names of a column of values, the surest first.
#[must_use]
pub fn columns_of(factor: Factor) -> &'static [&'static str] {
    match factor {
        Factor::Price => &["price", "close", "adj_close", "value"],
        Factor::Vol => &["vol", "iv", "dvol", "close", "value"],
        Factor::Slope => &["slope", "value"],
        Factor::Basis => &["basis", "rate", "value"],
        Factor::Funding => &["funding", "rate", "value"],
    }
}

/// What a file is to be read as.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whose history.
    pub asset: Asset,
    /// Of what.
    pub factor: Factor,
    /// What values are multiplied by: 0.01 for percent.
    pub unit: f64,
    /// Which findings are gone on with.
    pub accept: Accept,
}

/// Reads a history in our compact form, or else as CSV with a column of times.
///
/// # Errors
/// When it is neither, is of something else, or has findings that are not accepted.
pub fn read(file: &str, bytes: &[u8], wanted: &Wanted) -> Result<History, BacktestError> {
    if bytes.starts_with(b"keelmark/history/") {
        let own = read_compact(file, &String::from_utf8_lossy(bytes))?;
        if own.asset != wanted.asset || own.factor != wanted.factor || wanted.unit != 1.0 {
            let problem = format!(
                "expected a history of {}:{}, found one of {}:{}",
                wanted.asset,
                wanted.factor.name(),
                own.asset,
                own.factor.name()
            );
            return Err(InputError::whole(file, problem).into());
        }
        return Ok(own);
    }
    let reading = Reading {
        columns: columns_of(wanted.factor),
        accept: wanted.accept.clone(),
        ..Reading::of(file)
    };
    if wanted.factor == Factor::Price {
        let found = read::csv(bytes, &reading).map_err(|error| refused(file, &error))?;
        let series = &found.series;
        return of(file, wanted, series.times(), series.closes(), &found.findings);
    }
    let found = read::csv_levels(bytes, &reading).map_err(|error| refused(file, &error))?;
    of(file, wanted, &found.times, &found.values, &found.findings)
}

/// A history of columns that were read elsewhere, checked as those of a file are.
///
/// # Errors
/// As [`read()`].
pub fn of_columns(
    file: &str,
    times: &[Timestamp],
    values: &[f64],
    wanted: &Wanted,
) -> Result<History, BacktestError> {
    if wanted.factor != Factor::Price {
        return of(file, wanted, times, values, &Findings::default());
    }
    let reading = Reading { accept: wanted.accept.clone(), ..Reading::of(file) };
    let found = read::checked(times, values, &reading).map_err(|error| refused(file, &error))?;
    of(file, wanted, found.series.times(), found.series.closes(), &found.findings)
}

fn of(
    file: &str,
    wanted: &Wanted,
    times: &[Timestamp],
    values: &[f64],
    findings: &Findings,
) -> Result<History, BacktestError> {
    let values: Vec<f64> = values.iter().map(|value| value * wanted.unit).collect();
    let mut found = History::new(wanted.asset.clone(), wanted.factor, file, times, &values)?;
    let said = |one: &read::Finding| format!("line {}: {}; {}", one.line, one.what, one.done);
    found.findings.splice(0..0, findings.iter().map(said));
    Ok(found)
}

/// An error of the reader, with the file's name said once.
fn refused(file: &str, error: &ReadError) -> BacktestError {
    match error {
        ReadError::Format { line, expected, found, .. } => {
            let problem = format!("expected {expected}, found {found}");
            if *line == 0 {
                InputError::whole(file, problem).into()
            } else {
                InputError::line(file, *line, "", problem).into()
            }
        }
        ReadError::Refused { findings, .. } => {
            let remedy = format!("mend the history, or add --accept {}", findings.kinds());
            BacktestError::history(file, findings.to_string(), remedy)
        }
        ReadError::Tail(error) => error.clone().into(),
    }
}
