//! Prices from several sources: one index out of what they say.
//!
//! The index is the weighted median of the sources that are fresh, sure enough and near the
//! others. It is a function of the newest reading of each source and of the time alone, so the
//! order of arrival makes no difference. Where too few sources count there is no new index: the
//! last one stays, with its old time, and is never zero; what follows from that is the margin
//! document's rule for old prices or, where the feed says so, a halt of new risk.
//!
//! Rejected: averages, which one wrong source moves as far as it likes.

mod median;

pub(crate) use median::median;

use crate::agenda;
use keelmark_book::{Asset, Decimal, InstrumentId, Overflow, Price, Rate, Round, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What a feed is the price of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The index of an asset, in US dollars.
    Asset(Asset),
    /// The mark of an instrument, in its own unit.
    Instrument(InstrumentId),
}

/// How an index is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FeedRule")]
pub struct Rule {
    /// Weight of each source, by its name; above zero.
    pub sources: BTreeMap<String, Rate>,
    /// A reading older than this does not count.
    pub max_age_seconds: u32,
    /// Nor one further than this from the median, as a share of the median.
    pub divergence: Rate,
    /// How many sources must count.
    pub least: u32,
    /// Nor does a reading less sure than this count, 0 to 1.
    #[serde(default)]
    pub confidence: Rate,
    /// What follows where too few count.
    pub failing: Failing,
    /// Whether a slower price follows the index, and how.
    #[serde(default)]
    pub slow: Option<Slow>,
}

/// What follows where too few sources count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Failing {
    /// The price grows old, and margin documents widen or refuse by their own rule.
    Widen,
    /// No new risk for whoever holds something this is the price of.
    Halt,
}

/// A price that follows another slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// It moves at whole multiples of this, counted from 1970.
    pub every_seconds: u32,
    /// By at most this share of itself.
    pub most: Rate,
}

/// What a source said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Its price.
    pub price: Price,
    /// How sure it is, 0 to 1.
    pub confidence: Rate,
    /// When it saw it.
    pub time: Timestamp,
}

/// Whether a source counts, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It counts.
    Counted,
    /// It has said nothing yet.
    Missing,
    /// Its reading is too old.
    Stale,
    /// It is not sure enough.
    Unsure,
    /// It is too far from the others.
    Diverging,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counted => "counted",
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Unsure => "unsure",
            Self::Diverging => "diverging",
        })
    }
}

/// A feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feed {
    /// How its index is made.
    pub rule: Rule,
    /// The newest reading of each source.
    pub readings: BTreeMap<String, Reading>,
    /// How each source stands.
    pub standings: BTreeMap<String, Standing>,
    /// Whether enough sources count.
    pub live: bool,
}

/// Feeds by what they are the price of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feeds {
    /// Indices of assets.
    pub assets: BTreeMap<Asset, Feed>,
    /// Marks of instruments.
    pub instruments: BTreeMap<InstrumentId, Feed>,
}

/// What a feed says at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// The index, where enough sources count: as old as the newest of them, as sure as the least.
    pub index: Option<Reading>,
    /// How each source stands.
    pub standings: BTreeMap<String, Standing>,
    /// When the first of them turns stale.
    pub until: Option<Timestamp>,
}

impl Feeds {
    /// A feed.
    #[must_use]
    pub fn get(&self, subject: &Subject) -> Option<&Feed> {
        match subject {
            Subject::Asset(asset) => self.assets.get(asset),
            Subject::Instrument(id) => self.instruments.get(id),
        }
    }

    pub(crate) fn set(&mut self, subject: Subject, feed: Option<Feed>) {
        match (subject, feed) {
            (Subject::Asset(asset), Some(feed)) => drop(self.assets.insert(asset, feed)),
            (Subject::Asset(asset), None) => drop(self.assets.remove(&asset)),
            (Subject::Instrument(id), Some(feed)) => drop(self.instruments.insert(id, feed)),
            (Subject::Instrument(id), None) => drop(self.instruments.remove(&id)),
        }
    }

