//! Tags and texts of XML out of a stream, through a window of bounded size.
//!
//! A risk-parameter file is millions of `<a>12.50</a>`: such an element comes as one token,
//! borrowed from the window. Names are matched with their ends; attributes are passed over;
//! comments, instructions and document types too. What does not fit the window, or is nested
//! without end, is an error: no file makes this hold more than [`LONGEST`] bytes.

use super::super::ascii::Ascii;
use std::io::Read;

/// Bytes that one tag, text or comment may have.
const LONGEST: usize = 1 << 20;
/// Bytes of the window at first.
const WINDOW: usize = 1 << 17;
/// Elements inside each other.
const DEEPEST: usize = 1 << 10;

/// What stands in the stream; names are without their prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An element begins.
    Start(&'a [u8]),
    /// An element that holds a text and nothing else.
    Leaf(&'a [u8], &'a [u8]),
    /// An element that holds nothing.
    Empty(&'a [u8]),
    /// The innermost element ends.
    End,
    /// Text as it stands, references in it.
    Text(&'a [u8]),
    /// Text without references.
    Plain(&'a [u8]),
    /// The encoding that the file says it has.
    Encoding(&'a [u8]),
    /// The stream ends.
    Eof,
}

/// Reads tokens.
pub(super) struct Scanner<R> {
    input: Ascii<R>,
    window: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes before the window.
    before: u64,
    /// Names of the elements that are open, one after another, and where each begins.
    names: Vec<u8>,
    open: Vec<usize>,
}

impl<R: Read> Scanner<R> {
    pub fn new(input: R) -> Self {
        Self {
            input: Ascii::new(input),
            window: vec![0; WINDOW],
            start: 0,
            end: 0,
            before: 0,
            names: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.before + self.start as u64
    }

    /// The next token.
    ///
    /// # Errors
    /// What is wrong at [`Scanner::position`].
    pub fn next(&mut self) -> Result<Token<'_>, String> {
        loop {
            if self.start == self.end && !self.more()? {
                return Ok(Token::Eof);
            }
            if self.window[self.start] != b'<' {
                let length = self.find(0, b"<")?.unwrap_or(self.end - self.start);
                return Ok(Token::Text(self.take(length)));
            }
            let first = self.byte(1)?;
            match first {
                b'/' => return self.ended(),
                b'?' => {
                    let length = self.until(2, b"?>", "an instruction")?;
                    let from = self.start;
                    self.start += length;
                    let text = &self.window[from + 2..from + length - 2];
                    if let Some(at) = encoding(text) {
                        let at = from + 2 + at.start..from + 2 + at.end;
                        return Ok(Token::Encoding(&self.window[at]));
                    }
                }
                b'!' => {
                    if let Some(text) = self.declared()? {
                        return Ok(Token::Plain(&self.window[text]));
                    }
                }
                _ => return self.started(),
            }
        }
    }

    fn take(&mut self, length: usize) -> &[u8] {
        let from = self.start;
        self.start += length;
        &self.window[from..self.start]
    }

    /// Reads on; false at the end of the stream.
    fn more(&mut self) -> Result<bool, String> {
        if self.start > 0 {
            self.window.copy_within(self.start..self.end, 0);
            self.before += self.start as u64;
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.window.len() {
            if self.end >= LONGEST {
                return Err(format!("a tag or text of more than {LONGEST} bytes"));
            }
            self.window.resize(self.end * 2, 0);
        }
        let read = self.input.read(&mut self.window[self.end..]);
        let count = read.map_err(|error| format!("cannot be read: {error}"))?;
        self.end += count;
        Ok(count > 0)
    }

    /// The byte at a distance from the start.
    fn byte(&mut self, at: usize) -> Result<u8, String> {
        while self.start + at >= self.end {
            if !self.more()? {
                return Err("the file ends inside a tag: is it whole?".to_owned());
            }
        }
        Ok(self.window[self.start + at])
    }

    /// Distance of some bytes from the start; `None` where the stream ends before.
    fn find(&mut self, from: usize, what: &[u8]) -> Result<Option<usize>, String> {
        let mut from = from;
        loop {
            // What is looked for may begin beyond what has been read.
            let rest = self.window[self.start..self.end].get(from..).unwrap_or_default();
            let found = match what {
                [one] => rest.iter().position(|byte| byte == one),
                _ => rest.windows(what.len()).position(|bytes| bytes == what),
            };
            if let Some(at) = found {
                return Ok(Some(from + at));
            }
            from = (self.end - self.start).saturating_sub(what.len() - 1).max(from);
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Length up to and with some bytes.
    fn until(&mut self, from: usize, what: &[u8], inside: &str) -> Result<usize, String> {
        let found = self.find(from, what)?;
        found
            .map(|at| at + what.len())
            .ok_or_else(|| format!("the file ends inside {inside}: is it whole?"))
    }

    /// `</name>`.
    fn ended(&mut self) -> Result<Token<'_>, String> {
        let length = self.until(2, b">", "a tag")?;
        let name = self.window[self.start + 2..self.start + length - 1].trim_ascii_end();
        let Some(begin) = self.open.pop() else {
            return Err(format!("found </{}>, and nothing is open", shown(name)));
        };
        let open = &self.names[begin..];
        if open != name {
            return Err(format!("expected </{}>, found </{}>", shown(open), shown(name)));
        }
        self.names.truncate(begin);
        self.start += length;
        Ok(Token::End)
    }

    /// `<name …>`, whole where a text and its own end follow.
    fn started(&mut self) -> Result<Token<'_>, String> {
        let length = self.tag()?;
        let begin = self.start + 1;
        let inner = &self.window[begin..self.start + length - 1];
        let empty = inner.ends_with(b"/");
        let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
        let count = inner.iter().position(ends).unwrap_or(inner.len());
        if count == 0 {
            return Err("expected the name of an element after <".to_owned());
        }
        let name = begin..begin + count;
        if empty {
            self.start += length;
            return Ok(Token::Empty(local(&self.window[name])));
        }
        let text = self.start + length;
        if let Some((inside, whole)) =
            leaf(&self.window[text..self.end], &self.window[name.clone()])
        {
            self.start = text + whole;
            return Ok(Token::Leaf(local(&self.window[name]), &self.window[text..text + inside]));
        }
        if self.open.len() >= DEEPEST {
            return Err(format!("more than {DEEPEST} elements inside each other"));
        }
        self.open.push(self.names.len());
        self.names.extend_from_slice(&self.window[name.clone()]);
        self.start += length;
        Ok(Token::Start(local(&self.window[name])))
    }

    /// Length of the tag that begins here: a bracket in quotes does not end it.
    fn tag(&mut self) -> Result<usize, String> {
        let (mut at, mut quote) = (1, None);
        loop {
            for byte in &self.window[self.start + at..self.end] {
                at += 1;
                match (quote, byte) {
                    (None, b'>') => return Ok(at),
                    (None, b'"' | b'\'') => quote = Some(*byte),
                    (Some(open), byte) if open == *byte => quote = None,
                    _ => {}
                }
            }
            self.byte(at)?;
        }
    }

    /// A comment, a text in `CDATA`, whose place is returned, or a document type.
    fn declared(&mut self) -> Result<Option<std::ops::Range<usize>>, String> {
        const CDATA: &[u8] = b"<![CDATA[";
        if self.byte(2)? == b'-' {
            let length = self.until(4, b"-->", "a comment")?;
            self.start += length;
            return Ok(None);
        }
        if self.byte(2)? == b'[' {
            let length = self.until(CDATA.len(), b"]]>", "a text")?;
            let from = self.start;
            if !self.window[from..].starts_with(CDATA) {
                return Err("expected <![CDATA[ after <![".to_owned());
            }
            self.start += length;
            return Ok(Some(from + CDATA.len()..self.start - 3));
        }
        // A document type: brackets inside it are its own declarations.
        let (mut at, mut depth) = (2, 1);
        while depth > 0 {
            match self.byte(at)? {
                b'<' => depth += 1,
                b'>' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        self.start += at;
        Ok(None)
    }
}

/// Lengths of a text and of it with the end of its element, where it holds no reference and
/// nothing else stands before that end.
#[inline]
fn leaf(rest: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let mut inside = 0;
    loop {
        match rest.get(inside)? {
            b'<' => break,
            b'&' => return None,
            _ => inside += 1,
        }
    }
    let end = rest[inside + 1..].strip_prefix(b"/")?;
    // Names are a few letters: a loop is quicker than a call.
    let same = end.len() > name.len() && end.iter().zip(name).all(|(a, b)| a == b);
    (same && end[name.len()] == b'>').then_some((inside, inside + 3 + name.len()))
}

/// A name without its prefix.
#[inline]
fn local(name: &[u8]) -> &[u8] {
    name.iter().position(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}

/// Where an XML declaration says its encoding.
fn encoding(text: &[u8]) -> Option<std::ops::Range<usize>> {
    const NAME: &[u8] = b"encoding";
    let rest = text.strip_prefix(b"xml").filter(|rest| rest.starts_with(b" "))?;
    let at = rest.windows(NAME.len()).position(|bytes| bytes == NAME)? + 3 + NAME.len();
    let rest = text[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, rest) = rest.split_first()?;
    let length = rest.iter().position(|byte| byte == quote)?;
    let start = text.len() - rest.len();
    Some(start..start + length)
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(40)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Tokens as lines, texts of one place joined.
    fn ours(input: impl Read) -> Option<Vec<String>> {
        let mut scanner = Scanner::new(input);
        let mut out = Lines::default();
        loop {
            match scanner.next().ok()? {
                Token::Start(name) => out.push('<', name),
                Token::Leaf(name, text) => {
                    out.push('<', name);
                    out.text(text);
                    out.push('>', b"");
                }
                Token::Empty(name) => {
                    out.push('<', name);
                    out.push('>', b"");
                }
                Token::End => out.push('>', b""),
                Token::Text(text) | Token::Plain(text) => out.text(text),
                Token::Encoding(name) => out.push('?', name),
                Token::Eof => return Some(out.done()),
            }
        }
    }

    #[derive(Default)]
    struct Lines {
        lines: Vec<String>,
        text: String,
    }

    impl Lines {
        fn push(&mut self, kind: char, name: &[u8]) {
            let text = std::mem::take(&mut self.text);
            if !text.is_empty() {
                self.lines.push(text);
            }
            self.lines.push(format!("{kind}{}", String::from_utf8_lossy(name)));
        }

        fn text(&mut self, text: &[u8]) {
            self.text.push_str(&String::from_utf8_lossy(text));
        }

        fn done(mut self) -> Vec<String> {
            self.push('.', b"");
            self.lines
        }
    }

    /// The same by a reader of all of XML.
    fn theirs(text: &str) -> Option<Vec<String>> {
        use quick_xml::events::Event;
        let mut reader = quick_xml::Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        let mut out = Lines::default();
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) => out.push('<', element.local_name().as_ref().as_bytes()),
                Event::End(_) => out.push('>', b""),
                Event::Text(text) => out.text(text.as_bytes()),
                Event::CData(text) => out.text(text.as_bytes()),
                Event::GeneralRef(name) => {
                    out.text(b"&");
                    out.text(name.as_bytes());
                    out.text(b";");
                }
                Event::Decl(declaration) => {
                    if let Some(Ok(name)) = declaration.encoding() {
                        out.push('?', name.as_bytes());
                    }
                }
                Event::Eof => return Some(out.done()),
                _ => {}
            }
        }
    }

    /// A stream that gives a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn what_files_hold() {
        let text = "<?xml version='1.0' encoding = 'latin1'?><!DOCTYPE a [<!ENTITY b 'c'>]>\r\n\
            <n:a x=\"1>2\" y='/'><!-- <b> -- --><b/><c z='1' /> t <d>1.5</d><d>&amp;2</d>\
            <e><![CDATA[<&]]></e><d> </d ></n:a>\n";
        let expected = [
            "?latin1", "\r\n", "<a", "<b", ">", "<c", ">", " t ", "<d", "1.5", ">", "<d", "&amp;2",
            ">", "<e", "<&", ">", "<d", " ", ">", ">", "\n", ".",
        ];
        for step in [1, 2, 3, 7, 1000] {
            assert_eq!(ours(Drops(text.as_bytes(), step)).unwrap(), expected, "{step} at a time");
        }
    }

    #[test]
    fn what_is_broken_is_refused_and_memory_is_bounded() {
        let says = |text: &str| {
            let mut scanner = Scanner::new(text.as_bytes());
            loop {
                match scanner.next() {
                    Ok(Token::Eof) => return String::new(),
                    Ok(_) => {}
                    Err(problem) => return problem,
                }
            }
        };
        for (text, problem) in [
            ("<a><b></a>".to_owned(), "expected </b>, found </a>"),
            ("</a>".to_owned(), "nothing is open"),
            ("<a".to_owned(), "ends inside a tag"),
            ("<a b='>".to_owned(), "ends inside a tag"),
            ("<!-- a ->".to_owned(), "ends inside a comment"),
            ("< a>".to_owned(), "expected the name"),
            ("<![X".to_owned(), "ends inside a text"),
            (format!("<a>{}", "x".repeat(2 * LONGEST)), "of more than"),
            (format!("<a b=\"{}", "x".repeat(2 * LONGEST)), "of more than"),
            ("<a>".repeat(DEEPEST + 1), "inside each other"),
        ] {
            let found = says(&text);
            assert!(found.contains(problem), "{problem}: {found}");
        }
    }

    proptest! {
        #[test]
        fn tokens_are_those_of_a_whole_reader(
            parts in prop::collection::vec(prop::sample::select(vec![
                "<a>", "</a>", "<a>1.5</a>", "<b c='>'>", "</b>", "<d/>", "<p:a>", "</p:a>", " ",
                "<a>x</a >", "12", "&amp;", "<!-- <a> -->", "<![CDATA[ <a> ]]>", "<e x=\"/\"/>",
            ]), 0..24),
            step in 1usize..9,
        ) {
            let text = parts.concat();
            let found = ours(Drops(text.as_bytes(), step));
            prop_assert_eq!(found, theirs(&text), "{}", text);
        }
    }
}
