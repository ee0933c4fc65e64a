//! What a replay prints: one table of all incidents, and what happened in one of them.

use super::loss::dollars;
use super::{Incident, Outcome, Run};

/// The table: a line an incident.
#[must_use]
pub fn table(outcomes: &[Outcome]) -> String {
    let loss = |run: &Result<Run, String>| match run {
        Ok(run) => grouped(run.loss.whole()),
        Err(_) => "-".to_owned(),
    };
    let row = |outcome: &Outcome| {
        let books = if outcome.off.is_ok() && outcome.on.is_ok() { "balance" } else { "?" };
        let passed = if outcome.problems().is_empty() { "yes" } else { "NO" };
        let (name, off, on) = (outcome.incident.name, loss(&outcome.off), loss(&outcome.on));
        format!("{name:<31} {off:>13} {on:>13}  {books:<7} {passed}\n")
    };
    let head = ["incident", "loss off, USD", "loss on, USD", "books", "passed"];
    let [name, off, on, books, passed] = head;
    let head = format!("{name:<31} {off:>13} {on:>13}  {books:<7} {passed}\n");
    [head].into_iter().chain(outcomes.iter().map(row)).collect()
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
    let title = format!("{}: {}\n", outcome.incident.name, outcome.incident.rule);
    let (Ok(off), Ok(on)) = (&outcome.off, &outcome.on) else { return title };
    let events = [("off", off), ("on", on)].into_iter().flat_map(|(rule, run)| {
        let told = run.told.iter().map(|line| format!("  {line}\n"));
        [format!("\nrule {rule}\n")].into_iter().chain(told)
    });
    [title, "\n".to_owned()]
        .into_iter()
        .chain(figures(outcome.incident, off, on))
        .chain(events)
        .collect()
}

/// The figures of both runs, a line each.
fn figures(incident: Incident, off: &Run, on: &Run) -> Vec<String> {
    let row = |name: &str, [off, on]: [String; 2]| format!("{name:<34} {off:>15} {on:>15}\n");
    let whole = [off, on].map(|run| grouped(run.loss.whole()));
    let mut rows =
        vec![row("", ["rule off", "rule on"].map(str::to_owned)), row("lost, USD", whole)];
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in off.loss.parts.iter().chain(&on.loss.parts) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in names {
        let part = |run: &Run| {
            let found = run.loss.parts.iter().find(|(known, _)| known == name);
            grouped(found.map_or(0, |(_, amount)| dollars(*amount)))
        };
        rows.push(row(&format!("  {name}"), [part(off), part(on)]));
    }
    let most = off.loss.whole() * i128::from(incident.most_left) / 100;
    let passes = [i128::from(incident.reported), most].map(grouped);
    rows.push(row("reported; at most expected", passes));
    if off.asked != (0, 0) {
        let (done, refused) = ("asked in the attack and done", "asked in the attack and refused");
        rows.push(row(done, [off, on].map(|run| run.asked.0.to_string())));
        rows.push(row(refused, [off, on].map(|run| run.asked.1.to_string())));
    }
    rows.push(row("commands", [off, on].map(|run| grouped(run.commands as i128))));
    rows
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
