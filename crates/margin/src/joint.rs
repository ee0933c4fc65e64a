//! Joint scenarios: moves of every underlying together, made from what happened or could happen.
//!
//! Where a scan with ranges says how far each price goes alone, a joint scenario is one state of
//! the world: the price, the volatility level and its term structure, the basis and the funding of
//! every underlying at once, under a label that a person can look up. A document names a set of
//! them; the numbers are written in it or bound to it, from a history, for one date. What stands
//! below - rows, netting, kept accounts, what-ifs - needs to know nothing of where they come from.
//!
//! It refuses to do: making scenarios, which takes histories and judgement, and guessing a move of
//! an underlying that the set does not have.

use crate::document::Fields;
use crate::document::tree::{Node, Origin, Value};
use crate::error::MarginError;
use keelmark_book::{Asset, InputError, instruments::nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The tenor, in days, at which a move of the volatility level is as written.
pub const REFERENCE_DAYS: f64 = 30.0;
/// A set has at most this many scenarios.
pub const MOST_SCENARIOS: usize = 20_000;

/// Joint moves, scenario by scenario, of every underlying that a set knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joint {
    /// What each scenario is: `2020-03-12`, `copula 17`, `stress: exchange failure`.
    pub labels: Vec<String>,
    /// The moves of each underlying.
    pub moves: BTreeMap<Asset, JointMoves>,
}

/// The moves of one underlying. A column is as long as the labels, or empty: no such move.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JointMoves {
    /// Fraction of the price, above -1.
    pub price: Vec<f64>,
    /// Fraction of the volatility level at the reference tenor, above -1.
    pub vol: Vec<f64>,
    /// Term structure: the volatility at a tenor of `T` days is multiplied by
    /// `(max(T, 1) / 30)^slope` besides.
    pub slope: Vec<f64>,
    /// Added to the annualised basis: a forward at `T` years moves by `(1 + price) exp(basis T)`.
    pub basis: Vec<f64>,
    /// Fraction of notional that longs of perpetuals pay over the horizon, above what is expected.
    pub funding: Vec<f64>,
}

/// Largest magnitude of each column, by its name: what lies beyond is a slip of units.
const COLUMNS: [(&str, f64); 5] =
    [("price", 100.0), ("vol", 100.0), ("slope", 5.0), ("basis", 10.0), ("funding", 10.0)];

impl JointMoves {
    /// The columns in the order in which a document names them.
    fn columns(&self) -> [&Vec<f64>; 5] {
        [&self.price, &self.vol, &self.slope, &self.basis, &self.funding]
    }

    /// The move in a scenario of one of the columns of this; 0 where the column is not there.
    pub(crate) fn at(column: &[f64], scenario: usize) -> f64 {
        column.get(scenario).copied().unwrap_or(0.0)
    }
}

impl Joint {
    /// How many scenarios there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Checks what a table relies on.
    ///
    /// # Errors
    /// A sentence that names the underlying, the column and the scenario.
    pub fn check(&self) -> Result<(), String> {
        let count = self.len();
        if count == 0 || count > MOST_SCENARIOS {
            return Err(format!("expected 1 to {MOST_SCENARIOS} joint scenarios, found {count}"));
        }
        for (asset, moves) in &self.moves {
            if moves.price.is_empty() {
                return Err(format!("{asset}: expected moves of its price, found none"));
            }
            for ((name, most), column) in COLUMNS.iter().zip(moves.columns()) {
                self.check_column(asset, (name, *most), column)?;
            }
        }
        Ok(())
    }

    fn check_column(
        &self,
        asset: &Asset,
        (name, most): (&str, f64),
        column: &[f64],
    ) -> Result<(), String> {
        if !column.is_empty() && column.len() != self.len() {
            let (found, expected) = (column.len(), self.len());
            return Err(format!("{asset} {name}: expected {expected} moves, found {found}"));
        }
        let least = if matches!(name, "price" | "vol") { -1.0 } else { -most };
        let outside = |one: &f64| one.is_nan() || *one <= least || *one > most;
        let Some(at) = column.iter().position(outside) else { return Ok(()) };
        let (label, found) = (&self.labels[at], column[at]);
        Err(format!("{asset} {name} in {label:?}: expected above {least} to {most}, found {found}"))
    }

