//! What a replay prints: one table of all incidents, and what happened in one of them.

use super::loss::dollars;
use super::{Outcome, Run};

/// The table, and how many passed and failed.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> String {
    let mut out = format!(
        "{:<31} {:>13} {:>13}  {:<7} {}\n",
        "incident", "loss off, USD", "loss on, USD", "books", "passed"
    );
    for outcome in outcomes {
        let loss = |run: &Result<Run, String>| match run {
            Ok(run) => grouped(run.loss.whole()),
            Err(_) => "-".to_owned(),
        };
        let books = if outcome.off.is_ok() && outcome.on.is_ok() { "balance" } else { "?" };
        let passed = if outcome.problems().is_empty() { "yes" } else { "NO" };
        let (name, off, on) = (outcome.incident.name, loss(&outcome.off), loss(&outcome.on));
        out += &format!("{name:<31} {off:>13} {on:>13}  {books:<7} {passed}\n");
    }
    out
}

/// The last line.
#[must_use]
pub fn count(outcomes: &[Outcome]) -> String {
    let failed = outcomes.iter().filter(|one| !one.problems().is_empty()).count();
    format!("{} passed, {failed} failed", outcomes.len() - failed)
}

/// One incident: what was lost without the rule and with it, and the main events of both.
#[must_use]
pub fn one(outcome: &Outcome) -> String {
    let mut out = format!("{}: {}\n", outcome.incident.name, outcome.incident.rule);
    let (Ok(off), Ok(on)) = (&outcome.off, &outcome.on) else {
        return out;
    };
    out += &format!("\n{:<34} {:>15} {:>15}\n", "", "rule off", "rule on");
    let mut row = |name: &str, off: String, on: String| {
        out += &format!("{name:<34} {off:>15} {on:>15}\n");
    };
    row("lost, USD", grouped(off.loss.whole()), grouped(on.loss.whole()));
    for (at, (name, amount)) in off.loss.parts.iter().enumerate() {
        let on = on.loss.parts.get(at).map_or(0, |(_, amount)| dollars(*amount));
        row(&format!("  {name}"), grouped(dollars(*amount)), grouped(on));
    }
    if off.asked != (0, 0) {
        row("asked in the attack and done", off.asked.0.to_string(), on.asked.0.to_string());
        row("asked in the attack and refused", off.asked.1.to_string(), on.asked.1.to_string());
    }
    row("commands", grouped(off.commands as i128), grouped(on.commands as i128));
    for (name, run) in [("off", off), ("on", on)] {
        out += &format!("\nrule {name}\n");
        for line in &run.told {
            out += &format!("  {line}\n");
        }
    }
    out
}

/// A whole number with its thousands apart.
fn grouped(number: i128) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}
