//! Lengths of files, functions and lines, and the size of blobs.
//!
//! A file that is too long is a file nobody reads to the end. Tables and generated code are
//! long by nature, so they are exempt, by name: see [`exempt_by_name`].

use crate::finding::Finding;
use crate::lexer::{code_only, is_word};
use crate::tree::{Tree, file_name, lines};

/// Lines of a source file, its tests included.
pub const FILE_LINES_MAX: usize = 800;
/// Lines of a source file above its tests; beyond it the file is a candidate for splitting.
pub const CODE_LINES_MAX: usize = 600;
/// Lines of a function, from `fn` to the closing brace.
pub const FUNCTION_LINES_MAX: usize = 70;
/// Columns of a line of Rust.
pub const COLUMNS_MAX: usize = 100;
/// Bytes of a committed file.
pub const BLOB_BYTES_MAX: u64 = 1 << 20;

/// Files that may exceed [`BLOB_BYTES_MAX`], each for a reason stated beside it.
const LARGE_FILES: &[&str] = &[];

/// Marks a line, or the line under it, whose literal or address cannot be broken.
const LONG_LINE_MARKER: &str = "// tidy: long";

/// Checks every length.
pub fn check(tree: &Tree, found: &mut Vec<Finding>) {
    for file in tree.files() {
        if file.bytes > BLOB_BYTES_MAX && !LARGE_FILES.contains(&file.path.as_str()) {
            let what = format!("{} bytes, limit {BLOB_BYTES_MAX}", file.bytes);
            found.push(Finding::fail(&file.path, 1, "blob", what, BLOB_REMEDY));
        }
    }
    for (path, text) in tree.rust() {
        check_file(path, text, found);
        check_functions(path, text, found);
        check_columns(path, text, found);
    }
}

/// Whether a source file is long by nature: `table(s).rs`, `generated.rs`, `*_table(s).rs`,
/// `*_generated.rs`.
pub fn exempt_by_name(path: &str) -> bool {
    let stem = file_name(path).trim_end_matches(".rs");
    let last = stem.rsplit_once('_').map_or(stem, |(_, last)| last);
    matches!(last, "table" | "tables" | "generated")
}

fn check_file(path: &str, text: &str, found: &mut Vec<Finding>) {
    if exempt_by_name(path) {
        return;
    }
    let total = text.lines().count();
    let code = lines_above_tests(path, text);
    if total > FILE_LINES_MAX {
        let what = format!("{total} lines, limit {FILE_LINES_MAX}");
        let line = FILE_LINES_MAX + 1;
        found.push(Finding::fail(path, line, "file-length", what, FILE_REMEDY));
    } else if code > CODE_LINES_MAX {
        let what = format!("{code} lines without tests, aim for {CODE_LINES_MAX} at most");
        let finding = Finding::fail(path, CODE_LINES_MAX + 1, "file-length", what, FILE_REMEDY);
        found.push(finding.as_warning());
    }
}

/// Lines above the test module at the foot of the file; none count in a file of tests.
fn lines_above_tests(path: &str, text: &str) -> usize {
    if path.contains("/tests/") || file_name(path) == "tests.rs" {
        return 0;
    }
    let all: Vec<&str> = text.lines().collect();
    let is_foot = |at: &usize| {
        all[*at].starts_with("#[cfg(test)]")
            && all[*at + 1..].iter().take(3).any(|line| line.starts_with("mod "))
    };
    (0..all.len()).find(is_foot).unwrap_or(all.len())
}

fn check_functions(path: &str, text: &str, found: &mut Vec<Finding>) {
    for function in functions(&code_only(text)) {
        let length = function.last - function.first + 1;
        if length > FUNCTION_LINES_MAX {
            let what = format!(
                "function `{}` has {length} lines, limit {FUNCTION_LINES_MAX}",
                function.name
            );
            let line = function.first;
            found.push(Finding::fail(path, line, "function-length", what, FUNCTION_REMEDY));
        }
    }
}

fn check_columns(path: &str, text: &str, found: &mut Vec<Finding>) {
    let mut before = "";
    for (number, line) in lines(text) {
        let columns = line.chars().count();
        let marked = line.ends_with(LONG_LINE_MARKER) || before.trim() == LONG_LINE_MARKER;
        if columns > COLUMNS_MAX && !marked {
            let what = format!("{columns} columns, limit {COLUMNS_MAX}");
            found.push(Finding::fail(path, number, "line-length", what, COLUMNS_REMEDY));
        }
        before = line;
    }
}

struct Function {
    name: String,
    first: usize,
    last: usize,
}

/// The functions with a body, nested ones too, in `code` that has no comments or literals.
fn functions(code: &str) -> Vec<Function> {
    let chars: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut line = 1;
    for at in 0..chars.len() {
        if chars[at] == '\n' {
            line += 1;
        }
        let Some(name) = name_of_function(&chars, at) else { continue };
        let Some((from, to)) = body(&chars, at) else { continue };
        debug_assert!(at < from && from <= to);
        let breaks = chars[at..=to].iter().filter(|&&c| c == '\n').count();
        found.push(Function { name, first: line, last: line + breaks });
    }
    found
}

