//! Families of models: what a reader who knows one can expect of another.
//!
//! Told from the document, by the kinds of charge that its maintenance is made of, through
//! formulas over charges, so that a new document finds its place without a list of names.

use keelmark_margin::Document;
use keelmark_margin::document::PoolBy;

/// A family of models, in the order of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Each position on its own collateral.
    Isolated,
    /// One pool, margins of positions summed.
    Cross,
    /// One pool, everything revalued over scenarios.
    Scenarios,
    /// One pool, a measure of its tail over joint scenarios.
    Tail,
    /// The convention of sixteen scenarios with spreads and option value.
    Sixteen,
    /// Scenarios over the whole, and rates of their own for what those do not see.
    Hybrid,
    /// Moves by net Greeks.
    Greeks,
    /// What is held and owed, weighted.
    Weights,
    /// Sensitivities aggregated with correlations.
    Sensitivities,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 9] = [
        Self::Isolated,
        Self::Cross,
        Self::Scenarios,
        Self::Tail,
        Self::Sixteen,
        Self::Hybrid,
        Self::Greeks,
        Self::Weights,
        Self::Sensitivities,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Isolated => "isolated margin",
            Self::Cross => "cross margin, position by position",
            Self::Scenarios => "scenario portfolio margin",
            Self::Tail => "the tail of joint scenarios",
            Self::Sixteen => "16-scenario margin",
            Self::Hybrid => "hybrid: scenarios and contingencies",
            Self::Greeks => "Greeks",
            Self::Weights => "health by weights",
            Self::Sensitivities => "sensitivities",
        }
    }
}

/// Kinds that ask for what scenarios over the whole do not see, at rates of their own. A formula by
/// position is not among them: a provision for fees beside scenarios makes no hybrid.
const CONTINGENCIES: &[&str] = &["basis-by-expiry", "hedged-size", "net-short-by-strike"];

/// The family of a document.
pub fn family(document: &Document) -> Family {
    let maintenance = document.level("maintenance");
    let counted = maintenance.map(|level| document.counted(level)).unwrap_or_default();
    let has = |kinds: &[&str]| counted.iter().any(|one| kinds.contains(&one.kind.as_str()));
    if document.pool.by == PoolBy::Position {
        return Family::Isolated;
    }
    if has(&["sensitivities"]) {
        return Family::Sensitivities;
    }
    if has(&["greek-moves"]) {
        return Family::Greeks;
    }
    if has(&["tail-loss"]) {
        return Family::Tail;
    }
    let scenarios = has(&["worst-loss", "worst-loss-by-expiry"]);
    if scenarios && has(&["net-option-value"]) {
        return Family::Sixteen;
    }
    if scenarios && has(CONTINGENCIES) {
        return Family::Hybrid;
    }
    match (scenarios, has(&["weights"])) {
        (true, _) => Family::Scenarios,
        (false, true) => Family::Weights,
        (false, false) => Family::Cross,
    }
}
