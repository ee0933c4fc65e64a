//! The dated document: what differs from the old one, and the evidence.
//!
//! Where the old document is a built-in one the new one extends it and says no more than differs;
//! read, both are the same tree, of the same digest, or nothing is written.

use super::ladder::Written;
use super::past::Pasts;
use super::report::{Calibration, Row, Used};
use super::target::Left;
use super::{Asked, CalibrateError, Found, dynamic};
use keelmark_book::InputError;
use keelmark_margin::Document;
use keelmark_margin::document::SCHEMA;
use keelmark_margin::document::tree::{Node, Value, quoted};
use keelmark_units::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Fields that stand first, in this order.
const HEAD: [&str; 8] =
    ["schema", "extends", "name", "title", "version", "effective", "source", "uncertain"];

/// Fields that stand first in a table, in this order.
const ORDER: [&str; 17] = [
    "name",
    "field",
    "underlying",
    "meaning",
    "old",
    "new",
    "measured",
    "method",
    "confidence",
    "horizon",
    "observations",
    "first",
    "last",
    "history",
    "in_sample",
    "out_of_sample",
    "old_number",
];

/// What stands between a version and the date that it was calibrated to.
const CALIBRATED: &str = ", calibrated to ";

/// The new document and what is to be said of it.
pub(super) fn dated(
    document: &Document,
    pasts: &Pasts,
    asked: &Asked,
    (mut found, ladders): (Vec<Found>, Vec<Written>),
    left: Vec<Left>,
) -> Result<Calibration, CalibrateError> {
    found.sort_by_key(|one| order(&one.evidence.field));
    let mut tree = document.tree().clone();
    for one in &found {
        // Tiers are written as a whole.
        if !ladders.iter().any(|ladder| ladder.path == one.path) {
            put(&mut tree, one)?;
        }
    }
    for ladder in &ladders {
        tree.set(&ladder.path, &inline(&ladder.tiers))?;
    }
    let date = date(pasts.as_of);
    let effective = asked.effective.clone().unwrap_or_else(|| date.clone());
    let own = document.version.split(CALIBRATED).next().unwrap_or_default();
    let version = format!("{own}{CALIBRATED}{date}");
    let before = |text: &&String| !text.contains(" from histories up to ");
    let sources = document.sources.iter().filter(before);
    let mut sources: Vec<Node> = sources.map(|text| written(text)).collect();
    if !found.is_empty() {
        sources.push(written(&format!(
            "{} numbers calibrated from histories up to {date}: see [[evidence]]",
            found.len()
        )));
    }
    if document.unbound().next().is_some() {
        sources.push(written(&format!("scenarios made from histories up to {date}")));
    }
    let evidence: Vec<Node> = found.iter().map(|one| one.evidence.node()).collect();
    if let Value::Table(fields) = &mut tree.value {
        fields.insert("version".to_owned(), written(&version));
        fields.insert("effective".to_owned(), written(&effective));
        fields.insert("source".to_owned(), Node::written(Value::List(sources)));
        fields.insert("evidence".to_owned(), Node::written(Value::List(evidence)));
    }
    let (new, flags) = dynamic::made(Document::from_tree(tree)?, document, pasts)?;
    // Scenarios that were made belong to one document alone.
    let has_scenarios = new.scans.iter().any(|scan| scan.joint.is_some());
    let text = match &asked.base {
        _ if has_scenarios => new.text(),
        Some(base) => over(document.tree(), new.tree(), base),
        None => whole(&new),
    };
    let read = Document::parse("calibrated.toml", &text)?;
    if read.digest != new.digest {
        let problem = format!("expected digest {}, found {}", new.digest, read.digest);
        return Err(InputError::whole("calibrated.toml", problem).into());
    }
    Ok(Calibration {
        model: new.name.clone(),
        old_version: document.version.clone(),
        version,
        effective,
        old_digest: document.digest.clone(),
        digest: new.digest.clone(),
        scenarios: scenarios(&new),
        flags,
        as_of: pasts.as_of,
        numbers: found.iter().map(|one| Row::of(&one.evidence)).collect(),
        left,
        histories: used(pasts),
        document: text,
    })
}

