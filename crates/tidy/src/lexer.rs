//! Blanks comments and literals, so that the rules see only code.
//!
//! Columns and lines stay where they are: each blanked character becomes a space, each line
//! break stays. That is all of Rust's syntax this crate knows: nested comments, escaped and raw
//! strings, and the difference between a character and a lifetime.

/// `text` with the inside of comments, strings and characters replaced by spaces.
pub fn code_only(text: &str) -> String {
    let mut lexer = Lexer { chars: text.chars().collect(), at: 0, out: String::new() };
    while let Some(current) = lexer.peek(0) {
        match current {
            '/' if lexer.peek(1) == Some('/') => lexer.line_comment(),
            '/' if lexer.peek(1) == Some('*') => lexer.block_comment(),
            '"' => lexer.string(),
            '\'' => lexer.character_or_lifetime(),
            'r' if !lexer.inside_word() => lexer.raw_string_or_word(),
            _ => lexer.keep(1),
        }
    }
    lexer.out
}

/// Whether `c` can be part of a name.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `line` has `word` with no letter, digit or underscore on either side.
pub fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        // A pattern such as `now(` ends by itself.
        let ends = !found.ends_with(is_word) || !after.is_some_and(is_word);
        ends && !before.is_some_and(is_word)
    })
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
    out: String,
}

impl Lexer {
    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|c| c != '\n') {
            self.blank(1);
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while let Some(current) = self.peek(0) {
            match (current, self.peek(1)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => {
                    self.blank(1);
                    continue;
                }
            }
            self.blank(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep(1);
        while let Some(current) = self.peek(0) {
            match current {
                '"' => return self.keep(1),
                '\\' => self.blank(2),
                _ => self.blank(1),
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        if self.peek(1) == Some('\\') {
            self.blank(3);
            while self.peek(0).is_some_and(|c| c != '\'') {
                self.blank(1);
            }
            self.blank(1);
        } else if self.peek(2) == Some('\'') {
            self.blank(3);
        } else {
            self.keep(1);
        }
    }

    fn raw_string_or_word(&mut self) {
        let after = self.chars.iter().skip(self.at + 1);
        let hashes = after.take_while(|&&c| c == '#').count();
        if self.peek(1 + hashes) != Some('"') {
            return self.keep(1);
        }
        self.keep(2 + hashes);
        while let Some(current) = self.peek(0) {
            if current == '"' && (1..=hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                return self.keep(1 + hashes);
            }
            self.blank(1);
        }
    }

    /// Whether the current character continues a name; the `b` and `c` of `br""` do not count.
    fn inside_word(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).and_then(|at| self.chars.get(at));
        match before(1) {
            Some('b' | 'c') => before(2).is_some_and(|&c| is_word(c)),
            Some(&c) => is_word(c),
            None => false,
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.chars.len());
        self.out.extend(&self.chars[self.at..end]);
        self.at = end;
    }

    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.chars.len());
        self.out.extend(self.chars[self.at..end].iter().map(|&c| match c {
            '\n' => '\n',
            _ => ' ',
        }));
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn hides(text: &str, expected: &str) {
        let code = code_only(text);
        assert_eq!(code.chars().count(), text.chars().count(), "columns must stay");
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn comments_vanish() {
        hides("a // b\nc", "a c");
        hides("a /* b /* c */ d\n */ e", "a e");
        hides("/// doc\nfn f() {}", "fn f() {}");
    }

    #[test]
    fn strings_vanish_and_their_quotes_stay() {
        hides(r#"x("a // b", "\"{");"#, r#"x(" ", " ");"#);
        hides("x(r#\"a \"{\" b\"#, 1)", "x(r#\" \"#, 1)");
        hides("x(br\"{\", 1)", "x(br\" \", 1)");
        hides("r#type + bar + char", "r#type + bar + char");
        hides("\"two\nlines\" x", "\" \" x");
    }

    #[test]
    fn characters_vanish_and_lifetimes_stay() {
        hides("m('{', '\\'', '\\u{7b}', b'}')", "m( , , , b )");
        hides("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
    }

    #[test]
    fn an_open_literal_ends_with_the_file() {
        hides("a \"b", "a \"");
        hides("a r#\"b\"", "a r#\"");
        hides("a /* b", "a");
        hides("a '\\", "a");
    }

    #[test]
    fn words_have_edges() {
        assert!(has_word("use x::HashMap;", "HashMap"));
        assert!(!has_word("MyHashMapper", "HashMap"));
        assert!(has_word("Instant::now()", "Instant::now"));
        assert!(!has_word("Instant::nowhere()", "Instant::now"));
        assert!(has_word("xs.dbg(now(3)", "now("));
    }
}
