//! What the pure crates must not touch: clocks, random numbers, hash maps.
//!
//! Replicas must agree bit for bit, so time, randomness and prices enter as input, and no result
//! may depend on the order of a hash map. The type is banned, not only its iteration: whether a
//! map is iterated is not visible in one line. Benchmarks and comparisons measure time and are
//! left alone.

use crate::finding::Finding;
use crate::lexer::{code_only, has_word};
use crate::tree::{Tree, crate_of, lines};

const PURE: &[&str] = &["book", "engine", "journal", "margin", "units"];

const BANNED: &[(&str, &str)] = &[
    ("HashMap", "Use `BTreeMap` or a sorted `Vec`"),
    ("HashSet", "Use `BTreeSet` or a sorted `Vec`"),
    ("SystemTime::now", "Take the time as an argument"),
    ("Instant::now", "Take the time as an argument"),
    ("thread_rng", "Take a seeded generator as an argument"),
];

/// Checks the code, not the comments, of the pure crates.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for (path, text) in tree.rust() {
        if !is_pure(path) {
            continue;
        }
        for (number, line) in lines(&code_only(text)) {
            for &(name, remedy) in BANNED.iter().filter(|(name, _)| has_word(line, name)) {
                let what = format!("`{name}` in a crate whose results must be reproducible");
                found.push(Finding::fail(path, number, "determinism", what, remedy));
            }
        }
    }
}

fn is_pure(path: &str) -> bool {
    crate_of(path).is_some_and(|name| {
        let measures = |folder| path.starts_with(&format!("crates/{name}/{folder}/"));
        PURE.contains(&name) && !["benches", "comparison"].into_iter().any(measures)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn found_lines(path: &str, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut found);
        found.iter().map(|f| f.line).collect()
    }

    #[test]
    fn each_source_of_disorder_fails_in_each_pure_crate() {
        for name in PURE {
            for (banned, _) in BANNED {
                let text = format!("//! x\nlet x = std::{banned}();\n");
                assert_eq!(found_lines(&format!("crates/{name}/src/a.rs"), &text), [2]);
            }
        }
    }

    #[test]
    fn comments_benches_and_other_crates_are_free() {
        let text = "let x = HashMap::new();\n";
        assert_eq!(found_lines("crates/venues/src/a.rs", text), []);
        assert_eq!(found_lines("crates/margin/benches/a.rs", text), []);
        assert_eq!(found_lines("crates/journal/comparison/src/main.rs", text), []);
        assert_eq!(found_lines("crates/margin/src/a.rs", "/// No HashMap here.\n"), []);
    }
}
