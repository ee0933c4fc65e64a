//! A document whose scenarios are made from history, made for one date: the scenarios stand in it.

use super::past::{Pasts, Says};
use super::{CalibrateError, number::refused};
use crate::dynamic::{assets, dated};
use crate::history::{DAY, Factor, History, midnight};
use keelmark_book::{Asset, InputError};
use keelmark_margin::Document;
use std::sync::Arc;

/// A document with the scenarios of the last day that is known, and what was fallen back to; as it
/// is where none are made.
///
/// # Errors
/// When a history that its recipe names was not given, or is too short.
pub(super) fn made(
    new: Document,
    old: &Document,
    pasts: &Pasts,
) -> Result<(Document, Vec<String>), CalibrateError> {
    if new.unbound().next().is_none() {
        return Ok((new, Vec::new()));
    }
    if new.tail.is_none() {
        return Ok((bound(new, old)?, Vec::new()));
    }
    let mut given = Vec::new();
    for asset in assets(&new) {
        given.extend(histories(&asset, pasts)?);
    }
    // A date means all of its day; a time of the day sees no more than the day before.
    let is_date = midnight(pasts.as_of) == pasts.as_of;
    let time = if is_date { pasts.as_of.plus_nanos(DAY) } else { pasts.as_of };
    let made = dated(&new, &given, time)?;
    let flags = made.made.as_ref().map(|made| made.flags.clone());
    Ok((made, flags.unwrap_or_default()))
}

/// The daily histories of an asset.
fn histories(asset: &Asset, pasts: &Pasts) -> Result<Vec<History>, CalibrateError> {
    let mut out = Vec::new();
    for (says, factor) in [(Says::Price, Factor::Price), (Says::Vol, Factor::Vol)] {
        let Some(past) = pasts.of(asset.as_str(), says) else { continue };
        let (times, values) = (past.series.times(), past.series.closes());
        out.push(History::new(asset.clone(), factor, past.series.name(), times, values)?);
    }
    if out.is_empty() {
        return refused(format!("no price of {asset}"), &format!("add --history {asset}=FILE"));
    }
    Ok(out)
}

/// The scenarios that were written in a document, for the new one.
fn bound(mut new: Document, old: &Document) -> Result<Document, CalibrateError> {
    for scan in &old.scans {
        if let Some(joint) = scan.joint.as_ref().and_then(|one| one.joint.as_ref()) {
            new = new
                .with_joint(&scan.name, Arc::clone(joint))
                .map_err(|error| InputError::whole(&scan.name, error.to_string()))?;
        }
    }
    Ok(new)
}
