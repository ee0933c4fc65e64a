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

/// The bytes of a file, refused when it is missing, empty or above [`LARGEST_FILE`].
///
/// # Errors
/// [`InputError`] about the file as a whole.
pub fn bytes(path: &Path) -> Result<Vec<u8>, InputError> {
    let name = path.display().to_string();
    let failed = |error: std::io::Error| InputError::whole(&name, format!("cannot read: {error}"));
    let size = std::fs::metadata(path).map_err(failed)?.len();
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
    not_empty(&name, &content)?;
    Ok(content)
}

fn not_empty(file: &str, bytes: &[u8]) -> Result<(), InputError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(InputError::whole(file, "expected a header and rows, found an empty file"));
    }
    Ok(())
}

fn is_json(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    matches!(text.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'['))
}
