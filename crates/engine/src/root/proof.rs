//! Inclusion proofs: one account is counted, with what it has, in the totals of a root.

use super::{Node, Root, Statement};
use serde::{Deserialize, Serialize};

/// Why a proof does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The root is not the hash of what it says.
    #[error("root: {0}")]
    Root(String),
    /// The statement cannot be one of an account.
    #[error("statement: {0}")]
    Statement(String),
    /// Something beside the path cannot be a node.
    #[error("path, level {level}: {problem}")]
    Path {
        /// Counted from the leaf, from 0.
        level: usize,
        /// What was expected and found.
        problem: String,
    },
    /// The path leads to another root.
    #[error("the path leads to {what} {found}, expected {expected}: not counted in this root")]
    Elsewhere {
        /// What differs.
        what: &'static str,
        /// What the root has.
        expected: String,
        /// What the path leads to.
        found: String,
    },
}

/// That one account is in a root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// What the root says of the account.
    pub statement: Statement<'static>,
    /// The neighbours on the way up, from the leaf.
    pub path: Vec<Node>,
}

impl Proof {
    /// Checks the proof against a root; nothing else is needed.
    ///
    /// # Errors
    /// [`ProofError`] saying where it does not hold.
    pub fn check(&self, root: &Root) -> Result<(), ProofError> {
        root.check()?;
        let mut at = self.statement.number.index() as u64;
        let mut width = root.accounts;
        if at >= width {
            let problem = format!("expected one of {width} accounts, found number {at}");
            return Err(ProofError::Statement(problem));
        }
        let mut node = self.statement.checked_leaf()?;
        let mut path = self.path.iter().enumerate();
        while width > 1 {
            let has_neighbour = at % 2 == 1 || at + 1 < width;
            if has_neighbour {
                let level = self.path.len();
                let short = "expected a neighbour, found the end".to_owned();
                let (level, beside) =
                    path.next().ok_or(ProofError::Path { level, problem: short })?;
                node = climb(&node, beside, at % 2 == 1)
                    .map_err(|problem| ProofError::Path { level, problem })?;
            }
            (at, width) = (at / 2, width.div_ceil(2));
        }
        if let Some((level, _)) = path.next() {
            let problem = format!("expected {level} neighbours, found {}", self.path.len());
            return Err(ProofError::Path { level, problem });
        }
        arrives(&node, root)
    }
}

/// A step up. What adds less than nothing is refused before it is added.
fn climb(node: &Node, beside: &Node, beside_is_left: bool) -> Result<Node, String> {
    if let Some(problem) = beside.sums.problem() {
        return Err(problem);
    }
    let (left, right) = if beside_is_left { (beside, node) } else { (node, beside) };
    Node::join(left, right).map_err(|error| error.to_string())
}

fn arrives(node: &Node, root: &Root) -> Result<(), ProofError> {
    let (expected, found) = (root.tree.to_string(), node.hash.to_string());
    if expected != found {
        return Err(ProofError::Elsewhere { what: "tree", expected, found });
    }
    if root.total != node.sums {
        let (expected, found) = (format!("{:?}", root.total), format!("{:?}", node.sums));
        return Err(ProofError::Elsewhere { what: "total", expected, found });
    }
    Ok(())
}
