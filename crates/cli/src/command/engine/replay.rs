//! `engine replay`: the log again, from its oldest record or snapshot, root by root.

use super::DirectoryArgs;
use crate::arguments::{Format, FormatArgs};
use crate::failure::Failure;
use crate::output::{self, Answer};
use clap::Args;
use keelmark_durable::DurableError;
use keelmark_durable::replay::{Replayed, replay};
use keelmark_engine::{Answer as Answered, Command, Engine};
use keelmark_journal::{Journal, Sequence};
use serde::Serialize;

/// Arguments of `engine replay`.
#[derive(Args, Debug)]
pub struct ReplayArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    /// Print every event on the way
    #[arg(long)]
    events: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// What a replay found.
#[derive(Debug, Serialize)]
pub struct ReplayReport {
    /// Record after which it began; 0 is the beginning.
    pub after_record: u64,
    /// Commands applied.
    pub commands: u64,
    /// State roots compared, all equal.
    pub roots: u64,
    /// The state root at the end.
    pub state_root: String,
}

/// Runs `engine replay`.
pub fn run(arguments: &ReplayArgs) -> Result<Answer, Failure> {
    let journal = arguments.directory.journal()?;
    let mut said = Vec::new();
    let (_, report) = again(&journal, |_, answer| {
        if arguments.events {
            let told = |event| format!("{:>6}  {event}\n", answer.sequence);
            said.extend(answer.events.iter().map(told));
        }
        Ok(())
    })?;
    let text = match arguments.format.format() {
        Format::Table => said.concat() + &report.text(),
        _ => output::json(&report)?,
    };
    Ok(text.into())
}

/// Replays a journal from its oldest snapshot, or from the start where all of it is there. `seen`
/// is called with each command and its answer.
pub fn again(
    journal: &Journal,
    seen: impl FnMut(&Command, &Answered) -> Result<(), Failure>,
) -> Result<(Engine, ReplayReport), Failure> {
    let (mut engine, after) = oldest(journal)?;
    let Replayed { commands, roots } = replay(&mut engine, journal, after.plus(1), seen)?;
    let state_root = engine.root().map_err(DurableError::from)?.hash.to_string();
    Ok((engine, ReplayReport { after_record: after.0, commands, roots, state_root }))
}

/// The engine from which everything that is there can be replayed, and the record it stands after.
fn oldest(journal: &Journal) -> Result<(Engine, Sequence), Failure> {
    let base = journal.base().last;
    let oldest = journal.snapshots()?.into_iter().find(|snapshot| snapshot.at.last >= base);
    let Some(snapshot) = oldest.filter(|_| base.0 > 0) else {
        return Ok((Engine::default(), base));
    };
    let bytes = journal.read_snapshot(&snapshot)?.read_all()?;
    let engine = Engine::restore(&bytes)
        .map_err(|error| Failure::input(format!("the oldest snapshot: {error}")))?;
    Ok((engine, snapshot.at.last))
}

impl ReplayReport {
    /// In words.
    pub fn text(&self) -> String {
        format!(
            "{} commands after record {}, {} state roots equal\nstate root {}\n",
            self.commands, self.after_record, self.roots, self.state_root
        )
    }
}
