//! Text that must not be committed: paths of one machine, notes to oneself, debugging left over.
//!
//! The patterns are joined from pieces, or this file would be the first to break its own rule.

use crate::finding::Finding;
use crate::lexer::has_word;
use crate::tree::{Tree, extension, lines};

/// Checks every text file.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for (path, text) in tree.texts() {
        if !is_text(path) {
            continue;
        }
        for (number, line) in lines(text) {
            for root in MACHINE_ROOTS.iter().filter(|root| has_absolute(line, root)) {
                let what = format!("a path of one machine, under `{root}`");
                found.push(Finding::fail(path, number, "machine-path", what, PATH_REMEDY));
            }
            for note in NOTES.iter().filter(|note| has_word(line, note)) {
                let what = format!("`{note}`");
                found.push(Finding::fail(path, number, "note", what, NOTE_REMEDY));
            }
            for call in LEFT_OVER.iter().filter(|call| has_word(line, call)) {
                let what = format!("`{call}…)`");
                found.push(Finding::fail(path, number, "left-over", what, LEFT_OVER_REMEDY));
            }
        }
    }
}

const MACHINE_ROOTS: &[&str] =
    &[concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/"), concat!("/", "Users/")];
const NOTES: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
const LEFT_OVER: &[&str] =
    &[concat!("dbg", "!("), concat!("todo", "!("), concat!("unimplemented", "!(")];

const TEXT: &[&str] = &[
    "csv", "json", "md", "proto", "py", "pyi", "rs", "sh", "svelte", "toml", "trycmd", "ts", "txt",
];

fn is_text(path: &str) -> bool {
    extension(path).is_none_or(|extension| TEXT.contains(&extension))
}

/// Whether `line` has `root` as the start of a path, not in the middle of an address.
fn has_absolute(line: &str, root: &str) -> bool {
    let continues = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | ')' | '>');
    line.match_indices(root).any(|(at, _)| !line[..at].ends_with(continues))
}

const PATH_REMEDY: &str = "Make it relative to the repository, or take it from the environment";
const NOTE_REMEDY: &str = "Do it now, or open an issue and say in a sentence what is missing";
const LEFT_OVER_REMEDY: &str = "Write the code, or return an error that says what is refused";

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
    fn paths_of_one_machine() {
        for root in MACHINE_ROOTS {
            assert_eq!(rules("a.md", &format!("x\nsee `{root}me/x`\n")), [("machine-path", 2)]);
            assert_eq!(rules("a.json", &format!("\"{root}x\"")), [("machine-path", 1)]);
            assert_eq!(rules(".ci/run", &format!("cd {root}x\n")), [("machine-path", 1)]);
            assert_eq!(rules("a.md", &format!("https://example.org{root}x\n")), []);
            assert_eq!(rules("a.md", &format!("..{root}x ${{DIR}}{root}x\n")), []);
        }
    }

    #[test]
    fn notes_to_oneself() {
        for note in NOTES {
            assert_eq!(rules("a.rs", &format!("// {note}: later\n")), [("note", 1)]);
            assert_eq!(rules("a.csv", &format!("a,{note}\n")), [("note", 1)]);
            assert_eq!(rules("a.rs", &format!("A{note}B\n")), []);
        }
    }

    #[test]
    fn debugging_left_over() {
        for call in LEFT_OVER {
            assert_eq!(rules("a.rs", &format!("let x = {call}y);\n")), [("left-over", 1)]);
        }
    }

    #[test]
    fn other_files_are_not_read() {
        assert_eq!(rules("web/dist/app.js", concat!("// TO", "DO\n")), []);
    }
}
