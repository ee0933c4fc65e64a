//! What is odd about a history, and what a caller accepts of it.

use super::ReadError;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// Kinds of what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A day or two without trading, in a calendar without weekends: said, and never refused.
    Holiday,
    /// Steps that are missing. The return over them counts as that of one step.
    Gap,
    /// A second row of one time. The first is kept.
    Duplicate,
    /// A row before the one above it. Rows are sorted.
    Order,
    /// A price that is missing, no number, zero or below. Its row is left out.
    Price,
    /// A price far from both neighbours, which agree. Its row is left out.
    Spike,
    /// A time in the future, in another unit, or beside the calendar.
    Clock,
    /// A change too large for a return: another thing goes by the same name from there on. What
    /// is before is left out.
    Split,
    /// Accepts a [`Kind::Split`] as a return instead.
    Jump,
    /// A price that repeats for a few steps. It is kept.
    Stale,
    /// A price that repeats for many steps. It is kept.
    Constant,
    /// Moves of another size in one half than in the other: not one law. Both are kept.
    Scale,
}

const NAMES: [(&str, Kind); 12] = [
    ("holiday", Kind::Holiday),
    ("gap", Kind::Gap),
    ("duplicate", Kind::Duplicate),
    ("order", Kind::Order),
    ("price", Kind::Price),
    ("spike", Kind::Spike),
    ("clock", Kind::Clock),
    ("split", Kind::Split),
    ("jump", Kind::Jump),
    ("stale", Kind::Stale),
    ("constant", Kind::Constant),
    ("scale", Kind::Scale),
];

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which kind.
    pub kind: Kind,
    /// The line of the first row.
    pub line: u64,
    /// How many rows, from that one on, are found so.
    pub rows: usize,
    /// What was found.
    pub what: String,
    /// What is done about it by a caller who accepts it.
    pub done: &'static str,
}

/// All that was found, in the order in which it was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Findings(Vec<Finding>);

/// As many are printed.
const PRINTED: usize = 12;

impl Findings {
    /// Each.
    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What must be accepted for all of them, as [`Accept::parse`] reads it.
    #[must_use]
    pub fn kinds(&self) -> String {
        let kinds: BTreeSet<Kind> = self.iter().map(|one| one.kind).collect();
        let names: Vec<String> = kinds
            .into_iter()
            .filter(|kind| *kind != Kind::Holiday)
            .map(|kind| kind.to_string())
            .collect();
        names.join(",")
    }

    /// One more row; of several that are found so one after the other, one finding.
    pub(super) fn push(&mut self, kind: Kind, line: u64, what: String, done: &'static str) {
        match self.0.last_mut() {
            Some(last) if last.kind == kind && last.what == what && last.done == done => {
                last.rows += 1;
            }
            _ => self.0.push(Finding { kind, line, rows: 1, what, done }),
        }
    }

    /// One of several rows.
    pub(super) fn push_rows(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, rows, what, done, .. } = self;
        write!(f, "line {line}: {what}")?;
        if *rows > 1 {
            write!(f, ", {rows} rows")?;
        }
        write!(f, "; accepted: {done}")
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.len() == 1 { "" } else { "s" };
        write!(f, "{} finding{s}", self.len())?;
        for finding in self.iter().take(PRINTED) {
            write!(f, "\n  {finding}")?;
        }
        match self.len().saturating_sub(PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// What a caller goes on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept(BTreeSet<Kind>);

impl Accept {
    /// Names of kinds with commas between them; `all` for every one, a split being none.
    ///
    /// # Errors
    /// When a name is unknown, with those that are known.
    pub fn parse(text: &str) -> Result<Self, ReadError> {
        let mut found = BTreeSet::new();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "all" {
                found
                    .extend(NAMES.iter().map(|(_, kind)| *kind).filter(|kind| *kind != Kind::Jump));
                continue;
            }
            let known = NAMES.iter().find(|(known, _)| *known == name).ok_or_else(|| {
                let known: Vec<&str> = NAMES.iter().map(|(known, _)| *known).collect();
                ReadError::Format {
                    name: "what to accept".to_owned(),
                    line: 0,
                    expected: format!("all or some of {}", known.join(", ")),
                    found: name.chars().take(40).collect(),
                }
            })?;
            found.insert(known.1);
        }
        Ok(Self(found))
    }

    /// Whether a kind is accepted.
    #[must_use]
    pub fn has(&self, kind: Kind) -> bool {
        let either = kind == Kind::Split && self.0.contains(&Kind::Jump);
        kind == Kind::Holiday || either || self.0.contains(&kind)
    }

    /// Whether a change too large for a return is one all the same.
    pub(super) fn jumps(&self) -> bool {
        self.0.contains(&Kind::Jump)
    }

    /// Refuses what is not accepted.
    pub(super) fn check(&self, name: &str, findings: &Findings) -> Result<(), ReadError> {
        let refused: Vec<Finding> =
            findings.iter().filter(|one| !self.has(one.kind)).cloned().collect();
        if refused.is_empty() {
            return Ok(());
        }
        Err(ReadError::Refused { name: name.to_owned(), findings: Findings(refused) })
    }
}
