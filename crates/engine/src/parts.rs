//! What a state consists of, each part under the name by which roots and snapshots know it.
//!
//! The one list of both: what is hashed is what is stored, so two states of one root are one state.
//! A field more of the state is a line more here and one in [`crate::snapshot`]; the pattern
//! without `..` does not compile until somebody has thought of it.

use crate::account::AccountId;
use crate::change::{Edit, Outcome};
use crate::interest::Weight;
use crate::state::{Model, State};
use keelmark_book::Asset;
use keelmark_margin::Document;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Takes the parts of a state one after the other.
pub(crate) trait Parts {
    /// Why it may stop.
    type Error;

    /// Takes a part. The version is that of its bytes.
    fn part<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        version: u32,
        part: &T,
    ) -> Result<(), Self::Error>;

    /// Takes a part that is left out as long as it is as at the start: so are roots and snapshots
    /// of states that do not use it the same as before there was such a part.
    fn unless_empty<T: Serialize + Default + PartialEq>(
        &mut self,
        name: &'static str,
        version: u32,
        part: &T,
    ) -> Result<(), Self::Error> {
        if *part == T::default() {
            return Ok(());
        }
        self.part(name, version, part)
    }
}

impl State {
    /// Every part but the clock and the accounts, which roots hold in their own way.
    pub(crate) fn parts<P: Parts>(&self, to: &mut P) -> Result<(), P::Error> {
        // `names`, `assets`, `ranges` and `kept` follow from all else, `between` from documents and
        // what changes them; `changed` is about roots.
        let Self {
            now: _,
            sequence: _,
            market,
            models,
            accounts: _,
            ledger,
            feeds,
            funding,
            delivery,
            agenda,
            names: _,
            between: _,
            assets: _,
            ranges: _,
            kept: _,
            limits,
            stops,
            watch,
            outflows,
            interest,
            governance,
            liquidation,
            lent,
            changed: _,
        } = self;
        to.part("market", 1, market)?;
        let models: Vec<Known<'_>> = models.iter().map(Known::of).collect();
        to.part("models", 1, &models)?;
        to.unless_empty("ledger", 1, ledger)?;
        to.unless_empty("feeds", 1, feeds)?;
        to.unless_empty("funding", 1, funding)?;
        to.unless_empty("delivery", 1, delivery)?;
        to.unless_empty("agenda", 1, agenda)?;
        to.unless_empty("limits", 1, limits)?;
        to.unless_empty("stops", 1, stops)?;
        to.unless_empty("watch", 1, watch)?;
        to.unless_empty("outflows", 1, outflows)?;
        to.unless_empty("interest", 1, interest)?;
        to.unless_empty("governance", 1, governance)?;
        to.unless_empty("lent", 1, lent)?;
        to.unless_empty("liquidation", 1, liquidation)
    }
}

/// Parts that change seldom, or grow with the accounts: a root hashes them again only where they
/// were changed. Whatever changes one of them is named by [`changed`].
pub(crate) const SELDOM: [&str; 8] =
    ["models", "limits", "stops", "watch", "outflows", "interest", "governance", "liquidation"];

/// Which of [`SELDOM`] an outcome changes, of a state of so many accounts; trailing stops beside,
/// which prices change.
pub(crate) fn changed(
    outcome: &Outcome,
    weights: &[(Asset, AccountId, Weight)],
    accounts: usize,
) -> Vec<&'static str> {
    let edits = outcome.edits.iter().map(|edit| match edit {
        Edit::Limits(_) => "limits",
        Edit::Stops(_) => "stops",
        Edit::Watch(_) => "watch",
        Edit::Outflows(_) => "outflows",
        Edit::Interest(_) => "interest",
        Edit::Governance(_) => "governance",
        Edit::Liquidation(_) => "liquidation",
    });
    let mut changed: Vec<&'static str> = edits.collect();
    changed.extend(outcome.model.is_some().then_some("models"));
    changed.extend((!weights.is_empty()).then_some("interest"));
    // A sub-account counts with its parent.
    let opened = outcome.accounts.keys().any(|id| id.index() >= accounts);
    changed.extend(opened.then_some("limits"));
    changed
}

/// A document as it is stored: it is read again from its text.
#[derive(Serialize, Deserialize)]
pub(crate) struct Known<'a> {
    text: std::borrow::Cow<'a, str>,
    digest: std::borrow::Cow<'a, str>,
}

impl<'a> Known<'a> {
    fn of(model: &'a Model) -> Self {
        Self { text: (&model.text).into(), digest: (&model.document.digest).into() }
    }

    /// Reads the document; it must be the one that was stored.
    pub fn read(self) -> Result<Model, String> {
        let document =
            Document::parse("model", &self.text).map_err(|error| format!("model: {error}"))?;
        if document.digest != self.digest {
            let start: String = self.text.chars().take(60).collect();
            return Err(format!(
                "model {} {}: expected digest {}, found {}: this build reads another document from \
                 {start:?}; restore with the build that wrote the snapshot, or start from the log",
                document.name, document.version, self.digest, document.digest
            ));
        }
        Ok(Model { text: self.text.into_owned(), document: Arc::new(document) })
    }
}
