//! Every command and every bad input, as a shell sees them: tests/cmd/*.trycmd.
//!
//! `TRYCMD=overwrite cargo test -p keelmark-cli --test cmd` writes what is printed now; read the
//! difference before you commit it.

use std::error::Error;
use std::fs::File;
use std::process::{Command, Output, Stdio};

#[test]
fn commands_answer_as_written() {
    let cases = trycmd::TestCases::new();
    cases.case("../../tests/cmd/*.trycmd").case("../../tests/cmd/*.toml");
    if !cfg!(feature = "engine") {
        cases.skip("../../tests/cmd/engine.trycmd").skip("../../tests/cmd/schema.trycmd");
    }
}

/// What needs the engine says so, and how to get it; nothing else mentions it.
#[cfg(not(feature = "engine"))]
#[test]
fn a_build_without_the_engine_says_how_to_get_it() -> Result<(), Box<dyn Error>> {
    for arguments in [
        &["engine"][..],
        &["engine", "run", "venue", "--json"],
        &["engine", "--unknown"],
        &["schema", "command"],
        &["schema", "event"],
    ] {
        let found = keelmark(arguments)?;
        assert_eq!(found.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(found.stderr)?;
        assert!(said.contains("has no engine") && said.contains("--features engine"), "{said}");
    }
    let help = String::from_utf8(keelmark(&["--help"])?.stdout)?;
    assert!(help.contains("not in this build"), "{help}");
    assert!(!String::from_utf8(keelmark(&["schema"])?.stdout)?.contains("engine"));
    Ok(())
}

/// A file of two gigabytes, none of which is on the disk.
#[test]
fn a_file_too_large_is_refused_before_it_is_read() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("keelmark-large-{}.csv", std::process::id()));
    File::create(&path)?.set_len(2 << 30)?;
    let found = keelmark(&["margin", "demo:", "--prices", &path.display().to_string()]);
    std::fs::remove_file(&path)?;
    let found = found?;
    assert_eq!(found.status.code(), Some(3));
    let said = String::from_utf8(found.stderr)?;
    assert!(said.contains("expected at most 256 MiB, found 2048 MiB"), "{said}");
    Ok(())
}

#[test]
fn completions_and_the_manual_are_written() -> Result<(), Box<dyn Error>> {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let found = keelmark(&["completions", shell])?;
        assert!(found.status.success(), "{shell}");
        assert!(String::from_utf8(found.stdout)?.contains("min-headroom"), "{shell}");
    }
    let page = String::from_utf8(keelmark(&["man", "whatif"])?.stdout)?;
    assert!(page.contains(".TH") && page.contains("isolate"), "{page}");
    Ok(())
}

#[test]
fn a_reader_that_goes_away_is_no_failure() -> Result<(), Box<dyn Error>> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(["demo", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    let found = child.wait_with_output()?;
    assert_eq!(found.status.code(), Some(0));
    assert_eq!(String::from_utf8(found.stderr)?, "");
    Ok(())
}

#[test]
fn nothing_printed_is_wider_than_the_terminal() -> Result<(), Box<dyn Error>> {
    for command in [
        "demo",
        "margin demo: --union",
        "margin demo: --explain",
        "margin demo:near-edge --explain --model isolated",
        "compare demo: --models isolated,cross,scan16,deribit-pm-segregated,greeks --explain",
        "whatif demo:near-edge --model isolated --deposit USDC_1",
        "liq demo: --model isolated",
        "matrix demo:",
        "check demo: --min-headroom 20%",
        "models list",
        "models show deribit-pm",
        "compare demo: --charges",
        "compare demo:basis --models okx-pm,deribit-pm-segregated",
        "models diff deribit-pm demo: --set charge.roll.floor=0.2",
        "models diff cross binance-usdm demo: --all",
        "margin demo: --model tail-es --explain",
        "compare demo: --models tail-es,tail-hybrid",
        "calibrate scan16",
        "calibrate cross --method pot",
        "game --set paths=100",
        "game --set paths=100 --sweep bonus=0.01..0.2:5",
        "backtest --from 2020-03-01 --to 2020-03-20 --models deribit-pm,hyperliquid",
        "game --set paths=20 --sweep bonus=0.01..0.2:3 --sweep shock=-0.3..-0.1:50",
    ] {
        let words: Vec<String> = command.split(' ').map(|word| word.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = String::from_utf8(keelmark(&words)?.stdout)?;
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert!(!text.is_empty() && wide.is_none(), "{command}: {wide:?}");
    }
    Ok(())
}

/// The binary, run.
fn keelmark(arguments: &[&str]) -> std::io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_keelmark")).args(arguments).output()
}
