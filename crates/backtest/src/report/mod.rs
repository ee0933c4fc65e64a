//! The shape of a backtest's answer: what the history was, each book's path through it, and each
//! model's cover of that path with its statistics.
//!
//! Everything that tables, CSV, Parquet and pages show is in here; nothing has to be computed
//! again from histories. Money is `f64` in USD to nine digits: these are estimates, and a column
//! of days is read by plots. Rates are fractions of the book's notional on the day, so that years
//! in which the price was ten times lower count as much.

mod summary;

pub use summary::{
    BaselReport, ClusterReport, CycleReport, Losses, SummaryReport, TailReport, TestReport,
    TestedReport, YearReport, level, short,
};

use serde::{Deserialize, Serialize};

/// The schema's name: a reader refuses another.
pub const SCHEMA: &str = "keelmark/backtest/1";

/// A whole backtest.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BacktestReport {
    /// [`SCHEMA`].
    pub schema: String,
    /// Digest of histories, documents, books and settings: equal digests, equal answers.
    pub digest: String,
    /// What was walked through.
    pub history: HistoryReport,
    /// How it was walked.
    pub settings: SettingsReport,
    /// Each book's own path, the same whatever the model.
    pub books: Vec<BookReport>,
    /// Each model on each book that it can margin: models outside, books inside.
    pub runs: Vec<RunReport>,
    /// Models and books that do not go together, and why.
    pub refused: Vec<RefusedReport>,
    /// What the reader should be told.
    pub notes: Vec<String>,
}

/// What was walked through.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct HistoryReport {
    /// First day on which margin was computed, `YYYY-MM-DD`.
    pub from: String,
    /// Last such day.
    pub to: String,
    /// How many of them.
    pub days: usize,
    /// Each series that was used.
    pub series: Vec<SeriesReport>,
}

/// A series of a history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SeriesReport {
    /// The asset.
    pub asset: String,
    /// `price`, `vol`, `slope`, `basis` or `funding`.
    pub factor: String,
    /// Where its numbers come from; the rule in words where they come from a rule.
    pub source: String,
    /// First and last day; empty where a rule makes it.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Values in it; 0 where a rule makes it.
    pub days: usize,
    /// What was found wrong with it and accepted.
    pub findings: Vec<String>,
}

/// How it was walked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SettingsReport {
    /// Confidence that breaches are tested against, 0.99.
    pub confidence: f64,
    /// Days from the margin to the loss that it is set against, latency included.
    pub mpor_days: f64,
    /// Days that latency adds in it.
    pub latency_days: f64,
    /// Days before the first margin, which only models look at.
    pub warmup_days: usize,
    /// Where draws begin, for models that draw.
    pub seed: u64,
    /// What was taken where no history said it, in sentences.
    pub rules: Vec<String>,
}

/// A book's own path.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BookReport {
    /// Its name: `short-strangle BTC`, `desk.csv vol-desk`.
    pub book: String,
    /// What it is on, the first of them the one whose side a loss is counted to.
    pub assets: Vec<String>,
    /// In words: its legs and when they are struck anew.
    pub about: String,
    /// Each day, `YYYY-MM-DD`. All columns below are as long.
    pub days: Vec<String>,
    /// Index price of the first asset.
    pub index: Vec<f64>,
    /// Gross notional: the size of each contract times its index price, without sign.
    pub notional: Vec<f64>,
    /// What the account, as it was that day, lost over the margin period; a gain is below zero.
    pub loss: Vec<f64>,
    /// Log move of the first asset's price over the same period.
    pub moved: Vec<f64>,
}

/// A model on a book.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunReport {
    /// The model.
    pub model: ModelReport,
    /// Index into the report's books.
    pub book: usize,
    /// `initial` and `maintenance`.
    pub levels: Vec<LevelReport>,
    /// Days on which the model fell back to something, and to what.
    pub flags: Vec<FlagReport>,
}

/// Which model.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ModelReport {
    /// Its name.
    pub name: String,
    /// The author's version of its numbers.
    pub version: String,
    /// Digest of the document.
    pub digest: String,
    /// Whether it was made anew for each day from the history before it.
    pub dynamic: bool,
}

/// A level of a model on a book.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LevelReport {
    /// The level.
    pub level: String,
    /// What stands against the loss on each day of the book: the requirement, and what haircuts
    /// hold back besides. An account exactly at its limit is ruined by a larger loss.
    pub cover: Vec<f64>,
    /// Each day on which the loss was larger, in order.
    pub breaches: Vec<BreachReport>,
    /// Breaches near one another.
    pub clusters: Vec<ClusterReport>,
    /// The numbers.
    pub summary: SummaryReport,
}

/// A loss larger than its cover.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BreachReport {
    /// Index into the book's days.
    pub at: usize,
    /// The day of the margin, `YYYY-MM-DD`.
    pub day: String,
    /// What stood against it.
    pub cover: f64,
    /// The loss.
    pub loss: f64,
    /// Loss less cover, as a fraction of notional.
    pub shortfall: f64,
    /// `down` or `up`: where the price went.
    pub tail: String,
    /// Index into the level's clusters.
    pub cluster: usize,
}

/// A day on which a model fell back to something.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FlagReport {
    /// First day, `YYYY-MM-DD`.
    pub day: String,
    /// How many days said the same.
    pub days: usize,
    /// What happened.
    pub text: String,
}

/// A model and a book that do not go together.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RefusedReport {
    /// The model.
    pub model: String,
    /// The book.
    pub book: String,
    /// Why, and what to do.
    pub why: String,
}
