//! Lots of contracts that no reply describes, from the embedded document of a venue.
//!
//! The finest step that the venue prints for a kind: no position is off it, and the instruments
//! reply, given too, has the true one.

use keelmark_book::{InputError, Quantity};
use serde::Deserialize;
use std::collections::BTreeMap;

const SCHEMA: &str = "keelmark/venue-lots/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lots {
    schema: String,
    venue: String,
    #[serde(rename = "lot")]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: String,
    lot: Quantity,
    source: String,
    #[serde(default)]
    uncertain: bool,
}

/// The lots of a venue's document by the venue's own word for a kind.
///
/// # Errors
/// [`InputError`] when it does not read; a test of each venue keeps that from happening.
pub fn read(file: &str, text: &str, venue: &str) -> Result<BTreeMap<String, Quantity>, InputError> {
    let read: Lots = toml::from_str(text).map_err(|error| InputError::whole(file, error))?;
    if read.schema != SCHEMA || read.venue != venue {
        return Err(InputError::whole(file, format!("expected {SCHEMA:?} of {venue:?}")));
    }
    if let Some(row) = read.rows.iter().find(|row| row.source.is_empty() && !row.uncertain) {
        let problem = format!("{}: expected a source", row.kind);
        return Err(InputError::whole(file, problem));
    }
    Ok(read.rows.into_iter().map(|one| (one.kind, one.lot)).collect())
}
