//! `import crif`: sensitivities into a book of ours.

use super::save;
use crate::arguments::FormatArgs;
use crate::failure::Failure;
use crate::inputs;
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::table::{Align, Table};
use clap::Args;
use keelmark_book::{Asset, Market, Timestamp, write};
use keelmark_venues::crif::{self, Unknown};
use serde::Serialize;
use std::collections::BTreeMap;

/// Arguments of `import crif`.
#[derive(Args, Debug)]
pub struct CrifArgs {
    /// The file, tab or comma separated; `-` is standard input
    #[arg(value_name = "FILE")]
    file: String,
    /// Write the accounts to this file, as JSON
    #[arg(long, value_name = "FILE")]
    out_book: Option<String>,
    /// Leave out rows that are no sensitivities, and say how many of each
    #[arg(long)]
    skip_unknown: bool,
    #[command(flatten)]
    format: FormatArgs,
}

/// What was imported.
#[derive(Debug, Serialize)]
struct CrifReport {
    file: String,
    rows: usize,
    left_out: BTreeMap<String, usize>,
    accounts: Vec<CrifAccount>,
    out_book: Option<String>,
    notes: Vec<String>,
}

/// An account that was imported.
#[derive(Debug, Serialize)]
struct CrifAccount {
    account: String,
    sensitivities: usize,
    classes: Vec<String>,
}

/// Runs `import crif`.
pub fn run(arguments: &CrifArgs, screen: Screen) -> Result<Answer, Failure> {
    let (name, bytes) = inputs::bytes(&arguments.file)?;
    let unknown = if arguments.skip_unknown { Unknown::LeaveOut } else { Unknown::Refuse };
    let found = crif::import(&name, &bytes, unknown).map_err(|error| {
        let failure = Failure::from(error);
        if failure.text.contains("can be left out") {
            return failure.next(format!("keelmark import crif {name} --skip-unknown"));
        }
        failure
    })?;
    screen.notes(&found.notes);
    if let Some(file) = &arguments.out_book {
        // A book of sensitivities names no instrument.
        let none = Market::new(Timestamp::from_nanos(0), Asset::usd(), "");
        save(file, &write::book_json(&found.book, &none))?;
    }
    let accounts = found.book.accounts.iter().map(|account| {
        let mut classes: Vec<String> =
            account.sensitivities.iter().map(|one| one.class.clone()).collect();
        classes.retain(|class| !class.is_empty());
        classes.sort();
        classes.dedup();
        let (name, sensitivities) = (account.account.clone(), account.sensitivities.len());
        CrifAccount { account: name, sensitivities, classes }
    });
    let report = CrifReport {
        file: name,
        rows: found.rows,
        left_out: found.left_out,
        accounts: accounts.collect(),
        out_book: arguments.out_book.clone(),
        notes: found.notes,
    };
    output::single(arguments.format.format(), &report, records, |report| text(report, screen))
}

fn text(report: &CrifReport, screen: Screen) -> String {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("Sensitivities", Align::Right),
        ("Classes", Align::Left),
    ]);
    for one in &report.accounts {
        let count = one.sensitivities.to_string();
        table.row([one.account.as_str().into(), count.into(), one.classes.join(", ").into()]);
    }
    let wrote = report.out_book.as_ref().map(|file| format!("  wrote    {file} (book)\n"));
    format!(
        "{}\n  rows     {}\n{}\n{}",
        report.file,
        report.rows,
        wrote.unwrap_or_default(),
        table.text(screen.colour)
    )
}

fn records(report: &CrifReport) -> Records {
    let mut records = Records::new(&["account", "sensitivities", "classes"]);
    for one in &report.accounts {
        let count = one.sensitivities.to_string();
        records.row([one.account.clone(), count, one.classes.join(" ")]);
    }
    records
}
