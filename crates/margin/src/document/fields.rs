//! Reading a table of a document field by field, so that nothing in it is ignored.

use super::tree::{Node, Value, kind};
use crate::param::Param;
use keelmark_book::{Decimal, InputError, instruments::nearest};
use std::collections::{BTreeMap, BTreeSet};

/// The fields of one table; [`Fields::done`] refuses those nobody asked for.
pub struct Fields<'a> {
    node: &'a Node,
    table: &'a BTreeMap<String, Node>,
    asked: BTreeSet<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of a table.
    pub fn of(node: &'a Node) -> Result<Self, InputError> {
        match &node.value {
            Value::Table(table) => Ok(Self { node, table, asked: BTreeSet::new() }),
            other => Err(node.error(format!("expected a table, found {}", kind(other)))),
        }
    }

    /// A field that may be absent.
    pub fn get(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.insert(name);
        self.table.get(name)
    }

    /// A field that must be there.
    pub fn need(&mut self, name: &'static str) -> Result<&'a Node, InputError> {
        self.get(name).ok_or_else(|| self.node.error(format!("expected a field {name:?}")))
    }

    /// Text that must be there.
    pub fn text(&mut self, name: &'static str) -> Result<&'a str, InputError> {
        self.need(name)?.text()
    }

    /// Text that may be absent.
    pub fn text_or(&mut self, name: &'static str, other: &'a str) -> Result<&'a str, InputError> {
        self.get(name).map_or(Ok(other), Node::text)
    }

    /// Text that is one of a few words.
    pub fn word<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: Option<T>,
    ) -> Result<T, InputError> {
        let Some(node) = self.get(name) else {
            return default.ok_or_else(|| self.node.error(format!("expected a field {name:?}")));
        };
        let text = node.text()?;
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            node.error(format!("{name}: expected one of {}, found {text:?}", all.join(", ")))
        })
    }

    /// An exact number, or what stands for an absent one.
    pub fn decimal_or(
        &mut self,
        name: &'static str,
        other: Decimal,
    ) -> Result<Decimal, InputError> {
        self.get(name).map_or(Ok(other), Node::decimal)
    }

    /// A parameter, one number or one by underlying.
    pub fn param(&mut self, name: &'static str) -> Result<Param, InputError> {
        Param::read(self.need(name)?)
    }

    /// A parameter that may be absent.
    pub fn param_or(&mut self, name: &'static str, other: Decimal) -> Result<Param, InputError> {
        self.get(name).map_or_else(|| Ok(Param::fixed(other)), Param::read)
    }

    /// A list, empty when absent.
    pub fn list(&mut self, name: &'static str) -> Result<&'a [Node], InputError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Node { value: Value::List(items), .. }) => Ok(items),
            Some(node) => {
                Err(node.error(format!("{name}: expected a list, found {}", kind(&node.value))))
            }
        }
    }

    /// A list of texts; one text counts as a list of one.
    pub fn texts(&mut self, name: &'static str) -> Result<Vec<String>, InputError> {
        match self.get(name) {
            Some(node @ Node { value: Value::Text(_), .. }) => Ok(vec![node.text()?.to_owned()]),
            _ => self.list(name)?.iter().map(|item| item.text().map(str::to_owned)).collect(),
        }
    }

    /// A true or false.
    pub fn truth(&mut self, name: &'static str, default: bool) -> Result<bool, InputError> {
        match self.get(name) {
            None => Ok(default),
            Some(Node { value: Value::Bool(truth), .. }) => Ok(*truth),
            Some(node) => Err(node.error(format!("{name}: expected true or false"))),
        }
    }

    /// Every field of a table whose names are free.
    pub fn all(&self) -> impl Iterator<Item = (&'a String, &'a Node)> {
        self.table.iter()
    }

    /// An error about this table.
    pub fn error(&self, problem: impl std::fmt::Display) -> InputError {
        self.node.error(problem)
    }

    /// Refuses fields that nobody asked for, with the nearest ones that exist.
    pub fn done(self) -> Result<(), InputError> {
        self.unknown().into_iter().next().map_or(Ok(()), Err)
    }

    /// An error for each field that nobody asked for.
    pub fn unknown(&self) -> Vec<InputError> {
        let unknown = self.table.iter().filter(|(name, _)| !self.asked.contains(name.as_str()));
        unknown.map(|(name, node)| self.stranger(name, node)).collect()
    }

    fn stranger(&self, name: &str, node: &Node) -> InputError {
        let near = nearest(name, self.asked.iter().copied(), 1);
        let hint = match near.first() {
            Some(one) => format!("did you mean {one:?}?"),
            None => {
                let known: Vec<&str> = self.asked.iter().copied().collect();
                format!("expected one of {}", known.join(", "))
            }
        };
        node.error(format!("unknown field {name:?}; {hint}"))
    }
}
