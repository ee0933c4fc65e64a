//! A document on a day: a static one as it is, a dynamic one with the scenarios that histories up
//! to that day make by its recipe.
//!
//! Paths of volatility are computed once, each step from the returns before it, and a fit is made
//! from what stands before the days it is used on. So a document of a day is the same whatever came
//! after it, and whether it is made alone or in a walk over years.

mod damped;
mod dated;
mod moves;
mod sets;
mod volatility;

pub use dated::dated;

use crate::error::BacktestError;
use crate::world::World;
use keelmark_book::Asset;
use keelmark_margin::Document;
use keelmark_margin::recipe::{Filter, Method};
use moves::Moves;
use sets::Ready;
use std::borrow::Cow;
use std::sync::Arc;

/// Fewest moves that a set without a window of its own is made of.
const LEAST_MOVES: usize = 250;

/// Makes a document for each day.
#[derive(Debug)]
pub struct Maker {
    document: Document,
    dynamic: Option<Dynamic>,
}

/// What a dynamic document is made from.
#[derive(Debug)]
struct Dynamic {
    moves: Moves,
    sets: Vec<Ready>,
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

/// The underlyings whose histories a document is made from, each once.
#[must_use]
pub fn assets(document: &Document) -> Vec<Asset> {
    if document.unbound().next().is_none() {
        return Vec::new();
    }
    let sources = document.tail.iter().flat_map(|recipe| recipe.histories.values());
    let mut all: Vec<Asset> = sources.map(|one| one.of.clone()).collect();
    all.sort();
    all.dedup();
    all
}

impl Maker {
    /// A maker of a document. Draws begin with the seed of its recipe, moved on by `seed`, of
    /// which 1 is none.
    ///
    /// # Errors
    /// When the document needs what the histories do not have, or a history is unusable.
    pub fn new(document: Document, world: &World, seed: u64) -> Result<Self, BacktestError> {
        let dynamic = match (&document.tail, document.unbound().next()) {
            (Some(recipe), Some(_)) => {
                let moves = Moves::of(&document.name, recipe, world)?;
                let sets = document
                    .sets_to_make()
                    .map(|(scan, set)| Ready::new(scan, set, recipe, &moves));
                let sets = sets.collect::<Result<Vec<_>, _>>()?;
                Some(Dynamic { moves, sets, seed: seed.wrapping_sub(1) })
            }
            _ => None,
        };
        Ok(Self { document, dynamic })
    }

    /// The document before any day.
    #[must_use]
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Whether it is made anew for each day.
    #[must_use]
    pub fn is_dynamic(&self) -> bool {
        self.dynamic.is_some()
    }

    /// Days of the calendar that it needs before the first that it is made for.
    #[must_use]
    pub fn needs(&self) -> usize {
        let Some(dynamic) = &self.dynamic else { return 0 };
        let longest = dynamic.sets.iter().map(Ready::needs).max().unwrap_or(0);
        dynamic.moves.first + longest
    }

    /// The document of a day of the calendar, from that day and before.
    ///
    /// # Errors
    /// When there is too little history yet.
    pub fn on(&self, day: usize) -> Result<Made<'_>, BacktestError> {
        let Some(dynamic) = &self.dynamic else {
            return Ok(Made { document: Cow::Borrowed(&self.document), flags: Vec::new() });
        };
        let mut flags = dynamic.moves.flags.clone();
        let mut document = Cow::Borrowed(&self.document);
        for set in &dynamic.sets {
            let joint = set.on(day, &dynamic.moves, dynamic.seed, &mut flags)?;
            document = Cow::Owned(document.with_joint(&set.scan, Arc::new(joint))?);
        }
        flags.sort();
        flags.dedup();
        Ok(Made { document, flags })
    }
}

/// Observations that a method looks back on.
fn looks_back(method: &Method) -> usize {
    match method {
        Method::Historical { window } => window.unwrap_or(LEAST_MOVES),
        Method::Filtered(filter) => filter_looks_back(filter),
        Method::Copula(copula) => filter_looks_back(&copula.filter),
        Method::Stressed { worst, .. } => LEAST_MOVES.max(*worst),
        Method::Hypothetical(_) => 1,
    }
}

fn filter_looks_back(filter: &Filter) -> usize {
    let all = [Some(&filter.volatility), filter.own.as_ref()];
    let longest = all.into_iter().flatten().map(volatility::looks_back).max();
    filter.least.max(longest.unwrap_or(0))
}

#[cfg(test)]
mod tests;
