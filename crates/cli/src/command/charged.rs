//! Why one model asks more than another: what each charges for, side by side.
//!
//! Rows are what is charged for, in words that models share, and sum to the level: what a charge
//! adds, not its amount before factors and maxima.

use crate::number::{required, share as part, signed};
use crate::table::{Align, Table, paragraph};
use keelmark_api::CompareReport;
use keelmark_api::charged::Charged;
use keelmark_api::compare::{CompareRow, ModelMargin};
use keelmark_book::{Asset, Money, Overflow};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A level by what is charged: its title, and a part's share of it.
type Level = (&'static str, fn(&Charged) -> Money, fn(&ModelMargin) -> Money);

const LEVELS: [Level; 2] = [
    ("Initial margin", |one| one.initial_margin, |margin| margin.initial_margin),
    ("Maintenance", |one| one.maintenance_margin, |margin| margin.maintenance_margin),
];

/// A model's margin with its name.
type Named<'a> = (&'a str, &'a ModelMargin);

/// Two models, charge by charge, in the order asked for; nothing where one cannot price it.
pub fn two(report: &CompareReport, names: [&String; 2]) -> Result<String, Overflow> {
    let of = |wanted: &str| {
        let named = report.rows.iter().filter_map(named);
        let file = std::path::Path::new(wanted).file_stem().and_then(|stem| stem.to_str());
        named
            .clone()
            .find(|(name, _)| *name == wanted)
            .or_else(|| named.clone().find(|(name, _)| Some(*name) == file))
    };
    let all: Vec<Named<'_>> = report.rows.iter().filter_map(named).collect();
    let pair = match (of(names[0]), of(names[1]), all.as_slice()) {
        (Some(first), Some(second), _) if first != second => [first, second],
        (_, _, [first, second]) => [*first, *second],
        _ => return Ok(String::new()),
    };
    let currency = &report.currency;
    let mut out = String::new();
    for level in LEVELS {
        let _ = write!(out, "\n{}", level_of_two(pair, level, currency)?);
    }
    let _ = write!(out, "\n{}", standing(pair, currency)?);
    Ok(out)
}

/// Every model that can price the account, as many beside each other as fit.
pub fn all(report: &CompareReport) -> Result<String, Overflow> {
    let models: Vec<Named<'_>> = report.rows.iter().filter_map(named).collect();
    let mut out = String::new();
    for level in LEVELS {
        let mut left = models.as_slice();
        while !left.is_empty() {
            let mut count = left.len();
            let mut table = matrix(left, level, &report.currency)?;
            while count > 1 && !table.fits() {
                count -= 1;
                table = matrix(&left[..count], level, &report.currency)?;
            }
            let _ = write!(out, "\n{}", table.text(false));
            left = &left[count..];
        }
    }
    Ok(out)
}

fn named(row: &CompareRow) -> Option<Named<'_>> {
    Some((row.model.name.as_str(), row.margin.as_ref()?))
}

