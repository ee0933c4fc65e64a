//! The statistics of a level: breaches against what was expected, how large, how clustered, by
//! tail and by year, and what the cover cost and how it moved.

use super::{BreachReport, LevelReport};
use crate::walk::PathDay;
use keelmark_tail::TailError;
use keelmark_tail::coverage::{Basel, Coverage, Test};
use keelmark_tail::cycle::{largest_rise, peak_to_trough};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// What a level's cover is set against.
#[derive(Clone, Copy, Debug)]
pub struct Losses<'a> {
    /// Each day, `YYYY-MM-DD`.
    pub days: &'a [String],
    /// What the book was and lost.
    pub path: &'a [PathDay],
    /// Confidence that breaches are tested against.
    pub confidence: f64,
    /// Steps of the calendar over which a loss is counted: tests take every so-manieth day.
    pub every: usize,
}

/// Breaches so many days apart are of one cluster.
const NEAR: usize = 5;
/// Days of the traffic light.
const LIGHT_DAYS: usize = 250;
/// The confidence that the traffic light is made for.
const LIGHT_CONFIDENCE: f64 = 0.99;
/// A test rejects what chance gives less often.
const TEST_LEVEL: f64 = 0.95;
/// A shortfall below this part of notional is rounding.
const NOTHING: f64 = 1e-9;

/// A number to nine digits.
#[must_use]
pub fn short(number: f64) -> f64 {
    format!("{number:.8e}").parse().unwrap_or(number)
}

/// A level of a model on a book.
///
/// # Errors
/// When there are no days or numbers are not finite.
pub fn level(name: &str, cover: &[f64], losses: &Losses<'_>) -> Result<LevelReport, TailError> {
    let short_by = |at: usize| {
        let day = &losses.path[at];
        let rate = (day.loss - cover[at]) / day.notional.max(f64::MIN_POSITIVE);
        if rate > NOTHING { rate } else { 0.0 }
    };
    let shortfalls: Vec<f64> = (0..cover.len()).map(short_by).collect();
    let (mut breaches, mut clusters) = (Vec::new(), Vec::<ClusterReport>::new());
    let mut last: Option<usize> = None;
    for at in (0..cover.len()).filter(|at| shortfalls[*at] > 0.0) {
        if last.is_none_or(|last| at - last > NEAR) {
            let from = losses.days[at].clone();
            clusters.push(ClusterReport { from, ..ClusterReport::default() });
        }
        last = Some(at);
        let cluster = clusters.len() - 1;
        let own = &mut clusters[cluster];
        own.to.clone_from(&losses.days[at]);
        own.breaches += 1;
        own.worst_shortfall = own.worst_shortfall.max(shortfalls[at]);
        own.shortfall += shortfalls[at];
        breaches.push(BreachReport {
            at,
            day: losses.days[at].clone(),
            cover: short(cover[at]),
            loss: short(losses.path[at].loss),
            shortfall: short(shortfalls[at]),
            tail: tail(losses.path[at].moved).to_owned(),
            cluster,
        });
    }
    let mut summary = summary(cover, &shortfalls, losses)?;
    summary.clusters = clusters.len();
    summary.largest_cluster = clusters.iter().map(|one| one.breaches).max().unwrap_or(0);
    Ok(LevelReport {
        level: name.to_owned(),
        cover: cover.iter().map(|one| short(*one)).collect(),
        breaches,
        clusters,
        summary,
    })
}

fn tail(moved: f64) -> &'static str {
    if moved < 0.0 { "down" } else { "up" }
}

