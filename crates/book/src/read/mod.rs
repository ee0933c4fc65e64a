//! Our own file formats in: markets and books as CSV and JSON.
//!
//! Every error names the file and the line or JSON pointer, what was expected and what was found.
//! Nothing is skipped: a column or field that no reader knows is noted or refused.

mod book_csv;
mod book_json;
mod columns;
mod market_csv;
mod market_json;
mod number;
mod sound;
mod unique;

pub use book_csv::book_csv;
pub use book_json::{ACCOUNT_SCHEMA, AccountFile, BOOK_SCHEMA, BookFile, book_json};
pub use market_csv::market_csv;
pub use market_json::{MarketFile, SCHEMA as MARKET_SCHEMA, market_json};
pub use number::{JsonNumber, json};

use crate::input::{InputError, LARGEST_FILE};
use crate::market::Market;
use crate::portfolio::Book;
use std::io::Read;
use std::path::Path;

/// Reads a market file; JSON when its first character is `{`, CSV otherwise.
///
/// # Errors
/// [`InputError`] placed in the file.
pub fn market(file: &str, bytes: &[u8]) -> Result<Market, InputError> {
    if is_json(bytes) { market_json(file, bytes) } else { market_csv(file, bytes) }
}

/// Reads a book file against a market; JSON when its first character is `{`, CSV otherwise.
///
/// # Errors
/// [`InputError`] placed in the file.
pub fn book(file: &str, bytes: &[u8], market: &Market) -> Result<Book, InputError> {
    if is_json(bytes) { book_json(file, bytes, market) } else { book_csv(file, bytes, market) }
}

/// The bytes of a file of text, refused when it is missing, empty or above [`LARGEST_FILE`].
///
/// # Errors
/// [`InputError`] about the file as a whole.
pub fn bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    let content = raw(path)?;
    text_within(&path.display().to_string(), &content)?;
    Ok(content)
}

/// The bytes of any file, refused when it is missing or above [`LARGEST_FILE`].
///
/// # Errors
/// [`InputError`] about the file as a whole.
pub fn raw(path: &Path) -> Result<Vec<u8>, InputError> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| InputError::whole(&name, format!("cannot read: {error}"));
    let about = std::fs::metadata(path).map_err(failed)?;
    if about.is_dir() {
        let problem = "expected a file, found a directory: name the files in it";
        return Err(InputError::whole(&name, problem));
    }
    let size = about.len();
    if size > LARGEST_FILE {
        let problem = format!(
            "expected at most {} MiB, found {} MiB: split it by account",
            LARGEST_FILE >> 20,
            size >> 20
        );
        return Err(InputError::whole(&name, problem));
    }
    // A device says that it has no size: the limit holds for what is read, too.
    let mut content = Vec::with_capacity(size as usize + 1);
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > LARGEST_FILE {
        let problem = format!("expected at most {} MiB, found more", LARGEST_FILE >> 20);
        return Err(InputError::whole(&name, problem));
    }
    Ok(content)
}

/// Refuses what is no text to read: nothing, a packed file, text in two bytes a character.
///
/// # Errors
/// [`InputError`] that says what to do with it.
pub fn text_within(file: &str, bytes: &[u8]) -> Result<(), InputError> {
    let found = match bytes {
        _ if bytes.iter().all(u8::is_ascii_whitespace) => "an empty file",
        [0x1f, 0x8b, ..] => "a gzip file: unpack it first (gunzip)",
        [b'P', b'K', 3, 4, ..] => "a zip file: unpack it first (unzip)",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "a zstd file: unpack it first (zstd -d)",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16: save it as UTF-8",
        // Without a mark at its start: every other byte of plain text is zero.
        [first, second, ..] if (*first == 0) != (*second == 0) => "UTF-16: save it as UTF-8",
        _ => return Ok(()),
    };
    Err(InputError::whole(file, format!("expected text in UTF-8, found {found}")))
}

fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(text.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'['))
}
