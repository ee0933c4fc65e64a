//! `engine`: accounts that are run, not only computed, in a directory of their own.

mod export;
mod line;
mod prove;
mod replay;
mod run;
mod snapshot;
mod verify;

use crate::failure::{DIFFERS, Failure};
use crate::output::Answer;
use crate::screen::Screen;
use clap::{Args, Subcommand};
use keelmark_durable::{Durable, DurableError, Recovered};
use keelmark_journal::{Journal, JournalError, Options};
use std::path::{Path, PathBuf};

pub use line::{schema, shapes};

/// Arguments of `engine`.
#[derive(Args, Debug)]
#[command(disable_help_subcommand = true)]
pub struct EngineArgs {
    #[command(subcommand)]
    command: EngineCommand,
}

#[derive(Debug, Subcommand)]
enum EngineCommand {
    /// Take commands, one JSON object a line, and answer each once it is on disk
    Run(run::RunArgs),
    /// Apply the log again and compare every state root that was written
    Replay(replay::ReplayArgs),
    /// Check every byte of a directory, then replay it
    Verify(verify::VerifyArgs),
    /// Prove that an account is counted in the state root
    ProveAccount(prove::ProveArgs),
    /// Check such a proof; nothing else is needed
    CheckProof(prove::CheckProofArgs),
    /// Keep the state as a snapshot and drop the log before the oldest one
    Snapshot(snapshot::SnapshotArgs),
    /// Accounts, positions, margins and events as tables of CSV, JSON lines or Parquet
    Export(export::ExportArgs),
}

/// Where an engine keeps what it must not lose.
#[derive(Args, Clone, Debug)]
pub struct DirectoryArgs {
    /// Directory of the engine; `run` makes it where there is none
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

/// Runs `engine`.
pub fn run(arguments: &EngineArgs, screen: Screen) -> Result<Answer, Failure> {
    match &arguments.command {
        EngineCommand::Run(arguments) => run::run(arguments, screen),
        EngineCommand::Replay(arguments) => replay::run(arguments),
        EngineCommand::Verify(arguments) => verify::run(arguments),
        EngineCommand::ProveAccount(arguments) => prove::run(arguments),
        EngineCommand::CheckProof(arguments) => prove::check(arguments),
        EngineCommand::Snapshot(arguments) => snapshot::run(arguments),
        EngineCommand::Export(arguments) => export::run(arguments, screen),
    }
}

impl DirectoryArgs {
    /// An engine that is there already.
    fn open(&self) -> Result<(Durable<Journal>, Recovered), Failure> {
        Ok(Durable::open(self.there()?)?)
    }

    /// Its journal alone, nothing replayed.
    fn journal(&self) -> Result<Journal, Failure> {
        Ok(Journal::open(self.there()?, Options::default())?)
    }

    fn there(&self) -> Result<&Path, Failure> {
        let path: &Path = &self.directory;
        if !path.is_dir() {
            let text = format!("{}: expected the directory of an engine", path.display());
            return Err(Failure::input(text).next("keelmark engine run DIRECTORY COMMANDS"));
        }
        Ok(path)
    }
}

impl From<DurableError> for Failure {
    fn from(error: DurableError) -> Self {
        let text = error.to_string();
        match error {
            DurableError::Journal(
                JournalError::Foreign { .. }
                | JournalError::Newer { .. }
                | JournalError::Damaged { .. },
            )
            | DurableError::Record { .. }
            | DurableError::Snapshot { .. } => Self::input(text),
            DurableError::RootDiffers { .. } => Self { code: DIFFERS, text, next: None },
            _ => Self::failed(text),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        DurableError::from(error).into()
    }
}
