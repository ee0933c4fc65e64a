//! Histories of calibration from CSV: a time, and the column that says what was asked.
//!
//! What is odd about a file is found and said by the tail's reader; it is used only where a caller
//! accepts it.

use super::{CalibrateError, Past, Says};
use keelmark_book::InputError;
use keelmark_tail::Series;
use keelmark_tail::read::{self, Accept, Findings, ReadError, Reading};

/// Columns that say something, the surest first.
fn columns(says: Says) -> &'static [&'static str] {
    match says {
        Says::Price => &["close", "price", "adj_close"],
        Says::Vol | Says::VolAt(_) => &["vol", "dvol", "iv", "close"],
        Says::Volume => &["volume"],
        Says::Depth => &["depth"],
    }
}

/// Reads one history; `unit` is 0.01 for numbers in per cent.
///
/// # Errors
/// [`InputError`] with the line where it is no history; every finding where some are not accepted.
pub fn read(
    file: &str,
    bytes: &[u8],
    (asset, says): (&str, Says),
    unit: f64,
    accept: &Accept,
) -> Result<Past, CalibrateError> {
    let reading = Reading { columns: columns(says), accept: accept.clone(), ..Reading::of(file) };
    let (times, values, findings) = if says == Says::Price {
        let found = read::csv(bytes, &reading).map_err(|error| refused(file, error))?;
        (found.series.times().to_vec(), found.series.closes().to_vec(), found.findings)
    } else {
        let found = read::csv_levels(bytes, &reading).map_err(|error| refused(file, error))?;
        (found.times, found.values, found.findings)
    };
    let values = values.iter().map(|value| value * unit).collect();
    let series = Series::new(&format!("{file}: {asset} {says}"), times, values)?;
    Ok(Past { asset: asset.to_owned(), says, series, findings: said(&findings) })
}

fn said(findings: &Findings) -> Vec<String> {
    let each = findings.iter();
    each.map(|one| format!("line {}: {}; {}", one.line, one.what, one.done)).collect()
}

/// An error of the reader, with the file's name said once.
fn refused(file: &str, error: ReadError) -> CalibrateError {
    match error {
        ReadError::Format { line, expected, found, .. } => {
            let problem = format!("expected {expected}, found {found}");
            match line {
                0 => InputError::whole(file, problem).into(),
                _ => InputError::line(file, line, "", problem).into(),
            }
        }
        ReadError::Refused { findings, .. } => CalibrateError::History {
            problem: format!("{file}: {findings}"),
            remedy: format!("mend the history, or add --accept {}", findings.kinds()),
        },
        ReadError::Tail(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, says: Says, unit: f64) -> Result<Past, CalibrateError> {
        read("b.csv", text.as_bytes(), ("BTC", says), unit, &Accept::default())
    }

    #[test]
    fn a_column_is_read_by_what_it_says() {
        let text =
            "date,open,close,volume\n2022-11-06,1,2,10\n2022-11-07,2,3,20\n2022-11-08,3,2,30\n";
        assert_eq!(of(text, Says::Price, 1.0).unwrap().series.closes(), [2.0, 3.0, 2.0]);
        assert_eq!(of(text, Says::Volume, 1.0).unwrap().series.closes(), [10.0, 20.0, 30.0]);
        let vol = "date,dvol\n2022-11-06,50\n2022-11-07,60\n";
        assert_eq!(of(vol, Says::Vol, 0.01).unwrap().series.closes(), [0.5, 0.6]);
    }

    #[test]
    fn what_is_wrong_is_told_and_what_to_do() {
        for (rows, expected) in [
            ("2022-11-06,0\n2022-11-07,1\n2022-11-08,1\n", "--accept"),
            ("2022-11-06,1\n2022-11-06,2\n2022-11-07,1\n", "--accept"),
            ("2022-11-07,1\n2022-11-06,1\n", "--accept"),
            ("1962-11-07,1\n2022-11-06,1\n", "--accept"),
            ("soon,1\n", "b.csv:2"),
        ] {
            let said = of(&format!("date,close\n{rows}"), Says::Price, 1.0);
            let said = said.unwrap_err().to_string();
            assert!(said.contains(expected), "{rows}: {said}");
        }
        let text = "date,volume\n2022-11-06,1\n2022-11-07,0\n2022-11-08,1\n";
        let none = of(text, Says::Volume, 1.0).unwrap_err();
        assert!(none.to_string().contains("above zero"), "{none}");
    }
}
