//! The sum tree: leaves in the order of the accounts, neighbours joined, one without a neighbour
//! carried up as it is.

use super::RootError;
use super::hash::{Hash, Maker};
use super::sums::Sums;
use serde::{Deserialize, Serialize};

/// A leaf, or what two nodes make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Hash of all below it, sums included.
    pub hash: Hash,
    /// Sums of all below it.
    pub sums: Sums,
}

impl Node {
    /// What two neighbours make.
    pub(super) fn join(left: &Self, right: &Self) -> Result<Self, RootError> {
        let hash = Maker::new("node")
            .bytes(left.hash.bytes())
            .value(&left.sums)?
            .bytes(right.hash.bytes())
            .value(&right.sums)?
            .done();
        Ok(Self { hash, sums: left.sums.plus(&right.sums)? })
    }

    /// The top of a tree without leaves.
    fn none() -> Self {
        Self { hash: Maker::new("node").done(), sums: Sums::default() }
    }
}

/// Nodes level by level, leaves first; the last level has one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SumTree {
    levels: Vec<Vec<Node>>,
}

impl SumTree {
    /// Replaces leaves, or adds them behind the last, and joins what is above them anew.
    ///
    /// Leaves come in order, none left out behind the last one known. After an error the same
    /// leaves must be given again.
    pub fn set(
        &mut self,
        leaves: impl Iterator<Item = Result<(usize, Node), RootError>>,
    ) -> Result<(), RootError> {
        let mut changed = Vec::new();
        for leaf in leaves {
            let (at, node) = leaf?;
            self.put(0, at, node);
            changed.push(at);
        }
        let mut level = 0;
        while self.levels.get(level).is_some_and(|nodes| nodes.len() > 1) {
            for at in &mut changed {
                *at /= 2;
            }
            changed.dedup();
            for &at in &changed {
                let below = &self.levels[level];
                let node = match (&below[2 * at], below.get(2 * at + 1)) {
                    (left, Some(right)) => Node::join(left, right)?,
                    (alone, None) => alone.clone(),
                };
                self.put(level + 1, at, node);
            }
            level += 1;
        }
        Ok(())
    }

    fn put(&mut self, level: usize, at: usize, node: Node) {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        let nodes = &mut self.levels[level];
        if at < nodes.len() { nodes[at] = node } else { nodes.push(node) }
    }

    /// What stands above all.
    pub fn top(&self) -> Node {
        self.levels.last().and_then(|nodes| nodes.first()).map_or_else(Node::none, Clone::clone)
    }

    /// The neighbours of a leaf and of everything above it, from the leaf up.
    pub fn path(&self, mut at: usize) -> Vec<Node> {
        let mut path = Vec::new();
        for nodes in &self.levels {
            path.extend(nodes.get(at ^ 1).cloned());
            at /= 2;
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::{Asset, Money};

    fn leaf(number: usize) -> Node {
        let mut sums = Sums::default();
        let asset = Asset::new(["A", "B", "C"][number % 3]).unwrap();
        sums.add_balance(&asset, Money::from_int(number as i64 - 20)).unwrap();
        let hash = Maker::new("leaf").value(&number).unwrap().done();
        Node { hash, sums }
    }

    fn whole(leaves: &[Node]) -> SumTree {
        let mut tree = SumTree::default();
        tree.set(leaves.iter().cloned().enumerate().map(Ok)).unwrap();
        tree
    }

    #[test]
    fn grown_and_changed_it_is_the_tree_of_its_leaves() {
        let mut leaves: Vec<Node> = Vec::new();
        let mut tree = SumTree::default();
        for number in 0..40 {
            leaves.push(leaf(number));
            let other = number * 7 % leaves.len();
            leaves[other] = leaf(number + 100);
            let mut changed = vec![other, number];
            changed.sort_unstable();
            changed.dedup();
            tree.set(changed.iter().map(|&at| Ok((at, leaves[at].clone())))).unwrap();
            assert_eq!(tree, whole(&leaves), "{number}");
        }
    }

    #[test]
    fn no_leaf_one_leaf_and_three() {
        assert_eq!(SumTree::default().top(), Node::none());
        let leaves: Vec<Node> = (0..3).map(leaf).collect();
        assert_eq!(whole(&leaves[..1]).top(), leaves[0]);
        let two = Node::join(&leaves[0], &leaves[1]).unwrap();
        assert_eq!(whole(&leaves).top(), Node::join(&two, &leaves[2]).unwrap());
        assert_eq!(whole(&leaves).path(2), [two]);
    }
}
