//! A backtest as one page for a committee: what was tested, what held, what it cost, and where the
//! numbers are from. Pictures first where people look, tables where they read.

use super::text::ratio;
use crate::failure::Failure;
use crate::html::{Cell, Page};
use crate::svg::{Chart, Scale};
use keelmark_backtest::report::{
    BacktestReport, BookReport, BreachReport, LevelReport, RunReport, SummaryReport,
};

const BLUE: &str = "#0571b0";
const RED: &str = "#ca0020";
const GREY: &str = "#b8bec5";
/// Height of a picture's panel.
const TALL: usize = 220;
/// Breaches and clusters that are listed.
const LISTED: usize = 12;
/// The least share of losses that the tail plot shows.
const TAIL: f64 = 0.10;

/// The page of one level, `initial` or `maintenance`.
///
/// # Errors
/// When no model has the level.
pub fn page(report: &BacktestReport, level: &str) -> Result<String, Failure> {
    let history = &report.history;
    let mut page =
        Page::new(&format!("Backtest of {level} margin, {} to {}", history.from, history.to));
    let runs: Vec<(&RunReport, &LevelReport)> = report
        .runs
        .iter()
        .filter_map(|run| Some((run, run.levels.iter().find(|one| one.level == level)?)))
        .collect();
    if runs.is_empty() {
        let mut levels = report.runs.iter().flat_map(|run| &run.levels).map(|one| &one.level);
        let known = levels.next().map_or(String::new(), |one| format!(", such as {one}"));
        let text =
            format!("--level: expected a level of one of the models{known}, found {level:?}");
        return Err(Failure::usage(text));
    }
    lead(report, &runs, &mut page);
    models(&runs, &mut page);
    verdicts(report, &runs, &mut page);
    flags(&runs, &mut page);
    method(report, &mut page);
    for (at, book) in report.books.iter().enumerate() {
        let own: Vec<_> = runs.iter().filter(|(run, _)| run.book == at).copied().collect();
        if !own.is_empty() {
            section(report, book, &own, &mut page);
        }
    }
    page.note(&format!("Digest of histories, documents, books and settings: {}", report.digest));
    Ok(page.done())
}

fn lead(report: &BacktestReport, runs: &[(&RunReport, &LevelReport)], page: &mut Page) {
    let confidence = percent(report.settings.confidence);
    let failed = runs.iter().filter(|(_, level)| level.summary.conditional.rejected).count();
    page.said(&format!(
        "{} days; on each the margin was computed from what was known that day, and set against \
         the loss over the days that follow ({}). At {confidence} confidence conditional coverage \
         is rejected in {failed} of {} runs of a model on a book.",
        report.history.days,
        plain(report.settings.mpor_days),
        runs.len()
    ));
    for note in &report.notes {
        page.alarm(note);
    }
    for refused in &report.refused {
        page.alarm(&format!("{} on {}: not run. {}", refused.model, refused.book, refused.why));
    }
}

/// Each model over all its books.
fn models(runs: &[(&RunReport, &LevelReport)], page: &mut Page) {
    let mut names: Vec<&str> = Vec::new();
    for (run, _) in runs {
        if !names.contains(&run.model.name.as_str()) {
            names.push(&run.model.name);
        }
    }
    let rows = names.iter().map(|name| {
        let own: Vec<&SummaryReport> = runs
            .iter()
            .filter(|(run, _)| run.model.name == *name)
            .map(|(_, level)| &level.summary)
            .collect();
        let held = own.iter().filter(|one| !one.conditional.rejected).count();
        let breaches: usize = own.iter().map(|one| one.breaches).sum();
        let expected: f64 = own.iter().map(|one| one.expected).sum();
        let cost = own.iter().map(|one| one.cycle.mean).sum::<f64>() / own.len() as f64;
        let worst = own.iter().map(|one| one.worst_shortfall).fold(0.0, f64::max);
        let cycle = own.iter().filter_map(|one| one.cycle.peak_to_trough).fold(0.0, f64::max);
        vec![
            Cell::plain(*name),
            Cell::judged(format!("{held} of {}", own.len()), held == own.len()),
            Cell::plain(breaches.to_string()),
            Cell::plain(format!("{expected:.0}")),
            Cell::plain(percent(cost)),
            Cell::plain(percent(worst)),
            Cell::plain(ratio((cycle > 0.0).then_some(cycle))),
        ]
    });
    let rows = rows.collect();
    page.heading("Models");
    page.table(
        &[
            "model",
            "books held",
            "breaches",
            "expected",
            "mean cover",
            "worst shortfall",
            "peak to trough",
        ],
        rows,
    );
    page.note(
        "Held: conditional coverage is not rejected at 95 %. Cover and shortfall are shares of \
         notional; worst shortfall and peak to trough are those of the worst book.",
    );
}

