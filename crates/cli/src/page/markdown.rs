//! Values of a document as Markdown: short ones as code, lists of tables as tables.

use keelmark_margin::document::tree::{Node, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Fields of a node, each as a row or, where it is a list of tables, as a table of its own.
pub fn fields(node: &Node, without: &[&str]) -> String {
    let mut out = String::new();
    match &node.value {
        Value::Table(fields) => {
            let (short, long): (Vec<_>, Vec<_>) = fields
                .iter()
                .filter(|(name, _)| !without.contains(&name.as_str()))
                .partition(|(_, value)| !is_long(value));
            if !short.is_empty() {
                let rows = short.iter().map(|(name, value)| row([code(name), inline(value)]));
                out.push_str(&table(["field", "value"], rows));
                out.push('\n');
            }
            for (name, value) in long {
                let _ = write!(out, "`{name}`\n\n{}", members(value, name));
            }
        }
        _ => out.push_str(&members(node, "")),
    }
    out
}

/// A long value: a list of tables, or a table that holds some.
fn members(node: &Node, path: &str) -> String {
    match &node.value {
        Value::List(items) => list(items) + "\n",
        Value::Table(fields) => {
            let mut out = String::new();
            let short: BTreeMap<_, _> =
                fields.iter().filter(|(_, value)| !is_long(value)).collect();
            if !short.is_empty() {
                let rows = short.iter().map(|(name, value)| row([code(name), inline(value)]));
                out.push_str(&table(["", "value"], rows));
                out.push('\n');
            }
            for (name, value) in fields.iter().filter(|(_, value)| is_long(value)) {
                let path = format!("{path}.{name}");
                let _ = write!(out, "`{path}`\n\n{}", members(value, &path));
            }
            out
        }
        _ => inline(node) + "\n\n",
    }
}

/// A list of tables as one table, its columns in the order in which they first appear.
fn list(items: &[Node]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for item in items {
        let Value::Table(fields) = &item.value else { continue };
        for name in fields.keys() {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    // A limit reads before the rate that holds up to it, a name before both.
    columns.sort_by_key(|name| (*name != "name", !["up_to", "to_days", "above"].contains(name)));
    let mut out = row(columns.iter().map(|name| (*name).replace('_', " ")));
    out.push_str(&row(columns.iter().map(|_| "---".to_owned())));
    for item in items {
        let Value::Table(fields) = &item.value else { continue };
        out.push_str(&row(columns
            .iter()
            .map(|name| fields.get(*name).map(inline).unwrap_or_default())));
    }
    out
}

/// Whether a value needs lines of its own.
fn is_long(node: &Node) -> bool {
    match &node.value {
        Value::Text(_) | Value::Bool(_) => false,
        Value::List(items) => items.iter().any(|item| matches!(item.value, Value::Table(_))),
        Value::Table(fields) => fields.values().any(is_long),
    }
}

/// A value on one line.
fn inline(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => code(text),
        Value::Bool(truth) => code(if *truth { "true" } else { "false" }),
        Value::List(items) => items.iter().map(inline).collect::<Vec<_>>().join(", "),
        Value::Table(fields) => {
            let each = fields.iter().map(|(name, value)| format!("{name} {}", inline(value)));
            each.collect::<Vec<_>>().join(", ")
        }
    }
}

/// A table under a header.
pub fn table(header: [&str; 2], rows: impl Iterator<Item = String>) -> String {
    let mut out = row(header.map(str::to_owned));
    out.push_str(&row(["---".to_owned(), "---".to_owned()]));
    rows.for_each(|row| out.push_str(&row));
    out
}

/// A row of a table.
pub fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells
        .into_iter()
        .map(|cell| if cell.is_empty() { " ".to_owned() } else { format!(" {cell} ") })
        .collect();
    format!("|{}|\n", cells.join("|"))
}

/// Text as code.
pub fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace('|', "\\|").replace('\n', " "))
}

/// Text that formats nothing.
pub fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").replace('_', "\\_").replace('*', "\\*")
}
