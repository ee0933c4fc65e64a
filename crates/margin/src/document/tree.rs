//! A document as a tree whose every value remembers where it was written.
//!
//! That is what lets an error name the line of a wrong field, lets one document extend another,
//! and lets `--set charge.roll.rate=0.01` reach any number in it.

use keelmark_book::{Decimal, InputError, instruments::nearest};
use std::collections::BTreeMap;
use std::fmt;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// File, or what stands for it.
    pub file: String,
    /// Line, from 1; 0 for a value set on the command line.
    pub line: u64,
}

/// A value with its origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub origin: Origin,
}

/// What a document can hold.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, and numbers by their text.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A list.
    List(Vec<Node>),
    /// Named values.
    Table(BTreeMap<String, Node>),
}

impl Node {
    /// Reads TOML.
    ///
    /// # Errors
    /// [`InputError`] with the line when it is not TOML.
    pub fn parse(file: &str, text: &str) -> Result<Self, InputError> {
        let table = toml::de::DeTable::parse(text).map_err(|error| {
            let before = |start: usize| line_starts(text).partition_point(|line| *line <= start);
            let line = error.span().map_or(1, |span| before(span.start) as u64 + 1);
            InputError::line(file, line, "", error.message())
        })?;
        let reader = Reader { file, lines: line_starts(text) };
        Ok(reader.table(table.get_ref(), table.span().start))
    }

    /// An error at this value.
    pub fn error(&self, problem: impl std::fmt::Display) -> InputError {
        if self.origin.line == 0 {
            return InputError::whole(&self.origin.file, problem);
        }
        InputError::line(&self.origin.file, self.origin.line, "", problem)
    }

    /// A table over another: its values win, lists of named tables merge by `name`, other lists
    /// are replaced.
    pub fn merge_over(&mut self, base: Self) {
        let (Value::Table(own), Value::Table(base)) = (&mut self.value, base.value) else {
            return;
        };
        for (key, below) in base {
            match own.get_mut(&key) {
                None => {
                    own.insert(key, below);
                }
                Some(mine) => match (&mut mine.value, &below.value) {
                    (Value::Table(_), Value::Table(_)) => mine.merge_over(below),
                    (Value::List(mine), Value::List(theirs)) if named(mine) && named(theirs) => {
                        merge_named(mine, theirs);
                    }
                    _ => {}
                },
            }
        }
    }

    /// The same tree as TOML, a value of its own a line; read, it is equal but for its origins.
    #[must_use]
    pub fn toml(&self) -> String {
        let Value::Table(table) = &self.value else { return self.inline() };
        let lines =
            table.iter().map(|(key, item)| format!("{} = {}\n", quoted(key), item.inline()));
        lines.collect()
    }

    fn inline(&self) -> String {
        let all = |items: Vec<String>| items.join(", ");
        match &self.value {
            Value::Text(text) => quoted(text),
            Value::Bool(truth) => truth.to_string(),
            Value::List(items) => format!("[{}]", all(items.iter().map(Self::inline).collect())),
            Value::Table(table) => {
                let item =
                    |(key, item): (&String, &Self)| format!("{} = {}", quoted(key), item.inline());
                format!("{{ {} }}", all(table.iter().map(item).collect()))
            }
        }
    }

    /// Sets the value at a dotted path; a list of named tables is entered by name.
    ///
    /// # Errors
    /// A sentence that says which step of the path is not there, with the nearest names.
    pub fn set(&mut self, path: &str, text: &str) -> Result<(), InputError> {
        let origin = Origin { file: format!("--set {path}"), line: 0 };
        let failed = |problem: String| InputError::whole(&format!("--set {path}"), problem);
        let mut node = self;
        let steps: Vec<&str> = path.split('.').collect();
        let (last, parents) = steps.split_last().ok_or_else(|| failed("empty path".into()))?;
        for step in parents {
            node = node.child_mut(step).map_err(&failed)?;
        }
        let Value::Table(table) = &mut node.value else {
            return Err(failed(format!("{last:?} is not inside a table")));
        };
        let value = match Self::parse("--set", &format!("value = {text}")) {
            Ok(Self { value: Value::Table(mut parsed), .. }) => {
                parsed.remove("value").map_or(Value::Text(text.to_owned()), |node| node.value)
            }
            _ => Value::Text(text.to_owned()),
        };
        table.insert((*last).to_owned(), Self { value, origin });
        Ok(())
    }

