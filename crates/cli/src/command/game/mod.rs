//! `game`: who comes to a liquidation, what is missing, who profits, and where it stops to hold.
//!
//! A game is read by `keelmark-systemic`, solved and played there. Here are what is asked of it
//! ([`report`]), its words ([`text`]), sweeps ([`sweep`]) that go on where they were broken off
//! ([`resume`]), and their pictures ([`picture`]).

mod picture;
mod report;
mod resume;
mod sweep;
mod text;

use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::Args;
use keelmark_systemic::game::Game;
use std::num::NonZeroUsize;

/// The game that is built in.
const SAMPLE: &str = include_str!("../../../../../samples/game.toml");

/// Arguments of `game`.
#[derive(Args, Debug)]
pub struct GameArgs {
    /// A game as TOML; `-` is standard input, none the built-in one
    #[arg(value_name = "FILE")]
    file: Option<String>,
    /// Another number in it, by name or path: --set bonus=0.05, --set keepers.fast.cost=80
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Another seed of the draws
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Move a number over a range; twice for two: --sweep bonus=0.01..0.15:15
    #[arg(long, value_name = "NAME=FROM..TO:COUNT")]
    sweep: Vec<String>,
    /// Write the sweep as a picture to this file, `-` for standard output
    #[arg(long, value_name = "FILE", requires = "sweep")]
    svg: Option<String>,
    /// Keep what a sweep has found in this file, or in one in this directory, and go on from there
    #[arg(long, value_name = "FILE", requires = "sweep")]
    resume: Option<String>,
    /// Threads at most; all cores otherwise, with the same answer
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
    /// The game itself instead of what comes of it, to be changed and given back
    #[arg(long, conflicts_with_all = ["sweep", "format", "json"])]
    toml: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `game`.
pub fn run(arguments: &GameArgs, screen: Screen) -> Result<Answer, Failure> {
    let (name, text) = match &arguments.file {
        Some(file) => read(file)?,
        None => ("game.toml (embedded)".to_owned(), SAMPLE.to_owned()),
    };
    if arguments.toml {
        return Ok(text.into());
    }
    let failed = |error| Failure::from(error).next("keelmark game --toml");
    let mut game = Game::parse(&name, &text).map_err(failed)?;
    let seed = arguments.seed.map(|seed| format!("seed={seed}"));
    for change in arguments.set.iter().chain(&seed) {
        let (name, value) = change.split_once('=').ok_or_else(|| {
            Failure::usage(format!("--set: expected NAME=VALUE, found {change:?}"))
                .next("keelmark game --set bonus=0.05")
        })?;
        game = game.with(&[(name, value)]).map_err(failed)?;
    }
    let threads = arguments.threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    if !arguments.sweep.is_empty() {
        return sweep::run(arguments, &game, threads, screen);
    }
    let report = report::of(&game, threads, screen)?;
    output::single(arguments.format.format(), &report, text::records, |report| {
        text::table(report, screen)
    })
}

fn read(file: &str) -> Result<(String, String), Failure> {
    let (name, bytes) = inputs::bytes(file)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Failure::input(format!("{name}: expected UTF-8 text, found other bytes"))),
    }
}
