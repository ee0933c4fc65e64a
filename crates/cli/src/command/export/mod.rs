//! `export`: our books in the formats of others, a file for each of them.

mod crif;

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::{Args, Subcommand};

/// Arguments of `export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    #[command(subcommand)]
    format: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    /// CRIF: the sensitivities of each account, as a model makes them
    Crif(crif::CrifArgs),
}

/// Runs `export`.
pub fn run(arguments: &ExportArgs, screen: Screen) -> Result<Answer, Failure> {
    let Target::Crif(arguments) = &arguments.format;
    crif::run(arguments, screen)
}
