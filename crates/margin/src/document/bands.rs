//! Bands: what a venue does to an account as equity over maintenance falls.
//!
//! A document lists them from the best down, each with the ratio that it lies above; the last has
//! none. `[[band]] name = "reduce_only", above = "1.05"` is the band up to the one before it.

use super::{Document, Fields};
use crate::document::tree::Node;
use keelmark_book::{Decimal, InputError, Rate};

/// A range of equity over maintenance with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Band {
    /// What the venue does in it.
    pub name: String,
    /// Ratios above this are in it, as far as the band before; `None` of the last.
    pub above: Option<Rate>,
}

impl Document {
    /// The band of a ratio of equity to maintenance; `None` where the document lists no bands.
    #[must_use]
    pub fn band(&self, ratio: Rate) -> Option<&Band> {
        self.bands.iter().find(|band| band.above.is_none_or(|above| ratio > above))
    }
}

pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<Band>, InputError> {
    let mut bands: Vec<Band> = Vec::new();
    for node in fields.list("band")? {
        let mut inner = Fields::of(node)?;
        let name = inner.text("name")?.to_owned();
        let above = inner.get("above").map(Node::decimal).transpose()?.map(Rate::new);
        inner.done()?;
        if let Some(before) = bands.last() {
            let falls = before.above.is_some_and(|before| above.is_none_or(|own| own < before));
            if !falls {
                return Err(node.error(format!(
                    "above: expected bands from the best down, found {name:?} after {:?}",
                    before.name
                )));
            }
        }
        if above.is_some_and(|above| above.decimal() < Decimal::ZERO) {
            return Err(node.error("above: expected zero or more"));
        }
        bands.push(Band { name, above });
    }
    Ok(bands)
}