/// The scans whose scenarios were made, and how many each has.
fn scenarios(document: &Document) -> Vec<(String, usize)> {
    let scans = document.scans.iter();
    let made = scans.filter_map(|scan| {
        let joint = scan.joint.as_ref()?.joint.as_ref()?;
        Some((scan.name.clone(), joint.len()))
    });
    made.collect()
}

fn used(pasts: &Pasts) -> Vec<Used> {
    let spans = pasts.all().iter().filter_map(|past| Some((past, past.span()?)));
    spans
        .map(|(past, (first, last))| Used {
            asset: past.asset.clone(),
            says: past.says.to_string(),
            rows: past.series.closes().len(),
            first,
            last,
            digest: past.digest(),
            findings: past.findings.clone(),
        })
        .collect()
}

/// A path with the numbers of its tiers counted as numbers.
fn order(field: &str) -> Vec<(String, u32)> {
    let step = |step: &str| {
        let (name, place) = step.split_once('[').unwrap_or((step, ""));
        (name.to_owned(), place.trim_end_matches(']').parse().unwrap_or(0))
    };
    field.split('.').map(step).collect()
}

/// `YYYY-MM-DD`.
pub(super) fn date(time: Timestamp) -> String {
    let (year, month, day) = time.date();
    format!("{year:04}-{month:02}-{day:02}")
}

fn written(text: &str) -> Node {
    Node::written(Value::Text(text.to_owned()))
}

/// Puts a number where it stands: one that was for all becomes the default of those by underlying.
fn put(tree: &mut Node, one: &Found) -> Result<(), InputError> {
    let same = |node: &Node| node.decimal().is_ok_and(|old| old == one.evidence.new);
    if tree.at(&one.evidence.field).is_some_and(same) {
        return Ok(());
    }
    let number = format!("\"{}\"", one.evidence.new);
    let inside = one.evidence.field != one.path;
    if inside {
        match tree.at(&one.path).map(|node| &node.value) {
            Some(Value::Text(old)) => {
                let old = format!("{{ default = {} }}", quoted(old));
                tree.set(&one.path, &old)?;
            }
            None => tree.set(&one.path, "{}")?,
            _ => {}
        }
    }
    tree.set(&one.evidence.field, &number)
}

/// The text of a document that says all itself, as one says so.
fn whole(new: &Document) -> String {
    let text = new.text();
    let first = text.lines().next().unwrap_or_default();
    match &new.tree().value {
        Value::Table(fields) => format!("{first}\n{}", self::text(fields)),
        _ => text,
    }
}

/// The text of a document over a base: what differs.
fn over(base: &Node, new: &Node, name: &str) -> String {
    let mut own = match differing(base, new) {
        Some(Node { value: Value::Table(fields), .. }) => fields,
        _ => BTreeMap::new(),
    };
    own.insert("schema".to_owned(), written(SCHEMA));
    own.insert("extends".to_owned(), written(name));
    if let Some(node) = new.at("name") {
        own.insert("name".to_owned(), node.clone());
    }
    text(&own)
}

/// What a tree says otherwise than another, `None` where it says the same: tables field by field,
/// lists of named tables by name, all else as a whole.
fn differing(base: &Node, new: &Node) -> Option<Node> {
    if base.to_string() == new.to_string() {
        return None;
    }
    let value = match (&base.value, &new.value) {
        (Value::Table(before), Value::Table(after)) => Value::Table(fields(before, after)),
        (Value::List(before), Value::List(after)) if named(before) && named(after) => {
            let items = after.iter().filter_map(|item| {
                let name = item.at("name")?;
                let old = before.iter().find(|old| same(old.at("name"), name))?;
                let mut found = differing(old, item)?;
                if let Value::Table(fields) = &mut found.value {
                    fields.insert("name".to_owned(), name.clone());
                }
                Some(found)
            });
            Value::List(items.collect())
        }
        _ => return Some(new.clone()),
    };
    Some(Node::written(value))
}

