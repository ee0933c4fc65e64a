//! The commands, a file each: arguments at the top, `run` below them.

mod backtest;
mod bench;
mod calibrate;
mod charged;
mod check;
mod compare;
mod completions;
mod demo;
#[cfg(feature = "engine")]
mod engine;
#[cfg(not(feature = "engine"))]
#[path = "no_engine.rs"]
mod engine;
mod explain;
mod export;
mod game;
mod impact;
mod import;
mod liq;
mod man;
mod margin;
mod matrix;
mod models;
mod pages;
mod schema;
mod tail;
mod whatif;

pub use matrix::{percent, scale};

use crate::failure::Failure;
use crate::output::Answer;
use crate::screen::Screen;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The built-in book on a real option chain under every model: start here
    Demo(demo::DemoArgs),
    /// Equity, initial and maintenance margin of each account of a book
    Margin(margin::MarginArgs),
    /// The same accounts under several models, side by side
    Compare(compare::CompareArgs),
    /// An account before and after trades, deposits and moves between modes
    Whatif(whatif::WhatIfArgs),
    /// The prices and volatilities at which an account is liquidated
    Liq(liq::LiqArgs),
    /// Profit and loss over moves of price and volatility
    Matrix(matrix::MatrixArgs),
    /// Exit with 4 when an account has less headroom than asked for
    Check(check::CheckArgs),
    /// Margin models: list, show, check a document of your own
    Models(models::ModelsArgs),
    /// A venue's own replies into our formats
    Import(import::ImportArgs),
    /// Our books in the formats of others
    Export(export::ExportArgs),
    /// A document's numbers from history, dated, with the evidence
    Calibrate(calibrate::CalibrateArgs),
    /// The game around liquidations: who comes, what is missing, who profits
    Game(game::GameArgs),
    /// One series and its tail: losses by method, fitted laws, how each method did
    Tail(tail::TailArgs),
    /// Models and books day by day through history: did the margin hold, what did it cost
    Backtest(backtest::BacktestArgs),
    /// Accounts that are run: commands in, answers out, everything on disk
    #[cfg_attr(not(feature = "engine"), command(about = engine::ABOUT))]
    Engine(engine::EngineArgs),
    /// JSON Schema of everything that comes in and goes out
    Schema(schema::SchemaArgs),
    /// How fast this machine computes margins, as ratios
    Bench(bench::BenchArgs),
    /// A completion script for a shell
    Completions(completions::CompletionsArgs),
    /// The manual page
    Man(man::ManArgs),
}

/// Runs a command.
pub fn run(command: &Command, screen: Screen) -> Result<Answer, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, screen),
        Command::Margin(arguments) => margin::run(arguments, screen),
        Command::Compare(arguments) => compare::run(arguments, screen),
        Command::Whatif(arguments) => whatif::run(arguments, screen),
        Command::Liq(arguments) => liq::run(arguments, screen),
        Command::Matrix(arguments) => matrix::run(arguments, screen),
        Command::Check(arguments) => check::run(arguments, screen),
        Command::Models(arguments) => models::run(arguments, screen),
        Command::Import(arguments) => import::run(arguments, screen),
        Command::Export(arguments) => export::run(arguments, screen),
        Command::Calibrate(arguments) => calibrate::run(arguments, screen),
        Command::Game(arguments) => game::run(arguments, screen),
        Command::Tail(arguments) => tail::run(arguments, screen),
        Command::Backtest(arguments) => backtest::run(arguments, screen),
        Command::Engine(arguments) => engine::run(arguments, screen),
        Command::Schema(arguments) => schema::run(arguments),
        Command::Bench(arguments) => bench::run(arguments, screen),
        Command::Completions(arguments) => completions::run(arguments),
        Command::Man(arguments) => man::run(arguments),
    }
}
