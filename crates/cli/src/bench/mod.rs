//! `keelmark bench`: speed as ratios in one run, each against something measured beside it.
//!
//! Absolute rates depend on the machine and the hour; ratios travel. Numerator and denominator take
//! turns in one loop on the thread's own CPU clock, and the median of eleven turns counts. Nothing
//! here asserts a speed: a slow machine must not fail a test.

mod accounts;
mod clock;
mod data;
mod listed;
mod naive;
mod netting;
mod pricing;
mod sensitivities;
mod tail;
mod whatif;

use crate::failure::Failure;
use crate::output::Answer;
use keelmark_kernels::Width;
use serde::Serialize;

/// One measured figure.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// What one operation includes.
    pub work: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is compared with, measured in the same run.
    pub against: String,
    /// How it compares: above 1 is better than what it is against.
    pub ratio: f64,
    /// The ratio that is held.
    pub hold: f64,
}

/// Runs every bench.
pub fn run(json: bool, progress: impl Fn(&str)) -> Result<Answer, Failure> {
    let mut figures = Vec::new();
    progress("Black-76 with Greeks");
    figures.push(pricing::greeks());
    progress("risk table");
    figures.extend(pricing::table()?);
    progress("netting of one million accounts");
    figures.extend(netting::run());
    progress("what-if on a prepared account");
    figures.extend(whatif::run()?);
    progress("accounts over one table");
    figures.extend(accounts::run()?);
    progress("margins from joint scenarios");
    figures.extend(tail::run()?);
    progress("sensitivities-based margin from text");
    figures.extend(sensitivities::run()?);
    progress("a risk-parameter file of 50 MB");
    figures.push(listed::run()?);
    progress("bits at every vector width");
    figures.push(bits());
    if json {
        let lines: Result<Vec<String>, _> = figures.iter().map(serde_json::to_string).collect();
        let lines = lines.map_err(|error| Failure::failed(error.to_string()))?;
        return Ok(format!("{}\n", lines.join("\n")).into());
    }
    Ok(table(&figures).into())
}

/// How many widths give the bits of the first, out of those this machine has.
fn bits() -> Figure {
    let widths = Width::available();
    let same = widths.iter().filter(|width| data::bits_equal(**width, widths[0])).count();
    let names: Vec<String> = widths.iter().map(ToString::to_string).collect();
    Figure {
        name: "bits".into(),
        work: "prices, rows and sums compared bit by bit".into(),
        value: same as f64,
        unit: "widths",
        against: names.join(", "),
        ratio: same as f64 / widths.len() as f64,
        hold: 1.0,
    }
}

fn table(figures: &[Figure]) -> String {
    use std::fmt::Write as _;
    let mut out = format!(
        "keelmark bench · {} · {} threads · medians of {} turns on the thread's CPU clock\n\n",
        Width::best(),
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        clock::TURNS,
    );
    for one in figures {
        let mark = if one.ratio >= one.hold { "ok" } else { "below" };
        let _ = writeln!(
            out,
            "{:<34} {:>12.3} {:<12} {:>8.2} x  (hold {:.2}) {mark}\n    {}\n    against {}\n",
            one.name, one.value, one.unit, one.ratio, one.hold, one.work, one.against
        );
    }
    out
}
