//! What a document's scenarios were made from, where they come from history.

use keelmark_book::Timestamp;
use keelmark_margin::Document;
use schemars::JsonSchema;
use serde::Serialize;

/// What a document was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MadeReport {
    /// The last day that was known, `YYYY-MM-DD`.
    pub day: String,
    /// How many scenarios each scan has.
    pub scans: Vec<MadeScan>,
    /// The histories.
    pub histories: Vec<MadeHistory>,
    /// What was fallen back to, in sentences.
    pub flags: Vec<String>,
}

/// A scan that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MadeScan {
    /// Its name in charges.
    pub scan: String,
    /// How many scenarios it has.
    pub scenarios: usize,
}

/// A history as far as it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MadeHistory {
    /// Whose, and of what: `BTC price`.
    pub history: String,
    /// Where its numbers come from.
    pub source: String,
    /// Its first day, `YYYY-MM-DD`.
    pub from: String,
    /// Its last day that was known.
    pub to: String,
    /// How many days that are.
    pub days: usize,
    /// First 16 hex digits of the BLAKE3 hash of its name, days and values.
    pub digest: String,
    /// What was found odd about it and accepted.
    pub findings: Vec<String>,
}

impl MadeReport {
    /// What a document was made from; none where nothing was made.
    #[must_use]
    pub fn of(document: &Document) -> Option<Self> {
        let made = document.made.as_ref()?;
        let joint = document.scans.iter().filter(|one| one.joint.is_some());
        let histories = made.histories.iter().map(|one| MadeHistory {
            history: one.name.clone(),
            source: one.source.clone(),
            from: date(one.first),
            to: date(one.last),
            days: one.days,
            digest: one.digest.clone(),
            findings: one.findings.clone(),
        });
        Some(Self {
            day: date(made.day),
            scans: joint
                .map(|one| MadeScan { scan: one.name.clone(), scenarios: one.columns() })
                .collect(),
            histories: histories.collect(),
            flags: made.flags.clone(),
        })
    }
}

fn date(day: Timestamp) -> String {
    let (year, month, day) = day.date();
    format!("{year:04}-{month:02}-{day:02}")
}
