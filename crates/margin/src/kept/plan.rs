//! What a document asks of every pool alike, looked up once instead of at every question.

use crate::charge::{Clock, Scope};
use crate::document::Document;
use crate::error::MarginError;
use crate::requirement::{Slots, few_enough};
use std::sync::Arc;

/// A document with its names resolved, for any number of pools.
#[derive(Debug)]
pub struct Plan {
    pub(super) document: Arc<Document>,
    pub(super) initial: Slots,
    pub(super) maintenance: Slots,
    /// What each charge is a sum over; nothing for one that neither level names.
    pub(super) scopes: Vec<Option<Scope>>,
    /// The most that any of them looks at of time.
    pub(super) clock: Clock,
    /// Whether rows say only what they are of: no scan fills columns, no charge asks for deltas.
    pub(super) bare: bool,
    /// Whether moreover nothing that it asks looks past one position or what is held outright: rows
    /// of what is not held change nothing then.
    pub(super) by_row: bool,
}

impl Plan {
    /// Takes a document; `None` for one whose pools cannot be kept, since every trade of anybody
    /// changes what they require.
    ///
    /// # Errors
    /// [`MarginError`] when it has too many charges or a level without a value.
    pub fn new(document: &Arc<Document>) -> Result<Option<Self>, MarginError> {
        few_enough(document)?;
        if document.looks_at_open_interest() {
            return Ok(None);
        }
        let (initial, maintenance) =
            (Slots::new(document, "initial")?, Slots::new(document, "maintenance")?);
        let levels = [initial.of(document), maintenance.of(document)];
        let used = |name: &str| levels.iter().any(|level| level.formula.uses(name));
        let scopes = document.charges.iter();
        let scopes: Vec<Option<Scope>> =
            scopes.map(|named| used(&named.name).then(|| named.charge.scope())).collect();
        let bare = document.scans.is_empty() && !document.needs_greeks() && !document.coins_move();
        let of_one = |scope: &Scope| matches!(scope, Scope::Row | Scope::Fixed | Scope::Collateral);
        let clocks = document.charges.iter().map(|named| named.charge.clock());
        Ok(Some(Self {
            initial,
            maintenance,
            clock: clocks.max().unwrap_or(Clock::Never),
            bare,
            by_row: bare && scopes.iter().flatten().all(of_one),
            scopes,
            document: Arc::clone(document),
        }))
    }

    /// The document that it was made from.
    #[must_use]
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }
}
