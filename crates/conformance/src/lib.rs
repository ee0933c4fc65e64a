//! Published cases against the engine: what venues print must come out of the public API.
//!
//! A case is a published computation: inputs, expected outputs, a tolerance. Each model name has a
//! small mapping that builds a market, an account and a document from the inputs, calls the public
//! API and names what comes back. There is no formula here: a number that a mapping would have to
//! compute belongs into a document or a crate, where users have it too.
//!
//! It refuses to do: skipping. A model name that is not known is a failed case.
//!
//! ```
//! use conformance::{CaseFile, run};
//! let text = r#"{"title": "example", "cases": [{"id": "premium", "model": "option.premium",
//!   "inputs": {"price": 220, "contracts": 1, "multiplier": 0.01},
//!   "expected": {"premium": 2.2}}]}"#;
//! let results = run(&CaseFile::parse("example.json", text)?);
//! assert!(results[0].passes());
//! # Ok::<(), String>(())
//! ```
//!
//! Modules: [`case`] files of cases, [`models`] the mappings, [`inputs`] a case's numbers by name,
//! [`desk`] a market and an account, [`compare`] expected against found, [`accuracy`] the table for
//! `docs/accuracy.md`, [`json`] numbers by their text, [`table`] recorded data that a case names.

pub mod accuracy;
pub mod case;
pub mod compare;
pub mod desk;
pub mod inputs;
pub mod json;
pub mod models;
pub mod october;
pub mod table;

pub use case::{Case, CaseFile, Tolerance};
pub use compare::Leaf;
pub use json::Json;

use inputs::Inputs;

/// What became of a case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// Its name.
    pub id: String,
    /// Its model's name.
    pub model: String,
    /// Whether its numbers are published, venue data, or derived.
    pub basis: String,
    /// Each expected value with what was found.
    pub leaves: Vec<Leaf>,
    /// Why nothing was found, if so.
    pub problem: Option<String>,
}

/// Runs the cases of a file, in order.
#[must_use]
pub fn run(file: &CaseFile) -> Vec<CaseResult> {
    file.cases.iter().map(run_case).collect()
}

/// Runs one case.
#[must_use]
pub fn run_case(case: &Case) -> CaseResult {
    let found = match models::of(&case.model) {
        Some(mapping) => mapping(Inputs(&case.inputs)).map_err(|problem| problem.0),
        None => Err(format!("unknown model {:?}", case.model)),
    };
    let (leaves, problem) = match found {
        Ok(found) => (compare::compare(&case.expected, &found, &case.tolerance), None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    CaseResult {
        id: case.id.clone(),
        model: case.model.clone(),
        basis: case.basis.clone(),
        leaves,
        problem,
    }
}

impl CaseResult {
    /// Whether every expected value was found.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.problem.is_none() && self.leaves.iter().all(|leaf| leaf.passes)
    }

    /// What failed, on one line; `None` where nothing did.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(format!("{}: {problem}", self.id));
        }
        let failed: Vec<&Leaf> = self.leaves.iter().filter(|leaf| !leaf.passes).collect();
        let first = failed.first()?;
        let found = first.found.as_deref().unwrap_or("nothing");
        let more = match failed.len() {
            1 => String::new(),
            several => format!(" (and {} more)", several - 1),
        };
        let Leaf { path, expected, .. } = first;
        Some(format!("{}: {path}: expected {expected}, found {found}{more}", self.id))
    }
}
