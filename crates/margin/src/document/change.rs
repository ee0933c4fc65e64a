//! What differs between two documents, value by value.
//!
//! Paths are those of `--set`: fields by name, members of a list of named tables by their name.
//! Members of other lists of tables, such as tiers, go by number from 0; a list of plain values is
//! one value. What a document extends is part of it, so two files that say the
//! same in different ways do not differ.

use super::Document;
use super::tree::{Node, Value, name_of};

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where it is.
    pub path: String,
    /// The old value as it would be written; `None` where it was not there.
    pub old: Option<String>,
    /// The new value; `None` where it is gone.
    pub new: Option<String>,
}

/// Every value that differs, in the order of paths.
#[must_use]
pub fn changes(old: &Document, new: &Document) -> Vec<Change> {
    let mut out = Vec::new();
    compare(Some(old.tree()), Some(new.tree()), String::new(), &mut out);
    out
}

fn compare(old: Option<&Node>, new: Option<&Node>, path: String, out: &mut Vec<Change>) {
    // Evidence is about numbers, and those are compared.
    if path == super::evidence::FIELD {
        return;
    }
    if let (Some(old), Some(new)) = (old, new)
        && let (Some(before), Some(after)) = (members(old), members(new))
    {
        let mut steps: Vec<&String> = before.iter().map(|(step, _)| step).collect();
        steps.extend(
            after.iter().map(|(step, _)| step).filter(|step| find(&before, step).is_none()),
        );
        for step in steps {
            let inner = match (path.as_str(), step.starts_with('[')) {
                ("", _) | (_, true) => format!("{path}{step}"),
                _ => format!("{path}.{step}"),
            };
            compare(find(&before, step), find(&after, step), inner, out);
        }
        return;
    }
    let text = |node: Option<&Node>| node.map(ToString::to_string);
    let (old, new) = (text(old), text(new));
    if old != new {
        out.push(Change { path, old, new });
    }
}

/// The members of a table or of a list of tables, by the step that leads to each; `None` where the
/// value has none.
fn members(node: &Node) -> Option<Vec<(String, &Node)>> {
    match &node.value {
        Value::Table(table) => Some(table.iter().map(|(key, item)| (key.clone(), item)).collect()),
        Value::List(items) if items.iter().all(|one| matches!(one.value, Value::Table(_))) => {
            let named = items.iter().all(|one| name_of(one).is_some());
            let step = |at: usize, item: &Node| {
                name_of(item).filter(|_| named).unwrap_or_else(|| format!("[{at}]"))
            };
            Some(items.iter().enumerate().map(|(at, item)| (step(at, item), item)).collect())
        }
        _ => None,
    }
}

fn find<'a>(members: &[(String, &'a Node)], step: &str) -> Option<&'a Node> {
    members.iter().find(|(own, _)| own == step).map(|(_, node)| *node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_its_path_and_both_values() {
        let old = Document::named("cross").unwrap();
        let new = old
            .with(&[("params.call_rate", "0.2"), ("charge.futures_initial.on.kind", "[]")])
            .and_then(|new| new.with(&[("params.leverage", "30"), ("feeds.widen", "0.2")]))
            .unwrap();
        let found: Vec<String> = changes(&old, &new)
            .into_iter()
            .map(|one| format!("{} {:?} {:?}", one.path, one.old, one.new))
            .collect();
        assert_eq!(
            found,
            [
                concat!(
                    r#"charge.futures_initial.on.kind Some("[\"perpetual\", \"future\"]") "#,
                    r#"Some("[]")"#
                ),
                r#"feeds.widen Some("0.10") Some("0.2")"#,
                r#"params.call_rate Some("0.15") Some("0.2")"#,
                concat!(
                    r#"params.leverage Some("{ BTC = 25, ETH = 25, default = 10 }") "#,
                    r#"Some("30")"#
                ),
            ]
        );
        assert_eq!(changes(&old, &old), []);
    }

    #[test]
    fn a_tier_is_found_by_its_number() {
        let old = Document::named("cross").unwrap();
        let new = old.with(&[(
            "collateral.assets.BTC.tiers",
            "[{ up_to = 100, ratio = 0.95 }, { up_to = 1000, ratio = 0.5 }, { ratio = 0.4 }]",
        )]);
        let paths: Vec<String> =
            changes(&old, &new.unwrap()).into_iter().map(|one| one.path).collect();
        let tier = |at: usize| format!("collateral.assets.BTC.tiers[{at}].ratio");
        assert_eq!(paths, [tier(1), tier(2)]);
    }
}
