//! Every committed case passes, and the accuracy table is what the cases generate.

#![allow(clippy::unwrap_used)]

use conformance::inputs::Inputs;
use conformance::{Case, CaseFile, CaseResult, accuracy, models, run, run_case, table};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Model names of committed cases that are not answered yet, each with the reason. Nothing else
/// may be missing, and nothing here may pass unnoticed.
const NOT_YET: &[(&str, &str)] = &[];

fn files() -> Vec<(PathBuf, CaseFile)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (path, CaseFile::parse(&name, &text).unwrap())
        })
        .collect()
}

/// The table that a case asks for, where it is not there: data of others stay outside the
/// repository, and whoever has them names their folder in `KEELMARK_DATA`.
fn missing(case: &Case) -> Option<&str> {
    table::missing(Inputs(&case.inputs))
}

/// Says that something was not tested, past the harness, which hides what a passing test prints.
fn say(what: &str) {
    let folder = table::folder();
    let line = format!("SKIPPED {what} in {}; KEELMARK_DATA names another\n", folder.display());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_case_passes() {
    let (mut failures, mut passed) = (Vec::new(), 0);
    for (_, file) in files() {
        for case in &file.cases {
            if let Some(name) = missing(case) {
                say(&format!("{}: no {name}", case.id));
                continue;
            }
            let result = run_case(case);
            if NOT_YET.iter().any(|(model, _)| *model == result.model) {
                assert!(!result.passes(), "{} passes: take it off the list", result.model);
                continue;
            }
            passed += usize::from(result.passes());
            failures.extend(result.failure());
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed >= 73, "expected 73 cases or more, found {passed}");
}

#[test]
fn every_model_name_has_a_case() {
    let files = files();
    let cases: Vec<&str> =
        files.iter().flat_map(|(_, file)| &file.cases).map(|case| case.model.as_str()).collect();
    for (model, _) in models::MODELS {
        assert!(cases.contains(model), "no case of {model}");
    }
}

#[test]
fn the_accuracy_table_is_current() {
    let files = files();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/accuracy.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let stale = "docs/accuracy.md is not what the cases generate: run the command at its top";
    let (mut all, mut complete) = (Vec::new(), true);
    for (_, file) in &files {
        if file.cases.iter().any(|case| missing(case).is_some()) {
            say(&format!("the accuracy of {}: not all of its data", file.title));
            complete = false;
            continue;
        }
        let results: Vec<CaseResult> = run(file);
        let current = committed.contains(&accuracy::section(&file.title, &results));
        assert!(current, "{}: {stale}", file.title);
        all.push((file.title.clone(), results));
    }
    assert!(!complete || committed == accuracy::document(&all), "{stale}");
}

#[test]
fn an_unknown_model_name_fails() {
    let text = r#"{"cases": [{"id": "x", "model": "nobody.knows", "inputs": {}, "expected": {}}]}"#;
    let results = run(&CaseFile::parse("x", text).unwrap());
    assert!(!results[0].passes());
    assert_eq!(results[0].failure().unwrap(), "x: unknown model \"nobody.knows\"");
}