/// The name after `fn`, when the word `fn` of a definition starts at `at`.
fn name_of_function(chars: &[char], at: usize) -> Option<String> {
    let starts = at == 0 || !is_word(chars[at - 1]);
    if !starts || !chars[at..].starts_with(&['f', 'n', ' ']) {
        return None;
    }
    let is_name = |c: &char| is_word(*c) || matches!(c, '$' | '#');
    let name: String = chars[at + 3..].iter().take_while(|c| is_name(c)).collect();
    (!name.is_empty()).then_some(name)
}

/// The positions of the braces around the body of the function at `at`, when it has one.
fn body(chars: &[char], at: usize) -> Option<(usize, usize)> {
    let mut nesting = 0_i32;
    let mut open = None;
    for (to, &c) in chars.iter().enumerate().skip(at) {
        match c {
            ';' if nesting == 0 => return None,
            '{' if nesting == 0 && open.is_none() => {
                open = Some(to);
                nesting += 1;
            }
            '(' | '[' | '{' => nesting += 1,
            ')' | ']' | '}' => nesting -= 1,
            _ => {}
        }
        if let (Some(from), 0) = (open, nesting) {
            return Some((from, to));
        }
    }
    None
}

const BLOB_REMEDY: &str =
    "Trim or compress it, or name it in LARGE_FILES of crates/tidy/src/size.rs with the reason";
const FILE_REMEDY: &str = "Split it by noun, or move the tests to a `tests.rs` beside it";
const FUNCTION_REMEDY: &str =
    "Split it: branches stay in the parent, straight work moves to leaves";
const COLUMNS_REMEDY: &str =
    "Break the line; a literal or address that cannot break is marked `// tidy: long`";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::tree::File;

    #[track_caller]
    fn found(path: &str, text: &str) -> Vec<(&'static str, usize, Severity)> {
        let mut found = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut found);
        found.iter().map(|f| (f.rule, f.line, f.severity)).collect()
    }

    #[test]
    fn a_long_file_fails_and_its_exempt_names_do_not() {
        let long = "x\n".repeat(801);
        assert_eq!(found("a/b.rs", &long), [("file-length", 801, Severity::Fail)]);
        for exempt in ["a/tables.rs", "a/normal_table.rs", "a/proto_generated.rs"] {
            assert_eq!(found(exempt, &long), []);
        }
        assert_eq!(found("a/portable.rs", &long).len(), 1);
        assert_eq!(found("a/b.md", &long), []);
    }

    #[test]
    fn a_file_with_much_code_warns_and_tests_do_not_count() {
        let code = "x\n".repeat(601);
        assert_eq!(found("a/b.rs", &code), [("file-length", 601, Severity::Warn)]);
        let tested = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(500), code)
            .lines()
            .take(800)
            .fold(String::new(), |all, line| all + line + "\n");
        assert_eq!(found("a/b.rs", &tested), []);
        assert_eq!(found("a/tests/b.rs", &code), []);
    }

    #[test]
    fn a_long_function_fails_at_its_first_line() {
        let of = |lines: usize| format!("\nfn f(x: [u8; 3]) {{\n{}}}\n", "\n".repeat(lines - 2));
        assert_eq!(found("a.rs", &of(70)), []);
        assert_eq!(found("a.rs", &of(71)), [("function-length", 2, Severity::Fail)]);
    }

    #[test]
    fn braces_in_literals_and_functions_without_body_do_not_confuse() {
        let tail = "\n".repeat(80);
        assert_eq!(found("a.rs", &format!("fn f() {{ m('{{', \"{{\") }}\n{tail}")), []);
        assert_eq!(found("a.rs", &format!("trait T {{ fn f();\n{tail}}}\n")), []);
        assert_eq!(found("a.rs", &format!("type F = fn (u8);\nmod m {{{tail}}}\n")), []);
    }

    #[test]
    fn a_wide_line_fails_unless_marked() {
        let wide = "x".repeat(101);
        assert_eq!(found("a.rs", &format!("a\n{wide}\n")), [("line-length", 2, Severity::Fail)]);
        assert_eq!(found("a.rs", &format!("{wide} // tidy: long\n")), []);
        assert_eq!(found("a.rs", &format!("// tidy: long\n{wide}\n")), []);
        assert_eq!(found("a.rs", &"é".repeat(100)), []);
    }

    #[test]
    fn a_blob_fails() {
        let mut tree = Tree::of(&[]);
        assert!(tree.files().is_empty());
        tree.push(File { path: "data/x.bin".into(), bytes: BLOB_BYTES_MAX + 1, text: None });
        let mut found = Vec::new();
        check(&tree, &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule, "blob");
    }
}
