//! Decisions: one file each, all of one shape, all listed.

use crate::finding::Finding;
use crate::tree::{Tree, file_name, lines};

const FOLDER: &str = "docs/decisions/";
const INDEX: &str = "docs/decisions/README.md";
const TEMPLATE: &str = "docs/decisions/template.md";

/// The headings of a decision, in order.
const HEADINGS: &[&str] = &["## Choice", "## Rejected", "## What would change our mind"];

/// Checks the shape of every decision and that the index lists it.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    let index = tree.get(INDEX).and_then(|file| file.text.as_deref()).unwrap_or("");
    for (path, text) in tree.markdown() {
        if !path.starts_with(FOLDER) || path == INDEX {
            continue;
        }
        check_headings(path, text, found);
        if path == TEMPLATE {
            continue;
        }
        check_title(path, text, found);
        let name = file_name(path);
        if !index.contains(&format!("({name})")) {
            let what = format!("{INDEX} has no link to `{name}`");
            let remedy = "List it there, with its title";
            found.push(Finding::fail(path, 1, "decision", what, remedy));
        }
    }
}

/// The headings are the template's, in its order, and no others of that level.
fn check_headings(path: &str, text: &str, found: &mut Vec<Finding>) {
    let headings: Vec<(usize, &str)> =
        lines(text).filter(|(_, line)| line.starts_with("## ")).collect();
    if headings.iter().map(|&(_, heading)| heading).eq(HEADINGS.iter().copied()) {
        return;
    }
    let odd = headings.iter().zip(HEADINGS).find(|((_, heading), expected)| heading != *expected);
    let line = odd.map_or(1, |(&(number, _), _)| number);
    let what = format!("the headings are not {}", HEADINGS.join(", "));
    found.push(Finding::fail(path, line, "decision", what, "Follow docs/decisions/template.md"));
}

/// `0007-some-words.md` opens with `# 0007: Some words`.
fn check_title(path: &str, text: &str, found: &mut Vec<Finding>) {
    let number = file_name(path).split('-').next().unwrap_or("");
    let numbered = number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit());
    let title = text.lines().next().unwrap_or("");
    let titled = title.strip_prefix(&format!("# {number}: ")).is_some_and(|rest| !rest.is_empty());
    if !numbered || !titled {
        let what = "name and title do not agree on a four-digit number";
        let remedy = "Name it `0007-some-words.md` and open it with `# 0007: Some words`";
        found.push(Finding::fail(path, 1, "decision", what, remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "# 0007: Some words\n\n## Choice\n\n## Rejected\n\n## What would change our mind\n";
    const LISTED: &str = "[Some words](0007-some-words.md)\n";

    #[track_caller]
    fn found(name: &str, text: &str, index: &str) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        check(&Tree::of(&[(&format!("{FOLDER}{name}"), text), (INDEX, index)]), &mut found);
        found.into_iter().map(|f| (f.line, f.what)).collect()
    }

    #[test]
    fn the_template_passes() {
        assert_eq!(found("0007-some-words.md", GOOD, LISTED), []);
        assert_eq!(found("template.md", &GOOD.replace("0007", "NNNN"), ""), []);
    }

    #[test]
    fn an_unlisted_decision_fails() {
        assert_eq!(found("0007-some-words.md", GOOD, "").len(), 1);
    }

    #[test]
    fn missing_renamed_or_reordered_headings_fail() {
        let bad = GOOD.replace("## Rejected\n", "## Alternatives\n");
        assert_eq!(found("0007-some-words.md", &bad, LISTED)[0].0, 5);
        let bad = GOOD.replace("\n## Rejected\n", "");
        assert_eq!(found("0007-some-words.md", &bad, LISTED).len(), 1);
        let bad = format!("{GOOD}## And\n");
        assert_eq!(found("0007-some-words.md", &bad, LISTED).len(), 1);
    }

    #[test]
    fn number_and_title_agree() {
        let index = "(0008-some-words.md) (some-words.md)";
        assert_eq!(found("0008-some-words.md", GOOD, index).len(), 1);
        assert_eq!(found("some-words.md", GOOD, index).len(), 1);
    }
}
