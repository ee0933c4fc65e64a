//! Documents, instruments and prices.

use super::{feeds, settle};
use crate::change::{Change, Edit};
use crate::command::{Index, Listing, Mark, Model};
use crate::event::Event;
use crate::feed::Subject;
use crate::governance;
use crate::refusal::Refusal;
use crate::state::{self, State};
use crate::step::Step;
use keelmark_book::symbol::Symbol;
use keelmark_book::{InstrumentId, Kind, Quote, Rate, Timestamp};
use keelmark_margin::Document;
use keelmark_margin::document::library;
use std::sync::Arc;

/// A document, and its text.
pub fn read(model: &Model) -> Result<(Document, String), Refusal> {
    let unreadable = |error| Refusal::bad("model", "a margin document", error);
    match (&model.text, &model.name) {
        (Some(text), _) => Ok((Document::parse("model", text).map_err(unreadable)?, text.clone())),
        (None, Some(name)) => {
            let document = Document::named(name).map_err(unreadable)?;
            let known = library::all().find(|(known, _)| known == name);
            // A snapshot is read by builds that have another document of this name.
            Ok((document, known.map_or_else(String::new, |(_, text)| (*text).to_owned())))
        }
        (None, None) => Err(Refusal::bad("model", "a name or a text", "neither")),
    }
}

/// Makes a document known by its name and version, which none before has.
pub fn model<'a>(state: &'a State, model: &Model) -> Result<Change<'a>, Refusal> {
    let (document, text) = read(model)?;
    if let Some(scan) = document.unbound().next() {
        // What is made anew each day is no rule that accounts could agree to.
        let found = format!(
            "{} without those of scan {}: `keelmark calibrate {} --out FILE` writes a document \
             of a date, with them",
            document.name, scan.name, document.name
        );
        return Err(Refusal::bad("model", "a document that has its scenarios", found));
    }
    if let Some(digest) = model.digest.as_ref().filter(|digest| **digest != document.digest) {
        return Err(Refusal::bad("digest", digest, document.digest));
    }
    let known = state.models.iter().map(|known| &known.document);
    for known in known.filter(|known| known.name == document.name) {
        if known.version == document.version {
            return Err(Refusal::exists("model", &format!("{} {}", known.name, known.version)));
        }
    }
    let event = Event::ModelKnown {
        name: document.name.clone(),
        version: document.version.clone(),
        digest: document.digest.clone(),
    };
    let mut change = Change::event(state, event);
    let earlier = state.models.iter().any(|known| known.document.name == document.name);
    if earlier && state.governance.rule().is_some() {
        // Accounts come under it by `change-model` alone.
        change.edit(Edit::Governance(governance::Edit::Waits(state.models.len())));
    }
    change.model(state::Model { text, document: Arc::new(document) });
    Ok(change)
}

/// Lists an instrument.
pub fn list<'a>(state: &'a State, listing: &Listing, at: Timestamp) -> Result<Change<'a>, Refusal> {
    let symbol = Symbol::parse(&listing.instrument)
        .map_err(|error| Refusal::bad("instrument", "a canonical symbol", error))?;
    let mut one = symbol.instrument(listing.instrument.clone(), listing.contract_size, listing.lot);
    match (&mut one.kind, listing.expiry) {
        (Kind::Future { expiry } | Kind::Option { expiry, .. }, Some(instant)) => *expiry = instant,
        (_, None) => {}
        (_, Some(instant)) => {
            return Err(Refusal::bad("expiry", "none: it never expires", instant));
        }
    }
    let quote = Quote {
        mark: listing.mark,
        iv: listing.iv,
        forward: listing.forward,
        bid: None,
        ask: None,
        as_of: at,
    };
    let mut change = Change::event(state, Event::Listed { instrument: one.to_string() });
    change.step(Step::List(Box::new(one.clone()), quote));
    let id = InstrumentId::new(state.market.instruments.len());
    settle::schedule(&mut change, id, &one);
    Ok(change)
}

/// Sets an index price.
pub fn index<'a>(state: &'a State, index: &Index) -> Result<Change<'a>, Refusal> {
    feeds::told(state, &Subject::Asset(index.asset.clone()))?;
    let event = Event::Indexed { asset: index.asset.clone(), price: index.price };
    let mut change = Change::event(state, event);
    let confidence = index.confidence.unwrap_or(Rate::ONE);
    change.step(Step::Index(index.asset.clone(), index.price, confidence, state.now));
    Ok(change)
}

/// Sets a mark.
pub fn mark<'a>(state: &'a State, mark: &Mark, at: Timestamp) -> Result<Change<'a>, Refusal> {
    let id = state.instrument(&mark.instrument)?;
    feeds::told(state, &Subject::Instrument(id))?;
    settle::quoted(state, id)?;
    let before = state.market.quote(id);
    let quote = Quote {
        mark: mark.mark,
        iv: mark.iv.or(before.iv),
        forward: mark.forward.or(before.forward),
        bid: None,
        ask: None,
        as_of: at,
    };
    let instrument = state.market.instruments.get(id).to_string();
    let mut change = Change::event(state, Event::Marked { instrument, mark: mark.mark });
    change.step(Step::Quote(id, quote));
    Ok(change)
}
