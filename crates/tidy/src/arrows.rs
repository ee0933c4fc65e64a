//! Which crate may stand on which: the arrows of the house go one way.
//!
//! Only what a crate is built from counts. A dev-dependency may point upwards, since it
//! cannot reach a user; cargo itself refuses a true cycle.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::finding::Finding;
use crate::tree::{Tree, crate_of, lines};

/// Checks the manifest of every crate.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    let root = tree.get("Cargo.toml").and_then(|file| parse(file.text.as_deref()?));
    let shared = root.as_ref().and_then(|root| root.get("workspace")?.get("dependencies"));
    let manifests: Vec<Manifest> = manifests(tree, found);
    let folders: BTreeMap<&str, &str> =
        manifests.iter().map(|m| (m.package.as_str(), m.folder)).collect();
    for manifest in &manifests {
        let Some(house) = HOUSE.iter().find(|house| house.folder == manifest.folder) else {
            let what = format!("crate `{}` has no place in the house", manifest.folder);
            found.push(Finding::fail(&manifest.path, 1, "arrow", what, PLACE_REMEDY));
            continue;
        };
        for (key, value) in dependencies(&manifest.table) {
            let package = package(&key, value, shared);
            let folder = folders.get(package).copied();
            let ours = folder.or_else(|| package.strip_prefix("keelmark-"));
            if let Some((what, remedy)) = house.refuses(package, ours) {
                let line = line_of(manifest.text, &key);
                found.push(Finding::fail(&manifest.path, line, "arrow", what, remedy));
            }
        }
    }
}

/// One crate of the house and what it may stand on.
struct House {
    folder: &'static str,
    may: May,
}

enum May {
    /// These crates of ours, and nothing of [`HEAVY`].
    Only(&'static [&'static str]),
    /// These crates of ours, and anything of others.
    Edge(&'static [&'static str]),
    /// Any crate that is not [`DEV`].
    All,
}

const fn only(folder: &'static str, on: &'static [&'static str]) -> House {
    House { folder, may: May::Only(on) }
}

const BELOW_MARGIN: &[&str] = &["pricing", "book", "kernels", "units"];
const MARGIN: &[&str] = &["margin", "pricing", "book", "kernels", "units"];

const LIQUIDATION: &[&str] = &["liquidation", "margin", "pricing", "book", "kernels", "units"];

const ENGINE: &[&str] =
    &["engine", "journal", "liquidation", "margin", "pricing", "book", "kernels", "units"];

const BACKTEST: &[&str] = &["tail", "margin", "pricing", "book", "kernels", "units"];

/// The whole house. A crate may be missing; a crate that is not here may not appear.
const HOUSE: &[House] = &[
    only("units", &[]),
    only("kernels", &[]),
    only("book", &["units"]),
    only("pricing", &["book", "kernels", "units"]),
    only("margin", BELOW_MARGIN),
    only("venues", &["book", "pricing", "units"]),
    only("tail", &["kernels", "units"]),
    only("journal", &["units"]),
    only("liquidation", MARGIN),
    only("engine", LIQUIDATION),
    only("durable", ENGINE),
    only("systemic", ENGINE),
    only("backtest", BACKTEST),
    only("proof", MARGIN),
    House { folder: "api", may: May::Edge(MARGIN) },
    House { folder: "server", may: May::All },
    House { folder: "python", may: May::All },
    House { folder: "cli", may: May::All },
    House { folder: "conformance", may: May::All },
    House { folder: "fuzz", may: May::All },
    House { folder: "sim", may: May::All },
    only("tidy", &[]),
];

/// Crates that only test; nothing a user runs stands on them.
const DEV: &[&str] = &["conformance", "fuzz", "sim", "tidy"];

/// What belongs at the edge: whoever embeds the engine must not have to compile it.
const HEAVY: &[&str] =
    &["arrow", "axum", "clap", "hyper", "indicatif", "parquet", "rusqlite", "tokio", "tonic"];

impl House {
    /// Why this crate may not depend on `package`, which is `ours` when it is one of the house.
    fn refuses(&self, package: &str, ours: Option<&str>) -> Option<(String, &'static str)> {
        let from = self.folder;
        match (&self.may, ours) {
            (May::Only(_), None) if HEAVY.contains(&package) => {
                Some((format!("`{from}` depends on `{package}`"), HEAVY_REMEDY))
            }
            (_, Some(to)) if DEV.contains(&to) => {
                Some((format!("`{from}` stands on `{to}`, which is for tests"), DEV_REMEDY))
            }
            (May::Only(on) | May::Edge(on), Some(to)) if !on.contains(&to) => {
                let allowed = if on.is_empty() { "nothing of ours".into() } else { on.join(", ") };
                Some((format!("`{from}` stands on `{to}`; it may on {allowed}"), ARROW_REMEDY))
            }
            _ => None,
        }
    }
}

struct Manifest<'a> {
    path: String,
    folder: &'a str,
    package: String,
    text: &'a str,
    table: Table,
}

fn manifests<'a>(tree: &'a Tree, found: &mut Vec<Finding>) -> Vec<Manifest<'a>> {
    let mut manifests = Vec::new();
    for (path, text) in tree.texts() {
        let Some(folder) = crate_of(path) else { continue };
        if path != format!("crates/{folder}/Cargo.toml") {
            continue;
        }
        let name = |table: &Table| Some(table.get("package")?.get("name")?.as_str()?.to_owned());
        let Some((table, package)) = parse(text).and_then(|t| name(&t).map(|name| (t, name)))
        else {
            let what = "the manifest is not TOML with a package name";
            found.push(Finding::fail(path, 1, "arrow", what, "Correct it"));
            continue;
        };
        manifests.push(Manifest { path: path.to_owned(), folder, package, text, table });
    }
    manifests
}

fn parse(text: &str) -> Option<Table> {
    text.parse().ok()
}

/// What the crate is built from: normal and build dependencies, on any target.
fn dependencies(manifest: &Table) -> Vec<(String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables = targets.into_iter().flat_map(|t| t.values()).filter_map(Value::as_table);
    std::iter::once(manifest)
        .chain(tables)
        .flat_map(|table| [table.get("dependencies"), table.get("build-dependencies")])
        .flatten()
        .filter_map(Value::as_table)
        .flat_map(|dependencies| dependencies.iter().map(|(key, value)| (key.clone(), value)))
        .collect()
}

/// The package behind a dependency's key: a key may rename it, here or in the workspace.
fn package<'a>(key: &'a str, value: &'a Value, shared: Option<&'a Value>) -> &'a str {
    let renamed = |value: &'a Value| value.get("package")?.as_str();
    renamed(value).or_else(|| renamed(shared?.get(key)?)).unwrap_or(key)
}

/// The line that names the dependency, or the first.
fn line_of(manifest: &str, key: &str) -> usize {
    let names = |line: &str| {
        let line = line.trim_start();
        line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.']))
            || (line.starts_with('[') && line.ends_with(&format!("dependencies.{key}]")))
    };
    lines(manifest).find(|(_, line)| names(line)).map_or(1, |(number, _)| number)
}

const ARROW_REMEDY: &str = "Move the code to the lower crate, or pass what it needs as an argument";
const DEV_REMEDY: &str = "Make it a dev-dependency, or move the code out of the test crate";
const HEAVY_REMEDY: &str = "Keep it at the edge: cli, server or api";
const PLACE_REMEDY: &str =
    "Give it a line in HOUSE of crates/tidy/src/arrows.rs and one in ARCHITECTURE.md";

#[cfg(test)]
mod tests;
