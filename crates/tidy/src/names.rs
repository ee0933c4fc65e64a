//! Names that say nothing.
//!
//! A file called after no noun collects whatever has no place. The cure is to find the noun.

use crate::finding::Finding;
use crate::lexer::code_only;
use crate::tree::{Tree, lines};

const BANNED: &[&str] =
    &["common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"];

/// Folders whose names are not ours to choose.
const BUILT: &[&str] = &["web/dist/"];

/// Checks the name of every file, folder and inline module.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for file in tree.files() {
        if BUILT.iter().any(|folder| file.path.starts_with(folder)) {
            continue;
        }
        for part in file.path.split('/') {
            let stem = part.split_once('.').map_or(part, |(stem, _)| stem);
            if BANNED.contains(&stem) {
                let what = format!("`{part}` names nothing");
                found.push(Finding::fail(&file.path, 1, "name", what, REMEDY));
            }
        }
    }
    for (path, text) in tree.rust() {
        for (number, line) in lines(&code_only(text)) {
            if let Some(module) = module(line).filter(|name| BANNED.contains(name)) {
                let what = format!("module `{module}` names nothing");
                found.push(Finding::fail(path, number, "name", what, REMEDY));
            }
        }
    }
}

/// The name a line `pub(…) mod name` declares.
fn module(line: &str) -> Option<&str> {
    let (visibility, rest) = line.trim_start().split_once("mod ")?;
    let declares = visibility.is_empty() || visibility.starts_with("pub");
    let name = rest.trim_end().trim_end_matches(['{', ';', '}', ' ']);
    declares.then_some(name)
}

const REMEDY: &str = "Call it after the noun it holds";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(path: &str, text: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut found);
        found.into_iter().map(|f| (f.line, f.what)).collect()
    }

    #[test]
    fn files_and_folders() {
        assert_eq!(names("crates/a/src/utils.rs", "").len(), 1);
        assert_eq!(names("crates/a/tests/common/mod.rs", "").len(), 1);
        assert_eq!(names("docs/misc.md", "").len(), 1);
        assert_eq!(names("crates/a/src/utilisation.rs", ""), []);
        assert_eq!(names("web/dist/assets/common.js", ""), []);
    }

    #[test]
    fn modules() {
        let said = |name: &str| format!("module `{name}` names nothing");
        assert_eq!(
            names("a.rs", "mod book;\n  pub(crate) mod helpers {\n"),
            [(2, said("helpers"))]
        );
        assert_eq!(names("a.rs", "mod manager;\n"), [(1, said("manager"))]);
        assert_eq!(names("a.rs", "// mod misc;\nlet s = \"mod misc;\";\n"), []);
    }
}