    /// Hash of every label and number.
    pub(crate) fn digest(&self, into: &mut blake3::Hasher) {
        let mut text = |text: &str| {
            into.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        };
        self.labels.iter().for_each(|label| text(label));
        for (asset, moves) in &self.moves {
            into.update(asset.as_str().as_bytes());
            for column in moves.columns() {
                into.update(&(column.len() as u64).to_le_bytes());
                let bytes: Vec<u8> = column.iter().flat_map(|one| one.to_le_bytes()).collect();
                into.update(&bytes);
            }
        }
    }

    /// The fields `labels` and `moves` of a scan, as a document has them written in.
    fn fields(&self, origin: &Origin) -> [(String, Node); 2] {
        let node = |value| Node { value, origin: origin.clone() };
        let text = |text: String| node(Value::Text(text));
        let list = |items: Vec<Node>| node(Value::List(items));
        let mut by = BTreeMap::new();
        for (asset, moves) in &self.moves {
            let mut table = BTreeMap::new();
            for ((name, _), column) in COLUMNS.iter().zip(moves.columns()) {
                if !column.is_empty() {
                    let numbers = column.iter().map(|one| text(one.to_string()));
                    table.insert((*name).to_owned(), list(numbers.collect()));
                }
            }
            by.insert(asset.to_string(), node(Value::Table(table)));
        }
        let labels = self.labels.iter().map(|label| text(label.clone())).collect();
        [("labels".to_owned(), list(labels)), ("moves".to_owned(), node(Value::Table(by)))]
    }

    /// The fields `labels` and `moves` of a scan; nothing where neither is there.
    fn read(fields: &mut Fields<'_>) -> Result<Option<Self>, InputError> {
        let (labels, moves) = (fields.texts("labels")?, fields.get("moves"));
        let Some(node) = moves else {
            if labels.is_empty() {
                return Ok(None);
            }
            return Err(fields.error("labels: expected the moves that they name beside them"));
        };
        let mut joint = Self { labels, moves: BTreeMap::new() };
        for (name, node) in Fields::of(node)?.all() {
            let asset = Asset::new(name).map_err(|error| node.error(error))?;
            joint.moves.insert(asset, JointMoves::read(node)?);
        }
        if joint.labels.is_empty() {
            let count = joint.moves.values().map(|one| one.price.len()).max().unwrap_or(0);
            joint.labels = (1..=count).map(|at| format!("scenario {at}")).collect();
        }
        joint.check().map_err(|problem| node.error(format!("moves: {problem}")))?;
        Ok(Some(joint))
    }
}

impl JointMoves {
    fn read(node: &Node) -> Result<Self, InputError> {
        let mut fields = Fields::of(node)?;
        let mut column = |name| -> Result<Vec<f64>, InputError> {
            fields.list(name)?.iter().map(number).collect()
        };
        let moves = Self {
            price: column("price")?,
            vol: column("vol")?,
            slope: column("slope")?,
            basis: column("basis")?,
            funding: column("funding")?,
        };
        fields.done()?;
        Ok(moves)
    }
}

/// A number by its shortest text, so that what was written down is read as the same bits.
fn number(node: &Node) -> Result<f64, InputError> {
    let text = node.text()?;
    let found = text.parse().ok().filter(|found: &f64| found.is_finite());
    found.ok_or_else(|| node.error(format!("expected a number, found {text:?}")))
}

