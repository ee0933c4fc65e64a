//! `bench`: speed as ratios in one run.

use crate::bench;
use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::Args;

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// One JSON object a line: name, work, value, unit, against, ratio, hold
    #[arg(long)]
    json: bool,
}

/// Runs `bench`.
pub fn run(arguments: &BenchArgs, screen: Screen) -> Result<Answer, Failure> {
    bench::run(arguments.json, |step| screen.progress(step))
}
