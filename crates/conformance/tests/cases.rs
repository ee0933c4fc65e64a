//! Every committed case passes, and the accuracy table is what the cases generate.

#![allow(clippy::unwrap_used)]

use conformance::{CaseFile, CaseResult, accuracy, models, run};
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

#[test]
fn every_case_passes() {
    let (mut failures, mut passed) = (Vec::new(), 0);
    for (_, file) in files() {
        for result in run(&file) {
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
    let run: Vec<(String, Vec<CaseResult>)> =
        files().iter().map(|(_, file)| (file.title.clone(), run(file))).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/accuracy.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == accuracy::document(&run),
        "docs/accuracy.md is not what the cases generate: run the command at its top"
    );
}

#[test]
fn an_unknown_model_name_fails() {
    let text = r#"{"cases": [{"id": "x", "model": "nobody.knows", "inputs": {}, "expected": {}}]}"#;
    let results = run(&CaseFile::parse("x", text).unwrap());
    assert!(!results[0].passes());
    assert_eq!(results[0].failure().unwrap(), "x: unknown model \"nobody.knows\"");
}
