//! `import`: a venue's own replies and files into our formats, a file each.

mod deribit;
mod span;

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::{Args, Subcommand};

/// Arguments of `import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    #[command(subcommand)]
    venue: Venue,
}

#[derive(Debug, Subcommand)]
enum Venue {
    /// Deribit: book summaries, instruments, positions and account summaries, in any order
    Deribit(deribit::DeribitArgs),
    /// A 16-scenario risk-parameter file of listed derivatives: `.spn` (XML) or `.pa2`
    Span(span::SpanArgs),
}

/// Runs `import`.
pub fn run(arguments: &ImportArgs, screen: Screen) -> Result<Answer, Failure> {
    match &arguments.venue {
        Venue::Deribit(arguments) => deribit::run(arguments, screen),
        Venue::Span(arguments) => span::run(arguments, screen),
    }
}

fn save(file: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("{file}: cannot write: {error}")))
}
