//! Runs the simulation for so many commands of one seed, or seed after seed for so many hours.
//!
//! ```text
//! cargo run --release -p sim -- --seed 7 --commands 1000000   one seed, so many commands
//! cargo run --release -p sim -- --hours 8                     seeds 1, 2 ... until time is over
//! cargo run --release -p sim -- --hours 8 --seed 1000         seeds 1000, 1001, ...
//! cargo run --release -p sim -- --accounts 2000               at most so many accounts, 200 if not
//! ```
//!
//! With `--hours`, `--commands` is the length of each seed, and one line a seed goes to standard
//! output. Progress, and at the end what was accepted and refused of
//! each command, go to standard error. A run stops at the first violation and says its seed
//! and step; the same seed with the same `--accounts` finds it again. The last line says commands,
//! faults injected, violations and state root (of the last seed); the exit code is 0 only without
//! violations, and 2 where the arguments are no arguments.

use sim::run::Report;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Commands between two lines of progress.
const TOLD_EVERY: u64 = 100_000;

struct Arguments {
    commands: u64,
    seed: u64,
    accounts: usize,
    /// How long seeds follow each other; absent for one seed.
    hours: Option<f64>,
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let all = seeds(&arguments);
    for violation in &all.violations {
        println!("{violation}");
    }
    for (name, (accepted, refused)) in &all.kinds {
        eprintln!("{name}: {accepted} accepted, {refused} refused");
    }
    println!("{}", line(&all));
    if all.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One seed, or one after the other until the time is over; what all of them found.
fn seeds(arguments: &Arguments) -> Report {
    let started = Instant::now();
    let most = arguments.hours.map(|hours| Duration::from_secs_f64(hours * 3_600.0));
    let is_over = || most.is_some_and(|most| started.elapsed() >= most);
    let mut all = Report::default();
    let mut seed = arguments.seed;
    loop {
        let before = all.commands;
        let mut next = TOLD_EVERY;
        let report = sim::run::run(seed, arguments.commands, arguments.accounts, |done| {
            if done >= next {
                next += TOLD_EVERY;
                let seconds = started.elapsed().as_secs_f64();
                let done = before + done;
                eprintln!("seed {seed}: {done} commands, {:.0} a second", done as f64 / seconds);
            }
            !is_over()
        });
        if most.is_some() {
            println!("seed {seed}: {}", line(&report));
        }
        all.add(report);
        if most.is_none() || is_over() || !all.violations.is_empty() {
            return all;
        }
        seed += 1;
    }
}

fn line(report: &Report) -> String {
    format!(
        "{} commands ({} refused), {} faults injected, {} violations, state root {}",
        report.commands,
        report.refused,
        report.faults,
        report.violations.len(),
        report.root
    )
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut out = Arguments { commands: 100_000, seed: 1, accounts: 200, hours: None };
    while let Some(word) = given.next() {
        let text = given.next().unwrap_or_default();
        let number =
            || text.parse().map_err(|_| format!("{word}: expected a whole number, found {text:?}"));
        match word.as_str() {
            "--commands" => out.commands = number()?,
            "--seed" => out.seed = number()?,
            "--accounts" => out.accounts = number()? as usize,
            "--hours" => out.hours = Some(hours(&text)?),
            other => {
                let known = "--commands, --seed, --accounts or --hours";
                return Err(format!("expected {known}, found {other}"));
            }
        }
    }
    Ok(out)
}

fn hours(text: &str) -> Result<f64, String> {
    let found = text.parse().ok().filter(|hours: &f64| *hours > 0.0 && *hours <= 10_000.0);
    found.ok_or_else(|| format!("--hours: expected hours above 0, at most 10000, found {text:?}"))
}
