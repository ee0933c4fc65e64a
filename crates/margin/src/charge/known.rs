//! What the charges of a document asked so far, term by term: a charge that is made of others
//! looks there instead of computing them again.

use keelmark_book::Money;
use std::ops::Range;

/// A term of a charge: the unit, bucket or row that it is about, and what it asks.
pub type Term = (usize, Money);

/// The terms of the first charges of a document, in its order, of one view.
#[derive(Clone, Debug, Default)]
pub struct Known {
    terms: Vec<Term>,
    /// Where each charge's terms stand.
    charges: Vec<Range<usize>>,
}

impl Known {
    /// Adds the terms of the next charge, by ascending key; none for one that was not computed.
    pub fn add(&mut self, terms: &[Term]) {
        let start = self.terms.len();
        self.terms.extend_from_slice(terms);
        self.charges.push(start..self.terms.len());
    }

    /// The terms of the charge at a place in the document, if it was computed and has any.
    #[must_use]
    pub fn of(&self, charge: usize) -> Option<&[Term]> {
        let own = self.charges.get(charge)?;
        (!own.is_empty()).then(|| &self.terms[own.clone()])
    }
}