/// What makes a scan joint: the method that its scenarios come from, and they themselves once they
/// are there.
#[derive(Clone, Debug)]
pub struct JointScan {
    /// The name of the set, as the recipe knows it.
    pub method: String,
    /// Underlyings that take the moves of another.
    pub proxies: BTreeMap<Asset, Asset>,
    /// The scenarios; none in a document that no history was bound to.
    pub joint: Option<Arc<Joint>>,
}

impl JointScan {
    pub(crate) fn read(method: &str, fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let mut proxies = BTreeMap::new();
        if let Some(node) = fields.get("proxy") {
            for (own, other) in Fields::of(node)?.all() {
                let asset = |text: &str| Asset::new(text).map_err(|error| other.error(error));
                proxies.insert(asset(own)?, asset(other.text()?)?);
            }
        }
        let joint = Joint::read(fields)?.map(Arc::new);
        Ok(Self { method: method.to_owned(), proxies, joint })
    }

    /// How many scenarios there are.
    pub(crate) fn len(&self) -> usize {
        self.joint.as_ref().map_or(0, |joint| joint.len())
    }

    /// The label of a scenario.
    #[must_use]
    pub fn label(&self, scenario: usize) -> &str {
        let joint = self.joint.as_ref();
        joint.and_then(|joint| joint.labels.get(scenario)).map_or("", String::as_str)
    }

    /// What is told where scenarios are asked of a scan that has none yet.
    pub(crate) fn unbound(&self, scan: &str) -> MarginError {
        MarginError::Unsupported(format!(
            "scan {scan:?} takes {} scenarios, which are made from history: give one with \
             --history, or a dated document that calibrate wrote",
            self.method
        ))
    }

    /// The moves of an underlying, its own or its proxy's.
    ///
    /// # Errors
    /// When there are no scenarios yet, or none of the underlying.
    pub fn of(&self, scan: &str, underlying: &Asset) -> Result<&JointMoves, MarginError> {
        let Some(joint) = &self.joint else { return Err(self.unbound(scan)) };
        let source = self.proxies.get(underlying).unwrap_or(underlying);
        joint.moves.get(source).ok_or_else(|| {
            let known = joint.moves.keys().map(Asset::as_str);
            let near = nearest(source.as_str(), known.clone(), 2).join(", ");
            let known = known.collect::<Vec<_>>().join(", ");
            let near = if near.is_empty() { known } else { near };
            MarginError::Unsupported(format!(
                "scan {scan:?} has no moves of {source}{}: it has {near}; give {source} a \
                 history, or name an underlying whose moves it takes, [scan.proxy] \
                 {underlying} = \"...\"",
                if source == underlying { String::new() } else { format!(" for {underlying}") },
            ))
        })
    }
}

/// Fields of a scan that hold its scenarios: they count towards a document's digest as numbers,
/// however they came in.
const WRITTEN: [&str; 2] = ["labels", "moves"];

/// The scans of a tree that are joint, each as its table of fields.
fn joint_scans(tree: &mut Node) -> Vec<(String, Origin, &mut BTreeMap<String, Node>)> {
    let Value::Table(top) = &mut tree.value else { return Vec::new() };
    let Some(Node { value: Value::List(scans), .. }) = top.get_mut("scan") else {
        return Vec::new();
    };
    let joint = scans.iter_mut().filter_map(|scan| {
        let name = crate::document::name_of(scan)?;
        let origin = scan.origin.clone();
        match &mut scan.value {
            Value::Table(fields) if fields.contains_key("joint") => Some((name, origin, fields)),
            _ => None,
        }
    });
    joint.collect()
}

/// Takes the scenarios out of a tree.
pub(crate) fn without(tree: &mut Node) {
    for (_, _, fields) in joint_scans(tree) {
        WRITTEN.iter().for_each(|field| drop(fields.remove(*field)));
    }
}

/// Writes the scenarios of a scan into a tree.
pub(crate) fn write(tree: &mut Node, scan: &str, joint: &Joint) {
    for (name, origin, fields) in joint_scans(tree) {
        if name == scan {
            fields.extend(joint.fields(&origin));
        }
    }
}
