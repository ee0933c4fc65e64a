//! A calibration in words: old numbers beside new ones, and whether either held.

use crate::output::{Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph};
use keelmark_backtest::calibrate::report::Test;
use keelmark_backtest::calibrate::{Calibration, Row};
use keelmark_book::Decimal;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Everything.
pub fn table(found: &Calibration, out: Option<&str>, screen: Screen) -> String {
    let mut text = heading(found);
    let _ = write!(text, "\n{}", numbers(found, screen));
    let _ = write!(text, "\n{}", legend(found));
    let notes = notes(found);
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    if !found.left.is_empty() {
        let _ = write!(text, "\n  Stays as it is\n");
        for one in &found.left {
            text.push_str(&paragraph("    ", &format!("{}: {}", one.field, one.why)));
        }
    }
    let next = match out {
        Some(path) => format!("{path} · digest {} · effective {}", found.digest, found.effective),
        None => format!("nothing is written without --out FILE · digest {}", found.digest),
    };
    let _ = write!(text, "\n{}", paragraph("  ", &next));
    text
}

fn heading(found: &Calibration) -> String {
    let mut out = paragraph(
        "",
        &format!("{} {} · digest {}", found.model, found.old_version, found.old_digest),
    );
    for one in &found.histories {
        let said = format!(
            "{} {}, {} rows, {} to {}, digest {}",
            one.asset,
            one.says,
            one.rows,
            day(&one.first.to_string()),
            day(&one.last.to_string()),
            one.digest
        );
        out.push_str(&paragraph("  history  ", &said));
        for finding in &one.findings {
            out.push_str(&paragraph("           ", finding));
        }
    }
    out
}

fn day(time: &str) -> &str {
    time.strip_suffix("T00:00:00Z").unwrap_or(time)
}

fn numbers(found: &Calibration, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Number", Align::Left),
        ("Old", Align::Right),
        ("New", Align::Right),
        ("Change", Align::Right),
        ("Old\nheld", Align::Right),
        ("New\nheld", Align::Right),
        ("Out of\nsample", Align::Right),
    ]);
    for row in &found.numbers {
        let change =
            row.change.map_or_else(|| "new".to_owned(), |by| format!("{:+.0} %", by * 100.0));
        table.row([
            row.field.as_str().into(),
            row.old.map_or_else(|| "-".to_owned(), |old| old.to_string()).into(),
            row.new.to_string().into(),
            change.into(),
            breaches(row, row.old_number.as_ref()),
            breaches(row, row.in_sample.as_ref()),
            breaches(row, row.out_of_sample.as_ref()),
        ]);
    }
    table.text(screen.colour)
}

/// Breaches of moves; a mark where they are more than were promised, at 95 %.
fn breaches(row: &Row, test: Option<&Test>) -> Cell {
    let Some(test) = test else { return "-".into() };
    let promised = (1.0 - row.confidence.to_f64()) * test.periods.to_f64();
    let many = test.breaches.to_f64() > promised;
    let rejected = test.kupiec.is_some_and(|p| p.to_f64() < 0.05);
    let text = format!("{}/{}", test.breaches, test.periods);
    match (many, rejected) {
        (true, true) => Cell::toned(format!("{text} !"), Tone::Bad),
        _ => Cell::from(text + "  "),
    }
}

fn legend(found: &Calibration) -> String {
    let mut methods: Vec<String> = found
        .numbers
        .iter()
        .map(|row| format!("{} % of the moves over {}, {}", percent(row), row.horizon, row.method))
        .collect();
    methods.sort();
    methods.dedup();
    let text = "held: moves beyond the number, of moves that do not overlap; out of sample: beyond \
                numbers measured in the same way from what came before; !: more than promised \
                (Kupiec, 95 %)";
    paragraph("  ", &methods.join("; ")) + &paragraph("  ", text)
}

fn percent(row: &Row) -> String {
    let exact = row.confidence.times(Decimal::from_int(100), keelmark_book::Round::Nearest);
    exact.map_or_else(|_| row.confidence.to_string(), |exact| exact.to_string())
}

/// What is to be known of numbers: each note once, with the fields that it is about.
fn notes(found: &Calibration) -> String {
    let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &found.numbers {
        for note in &row.notes {
            by.entry(note).or_default().push(&row.field);
        }
    }
    let mut out = String::new();
    for (note, fields) in by {
        let about = match fields.as_slice() {
            [one] => (*one).to_owned(),
            [first, .., last] => format!("{first} to {last}, {} numbers", fields.len()),
            [] => continue,
        };
        out.push_str(&paragraph("  note: ", &format!("{about}: {note}")));
    }
    out
}

/// One row a number.
pub fn records(found: &Calibration) -> Records {
    let mut records = Records::new(&[
        "field",
        "underlying",
        "meaning",
        "old",
        "new",
        "measured",
        "method",
        "confidence",
        "horizon",
        "observations",
        "periods",
        "breaches",
        "kupiec",
        "conditional",
        "out_of_sample_periods",
        "out_of_sample_breaches",
        "out_of_sample_kupiec",
        "out_of_sample_conditional",
        "out_of_sample_mean",
        "old_breaches",
        "old_kupiec",
        "old_worst_shortfall",
        "notes",
    ]);
    for row in &found.numbers {
        let (own, out, old) = (&row.in_sample, &row.out_of_sample, &row.old_number);
        let of = |test: &Option<Test>, get: fn(&Test) -> Option<Decimal>| {
            cell(test.as_ref().and_then(get).as_ref())
        };
        records.row([
            row.field.clone(),
            row.underlying.clone(),
            row.meaning.clone(),
            cell(row.old.as_ref()),
            row.new.to_string(),
            row.measured.to_string(),
            row.method.clone(),
            row.confidence.to_string(),
            row.horizon.clone(),
            row.observations.to_string(),
            of(own, |test| Some(test.periods)),
            of(own, |test| Some(test.breaches)),
            of(own, |test| test.kupiec),
            of(own, |test| test.conditional),
            of(out, |test| Some(test.periods)),
            of(out, |test| Some(test.breaches)),
            of(out, |test| test.kupiec),
            of(out, |test| test.conditional),
            of(out, |test| Some(test.mean)),
            of(old, |test| Some(test.breaches)),
            of(old, |test| test.kupiec),
            of(old, |test| Some(test.worst_shortfall)),
            row.notes.join("; "),
        ]);
    }
    records
}
