//! Runs every rule over the files of this repository that git would commit.

use std::io::{self, Write};
use std::path::Path;

use tidy::{Severity, Tree, check};

#[test]
fn the_house_is_tidy() {
    // Asked of cargo at run time: a target folder shared by two clones may hold a binary that was
    // built in the other one.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
    let root = Path::new(&manifest).join("../..");
    let tree = Tree::from_git(&root).unwrap_or_else(|error| panic!("{error}"));
    assert!(tree.get("Cargo.toml").is_some(), "{} is not the workspace", root.display());

    let found = check(&tree);
    let of = |severity| found.iter().filter(move |finding| finding.severity == severity);
    for warning in of(Severity::Warn) {
        // Not `eprintln!`, which the test harness swallows when the test passes.
        let _ = writeln!(io::stderr(), "{warning}");
    }
    let failures: Vec<String> = of(Severity::Fail).map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} rules broken:\n{}", failures.len(), failures.join("\n"));
}