    /// Whether a price can be relied on now: a feed's while enough sources count, any other
    /// always.
    #[must_use]
    pub fn is_live(&self, subject: &Subject) -> bool {
        self.get(subject).is_none_or(|feed| feed.live)
    }

    /// Whether a feed fails and halts new risk.
    #[must_use]
    pub fn halts(&self, subject: &Subject) -> bool {
        self.get(subject).is_some_and(Feed::halts)
    }

    /// Whether any does.
    #[must_use]
    pub fn any_halts(&self) -> bool {
        self.assets.values().chain(self.instruments.values()).any(Feed::halts)
    }
}

impl Feed {
    /// A feed that has heard nothing yet.
    #[must_use]
    pub fn new(rule: Rule) -> Self {
        let standings = rule.sources.keys().map(|name| (name.clone(), Standing::Missing)).collect();
        Self { rule, readings: BTreeMap::new(), standings, live: false }
    }

    fn halts(&self) -> bool {
        !self.live && self.rule.failing == Failing::Halt
    }

    /// Takes a reading, unless a newer one of its source is known; of two of one time the lower
    /// price counts, then the lower confidence, whichever came first. Says whether it was taken.
    pub(crate) fn hear(&mut self, source: &str, reading: Reading) -> bool {
        if let Some(known) = self.readings.get(source) {
            let same = known.time == reading.time;
            let lower = (reading.price, reading.confidence) < (known.price, known.confidence);
            if known.time > reading.time || (same && !lower) {
                return false;
            }
        }
        self.readings.insert(source.to_owned(), reading);
        true
    }

    /// What it says at a time.
    ///
    /// # Errors
    /// [`Overflow`] when a number does not fit.
    pub(crate) fn at(&self, now: Timestamp) -> Result<Found, Overflow> {
        let mut standings = BTreeMap::new();
        let (mut counted, mut until) = (Vec::new(), None);
        for (name, weight) in &self.rule.sources {
            let standing = match self.readings.get(name) {
                None => Standing::Missing,
                Some(reading) if self.stale(reading) <= now => Standing::Stale,
                Some(reading) => {
                    let stale = self.stale(reading);
                    until = Some(until.map_or(stale, |until: Timestamp| until.min(stale)));
                    if reading.confidence < self.rule.confidence {
                        Standing::Unsure
                    } else {
                        counted.push((name, *weight, *reading));
                        Standing::Counted
                    }
                }
            };
            standings.insert(name.clone(), standing);
        }
        let prices = |counted: &[(&String, Rate, Reading)]| {
            median(counted.iter().map(|(_, weight, reading)| (reading.price, *weight)).collect())
        };
        if let Some(middle) = prices(&counted)? {
            let most = middle.decimal().times(self.rule.divergence.decimal(), Round::Down)?;
            let mut near = Vec::new();
            for one in counted {
                if one.2.price.minus(middle)?.abs().decimal() > most {
                    standings.insert(one.0.clone(), Standing::Diverging);
                } else {
                    near.push(one);
                }
            }
            counted = near;
        }
        let enough = counted.len() >= self.rule.least as usize;
        let index = prices(&counted)?.filter(|_| enough).map(|price| Reading {
            price,
            confidence: counted.iter().map(|one| one.2.confidence).min().unwrap_or_default(),
            time: counted.iter().map(|one| one.2.time).max().unwrap_or(now),
        });
        Ok(Found { index, standings, until })
    }

    /// The first instant at which a reading is too old.
    fn stale(&self, reading: &Reading) -> Timestamp {
        agenda::after(reading.time, self.rule.max_age_seconds).plus_nanos(1)
    }
}

impl Slow {
    /// Where a slow price is after one move towards another: at most `most` of itself away, and at
    /// least one step.
    ///
    /// # Errors
    /// [`Overflow`] when a number does not fit.
    pub fn step(&self, slow: Price, towards: Price) -> Result<Price, Overflow> {
        let most = slow.decimal().times(self.most.decimal(), Round::Down)?.max(Decimal::STEP);
        let away = towards.minus(slow)?.decimal();
        slow.plus(Price::new(away.clamp(-most, most)))
    }
}
