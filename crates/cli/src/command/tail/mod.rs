//! `tail`: what one series says of its tail, before a model is built on it.

mod picture;
mod text;

use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::histories;
use crate::inputs;
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::{Args, ValueEnum};
use keelmark_backtest::portrait::{self, Question};
use keelmark_tail::read::{self, ReadError, Reading};
use keelmark_tail::{Returns, Series};

/// Arguments of `tail`.
#[derive(Args, Debug)]
pub struct TailArgs {
    /// A history as CSV; `-` is standard input, BTC and ETH the built-in ones
    #[arg(value_name = "FILE", default_value = "BTC")]
    file: String,
    /// The column of prices, where it is not `close`
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Go on with these kinds of findings, by name with commas between; the report says them
    #[arg(long, value_name = "KINDS", default_value = "", hide_default_value = true)]
    accept: String,
    /// How a return is counted
    #[arg(long, value_enum, value_name = "KIND", default_value = "log")]
    returns: Kind,
    /// Share of days whose loss is to be covered; may be repeated, the first is backtested
    #[arg(long, value_name = "SHARE", default_values_t = [0.99, 0.975, 0.999])]
    confidence: Vec<f64>,
    /// Losses that rolling methods see
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    window: usize,
    /// What the volatility of filtered methods keeps of itself from day to day
    #[arg(long, value_name = "NUMBER", default_value_t = 0.97)]
    lambda: f64,
    /// Write the tails against their fitted law as a picture to this file
    #[arg(long, value_name = "FILE")]
    svg: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// How a return is counted.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// `ln(after / before)`
    Log,
    /// `after / before - 1`
    Simple,
}

/// Runs `tail`.
pub fn run(arguments: &TailArgs, screen: Screen) -> Result<Answer, Failure> {
    let (series, findings) = series(arguments)?;
    let question = Question {
        returns: match arguments.returns {
            Kind::Log => Returns::Log,
            Kind::Simple => Returns::Simple,
        },
        confidences: arguments.confidence.clone(),
        window: arguments.window,
        lambda: arguments.lambda,
    };
    let report = portrait::of(&series, &findings, &question)
        .map_err(|error| Failure::input(error.to_string()).next("keelmark tail BTC"))?;
    if let Some(file) = &arguments.svg {
        let text = picture::of(&report, &series.returns(question.returns));
        let shown = output::to_file(text, file, &format!("tails of {}", report.series), screen)?;
        if file == "-" {
            return Ok(shown);
        }
    }
    output::single(arguments.format.format(), &report, text::records, |report| {
        text::table(report, screen)
    })
}

/// A built-in history by its asset, or a file.
fn series(arguments: &TailArgs) -> Result<(Series, Vec<String>), Failure> {
    let shipped =
        keelmark_backtest::history::shipped().map_err(|e| Failure::failed(e.to_string()))?;
    if let Some(found) = shipped.iter().find(|one| one.asset.as_str() == arguments.file) {
        let (days, closes) = found.columns();
        let series = Series::new(&arguments.file, days.to_vec(), closes.to_vec())
            .map_err(|e| Failure::failed(e.to_string()))?;
        return Ok((series, found.findings.clone()));
    }
    let (name, bytes) = inputs::history(&arguments.file)?;
    let accept = histories::accept(&arguments.accept)?;
    let columns: Vec<&str> = arguments.column.as_deref().into_iter().collect();
    let reading = Reading { columns: &columns, accept, ..Reading::of(&name) };
    let found = read::csv(&bytes, &reading).map_err(|error| refused(&error))?;
    Ok((found.series, found.findings.iter().map(ToString::to_string).collect()))
}

fn refused(error: &ReadError) -> Failure {
    let failure = Failure::input(error.to_string());
    match error {
        ReadError::Refused { name, findings } => {
            failure.next(format!("keelmark tail {name} --accept {}", findings.kinds()))
        }
        _ => failure.next("keelmark tail BTC"),
    }
}
