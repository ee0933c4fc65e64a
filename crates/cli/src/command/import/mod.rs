//! `import`: what others write into our formats, a file for each of them.

mod crif;
mod deribit;

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::{Args, Subcommand};

/// Arguments of `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    source: Source,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// CRIF: sensitivities of any number of portfolios, an account each
    Crif(crif::CrifArgs),
    /// Deribit: book summaries, instruments, positions and account summaries, in any order
    Deribit(deribit::DeribitArgs),
}

/// Runs `import`.
pub fn run(arguments: &ImportArgs, screen: Screen) -> Result<Answer, Failure> {
    match &arguments.source {
        Source::Crif(arguments) => crif::run(arguments, screen),
        Source::Deribit(arguments) => deribit::run(arguments, screen),
    }
}

/// Writes a file in one of our formats.
fn save(file: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("{file}: cannot write: {error}")))
}