/// Each model on each book.
fn verdicts(report: &BacktestReport, runs: &[(&RunReport, &LevelReport)], page: &mut Page) {
    let p = |test: &keelmark_backtest::report::TestReport| {
        let low = test.p_value < 0.001;
        let text = if low { "< 0.001".to_owned() } else { format!("{:.3}", test.p_value) };
        Cell::judged(text, !test.rejected)
    };
    let rows = runs.iter().map(|(run, level)| {
        let found = &level.summary;
        let calm = matches!(found.basel.worst_zone.as_str(), "" | "green");
        vec![
            Cell::plain(report.books[run.book].book.as_str()),
            Cell::words(run.model.name.as_str()),
            verdict(found),
            Cell::plain(found.breaches.to_string()),
            Cell::plain(format!("{:.1}", found.expected)),
            p(&found.kupiec),
            p(&found.christoffersen),
            p(&found.conditional),
            Cell::judged(found.basel.worst_zone.as_str(), calm),
            Cell::plain(percent(found.cycle.mean)),
            Cell::plain(ratio(found.cycle.peak_to_trough)),
            Cell::plain(ratio(found.cycle.rise_5)),
            Cell::plain(percent(found.worst_shortfall)),
        ]
    });
    let rows = rows.collect();
    page.heading("Every run");
    page.table(
        &[
            "book",
            "model",
            "verdict",
            "breaches",
            "expected",
            "p count",
            "p apart",
            "p both",
            "worst zone",
            "mean cover",
            "peak to trough",
            "5-day rise",
            "worst shortfall",
        ],
        rows,
    );
    page.note(
        "p: how often chance alone gives as bad a count (Kupiec), as many breaches one after \
         another (Christoffersen), or both (conditional coverage); below 0.05 is rejected. Worst \
         zone: the supervisors' traffic light over any 250 days. Too thin: more breaches than \
         promised. Too dear: fewer, so cover is paid for that is never used. Clustered: as many \
         as promised, but together.",
    );
}

/// Conditional coverage in a word.
fn verdict(found: &SummaryReport) -> Cell {
    if !found.conditional.rejected {
        return Cell::judged("held", true);
    }
    let why = if !found.kupiec.rejected {
        "clustered"
    } else if (found.breaches as f64) < found.expected {
        "too dear"
    } else {
        "too thin"
    };
    Cell::judged(why, false)
}

/// What models fell back to, once a model whatever its books.
fn flags(runs: &[(&RunReport, &LevelReport)], page: &mut Page) {
    let mut said: Vec<String> = Vec::new();
    for (run, _) in runs {
        for flag in &run.flags {
            let model = &run.model.name;
            let text = format!("{model}, {} days from {}: {}", flag.days, flag.day, flag.text);
            if !said.contains(&text) {
                said.push(text);
            }
        }
    }
    if said.is_empty() {
        return;
    }
    page.heading("What models fell back to");
    said.iter().for_each(|text| page.note(text));
}

/// Where every number is from.
fn method(report: &BacktestReport, page: &mut Page) {
    page.heading("What was walked through");
    let rows = report.history.series.iter().map(|one| {
        vec![
            Cell::plain(format!("{} {}", one.asset, one.factor)),
            Cell::plain(one.days.to_string()),
            Cell::plain(one.from.as_str()),
            Cell::plain(one.to.as_str()),
            Cell::words(one.source.as_str()),
        ]
    });
    page.table(&["series", "values", "from", "to", "source"], rows.collect());
    for one in &report.history.series {
        for finding in &one.findings {
            page.alarm(&format!("{} {}: {finding}", one.asset, one.factor));
        }
    }
    let settings = &report.settings;
    page.said(&format!(
        "Losses over {} days, {} of them latency; the first {} days only feed the models; draws \
         begin at seed {}.",
        plain(settings.mpor_days),
        plain(settings.latency_days),
        settings.warmup_days,
        settings.seed
    ));
    for rule in &settings.rules {
        page.note(rule);
    }
}

