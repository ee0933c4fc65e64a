//! A margin model as a document: what nets with what, what is scanned, charged and required.
//!
//! Nothing numeric about a venue is in Rust. A document names its pools, scans, charges and
//! levels; a user writes a new model, or changes one number of ours, without compiling.

mod bands;
mod change;
mod evidence;
mod fields;
mod groups;
mod level;
pub mod library;
mod lint;
mod params;
pub mod plan;
mod ramp;
mod range;
mod read;
mod rules;
pub mod tree;

pub use bands::Band;
pub use change::{Change, changes};
pub use evidence::{Evidence, Tested};
pub use fields::Fields;
pub use ramp::{Number, Step, step};
pub use range::Range;
pub use read::ORDERS;
pub(crate) use tree::name_of;

use crate::charge::Charge;
use crate::collateral::CollateralRule;
use crate::error::MarginError;
use crate::expr::Formula;
use crate::joint::Joint;
use crate::param::Param;
use crate::recipe::{Made, Recipe};
use crate::scan::Scan;
use keelmark_book::{Asset, InputError, Instrument, Market, Rate};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tree::Node;

/// The schema's name, the first field of every document.
pub const SCHEMA: &str = "keelmark/model/1";

/// A margin model, read and checked.
#[derive(Clone, Debug)]
pub struct Document {
    /// Short name, as on the command line.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// The author's version of the numbers.
    pub version: String,
    /// Where the numbers come from.
    pub sources: Vec<String>,
    /// When they came into force.
    pub effective: String,
    /// What could not be verified, in sentences.
    pub uncertain: Vec<String>,
    /// First 16 hex digits of the BLAKE3 hash of the whole tree, after `extends` and `--set`, and
    /// of the joint scenarios that it has.
    pub digest: String,
    /// How an account is divided.
    pub pool: PoolRule,
    /// What supports margin besides collateral.
    pub equity: EquityRule,
    /// What collateral is worth.
    pub collateral: CollateralRule,
    /// Whether coins held move with their price in scans.
    pub coins_move: CoinsMove,
    /// Coins that move instead with the price of an underlying: wrapped and staked forms of it.
    /// Where there are any, only what is held of these moves.
    pub coins_with: BTreeMap<Asset, Asset>,
    /// Whether options are discounted by the rate of their expiry.
    pub discounted: bool,
    /// What an old price does.
    pub feeds: FeedRule,
    /// Named numbers: of `[params]`, which formulas use, and of `[rules]`, which functions take.
    pub params: BTreeMap<String, Param>,
    /// How deltas are computed.
    pub delta: DeltaRule,
    /// Sets of scenarios.
    pub scans: Vec<Scan>,
    /// How joint scenarios are made from history; none where no scan asks for any.
    pub tail: Option<Recipe>,
    /// What those scenarios were made from; none where they are not, or stand in it.
    pub made: Option<Arc<Made>>,
    /// Named amounts.
    pub charges: Vec<NamedCharge>,
    /// Named requirements; always `initial` and `maintenance`.
    pub levels: Vec<Level>,
    /// What the venue does as equity over maintenance falls, from the best down; may be empty.
    pub bands: Vec<Band>,
    /// What history says for its numbers, where they were calibrated.
    pub evidence: Vec<Evidence>,
    /// How its numbers are to be calibrated.
    pub plan: plan::Plan,
    tree: Arc<Node>,
}

/// First line of a document that was written down from its tree.
const WRITTEN: &str = "# written down with all that it extends\n";

/// The error to tell where only one can be told.
fn first(errors: &[InputError]) -> InputError {
    let error = errors.first().cloned();
    error.unwrap_or_else(|| InputError::whole("document", "expected an error, found none"))
}

/// Whether coins held move with their price in scans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoinsMove {
    /// They do not.
    No,
    /// All of them.
    All,
    /// As many as hedge the contracts of their unit: up to the opposite of those contracts' delta.
    Hedge,
}

/// How an account is divided into pools, each evaluated alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolRule {
    /// What shares collateral.
    pub by: PoolBy,
    /// What each pool is counted in.
    pub currency: PoolCurrency,
    /// Whether index prices count one for one in the pool's currency, whatever that is worth:
    /// the venue takes its settlement stablecoin for the currency that prices are in. What is held
    /// of other assets is still divided by its price.
    pub at_par: bool,
}

/// What shares collateral with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolBy {
    /// The whole account.
    Account,
    /// Everything that settles in one asset.
    Settlement,
    /// Each position alone.
    Position,
}

/// The currency of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolCurrency {
    /// The settlement asset of what is in it.
    Settlement,
    /// One for all.
    Fixed(Asset),
}

/// What supports margin besides collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EquityRule {
    /// Profit and loss of perpetuals and futures since entry.
    pub futures: bool,
    /// Market value of options.
    pub options: bool,
}

