//! The methods by which a set of scenarios is made, and how volatility is damped.

use keelmark_book::{Asset, Timestamp};
use std::collections::BTreeMap;

/// How a set of scenarios is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// The last `window` moves as they were.
    Historical {
        /// Observations; none for all that there are before the date.
        window: Option<usize>,
    },
    /// The last `window` moves, each over the volatility of its day, at the volatility of today.
    Filtered(Filter),
    /// Every move of some periods, whatever the date.
    Stressed {
        /// The periods.
        periods: Vec<Period>,
        /// Observations of the most violent days of all history before the date, on top; 0 for
        /// none.
        worst: usize,
    },
    /// Moves that were never seen, written down.
    Hypothetical(Vec<Hypothetical>),
    /// Drawn from a t copula over filtered moves.
    Copula(Copula),
}

/// Filtered moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Observations.
    pub window: usize,
    /// Observations from which on it is made of as many as there are; the window where absent.
    pub least: usize,
    /// The volatility that moves of the price are divided by and scaled to.
    pub volatility: Volatility,
    /// That of each other factor, from its own moves; none where they are taken as they were.
    pub own: Option<Volatility>,
    /// What is done to the volatility that they are scaled to.
    pub damping: Damping,
}

/// A volatility by day.
#[derive(Clone, Debug, PartialEq)]
pub enum Volatility {
    /// Exponentially weighted: `v' = lambda v + (1 - lambda) r^2`.
    Ewma {
        /// Weight of the past.
        lambda: f64,
        /// The first value is the mean square of so many returns.
        warm_up: usize,
    },
    /// Of two speeds: `fast^weight slow^(1 - weight)` of two exponentially weighted ones.
    TwoSpeed {
        /// Weight of the past in the fast one.
        fast: f64,
        /// Weight of the past in the slow one.
        slow: f64,
        /// Power of the fast one.
        weight: f64,
        /// A return counts for at most so many of its own standard deviations.
        most: f64,
        /// The first value of both is the mean square of so many returns.
        warm_up: usize,
    },
    /// GARCH(1,1), with leverage (GJR) or without.
    Garch {
        /// Whether falls count more.
        leverage: bool,
        /// Law of the innovations.
        law: Law,
        /// Fitted anew after so many observations.
        refit: Calibration,
    },
    /// The implied volatility of the underlying's `vol` history.
    Implied,
    /// A weighted mean of others, by variance.
    Blend(Vec<(f64, Volatility)>),
}

impl Volatility {
    /// Whether implied volatility is asked for, which only a price has.
    #[must_use]
    pub fn takes_implied(&self) -> bool {
        match self {
            Self::Implied => true,
            Self::Blend(members) => members.iter().any(|(_, one)| one.takes_implied()),
            _ => false,
        }
    }
}

/// Law of the innovations of a GARCH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Normal.
    Normal,
    /// Student's t of unit variance.
    T,
}

/// When a model is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calibration {
    /// Observations before the date that it is fitted to.
    pub window: usize,
    /// Observations until it is fitted again.
    pub every: usize,
}

/// What is done to the path of a volatility before scenarios are scaled to it, in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Damping {
    /// Weight of the volatility of stress: the highest of all days before the date.
    pub stress_weight: f64,
    /// What it never falls below.
    pub floor: Option<Floor>,
    /// Share on top in calm times, used up as volatility rises above its long mean.
    pub buffer: f64,
    /// It rises by at most this factor less one from one observation to the next.
    pub capped_rise: Option<f64>,
    /// A rise is spread over so many observations; 0 for at once.
    pub ramp: usize,
}

/// What a volatility never falls below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Floor {
    /// That of the last so many observations, unweighted, times a share.
    Long {
        /// Observations.
        window: usize,
        /// Share of it.
        share: f64,
    },
    /// The mean of the path so far, times a share.
    Mean {
        /// Share of it.
        share: f64,
    },
}

/// A period of history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// What it is called.
    pub label: String,
    /// First day of its moves.
    pub from: Timestamp,
    /// Last day of them.
    pub to: Timestamp,
}

/// A scenario that is written down: fractions of price and volatility level, and what is added to
/// the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothetical {
    /// What it is called.
    pub label: String,
    /// Moves by underlying, each in the order price, vol, slope, basis, funding.
    pub moves: BTreeMap<Asset, [f64; 5]>,
}

/// Scenarios drawn at random, the same for the same seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Copula {
    /// The moves whose margins and correlation are taken.
    pub filter: Filter,
    /// Degrees of freedom; fitted where absent.
    pub degrees: Option<f64>,
    /// Weight of the past in the correlation; 1 for the sample's.
    pub lambda: f64,
    /// Shrinkage of the correlation towards that of independence, 0 to 1.
    pub shrinkage: f64,
    /// How many are drawn.
    pub count: usize,
    /// What the draws begin with.
    pub seed: u64,
}