/// A book: its pictures, one pair a model, and where its margin failed.
fn section(
    report: &BacktestReport,
    book: &BookReport,
    runs: &[(&RunReport, &LevelReport)],
    page: &mut Page,
) {
    page.heading(&book.book);
    page.said(&book.about);
    for (run, level) in runs {
        page.picture(&through_time(book, run, level));
        page.picture(&tail(report, book, run, level));
        years(level, page);
        breaches(book, level, page);
    }
}

/// Cover against loss through time, both as shares of notional, with a mark at each breach.
fn through_time(book: &BookReport, run: &RunReport, level: &LevelReport) -> String {
    let share = |amounts: &[f64]| -> Vec<(f64, f64)> {
        let sized = amounts.iter().zip(&book.notional).enumerate();
        sized
            .filter(|(_, (_, notional))| **notional > 0.0)
            .map(|(at, (amount, notional))| (at as f64, amount / notional))
            .collect()
    };
    let (cover, loss) = (share(&level.cover), share(&book.loss));
    let most = cover.iter().chain(&loss).map(|point| point.1).fold(0.0, f64::max);
    let last = book.days.len().saturating_sub(1).max(1) as f64;
    let title =
        format!("{} on {}: margin against loss, share of notional", run.model.name, book.book);
    let across = Scale::with(0.0, last, turns_of_years(&book.days));
    let mut chart = Chart::new(&title, TALL, across, Scale::round(0.0, most, 5, percent));
    chart.bars(&loss, GREY);
    chart.line(&cover, BLUE, 1.6);
    let marks: Vec<(f64, f64, String)> =
        level.breaches.iter().map(|one| (one.at as f64, share_of(book, one), said(one))).collect();
    chart.dots(&marks, RED, 3.5);
    for (name, at) in extremes(&cover) {
        chart.dots(&[(at.0, at.1, format!("{name} {}", percent(at.1)))], BLUE, 4.0);
    }
    chart.named("cover", BLUE);
    chart.named("loss", GREY);
    chart.named(&format!("breach ({})", level.breaches.len()), RED);
    let cycle = ratio(level.summary.cycle.peak_to_trough);
    chart.named(&format!("dots on the line: peak and trough, {cycle} times apart"), BLUE);
    chart.done()
}

fn share_of(book: &BookReport, one: &BreachReport) -> f64 {
    let notional = book.notional.get(one.at).copied().unwrap_or(0.0);
    if notional > 0.0 { one.loss / notional } else { 0.0 }
}

fn said(one: &BreachReport) -> String {
    format!("{}: loss beyond cover by {} of notional", one.day, percent(one.shortfall))
}

/// Peak and trough of a curve.
fn extremes(cover: &[(f64, f64)]) -> Vec<(&'static str, (f64, f64))> {
    let peak = cover.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1));
    let trough = cover.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1));
    peak.map(|at| ("peak", at)).into_iter().chain(trough.map(|at| ("trough", at))).collect()
}

/// The place of each first day of a year.
fn turns_of_years(days: &[String]) -> Vec<(f64, String)> {
    let year = |day: &String| day.get(..4).unwrap_or("").to_owned();
    let pairs = days.windows(2).enumerate();
    let turns = pairs.filter(|(_, pair)| year(&pair[0]) != year(&pair[1]));
    turns.map(|(at, pair)| ((at + 1) as f64, year(&pair[1]))).collect()
}

