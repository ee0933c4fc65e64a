//! `[params]`: named numbers that fields take by `$name` and formulas by name.
//!
//! A number that nothing uses is an error: a slip in its name would otherwise change nothing and
//! say nothing. Numbers that a base document brought are exempt, since a field over the base may
//! well have taken away the formula that used them. `[rules]` are numbers that are part of no
//! level, such as the bonus of a liquidation: functions take them by name, and no formula has to.

use super::tree::{Node, Value};
use crate::param::Param;
use keelmark_book::{InputError, instruments::nearest};
use std::collections::BTreeMap;

/// Fields of a document that are for people: a word in them is no use of a parameter.
const PROSE: &[&str] = &[
    "schema",
    "name",
    "title",
    "version",
    "source",
    "effective",
    "uncertain",
    "extends",
    "evidence",
    "calibrate",
];

/// The parameters of a document with its rules among them, each read, with every error.
pub(super) fn read(
    params: Option<&Node>,
    rules: Option<&Node>,
) -> (BTreeMap<String, Param>, Vec<InputError>) {
    let (mut read, mut errors) = (BTreeMap::new(), Vec::new());
    for node in [params, rules].into_iter().flatten() {
        let Value::Table(table) = &node.value else {
            errors.push(node.error("expected a table of numbers"));
            continue;
        };
        for (name, node) in table {
            match Param::read(node) {
                Ok(_) if read.contains_key(name) => {
                    errors.push(node.error(format!("{name:?} is in [params] and in [rules]")));
                }
                Ok(param) => {
                    read.insert(name.clone(), param);
                }
                Err(error) => errors.push(error),
            }
        }
    }
    (read, errors)
}

/// Replaces every text `$name` by the parameter of that name; errors for names that are not there.
pub(super) fn substitute(tree: &mut Node) -> Vec<InputError> {
    let params = table_of(tree);
    let mut errors = Vec::new();
    replace(tree, &params, &mut errors);
    errors
}

fn replace(node: &mut Node, params: &BTreeMap<String, Node>, errors: &mut Vec<InputError>) {
    if let Value::Text(text) = &node.value {
        let Some(name) = text.strip_prefix('$') else { return };
        if let Some(found) = params.get(name) {
            node.value = found.value.clone();
            return;
        }
        let near = nearest(name, params.keys().map(String::as_str), 2).join(", ");
        errors.push(node.error(format!("unknown parameter ${name}; nearest in [params]: {near}")));
    }
    match &mut node.value {
        Value::Text(_) | Value::Bool(_) => {}
        Value::List(items) => items.iter_mut().for_each(|item| replace(item, params, errors)),
        Value::Table(table) => table.values_mut().for_each(|item| replace(item, params, errors)),
    }
}

/// An error for each parameter of the document's own that nothing uses. `tree` is the document
/// before parameters are put in their places. Where some value was set over the document, such as
/// a field that took a parameter, its own numbers are exempt too, and those set are not.
pub(super) fn unused(tree: &Node) -> Vec<InputError> {
    let Value::Table(fields) = &tree.value else { return Vec::new() };
    let params = table_of(tree);
    let mut used = Vec::new();
    for (field, node) in fields {
        if field == "params" {
            texts(node, &mut |text| used.extend(text.strip_prefix('$')));
        } else if !PROSE.contains(&field.as_str()) {
            texts(node, &mut |text| used.extend(words(text)));
        }
    }
    let changed = is_set(tree);
    let own = |node: &Node| is_set(node) || !changed && node.origin.file == tree.origin.file;
    let unused = params.iter().filter(|(name, node)| own(node) && !used.contains(&name.as_str()));
    unused.map(|(name, node)| error(name, node, &params, &used)).collect()
}

fn error(name: &str, node: &Node, params: &BTreeMap<String, Node>, used: &[&str]) -> InputError {
    let known = params.keys().map(String::as_str).filter(|one| used.contains(one));
    let known: Vec<&str> = known.collect();
    let near = nearest(name, known.iter().copied(), 2);
    let hint = match (near.is_empty(), known.is_empty()) {
        (false, _) => format!("did you mean {}?", near.join(" or ")),
        (true, false) => format!("used are {}", known.join(", ")),
        (true, true) => "no parameter is used".to_owned(),
    };
    node.error(format!("[params] {name}: no formula or field uses it; {hint}"))
}

fn table_of(tree: &Node) -> BTreeMap<String, Node> {
    let Value::Table(fields) = &tree.value else { return BTreeMap::new() };
    match fields.get("params") {
        Some(Node { value: Value::Table(params), .. }) => params.clone(),
        _ => BTreeMap::new(),
    }
}

/// Whether a node, or one below it, was set over the document.
fn is_set(node: &Node) -> bool {
    let below = match &node.value {
        Value::Text(_) | Value::Bool(_) => false,
        Value::List(items) => items.iter().any(is_set),
        Value::Table(table) => table.values().any(is_set),
    };
    below || node.origin.line == 0
}

/// Calls `each` with every text below a node.
fn texts<'a>(node: &'a Node, each: &mut impl FnMut(&'a str)) {
    match &node.value {
        Value::Text(text) => each(text),
        Value::Bool(_) => {}
        Value::List(items) => items.iter().for_each(|item| texts(item, each)),
        Value::Table(table) => table.values().for_each(|item| texts(item, each)),
    }
}

/// The names in a formula, and of `$name`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
