//! A calibration in words: old numbers beside new ones, and whether either held.

use crate::number::grouped;
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
    if !found.numbers.is_empty() {
        let _ = write!(text, "\n{}", numbers(found, screen));
        let _ = write!(text, "\n{}", legend(found));
    }
    if !found.scenarios.is_empty() {
        let made: Vec<String> =
            found.scenarios.iter().map(|(scan, count)| format!("{count} of {scan}")).collect();
        let day = day(&found.as_of.to_string()).to_owned();
        let said = format!("scenarios made for {day}: {}", made.join(", "));
        let _ = write!(text, "\n{}", paragraph("  ", &said));
    }
    for flag in &found.flags {
        text.push_str(&paragraph("  note: ", flag));
    }
    let notes = notes(found);
    if !notes.is_empty() {
        let _ = write!(text, "\n{notes}");
    }
    if !found.left.is_empty() {
        let _ = write!(text, "\n  Stays as it is\n{}", left(found));
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
    let mut table = Table::new(&[
        ("History", Align::Left),
        ("Rows", Align::Right),
        ("First", Align::Left),
        ("Last", Align::Left),
        ("Digest", Align::Left),
    ]);
    for one in &found.histories {
        table.row([
            format!("{} {}", one.asset, one.says).into(),
            one.rows.to_string().into(),
            day(&one.first.to_string()).into(),
            day(&one.last.to_string()).into(),
            one.digest.as_str().into(),
        ]);
    }
    let _ = write!(out, "\n{}", table.text(false));
    for one in &found.histories {
        for finding in &one.findings {
            out.push_str(&paragraph(
                "  found: ",
                &format!("{} {}: {finding}", one.asset, one.says),
            ));
        }
    }
    out
}

fn day(time: &str) -> &str {
    time.strip_suffix("T00:00:00Z").unwrap_or(time)
}

/// The table a number is in, and what it is called there.
fn place(field: &str) -> (&str, String) {
    if let Some((list, rest)) = field.rsplit_once('[')
        && let Some((at, _)) = rest.split_once(']')
    {
        let tier = at.parse::<usize>().map_or_else(|_| at.to_owned(), |at| (at + 1).to_string());
        return (list, format!("tier {tier}"));
    }
    field.rsplit_once('.').map_or(("", field.to_owned()), |(table, own)| (table, own.to_owned()))
}

/// Old and new numbers, those of one table below its name.
fn numbers(found: &Calibration, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Number", Align::Left),
        ("Old", Align::Right),
        ("New", Align::Right),
        ("Change", Align::Right),
        ("Beyond\nold", Align::Right),
        ("Beyond\nnew", Align::Right),
        ("Out of\nsample", Align::Right),
        ("CC", Align::Right),
    ])
    .indented(4);
    let mut names = Vec::new();
    for row in &found.numbers {
        let (name, own) = place(&row.field);
        names.push(name);
        let change =
            row.change.map_or_else(|| "new".to_owned(), |by| format!("{:+.0} %", by * 100.0));
        let clusters = row.out_of_sample.as_ref().and_then(|test| test.conditional);
        table.row([
            own.into(),
            row.old.map_or_else(|| "-".to_owned(), plain).into(),
            plain(row.new).into(),
            change.into(),
            beyond(row, row.old_number.as_ref()),
            beyond(row, row.in_sample.as_ref()),
            beyond(row, row.out_of_sample.as_ref()),
            clusters.map_or_else(|| "-".to_owned(), |p| format!("{:.2}", p.to_f64())).into(),
        ]);
    }
    let text = table.text(screen.colour);
    let mut lines = text.lines();
    let mut out: String = lines.by_ref().take(2).flat_map(|line| [line, "\n"]).collect();
    let mut before = None;
    for (line, name) in lines.zip(names) {
        if before.replace(name) != Some(name) {
            let _ = writeln!(out, "  {name}");
        }
        let _ = writeln!(out, "{line}");
    }
    out
}

/// A number as in the document, a long one with its thousands apart.
fn plain(number: Decimal) -> String {
    let large = number >= Decimal::from_int(1000);
    if large { grouped(number, 0) } else { number.to_string() }
}

/// The share of moves beyond a number; a mark where they are more than were promised, at 95 %.
fn beyond(row: &Row, test: Option<&Test>) -> Cell {
    let Some(test) = test else { return "-  ".into() };
    let share = test.breaches.to_f64() / test.periods.to_f64();
    let many = share > 1.0 - row.confidence.to_f64();
    let rejected = test.kupiec.is_some_and(|p| p.to_f64() < 0.05);
    let text = format!("{:.2} %", share * 100.0);
    match (many, rejected) {
        (true, true) => Cell::toned(text + " !", Tone::Bad),
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
    let text = "beyond: share of moves, none overlapping, beyond the number; out of sample: beyond \
                numbers measured in the same way from what came before each; CC: the p-value of \
                its conditional coverage; !: more than promised (Kupiec, 95 %)";
    paragraph("  ", &methods.join("; ")) + &paragraph("  ", text)
}

fn percent(row: &Row) -> String {
    let exact = row.confidence.times(Decimal::from_int(100), keelmark_book::Round::Nearest);
    exact.map_or_else(|_| row.confidence.to_string(), |exact| exact.to_string())
}

/// What stays, each reason once.
fn left(found: &Calibration) -> String {
    let mut by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &found.left {
        by.entry(&one.why).or_default().push(&one.field);
    }
    let each = by
        .into_iter()
        .map(|(why, fields)| paragraph("    ", &format!("{}: {why}", fields.join(", "))));
    each.collect()
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
