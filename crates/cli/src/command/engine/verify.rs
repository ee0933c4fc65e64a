//! `engine verify`: every byte against its hash, then every state root against a replay.

use super::DirectoryArgs;
use super::replay::{ReplayReport, again};
use crate::arguments::{Format, FormatArgs};
use crate::failure::Failure;
use crate::output::{self, Answer};
use clap::Args;
use serde::Serialize;

/// Arguments of `engine verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// What a directory holds, all of it checked.
#[derive(Debug, Serialize)]
struct VerifyReport {
    /// The first record that is there; absent without records.
    first: Option<u64>,
    /// The last record.
    last: u64,
    /// How many batches there are.
    batches: u64,
    /// Records after which snapshots stand.
    snapshots: Vec<u64>,
    /// The hash over everything up to the last record: note it elsewhere.
    chain: String,
    /// The replay.
    replay: ReplayReport,
}

/// Runs `engine verify`.
pub fn run(arguments: &VerifyArgs) -> Result<Answer, Failure> {
    let mut journal = arguments.directory.journal()?;
    let verified = journal.verify()?;
    let report = VerifyReport {
        first: verified.first().map(|first| first.0),
        last: verified.head.last.0,
        batches: verified.batches,
        snapshots: verified.snapshots.iter().map(|one| one.at.last.0).collect(),
        chain: verified.head.chain.to_string(),
        replay: again(&journal, |_, _| Ok(()))?.1,
    };
    let text = match arguments.format.format() {
        Format::Table => report.text(),
        _ => output::json(&report)?,
    };
    Ok(text.into())
}

impl VerifyReport {
    fn text(&self) -> String {
        let first = self.first.map_or_else(|| "none".to_owned(), |first| first.to_string());
        let snapshots: Vec<String> = self.snapshots.iter().map(u64::to_string).collect();
        let snapshots = if snapshots.is_empty() { "none".to_owned() } else { snapshots.join(", ") };
        format!(
            "records {first} to {} in {} batches; snapshots after {snapshots}\nchain {}\n{}",
            self.last,
            self.batches,
            self.chain,
            self.replay.text()
        )
    }
}
