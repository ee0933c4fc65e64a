//! A model document from standard input, wherever a model is asked for, and what is no model.

use std::error::Error;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const MODEL: &str = include_str!("../models/scan16.toml");

/// Runs a line of words with a text on standard input.
fn keelmark(line: &str, input: &str) -> Result<Output, Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(line.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // One that stops before it reads closes the pipe: what it says is looked at below.
        let _ = pipe.write_all(input.as_bytes());
    }
    Ok(child.wait_with_output()?)
}

#[test]
fn a_document_from_standard_input_is_the_one_in_a_file() -> Result<(), Box<dyn Error>> {
    for line in [
        "margin demo:strangle --json --model MODEL",
        "margin demo:strangle --json --model MODEL --set params.risk_ratio=2",
        "compare demo:strangle --json --models MODEL,cross",
        "models show MODEL --json",
        "models show MODEL --toml",
        "models diff cross MODEL demo:strangle --json",
        "models diff MODEL cross demo:strangle --json",
        "models diff MODEL demo:strangle --json --set params.risk_ratio=2",
    ] {
        let named = keelmark(&line.replace("MODEL", "scan16"), "")?;
        let read = keelmark(&line.replace("MODEL", "-"), MODEL)?;
        let said = String::from_utf8_lossy(&read.stderr);
        assert_eq!(read.status.code(), named.status.code(), "{line}: {said}");
        assert!(!read.stdout.is_empty() && read.stdout == named.stdout, "{line}");
    }
    let lint = keelmark("models lint -", MODEL)?;
    assert!(String::from_utf8(lint.stdout)?.starts_with("standard input: no errors"));
    Ok(())
}

#[test]
fn what_is_wrong_is_said() -> Result<(), Box<dyn Error>> {
    let broken = MODEL.replace("[levels]", "[lovels]");
    for (line, input, wanted) in [
        ("models lint -", broken.as_str(), "standard input:"),
        ("margin demo: --model -", "", "standard input"),
        ("compare demo: --models -,-", MODEL, "found for two: read one from a file"),
        ("models diff . cross demo:", "", ".: expected a model or the path of a .toml file"),
        ("models diff cross bit-regular . --prices demo:", "", "found a directory"),
    ] {
        let found = keelmark(line, input)?;
        let said = String::from_utf8(found.stderr)?;
        assert_eq!(found.status.code(), Some(3), "{line}: {said}");
        assert!(said.contains(wanted), "{line}: {said}");
    }
    Ok(())
}
