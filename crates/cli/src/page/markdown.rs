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
        Value::Text(text) => {
            format!("```text\n{}\n```\n\n", crate::table::wrapped(text, 100).join("\n  "))
        }
        Value::List(items) => list(items, path),
        Value::Table(fields) if is_grid(node) => grid(fields),
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
        Value::Bool(_) => inline(node) + "\n\n",
    }
}

/// A list of tables as one table, its columns in the order in which they first appear. Members that
/// hold tables of their own stand apart.
fn list(items: &[Node], path: &str) -> String {
    let nested = |item: &Node| match &item.value {
        Value::Table(fields) => fields.values().any(is_grid),
        _ => false,
    };
    if items.iter().any(nested) {
        let mut out = String::new();
        for (at, item) in items.iter().enumerate() {
            let _ = write!(out, "`{path}` {}\n\n{}", at + 1, members(item, path));
        }
        return out;
    }
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
    out + "\n"
}

/// Tables by name as one table with a row each.
fn grid(rows: &BTreeMap<String, Node>) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for item in rows.values() {
        let Value::Table(fields) = &item.value else { continue };
        columns.extend(fields.keys().map(String::as_str));
    }
    columns.sort_unstable();
    columns.dedup();
    let names = columns.iter().map(|name| (*name).replace('_', " "));
    let mut out = row(std::iter::once(String::new()).chain(names));
    out.push_str(&row((0..=columns.len()).map(|_| "---".to_owned())));
    for (name, item) in rows {
        let Value::Table(fields) = &item.value else { continue };
        let cells = columns.iter().map(|name| fields.get(*name).map(inline).unwrap_or_default());
        out.push_str(&row(std::iter::once(code(name)).chain(cells)));
    }
    out + "\n"
}

/// Whether a value is several tables by name.
fn is_grid(node: &Node) -> bool {
    let table = |node: &Node| matches!(node.value, Value::Table(_));
    match &node.value {
        Value::Table(fields) => fields.len() > 1 && fields.values().all(table),
        _ => false,
    }
}

/// Longest text that stands in a cell.
const CELL_MOST: usize = 90;

/// Whether a value needs lines of its own.
fn is_long(node: &Node) -> bool {
    match &node.value {
        Value::Text(text) => text.len() > CELL_MOST,
        Value::Bool(_) => false,
        Value::List(items) => items.iter().any(|item| matches!(item.value, Value::Table(_))),
        Value::Table(fields) => is_grid(node) || fields.values().any(is_long),
    }
}

/// A value on one line.
fn inline(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => code(text),
        Value::Bool(truth) => code(if *truth { "true" } else { "false" }),
        Value::List(items) => {
            let tables = items.iter().any(|item| matches!(item.value, Value::Table(_)));
            let between = if tables { "; " } else { ", " };
            items.iter().map(inline).collect::<Vec<_>>().join(between)
        }
        Value::Table(fields) => {
            let each =
                fields.iter().map(|(name, value)| format!("{} {}", plain(name), inline(value)));
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
