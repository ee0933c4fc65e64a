//! The documents: changelog, decisions, links and the list of crates.

use crate::finding::Finding;
use crate::tree::{Tree, crate_of, file_name, lines};

pub mod decisions;
pub mod links;

/// Checks every document.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    check_changelog(tree, found);
    check_architecture(tree, found);
    decisions::check(tree, found);
    links::check(tree, found);
}

fn check_changelog(tree: &Tree, found: &mut Vec<Finding>) {
    let text = tree.get("CHANGELOG.md").and_then(|file| file.text.as_deref()).unwrap_or("");
    if !text.lines().any(|line| line == "## Unreleased") {
        let what = "no section `## Unreleased`";
        let remedy = "Add it above the newest version; changes are written there as they are made";
        found.push(Finding::fail("CHANGELOG.md", 1, "changelog", what, remedy));
    }
}

/// Every crate has a line in `ARCHITECTURE.md`, once there is one.
fn check_architecture(tree: &Tree, found: &mut Vec<Finding>) {
    const PATH: &str = "ARCHITECTURE.md";
    let Some(text) = tree.get(PATH).and_then(|file| file.text.as_deref()) else { return };
    let manifests = tree.files().iter().filter(|file| {
        file_name(&file.path) == "Cargo.toml" && file.path.matches('/').count() == 2
    });
    for name in manifests.filter_map(|file| crate_of(&file.path)) {
        if !lines(text).any(|(_, line)| lists(line, name)) {
            let what = format!("crate `{name}` is not listed");
            let remedy = "Add a line that says what it is for and what it stands on";
            found.push(Finding::fail(PATH, 1, "architecture", what, remedy));
        }
    }
}

/// Whether `line` names the crate: `` `name` ``, `crates/name`, or `name` as the first word of a
/// list, a table or a layout.
fn lists(line: &str, name: &str) -> bool {
    let is_rule = |c: char| c.is_whitespace() || "|-*+├└│─`".contains(c);
    let first = line.trim_start_matches(is_rule).split(is_rule).next();
    first == Some(name)
        || line.contains(&format!("`{name}`"))
        || crate::lexer::has_word(line, &format!("crates/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found(check: fn(&Tree, &mut Vec<Finding>), files: &[(&str, &str)]) -> Vec<String> {
        let mut found = Vec::new();
        check(&Tree::of(files), &mut found);
        found.into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn a_changelog_has_an_unreleased_section() {
        assert_eq!(found(check_changelog, &[]).len(), 1);
        assert_eq!(found(check_changelog, &[("CHANGELOG.md", "## 0.1.0\n")]).len(), 1);
        assert_eq!(found(check_changelog, &[("CHANGELOG.md", "# C\n\n## Unreleased\n")]).len(), 0);
    }

    #[test]
    fn a_crate_without_a_line_fails() {
        let manifest = ("crates/book/Cargo.toml", "");
        let with = |text| found(check_architecture, &[manifest, ("ARCHITECTURE.md", text)]);
        assert_eq!(with("a book of rules\n"), ["crate `book` is not listed"]);
        assert_eq!(with("crates/bookkeeping\n").len(), 1);
        for text in
            ["  book     what is held\n", "| `book` | held |\n", "├── book\n", "crates/book\n"]
        {
            assert_eq!(with(text).len(), 0, "{text}");
        }
        assert_eq!(found(check_architecture, &[manifest]).len(), 0);
    }
}