    /// The value at a path, as for [`Node::set`]; `tiers[2].rate` enters a list without names.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        let mut node = self;
        for step in path.split('.') {
            let (name, places) = step.split_once('[').unwrap_or((step, ""));
            node = match &node.value {
                Value::Table(table) => table.get(name)?,
                Value::List(items) => {
                    items.iter().find(|item| name_of(item).as_deref() == Some(name))?
                }
                _ => return None,
            };
            for place in places.split_terminator(']') {
                let Value::List(items) = &node.value else { return None };
                node = items.get(place.trim_start_matches('[').parse::<usize>().ok()?)?;
            }
        }
        Some(node)
    }

    /// A value that was computed rather than read.
    #[must_use]
    pub fn written(value: Value) -> Self {
        Self { value, origin: Origin { file: "computed".to_owned(), line: 0 } }
    }

    /// A table of those of some fields that are there.
    #[must_use]
    pub fn table<'a>(fields: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Value {
        let there = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        Value::Table(there.map(|(name, value)| (name.to_owned(), Self::written(value))).collect())
    }

    fn child_mut(&mut self, step: &str) -> Result<&mut Self, String> {
        match &mut self.value {
            Value::Table(table) => {
                let known: Vec<String> = table.keys().cloned().collect();
                table.get_mut(step).ok_or_else(|| absent(step, &known))
            }
            Value::List(items) => {
                let known: Vec<String> = items.iter().filter_map(name_of).collect();
                items
                    .iter_mut()
                    .find(|item| name_of(item).as_deref() == Some(step))
                    .ok_or_else(|| absent(step, &known))
            }
            _ => Err(format!("{step:?} is not inside a table")),
        }
    }

    /// The text of a number or text.
    ///
    /// # Errors
    /// When it is a table, a list or a boolean.
    pub fn text(&self) -> Result<&str, InputError> {
        match &self.value {
            Value::Text(text) => Ok(text),
            other => Err(self.error(format!("expected text or a number, found {}", kind(other)))),
        }
    }

    /// An exact number.
    ///
    /// # Errors
    /// When it is not one.
    pub fn decimal(&self) -> Result<Decimal, InputError> {
        self.text()?.parse().map_err(|error| self.error(error))
    }
}

/// As it would be written, on one line: numbers plain, text quoted.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Value::Text(text) if text.parse::<Decimal>().is_ok() => f.write_str(text),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Bool(truth) => write!(f, "{truth}"),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Value::Table(table) => {
                let items: Vec<String> =
                    table.iter().map(|(key, item)| format!("{key} = {item}")).collect();
                write!(f, "{{ {} }}", items.join(", "))
            }
        }
    }
}

/// A basic string of TOML.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    let inner: String = text.chars().map(plain).collect();
    format!("\"{inner}\"")
}

fn absent(step: &str, known: &[String]) -> String {
    let near = nearest(step, known.iter().map(String::as_str), 3);
    let hint = if near.is_empty() { known.join(", ") } else { near.join(", ") };
    format!("nothing is called {step:?} there; expected one of: {hint}")
}

fn named(items: &[Node]) -> bool {
    items.iter().all(|item| name_of(item).is_some())
}

pub(crate) fn name_of(node: &Node) -> Option<String> {
    let Value::Table(table) = &node.value else { return None };
    match &table.get("name")?.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Items of the base come first, in its order; items of ours with the same name replace fields.
fn merge_named(mine: &mut Vec<Node>, theirs: &[Node]) {
    let mut merged = Vec::new();
    for below in theirs {
        let at = mine.iter().position(|item| name_of(item) == name_of(below));
        let mut item = at.map_or_else(|| below.clone(), |at| mine.remove(at));
        item.merge_over(below.clone());
        merged.push(item);
    }
    merged.append(mine);
    *mine = merged;
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "text or a number",
        Value::Bool(_) => "true or false",
        Value::List(_) => "a list",
        Value::Table(_) => "a table",
    }
}

struct Reader<'a> {
    file: &'a str,
    /// Offset at which each line after the first starts.
    lines: Vec<usize>,
}

impl Reader<'_> {
    fn table(&self, table: &toml::de::DeTable<'_>, start: usize) -> Node {
        let mut fields = BTreeMap::new();
        for (key, value) in table {
            let node = self.value(value.get_ref(), key.span().start);
            fields.insert(key.get_ref().to_string(), node);
        }
        self.node(Value::Table(fields), start)
    }

    fn value(&self, value: &toml::de::DeValue<'_>, start: usize) -> Node {
        use toml::de::DeValue;
        match value {
            DeValue::String(text) => self.node(Value::Text(text.to_string()), start),
            DeValue::Integer(number) => self.node(Value::Text(number.to_string()), start),
            DeValue::Float(number) => self.node(Value::Text(number.as_str().to_owned()), start),
            DeValue::Boolean(truth) => self.node(Value::Bool(*truth), start),
            DeValue::Datetime(time) => self.node(Value::Text(time.to_string()), start),
            DeValue::Array(items) => {
                let items =
                    items.iter().map(|one| self.value(one.get_ref(), one.span().start)).collect();
                self.node(Value::List(items), start)
            }
            DeValue::Table(table) => self.table(table, start),
        }
    }

    fn node(&self, value: Value, start: usize) -> Node {
        let line = self.lines.partition_point(|line| *line <= start) as u64 + 1;
        let origin = Origin { file: self.file.to_owned(), line };
        Node { value, origin }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_written_down_is_itself() {
        use crate::document::{Document, library};
        for (name, _) in library::all() {
            let document = Document::named(name).unwrap();
            let again = Document::parse("again", &document.text()).unwrap();
            assert_eq!(again.digest, document.digest, "{name}");
        }
    }

    #[test]
    fn a_tree_written_down_is_read_again() {
        let text =
            "a = 1.50\n\"b c\" = [\"x\", { y = true, z = \"q\\\"\\\\é\\n\" }]\n[d.e]\nf = \"$g\"\n";
        let tree = Node::parse("one", text).unwrap();
        let again = Node::parse("two", &tree.toml()).unwrap();
        assert_eq!(tree.to_string(), again.to_string());
    }
}
