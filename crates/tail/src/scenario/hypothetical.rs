//! Scenarios that are given by hand: what never happened, and might.

use super::{Scenarios, place};
use crate::TailError;
use std::collections::BTreeMap;

/// A joint move by name; factors that it does not name stay where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// What it is called.
    pub name: String,
    /// Logarithmic moves by factor.
    pub moves: BTreeMap<String, f64>,
}

/// Scenarios of the given moves over factors of these names.
///
/// # Errors
/// When a move names another factor, is not a number, or a scenario stands twice.
pub fn set(names: &[String], given: &[Given]) -> Result<Scenarios, TailError> {
    let mut moves = vec![vec![0.0; given.len()]; names.len()];
    for (at, one) in given.iter().enumerate() {
        if given[..at].iter().any(|other| other.name == one.name) {
            return Err(TailError::Unusable {
                what: format!("the scenario {}", one.name),
                problem: "it stands twice".to_owned(),
                remedy: "give each a name of its own",
            });
        }
        for (factor, value) in &one.moves {
            if !value.is_finite() {
                let what = format!("{factor} in the scenario {}", one.name);
                return Err(TailError::number(&what, "a number", *value));
            }
            moves[place(names, factor)?][at] = *value;
        }
    }
    let labels = given.iter().map(|one| format!("hypothetical: {}", one.name)).collect();
    Ok(Scenarios { labels, names: names.to_vec(), moves })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, moves: &[(&str, f64)]) -> Given {
        let moves = moves.iter().map(|(name, by)| ((*name).to_owned(), *by)).collect();
        Given { name: name.to_owned(), moves }
    }

    #[test]
    fn what_is_not_named_stays() {
        let names = ["A".to_owned(), "B".to_owned()];
        let found = set(&names, &[given("halving", &[("B", -0.7)]), given("none", &[])]).unwrap();
        assert_eq!(found.labels, ["hypothetical: halving", "hypothetical: none"]);
        assert_eq!(found.moves, [[0.0, 0.0], [-0.7, 0.0]]);
        let said = |some: &[Given]| set(&names, some).unwrap_err().to_string();
        assert!(said(&[given("x", &[("C", 0.1)])]).contains("among A, B"));
        assert!(said(&[given("x", &[("A", f64::NAN)])]).contains("A in the scenario x"));
        assert!(said(&[given("x", &[]), given("x", &[])]).contains("twice"));
    }
}