fn summary(
    cover: &[f64],
    shortfalls: &[f64],
    losses: &Losses<'_>,
) -> Result<SummaryReport, TailError> {
    let failed: Vec<bool> = shortfalls.iter().map(|one| *one > 0.0).collect();
    let days = failed.len();
    let rate = 1.0 - losses.confidence;
    let tested: Vec<bool> = failed.iter().step_by(losses.every.max(1)).copied().collect();
    let coverage = Coverage::of(&tested, rate)?;
    let test = |found: Test| TestReport {
        statistic: short(found.lr),
        p_value: short(found.p_value),
        rejected: found.rejects(TEST_LEVEL),
    };
    let rates: Vec<f64> = cover
        .iter()
        .zip(losses.path)
        .map(|(cover, day)| cover / day.notional.max(f64::MIN_POSITIVE))
        .collect();
    let all = Shortfalls::of(shortfalls.iter().copied());
    Ok(SummaryReport {
        days,
        breaches: all.count,
        expected: short(rate * days as f64),
        share: short(all.count as f64 / days as f64),
        worst_shortfall: short(all.worst),
        mean_shortfall: short(all.mean()),
        clusters: 0,
        largest_cluster: 0,
        cycle: cycle(&rates),
        tested: TestedReport {
            every: losses.every,
            days: coverage.steps,
            breaches: coverage.failures,
        },
        kupiec: test(coverage.unconditional),
        christoffersen: test(coverage.independence),
        conditional: test(coverage.conditional),
        basel: basel(&failed, losses),
        tails: tails(shortfalls, losses),
        years: years(shortfalls, &rates, losses),
    })
}

/// Shortfalls counted.
#[derive(Clone, Copy, Debug, Default)]
struct Shortfalls {
    days: usize,
    count: usize,
    worst: f64,
    sum: f64,
}

impl Shortfalls {
    fn of(all: impl Iterator<Item = f64>) -> Self {
        let mut found = Self::default();
        all.for_each(|one| found.add(one));
        found
    }

    fn add(&mut self, one: f64) {
        self.days += 1;
        self.count += usize::from(one > 0.0);
        self.worst = self.worst.max(one);
        self.sum += one;
    }

    fn mean(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.sum / self.count as f64 }
    }
}

fn cycle(rates: &[f64]) -> CycleReport {
    let (least, most) = rates.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |found, one| {
        (found.0.min(*one), found.1.max(*one))
    });
    let rise = |steps| largest_rise(rates, steps).ok().map(short);
    CycleReport {
        mean: short(rates.iter().sum::<f64>() / rates.len() as f64),
        least: short(least),
        most: short(most),
        peak_to_trough: peak_to_trough(rates).ok().map(short),
        rise_1: rise(1),
        rise_5: rise(5),
        rise_30: rise(30),
    }
}

/// The zones of windows of a year; none where the scheme does not apply.
fn basel(failed: &[bool], losses: &Losses<'_>) -> BaselReport {
    let applies = losses.every == 1 && (losses.confidence - LIGHT_CONFIDENCE).abs() < 1e-12;
    if !applies || failed.len() < LIGHT_DAYS {
        return BaselReport::default();
    }
    let count = |window: &[bool]| window.iter().filter(|one| **one).count();
    let all = failed.windows(LIGHT_DAYS).map(count);
    let (last, most) = all.fold((0, 0), |(_, most), one| (one, most.max(one)));
    let zone = |breaches| Basel::of(breaches).light.name().to_owned();
    BaselReport { zone: zone(last), breaches: last, worst_zone: zone(most), most_breaches: most }
}

fn tails(shortfalls: &[f64], losses: &Losses<'_>) -> Vec<TailReport> {
    let of = |name: &str| {
        let days = shortfalls.iter().zip(losses.path);
        let own = days.filter(|(_, day)| tail(day.moved) == name).map(|(one, _)| *one);
        let found = Shortfalls::of(own);
        TailReport {
            tail: name.to_owned(),
            days: found.days,
            breaches: found.count,
            worst_shortfall: short(found.worst),
            mean_shortfall: short(found.mean()),
        }
    };
    vec![of("down"), of("up")]
}

fn years(shortfalls: &[f64], rates: &[f64], losses: &Losses<'_>) -> Vec<YearReport> {
    let mut found: BTreeMap<i16, (Shortfalls, f64)> = BTreeMap::new();
    for ((one, rate), day) in shortfalls.iter().zip(rates).zip(losses.days) {
        let year = day.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default();
        let own = found.entry(year).or_default();
        own.0.add(*one);
        own.1 += rate;
    }
    let year = |(year, (own, sum)): (i16, (Shortfalls, f64))| YearReport {
        year,
        days: own.days,
        breaches: own.count,
        worst_shortfall: short(own.worst),
        mean: short(sum / own.days as f64),
    };
    found.into_iter().map(year).collect()
}