/// Losses over cover in order, against how rarely they should be so large: at the confidence the
/// dots should pass one.
fn tail(
    report: &BacktestReport,
    book: &BookReport,
    run: &RunReport,
    level: &LevelReport,
) -> String {
    let covered = book.loss.iter().zip(&level.cover).filter(|(_, cover)| **cover > 0.0);
    let mut ratios: Vec<f64> = covered.map(|(loss, cover)| loss / cover).collect();
    ratios.sort_by(|a, b| b.total_cmp(a));
    let count = ratios.len();
    let shown = ((count as f64 * TAIL) as usize).min(count);
    // How rare the i-th largest of n is expected to be, in powers of ten.
    let rarity = |at: usize| -libm::log10((at as f64 + 0.5) / count.max(1) as f64);
    let points: Vec<(f64, f64, String)> = ratios[..shown]
        .iter()
        .enumerate()
        .map(|(at, ratio)| (rarity(at), ratio.max(0.0), format!("{ratio:.2} times the cover")))
        .collect();
    let most = points.iter().map(|point| point.1).fold(1.2, f64::max);
    let (low, high) = (-libm::log10(TAIL), rarity(0).max(-libm::log10(TAIL) + 1.0));
    let ticks = [0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
    let ticks = ticks.iter().map(|share| (-libm::log10(*share), percent(*share)));
    let across = Scale::with(low, high, ticks.filter(|tick| tick.0 <= high).collect());
    let title = format!(
        "{} on {}: the tail. Largest losses over their cover, by how rare they should be",
        run.model.name, book.book
    );
    let times = |value: f64| format!("{value:.1}");
    let mut chart = Chart::new(&title, TALL, across, Scale::round(0.0, most, 5, times));
    let at = -libm::log10(1.0 - report.settings.confidence);
    chart.rule((low, 1.0), (high, 1.0), BLUE);
    chart.rule((at, 0.0), (at, f64::MAX), BLUE);
    chart.dots(&points, RED, 2.5);
    chart.named("loss over cover", RED);
    chart.named("dashed: cover, and the confidence; the dots should cross where they cross", BLUE);
    chart.done()
}

fn years(level: &LevelReport, page: &mut Page) {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for one in &level.summary.years {
        rows.push(counted(
            &one.year.to_string(),
            one.days,
            one.breaches,
            one.worst_shortfall,
            Some(one.mean),
        ));
    }
    for one in &level.summary.tails {
        let name = format!("price {}", one.tail);
        rows.push(counted(&name, one.days, one.breaches, one.worst_shortfall, None));
    }
    page.table(&["part", "days", "breaches", "worst shortfall", "mean cover"], rows);
}

fn counted(name: &str, days: usize, breaches: usize, worst: f64, mean: Option<f64>) -> Vec<Cell> {
    vec![
        Cell::plain(name),
        Cell::plain(days.to_string()),
        Cell::plain(breaches.to_string()),
        Cell::plain(if breaches == 0 { String::new() } else { percent(worst) }),
        Cell::plain(mean.map_or(String::new(), percent)),
    ]
}

/// The largest breaches, and how many there are besides.
fn breaches(book: &BookReport, level: &LevelReport, page: &mut Page) {
    let mut worst: Vec<&BreachReport> = level.breaches.iter().collect();
    worst.sort_by(|a, b| b.shortfall.total_cmp(&a.shortfall));
    let row = |one: &&BreachReport| {
        let cluster = level.clusters.get(one.cluster);
        vec![
            Cell::plain(one.day.as_str()),
            Cell::plain(one.tail.as_str()),
            Cell::plain(percent(share_of(book, one))),
            Cell::plain(percent(share_of(book, one) - one.shortfall)),
            Cell::judged(percent(one.shortfall), false),
            Cell::plain(cluster.map_or(String::new(), |one| one.breaches.to_string())),
        ]
    };
    if worst.is_empty() {
        return;
    }
    let rows = worst.iter().take(LISTED).map(row).collect();
    page.table(&["breach", "price", "loss", "cover", "shortfall", "in its cluster"], rows);
    if worst.len() > LISTED {
        page.note(&format!("The {LISTED} largest of {} breaches.", worst.len()));
    }
}

fn percent(share: f64) -> String {
    let size = (share * 100.0).abs();
    let places = if size >= 9.995 || size == 0.0 { 1 } else { 2 };
    let text = format!("{:.places$}", share * 100.0);
    let short =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{short} %")
}

fn plain(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_backtest::report::{
        ClusterReport, CycleReport, HistoryReport, LevelReport, ModelReport, SettingsReport,
        TailReport, TestReport, YearReport,
    };

    fn summary(breaches: usize) -> SummaryReport {
        let test = TestReport { statistic: 7.1, p_value: 0.0288, rejected: true };
        let mut summary = SummaryReport {
            days: 1_000,
            breaches,
            expected: 10.0,
            worst_shortfall: 0.04,
            conditional: test,
            cycle: CycleReport { mean: 0.15, peak_to_trough: Some(2.1), ..CycleReport::default() },
            years: vec![YearReport { year: 2020, days: 365, ..YearReport::default() }],
            tails: vec![TailReport { tail: "down".to_owned(), ..TailReport::default() }],
            ..SummaryReport::default()
        };
        summary.kupiec.p_value = 0.4;
        summary.christoffersen.p_value = 0.6;
        summary
    }

    /// A thousand days of one book, with three breaches in two clusters.
    fn report() -> BacktestReport {
        let days: Vec<String> =
            (0..1_000).map(|at| format!("{}-01-{:02}", 2020 + at / 365, 1 + at % 28)).collect();
        let wave = |at: usize| libm::sin(at as f64 / 7.0) * (1.0 + at as f64 / 900.0);
        let loss: Vec<f64> =
            (0..1_000).map(|at| 400.0 * wave(at) * if at % 97 == 0 { 4.0 } else { 1.0 }).collect();
        let cover: Vec<f64> = (0..1_000).map(|at| 1_500.0 + 500.0 * wave(at / 90)).collect();
        let breaches: Vec<BreachReport> = (0..1_000)
            .filter(|at| loss[*at] > cover[*at])
            .map(|at| BreachReport {
                at,
                day: days[at].clone(),
                cover: cover[at],
                loss: loss[at],
                shortfall: (loss[at] - cover[at]) / 1e4,
                tail: "down".to_owned(),
                cluster: 0,
            })
            .collect();
        assert!(!breaches.is_empty());
        let summary = summary(breaches.len());
        let level = LevelReport {
            level: "initial".to_owned(),
            cover,
            breaches,
            clusters: vec![ClusterReport { breaches: 2, ..ClusterReport::default() }],
            summary,
        };
        let name = "<cross>".to_owned();
        let model = ModelReport { name, version: "1".into(), digest: "d".into(), dynamic: false };
        BacktestReport {
            schema: "keelmark/backtest/1".to_owned(),
            digest: "00".to_owned(),
            history: HistoryReport {
                from: "2020-01-01".to_owned(),
                to: "2022-09-26".to_owned(),
                days: 1_000,
                series: Vec::new(),
            },
            settings: SettingsReport {
                confidence: 0.99,
                mpor_days: 1.0,
                latency_days: 0.0,
                warmup_days: 365,
                seed: 1,
                rules: vec!["A rule.".to_owned()],
            },
            books: vec![BookReport {
                book: "outright".to_owned(),
                assets: vec!["BTC".to_owned()],
                about: "One coin.".to_owned(),
                index: vec![1e4; 1_000],
                notional: vec![1e4; 1_000],
                moved: vec![0.0; 1_000],
                days,
                loss,
            }],
            runs: vec![RunReport { model, book: 0, levels: vec![level], flags: Vec::new() }],
            refused: Vec::new(),
            notes: vec!["Too short to say more.".to_owned()],
        }
    }

    #[test]
    fn a_page_stands_alone_and_says_what_failed() {
        let text = page(&report(), "initial").unwrap();
        assert!(text.contains("rejected in 1 of 1 runs"));
        assert!(text.contains("<td class=\"bad\">0 of 1</td>"));
        assert!(text.contains("&lt;cross&gt; on outright: margin against loss"));
        assert!(text.contains("Too short to say more."));
        assert!(!text.contains("<cross>") && !text.contains("src=") && !text.contains("href="));
        let marks = text.matches("loss beyond cover by").count();
        assert_eq!(marks, report().runs[0].levels[0].breaches.len());
    }

    #[test]
    fn a_level_that_nobody_has_is_refused() {
        let said = page(&report(), "other").unwrap_err().text;
        assert!(said.contains("such as initial"), "{said}");
    }

    #[test]
    fn shares_are_written_short() {
        let all = [0.0, 0.05, 0.0123, 0.125, 1.5, 0.0002].map(percent);
        assert_eq!(all, ["0 %", "5 %", "1.23 %", "12.5 %", "150 %", "0.02 %"]);
    }
}