/// What a price older than allowed does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeedRule {
    /// Older than this many seconds is stale; `None` never is.
    pub max_age_seconds: Option<f64>,
    /// What a stale price does.
    pub stale: Stale,
}

/// What a stale price does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stale {
    /// The pool cannot be computed.
    Refuse,
    /// Every level of the pool grows by this share.
    Widen(Rate),
}

/// How the delta of an option is computed.
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaRule {
    /// Black-76.
    Black,
    /// A weighted mean over moves of a scan's price range, after its lookahead.
    Composite {
        /// Index of the scan whose range and lookahead count.
        scan: usize,
        /// Move in ranges, and weight; the weights are used as they are.
        points: Vec<(f64, f64)>,
    },
}

/// A named amount.
#[derive(Clone, Debug)]
pub struct NamedCharge {
    /// Its name in formulas.
    pub name: String,
    /// Its kind, as in the document.
    pub kind: String,
    /// What computes it.
    pub charge: Arc<dyn Charge>,
}

/// A named requirement.
#[derive(Clone, Debug)]
pub struct Level {
    /// `initial`, `maintenance`, or another.
    pub name: String,
    /// The sum of charges that it is.
    pub formula: Formula,
    /// Whether an amount below zero counts, as credit; else it is refused.
    pub may_be_below_zero: bool,
}

impl Document {
    /// Reads a document from TOML; `extends` finds its base among the built-in ones.
    ///
    /// # Errors
    /// [`InputError`] with the line: an unknown field, a missing one, a formula that names
    /// nothing, a scan without columns.
    pub fn parse(file: &str, text: &str) -> Result<Self, InputError> {
        let mut tree = library::extended(Node::parse(file, text)?)?;
        if text.starts_with(WRITTEN) {
            // Its parameters are those of all that it extends: none is its own, to be used.
            WRITTEN.clone_into(&mut tree.origin.file);
        }
        Self::from_tree(tree)
    }

    /// Reads a document from its tree.
    ///
    /// # Errors
    /// [`InputError`] with the line.
    pub fn from_tree(tree: Node) -> Result<Self, InputError> {
        read::document(tree).map_err(|errors| first(&errors))
    }

    /// Reads a document and, where it is none, finds every error that one reading can.
    ///
    /// # Errors
    /// All of them in the order of the file; at least one.
    pub fn lint(file: &str, text: &str) -> Result<Self, Vec<InputError>> {
        let tree = Node::parse(file, text).and_then(library::extended);
        read::document(tree.map_err(|error| vec![error])?)
    }

    /// The built-in document of a name.
    ///
    /// # Errors
    /// [`InputError`] with the nearest names.
    pub fn named(name: &str) -> Result<Self, InputError> {
        Self::from_tree(library::named(name)?)
    }

    /// This document with some values changed: `("charge.roll.floor", "0.02")`.
    ///
    /// # Errors
    /// [`InputError`] when a path leads nowhere or the result is not a document.
    pub fn with(&self, changes: &[(&str, &str)]) -> Result<Self, InputError> {
        let mut tree = Node::clone(&self.tree);
        for (path, text) in changes {
            tree.set(path, text)?;
        }
        let mut document = Self::from_tree(tree)?;
        document.bind_all(&self.scans);
        Ok(document)
    }

    /// This document with joint scenarios bound to a scan that asks for them.
    ///
    /// # Errors
    /// [`MarginError::Unsupported`] when it has no such scan, or the scenarios are none: lengths
    /// that differ, a price that falls to nothing.
    pub fn with_joint(&self, scan: &str, joint: Arc<Joint>) -> Result<Self, MarginError> {
        let mut document = self.clone();
        let mut scans = document.scans.iter_mut();
        let found = scans.find_map(|one| one.joint.as_mut().filter(|_| one.name == scan));
        let Some(found) = found else {
            let joint = self.scans.iter().filter(|one| one.joint.is_some());
            let known: Vec<&str> = joint.map(|one| one.name.as_str()).collect();
            return Err(MarginError::Unsupported(format!(
                "{} has no joint scan {scan:?}: expected one of its own ({})",
                self.name,
                known.join(", ")
            )));
        };
        joint.check().map_err(|problem| {
            MarginError::Unsupported(format!("scenarios for scan {scan:?}: {problem}"))
        })?;
        found.joint = Some(joint);
        document.digest = read::digest(&document.tree, &document.scans);
        Ok(document)
    }

    /// The scans whose scenarios are made from history, and are not there yet.
    pub fn unbound(&self) -> impl Iterator<Item = &Scan> {
        let lacks = |scan: &&Scan| scan.joint.as_ref().is_some_and(|one| one.joint.is_none());
        self.scans.iter().filter(lacks)
    }

