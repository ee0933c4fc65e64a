//! Every error of a document in one reading, not the first alone.
//!
//! Parts that do not stand on one another are read apart, and each can fail. What stands on a part
//! that failed is not blamed for it: a level over a charge that could not be read says nothing.

use super::tree::{Node, Value};
use keelmark_book::InputError;
use std::collections::BTreeSet;

/// Errors found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<InputError>,
    /// Names of scans and charges that could not be read.
    failed: BTreeSet<String>,
}

impl Problems {
    /// The value, or nothing and one error more.
    pub fn keep<T>(&mut self, read: Result<T, InputError>) -> Option<T> {
        read.map_err(|error| self.found.push(error)).ok()
    }

    /// Several errors more.
    pub fn add(&mut self, errors: impl IntoIterator<Item = InputError>) {
        self.found.extend(errors);
    }

    /// A scan or charge that could not be read: an error, unless it stands on one that failed.
    pub fn failed(&mut self, node: &Node, error: InputError) {
        if !self.excuses(node) {
            self.found.push(error);
        }
        if let Value::Table(table) = &node.value
            && let Some(Node { value: Value::Text(name), .. }) = table.get("name")
        {
            self.failed.insert(name.clone());
        }
    }

    /// Whether a scan or charge of this name could not be read.
    pub fn has_failed(&self, name: &str) -> bool {
        self.failed.contains(name)
    }

    /// Whether something that could not be read is named in a field of a node.
    fn excuses(&self, node: &Node) -> bool {
        match &node.value {
            Value::Text(text) => self.has_failed(text),
            Value::Bool(_) => false,
            Value::List(items) => items.iter().any(|item| self.excuses(item)),
            Value::Table(table) => table.values().any(|item| self.excuses(item)),
        }
    }

    /// What was read where nothing failed, else every error in the order of the file.
    pub fn end<T>(mut self, read: Option<T>) -> Result<T, Vec<InputError>> {
        match read {
            Some(read) if self.found.is_empty() => Ok(read),
            _ => {
                self.found.sort_by_key(|error| (error.file.clone(), line(error)));
                self.found.dedup();
                Err(self.found)
            }
        }
    }
}

fn line(error: &InputError) -> u64 {
    match error.place {
        keelmark_book::input::Place::Line(line, _) => line,
        _ => 0,
    }
}
