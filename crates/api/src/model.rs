//! What a model document is: its origin, what is not sure about it, its charges and levels.

use keelmark_margin::Document;
use keelmark_margin::document::{PoolBy, PoolCurrency};
use schemars::JsonSchema;
use serde::Serialize;

/// A model document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ModelInfo {
    /// Short name, as on the command line.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The author's version of its numbers.
    pub version: String,
    /// When they came into force.
    pub effective: String,
    /// First 16 hex digits of the BLAKE3 hash of its content.
    pub digest: String,
    /// Where the numbers come from.
    pub sources: Vec<String>,
    /// What could not be verified.
    pub uncertain: Vec<String>,
    /// What shares collateral: `account`, `settlement` or `position`.
    pub pool: String,
    /// What a pool is counted in: an asset, or `settlement`.
    pub pool_currency: String,
    /// Its sets of scenarios.
    pub scans: Vec<ScanInfo>,
    /// Its charges.
    pub charges: Vec<ChargeInfo>,
    /// Its requirements.
    pub levels: Vec<LevelInfo>,
}

/// A set of scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScanInfo {
    /// Its name in charges.
    pub name: String,
    /// How many scenarios it has; none where they are made from history and not there yet.
    pub scenarios: usize,
    /// The set that joint scenarios are of; absent for a scan with ranges or moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joint: Option<String>,
}

impl ScanInfo {
    /// Its scenarios in words.
    #[must_use]
    pub fn counted(&self) -> String {
        match (&self.joint, self.scenarios) {
            (Some(method), 0) => format!("{method} scenarios, made from history"),
            (Some(method), count) => format!("{count} {method} scenarios"),
            (None, count) => format!("{count} scenarios"),
        }
    }
}

/// A charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChargeInfo {
    /// Its name in formulas.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Why two books together can ask more than the two apart; null where they cannot.
    pub breaks_union: Option<String>,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelInfo {
    /// Its name.
    pub name: String,
    /// Its formula.
    pub formula: String,
}

impl ModelInfo {
    /// What a document is.
    #[must_use]
    pub fn of(document: &Document) -> Self {
        let by = match document.pool.by {
            PoolBy::Account => "account",
            PoolBy::Settlement => "settlement",
            PoolBy::Position => "position",
        };
        let scans = document.scans.iter();
        let charges = document.charges.iter();
        let levels = document.levels.iter();
        Self {
            name: document.name.clone(),
            title: document.title.clone(),
            version: document.version.clone(),
            effective: document.effective.clone(),
            digest: document.digest.clone(),
            sources: document.sources.clone(),
            uncertain: document.uncertain.clone(),
            pool: by.to_owned(),
            pool_currency: match &document.pool.currency {
                PoolCurrency::Settlement => "settlement".to_owned(),
                PoolCurrency::Fixed(asset) => asset.to_string(),
            },
            scans: scans
                .map(|one| ScanInfo {
                    name: one.name.clone(),
                    scenarios: one.columns(),
                    joint: one.joint.as_ref().map(|joint| joint.method.clone()),
                })
                .collect(),
            charges: charges
                .map(|one| ChargeInfo {
                    name: one.name.clone(),
                    kind: one.kind.clone(),
                    breaks_union: one.charge.breaks_union().map(str::to_owned),
                })
                .collect(),
            levels: levels
                .map(|one| LevelInfo { name: one.name.clone(), formula: one.formula.to_string() })
                .collect(),
        }
    }
}
