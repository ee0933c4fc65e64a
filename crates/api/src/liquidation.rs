//! How far an account is from liquidation, factor by factor.

use crate::stamp::{Context, ENGINE_VERSION, ModelRef};
use keelmark_book::{Asset, Decimal, Portfolio, Timestamp};
use keelmark_margin::Document;
use keelmark_margin::distance::{Crossing, Distance, Factor};
use schemars::JsonSchema;
use serde::Serialize;

/// Liquidation prices of an account: each factor moved alone, every requirement moving with it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct LiquidationReport {
    /// The account's name.
    pub account: String,
    /// Under which document.
    pub model: ModelRef,
    /// Time of the market; null where the account needs no prices and has none.
    #[serde(serialize_with = "crate::stamp::dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
    /// One a pool and factor.
    pub distances: Vec<DistanceReport>,
    /// First 16 hex digits of the BLAKE3 hash of market, model and account.
    pub inputs: String,
    /// Version of the engine.
    pub engine_version: String,
}

/// Where one factor liquidates one pool.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DistanceReport {
    /// The pool.
    pub pool: String,
    /// What moves.
    pub factor: FactorKind,
    /// Of which underlying.
    pub underlying: Asset,
    /// Below where it is.
    pub down: CrossingReport,
    /// Above where it is.
    pub up: CrossingReport,
}

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FactorKind {
    /// The index, and all forwards and futures with it.
    Price,
    /// All volatilities, by the same points.
    Vol,
}

/// Where a factor liquidates, in one direction.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CrossingReport {
    /// Whether there is such a place.
    pub state: CrossingState,
    /// Index price, or points of volatility added (0.45 is 45 points); null where there is none.
    pub level: Option<Decimal>,
    /// Relative move of the price, or points of volatility; null where there is none.
    pub change: Option<f64>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// Whether a factor liquidates in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CrossingState {
    /// At the level.
    At,
    /// Nowhere.
    None,
    /// It is there already.
    Already,
}

impl Context<'_> {
    /// The report of an account's distances.
    #[must_use]
    pub fn liquidation(
        &self,
        document: &Document,
        account: &Portfolio,
        found: &[Distance],
    ) -> LiquidationReport {
        LiquidationReport {
            account: account.account.clone(),
            model: ModelRef::of(document),
            as_of: self.market.as_of,
            distances: found.iter().map(DistanceReport::of).collect(),
            inputs: self.digest(document, std::slice::from_ref(account)),
            engine_version: ENGINE_VERSION.to_owned(),
        }
    }
}

impl DistanceReport {
    fn of(found: &Distance) -> Self {
        let (factor, underlying) = match &found.factor {
            Factor::Price(asset) => (FactorKind::Price, asset),
            Factor::Vol(asset) => (FactorKind::Vol, asset),
        };
        Self {
            pool: found.pool.clone(),
            factor,
            underlying: underlying.clone(),
            down: CrossingReport::of(&found.down),
            up: CrossingReport::of(&found.up),
        }
    }
}

impl CrossingReport {
    fn of(found: &Crossing) -> Self {
        let state = match found {
            Crossing::At { .. } => CrossingState::At,
            Crossing::None { .. } => CrossingState::None,
            Crossing::Already => CrossingState::Already,
        };
        let (mut level, mut change, mut reason) = (None, None, None);
        match found {
            Crossing::At { level: at, change: by } => (level, change) = (Some(*at), Some(*by)),
            Crossing::None { reason: why } => reason = Some(why.clone()),
            Crossing::Already => {}
        }
        Self { state, level, change, reason }
    }
}
