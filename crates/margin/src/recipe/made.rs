//! What the scenarios of a document were made from: carried beside it, so that every answer can say
//! it. Numbers are in the document's digest; this is where they come from.

use keelmark_book::Timestamp;

/// What the joint scenarios of a document were made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The last day that was known: midnight UTC, the label of a day that had ended.
    pub day: Timestamp,
    /// The histories, in the order of assets and factors.
    pub histories: Vec<Used>,
    /// What was fallen back to, in sentences.
    pub flags: Vec<String>,
}

/// A history as far as it was used.
#[derive(Clone, Debug, PartialEq)]
pub struct Used {
    /// Whose, and of what: `BTC price`.
    pub name: String,
    /// Where the numbers come from.
    pub source: String,
    /// Its first day.
    pub first: Timestamp,
    /// Its last day.
    pub last: Timestamp,
    /// How many days it has.
    pub days: usize,
    /// First 16 hex digits of the BLAKE3 hash of its name, days and values.
    pub digest: String,
    /// What was found odd about it and accepted.
    pub findings: Vec<String>,
}
