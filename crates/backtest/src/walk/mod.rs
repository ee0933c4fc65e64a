//! Any document, any book, day by day: margin from what was known, against what came.
//!
//! A walk is cut into pieces of days. Each is computed from histories alone, so pieces may be done
//! in any order, on any number of threads, and again after a kill: the answer is put together from
//! them in their order, and is the same to the last byte. Within a day the market is made once for
//! all books, and a dynamic document once for all of them.

mod contract;
mod day;
mod put_together;

pub use day::PathDay;

use crate::book::Book;
use crate::dynamic::Maker;
use crate::error::{BacktestError, date};
use crate::report::{BacktestReport, RefusedReport};
use crate::world::{Horizon, World};
use day::{Day, Tables, cover, unsuited};
use keelmark_book::Asset;
use keelmark_margin::Document;
use keelmark_units::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Days of a piece.
const PIECE: usize = 32;
/// Days before the first margin where nothing asks for more.
pub const WARMUP: usize = 365;
/// Levels, in the order of their numbers in a piece.
const LEVELS: [&str; 2] = ["initial", "maintenance"];
/// Books and models of one walk at most.
const MOST: usize = 1_000;

/// How to walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// First day of margin; behind the warm-up where absent.
    pub from: Option<Timestamp>,
    /// Last day of margin; as late as a loss is known where absent.
    pub to: Option<Timestamp>,
    /// Days before the first margin; what documents need and [`WARMUP`] where absent.
    pub warmup: Option<usize>,
    /// Confidence that breaches are tested against.
    pub confidence: f64,
    /// Days from margin to loss.
    pub mpor_days: f64,
    /// Days that latency adds.
    pub latency_days: f64,
    /// Where draws begin.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            from: None,
            to: None,
            warmup: None,
            confidence: 0.99,
            mpor_days: 1.0,
            latency_days: 0.0,
            seed: 1,
        }
    }
}

/// A walk that was checked: documents, books and days that go together.
#[derive(Debug)]
pub struct Walk {
    world: World,
    makers: Vec<Maker>,
    books: Vec<Book>,
    settings: Settings,
    horizon: Horizon,
    /// First day of margin, and the day behind the last.
    days: (usize, usize),
    /// Model and book of each run.
    runs: Vec<(usize, usize)>,
    refused: Vec<RefusedReport>,
    notes: Vec<String>,
}

/// Some days of a walk, done.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Piece {
    /// Which.
    pub piece: usize,
    /// The days of each book; fewer where a book has ended.
    pub books: Vec<Vec<PathDay>>,
    /// Cover of each run at both levels, a day of its book each.
    pub runs: Vec<Vec<[f64; 2]>>,
    /// What a model said of a day: model, day of the calendar, text.
    pub flags: Vec<(usize, usize, String)>,
}

impl Walk {
    /// Checks everything before anything long is begun: settings, days, and each model on each
    /// book on the first of them.
    ///
    /// # Errors
    /// When a setting is out of its range, there are no days, or no model can margin any book.
    pub fn new(
        world: World,
        documents: Vec<Document>,
        books: Vec<Book>,
        settings: Settings,
    ) -> Result<Self, BacktestError> {
        checked(&settings, documents.len(), books.len())?;
        let horizon = Horizon::new(settings.mpor_days + settings.latency_days)?;
        let mut makers = Vec::with_capacity(documents.len());
        for document in documents {
            makers.push(Maker::new(document, &world, settings.seed)?);
        }
        let mut walk = Self {
            world,
            makers,
            books,
            settings,
            horizon,
            days: (0, 0),
            runs: Vec::new(),
            refused: Vec::new(),
            notes: Vec::new(),
        };
        walk.days = walk.range()?;
        walk.choose()?;
        Ok(walk)
    }

    /// How many pieces it has.
    #[must_use]
    pub fn pieces(&self) -> usize {
        (self.days.1 - self.days.0).div_ceil(PIECE)
    }

    /// How many days of margin.
    #[must_use]
    pub fn days(&self) -> usize {
        self.days.1 - self.days.0
    }

    /// How many days a piece has.
    #[must_use]
    pub fn days_of(&self, piece: usize) -> usize {
        let (from, to) = self.span(piece);
        to - from
    }

