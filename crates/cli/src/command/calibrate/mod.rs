//! `calibrate`: a document's numbers from history, as a dated document with its evidence.
//!
//! What is found and how is in `keelmark_backtest::calibrate`. Here are what is asked of it
//! ([`asked`]) and its words ([`text`]).

mod asked;
mod text;

use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::models::{is_path, named};
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::Args;
use keelmark_backtest::calibrate::{self, CalibrateError};
use keelmark_book::Timestamp;
use keelmark_margin::document::plan::{Horizon, Method};

const AFTER: &str = "\
A history is CSV with a time (date, ts, ts_ms) and the column that is asked for:
  BTC=btc.csv            price, of `close`
  BTC:volume=btc.csv     coins traded, of `volume`
  BTC:vol%=dvol.csv      implied volatility in per cent; vol@7% at seven days
  BTC:depth=book.csv     coins that can be sold within a per cent
The daily closes of BTC and ETH are built in; one that is given stands in its place.";

/// Arguments of `calibrate`.
#[derive(Args, Debug)]
#[command(after_help = AFTER)]
pub struct CalibrateArgs {
    /// A name from `keelmark models list`, the path of a .toml file, or `-`
    #[arg(value_name = "MODEL")]
    model: String,
    /// A history: NAME=FILE, NAME:volume=FILE, NAME:vol%=FILE; may be repeated
    #[arg(long, value_name = "NAME=FILE")]
    history: Vec<String>,
    /// Kinds of findings in histories to go on with, such as gap,duplicate
    #[arg(long, value_name = "KINDS")]
    accept: Option<String>,
    /// Nothing after this time is known, a date being all of its day; the last price otherwise
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// How each number is found, as TOML: over what the model's own [calibrate] says
    #[arg(long, value_name = "FILE")]
    plan: Option<String>,
    /// Share of moves that numbers cover
    #[arg(long, value_name = "SHARE")]
    confidence: Option<String>,
    /// Margin period of risk, such as 2d or 8h
    #[arg(long, value_name = "TIME")]
    horizon: Option<Horizon>,
    /// How the tail is measured: historical, filtered, pot, filtered-pot
    #[arg(long, value_name = "METHOD")]
    method: Option<Method>,
    /// Numbers rise by at most this share at once
    #[arg(long, value_name = "SHARE")]
    max_rise: Option<String>,
    /// Numbers fall by at most this share at once
    #[arg(long, value_name = "SHARE")]
    max_fall: Option<String>,
    /// The day from which the new numbers are in force; the last day of the history otherwise
    #[arg(long, value_name = "DATE")]
    effective: Option<String>,
    /// Write the new document to this file, `-` for standard output instead of the table
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `calibrate`.
pub fn run(arguments: &CalibrateArgs, screen: Screen) -> Result<Answer, Failure> {
    let document = named(&arguments.model)?;
    let base = (!is_path(&arguments.model)).then(|| arguments.model.clone());
    let pasts = asked::pasts(arguments, screen)?;
    let found = calibrate::calibrate(&document, &pasts, &asked::asked(arguments, base)?)
        .map_err(|error| failure(&error))?;
    if let Some(path) = &arguments.out {
        if path == "-" {
            return Ok(found.document.into());
        }
        std::fs::write(path, &found.document)
            .map_err(|error| Failure::failed(format!("{path}: cannot write: {error}")))?;
    }
    output::single(arguments.format.format(), &found, text::records, |found| {
        text::table(found, arguments.out.as_deref(), screen)
    })
}

fn failure(error: &CalibrateError) -> Failure {
    let next = match error {
        CalibrateError::Nothing { .. } => "keelmark calibrate --help",
        CalibrateError::Input(_) => "keelmark models list",
        _ => "keelmark calibrate cross --history BTC=btc.csv",
    };
    Failure::input(error.to_string()).next(next)
}
