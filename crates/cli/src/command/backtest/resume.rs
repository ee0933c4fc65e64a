//! What a walk has done so far, in a file: a line that says which walk, then a line a piece.
//!
//! A line that was cut when the process ended is dropped and its piece computed again, so that a
//! walk that was broken off ends in the same bytes, of this file and of the answer. A file of
//! another walk is refused.

use crate::failure::Failure;
use crate::output;
use keelmark_backtest::Walk;
use keelmark_backtest::walk::Piece;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first line.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Header {
    schema: String,
    walk: String,
    pieces: usize,
}

/// The largest file that is read back: a hundred runs over twenty years are a tenth of it.
const LARGEST: u64 = 1 << 30;
const SCHEMA: &str = "keelmark/backtest-pieces/1";

/// A file that pieces are kept in.
pub struct Kept {
    path: PathBuf,
    file: File,
}

impl Kept {
    /// Opens or creates the file, and reads what it holds.
    pub fn open(name: &str, walk: &Walk) -> Result<(Self, Vec<Piece>), Failure> {
        let header =
            Header { schema: SCHEMA.to_owned(), walk: walk.digest(), pieces: walk.pieces() };
        let path = Path::new(name);
        let path = if path.is_dir() {
            path.join(format!("backtest-{}.ndjson", header.walk))
        } else {
            path.to_owned()
        };
        let failed = |error| Failure::failed(format!("{}: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > LARGEST {
            return Err(refused(&path, "expected the pieces of a walk, found more than 1 GiB"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (pieces, good) = held(&path, &bytes, &header)?;
        file.set_len(good as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let mut kept = Self { path, file };
        if good == 0 {
            kept.write(&output::line(&header)?)?;
        }
        Ok((kept, pieces))
    }

    /// Appends a piece.
    pub fn keep(&mut self, piece: &Piece) -> Result<(), Failure> {
        self.write(&output::line(piece)?)
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            Failure::failed(format!("{}: cannot write: {error}", self.path.display()))
        })
    }
}

fn refused(path: &Path, problem: &str) -> Failure {
    let hint = "give another file, or delete this one";
    Failure::input(format!("{}: {problem}: {hint}", path.display()))
}

/// The pieces in the file, and how many of its bytes are good.
fn held(path: &Path, bytes: &[u8], expected: &Header) -> Result<(Vec<Piece>, usize), Failure> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if !first.ends_with(b"\n") {
        if output::line(expected)?.as_bytes().starts_with(first) {
            return Ok((Vec::new(), 0));
        }
        return Err(refused(path, "expected the pieces of a walk, found something else"));
    }
    let found: Header = serde_json::from_slice(first).map_err(|_| {
        refused(path, "line 1: expected the header of a walk, found something else")
    })?;
    if found != *expected {
        let problem = format!(
            "expected the pieces of walk {}, found those of walk {}: other histories, models, \
             books or settings",
            expected.walk, found.walk
        );
        return Err(refused(path, &problem));
    }
    let (mut pieces, mut good) = (Vec::new(), first.len());
    for line in lines {
        if !line.ends_with(b"\n") {
            break;
        }
        let piece: Option<Piece> = serde_json::from_slice(line).ok();
        let Some(piece) = piece.filter(|piece| piece.piece == pieces.len()) else {
            let at = pieces.len();
            let problem = format!("line {}: expected piece {at}, found another line", at + 2);
            return Err(refused(path, &problem));
        };
        pieces.push(piece);
        good += line.len();
    }
    Ok((pieces, good))
}
