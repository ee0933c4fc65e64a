//! A document's numbers from history: which can be found, what they are, how they would have held,
//! and the dated document that says so.
//!
//! A scan's ranges, moves of volatility, haircuts, weights and tiers are found by what their
//! fields mean ([`target`]). Each is a loss that moves over a horizon pass no more often than a
//! confidence says ([`tail`]), turned into the number that the field wants and rounded against the
//! account ([`number`]); tiers grow with the time and the impact of closing what they hold
//! ([`ladder`]). What comes out is a document with `[[evidence]]` ([`mod@write`]).

pub mod collateral;
mod dynamic;
pub mod ladder;
pub mod number;
pub mod past;
pub mod read;
pub mod report;
pub mod tail;
pub mod target;
pub mod write;

pub use past::{Past, Pasts, Says};
pub use report::{Calibration, Row};
pub use target::{Left, Targets};

use keelmark_book::InputError;
use keelmark_margin::Document;
use keelmark_margin::document::Evidence;
use keelmark_margin::document::plan::{Horizon, Likely, Method, Plan, Settings};
use keelmark_tail::TailError;
use keelmark_units::{Decimal, Overflow};

/// Why there is no number, or no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// Histories that cannot be used together.
    #[error("{problem}; {remedy}")]
    History {
        /// What is wrong.
        problem: String,
        /// What to change.
        remedy: String,
    },
    /// Nothing of a document could be found.
    #[error("{model}: nothing to calibrate:{why}")]
    Nothing {
        /// Its name.
        model: String,
        /// Why, number by number.
        why: String,
    },
    /// What the histories of a dynamic document refuse.
    #[error(transparent)]
    Backtest(#[from] crate::BacktestError),
    /// What the tail's methods refuse.
    #[error(transparent)]
    Tail(#[from] TailError),
    /// A document that is none with its new numbers.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A number that does not fit.
    #[error(transparent)]
    Overflow(#[from] Overflow),
}

/// What was asked for one number, nothing left open.
#[derive(Clone, Debug, PartialEq)]
pub struct Sure {
    /// Share of moves that it covers.
    pub confidence: f64,
    /// The same, exact.
    pub confidence_exact: Decimal,
    /// Latency and margin period of risk together.
    pub horizon: Horizon,
    /// How the tail is measured.
    pub method: Method,
    /// Whether the mean beyond the quantile counts.
    pub shortfall: bool,
    /// Rows that count.
    pub window: Option<u32>,
    /// Weight of the past in volatilities.
    pub decay: f64,
    /// Threshold of peaks.
    pub threshold: f64,
    /// Whether the plain quantile is a floor.
    pub long_floor: bool,
    /// Share of what is traded that is sold.
    pub participation: f64,
    /// Days over which what is traded is averaged.
    pub volume_days: u32,
    /// Daily volatilities that a day's volume moves the price.
    pub impact: f64,
    /// What accounts are likely to hold.
    pub likely: Likely,
}

impl Sure {
    /// Settings, with what keelmark takes where they say nothing: 99 % of the moves over a day, by
    /// the order statistic of the whole history; a tenth of thirty days' volume; an impact of one
    /// daily volatility; accounts that are long.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let number = |found: Option<Decimal>, other: f64| found.map_or(other, Decimal::to_f64);
        let confidence_exact =
            settings.confidence.unwrap_or_else(|| Decimal::from_raw(99 * Decimal::ONE.raw() / 100));
        let horizon = settings.horizon.unwrap_or(Horizon::of_seconds(86_400));
        let latency = settings.latency.unwrap_or(Horizon::of_seconds(0));
        Self {
            confidence: confidence_exact.to_f64(),
            confidence_exact,
            horizon: latency.after(horizon),
            method: settings.method.unwrap_or(Method::Historical),
            shortfall: settings.shortfall.unwrap_or(false),
            window: settings.window,
            decay: number(settings.decay, past::DECAY),
            threshold: number(settings.threshold, 0.95),
            long_floor: settings.long_floor.unwrap_or(false),
            participation: number(settings.participation, 0.1),
            volume_days: settings.volume_days.unwrap_or(30),
            impact: number(settings.impact, 1.0),
            likely: settings.likely.unwrap_or(Likely::Long),
        }
    }

    /// The method in words.
    #[must_use]
    pub fn said(&self) -> String {
        let measure = if self.shortfall { ", expected shortfall" } else { "" };
        format!("{}{measure}", self.method)
    }
}

/// A number found, before it is written.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it stands.
    pub path: String,
    /// Its underlying, `None` of one for all.
    pub key: Option<String>,
    /// What history says for it.
    pub evidence: Evidence,
}

/// What a calibration is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The built-in document that the new one extends; `None` where it says all itself.
    pub base: Option<String>,
    /// The plan over that of the document.
    pub plan: Plan,
    /// The day from which it is in force; the last day of the history where absent.
    pub effective: Option<String>,
}

/// A dated document from history.
///
/// # Errors
/// When there is nothing in the document that these histories can say, or the document is none
/// with its new numbers.
pub fn calibrate(
    document: &Document,
    pasts: &Pasts,
    asked: &Asked,
) -> Result<Calibration, CalibrateError> {
    let plan = asked.plan.clone().over(document.plan.clone());
    let targets = Targets::of(document, &plan);
    let mut found = Vec::new();
    let mut left = targets.left.clone();
    number::all(document, &targets, pasts, &plan, &mut found, &mut left);
    let ladders = ladder::all(document, &targets, pasts, &plan, &mut found, &mut left);
    left.sort_by(|a, b| a.field.cmp(&b.field));
    let dynamic = document.unbound().next().is_some();
    if found.is_empty() && !dynamic {
        let why: Vec<String> =
            left.iter().map(|one| format!("\n  {}: {}", one.field, one.why)).collect();
        let why = if why.is_empty() {
            " it has no scan, haircut, weight or tier whose number is a move".to_owned()
        } else {
            why.concat()
        };
        return Err(CalibrateError::Nothing { model: document.name.clone(), why });
    }
    write::dated(document, pasts, asked, (found, ladders), left)
}
