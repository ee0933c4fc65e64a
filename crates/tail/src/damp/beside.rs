//! Measures side by side: what each costs, what it saves and what it leaves uncovered.

use super::Damper;
use crate::TailError;
use crate::breach::Breaches;
use crate::cycle::{self, Cycle};
use serde::Serialize;

/// One measure beside the path that it damps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// Its name; the first line is the path itself.
    pub name: String,
    /// The mean.
    pub mean: f64,
    /// The mean over that of the path.
    pub cost: f64,
    /// The largest over the smallest.
    pub peak_to_trough: f64,
    /// The largest ratio to the margin a step before.
    pub rise_1: f64,
    /// ... five steps before.
    pub rise_5: f64,
    /// ... thirty steps before.
    pub rise_30: f64,
    /// How many losses were beyond it.
    pub failures: usize,
}

/// A path of margins, and what measures make of it, against the losses that came.
///
/// # Errors
/// When there are too few margins for a cycle, not one loss a margin, or a measure refuses.
pub fn beside(
    path: &[f64],
    losses: &[f64],
    measures: &[(&str, Vec<Damper>)],
) -> Result<Vec<Beside>, TailError> {
    let line = |name: &str, margins: &[f64]| -> Result<Beside, TailError> {
        let Cycle { mean, peak_to_trough, rise_1, rise_5, rise_30 } = Cycle::of(margins)?;
        let failures = Breaches::of(margins, losses)?.count();
        let cost = cycle::cost(margins, path)?;
        let name = name.to_owned();
        Ok(Beside { name, mean, cost, peak_to_trough, rise_1, rise_5, rise_30, failures })
    };
    let mut found = vec![line("base", path)?];
    for (name, dampers) in measures {
        found.push(line(name, &Damper::apply_all(dampers, path)?)?);
    }
    Ok(found)
}
