//! What a file is that cannot be read: a fragment, another format, another encoding.
//!
//! Whoever holds half a file wants to hear that it is half a file, and where it was cut, rather
//! than that some column holds no digits.

use super::layout::LAYOUTS;

/// Bytes that tell what a file is.
pub(super) const HEAD: u64 = 256;

/// Refuses bytes that are no text of records, by what they begin with.
///
/// # Errors
/// In words: what they look like, and what to do.
pub(super) fn encoding(head: &[u8]) -> Result<(), String> {
    let text = head.trim_ascii_start();
    let found = match head {
        [] => return Err(whole_file("expected records, found an empty file")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16: save it as ASCII",
        [0xef, 0xbb, 0xbf, ..] => "UTF-8 with a byte order mark: save it as ASCII, without one",
        [b'P', b'K', 3, 4, ..] => "a zip archive: unpack it first",
        [0x1f, 0x8b, ..] => "a gzip archive: unpack it first",
        _ if text.starts_with(b"<") => "XML: give it a name that ends in .spn",
        _ if head.contains(&0) => "bytes of zero, as in UTF-16 or binary: save it as ASCII",
        // A digit or a letter is above 0x7f in EBCDIC; text of records has hardly a byte there.
        _ if head.iter().filter(|byte| !byte.is_ascii()).count() * 4 > head.len() => {
            "bytes that are not ASCII, as in EBCDIC: convert it to ASCII"
        }
        _ => return Ok(()),
    };
    Err(format!("expected records of fixed columns in ASCII, found {found}"))
}

/// Refuses a first record that is not the header.
///
/// # Errors
/// In words: what it is instead, and what to do.
pub(super) fn first(line: &[u8]) -> Result<(), String> {
    let id = super::id(line);
    if id == b"0" {
        return Ok(());
    }
    let shown = String::from_utf8_lossy(id);
    if LAYOUTS.iter().any(|one| one.id.as_bytes() == id) {
        return Err(whole_file(&format!(
            "expected record 0, the header, found record {shown}: this is a fragment, which starts \
             in the middle of a file"
        )));
    }
    if line.first() == Some(&b'0') && line.len() <= 80 {
        return Err("expected record 0 of the expanded format, of 132 columns, found that of the \
                    standard format, of 80 columns, which is not read: use the expanded file (.pa2)"
            .to_owned());
    }
    Err(whole_file(&format!("expected record 0, the header, found {shown:?}, which is no record")))
}

/// A problem that ends in what to do.
pub(super) fn whole_file(problem: &str) -> String {
    format!("{problem}; give the whole file as the clearing organisation publishes it")
}

/// What is wrong with the last line where it has no end: it may be right as far as it goes.
pub(super) fn cut(problem: &str) -> String {
    whole_file(&format!("{problem}; the line has no end and is the last: the file is cut here"))
}
