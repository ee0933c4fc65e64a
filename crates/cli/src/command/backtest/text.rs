//! A backtest in words: a line a model, a book and a level, then what broke and what did not go
//! together.

use crate::number::relative;
use crate::output::Records;
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph, shortened};
use keelmark_backtest::report::{BacktestReport, LevelReport, RefusedReport, RunReport};
use std::fmt::Write as _;

/// Worst breaches that are told one by one.
const WORST: usize = 5;
/// Letters of a book's name in a table.
const NAME: usize = 20;

/// Everything.
pub fn table(report: &BacktestReport, screen: Screen) -> String {
    let mut out = heading(report);
    for runs in by_model(report) {
        let _ = write!(out, "\n{}", model(report, &runs, screen));
    }
    let worst = worst(report, screen);
    if !worst.is_empty() {
        let _ = write!(out, "\n{worst}");
    }
    let refused = refused(&report.refused);
    if !refused.is_empty() {
        let _ = write!(out, "\n{refused}");
    }
    let _ = write!(out, "\n{}", paragraph("  ", &reading(report)));
    out
}

fn heading(report: &BacktestReport) -> String {
    let (history, settings) = (&report.history, &report.settings);
    let title = format!("backtest {} · {} to {}", report.digest, history.from, history.to);
    let latency = if settings.latency_days > 0.0 { ", latency included" } else { "" };
    let said = format!(
        "{} days, each margin against the loss of the same contracts {} later{latency}; {} wanted",
        history.days,
        days(settings.mpor_days),
        percent(settings.confidence, 1)
    );
    paragraph("", &title) + &paragraph("  ", &said)
}

