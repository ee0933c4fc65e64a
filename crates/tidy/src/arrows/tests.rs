//! Each arrow against the grain fails, with the line that draws it.

use super::*;

#[track_caller]
fn found(files: &[(&str, &str)]) -> Vec<(String, usize, String)> {
    let mut found = Vec::new();
    check(&Tree::of(files), &mut found);
    found.into_iter().map(|f| (f.path, f.line, f.what)).collect()
}

/// One crate called `folder` with the given dependencies, beside a `book`.
#[track_caller]
fn of(folder: &str, rest: &str) -> Vec<(usize, String)> {
    let path = format!("crates/{folder}/Cargo.toml");
    let text = format!("[package]\nname = \"keelmark-{folder}\"\n{rest}");
    found(&[(&path, &text)]).into_iter().map(|(_, line, what)| (line, what)).collect()
}

#[test]
fn arrows_down_pass() {
    assert_eq!(of("units", "[dependencies]\nserde = \"1\"\n"), []);
    assert_eq!(of("margin", "[dependencies]\nkeelmark-pricing.workspace = true\n"), []);
    assert_eq!(of("cli", "[dependencies]\nkeelmark-api = {}\nclap = \"4\"\n"), []);
    assert_eq!(of("api", "[dependencies]\nkeelmark-margin = {}\n"), []);
}

#[test]
fn arrows_up_fail() {
    let up = [
        ("units", "book"),
        ("kernels", "units"),
        ("book", "kernels"),
        ("pricing", "margin"),
        ("margin", "venues"),
        ("venues", "margin"),
        ("api", "venues"),
        ("engine", "journal"),
    ];
    for (from, to) in up {
        let found = of(from, &format!("[dependencies]\nkeelmark-{to}.workspace = true\n"));
        assert_eq!(found.len(), 1, "{from} -> {to}");
        assert_eq!(found[0].0, 4);
        assert!(found[0].1.starts_with(&format!("`{from}` stands on `{to}`; it may on ")));
    }
}

#[test]
fn nothing_stands_on_a_test_crate() {
    assert_eq!(of("cli", "[dependencies]\nkeelmark-sim = {}\n").len(), 1);
    assert_eq!(of("cli", "[dev-dependencies]\nkeelmark-sim = {}\n"), []);
    let by_name = [
        ("crates/cli/Cargo.toml", "[package]\nname = \"c\"\n[dependencies]\ntidy = {}\n"),
        ("crates/tidy/Cargo.toml", "[package]\nname = \"tidy\"\n"),
    ];
    assert_eq!(found(&by_name).len(), 1);
}

#[test]
fn the_core_is_light() {
    for heavy in ["tokio", "clap"] {
        for core in ["units", "kernels", "book", "pricing", "margin", "engine"] {
            assert_eq!(of(core, &format!("[dependencies]\n{heavy} = \"1\"\n")).len(), 1);
        }
        assert_eq!(of("cli", &format!("[dependencies]\n{heavy} = \"1\"\n")), []);
    }
}

#[test]
fn every_way_to_write_a_dependency_is_seen() {
    let ways = [
        "[dependencies]\nkeelmark-book = { path = \"../book\" }\n",
        "[dependencies.keelmark-book]\npath = \"../book\"\n",
        "[build-dependencies]\nkeelmark-book = {}\n",
        "[target.'cfg(unix)'.dependencies]\nkeelmark-book = {}\n",
        "[dependencies]\nb = { package = \"keelmark-book\" }\n",
    ];
    for way in ways {
        assert_eq!(of("units", way).len(), 1, "{way}");
    }
    let renamed = [
        ("Cargo.toml", "[workspace.dependencies]\nb = { package = \"keelmark-book\" }\n"),
        (
            "crates/units/Cargo.toml",
            "[package]\nname = \"u\"\n[dependencies]\nb.workspace = true\n",
        ),
    ];
    assert_eq!(found(&renamed).len(), 1);
}

#[test]
fn a_line_is_found_for_a_table_of_its_own() {
    let found = of("units", "[dependencies.keelmark-book]\npath = \"../book\"\n");
    assert_eq!(found[0].0, 3);
}

#[test]
fn an_unknown_crate_and_a_broken_manifest_fail() {
    assert_eq!(of("extra", "")[0].1, "crate `extra` has no place in the house");
    assert_eq!(found(&[("crates/book/Cargo.toml", "[package\n")]).len(), 1);
}
