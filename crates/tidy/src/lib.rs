//! The house rules, as a test.
//!
//! A rule that only people enforce decays; a rule that fails the build does not. Every rule of
//! `CONTRIBUTING.md` that a machine can decide is decided here, over the files git would commit.
//!
//! What this crate refuses to do: parse Rust. A syntax tree would be exact, and would make the
//! rules as slow to build as the engine. [`lexer`] blanks comments and strings; everything else
//! is lines and words. The price is that a rule must be one that lines and words can decide.
//!
//! ```
//! use tidy::{Tree, check};
//!
//! let tree = Tree::of(&[("crates/book/src/helpers.rs", "//! Odds and ends.\n")]);
//! let found = check(&tree);
//! assert!(found.iter().any(|f| f.rule == "name" && f.path == "crates/book/src/helpers.rs"));
//! ```
//!
//! - [`tree`]: the files, from git or from a test
//! - [`finding`]: what a broken rule says
//! - [`size`]: lengths of files, functions and lines; blobs
//! - [`layout`]: white space and file headers
//! - [`names`]: file and module names that say nothing
//! - [`words`]: text that must not be committed
//! - [`determinism`]: what the pure crates must not touch
//! - [`documents`]: changelog, decisions, links, architecture
//! - [`arrows`]: which crate may stand on which

pub mod arrows;
pub mod determinism;
pub mod documents;
pub mod finding;
pub mod layout;
pub mod lexer;
pub mod names;
pub mod size;
pub mod tree;
pub mod words;

pub use finding::{Finding, Severity};
pub use tree::{File, Tree};

/// Runs every rule over `tree` and returns what is broken, ordered by file and line.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    size::check(tree, &mut found);
    layout::check(tree, &mut found);
    names::check(tree, &mut found);
    words::check(tree, &mut found);
    determinism::check(tree, &mut found);
    documents::check(tree, &mut found);
    arrows::check(tree, &mut found);
    found.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    found
}
