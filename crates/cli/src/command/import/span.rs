//! `import span`: a risk-parameter file and positions into a book, a market with given rows, and a
//! parameter document.
//!
//! The file is read as a stream, with a bar by bytes on a terminal; with positions only their
//! contracts are kept.

use super::save;
use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use clap::{Args, ValueEnum};
use keelmark_book::{InputError, write};
use keelmark_venues::listed::book::{Converted, House, convert};
use keelmark_venues::listed::positions::{self, Listed};
use keelmark_venues::listed::{Counts, RiskFile, pa2, spn};
use serde::Serialize;
use std::fmt::Write as _;
use std::fs::File;
use std::path::Path;

/// Arguments of `import span`.
#[derive(Args, Debug)]
pub struct SpanArgs {
    /// A risk-parameter file: XML (`.spn`), or records of fixed columns (`.pa2`)
    #[arg(value_name = "FILE")]
    file: String,
    /// Positions as CSV: symbol,instrument,expiry,strike,quantity; only their contracts are kept
    #[arg(long, value_name = "FILE")]
    positions: Option<String>,
    /// Write the market, with its arrays, to this file, as JSON
    #[arg(long, value_name = "FILE")]
    out_market: Option<String>,
    /// Write the accounts to this file, as CSV
    #[arg(long, value_name = "FILE", requires = "positions")]
    out_book: Option<String>,
    /// Write the parameter document to this file, as TOML
    #[arg(long, value_name = "FILE")]
    out_model: Option<String>,
    /// Whether option value pays for the risk of its commodity alone, or of the portfolio
    #[arg(long, value_enum, value_name = "SCOPE", default_value = "commodity")]
    option_value: OptionValue,
    /// Which of the file's initial ratios counts, such as member; the first by default
    #[arg(long, value_name = "NAME")]
    ratio: Option<String>,
    /// Keep a contract that is listed both long and short as both
    #[arg(long)]
    gross: bool,
    #[command(flatten)]
    format: FormatArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OptionValue {
    Commodity,
    Portfolio,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct SpanReport {
    file: String,
    date: Option<String>,
    bytes: u64,
    contracts: u64,
    kept: usize,
    without_array: u64,
    duplicates: u64,
    commodities: usize,
    skipped: std::collections::BTreeMap<String, u64>,
    accounts: usize,
    out_market: Option<String>,
    out_book: Option<String>,
    out_model: Option<String>,
    notes: Vec<String>,
}

/// Runs `import span`.
pub fn run(arguments: &SpanArgs, screen: Screen) -> Result<Answer, Failure> {
    let positions = match &arguments.positions {
        None => Vec::new(),
        Some(name) => {
            let (file, bytes) = inputs::bytes(name)?;
            positions::read(&file, &bytes)?
        }
    };
    let file = read(arguments, &positions, screen)?;
    let house = House {
        portfolio_option_value: arguments.option_value == OptionValue::Portfolio,
        gross: arguments.gross,
        ratio: arguments.ratio.clone(),
    };
    let found = convert(&arguments.file, &file, &positions, &house)?;
    screen.notes(&found.notes);
    written(arguments, &found)?;
    let Counts { bytes, contracts, without_array, duplicates, skipped } = file.counts;
    let report = SpanReport {
        file: arguments.file.clone(),
        date: file.date.map(|day| day.to_string()),
        bytes,
        contracts,
        kept: found.market.instruments.len(),
        without_array,
        duplicates,
        commodities: file.commodities.len(),
        skipped,
        accounts: found.book.accounts.len(),
        out_market: arguments.out_market.clone(),
        out_book: arguments.out_book.clone(),
        out_model: arguments.out_model.clone(),
        notes: found.notes,
    };
    output::single(arguments.format.format(), &report, records, text)
}

/// Reads the file as a stream; what it is is said by its name.
fn read(arguments: &SpanArgs, positions: &[Listed], screen: Screen) -> Result<RiskFile, Failure> {
    let name = &arguments.file;
    let failed = |error: std::io::Error| {
        Failure::from(InputError::whole(name, format!("cannot read: {error}")))
    };
    let input = File::open(name).map_err(failed)?;
    let size = input.metadata().map_err(failed)?.len();
    let bar = screen.count(size, "{bytes} of {total_bytes}");
    let input = bar.wrap_read(input);
    let mut wanted = |code: &str, terms, day| {
        arguments.positions.is_none()
            || positions
                .iter()
                .any(|one| one.symbol == code && one.terms == terms && one.expiry.meets(day))
    };
    let extension = Path::new(name).extension().and_then(|text| text.to_str()).unwrap_or("");
    let found = if extension.eq_ignore_ascii_case("pa2") {
        pa2::read(name, input, &mut wanted)
    } else {
        spn::read(name, input, &mut wanted)
    };
    bar.finish_and_clear();
    Ok(found?)
}

fn written(arguments: &SpanArgs, found: &Converted) -> Result<(), Failure> {
    if let Some(file) = &arguments.out_market {
        save(file, &write::market_json(&found.market))?;
    }
    if let Some(file) = &arguments.out_book {
        save(file, &write::book_csv(&found.book, &found.market))?;
    }
    if let Some(file) = &arguments.out_model {
        save(file, &found.document)?;
    }
    Ok(())
}

fn text(report: &SpanReport) -> String {
    let mut out = format!("{}, of {}\n", report.file, report.date.as_deref().unwrap_or("no day"));
    let _ = writeln!(
        out,
        "  contracts    {} in the file, {} kept, {} without an array, {} twice",
        report.contracts, report.kept, report.without_array, report.duplicates
    );
    let _ = writeln!(out, "  commodities  {}", report.commodities);
    let all: u64 = report.skipped.values().sum();
    let kinds = report.skipped.len();
    let _ = writeln!(out, "  skipped      {all} elements or records of {kinds} kinds");
    for (what, file) in
        [("market", &report.out_market), ("book", &report.out_book), ("model", &report.out_model)]
    {
        if let Some(file) = file {
            let _ = writeln!(out, "  wrote        {file} ({what})");
        }
    }
    out
}

fn records(report: &SpanReport) -> Records {
    let mut records = Records::new(&["file", "date", "contracts", "kept", "commodities"]);
    records.row([
        report.file.clone(),
        report.date.clone().unwrap_or_default(),
        report.contracts.to_string(),
        report.kept.to_string(),
        report.commodities.to_string(),
    ]);
    records
}
