//! `cargo run --release -p sim -- --commands N --seed S [--accounts N]`: one run.
//!
//! The last line says commands, faults injected, violations and state root; the exit code is 0
//! only without violations.

use std::process::ExitCode;

struct Arguments {
    commands: u64,
    seed: u64,
    accounts: usize,
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let Arguments { commands, seed, accounts } = arguments;
    let report = sim::run::run(seed, commands, accounts, |done| {
        if done % 100_000 == 0 {
            eprintln!("{done} commands");
        }
    });
    for violation in &report.violations {
        println!("{violation}");
    }
    println!(
        "{} commands ({} refused), {} faults injected, {} violations, state root {}",
        report.commands,
        report.refused,
        report.faults,
        report.violations.len(),
        report.root
    );
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut out = Arguments { commands: 100_000, seed: 1, accounts: 200 };
    while let Some(word) = given.next() {
        let mut number = || {
            let text = given.next().unwrap_or_default();
            text.parse().map_err(|_| format!("{word}: expected a whole number, found {text:?}"))
        };
        match word.as_str() {
            "--commands" => out.commands = number()?,
            "--seed" => out.seed = number()?,
            "--accounts" => out.accounts = number()? as usize,
            other => {
                return Err(format!("expected --commands, --seed or --accounts, found {other}"));
            }
        }
    }
    Ok(out)
}
