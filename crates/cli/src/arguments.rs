//! What can be written on the command line.

use crate::command::Command;
use clap::{Args, Parser, ValueEnum};
use keelmark_book::Timestamp;

const AFTER: &str = "\
Exit codes: 0 fine, 1 failed, 2 usage, 3 bad input, 4 an account fails the check,
5 results differ.
Start with: keelmark demo";

/// Margin, liquidation distance and what-if for books of crypto derivatives
#[derive(Debug, Parser)]
#[command(name = "keelmark", version, after_help = AFTER, max_term_width = 80)]
#[command(propagate_version = true, disable_help_subcommand = true)]
pub struct Arguments {
    /// Colour of tables: always, never, or auto, on a terminal where `NO_COLOR` is not set
    #[arg(long = "color", global = true, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(hide_possible_values = true)]
    pub colour: Colour,
    /// No notes on standard error; errors are still told
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One JSON value
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma separated values with a header
    Csv,
}

/// The format of an answer.
#[derive(Args, Clone, Copy, Debug)]
pub struct FormatArgs {
    /// How the answer is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

impl FormatArgs {
    /// The format asked for.
    pub fn format(self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// A book and the prices it is valued with.
#[derive(Args, Clone, Debug)]
pub struct InputArgs {
    /// A book as CSV or JSON; `-` is standard input, `demo:` or `demo:ACCOUNT` the built-in one
    #[arg(value_name = "BOOK")]
    pub book: String,
    /// A market as CSV or JSON; `-` is standard input, `demo:` the built-in one
    #[arg(long, value_name = "FILE")]
    pub prices: Option<String>,
    /// Only this account; may be repeated
    #[arg(long, value_name = "NAME")]
    pub account: Vec<String>,
    /// Value the book at this time, no earlier than the prices (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
}

/// The prices that several books are valued with.
#[derive(Args, Clone, Debug)]
pub struct PriceArgs {
    /// A market as CSV or JSON; `-` is standard input, `demo:` the built-in one
    #[arg(long, value_name = "FILE")]
    pub prices: Option<String>,
    /// Value the books at this time, no earlier than the prices (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub as_of: Option<Timestamp>,
}

/// A margin model.
#[derive(Args, Clone, Debug)]
pub struct ModelArgs {
    /// Margin model: a name from `keelmark models list`, the path of a .toml file, or `-`
    #[arg(long, value_name = "MODEL", default_value = crate::models::DEFAULT)]
    pub model: String,
    /// Change a number of the model, such as `charge.roll.floor=0.02`; may be repeated
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    #[command(flatten)]
    pub histories: HistoryArgs,
}

/// Histories that scenarios are made from.
#[derive(Args, Clone, Debug, Default)]
pub struct HistoryArgs {
    /// A history, in place of a built-in one or beside it: --history BTC:price=btc.csv; factors are
    /// price, vol, slope, basis and funding, with a % behind where the file is in percent
    #[arg(long, value_name = "ASSET:FACTOR=FILE")]
    pub history: Vec<String>,
    /// What is odd about histories and gone on with: gap, duplicate, split ..., or `all`; it is
    /// said in the answer
    #[arg(long, value_name = "KINDS", default_value = "", hide_default_value = true)]
    pub accept: String,
}
