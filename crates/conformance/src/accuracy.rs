//! The accuracy table: our number beside the venue's, case by case.
//!
//! The text depends on the cases and on the engine alone, so that a test can ask whether the
//! committed one is what a run generates.

use crate::CaseResult;
use crate::compare::Leaf;
use std::fmt::Write as _;

/// Digits of a number that the table shows.
const DIGITS: usize = 12;

const HEAD: &str = "\
# Accuracy

What venues and clearing houses print, and what keelmark computes from the same inputs through its
public API. Generated; a test checks that it is current:

```
cargo run --release -p conformance -- --accuracy docs/accuracy.md crates/conformance/cases/*.json
```

A row is a field of a case; of a file with many cases it is a case, and its field that differs
most. Of a list or a table it shows the value that differs most, and how many there are. The
difference is ours less theirs; numbers are shown to 12 digits. The basis says whether a figure is
printed by the venue, taken from its data, or derived from a published formula.
";

/// What was found to disagree in the sources themselves.
const DIFFERENCES: &str = include_str!("../differences.md");

/// A file with more cases than this gets a row a case.
const ROW_A_FIELD: usize = 24;

/// The document for some files, each a title with its results; in the order of titles, whatever
/// order they came in.
#[must_use]
pub fn document(files: &[(String, Vec<CaseResult>)]) -> String {
    let mut files: Vec<&(String, Vec<CaseResult>)> = files.iter().collect();
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut text = HEAD.to_owned();
    text.push_str("\n| file | cases | agree |\n| --- | ---: | ---: |\n");
    for (title, results) in &files {
        let agree = results.iter().filter(|one| one.passes()).count();
        let _ = writeln!(text, "| {title} | {} | {agree} |", results.len());
    }
    let _ = write!(text, "\n{DIFFERENCES}");
    for (title, results) in files {
        text.push_str(&section(title, results));
    }
    text
}

/// The part of the document about one file.
#[must_use]
pub fn section(title: &str, results: &[CaseResult]) -> String {
    let mut text = format!("\n## {title}\n\n");
    text.push_str("| case | field | ours | published | difference | basis |\n");
    text.push_str("| --- | --- | ---: | ---: | ---: | --- |\n");
    for result in results {
        case_rows(result, results.len() > ROW_A_FIELD, &mut text);
    }
    text
}

fn case_rows(result: &CaseResult, in_one: bool, text: &mut String) {
    let basis = plain(&result.basis);
    if let Some(problem) = &result.problem {
        let problem = plain(problem);
        let _ = writeln!(text, "| {} | | {problem} | | | {basis} |", result.id);
        return;
    }
    let mut fields: Vec<(String, Vec<&Leaf>)> = Vec::new();
    for leaf in &result.leaves {
        let field = field_of(leaf);
        match fields.last_mut() {
            Some((last, leaves)) if *last == field || in_one => leaves.push(leaf),
            _ => fields.push((field, vec![leaf])),
        }
    }
    for (_, leaves) in fields {
        let shown = most_different(&leaves);
        let field = if in_one { shown.path.clone() } else { field_of(shown) };
        let count = if leaves.len() > 1 { format!(" ({})", leaves.len()) } else { String::new() };
        let mark = if shown.passes { "" } else { " **fails**" };
        let difference = match (shown.difference, shown.passes) {
            (Some(by), _) => short(by, 3),
            (None, true) => "equal".to_owned(),
            (None, false) => "differs".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {}{count} | {} | {} | {difference}{mark} | {basis} |",
            result.id,
            plain(&field),
            number(shown.found.as_deref().unwrap_or("nothing")),
            number(&shown.expected),
        );
    }
}

/// The field that a value is in: its path up to the first list.
fn field_of(leaf: &Leaf) -> String {
    leaf.path.split('[').next().unwrap_or(&leaf.path).to_owned()
}

/// The value that fails, or else differs most.
fn most_different<'a>(leaves: &[&'a Leaf]) -> &'a Leaf {
    let size = |leaf: &Leaf| leaf.difference.map_or(-1.0, f64::abs);
    let mut shown = leaves[0];
    for leaf in leaves {
        let worse = !leaf.passes && shown.passes;
        if worse || leaf.passes == shown.passes && size(leaf) > size(shown) {
            shown = leaf;
        }
    }
    shown
}

/// A number to so many digits, anything else as it is.
fn number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if text.len() > DIGITS => short(value, DIGITS),
        _ => plain(text),
    }
}

/// A number to some significant digits, in the shorter of two notations.
fn short(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let rounded = format!("{value:.*e}", digits - 1);
    let value: f64 = rounded.parse().unwrap_or(value);
    let (plain, scientific) = (format!("{value}"), format!("{value:e}"));
    if plain.len() <= scientific.len() + 2 { plain } else { scientific }
}

/// Text that cannot break a table.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('_', "\\_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_the_same_every_time() {
        assert_eq!(short(-0.059_912_069_333_333_34, 12), "-0.0599120693333");
        assert_eq!(short(1e-17, 3), "1e-17");
        assert_eq!(number("53125"), "53125");
        assert_eq!(number("0.1000000000000000000001"), "0.1");
        assert_eq!(number("\"up\""), "\"up\"");
    }
}