    /// Digests of the models, in their order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.makers.iter().map(|maker| maker.document().digest.as_str())
    }

    /// Models and books that do not go together.
    #[must_use]
    pub fn refused(&self) -> &[RefusedReport] {
        &self.refused
    }

    /// Every piece in order, on so many threads; the answer does not depend on them.
    ///
    /// # Errors
    /// As [`Walk::piece`], of the first piece that has one.
    pub fn all(&self, threads: usize) -> Result<Vec<Piece>, BacktestError> {
        let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= self.pieces() {
                    return;
                }
                let piece = self.piece(at);
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(at, piece);
            }
        };
        std::thread::scope(|scope| (0..threads.max(1)).for_each(|_| drop(scope.spawn(work))));
        found.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }

    /// Computes a piece.
    ///
    /// # Errors
    /// When a model cannot answer on a day, though it could on the first.
    pub fn piece(&self, piece: usize) -> Result<Piece, BacktestError> {
        let mut out = Piece {
            piece,
            books: vec![Vec::new(); self.books.len()],
            runs: vec![Vec::new(); self.runs.len()],
            flags: Vec::new(),
        };
        let (from, to) = self.span(piece);
        for day in from..to {
            self.day(day, &mut out)?;
        }
        Ok(out)
    }

    /// The report of all pieces, in order.
    ///
    /// # Errors
    /// When statistics are refused.
    pub fn report(&self, pieces: &[Piece]) -> Result<BacktestReport, BacktestError> {
        put_together::report(self, pieces)
    }

    /// Digest of all that goes in.
    #[must_use]
    pub fn digest(&self) -> String {
        put_together::digest(self)
    }

    fn span(&self, piece: usize) -> (usize, usize) {
        let from = self.days.0 + piece * PIECE;
        (from, (from + PIECE).min(self.days.1))
    }

    fn day(&self, at: usize, out: &mut Piece) -> Result<(), BacktestError> {
        let day = Day::new(&self.world, &self.books, (self.days.0, at), self.horizon)?;
        for (held, path) in day.held.iter().zip(&mut out.books) {
            path.extend(held.as_ref().map(|held| held.path));
        }
        for (model, maker) in self.makers.iter().enumerate() {
            let own = self.runs.iter().zip(&mut out.runs).filter(|(run, _)| run.0 == model);
            let own: Vec<_> = own
                .filter_map(|((_, book), covers)| Some((*book, day.held[*book].as_ref()?, covers)))
                .collect();
            if own.is_empty() {
                continue;
            }
            let made = maker.on(at)?;
            out.flags.extend(made.flags.iter().map(|text| (model, at, text.clone())));
            let failed = |book: usize, error: BacktestError| BacktestError::Day {
                model: made.document.name.clone(),
                book: self.books[book].name.clone(),
                day: date(self.world.histories.days()[at]),
                problem: error.to_string(),
            };
            let held = own.iter().map(|(_, held, _)| *held);
            let tables = Tables::new(&made.document, &day.market, held)
                .map_err(|error| failed(own[0].0, error))?;
            for (book, held, covers) in own {
                covers.push(tables.cover(held).map_err(|error| failed(book, error))?);
            }
        }
        Ok(())
    }

    /// The days of margin.
    fn range(&mut self) -> Result<(usize, usize), BacktestError> {
        let assets = self.assets();
        let (first, end) = self.world.usable(&assets, self.horizon)?;
        let needs = self.makers.iter().map(Maker::needs).max().unwrap_or(0);
        let warmup = self.settings.warmup.unwrap_or(WARMUP.max(needs));
        if warmup < needs {
            return Err(BacktestError::Setting {
                what: "warm-up",
                expected: format!("{needs} days or more, which a model looks back on"),
                found: warmup.to_string(),
            });
        }
        let histories = &self.world.histories;
        let first = first.max(warmup);
        let from = self.settings.from.map_or(first, |from| histories.at_or_after(from));
        let behind = |to: Timestamp| histories.at_or_after(to.plus_nanos(1));
        let to = self.settings.to.map_or(end, |to| behind(to).min(end));
        if self.settings.from.is_some() && from < first {
            self.notes.push(format!(
                "begins on {}: the days before are the warm-up",
                histories.days().get(first).map_or_else(String::new, |day| date(*day))
            ));
        }
        let from = from.max(first);
        if from >= to {
            let days = histories.days();
            return Err(BacktestError::history(
                "histories together",
                format!(
                    "{} days from {} to {}, of which none is left behind a warm-up of {warmup} and \
                     before a loss over {} days",
                    days.len(),
                    days.first().map_or_else(String::new, |day| date(*day)),
                    days.last().map_or_else(String::new, |day| date(*day)),
                    self.horizon.days
                ),
                "give a longer history, a shorter --warmup, or other --from and --to",
            ));
        }
        self.settings.warmup = Some(warmup);
        Ok((from, to))
    }

    fn assets(&self) -> Vec<Asset> {
        let mut all: Vec<Asset> = self.books.iter().flat_map(Book::assets).collect();
        all.sort();
        all.dedup();
        all
    }

    /// Which models can margin which books, by asking on the first day.
    fn choose(&mut self) -> Result<(), BacktestError> {
        let at = self.days.0;
        let day = Day::new(&self.world, &self.books, (at, at), self.horizon)?;
        let (mut runs, mut refused) = (Vec::new(), Vec::new());
        for (model, maker) in self.makers.iter().enumerate() {
            let made = maker.on(at)?;
            for ((at, book), held) in self.books.iter().enumerate().zip(&day.held) {
                let why = unsuited(&made.document, book).or_else(|| match held {
                    None => Some("the book has expired before the walk begins".to_owned()),
                    Some(held) => {
                        let found = cover(&made.document, &day.market, held);
                        found.err().map(|error| error.to_string())
                    }
                });
                match why {
                    None => runs.push((model, at)),
                    Some(why) => refused.push(RefusedReport {
                        model: made.document.name.clone(),
                        book: book.name.clone(),
                        why,
                    }),
                }
            }
        }
        if runs.is_empty() {
            let first = refused.first();
            let said = first.map(|one| format!("{} on {:?}: {}", one.model, one.book, one.why));
            return Err(BacktestError::Nothing(said.unwrap_or_default()));
        }
        (self.runs, self.refused) = (runs, refused);
        Ok(())
    }
}

fn checked(settings: &Settings, models: usize, books: usize) -> Result<(), BacktestError> {
    let refused = |what, expected: &str, found: String| {
        Err(BacktestError::Setting { what, expected: expected.to_owned(), found })
    };
    if !(settings.confidence > 0.5 && settings.confidence < 1.0) {
        let found = settings.confidence.to_string();
        return refused("confidence", "above 0.5 and below 1", found);
    }
    if !(settings.latency_days >= 0.0 && settings.latency_days <= 30.0) {
        return refused("latency", "0 to 30 days", settings.latency_days.to_string());
    }
    for (what, count) in [("models", models), ("books", books)] {
        if count == 0 || count > MOST {
            return refused(what, "1 to 1000 of them", count.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
