//! `backtest`: models and books day by day through history.
//!
//! Everything is computed by `keelmark-backtest`. Here are what is asked of it ([`asked`]), the
//! pieces of a walk on all cores, kept where it was broken off ([`resume`]), its words ([`text`])
//! its tables as files ([`tables`]), and all of it as a page for a committee ([`page`]).

mod asked;
mod page;
#[cfg(feature = "parquet")]
mod parquet;
mod resume;
mod tables;
mod text;

use crate::arguments::{Format, FormatArgs, HistoryArgs};
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::screen::Screen;
use clap::Args;
use keelmark_backtest::Walk;
use keelmark_backtest::walk::Piece;
use keelmark_book::Timestamp;
use keelmark_systemic::game::limit::in_order;
use resume::Kept;
use std::num::NonZeroUsize;

/// Arguments of `backtest`.
#[derive(Args, Debug)]
pub struct BacktestArgs {
    /// Models: names from `keelmark models list` or paths of .toml files, by commas
    #[arg(long, short, value_name = "MODELS", value_delimiter = ',')]
    #[arg(default_value = crate::models::DEFAULT)]
    models: Vec<String>,
    /// A number of every model that has it, such as `charge.roll.floor=0.02`; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Books: `short-strangle`, `short-strangle:BTC`, a .toml file of books, a book as CSV or JSON
    /// with --prices, `demo:` or `demo:ACCOUNT`; all built-in ones otherwise
    #[arg(long, short, value_name = "BOOKS", value_delimiter = ',')]
    books: Vec<String>,
    /// The market that accounts of a book are valued with: tenors and moneyness are taken from it
    #[arg(long, value_name = "FILE")]
    prices: Option<String>,
    #[command(flatten)]
    histories: HistoryArgs,
    /// Leave out what histories have before this day
    #[arg(long, value_name = "DATE")]
    since: Option<Timestamp>,
    /// First day of margin
    #[arg(long, value_name = "DATE")]
    from: Option<Timestamp>,
    /// Last day of margin
    #[arg(long, value_name = "DATE")]
    to: Option<Timestamp>,
    /// Days before the first margin: 365, or more where a model looks back further
    #[arg(long, value_name = "DAYS")]
    warmup: Option<usize>,
    /// Confidence that breaches are tested against
    #[arg(long, value_name = "SHARE", default_value_t = 0.99)]
    confidence: f64,
    /// Margin period of risk: days from the margin to the loss
    #[arg(long, value_name = "DAYS", default_value_t = 1.0)]
    mpor: f64,
    /// Latency of chain or venue that comes on top: 90s, 20m, 6h or 1d
    #[arg(long, value_name = "TIME", default_value = "0s")]
    latency: String,
    /// What stands for absent histories: vol-lambda, vol-premium, slope, basis, funding
    #[arg(long, value_name = "NAME=VALUE")]
    rule: Vec<String>,
    /// Every strike at the volatility at the money, instead of the smile of a real chain
    #[arg(long)]
    no_smile: bool,
    /// Where draws begin, for models that draw
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Keep what is done in this file, or in one in this directory, and go on from there
    #[arg(long, value_name = "FILE")]
    resume: Option<String>,
    /// Write every table as CSV into this directory
    #[arg(long, value_name = "DIR")]
    csv: Option<String>,
    /// Write every table as Parquet into this directory
    #[arg(long, value_name = "DIR")]
    parquet: Option<String>,
    /// Write a page that stands alone to this file: verdicts, margin against loss, tails, breaches
    #[arg(long, value_name = "FILE")]
    html: Option<String>,
    /// The level of that page
    #[arg(long, value_name = "NAME", default_value = "initial", requires = "html")]
    level: String,
    /// Threads at most; all cores otherwise, with the same answer
    #[arg(long, value_name = "NUMBER")]
    threads: Option<NonZeroUsize>,
    /// The built-in books as TOML instead, to be changed and given back
    #[arg(long, conflicts_with_all = ["format", "json"])]
    toml: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `backtest`.
pub fn run(arguments: &BacktestArgs, screen: Screen) -> Result<Answer, Failure> {
    if arguments.toml {
        return Ok(keelmark_backtest::book::BUILT_IN.to_owned().into());
    }
    tables::possible(arguments.parquet.is_some())?;
    let walk = asked::walk(arguments, screen)?;
    let pieces = pieces(arguments, &walk, screen)?;
    let report = walk.report(&pieces)?;
    screen.notes(&report.notes);
    tables::write(&report, arguments.csv.as_deref(), arguments.parquet.as_deref(), screen)?;
    if let Some(file) = &arguments.html {
        let text = page::page(&report, &arguments.level)?;
        let shown = output::to_file(text, file, "the backtest as a page", screen)?;
        if file == "-" {
            return Ok(shown);
        }
    }
    let format = arguments.format.format();
    if format == Format::Ndjson {
        let lines: Result<Vec<String>, _> = report.runs.iter().map(output::line).collect();
        return Ok(lines?.concat().into());
    }
    output::single(format, &report, text::records, |report| text::table(report, screen))
}

/// Every piece: those that were kept, and the others computed.
fn pieces(arguments: &BacktestArgs, walk: &Walk, screen: Screen) -> Result<Vec<Piece>, Failure> {
    let (mut kept, mut pieces) = match &arguments.resume {
        Some(file) => {
            let (kept, pieces) = Kept::open(file, walk)?;
            (Some(kept), pieces)
        }
        None => (None, Vec::new()),
    };
    let before = pieces.len();
    if before > 0 {
        screen.note(&format!("{before} of {} pieces were kept", walk.pieces()));
    }
    let bar = screen.count(walk.days() as u64, "{pos} of {len} days");
    bar.set_position((0..before).map(|piece| walk.days_of(piece) as u64).sum());
    let threads = arguments.threads.or_else(|| std::thread::available_parallelism().ok());
    let mut failure = None;
    in_order(
        walk.pieces() - before,
        threads.map_or(1, NonZeroUsize::get),
        |at| walk.piece(before + at),
        |at, found| {
            let done = found.map_err(Failure::from).and_then(|piece| {
                kept.as_mut().map_or(Ok(()), |kept| kept.keep(&piece))?;
                pieces.push(piece);
                Ok(())
            });
            bar.inc(walk.days_of(before + at) as u64);
            failure = done.err();
            failure.is_none()
        },
    );
    bar.finish_and_clear();
    failure.map_or(Ok(pieces), Err)
}
