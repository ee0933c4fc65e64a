//! The built-in documents, and how one extends another.

use super::tree::{Node, Value};
use keelmark_book::{InputError, instruments::nearest};

/// Name and text of every built-in document that can be asked as it is.
pub const BUILT_IN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/models.rs"));

/// Name and text of every built-in document whose scenarios are made from history, and bound to it
/// for a date ([`Document::with_joint`](crate::Document::with_joint)) before it can be asked.
pub const DYNAMIC: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/dynamic.rs"));

/// Every built-in document: those that can be asked as they are, then the others.
pub fn all() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    BUILT_IN.iter().chain(DYNAMIC)
}

/// A document may extend one that extends one, and so on, this many times.
const DEEPEST: usize = 8;

/// The tree of a built-in document, with what it extends below it.
///
/// # Errors
/// [`InputError`] with the nearest names.
pub fn named(name: &str) -> Result<Node, InputError> {
    extended(raw(name)?)
}

/// A tree with what it extends below it.
///
/// # Errors
/// [`InputError`] when a base is unknown or the chain is too long.
pub fn extended(mut tree: Node) -> Result<Node, InputError> {
    for _ in 0..DEEPEST {
        let Value::Table(table) = &mut tree.value else { return Ok(tree) };
        let Some(base) = table.remove("extends") else { return Ok(tree) };
        let below = raw(base.text()?).map_err(|error| base.error(error.problem))?;
        tree.merge_over(below);
    }
    Err(tree.error(format!("extends: expected at most {DEEPEST} documents above one another")))
}

fn raw(name: &str) -> Result<Node, InputError> {
    let Some((file, text)) = all().find(|(known, _)| *known == name) else {
        let near = nearest(name, all().map(|(known, _)| *known), 3);
        let problem = if near.is_empty() {
            format!("unknown model: expected one of {}, or the path of a .toml file", all().count())
        } else {
            format!("unknown model; nearest: {} (or the path of a .toml file)", near.join(", "))
        };
        return Err(InputError::whole(name, problem));
    };
    Node::parse(&format!("models/{file}.toml"), text)
}
