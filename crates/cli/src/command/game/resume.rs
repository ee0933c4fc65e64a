//! What a sweep has found so far, in a file: a line that says which sweep, then a line a cell, each
//! on the disk before the next is begun to be told.
//!
//! A line that was cut when the process ended is dropped and its cell computed again, so that a
//! sweep that was broken off ends in the same bytes, of this file and of the answer. A file of
//! another game, seed or range is refused.

use crate::failure::Failure;
use crate::output;
use keelmark_systemic::game::Game;
use keelmark_systemic::game::sweep::{Axis, Cell, values};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The first line.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Header {
    schema: String,
    game: String,
    name: String,
    sweep: Vec<String>,
}

/// The largest file that is read back: ten thousand cells are a tenth of it.
const LARGEST: u64 = 64 << 20;
const SCHEMA: &str = "keelmark/game-cells/1";

/// A file that cells are kept in.
pub struct Kept {
    path: PathBuf,
    file: File,
}

impl Kept {
    /// Opens or creates the file, and reads what it holds.
    pub fn open(name: &str, game: &Game, axes: &[Axis]) -> Result<(Self, Vec<Cell>), Failure> {
        let path = place(Path::new(name), game);
        let failed = |error| Failure::failed(format!("{}: {error}", path.display()));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        if found > LARGEST {
            let problem = "expected the cells of a sweep, found more than 64 MiB";
            return Err(refused(&path, problem));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let header = header(game, axes);
        let (cells, good) = held(&path, &bytes, &header, axes)?;
        file.set_len(good as u64).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        let mut kept = Self { path, file };
        if good == 0 {
            kept.write(&output::line(&header)?)?;
        }
        Ok((kept, cells))
    }

    /// Appends a cell.
    pub fn keep(&mut self, cell: &Cell) -> Result<(), Failure> {
        self.write(&output::line(cell)?)
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| {
            Failure::failed(format!("{}: cannot write: {error}", self.path.display()))
        })
    }
}

fn place(path: &Path, game: &Game) -> PathBuf {
    if path.is_dir() {
        return path.join(format!("game-{}.ndjson", game.digest));
    }
    path.to_owned()
}

fn header(game: &Game, axes: &[Axis]) -> Header {
    let said =
        |axis: &Axis| format!("{}={:?}..{:?}:{}", axis.parameter, axis.from, axis.to, axis.count);
    Header {
        schema: SCHEMA.to_owned(),
        game: game.digest.clone(),
        name: game.name.clone(),
        sweep: axes.iter().map(said).collect(),
    }
}

fn refused(path: &Path, problem: &str) -> Failure {
    let hint = "give another file, or delete this one";
    Failure::input(format!("{}: {problem}: {hint}", path.display()))
}

/// The cells in the file, and how many of its bytes are good.
fn held(
    path: &Path,
    bytes: &[u8],
    expected: &Header,
    axes: &[Axis],
) -> Result<(Vec<Cell>, usize), Failure> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    if !first.ends_with(b"\n") {
        let whole = output::line(expected)?;
        if whole.as_bytes().starts_with(first) {
            return Ok((Vec::new(), 0));
        }
        return Err(refused(path, "expected the cells of a sweep, found something else"));
    }
    let found: Header = serde_json::from_slice(first).map_err(|_| {
        refused(path, "line 1: expected the header of a sweep, found something else")
    })?;
    if found != *expected {
        return Err(refused(path, &difference(expected, &found)));
    }
    let (mut cells, mut good) = (Vec::new(), first.len());
    for line in lines {
        if !line.ends_with(b"\n") {
            break;
        }
        let cell: Option<Cell> = serde_json::from_slice(line).ok();
        let right =
            |cell: &Cell| cell.cell == cells.len() && cell.values == values(axes, cell.cell);
        let Some(cell) = cell.filter(right) else {
            let at = cells.len() + 2;
            let problem = format!("line {at}: expected cell {}, found another line", at - 2);
            return Err(refused(path, &problem));
        };
        cells.push(cell);
        good += line.len();
    }
    Ok((cells, good))
}

fn difference(expected: &Header, found: &Header) -> String {
    if found.game != expected.game || found.schema != expected.schema {
        return format!(
            "expected the cells of game {} ({}), found those of game {} ({})",
            expected.game, expected.name, found.game, found.name
        );
    }
    format!(
        "expected the cells of --sweep {}, found those of --sweep {}",
        expected.sweep.join(" --sweep "),
        found.sweep.join(" --sweep ")
    )
}
