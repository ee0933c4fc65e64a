//! The tables of a report as files: what it is of, each day, each breach, each cluster, each year.

use crate::failure::Failure;
use crate::output::csv_line;
use crate::screen::Screen;
use keelmark_backtest::report::{BacktestReport, LevelReport, RunReport};
use std::fs;
use std::path::Path;

/// Columns of the summary.
pub const SUMMARY: [&str; 29] = [
    "model",
    "model_digest",
    "book",
    "level",
    "days",
    "breaches",
    "expected",
    "worst_shortfall",
    "mean_shortfall",
    "clusters",
    "largest_cluster",
    "mean_cover",
    "least_cover",
    "most_cover",
    "peak_to_trough",
    "rise_1",
    "rise_5",
    "rise_30",
    "kupiec",
    "kupiec_p",
    "christoffersen",
    "christoffersen_p",
    "conditional",
    "conditional_p",
    "zone",
    "worst_zone",
    "most_breaches_250",
    "breaches_down",
    "breaches_up",
];

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number that may be absent.
    Number(Option<f64>),
}

/// A table with a name and columns.
pub struct Sheet {
    /// Name of its file, without the ending.
    pub name: &'static str,
    /// Names of its columns.
    pub columns: Vec<&'static str>,
    /// Rows as long as the columns.
    pub rows: Vec<Vec<Value>>,
}

impl Value {
    fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    fn number(number: f64) -> Self {
        Self::Number(Some(number))
    }

    fn cell(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.map_or_else(String::new, |number| number.to_string()),
        }
    }
}

/// Refuses at once what this build cannot write.
pub fn possible(parquet: bool) -> Result<(), Failure> {
    if parquet && !cfg!(feature = "parquet") {
        return Err(Failure::usage("--parquet: this build writes none")
            .next("cargo install --path crates/cli --features parquet"));
    }
    Ok(())
}

/// Writes every table into the directories that were asked for.
pub fn write(
    report: &BacktestReport,
    csv: Option<&str>,
    parquet: Option<&str>,
    screen: Screen,
) -> Result<(), Failure> {
    for (directory, ending) in [(csv, "csv"), (parquet, "parquet")] {
        let Some(directory) = directory else { continue };
        fs::create_dir_all(directory)
            .map_err(|error| Failure::failed(format!("{directory}: cannot create: {error}")))?;
        let sheets = sheets(report);
        for sheet in &sheets {
            let path = Path::new(directory).join(format!("{}.{ending}", sheet.name));
            if ending == "csv" { as_csv(sheet, &path) } else { as_parquet(sheet, &path) }?;
        }
        screen.note(&format!("{directory}: {} tables written as {ending}", sheets.len()));
    }
    Ok(())
}

fn as_csv(sheet: &Sheet, path: &Path) -> Result<(), Failure> {
    let mut text = csv_line(sheet.columns.iter().map(|name| (*name).to_owned()));
    for row in &sheet.rows {
        text.push_str(&csv_line(row.iter().map(Value::cell)));
    }
    fs::write(path, text)
        .map_err(|error| Failure::failed(format!("{}: cannot write: {error}", path.display())))
}

#[cfg(feature = "parquet")]
use super::parquet::write as as_parquet;

#[cfg(not(feature = "parquet"))]
fn as_parquet(_: &Sheet, _: &Path) -> Result<(), Failure> {
    possible(true)
}

/// Every table.
fn sheets(report: &BacktestReport) -> Vec<Sheet> {
    vec![
        summary(report),
        books(report),
        covers(report),
        breaches(report),
        clusters(report),
        years(report),
    ]
}

/// Each level of each run.
fn levels(report: &BacktestReport) -> impl Iterator<Item = (&RunReport, &LevelReport)> {
    report.runs.iter().flat_map(|run| run.levels.iter().map(move |level| (run, level)))
}

/// Model, book and level.
fn key(report: &BacktestReport, run: &RunReport, level: &LevelReport) -> Vec<Value> {
    let book = &report.books[run.book].book;
    [&run.model.name, book, &level.level].map(Value::text).to_vec()
}

