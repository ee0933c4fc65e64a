//! `cargo run --release -p fuzz -- [TARGET|all] [--seconds N] [--seed S]`: the long run.
//!
//! Time is divided between the targets. A panic is printed with its seed, target and input, and
//! the exit code is 1.

use fuzz::{Limit, TARGETS, Target, run};
use std::process::ExitCode;
use std::time::Duration;

struct Arguments {
    target: String,
    seconds: u64,
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let wanted = |target: &&Target| ["all", target.name].contains(&arguments.target.as_str());
    let targets: Vec<&Target> = TARGETS.iter().filter(wanted).collect();
    if targets.is_empty() {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("expected a target, found {:?}: all, {}", arguments.target, names.join(", "));
        return ExitCode::from(2);
    }
    let each = Duration::from_secs(arguments.seconds) / targets.len() as u32;
    let (mut inputs, mut panics) = (0, 0);
    for target in targets {
        let report = run(target, arguments.seed, Limit::Time(each));
        println!("{:<14} {:>9} inputs, {} taken", target.name, report.inputs, report.accepted);
        for one in &report.failures {
            println!("panic of {} at seed {}: {}", one.target, arguments.seed, one.message);
            println!("    input: {}", one.input);
        }
        inputs += report.inputs;
        panics += report.failures.len();
    }
    println!("{inputs} inputs, {panics} panics");
    if panics == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut out = Arguments { target: "all".to_owned(), seconds: 30, seed: 1 };
    while let Some(word) = given.next() {
        let mut number = || {
            let text = given.next().unwrap_or_default();
            text.parse().map_err(|_| format!("{word}: expected a whole number, found {text:?}"))
        };
        match word.as_str() {
            "--seconds" => out.seconds = number()?,
            "--seed" => out.seed = number()?,
            flag if flag.starts_with('-') => {
                return Err(format!("expected --seconds or --seed, found {flag}"));
            }
            target => target.clone_into(&mut out.target),
        }
    }
    Ok(out)
}
