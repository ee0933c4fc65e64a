//! A proof of an account is checked with nothing else at hand, and a changed one is refused.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Output};

fn engine(arguments: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keelmark"));
    command.arg("--quiet").arg("engine").args(arguments).output()
}

#[test]
fn a_proof_is_checked_alone_and_a_changed_one_is_refused() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("keelmark-proof-{}", std::process::id()));
    let day = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/engine.in/venue-day.ndjson");
    let (venue, day) = (directory.join("venue"), day.display().to_string());
    std::fs::create_dir_all(&directory)?;
    let venue = venue.display().to_string();
    assert!(engine(&["run", &venue, &day])?.status.success());
    let proof = String::from_utf8(engine(&["prove-account", &venue, "fund"])?.stdout)?;
    let file = directory.join("proof.json");
    let check = |text: &str, more: &[&str]| -> Result<Option<i32>, Box<dyn Error>> {
        std::fs::write(&file, text)?;
        let path = file.display().to_string();
        Ok(engine(&[&["check-proof", &path], more].concat())?.status.code())
    };
    assert_eq!(check(&proof, &[])?, Some(0));
    assert_eq!(check(&proof, &["--root", &"0".repeat(64)])?, Some(5));
    let statement = proof.find("\"balances\"").ok_or("no balances")?;
    let digit = statement + proof[statement..].find(['1', '2', '3', '4']).ok_or("no digit")?;
    let mut changed = proof.clone();
    changed.replace_range(digit..=digit, "9");
    assert_eq!(check(&changed, &[])?, Some(5));
    assert_eq!(engine(&["prove-account", &venue, "fnud"])?.status.code(), Some(3));
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