fn summary_row(report: &BacktestReport, run: &RunReport, level: &LevelReport) -> Vec<Value> {
    let one = &level.summary;
    let count = |count: usize| Value::number(count as f64);
    let number = Value::number;
    let mut row = key(report, run, level);
    row.insert(1, Value::text(&run.model.digest));
    row.extend([count(one.days), count(one.breaches), number(one.expected)]);
    row.extend([one.worst_shortfall, one.mean_shortfall].map(number));
    row.extend([one.clusters, one.largest_cluster].map(count));
    row.extend([one.cycle.mean, one.cycle.least, one.cycle.most].map(number));
    let cycle = &one.cycle;
    row.extend(
        [cycle.peak_to_trough, cycle.rise_1, cycle.rise_5, cycle.rise_30].map(Value::Number),
    );
    for test in [&one.kupiec, &one.christoffersen, &one.conditional] {
        row.extend([test.statistic, test.p_value].map(number));
    }
    row.extend([&one.basel.zone, &one.basel.worst_zone].map(Value::text));
    row.push(count(one.basel.most_breaches));
    row.extend(one.tails.iter().map(|tail| count(tail.breaches)));
    row
}

fn summary(report: &BacktestReport) -> Sheet {
    let rows = levels(report).map(|(run, level)| summary_row(report, run, level)).collect();
    Sheet { name: "summary", columns: SUMMARY.to_vec(), rows }
}

/// The summary as text, for `--format csv`.
pub fn summary_rows(report: &BacktestReport) -> impl Iterator<Item = Vec<String>> {
    levels(report)
        .map(|(run, level)| summary_row(report, run, level).iter().map(Value::cell).collect())
}

fn books(report: &BacktestReport) -> Sheet {
    let mut rows = Vec::new();
    for book in &report.books {
        for (at, day) in book.days.iter().enumerate() {
            let mut row = vec![Value::text(&book.book), Value::text(day)];
            let columns = [&book.index, &book.notional, &book.loss, &book.moved];
            row.extend(columns.map(|column| Value::number(column[at])));
            rows.push(row);
        }
    }
    let columns = vec!["book", "day", "index", "notional", "loss", "moved"];
    Sheet { name: "books", columns, rows }
}

fn covers(report: &BacktestReport) -> Sheet {
    let mut rows = Vec::new();
    for (run, level) in levels(report) {
        let days = &report.books[run.book].days;
        for (day, cover) in days.iter().zip(&level.cover) {
            let mut row = key(report, run, level);
            row.extend([Value::text(day), Value::number(*cover)]);
            rows.push(row);
        }
    }
    Sheet { name: "cover", columns: vec!["model", "book", "level", "day", "cover"], rows }
}

fn breaches(report: &BacktestReport) -> Sheet {
    let mut rows = Vec::new();
    for (run, level) in levels(report) {
        for one in &level.breaches {
            let mut row = key(report, run, level);
            row.push(Value::text(&one.day));
            row.extend([one.cover, one.loss, one.shortfall].map(Value::number));
            row.extend([Value::text(&one.tail), Value::number(one.cluster as f64)]);
            rows.push(row);
        }
    }
    let columns =
        vec!["model", "book", "level", "day", "cover", "loss", "shortfall", "tail", "cluster"];
    Sheet { name: "breaches", columns, rows }
}

fn clusters(report: &BacktestReport) -> Sheet {
    let mut rows = Vec::new();
    for (run, level) in levels(report) {
        for one in &level.clusters {
            let mut row = key(report, run, level);
            row.extend([&one.from, &one.to].map(Value::text));
            row.push(Value::number(one.breaches as f64));
            row.extend([one.worst_shortfall, one.shortfall].map(Value::number));
            rows.push(row);
        }
    }
    let columns =
        vec!["model", "book", "level", "from", "to", "breaches", "worst_shortfall", "shortfall"];
    Sheet { name: "clusters", columns, rows }
}

fn years(report: &BacktestReport) -> Sheet {
    let mut rows = Vec::new();
    for (run, level) in levels(report) {
        for one in &level.summary.years {
            let mut row = key(report, run, level);
            row.extend(
                [f64::from(one.year), one.days as f64, one.breaches as f64].map(Value::number),
            );
            row.extend([one.worst_shortfall, one.mean].map(Value::number));
            rows.push(row);
        }
    }
    let columns =
        vec!["model", "book", "level", "year", "days", "breaches", "worst_shortfall", "mean_cover"];
    Sheet { name: "years", columns, rows }
}
