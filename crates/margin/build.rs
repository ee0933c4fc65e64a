//! Embeds every document of `models/`, so that adding one needs no change in Rust. Those with a
//! recipe, a table `[tail]`, stand apart: they margin nothing until scenarios are bound to them.

use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../models");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path.canonicalize()?);
        }
    }
    files.sort();
    let (mut table, mut dynamic) = (String::from("&[\n"), String::from("&[\n"));
    for file in &files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a name in UTF-8")?;
        let path = file.to_str().ok_or("a path in UTF-8")?;
        let text = std::fs::read_to_string(file)?;
        let own = if text.lines().any(|line| line == "[tail]") { &mut dynamic } else { &mut table };
        writeln!(own, "    ({name:?}, include_str!({path:?})),")?;
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let folder = std::env::var("OUT_DIR")?;
    std::fs::write(Path::new(&folder).join("models.rs"), table + "]")?;
    std::fs::write(Path::new(&folder).join("dynamic.rs"), dynamic + "]")?;
    Ok(())
}
