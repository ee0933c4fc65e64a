//! `[groups]`: names for sets of underlyings, so that a parameter is written once for all of them.
//!
//! `[groups] mid = ["SOL", "XRP"]` lets `[params] rate = { mid = "0.05", default = "0.1" }` stand
//! for `{ SOL = "0.05", XRP = "0.05", default = "0.1" }`. An underlying that is named itself wins.

use super::Fields;
use super::tree::{Node, Value};
use keelmark_book::{Asset, InputError, instruments::nearest};
use std::collections::BTreeMap;

/// The table's name.
pub(super) const FIELD: &str = "groups";

/// The group of each underlying, and each group's members.
type Groups = BTreeMap<String, Vec<String>>;

/// Replaces the names of groups in `[params]` by their members.
pub(super) fn expand(tree: &mut Node) -> Result<(), InputError> {
    let groups = read(tree)?;
    let Value::Table(table) = &mut tree.value else { return Ok(()) };
    let (false, Some(params)) = (groups.is_empty(), table.get_mut("params")) else {
        return Ok(());
    };
    let Value::Table(params) = &mut params.value else { return Ok(()) };
    for param in params.values_mut() {
        if let Value::Table(by) = &mut param.value {
            let given = std::mem::take(by);
            *by = expanded(&given, &groups)?;
        }
    }
    Ok(())
}

fn read(tree: &Node) -> Result<Groups, InputError> {
    let mut groups = Groups::new();
    let Some(node) = Fields::of(tree)?.get(FIELD) else { return Ok(groups) };
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, members) in Fields::of(node)?.all() {
        if !is_group(name) {
            let wanted = "a name in small letters, unlike an asset's";
            return Err(members.error(format!("expected {wanted}, found {name:?}")));
        }
        let Value::List(items) = &members.value else {
            return Err(members.error(format!("{name}: expected a list of assets")));
        };
        let own = groups.entry(name.clone()).or_default();
        for item in items {
            let asset = Asset::new(item.text()?).map_err(|error| item.error(error))?.to_string();
            if let Some(other) = seen.insert(asset.clone(), name.clone()) {
                let problem =
                    format!("{asset}: expected in one group, found in {other} and {name}");
                return Err(item.error(problem));
            }
            own.push(asset);
        }
    }
    Ok(groups)
}

fn expanded(
    given: &BTreeMap<String, Node>,
    groups: &Groups,
) -> Result<BTreeMap<String, Node>, InputError> {
    let mut out = BTreeMap::new();
    for (key, node) in given {
        if let Some(members) = groups.get(key) {
            let own = members.iter().filter(|asset| !given.contains_key(*asset));
            out.extend(own.map(|asset| (asset.clone(), node.clone())));
        } else if is_group(key) && key != "default" {
            let near = nearest(key, groups.keys().map(String::as_str), 2).join(", ");
            return Err(node.error(format!("unknown group {key:?}; nearest in [groups]: {near}")));
        } else {
            out.insert(key.clone(), node.clone());
        }
    }
    Ok(out)
}

/// Names of groups are in small letters; those of assets in capitals.
fn is_group(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Result<Node, InputError> {
        let mut tree = Node::parse("model.toml", text)?;
        expand(&mut tree)?;
        Ok(tree)
    }

    fn rate(text: &str) -> BTreeMap<String, String> {
        let tree = tree(text).unwrap();
        let mut fields = Fields::of(&tree).unwrap();
        let mut params = Fields::of(fields.need("params").unwrap()).unwrap();
        let by = Fields::of(params.need("rate").unwrap()).unwrap();
        by.all().map(|(key, node)| (key.clone(), node.text().unwrap().to_owned())).collect()
    }

    #[test]
    fn a_group_stands_for_its_members() {
        let text = "groups = { mid = [\"SOL\", \"XRP\"] }\n\
                    params.rate = { mid = \"0.05\", SOL = \"0.04\", default = \"0.1\" }\n";
        let wanted = [("SOL", "0.04"), ("XRP", "0.05"), ("default", "0.1")];
        let wanted = wanted.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(rate(text), BTreeMap::from(wanted));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, said) in [
            ("groups.mid = [\"SOL\"]\nparams.rate = { mdi = \"1\" }\n", "unknown group \"mdi\""),
            ("groups.mid = [\"SOL\"]\ngroups.low = [\"SOL\"]\n", "found in low and mid"),
            ("groups.MID = [\"SOL\"]\n", "small letters"),
            ("groups.mid = \"SOL\"\n", "a list of assets"),
        ] {
            let error = tree(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
            assert!(error.starts_with("model.toml:"), "{error}");
        }
    }
}
