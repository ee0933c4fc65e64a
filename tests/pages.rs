//! Every model has a page, the page is what its document says, and its worked example is true.
//!
//! After a change of a document: `cargo run -p keelmark-cli -- models page --all docs/models`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REMEDY: &str = "cargo run -p keelmark-cli -- models page --all docs/models";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Markdown files of a folder by name.
fn pages(folder: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            pages.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(pages)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

#[test]
fn every_model_has_a_page_that_is_current() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("keelmark-pages-{}", std::process::id()));
    copy(&root().join("docs/models/examples"), &folder.join("docs/models/examples"))?;
    let ran = Command::new(env!("CARGO_BIN_EXE_keelmark"))
        .args(["models", "page", "--all", "docs/models"])
        .current_dir(&folder)
        .output()?;
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let wanted = pages(&folder.join("docs/models"))?;
    let found = pages(&root().join("docs/models"))?;
    fs::remove_dir_all(&folder)?;
    for (name, text) in &wanted {
        let found = found.get(name);
        assert!(found.is_some(), "docs/models/{name} is missing: {REMEDY}");
        assert!(found == Some(text), "docs/models/{name} is out of date: {REMEDY}");
    }
    for name in found.keys() {
        assert!(wanted.contains_key(name), "docs/models/{name} is of no model: delete it");
    }
    Ok(())
}

#[test]
fn every_worked_example_is_what_the_command_prints() -> Result<(), Box<dyn Error>> {
    let mut ran = 0;
    for (name, text) in pages(&root().join("docs/models"))? {
        for block in text.split("\n```console\n$ keelmark ").skip(1) {
            let (command, wanted) = block.split_once('\n').ok_or("a command alone")?;
            let wanted = wanted.split("\n```\n").next().unwrap_or_default();
            let found = Command::new(env!("CARGO_BIN_EXE_keelmark"))
                .args(command.split(' '))
                .current_dir(root())
                .output()?;
            let found = String::from_utf8(found.stdout)?;
            assert!(found.trim_end() == wanted.trim_end(), "{name}: {command}\n{found}");
            ran += 1;
        }
    }
    assert!(ran >= 18, "expected an example of each model, found {ran}");
    Ok(())
}

#[test]
fn every_example_is_of_a_model_and_every_model_has_one() -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(root().join("docs/models/examples"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let document = root().join("models").join(format!("{name}.toml"));
        assert!(document.is_file(), "docs/models/examples/{name} is of no model");
    }
    for entry in fs::read_dir(root().join("models"))? {
        let path = entry?.path();
        if path.is_dir() {
            // Rankings of who is deleveraged first are no models.
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let folder = root().join("docs/models/examples").join(&name);
        assert!(folder.is_dir(), "docs/models/examples/{name} is missing: every model is shown");
    }
    Ok(())
}
