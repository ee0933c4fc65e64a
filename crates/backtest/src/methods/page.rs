//! The tables of docs/tail-methods.md.
//!
//! The page is prose with parts between two comments each; a part is replaced by what the code
//! finds, so that the prose can be edited and no number can be.

use super::near::near;
use super::options::Asked;
use super::{Case, DEFAULT, Run, Verdict};
use crate::error::BacktestError;
use crate::history::{self, DAY};
use keelmark_kernels::ln;
use keelmark_tail::Side;
use keelmark_tail::cycle;
use keelmark_tail::standard::STANDARD;
use keelmark_units::Timestamp;
use std::fmt::Write as _;

/// 2022-01-01: numbers were chosen with the days before in mind.
const LATER: i64 = 18_993;

/// Generated parts by name.
pub type Parts = Vec<(&'static str, String)>;

/// The page with some of its generated parts as the code finds them.
///
/// # Errors
/// When a part is missing from the page.
pub fn replaced(page: &str, parts: Parts) -> Result<String, BacktestError> {
    let mut page = page.to_owned();
    for (name, text) in parts {
        let begin = format!("<!-- generated: {name} -->\n");
        let end = "<!-- end -->";
        let from = page.find(&begin).map(|at| at + begin.len());
        let to = from.and_then(|from| page[from..].find(end).map(|at| from + at));
        let (Some(from), Some(to)) = (from, to) else {
            let problem = format!("has no part between {:?} and {end:?}", begin.trim());
            return Err(BacktestError::history("the page", problem, "put it back"));
        };
        page.replace_range(from..to, &format!("\n{text}\n"));
    }
    Ok(page)
}

/// The parts that take seconds.
///
/// # Errors
/// As the methods' own.
pub fn parts() -> Result<Parts, BacktestError> {
    let (cases, later) = cases()?;
    Ok(vec![
        ("methods", methods(&cases)?),
        ("periods", periods(&cases, later)?),
        ("near", neighbours(&cases)?),
        ("stretch", Asked::STRETCH.table()?),
    ])
}

/// The walks of all years, which take a minute on two cores.
pub const WALKS: [(&str, Asked<'static>); 3] =
    [("beside", Asked::BESIDE), ("long", Asked::LONG), ("flat", Asked::FLAT)];

/// The parts that take longer.
///
/// # Errors
/// As the walks' own.
pub fn walked() -> Result<Parts, BacktestError> {
    WALKS.into_iter().map(|(name, asked)| Ok((name, asked.table()?))).collect()
}

/// Both sides of the shipped series, and the first return of the later days.
///
/// # Errors
/// As [`Case::of`].
pub fn cases() -> Result<(Vec<Case>, usize), BacktestError> {
    let (mut cases, mut later) = (Vec::new(), 0);
    for history in history::shipped()? {
        let (days, closes) = history.columns();
        let returns: Vec<f64> = closes.windows(2).map(|pair| ln(pair[1] / pair[0])).collect();
        let first = Timestamp::from_nanos(LATER * DAY);
        later = days.partition_point(|day| *day < first).saturating_sub(1);
        for (side, word) in [(Side::Long, "long"), (Side::Short, "short")] {
            cases.push(Case::of(&format!("{} {word}", history.asset), returns.clone(), side)?);
        }
    }
    Ok((cases, later))
}

fn methods(cases: &[Case]) -> Result<String, BacktestError> {
    let mut text = String::new();
    for case in cases {
        let own = case.default()?;
        let _ = writeln!(
            text,
            "### {}\n\n| method | days | failures | mean | LR uc | LR ind | LR cc | p cc | peak to \
             trough | 5-day rise | worst shortfall | default costs |\n\
             | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
            case.name
        );
        for run in case.runs().iter().chain([&own]) {
            text.push_str(&row(run, &own)?);
        }
        text.push('\n');
    }
    text.pop();
    Ok(text)
}

fn row(run: &Run, own: &Run) -> Result<String, BacktestError> {
    let (coverage, cycle) = (&run.found.coverage, &run.found.cycle);
    let same = &own.margins[run.named.first - DEFAULT.first..];
    let costs = cycle::cost(same, &run.margins)?;
    let p = coverage.conditional.p_value;
    Ok(format!(
        "| {} | {} | {} | {:.2} % | {:.2} | {:.2} | {:.2} | {} | {:.2} | {:.2} \
         | {:.1} % | {:.3} |\n",
        run.named.name,
        coverage.steps,
        coverage.failures,
        cycle.mean * 100.0,
        coverage.unconditional.lr,
        coverage.independence.lr,
        coverage.conditional.lr,
        if run.found.passes() { format!("{p:.3}") } else { format!("{p:.3} fails") },
        cycle.peak_to_trough,
        cycle.rise_5,
        run.found.worst * 100.0,
        costs,
    ))
}

fn periods(cases: &[Case], later: usize) -> Result<String, BacktestError> {
    let mut text = "| | days | failures | p cc | mean | peak to trough | dearest beside |\n\
                    | --- | --: | --: | --: | --: | --: | --- |\n"
        .to_owned();
    for case in cases {
        let periods = [("to 2021", 0..later), ("from 2022", later..case.days().end)];
        for (word, days) in periods {
            let verdict = case.judge(&STANDARD, &days)?;
            let (coverage, cycle) = (&verdict.found.coverage, &verdict.found.cycle);
            let _ = writeln!(
                text,
                "| {}, {word} | {} | {} | {:.3} | {:.2} % | {:.2} | {:.3} of {} |",
                case.name,
                coverage.steps,
                coverage.failures,
                coverage.conditional.p_value,
                cycle.mean * 100.0,
                cycle.peak_to_trough,
                verdict.dearest,
                verdict.beside,
            );
        }
    }
    Ok(text)
}

fn neighbours(cases: &[Case]) -> Result<String, BacktestError> {
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    let mut text = format!(
        "| what is different | failures ({}) | least p cc | most peak to trough | most 5-day rise \
         | dearest ({}) |\n| --- | --- | --: | --: | --: | --- |\n",
        names.join(", "),
        names.join(", ")
    );
    for (what, model) in near() {
        let judged = |case: &Case| case.judge(&model, &case.days());
        let verdicts = cases.iter().map(judged).collect::<Result<Vec<_>, _>>()?;
        let most = |of: fn(&Verdict) -> f64| verdicts.iter().map(of).fold(0.0, f64::max);
        let listed = |of: fn(&Verdict) -> String| {
            let each: Vec<String> = verdicts.iter().map(of).collect();
            each.join(", ")
        };
        let p = verdicts.iter().map(|one| one.found.coverage.conditional.p_value);
        let _ = writeln!(
            text,
            "| {what} | {} | {:.3} | {:.2} | {:.2} | {} |",
            listed(|one| one.found.coverage.failures.to_string()),
            p.fold(1.0, f64::min),
            most(|one| one.found.cycle.peak_to_trough),
            most(|one| one.found.cycle.rise_5),
            listed(|one| format!("{:.3}", one.dearest)),
        );
    }
    Ok(text)
}
