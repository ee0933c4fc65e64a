//! `engine snapshot`: the state as it is, so that less is replayed next time.

use super::DirectoryArgs;
use crate::arguments::{Format, FormatArgs};
use crate::failure::Failure;
use crate::output::Answer;
use clap::Args;

/// Arguments of `engine snapshot`.
#[derive(Args, Debug)]
pub struct SnapshotArgs {
    #[command(flatten)]
    directory: DirectoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `engine snapshot`.
pub fn run(arguments: &SnapshotArgs) -> Result<Answer, Failure> {
    let (mut machine, _) = arguments.directory.open()?;
    let at = machine.snapshot()?;
    let root = machine.root()?.hash.to_string();
    let text = match arguments.format.format() {
        Format::Table => format!("snapshot after record {at}\nstate root {root}\n"),
        _ => format!("{}\n", serde_json::json!({ "after_record": at.0, "state_root": root })),
    };
    Ok(text.into())
}