    /// Takes the scenarios of other scans for those of the same names.
    fn bind_all(&mut self, from: &[Scan]) {
        for scan in &mut self.scans {
            let other = from.iter().find(|one| one.name == scan.name);
            let other = other.and_then(|one| one.joint.as_ref()).and_then(|one| one.joint.as_ref());
            if let (Some(own), Some(joint)) = (&mut scan.joint, other) {
                own.joint.get_or_insert_with(|| Arc::clone(joint));
            }
        }
        self.digest = read::digest(&self.tree, &self.scans);
    }

    /// This document with one more scan at the end of its list, which no charge uses.
    ///
    /// # Errors
    /// [`InputError`] as when it was read.
    pub fn with_scan(&self, scan: Scan) -> Result<Self, InputError> {
        let mut document = self.clone();
        document.scans.push(scan);
        Ok(document)
    }

    /// A text that says the same, with all that it extends: read, it is this document, of the same
    /// digest.
    #[must_use]
    pub fn text(&self) -> String {
        let mut tree = Node::clone(&self.tree);
        for scan in &self.scans {
            if let Some(joint) = scan.joint.as_ref().and_then(|one| one.joint.as_ref()) {
                crate::joint::write(&mut tree, &scan.name, joint);
            }
        }
        format!("{WRITTEN}{}", tree.toml())
    }

    /// The tree it was read from, without joint scenarios that were written in it.
    #[must_use]
    pub fn tree(&self) -> &Node {
        &self.tree
    }

    /// The level of a name.
    #[must_use]
    pub fn level(&self, name: &str) -> Option<&Level> {
        self.levels.iter().find(|level| level.name == name)
    }

    /// The charges that a level asks for, by its formula or through charges that are made of
    /// others; in their order.
    #[must_use]
    pub fn counted(&self, level: &Level) -> Vec<&NamedCharge> {
        let mut names: BTreeSet<&str> = level.formula.names().collect();
        // A charge is made of charges that stand before it.
        for one in self.charges.iter().rev() {
            if names.contains(one.name.as_str()) {
                names.extend(one.charge.made_of());
            }
        }
        self.charges.iter().filter(|one| names.contains(one.name.as_str())).collect()
    }

    /// Whether some level asks for a charge. One that a document inherits may be part of none.
    #[must_use]
    pub fn counts(&self, charge: &str) -> bool {
        let mut counted = self.levels.iter().flat_map(|level| self.counted(level));
        counted.any(|one| one.name == charge)
    }

    /// Whether a charge of the maintenance level is about an instrument. A position in any other
    /// would be free, and is refused.
    #[must_use]
    pub fn covers(&self, instrument: &Instrument) -> bool {
        let Some(maintenance) = self.level("maintenance") else { return false };
        let counted = self.charges.iter().filter(|one| maintenance.formula.uses(&one.name));
        counted.into_iter().any(|one| one.charge.covers(instrument))
    }

    /// Whether a charge of the maintenance level counts sensitivities that an account carries. They
    /// would be free in any other, and are refused.
    #[must_use]
    pub fn takes_sensitivities(&self) -> bool {
        let Some(maintenance) = self.level("maintenance") else { return false };
        let counted = self.charges.iter().filter(|one| maintenance.formula.uses(&one.name));
        counted.into_iter().any(|one| one.charge.takes_sensitivities())
    }

    /// Whether coins held move in scans.
    #[must_use]
    pub fn coins_move(&self) -> bool {
        self.coins_move != CoinsMove::No || !self.coins_with.is_empty()
    }

    /// The underlying whose price a coin held moves with in scans; `None` for one that stays.
    #[must_use]
    pub fn moves_with<'a>(&'a self, coin: &'a Asset, market: &Market) -> Option<&'a Asset> {
        if self.coins_move == CoinsMove::No {
            return self.coins_with.get(coin);
        }
        market.instruments.is_underlying(coin).then_some(coin)
    }

    /// Whether some charge nets scenarios by expiry.
    #[must_use]
    pub fn needs_expiries(&self) -> bool {
        self.charges.iter().any(|one| one.charge.needs_expiries())
    }

    /// Whether a requirement depends on how many contracts are open on the venue.
    #[must_use]
    pub fn looks_at_open_interest(&self) -> bool {
        self.charges.iter().any(|one| one.charge.looks_at_open_interest())
    }

    /// Whether rows are the market's own rather than priced.
    #[must_use]
    pub fn takes_given_rows(&self) -> bool {
        self.scans.iter().any(|scan| scan.given)
    }

    /// Whether each of its charges can say what it asks within a span of prices.
    #[must_use]
    pub fn has_spans(&self) -> bool {
        self.charges.iter().all(|one| one.charge.has_spans())
    }

    /// Whether some scan or charge needs deltas.
    #[must_use]
    pub fn needs_greeks(&self) -> bool {
        self.coins_move == CoinsMove::Hedge
            || self.charges.iter().any(|one| one.charge.needs_greeks())
    }
}
