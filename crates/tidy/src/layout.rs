//! White space and file headers.
//!
//! Data files (`.csv`, `.json`, `.txt`) are left alone: a venue's own file is kept byte for byte.

use crate::finding::Finding;
use crate::tree::{Tree, crate_of, extension, lines};

/// Checks white space of code and prose, and the header of each source file.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for (path, text) in tree.texts() {
        if is_code_or_prose(path) {
            check_white_space(path, text, found);
        }
        if is_source(path) && !text.starts_with("//!") {
            let what = "the file does not begin with a `//!` header";
            found.push(Finding::fail(path, 1, "header", what, HEADER_REMEDY));
        }
    }
}

fn check_white_space(path: &str, text: &str, found: &mut Vec<Finding>) {
    for (number, line) in lines(text) {
        if line.contains('\t') {
            found.push(Finding::fail(path, number, "tab", "a tab", "Use spaces"));
        }
        // `lines` drops the `\r` of a `\r\n`, so look at the text itself below.
        if line.ends_with(char::is_whitespace) {
            let what = "white space at the end of the line";
            found.push(Finding::fail(path, number, "trailing-space", what, "Delete it"));
        }
    }
    if let Some((before, _)) = text.split_once('\r') {
        let number = before.matches('\n').count() + 1;
        let remedy = "Use `\\n` alone";
        found.push(Finding::fail(path, number, "line-ending", "a carriage return", remedy));
    }
    if !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")) {
        let what = "the file does not end with exactly one line break";
        let number = text.lines().count().max(1);
        let remedy = "End it with one line break";
        found.push(Finding::fail(path, number, "final-newline", what, remedy));
    }
}

fn is_code_or_prose(path: &str) -> bool {
    matches!(extension(path), None | Some("rs" | "md" | "toml" | "sh" | "py"))
}

fn is_source(path: &str) -> bool {
    let inside = crate_of(path).and_then(|name| path.strip_prefix(&format!("crates/{name}/src/")));
    inside.is_some() && extension(path) == Some("rs")
}

const HEADER_REMEDY: &str = "Open with what the file is for and why it is so, in sentences";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        let mut found = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut found);
        found.iter().map(|f| (f.rule, f.line)).collect()
    }

    #[test]
    fn white_space() {
        assert_eq!(rules("a.md", "fine\n"), []);
        assert_eq!(rules("a.md", "x\n\ty\n"), [("tab", 2)]);
        assert_eq!(rules("a.toml", "x \n"), [("trailing-space", 1)]);
        assert_eq!(rules(".ci/run", "x\ny"), [("final-newline", 2)]);
        assert_eq!(rules("a.md", "x\n\n"), [("final-newline", 2)]);
        assert_eq!(rules("a.sh", "x\r\n"), [("line-ending", 1)]);
        assert_eq!(rules("a.md", ""), []);
    }

    #[test]
    fn data_is_left_alone() {
        assert_eq!(rules("samples/venue.json", "{\t} "), []);
        assert_eq!(rules("samples/book.csv", "a\tb"), []);
    }

    #[test]
    fn a_source_file_opens_with_its_purpose() {
        assert_eq!(rules("crates/book/src/lib.rs", "use x;\n"), [("header", 1)]);
        assert_eq!(rules("crates/book/src/a/b.rs", "/// not it\n"), [("header", 1)]);
        assert_eq!(rules("crates/book/src/lib.rs", "//! It is.\n"), []);
        assert_eq!(rules("crates/book/tests/a.rs", "use x;\n"), []);
    }
}