fn days(days: f64) -> String {
    let text = format!("{days:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "1" { "a day".to_owned() } else { format!("{text} days") }
}

/// Runs of one model each, in their order.
fn by_model(report: &BacktestReport) -> Vec<Vec<&RunReport>> {
    let mut found: Vec<Vec<&RunReport>> = Vec::new();
    for run in &report.runs {
        match found.last_mut() {
            Some(own) if own[0].model == run.model => own.push(run),
            _ => found.push(vec![run]),
        }
    }
    found
}

fn model(report: &BacktestReport, runs: &[&RunReport], screen: Screen) -> String {
    let model = &runs[0].model;
    let made = if model.dynamic { ", made anew for each day" } else { "" };
    let mut out = paragraph("  ", &format!("{} {}{made}", model.name, model.version));
    let mut table = Table::new(&[
        ("Book", Align::Left),
        ("Level", Align::Left),
        ("Brea-\nches", Align::Right),
        ("Worst\nshort", Align::Right),
        ("Clus-\nters", Align::Right),
        ("Mean\ncover", Align::Right),
        ("Peak /\ntrough", Align::Right),
        ("5 day\nrise", Align::Right),
        ("Cover-\nage p", Align::Right),
        ("Year", Align::Left),
    ]);
    for run in runs {
        for (at, level) in run.levels.iter().enumerate() {
            let book = if at == 0 { report.books[run.book].book.as_str() } else { "" };
            table.row(row(book, level));
        }
    }
    out.push_str(&table.text(screen.colour));
    for flag in &runs[0].flags {
        let said = format!("{} from {} on: {}", day_count(flag.days), flag.day, flag.text);
        out.push_str(&paragraph("  flag: ", &said));
    }
    out
}

fn day_count(days: usize) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn row(book: &str, level: &LevelReport) -> [Cell; 10] {
    let summary = &level.summary;
    let conditional = &summary.conditional;
    let tone = if conditional.rejected { Tone::Bad } else { Tone::Plain };
    let zone = match summary.basel.worst_zone.as_str() {
        "red" => Cell::toned("red", Tone::Bad),
        "yellow" => Cell::toned("yellow", Tone::Warn),
        other => other.into(),
    };
    let short = if level.level == "maintenance" { "mainten." } else { &level.level };
    [
        shortened(book, NAME).into(),
        short.into(),
        summary.breaches.to_string().into(),
        if summary.breaches == 0 { "-".into() } else { percent(summary.worst_shortfall, 1).into() },
        summary.clusters.to_string().into(),
        percent(summary.cycle.mean, 1).into(),
        ratio(summary.cycle.peak_to_trough).into(),
        ratio(summary.cycle.rise_5).into(),
        Cell::toned(p_value(conditional.p_value), tone),
        zone,
    ]
}

fn percent(number: f64, places: usize) -> String {
    format!("{:.places$} %", number * 100.0)
}

/// A ratio of two covers; one of next to nothing says no more than that it is large.
pub(super) fn ratio(number: Option<f64>) -> String {
    match number {
        None => "-".to_owned(),
        Some(number) if number >= 999.995 => "> 999".to_owned(),
        Some(number) => format!("{number:.2}"),
    }
}

fn p_value(number: f64) -> String {
    if number < 0.000_5 { "< 0.001".to_owned() } else { format!("{number:.3}") }
}

/// The worst breaches of all maintenance levels.
fn worst(report: &BacktestReport, screen: Screen) -> String {
    let mut all: Vec<_> = report
        .runs
        .iter()
        .filter_map(|run| Some((run, run.levels.last()?)))
        .flat_map(|(run, level)| level.breaches.iter().map(move |breach| (run, breach)))
        .collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort_by(|a, b| b.1.shortfall.total_cmp(&a.1.shortfall));
    let mut table = Table::new(&[
        ("Worst below\nmaintenance", Align::Left),
        ("Model", Align::Left),
        ("Book", Align::Left),
        ("Price", Align::Right),
        ("Cover", Align::Right),
        ("Loss", Align::Right),
        ("Short", Align::Right),
    ]);
    for (run, breach) in all.iter().take(WORST) {
        let book = &report.books[run.book];
        let rate = |amount: f64| percent(amount / book.notional[breach.at], 1);
        let moved = keelmark_kernels::exp(book.moved[breach.at]) - 1.0;
        table.row([
            breach.day.as_str().into(),
            shortened(&run.model.name, 16).into(),
            shortened(&book.book, NAME).into(),
            relative(moved).into(),
            rate(breach.cover).into(),
            rate(breach.loss).into(),
            percent(breach.shortfall, 1).into(),
        ]);
    }
    table.text(screen.colour)
}

/// Models and books that do not go together: a line a model.
fn refused(all: &[RefusedReport]) -> String {
    let mut out = String::new();
    let mut names: Vec<&str> = all.iter().map(|one| one.model.as_str()).collect();
    names.dedup();
    for name in names {
        let own: Vec<&RefusedReport> = all.iter().filter(|one| one.model == name).collect();
        let books: Vec<&str> = own.iter().map(|one| one.book.as_str()).collect();
        let first = own.first().map_or("", |one| one.why.as_str());
        let said = format!("{} ({first})", books.join(", "));
        out.push_str(&paragraph(&format!("  {name} cannot margin: "), &said));
    }
    out
}

fn reading(report: &BacktestReport) -> String {
    let mut said = vec![
        "Cover is the requirement and what haircuts hold back, as a share of notional; a breach is \
         a loss beyond it. p is that of conditional coverage: below 0.05 breaches came too \
         often, too seldom or one upon another. Year is the worst traffic light of any 250 days."
            .to_owned(),
    ];
    said.push(format!("Not from history: {}.", report.settings.rules.join("; ")));
    said.join(" ")
}

/// A row for each model, book and level.
pub fn records(report: &BacktestReport) -> Records {
    let mut records = Records::new(&super::tables::SUMMARY);
    for row in super::tables::summary_rows(report) {
        records.row(row);
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_to_next_to_nothing_is_short() {
        assert_eq!([None, Some(3.174), Some(6e9)].map(ratio), ["-", "3.17", "> 999"]);
    }
}