fn fields(
    before: &BTreeMap<String, Node>,
    after: &BTreeMap<String, Node>,
) -> BTreeMap<String, Node> {
    let changed = after.iter().filter_map(|(key, node)| {
        let found = match before.get(key) {
            Some(old) => differing(old, node),
            None => Some(node.clone()),
        };
        found.map(|found| (key.clone(), found))
    });
    changed.collect()
}

fn named(items: &[Node]) -> bool {
    !items.is_empty() && items.iter().all(|item| item.at("name").is_some())
}

fn same(one: Option<&Node>, other: &Node) -> bool {
    one.is_some_and(|one| one.to_string() == other.to_string())
}

/// A tree as TOML that a person reads: a field a line, a tier a line.
fn text(fields: &BTreeMap<String, Node>) -> String {
    let mut out =
        String::from("# Written by `keelmark calibrate`: numbers, and the evidence for them.\n");
    for key in HEAD {
        if let Some(node) = fields.get(key) {
            let _ = writeln!(out, "{key} = {}", lines(node));
        }
    }
    for (key, node) in fields.iter().filter(|(key, _)| !HEAD.contains(&key.as_str())) {
        match &node.value {
            Value::Table(inner) => block(&mut out, "[", "]", &bare(key), inner),
            Value::List(items) => {
                for item in items {
                    if let Value::Table(inner) = &item.value {
                        block(&mut out, "[[", "]]", &bare(key), inner);
                    }
                }
            }
            _ => {
                let _ = writeln!(out, "{} = {}", bare(key), lines(node));
            }
        }
    }
    out
}

/// A table under its header; what holds lists of tables goes below it, under one of its own.
fn block(out: &mut String, open: &str, close: &str, name: &str, fields: &BTreeMap<String, Node>) {
    let wide = |key: &str, node: &Node| match &node.value {
        Value::Table(inner) => {
            key == "assets" || inner.values().any(|one| matches!(one.value, Value::List(_)))
        }
        _ => false,
    };
    let first = ORDER.iter().filter_map(|key| fields.get_key_value(*key));
    let rest = fields.iter().filter(|(key, _)| !ORDER.contains(&key.as_str()));
    let (below, own): (Vec<_>, Vec<_>) = first.chain(rest).partition(|(key, node)| wide(key, node));
    if !own.is_empty() {
        let _ = writeln!(out, "\n{open}{name}{close}");
    }
    for (key, node) in own {
        let _ = writeln!(out, "{} = {}", bare(key), lines(node));
    }
    for (key, node) in below {
        if let Value::Table(inner) = &node.value {
            block(out, "[", "]", &format!("{name}.{}", bare(key)), inner);
        }
    }
}

/// A value; a list of several lines where it is one of tables or of sentences.
fn lines(node: &Node) -> String {
    match &node.value {
        Value::List(items) if !items.is_empty() => {
            let all: Vec<String> =
                items.iter().map(|item| format!("  {},", inline(item))).collect();
            format!("[\n{}\n]", all.join("\n"))
        }
        _ => inline(node),
    }
}

fn inline(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => quoted(text),
        Value::Bool(truth) => truth.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let first = ["up_to"].into_iter().filter_map(|key| table.get_key_value(key));
            let rest = table.iter().filter(|(key, _)| *key != "up_to");
            let each = first.chain(rest);
            let all: Vec<String> =
                each.map(|(key, item)| format!("{} = {}", bare(key), inline(item))).collect();
            format!("{{ {} }}", all.join(", "))
        }
    }
}

/// A key of TOML, quoted where it must be.
fn bare(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(plain) { key.to_owned() } else { quoted(key) }
}
