//! The stored series of prices that a case names, and the returns it asks for.

use crate::inputs::{Inputs, Problem, problem};
use crate::table::Table;
use keelmark_tail::{Returns, Series};

/// The named windows, first and last day included.
const WINDOWS: [(&str, [&str; 2]); 3] = [
    ("full", ["2017-08-17", "2026-07-26"]),
    ("2018-2021", ["2018-01-01", "2021-12-31"]),
    ("2022-2026H1", ["2022-01-01", "2026-06-30"]),
];

/// The daily prices of a case's `file`: of its `column`, else adjusted closes, else closes.
pub fn daily(inputs: Inputs<'_>) -> Result<Series, Problem> {
    let table = Table::of(inputs)?;
    let column = if inputs.has("column") {
        inputs.text("column")?
    } else if table.columns().any(|name| name == "adj_close") {
        "adj_close"
    } else {
        "close"
    };
    let times = table.column("date")?;
    Ok(Series::new(inputs.text("file")?, times, table.column(column)?)?)
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

/// Logarithmic returns within the window that a case names, or the full one.
pub fn windowed(inputs: Inputs<'_>) -> Result<Vec<f64>, Problem> {
    let name = if inputs.has("window") { inputs.text("window")? } else { "full" };
    let Some((_, [first, last])) = WINDOWS.iter().find(|(known, _)| *known == name) else {
        return problem(format!("window: expected full, 2018-2021 or 2022-2026H1, found {name:?}"));
    };
    let day = |text: &str| text.parse().map_err(|_| Problem(format!("no date: {text}")));
    Ok(daily(inputs)?.between(day(first)?, day(last)?).returns(Returns::Log))
}

fn percent(returns: &[f64]) -> Vec<f64> {
    returns.iter().map(|one| 100.0 * one).collect()
}
