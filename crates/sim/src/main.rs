//! Runs the simulation for so many commands of one seed, or seed after seed for so many hours.
//!
//! ```text
//! cargo run --release -p sim -- --seed 7 --commands 1000000   one seed, so many commands
//! cargo run --release -p sim -- --hours 8                     seeds 1, 2 ... until time is over
//! cargo run --release -p sim -- --hours 8 --seed 1000         seeds 1000, 1001, ...
//! cargo run --release -p sim -- --accounts 2000               at most so many accounts, 200 if not
//! cargo run --release -p sim -- --incidents                   days that must be survived
//! cargo run --release -p sim -- --incident NAME               one of them, with its main events
//! cargo run --release -p sim -- --keepers [FILE] [--paths N] [--seed S]
//! ```
//!
//! `--keepers`, which comes first, plays a game around liquidations (`keelmark game`; the sample
//! unless a file is given): theory, play and engine in one table, on the game's own paths and seed
//! unless told.
//!
//! With `--incidents` the last line is `N passed, M failed`, and the exit code 0 only if none
//! failed.
//!
//! With `--hours`, `--commands` is the length of each seed, and one line a seed goes to standard
//! output. Progress, and at the end what was accepted and refused of
//! each command, go to standard error. A run stops at the first violation and says its seed
//! and step; the same seed with the same `--accounts` finds it again. The last line says commands,
//! faults injected, violations and state root (of the last seed); the exit code is 0 only without
//! violations, and 2 where the arguments are no arguments.

mod arguments;

use arguments::{Asked, Seeds};
use sim::incidents::{ALL, Incident, Outcome, report};
use sim::keepers::table::Table;
use sim::run::Report;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Commands between two lines of progress.
const TOLD_EVERY: u64 = 100_000;

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    if given.first().is_some_and(|first| first == "--keepers") {
        return match keepers(&given[1..]) {
            Ok(table) => {
                print!("{table}");
                ExitCode::SUCCESS
            }
            Err(problem) => wrong(&problem),
        };
    }
    match arguments::read(given.into_iter()) {
        Ok(Asked::Seeds(asked)) => simulate(&asked),
        Ok(Asked::Incidents(name, seed)) => replay(name.as_deref(), seed),
        Err(problem) => wrong(&problem),
    }
}

fn wrong(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::from(2)
}

/// All incidents, or one with its main events.
fn replay(name: Option<&str>, seed: u64) -> ExitCode {
    let chosen: Vec<Incident> =
        ALL.iter().copied().filter(|one| name.is_none_or(|name| name == one.name)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = ALL.iter().map(|one| one.name).collect();
        return wrong(&format!("--incident: expected one of {}", known.join(", ")));
    }
    let mut outcomes = Vec::new();
    for incident in chosen {
        eprintln!("{}", incident.name);
        outcomes.push(incident.replay(seed));
    }
    if name.is_some() {
        outcomes.iter().for_each(|outcome| println!("{}", report::one(outcome)));
    }
    print!("{}", report::table(&outcomes));
    let problems: Vec<String> = outcomes.iter().flat_map(Outcome::problems).collect();
    problems.iter().for_each(|problem| println!("{problem}"));
    println!("{}", report::count(&outcomes));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Seeds against the reference.
fn simulate(arguments: &Seeds) -> ExitCode {
    let all = seeds(arguments);
    for violation in &all.violations {
        println!("{violation}");
    }
    for (name, (accepted, refused)) in &all.kinds {
        eprintln!("{name}: {accepted} accepted, {refused} refused");
    }
    println!("{}", line(&all));
    if all.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A game as theory, as play, and as an engine plays it.
fn keepers(given: &[String]) -> Result<Table, String> {
    let (mut file, mut paths, mut seed) = (None, None, None);
    let mut words = given.iter();
    while let Some(word) = words.next() {
        let to = match word.as_str() {
            "--paths" => &mut paths,
            "--seed" => &mut seed,
            name if file.is_none() && !name.starts_with("--") => {
                file = Some(name);
                continue;
            }
            other => return Err(format!("expected a file, --paths or --seed, found {other}")),
        };
        let text = words.next().map_or("", String::as_str);
        let number = text.parse().ok();
        *to = Some(number.ok_or(format!("{word}: expected a whole number, found {text:?}"))?);
    }
    let text = match file {
        Some(file) => std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?,
        None => sim::keepers::SAMPLE.to_owned(),
    };
    let game = sim::keepers::game(file.unwrap_or("game.toml (embedded)"), &text, paths, seed)?;
    sim::keepers::run(&game)
}

/// One seed, or one after the other until the time is over; what all of them found.
fn seeds(arguments: &Seeds) -> Report {
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
