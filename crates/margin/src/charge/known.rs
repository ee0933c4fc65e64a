//! What the charges of a document asked so far, term by term: a charge that is made of others
//! looks there instead of computing them again.

use super::month_spread::Formation;
use keelmark_book::Money;
use std::ops::Range;

/// A term of a charge: the unit, bucket or row that it is about, and what it asks.
pub(crate) type Term = (usize, Money);

/// What the first charges of a document asked of one view, in its order.
#[derive(Debug, Default)]
pub struct Known {
    terms: Vec<Term>,
    charges: Vec<Asked>,
}

#[derive(Debug)]
struct Asked {
    /// Where its terms stand.
    terms: Range<usize>,
    /// Its spreads between months, by unit; none for other kinds.
    formed: Vec<Formation>,
}

impl Known {
    /// Room for so many charges and terms.
    pub(crate) fn with_room(charges: usize, terms: usize) -> Self {
        Self { terms: Vec::with_capacity(terms), charges: Vec::with_capacity(charges) }
    }

    /// Adds the terms of the next charge, by ascending key, and its spreads between months; nothing
    /// for one that was not computed.
    pub(crate) fn add(&mut self, terms: &[Term], formed: Vec<Formation>) {
        let start = self.terms.len();
        self.terms.extend_from_slice(terms);
        self.charges.push(Asked { terms: start..self.terms.len(), formed });
    }

    /// The terms of the charge at a place in the document, if it was computed and has any.
    pub(super) fn of(&self, charge: usize) -> Option<&[Term]> {
        let own = &self.charges.get(charge)?.terms;
        (!own.is_empty()).then(|| &self.terms[own.clone()])
    }

    /// What formed in a unit by the charge at a place in the document, if it was computed.
    pub(super) fn formation(&self, charge: usize, unit: usize) -> Option<&Formation> {
        self.charges.get(charge)?.formed.get(unit)
    }
}
