//! The stored series of prices that a case names, and the returns it asks for.

use crate::inputs::{Inputs, Problem, problem};
use crate::table::Table;
use keelmark_book::Timestamp;
use keelmark_tail::{Ewma, Returns, Rule, Series, Side};

/// The named windows, first and last day included.
const WINDOWS: [(&str, [&str; 2]); 3] = [
    ("full", ["2017-08-17", "2026-07-26"]),
    ("2018-2021", ["2018-01-01", "2021-12-31"]),
    ("2022-2026H1", ["2022-01-01", "2026-06-30"]),
];

/// The prices of a case's `file`: of its `column`, else adjusted closes, else closes.
pub fn daily(inputs: Inputs<'_>) -> Result<Series, Problem> {
    let table = Table::of(inputs)?;
    let column = if inputs.has("column") {
        inputs.text("column")?
    } else if table.columns().any(|name| name == "adj_close") {
        "adj_close"
    } else {
        "close"
    };
    Ok(Series::new(inputs.text("file")?, times(&table)?, table.column(column)?)?)
}

/// The times of a table's rows: its column `date`, `ts` (seconds) or `ts_ms`.
pub fn times(table: &Table) -> Result<Vec<Timestamp>, Problem> {
    let has = |wanted: &str| table.columns().any(|name| name == wanted);
    let scaled = |column: &str, millis: i64| -> Result<Vec<Timestamp>, Problem> {
        let times: Vec<i64> = table.column(column)?;
        Ok(times.into_iter().map(|one| Timestamp::from_millis(one * millis)).collect())
    };
    match () {
        () if has("date") => table.column("date"),
        () if has("ts_ms") => scaled("ts_ms", 1),
        () => scaled("ts", 1_000),
    }
}

/// An instant as cases print it: `2020-03-12` or `2020-03-12 10:00[:00]`, UTC.
pub fn instant(text: &str) -> Result<Timestamp, Problem> {
    let full = match text.len() {
        16 => format!("{}:00Z", text.replace(' ', "T")),
        19 => format!("{}Z", text.replace(' ', "T")),
        _ => text.to_owned(),
    };
    Ok(full.parse()?)
}

/// Returns of the whole file as `returns` says; logarithms where it says nothing.
pub fn whole(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    let series = daily(inputs)?;
    if !inputs.has("returns") {
        return Ok(series.returns(Returns::Log));
    }
    match inputs.text("returns")? {
        "log" => Ok(series.returns(Returns::Log)),
        "simple" => Ok(series.returns(Returns::Simple)),
        "100*log" => Ok(percent(&series.returns(Returns::Log))),
        "100*simple" => Ok(percent(&series.returns(Returns::Simple))),
        other => problem(format!("returns: expected [100*]log or simple, found {other:?}")),
    }
}

/// Logarithmic returns of the whole file, in percent.
pub fn percent_log(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    Ok(percent(&daily(inputs)?.returns(Returns::Log)))
}

/// The series within the days or the window that a case names, or the full one.
pub fn window(inputs: Inputs<'_>) -> Result<Series, Problem> {
    // Of a rolling method it is a number, and the series the full one.
    let named = inputs.has("window") && inputs.small::<usize>("window").is_err();
    let name = if named { inputs.text("window")? } else { "full" };
    let known = WINDOWS.iter().find(|(known, _)| *known == name).map(|(_, days)| *days);
    let day = |field: &str, at: usize| match known {
        _ if inputs.has(field) => instant(inputs.text(field)?),
        Some(days) => instant(days[at]),
        None => problem(format!("window: expected full, 2018-2021 or 2022-2026H1, found {name:?}")),
    };
    Ok(daily(inputs)?.between(day("first", 0)?, day("last", 1)?))
}

/// Logarithmic returns of [`window`].
pub fn windowed(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    Ok(window(inputs)?.returns(Returns::Log))
}

fn percent(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|one| 100.0 * one).collect()
}

/// Long or short; long where a case does not say.
pub fn side(inputs: Inputs<'_>) -> Result<Side, Problem> {
    Ok(if inputs.side()?.is_negative() { Side::Short } else { Side::Long })
}

/// The rule that `quantile` describes; the order statistic where it does not.
pub fn rule(inputs: Inputs<'_>) -> Result<Rule, Problem> {
    let text = if inputs.has("quantile") { inputs.text("quantile")? } else { "" };
    match text {
        _ if text.starts_with("linear") => Ok(Rule::Linear),
        // A number is the normal law's.
        _ if text.is_empty() || text.starts_with("order") || text.parse::<f64>().is_ok() => {
            Ok(Rule::OrderStatistic)
        }
        other => problem(format!("quantile: expected order statistic or linear, found {other:?}")),
    }
}

/// A volatility by the named `lambda`, from as many returns as `init` says in words.
pub fn ewma(inputs: Inputs<'_>, lambda: &str, init: &str) -> Result<Ewma, Problem> {
    let mut found = Ewma::new(inputs.estimate(lambda)?);
    if inputs.has(init) {
        let text = inputs.text(init)?;
        let digits = text.split(|one: char| !one.is_ascii_digit()).find(|part| !part.is_empty());
        let start = digits.and_then(|digits| digits.parse().ok());
        let wrong = || Problem(format!("{init}: expected how many returns, found {text:?}"));
        found.start = start.ok_or_else(wrong)?;
    }
    Ok(found)
}
