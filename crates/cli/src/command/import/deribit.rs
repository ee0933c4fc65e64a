//! `import deribit`: its replies into our formats, its margin beside ours.

use super::save;
use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::number::{required, signed};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Table};
use clap::Args;
use keelmark_book::{Asset, Book, Instruments, Market, Money, Portfolio, write};
use keelmark_margin::{AccountMargin, Document, margin};
use keelmark_venues::deribit::{self, MarginModel, Reported};
use serde::Serialize;
use std::fmt::Write as _;

/// Arguments of `import deribit`.
#[derive(Args, Debug)]
pub struct DeribitArgs {
    /// Replies as the venue sent them, whole or their `result`; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The market of the positions, where no book summary is among the files
    #[arg(long, value_name = "FILE")]
    prices: Option<String>,
    /// Write the market to this file, as CSV
    #[arg(long, value_name = "FILE")]
    out_market: Option<String>,
    /// Write the account to this file, as CSV
    #[arg(long, value_name = "FILE")]
    out_book: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportReport {
    files: Vec<String>,
    instruments: usize,
    options: usize,
    as_of: Option<String>,
    account: Option<String>,
    positions: usize,
    out_market: Option<String>,
    out_book: Option<String>,
    margins: Vec<ReportedMargin>,
    notes: Vec<String>,
}

/// A margin as the venue reports it, beside ours.
#[derive(Debug, Serialize)]
struct ReportedMargin {
    model: String,
    level: &'static str,
    currency: Asset,
    venue: Money,
    ours: Option<Money>,
    difference: Option<Money>,
}

/// Runs `import deribit`.
pub fn run(arguments: &DeribitArgs, screen: Screen) -> Result<Answer, Failure> {
    let mut read = Vec::new();
    for name in &arguments.files {
        read.push(inputs::bytes(name)?);
    }
    let given = arguments.prices.as_deref().map(inputs::market).transpose()?;
    let files: Vec<(&str, &[u8])> =
        read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let found = deribit::import(&files, given.as_ref())?;
    screen.notes(&found.notes);
    let market = found.market.as_ref().or(given.as_ref());
    let account = found.account.as_ref();
    written(arguments, account, market)?;
    let margins = match (account, market) {
        (Some(account), Some(market)) => beside(&found.reported, account, market, screen)?,
        _ => Vec::new(),
    };
    let options = |all: &Instruments| all.iter().filter(|(_, one)| one.is_option()).count();
    let report = ImportReport {
        files: arguments.files.clone(),
        instruments: market.map_or(0, |market| market.instruments.len()),
        options: market.map_or(0, |market| options(&market.instruments)),
        as_of: market.map(|market| market.as_of.to_string()),
        account: account.map(|account| account.account.clone()),
        positions: account.map_or(0, |account| account.positions.len()),
        out_market: arguments.out_market.clone(),
        out_book: arguments.out_book.clone(),
        margins,
        notes: found.notes.clone(),
    };
    output::single(arguments.format.format(), &report, records, |report| text(report, screen))
}

/// Writes what was asked for in our own formats.
fn written(
    arguments: &DeribitArgs,
    account: Option<&Portfolio>,
    market: Option<&Market>,
) -> Result<(), Failure> {
    if let Some(file) = &arguments.out_market {
        let market = market.ok_or_else(|| {
            Failure::input("--out-market: expected a book summary among the files, found none")
                .next("add the reply of public/get_book_summary_by_currency")
        })?;
        save(file, &write::market_csv(market))?;
    }
    if let Some(file) = &arguments.out_book {
        let (account, market) = account.zip(market).ok_or_else(|| {
            Failure::input("--out-book: expected an account and a market among the files")
                .next("add the replies of private/get_positions and private/get_account_summary")
        })?;
        let book = Book { accounts: vec![account.clone()], notes: Vec::new() };
        save(file, &write::book_csv(&book, market))?;
    }
    Ok(())
}

/// Every margin that the venue reports, with what our document of its model makes of the account.
fn beside(
    reported: &[Reported],
    account: &Portfolio,
    market: &Market,
    screen: Screen,
) -> Result<Vec<ReportedMargin>, Failure> {
    let mut out: Vec<ReportedMargin> = Vec::new();
    for row in reported {
        let Some(model) = row.margin_model else {
            screen.note(&format!("{}: no margin model in the reply, none of ours", row.currency));
            continue;
        };
        let document = Document::named(document_of(model))?;
        let ours = margin(&document, market, account);
        if let Err(error) = &ours {
            screen.note(&format!("{} under {}: {error}", account.account, document.name));
        }
        let ours = ours.ok();
        for (level, currency, venue) in printed(row, model, market) {
            if out.iter().any(|known| known.level == level && known.currency == currency) {
                continue;
            }
            let ours = ours.as_ref().and_then(|found| amount(found, level, &currency, market));
            let difference = ours.map(|ours| ours.minus(venue)).transpose()?;
            let model = document.name.clone();
            out.push(ReportedMargin { model, level, currency, venue, ours, difference });
        }
    }
    Ok(out)
}

/// The levels of a row as printed: of a cross account in dollars, where it says so, else its own.
fn printed(
    row: &Reported,
    model: MarginModel,
    market: &Market,
) -> Vec<(&'static str, Asset, Money)> {
    let levels = [
        ("initial", row.initial_margin, row.total_initial_margin_usd),
        ("maintenance", row.maintenance_margin, row.total_maintenance_margin_usd),
    ];
    let mut out = Vec::new();
    for (level, own, total) in levels {
        match (model.is_cross(), total, own) {
            (true, Some(total), _) => out.push((level, market.currency.clone(), total)),
            (_, _, Some(own)) => out.push((level, row.currency.clone(), own)),
            _ => {}
        }
    }
    out
}

/// Our document of a margin model of the venue.
fn document_of(model: MarginModel) -> &'static str {
    match model {
        MarginModel::CrossPm => "deribit-pm",
        MarginModel::SegregatedPm => "deribit-pm-segregated",
        MarginModel::CrossSm | MarginModel::SegregatedSm => "deribit-sm",
    }
}

