//! Relative links of Markdown files point to files that would be committed.
//!
//! Addresses on the network are not opened, and the part after `#` is not resolved.

use crate::finding::Finding;
use crate::tree::{Tree, lines};

/// Checks every relative link.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for (path, text) in tree.markdown() {
        let mut fence = None;
        for (number, line) in lines(text) {
            if toggles(&mut fence, line) || fence.is_some() {
                continue;
            }
            for target in targets(&without_code(line)) {
                check_target(tree, path, number, &target, found);
            }
        }
    }
}

fn check_target(tree: &Tree, path: &str, line: usize, target: &str, found: &mut Vec<Finding>) {
    let file = target.split(['#', '?']).next().unwrap_or("");
    let elsewhere = ["http://", "https://", "mailto:"].iter().any(|s| target.starts_with(s));
    if file.is_empty() || elsewhere {
        return;
    }
    if !resolve(path, file).is_some_and(|resolved| tree.holds(&resolved)) {
        let what = format!("link to `{target}`, which is not in the repository");
        let remedy = "Correct the path, or commit the file";
        found.push(Finding::fail(path, line, "link", what, remedy));
    }
}

/// `target` as seen from the file at `from`, from the root of the repository; `None` outside it.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    if !target.starts_with('/') {
        parts.extend(from.split('/'));
        parts.pop();
    }
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What the line links to: `](target)`, `[name]: target`, `src="target"`, `href="target"`.
fn targets(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (opening, closing) in [("](", ")"), ("src=\"", "\""), ("href=\"", "\"")] {
        for (at, _) in line.match_indices(opening) {
            let rest = &line[at + opening.len()..];
            let inside = rest.split(closing).next().unwrap_or("");
            found.extend(first_word(inside));
        }
    }
    if let Some((name, rest)) = line.split_once("]: ")
        && name.starts_with('[')
        && !name.starts_with("[^")
    {
        found.extend(first_word(rest));
    }
    found
}

/// The target without a title and without the brackets of `<target>`.
fn first_word(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    Some(word.trim_start_matches('<').trim_end_matches('>').to_owned())
}

/// The line with its code spans removed.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

/// Follows fenced blocks; true on the line that opens or closes one.
fn toggles(fence: &mut Option<&'static str>, line: &str) -> bool {
    let line = line.trim_start();
    let Some(mark) = ["```", "~~~"].into_iter().find(|mark| line.starts_with(mark)) else {
        return false;
    };
    match *fence {
        None => *fence = Some(mark),
        Some(open) if open == mark => *fence = None,
        Some(_) => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn broken(text: &str) -> Vec<(usize, String)> {
        let tree = [("docs/a.md", text), ("docs/b.md", ""), ("README.md", ""), ("img/x.svg", "")];
        let mut found = Vec::new();
        check(&Tree::of(&tree), &mut found);
        found.into_iter().map(|f| (f.line, f.what)).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        assert_eq!(broken("[b](b.md) [r](../README.md#top) [d](../docs) [s](#here)\n"), []);
        assert_eq!(broken("![x](../img/x.svg \"a title\") <img src=\"/img/x.svg\">\n"), []);
        assert_eq!(broken("[w](https://example.org/none.md) [m](mailto:a@example.org)\n"), []);
        assert_eq!(broken("[b]: b.md\n[^1]: words.\n"), []);
    }

    #[test]
    fn links_that_lead_nowhere_fail() {
        for text in ["[c](c.md)", "[c](../b.md)", "[o](../../a.md)", "[c]: c.md", "![](x.svg)"] {
            assert_eq!(broken(&format!("one\n{text}\n")).len(), 1, "{text}");
        }
        assert_eq!(broken("one\n<a href=\"none.md\">\n")[0].0, 2);
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(broken("`[c](c.md)` and\n```\n[c](c.md)\n```\n"), []);
        assert_eq!(broken("```\n~~~\n```\n[c](c.md)\n").len(), 1);
    }
}
