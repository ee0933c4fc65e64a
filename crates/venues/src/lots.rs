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
    lot: Vec<Lot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lot {
    kind: String,
    lot: Quantity,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default, rename = "uncertain")]
    _uncertain: bool,
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
    Ok(read.lot.into_iter().map(|one| (one.kind, one.lot)).collect())
}
