//! `[tail]`: how the joint scenarios of a document are made, as data.
//!
//! A document that takes scenarios from history says here which history each underlying and factor
//! has, by which method each set is made, over which horizon, and how the volatility that scenarios
//! are scaled to is damped. It is read and checked here and interpreted where histories are; made
//! for a date, the scenarios are bound to the document ([`Document::with_joint`]).
//!
//! Rejected: damping margins themselves. A volatility path is a function of history alone: it needs
//! no state, is the same for every account, and anyone can recompute it.
//!
//! [`Document::with_joint`]: crate::Document::with_joint

mod made;
mod method;
mod read;

pub use made::{Made, Used};
pub use method::{
    Calibration, Copula, Damping, Filter, Floor, Hypothetical, Law, Method, Period, Volatility,
};

use crate::document::{Document, Fields, Range};
use crate::joint::JointScan;
use keelmark_book::{Asset, InputError, instruments::nearest};
use std::collections::BTreeMap;

/// How joint scenarios are made.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Where the moves of each underlying come from.
    pub histories: BTreeMap<Asset, Sources>,
    /// Over which time positions are held before they are closed.
    pub horizon: Horizon,
    /// The last row of a history may be this many days before the date that is asked for.
    pub oldest_days: f64,
    /// The sets, each by the name that scans ask for.
    pub sets: Vec<Set>,
}

/// Where the moves of one underlying come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    /// Whose history it is: its own, or that of what it is a form of.
    pub of: Asset,
    /// Volatility level at 30 days.
    pub vol: Source,
    /// Slope of the term structure.
    pub slope: Source,
    /// Annualised basis.
    pub basis: Source,
    /// Funding paid by longs, as a fraction of notional a day.
    pub funding: Source,
}

/// Where the moves of a factor other than the price come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// It does not move.
    None,
    /// A history of its level.
    History,
    /// What the market is taken to be: its history, or where there is none the rule by which the
    /// market of a day is made, and a flag that says so.
    Market,
    /// No history of its own: it answers the price. A fall of the price by a fraction `x` moves it
    /// by `down * x`, a rise by `up * x`; in log terms for volatility, added for the others.
    Response {
        /// For each fraction that the price falls.
        down: f64,
        /// For each fraction that it rises.
        up: f64,
    },
}

/// The time over which positions are held before they are closed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Days that closing takes.
    pub days: f64,
    /// Minutes until it can begin: confirmations of a chain, notice of a venue.
    pub latency_minutes: f64,
    /// How moves of one observation become moves of the horizon.
    pub scaling: Scaling,
}

impl Horizon {
    /// Days with the latency.
    #[must_use]
    pub fn total_days(&self) -> f64 {
        self.days + self.latency_minutes / (24.0 * 60.0)
    }
}

/// How moves of one observation become moves of the horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// By the square root of time.
    Root,
    /// Sums of neighbouring observations, as many as the horizon has, rounded up.
    Overlapping,
}

/// A set of scenarios.
#[derive(Clone, Debug, PartialEq)]
pub struct Set {
    /// The name that scans ask for.
    pub name: String,
    /// How it is made.
    pub method: Method,
    /// Whether each scenario comes with its opposite: twice as many, and no drift.
    pub mirrored: bool,
    /// Its own horizon; the recipe's where absent.
    pub horizon: Option<Horizon>,
}

impl Recipe {
    /// The set of a name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| set.name == name)
    }

    /// The horizon of a set.
    #[must_use]
    pub fn horizon_of(&self, set: &Set) -> Horizon {
        set.horizon.unwrap_or(self.horizon)
    }

    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, InputError> {
        read::recipe(fields)
    }

    /// Refuses a scan that asks for a set that is not there.
    pub(crate) fn check(&self, scan: &JointScan) -> Result<(), String> {
        if scan.joint.is_some() || self.set(&scan.method).is_some() {
            return Ok(());
        }
        let known = self.sets.iter().map(|set| set.name.as_str());
        let near = nearest(&scan.method, known.clone(), 2).join(", ");
        let near = if near.is_empty() { known.collect::<Vec<_>>().join(", ") } else { near };
        Err(format!("joint: expected a [[tail.set]] ({near}), found {:?}", scan.method))
    }
}

impl Document {
    /// The scans that take a set of the recipe, with it, in the order of scans. Those whose
    /// scenarios are written in take none.
    pub fn sets_to_make(&self) -> impl Iterator<Item = (&str, &Set)> {
        let recipe = self.tail.as_ref();
        self.unbound().filter_map(move |scan| {
            let method = &scan.joint.as_ref()?.method;
            Some((scan.name.as_str(), recipe?.set(method)?))
        })
    }
}

/// Numbers that recipes are written in.
const OBSERVATIONS: Range = Range::POSITIVE;
