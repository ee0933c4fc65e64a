//! docs/charge-kinds.md names every kind of charge and every field that it reads.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_margin::charge::kinds;
use std::collections::BTreeMap;
use std::path::Path;

/// The sections of the page, by their titles.
fn sections() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../../docs/charge-kinds.md")).unwrap();
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| section.split_once('\n').unwrap())
        .map(|(title, text)| (title.trim().to_owned(), text.to_owned()))
        .collect()
}

/// Names that the source of a kind asks its table for: the first text after a reading function.
fn fields(kind: &str) -> Vec<String> {
    let path = format!("{}/src/charge/{}", env!("CARGO_MANIFEST_DIR"), kind.replace('-', "_"));
    let mut files = vec![format!("{path}.rs")];
    if let Ok(folder) = std::fs::read_dir(&path) {
        files = folder.map(|entry| entry.unwrap().path().display().to_string()).collect();
    }
    let read = |file: &String| {
        let text = std::fs::read_to_string(file).unwrap_or_else(|_| panic!("no file {file}"));
        text.split("#[cfg(test)]").next().unwrap().to_owned()
    };
    let code: String = files.iter().map(read).collect();
    let readers = [
        "need",
        "get",
        "text",
        "text_or",
        "word",
        "decimal_or",
        "param",
        "param_or",
        "param_in",
        "param_in_or",
        "number_in",
        "list",
        "texts",
        "truth",
    ];
    let mut found = Vec::new();
    for table in ["fields", "inner"] {
        for reader in readers {
            for part in code.split(&format!("{table}.{reader}(")).skip(1) {
                let name =
                    part.trim_start().strip_prefix('"').and_then(|part| part.split_once('"'));
                found.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
    found.retain(|name| name != "name");
    found
}

#[test]
fn every_kind_and_every_field_is_described() {
    let sections = sections();
    let mut missing = Vec::new();
    for kind in kinds() {
        let Some(section) = sections.get(kind) else {
            missing.push(format!("a section \"## {kind}\""));
            continue;
        };
        if section.trim_start().starts_with('|') {
            missing.push(format!("a paragraph under \"## {kind}\" that says what it charges"));
        }
        // Fields of filters are described once, at the top.
        let own = fields(kind).into_iter().filter(|field| {
            let filter = ["right", "side", "style", "base", "settle", "kind"];
            kind != "per-position" || !filter.contains(&field.as_str())
        });
        let words: Vec<&str> = section.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for field in own.filter(|field| !words.contains(&field.as_str())) {
            missing.push(format!("a row for `{field}` under \"## {kind}\""));
        }
    }
    assert!(missing.is_empty(), "docs/charge-kinds.md lacks {}", missing.join(", "));
}

#[test]
fn no_section_is_of_a_kind_that_is_gone() {
    for title in sections().keys() {
        assert!(kinds().any(|kind| kind == title), "docs/charge-kinds.md: {title:?} is no kind");
    }
}

/// A document in which every example can stand: the scans and charges that they name.
fn document_with(kind: &str, example: &str) -> String {
    let before = [
        ("scan", r#"kind = "worst-loss", over = "moves""#),
        ("minimum", r#"kind = "short-option-minimum", rate = "0.01""#),
        ("months", r#"kind = "month-spread", tiers = [{ name = "near" }], spreads = []"#),
    ];
    let before: Vec<String> =
        before.iter().map(|(name, fields)| format!("{{ name = \"{name}\", {fields} }}")).collect();
    let before = before.join(", ");
    let example = example.replacen('{', "{ name = \"example\",", 1);
    // `[levels]` last: what precedes the first table belongs to the document.
    format!(
        r#"schema = "keelmark/model/1"
name = "example"
title = "Example of {kind}"
version = "1"
effective = "2026-01-01"
source = ["docs/charge-kinds.md"]
uncertain = []
charge = [{before}, {example}]
pool = {{ by = "account", currency = "USD" }}
equity = {{ futures = true, options = true }}
unit = {{ by = "underlying" }}
[[scan]]
name = "moves"
price_range = "0.16"
scenarios = [{{ price = "-1" }}, {{ price = "1" }}]
[[scan]]
name = "history"
joint = "written"
moves = {{ BTC = {{ price = ["-0.1", "0.1"] }} }}
[levels]
initial = "scan + minimum + months + example"
maintenance = "scan + minimum + months + example"
"#
    )
}

#[test]
fn every_kind_has_an_example_that_reads() {
    for (kind, section) in sections() {
        let example = section.split("\nExample: `").nth(1).and_then(|rest| rest.split('`').next());
        let example = example.unwrap_or_else(|| panic!("## {kind} has no example"));
        let text = document_with(&kind, example);
        let document = keelmark_margin::Document::parse("example.toml", &text)
            .unwrap_or_else(|error| panic!("the example of {kind} does not read: {error}"));
        let found = document.charges.iter().find(|one| one.name == "example").unwrap();
        assert_eq!(found.kind, kind, "the example under \"## {kind}\" is of another kind");
    }
}