/// A level of the account in a currency: of the pool that is counted in it, or of all.
fn amount(found: &AccountMargin, level: &str, currency: &Asset, market: &Market) -> Option<Money> {
    let pool = found.pools.iter().find(|one| one.pool.currency == *currency);
    if let (Some(pool), true) = (pool, found.pools.len() > 1 || found.currency != *currency) {
        return Some(pool.level(level));
    }
    let total = found.in_currency(currency, market).ok()?.total;
    Some(if level == "initial" { total.initial } else { total.maintenance })
}

fn text(report: &ImportReport, screen: Screen) -> String {
    let mut out = format!("{}\n", report.files.join(", "));
    if let Some(as_of) = &report.as_of {
        let _ = writeln!(
            out,
            "  market   {} instruments, {} of them options, as of {as_of}",
            report.instruments, report.options
        );
    }
    if let Some(account) = &report.account {
        let _ = writeln!(out, "  account  {account}, {} positions", report.positions);
    }
    for (what, file) in [("market", &report.out_market), ("book", &report.out_book)] {
        if let Some(file) = file {
            let _ = writeln!(out, "  wrote    {file} ({what})");
        }
    }
    if report.margins.is_empty() {
        return out;
    }
    let mut table = Table::new(&[
        ("As the venue reports", Align::Left),
        ("Venue", Align::Right),
        ("Ours", Align::Right),
        ("Difference", Align::Right),
        ("Model", Align::Left),
    ]);
    for one in &report.margins {
        let currency = &one.currency;
        table.row([
            format!("{}, {currency}", one.level).into(),
            required(one.venue, currency).into(),
            one.ours.map_or_else(|| "none".to_owned(), |ours| required(ours, currency)).into(),
            one.difference.map(|by| signed(by, currency)).unwrap_or_default().into(),
            one.model.as_str().into(),
        ]);
    }
    out.push('\n');
    out + &table.text(screen.colour)
}

fn records(report: &ImportReport) -> Records {
    let mut records =
        Records::new(&["account", "model", "level", "currency", "venue", "ours", "difference"]);
    for one in &report.margins {
        records.row([
            report.account.clone().unwrap_or_default(),
            one.model.clone(),
            one.level.to_owned(),
            one.currency.to_string(),
            one.venue.to_string(),
            cell(one.ours.as_ref()),
            cell(one.difference.as_ref()),
        ]);
    }
    records
}
