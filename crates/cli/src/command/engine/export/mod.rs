//! `engine export`: what a directory holds as tables for other programs.
//!
//! One replay of the log gives both the events on the way and the state at its end. All tables are
//! written into a directory beside the one asked for, which gets its name once every table is
//! whole: nobody finds half an export.

mod place;
mod record;
mod rows;
mod write;

#[cfg(feature = "parquet")]
mod parquet;

use super::DirectoryArgs;
use super::replay::{ReplayReport, again};
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::{Args, ValueEnum};
use keelmark_engine::Engine;
use keelmark_journal::{Journal, Log};
use place::Place;
use record::{Row, Table};
use serde::Serialize;
use std::path::PathBuf;
use write::Writer;

/// Arguments of `engine export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Directory to make and to put the tables in; it must not be there yet
    #[arg(long, value_name = "DIRECTORY")]
    out: PathBuf,
    /// How the tables are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv")]
    format: FileFormat,
    /// Say what was written as JSON
    #[arg(long)]
    json: bool,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Comma separated values with a header
    Csv,
    /// One JSON object a line
    Ndjson,
    /// Columns of Parquet, amounts as Decimal128(38, 18); only in builds that have it
    Parquet,
}

/// What was written.
#[derive(Debug, Serialize)]
struct ExportReport {
    out: String,
    tables: Vec<Written>,
    /// Command of the first event; the log before it was dropped behind a snapshot. Absent without
    /// commands.
    events_from: Option<u64>,
    replay: ReplayReport,
}

#[derive(Debug, Serialize)]
struct Written {
    table: &'static str,
    file: String,
    rows: u64,
}

/// Runs `engine export`.
pub fn run(arguments: &ExportArgs, screen: Screen) -> Result<Answer, Failure> {
    arguments.format.is_there()?;
    let journal = arguments.directory.journal()?;
    let place = Place::beside(&arguments.out)?;
    let mut tables = Vec::new();
    let (engine, events_from, replay) = events(&journal, arguments, &place, &mut tables, screen)?;
    if replay.after_record > 0 {
        let after = replay.after_record;
        screen.note(&format!(
            "the log up to record {after} was dropped behind a snapshot: no events before it"
        ));
    }
    for (table, rows) in rows::OF_STATE {
        let mut writer = Writer::new(table, arguments.format, place.path())?;
        rows(engine.state(), screen, &mut |row| writer.row(row))?;
        tables.push(written(table, arguments.format, writer)?);
    }
    place.publish()?;
    let out = arguments.out.display().to_string();
    let report = ExportReport { out, tables, events_from, replay };
    Ok(if arguments.json { output::json(&report)? } else { report.text() }.into())
}

/// Replays the log into the table of events; the state at its end, and the first command.
fn events(
    journal: &Journal,
    arguments: &ExportArgs,
    place: &Place,
    tables: &mut Vec<Written>,
    screen: Screen,
) -> Result<(Engine, Option<u64>, ReplayReport), Failure> {
    let table = &rows::EVENTS;
    let mut writer = Writer::new(table, arguments.format, place.path())?;
    let mut first = None;
    let all = journal.head().last.0.saturating_sub(journal.base().last.0);
    let bar = screen.count(all, "{pos} of {len} records");
    let (engine, report) = again(journal, |command, answer| {
        first.get_or_insert(answer.sequence);
        bar.inc(1);
        for (index, event) in answer.events.iter().enumerate() {
            writer.row(rows::event(command, answer.sequence, index, event)?)?;
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    tables.push(written(table, arguments.format, writer)?);
    Ok((engine, first, report))
}

fn written(table: &'static Table, format: FileFormat, writer: Writer) -> Result<Written, Failure> {
    Ok(Written { table: table.name, file: format.file(table), rows: writer.close()? })
}

impl FileFormat {
    /// Whether this build can write it; said before anything is replayed.
    fn is_there(self) -> Result<(), Failure> {
        match self {
            Self::Parquet if !cfg!(feature = "parquet") => Err(Self::no_parquet()),
            _ => Ok(()),
        }
    }

    fn no_parquet() -> Failure {
        let text = "this build writes no Parquet: it was built without the feature `parquet`";
        Failure::usage(text).next("cargo install --path crates/cli --locked --features parquet")
    }

    /// Name of the file of a table.
    fn file(self, table: &Table) -> String {
        let ending = match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        };
        format!("{}.{ending}", table.name)
    }
}

impl ExportReport {
    fn text(&self) -> String {
        let line = |one: &Written| format!("{:>10} rows  {}/{}\n", one.rows, self.out, one.file);
        self.tables.iter().map(line).collect::<String>() + &self.replay.text()
    }
}

/// Takes the rows of a table, one after the other.
type Take<'a> = dyn FnMut(Row) -> Result<(), Failure> + 'a;
