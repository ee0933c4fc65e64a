//! `conformance [--accuracy PATH] FILE…`: runs case files, says what failed.

use conformance::inputs::Inputs;
use conformance::{CaseFile, CaseResult, accuracy, run_case, table};
use std::process::ExitCode;

const USAGE: &str = "usage: conformance [--accuracy PATH] FILE…";

fn main() -> ExitCode {
    match main_or_error() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn main_or_error() -> Result<bool, String> {
    let (mut accuracy_path, mut paths) = (None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--accuracy" => {
                let path = arguments.next().ok_or("--accuracy: expected a path after it")?;
                accuracy_path = Some(path);
            }
            "--help" | "-h" => {
                println!("{USAGE}");
                return Ok(true);
            }
            other if other.starts_with("--") => {
                return Err(format!("unknown option {other:?}; {USAGE}"));
            }
            path => paths.push(path.to_owned()),
        }
    }
    if paths.is_empty() {
        return Err(format!("expected files of cases, found none; {USAGE}"));
    }
    let mut files: Vec<(String, Vec<CaseResult>)> = Vec::new();
    let mut without_data = 0;
    for path in &paths {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
        let file = CaseFile::parse(path, &text)?;
        let mut results = Vec::new();
        for case in &file.cases {
            let Some(name) = table::missing(Inputs(&case.inputs)) else {
                results.push(run_case(case));
                continue;
            };
            let folder = table::folder();
            let why = format!("{}: no {name} in {}", case.id, folder.display());
            if accuracy_path.is_some() {
                return Err(format!("{why}; the table needs every case"));
            }
            println!("not run: {why}; KEELMARK_DATA names another folder");
            without_data += 1;
        }
        files.push((file.title.clone(), results));
    }
    if let Some(path) = accuracy_path {
        let text = accuracy::document(&files);
        std::fs::write(&path, text).map_err(|error| format!("{path}: {error}"))?;
    }
    let results: Vec<&CaseResult> = files.iter().flat_map(|(_, results)| results).collect();
    let failures: Vec<String> = results.iter().filter_map(|one| one.failure()).collect();
    for failure in &failures {
        println!("{failure}");
    }
    let passed = results.len() - failures.len();
    println!("{passed} passed, {} failed", failures.len());
    if without_data > 0 {
        println!("{without_data} not run: their data are not here");
    }
    Ok(failures.is_empty() && passed > 0)
}
