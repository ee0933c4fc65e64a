//! The statistics of a level: breaches against what was expected, how large, how clustered, by
//! tail and by year, and what the cover cost and how it moved.

use serde::{Deserialize, Serialize};

/// The numbers of a level.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct SummaryReport {
    /// Days of margin.
    pub days: usize,
    /// Losses larger than cover.
    pub breaches: usize,
    /// How many the confidence lets one expect.
    pub expected: f64,
    /// Breaches by day.
    pub share: f64,
    /// Largest shortfall, as a fraction of notional; 0 without breaches.
    pub worst_shortfall: f64,
    /// Mean shortfall over breaches.
    pub mean_shortfall: f64,
    /// Groups of breaches near one another.
    pub clusters: usize,
    /// Breaches in the largest of them.
    pub largest_cluster: usize,
    /// What cover cost and how it moved.
    pub cycle: CycleReport,
    /// What coverage tests were made on: every so-manieth day, so that losses do not overlap.
    pub tested: TestedReport,
    /// Unconditional coverage (Kupiec).
    pub kupiec: TestReport,
    /// Independence of breaches (Christoffersen).
    pub christoffersen: TestReport,
    /// Conditional coverage: both together.
    pub conditional: TestReport,
    /// Traffic light over the last 250 days.
    pub basel: BaselReport,
    /// Losses by where the price went, `down` first.
    pub tails: Vec<TailReport>,
    /// Each calendar year.
    pub years: Vec<YearReport>,
}

/// What coverage tests were made on.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TestedReport {
    /// Every so-manieth day.
    pub every: usize,
    /// Days of them.
    pub days: usize,
    /// Breaches of them.
    pub breaches: usize,
}

/// A likelihood-ratio test.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TestReport {
    /// Its statistic.
    pub statistic: f64,
    /// How often it would be larger by chance.
    pub p_value: f64,
    /// Whether that is less than one time in twenty.
    pub rejected: bool,
}

/// The supervisors' traffic light.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct BaselReport {
    /// `green`, `yellow` or `red`; empty where there are fewer than 250 days or the confidence is
    /// not 99 %.
    pub zone: String,
    /// Breaches in the last 250 days.
    pub breaches: usize,
    /// The worst zone of any 250 days.
    pub worst_zone: String,
    /// Most breaches in any 250 days.
    pub most_breaches: usize,
}

/// What cover cost and how it moved, as fractions of notional.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct CycleReport {
    /// Mean: the cost.
    pub mean: f64,
    /// Least.
    pub least: f64,
    /// Most.
    pub most: f64,
    /// Most over least; `null` where the least is not above zero.
    pub peak_to_trough: Option<f64>,
    /// Largest rise in 1 day, as a ratio; `null` where cover was not above zero.
    pub rise_1: Option<f64>,
    /// In 5 days.
    pub rise_5: Option<f64>,
    /// In 30 days.
    pub rise_30: Option<f64>,
}

/// Losses when the price went one way.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TailReport {
    /// `down` or `up`.
    pub tail: String,
    /// Days on which it went that way.
    pub days: usize,
    /// Breaches among them.
    pub breaches: usize,
    /// Largest shortfall.
    pub worst_shortfall: f64,
    /// Mean shortfall.
    pub mean_shortfall: f64,
}

/// A calendar year.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct YearReport {
    /// The year.
    pub year: i16,
    /// Days of margin in it.
    pub days: usize,
    /// Breaches.
    pub breaches: usize,
    /// Largest shortfall.
    pub worst_shortfall: f64,
    /// Mean cover.
    pub mean: f64,
}

/// Breaches near one another.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct ClusterReport {
    /// Day of its first breach, `YYYY-MM-DD`.
    pub from: String,
    /// Day of its last.
    pub to: String,
    /// How many breaches.
    pub breaches: usize,
    /// The largest shortfall.
    pub worst_shortfall: f64,
    /// All of them together.
    pub shortfall: f64,
}
