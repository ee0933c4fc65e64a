//! What a calibration found, in the shape that leaves the process.

use super::target::Left;
use keelmark_margin::document::{Evidence, Tested};
use keelmark_units::{Decimal, Timestamp};
use serde::{Serialize, Serializer};

/// A document calibrated, and how.
#[derive(Clone, Debug, Serialize)]
pub struct Calibration {
    /// The document's name.
    pub model: String,
    /// Version of the numbers before.
    pub old_version: String,
    /// Version of the new ones.
    pub version: String,
    /// The day from which they are in force.
    pub effective: String,
    /// Digest of the document before.
    pub old_digest: String,
    /// Digest of the new one.
    pub digest: String,
    /// Scans whose scenarios were made for the date, and how many each has.
    pub scenarios: Vec<(String, usize)>,
    /// What was fallen back to when they were made.
    pub flags: Vec<String>,
    /// The last time that was known.
    #[serde(serialize_with = "time")]
    pub as_of: Timestamp,
    /// Numbers found, in the order of the document.
    pub numbers: Vec<Row>,
    /// Numbers that stay, and why.
    pub left: Vec<Left>,
    /// What they were found from.
    pub histories: Vec<Used>,
    /// The document itself, as TOML.
    pub document: String,
}

/// A history that was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Used {
    /// Whose.
    pub asset: String,
    /// What it says.
    pub says: String,
    /// Rows up to the date.
    pub rows: usize,
    /// First time.
    #[serde(serialize_with = "time")]
    pub first: Timestamp,
    /// Last time.
    #[serde(serialize_with = "time")]
    pub last: Timestamp,
    /// Digest of names, times and values.
    pub digest: String,
    /// What was found in it and accepted.
    pub findings: Vec<String>,
}

/// A number, old and new, with its evidence.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Where it stands.
    pub field: String,
    /// Whose history.
    pub underlying: String,
    /// What it means.
    pub meaning: String,
    /// Before.
    #[serde(serialize_with = "maybe")]
    pub old: Option<Decimal>,
    /// Now.
    #[serde(serialize_with = "text")]
    pub new: Decimal,
    /// What history says before floor, cap and rounding.
    #[serde(serialize_with = "text")]
    pub measured: Decimal,
    /// How it was measured.
    pub method: String,
    /// Share of moves covered.
    #[serde(serialize_with = "text")]
    pub confidence: Decimal,
    /// Time that a move has.
    pub horizon: String,
    /// Moves measured.
    #[serde(serialize_with = "text")]
    pub observations: Decimal,
    /// Whether the old number held: Kupiec's test does not find it too low, and it is there.
    pub old_held: Option<bool>,
    /// New over old, less one; `None` where there was none.
    pub change: Option<f64>,
    /// The new number against its moves.
    pub in_sample: Option<Test>,
    /// Numbers so measured against what came after.
    pub out_of_sample: Option<Test>,
    /// The old number against the same moves.
    pub old_number: Option<Test>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// How a number held.
#[derive(Clone, Debug, Serialize)]
pub struct Test {
    /// Moves looked at.
    #[serde(serialize_with = "text")]
    pub periods: Decimal,
    /// Those beyond the number.
    #[serde(serialize_with = "text")]
    pub breaches: Decimal,
    /// Largest move beyond it.
    #[serde(serialize_with = "text")]
    pub worst_shortfall: Decimal,
    /// Mean of the numbers.
    #[serde(serialize_with = "text")]
    pub mean: Decimal,
    /// Kupiec's p-value.
    #[serde(serialize_with = "maybe")]
    pub kupiec: Option<Decimal>,
    /// That of conditional coverage.
    #[serde(serialize_with = "maybe")]
    pub conditional: Option<Decimal>,
}

impl Row {
    /// A number of its evidence.
    #[must_use]
    pub fn of(one: &Evidence) -> Self {
        let ratio = |old: Decimal| one.new.to_f64() / old.to_f64() - 1.0;
        let promised = 1.0 - one.confidence.to_f64();
        Self {
            field: one.field.clone(),
            underlying: one.underlying.clone(),
            meaning: one.meaning.clone(),
            old: one.old,
            new: one.new,
            measured: one.measured,
            method: one.method.clone(),
            confidence: one.confidence,
            horizon: one.horizon.clone(),
            observations: one.observations,
            old_held: one.old_number.as_ref().map(|test| held(test, promised)),
            change: one.old.filter(|old| !old.is_zero()).map(ratio),
            in_sample: one.in_sample.as_ref().map(Test::of),
            out_of_sample: one.out_of_sample.as_ref().map(Test::of),
            old_number: one.old_number.as_ref().map(Test::of),
            notes: one.notes.clone(),
        }
    }
}

/// Whether breaches are not significantly more than promised, at 95 %.
#[must_use]
pub fn held(test: &Tested, promised: f64) -> bool {
    let many = test.breaches.to_f64() > promised * test.periods.to_f64();
    !(many && test.kupiec.is_some_and(|p| p.to_f64() < 0.05))
}

impl Test {
    fn of(one: &Tested) -> Self {
        Self {
            periods: one.periods,
            breaches: one.breaches,
            worst_shortfall: one.worst_shortfall,
            mean: one.mean,
            kupiec: one.kupiec,
            conditional: one.conditional,
        }
    }
}

fn text<S: Serializer>(number: &Decimal, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(number)
}

#[allow(clippy::ref_option, reason = "serde passes a field by reference")]
fn maybe<S: Serializer>(number: &Option<Decimal>, out: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => out.collect_str(number),
        None => out.serialize_none(),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a field by reference")]
fn time<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(time)
}
