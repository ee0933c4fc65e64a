//! A venue's own parameters as a document: what its replies say of tiers and ratios, in the form
//! that `--model` reads.
//!
//! The structure is ours, the numbers are the reply's. Tables are checked here row by row, since
//! an error in a reply should name the reply and not a line of what was made of it.

use crate::json::At;
use keelmark_book::{Decimal, InputError, Timestamp};
use std::fmt::Write as _;

/// A parameter document to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// The built-in document below it, if any.
    pub extends: Option<&'static str>,
    /// One line for people.
    pub title: String,
    /// When the replies were sent, where they say it.
    pub as_of: Option<Timestamp>,
    /// Which replies the numbers are from.
    pub sources: Vec<String>,
    /// What could not be verified.
    pub uncertain: Vec<String>,
    /// The rest of it, as TOML.
    pub body: String,
}

impl Parameters {
    /// The document, under a name.
    #[must_use]
    pub fn toml(&self, name: &str) -> String {
        let mut out = String::from("schema = \"keelmark/model/1\"\n");
        if let Some(base) = self.extends {
            let _ = writeln!(out, "extends = {}", quoted(base));
        }
        let _ = writeln!(out, "name = {}\ntitle = {}", quoted(name), quoted(&self.title));
        if let Some(as_of) = self.as_of {
            let (year, month, day) = as_of.date();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let _ = writeln!(out, "version = {0}\neffective = {0}", quoted(&date));
        }
        for (field, texts) in [("source", &self.sources), ("uncertain", &self.uncertain)] {
            if field == "source" || !texts.is_empty() {
                let all: Vec<String> =
                    texts.iter().map(|one| format!("  {},\n", quoted(one))).collect();
                let _ = writeln!(out, "{field} = [\n{}]", all.concat());
            }
        }
        out.push_str(&self.body);
        out
    }
}

/// A part of a table: from one amount up to another, a rate.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// Its row.
    pub at: At<'a>,
    /// Where it starts.
    pub from: Decimal,
    /// Where it ends; `None` does not.
    pub to: Option<Decimal>,
    /// What counts in it.
    pub rate: Decimal,
}

/// Puts the rows of a table in order and refuses one with a hole, an overlap or a row twice.
///
/// # Errors
/// [`InputError`] at the row.
pub fn ladder(steps: &mut [Step<'_>], what: &str) -> Result<(), InputError> {
    steps.sort_by_key(|step| (step.from, step.to));
    let mut floor = Some(Decimal::ZERO);
    for step in steps {
        let Some(expected) = floor else {
            let problem = format!("{what}: expected no tier above one without an upper limit");
            return Err(step.at.error(problem));
        };
        if step.from != expected {
            let wrong = if step.from > expected { "a tier is missing" } else { "tiers overlap" };
            let problem =
                format!("{what}: expected a tier from {expected}, found {}: {wrong}", step.from);
            return Err(step.at.error(problem));
        }
        if let Some(to) = step.to.filter(|to| *to <= step.from) {
            let problem =
                format!("{what}: expected an upper limit above {}, found {to}", step.from);
            return Err(step.at.error(problem));
        }
        floor = step.to;
    }
    Ok(())
}

/// Steps as a list of inline tables; the last one is open, since nothing larger may be held.
#[must_use]
pub fn brackets(steps: &[(Option<Decimal>, Decimal)]) -> String {
    limits(steps, "rate")
}

/// As [`brackets`], of the highest leverage of each step in place of a rate.
#[must_use]
pub fn brackets_of_leverage(steps: &[(Option<Decimal>, Decimal)]) -> String {
    limits(steps, "leverage")
}

fn limits(steps: &[(Option<Decimal>, Decimal)], value: &str) -> String {
    let mut out = String::from("[\n");
    for (at, (to, own)) in steps.iter().enumerate() {
        let limit = to.filter(|_| at + 1 < steps.len());
        let limit = limit.map(|limit| format!("up_to = \"{limit}\", ")).unwrap_or_default();
        let _ = writeln!(out, "  {{ {limit}{value} = \"{own}\" }},");
    }
    out + "]\n"
}

/// Text as TOML has it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Steps counted in contracts, whose rate holds for all of a position; the last one is open.
#[must_use]
pub fn brackets_of_contracts(steps: &[Step<'_>]) -> String {
    rows(steps, "contracts", "rate")
}

/// Steps of an amount held, as marginal ratios; what lies above the last limit counts for nothing.
#[must_use]
pub fn ratios(steps: &[Step<'_>]) -> String {
    let mut out = String::from("[\n");
    for step in steps {
        let limit = step.to.map(|limit| format!("up_to = \"{limit}\", ")).unwrap_or_default();
        let _ = writeln!(out, "  {{ {limit}ratio = \"{}\" }},", step.rate);
    }
    out + "]\n"
}

fn rows(steps: &[Step<'_>], limit: &str, rate: &str) -> String {
    let mut out = String::from("[\n");
    for (at, step) in steps.iter().enumerate() {
        let to = step.to.filter(|_| at + 1 < steps.len());
        let to = to.map(|to| format!("{limit} = \"{to}\", ")).unwrap_or_default();
        let _ = writeln!(out, "  {{ {to}{rate} = \"{}\" }},", step.rate);
    }
    out + "]\n"
}
