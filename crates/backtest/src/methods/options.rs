//! Documents side by side on books of options: the tables of docs/tail-methods.md that need walks.
//!
//! Walks of nine years take a minute where the rest of the page takes seconds, so tests hold a
//! short stretch whole, and the long ones by the digest of all that goes into them.

use super::REJECTED;
use crate::book::{Book, built_in};
use crate::error::BacktestError;
use crate::history::{Histories, History, shipped};
use crate::report::LevelReport;
use crate::walk::{Settings, Walk};
use crate::world::{Rules, Smile, World};
use keelmark_book::{InputError, read};
use keelmark_margin::Document;
use std::fmt::Write as _;
use std::num::NonZeroUsize;

/// The chain whose smile options are valued with.
const CHAIN: &[u8] = include_bytes!("../../../../samples/btc-options-2026-03-13.csv");
/// What `unseen=0` takes away from the document for options.
const SCENARIOS_ALONE: (&str, &str) = ("params.unseen", "0");
/// Below this share of notional a cover is rounding, and its peak to trough says nothing.
const NOTHING: f64 = 1e-4;

/// A walk that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Documents by name; one with `, scenarios alone` behind it is without what they cannot see.
    pub models: &'a [&'a str],
    /// Books by the beginning of their name, without their asset for those on every one.
    pub books: &'a [&'a str],
    /// First and last day; all that documents can be asked on where empty.
    pub days: (&'a str, &'a str),
    /// Whether options are valued along the smile of a real chain.
    pub smile: bool,
    /// Histories beside the prices that are built in.
    pub histories: &'a [History],
}

const BOOKS: &[&str] =
    &["short-strangle", "risk-reversal", "calendar", "covered-call", "basis-trade"];
const OPTIONS: &str = "tail-options";
const ALONE: &str = "tail-options, scenarios alone";

impl Asked<'_> {
    /// Documents beside one another, on the days that all of them have.
    pub const BESIDE: Asked<'static> = Asked {
        models: &["tail-two-speed", OPTIONS, ALONE, "tail-es", "customer-pm", "scan16"],
        books: BOOKS,
        days: ("", ""),
        smile: true,
        histories: &[],
    };
    /// The document for options on all its days.
    pub const LONG: Asked<'static> = Asked { models: &[OPTIONS, ALONE], ..Self::BESIDE };
    /// The same with every strike at the volatility at the money.
    pub const FLAT: Asked<'static> = Asked {
        models: &[ALONE],
        books: &["short-strangle", "risk-reversal", "calendar"],
        smile: false,
        ..Self::BESIDE
    };
    /// Two violent months, that a test walks too.
    pub const STRETCH: Asked<'static> = Asked {
        models: &["tail-two-speed", OPTIONS, ALONE],
        books: &["short-strangle", "calendar"],
        days: ("2022-05-01", "2022-06-30"),
        ..Self::BESIDE
    };

    /// The walk.
    ///
    /// # Errors
    /// When a name is of no document, or no document can be asked.
    pub fn walk(&self) -> Result<Walk, BacktestError> {
        let smile =
            if self.smile { Smile::of(&read::market_csv("chain", CHAIN)?) } else { Smile::flat() };
        let given: Vec<History> =
            shipped()?.into_iter().chain(self.histories.iter().cloned()).collect();
        let world = World::new(Histories::align(given)?, Rules::default(), smile)?;
        let documents = self.models.iter().map(|name| document(name));
        let documents = documents.collect::<Result<Vec<_>, _>>()?;
        let asked = |book: &Book| self.books.iter().any(|name| book.name.starts_with(name));
        let books = built_in()?.into_iter().filter(asked).collect();
        let (from, to) = (self.days.0.parse().ok(), self.days.1.parse().ok());
        Walk::new(world, documents, books, Settings { from, to, ..Settings::default() })
    }

    /// Its table.
    ///
    /// # Errors
    /// As [`Asked::walk`] and the walk's own.
    pub fn table(&self) -> Result<String, BacktestError> {
        let walk = self.walk()?;
        let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let report = walk.report(&walk.all(threads)?)?;
        let mut text = head(&walk, &report.history.from, &report.history.to);
        for (at, book) in report.books.iter().enumerate() {
            // Runs of a book are in the order of its models.
            for run in report.runs.iter().filter(|run| run.book == at) {
                let same = walk.models().position(|model| model == run.model.digest);
                let model = same.map_or(run.model.name.as_str(), |model| self.models[model]);
                let _ = writeln!(text, "| {} | {model} | {} |", book.book, row(&run.levels[0]));
            }
        }
        Ok(text)
    }
}

/// The built-in document of a name.
fn document(name: &str) -> Result<Document, InputError> {
    match name.split_once(',') {
        None => Document::named(name),
        Some((name, _)) => Document::named(name)?.with(&[SCENARIOS_ALONE]),
    }
}

/// What a table says before its rows: the days, and the digest of all that goes in.
fn head(walk: &Walk, from: &str, to: &str) -> String {
    format!(
        "{} days, {from} to {to}; walk `{}`.\n\n\
         | book | document | breaches | p cc | mean cover | peak to trough | worst shortfall |\n\
         | --- | --- | --: | --: | --: | --: | --: |\n",
        walk.days(),
        walk.digest()
    )
}

fn row(level: &LevelReport) -> String {
    let (summary, cycle) = (&level.summary, &level.summary.cycle);
    let p = summary.conditional.p_value;
    let verdict = match (p < REJECTED, summary.kupiec.rejected) {
        (false, _) => "",
        (true, false) => " in clusters",
        (true, true) if (summary.breaches as f64) < summary.expected => " too few",
        (true, true) => " too many",
    };
    let swing = cycle.peak_to_trough.filter(|_| cycle.mean > NOTHING);
    format!(
        "{} | {p:.3}{verdict} | {:.3} % | {} | {:.2} %",
        summary.breaches,
        cycle.mean * 100.0,
        swing.map_or("-".to_owned(), |swing| format!("{swing:.1}")),
        summary.worst_shortfall * 100.0,
    )
}
