//! Embeds every ranking of `models/adl/`, so that adding one needs no change in Rust.

use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../../models/adl");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder)? {
        files.push(entry?.path().canonicalize()?);
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in &files {
        let name = file.file_stem().and_then(|stem| stem.to_str()).ok_or("a name in UTF-8")?;
        let path = file.to_str().ok_or("a path in UTF-8")?;
        writeln!(table, "    ({name:?}, include_str!({path:?})),")?;
        println!("cargo::rerun-if-changed={}", file.display());
    }
    table.push(']');
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("rankings.rs"), table)?;
    Ok(())
}