/// What each model adds for each thing that is charged for, the most first.
fn words<'a>(
    models: &[Named<'a>],
    share: fn(&Charged) -> Money,
) -> Result<Vec<(&'a str, Vec<Money>)>, Overflow> {
    let mut rows: BTreeMap<&str, Vec<Money>> = BTreeMap::new();
    for (at, (_, margin)) in models.iter().enumerate() {
        for one in &margin.charged {
            let row = rows.entry(&one.what).or_insert_with(|| vec![Money::ZERO; models.len()]);
            row[at] = row[at].plus(share(one))?;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.retain(|(_, row)| row.iter().any(|one| shown(*one)));
    rows.sort_by_cached_key(|(word, row)| {
        (std::cmp::Reverse(row.iter().map(|one| one.abs()).max()), *word)
    });
    Ok(rows)
}

/// Whether an amount is more than a trace of rounding.
fn shown(amount: Money) -> bool {
    amount.to_f64().abs() >= 1e-9
}

fn matrix(
    models: &[Named<'_>],
    (title, share, level): Level,
    currency: &Asset,
) -> Result<Table, Overflow> {
    let titles: Vec<String> = models.iter().map(|(name, _)| folded(name)).collect();
    let mut columns = vec![(title, Align::Left)];
    columns.extend(titles.iter().map(|title| (title.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for (word, row) in words(models, share)? {
        let cells = row.into_iter().map(|one| cell(one, currency).into());
        table.row(std::iter::once(word.into()).chain(cells));
    }
    let sums = models.iter().map(|(_, margin)| required(level(margin), currency).into());
    table.row(std::iter::once("sum".into()).chain(sums));
    Ok(table)
}

fn cell(amount: Money, currency: &Asset) -> String {
    if shown(amount) { part(amount, currency) } else { "-".to_owned() }
}

/// A long name over several lines, broken at its hyphens.
fn folded(name: &str) -> String {
    let (mut out, mut line) = (String::new(), 0);
    for piece in name.split_inclusive('-') {
        if line > 0 && line + piece.len() > 13 {
            out.push('\n');
            line = 0;
        }
        out.push_str(piece);
        line += piece.len();
    }
    out
}

fn level_of_two(
    pair: [Named<'_>; 2],
    (title, share, level): Level,
    currency: &Asset,
) -> Result<String, Overflow> {
    let [(first, left), (second, right)] = pair;
    let titles = [folded(first), folded(second)];
    let mut table = Table::new(&[
        (title, Align::Left),
        (titles[0].as_str(), Align::Right),
        (titles[1].as_str(), Align::Right),
        ("Difference", Align::Right),
    ]);
    let mut rows: Vec<(&str, [Money; 2], Money)> = Vec::new();
    for (word, row) in words(&pair, share)? {
        rows.push((word, [row[0], row[1]], row[1].minus(row[0])?));
    }
    rows.sort_by_key(|(_, _, difference)| std::cmp::Reverse(difference.abs()));
    for (word, [own, other], difference) in &rows {
        let (own_cell, other_cell) = (cell(*own, currency), cell(*other, currency));
        let by = signed(*difference, currency);
        table.row([(*word).into(), own_cell.into(), other_cell.into(), by.into()]);
        for (name, [own, other]) in named_parts([left, right], word, share) {
            let [own, other] = [own, other].map(|one| one.map(|one| cell(one, currency)));
            let (own, other) = (own.unwrap_or_default(), other.unwrap_or_default());
            table.row([format!("  {name}").into(), own.into(), other.into()]);
        }
    }
    let sums = [level(left), level(right)];
    let [own, other] = sums.map(|sum| required(sum, currency));
    let by = sums[1].minus(sums[0])?;
    table.row(["sum".into(), own.into(), other.into(), signed(by, currency).into()]);
    Ok(table.text(false) + &sentence([first, second], title, by, &rows, currency))
}

/// The charges of two models behind a word, those of one name on one row.
fn named_parts<'a>(
    pair: [&'a ModelMargin; 2],
    word: &str,
    share: fn(&Charged) -> Money,
) -> Vec<(&'a str, [Option<Money>; 2])> {
    let mut rows: Vec<(&str, [Option<Money>; 2])> = Vec::new();
    for (at, margin) in pair.into_iter().enumerate() {
        let parts = margin.charged.iter().filter(|one| one.what == word && shown(share(one)));
        for (part, name) in parts.filter_map(|one| Some((one, one.charge.as_deref()?))) {
            match rows.iter_mut().find(|(other, _)| *other == name) {
                Some((_, cells)) => cells[at] = Some(share(part)),
                None => {
                    let mut cells = [None; 2];
                    cells[at] = Some(share(part));
                    rows.push((name, cells));
                }
            }
        }
    }
    rows
}

/// Which model asks more, and for what.
fn sentence(
    [first, second]: [&str; 2],
    title: &str,
    difference: Money,
    rows: &[(&str, [Money; 2], Money)],
    currency: &Asset,
) -> String {
    let rises = !difference.is_negative();
    let (more, less) = if rises { (second, first) } else { (first, second) };
    if !shown(difference) {
        return paragraph("  ", &format!("{first} and {second} ask the same"));
    }
    let signed_by = |amount: Money| signed(if rises { amount } else { -amount }, currency);
    let reasons: Vec<String> = rows
        .iter()
        .filter(|(_, _, difference)| shown(*difference))
        .map(|(word, _, difference)| format!("{} {word}", signed_by(*difference)))
        .collect();
    let text = format!(
        "{more} asks {} {currency} more {} than {less}: {}",
        part(difference.abs(), currency),
        title.to_lowercase(),
        reasons.join(", ")
    );
    paragraph("  ", &text)
}

/// What else tells two models apart: what they count as equity, and what they leave.
fn standing(
    [(first, left), (second, right)]: [Named<'_>; 2],
    currency: &Asset,
) -> Result<String, Overflow> {
    let titles = [folded(first), folded(second)];
    let mut table = Table::new(&[
        ("Standing", Align::Left),
        (titles[0].as_str(), Align::Right),
        (titles[1].as_str(), Align::Right),
        ("Difference", Align::Right),
    ]);
    for (word, own, other) in [
        ("equity", left.equity, right.equity),
        ("left for new risk", left.available, right.available),
        ("tied up", left.tied, right.tied),
    ] {
        let difference = signed(other.minus(own)?, currency);
        let [own, other] = [own, other].map(|amount| crate::number::value(amount, currency));
        table.row([word.into(), own.into(), other.into(), difference.into()]);
    }
    Ok(table.text(false))
}
