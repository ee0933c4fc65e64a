//! `compare`: the same accounts under several models, side by side.

use super::charged;
use crate::arguments::{FormatArgs, HistoryArgs, InputArgs};
use crate::failure::Failure;
use crate::inputs::{self, Inputs};
use crate::made;
use crate::number::{percent, required, required_whole, signed, signed_whole, value};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, WIDTH, paragraph, shortened};
use clap::Args;
use keelmark_api::{CompareReport, Context};
use keelmark_book::{Asset, Money};
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::{Document, margin};
use std::fmt::Write as _;

/// The model that the others are measured against.
pub const BASE: &str = "isolated";

/// Arguments of `compare`.
#[derive(Args, Debug)]
pub struct CompareArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Models by name, path or `-`, separated by commas; all built-in ones where none is given
    #[arg(long, value_name = "MODELS", value_delimiter = ',', allow_hyphen_values = true)]
    models: Vec<String>,
    /// What capital freed is measured against, one of the models
    #[arg(long, value_name = "MODEL", default_value = BASE)]
    against: String,
    /// What each model charges for, side by side; two models are always shown so
    #[arg(long, visible_alias = "explain")]
    charges: bool,
    #[command(flatten)]
    histories: HistoryArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `compare`.
pub fn run(arguments: &CompareArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let mut documents = Vec::new();
    if arguments.models.is_empty() {
        for (name, _) in BUILT_IN {
            documents.push(crate::models::named(name)?);
        }
    }
    for name in &arguments.models {
        documents.push(crate::models::named(name)?);
    }
    crate::models::make(&mut documents, &arguments.histories, &inputs.market, screen)?;
    let context = Context::new(&inputs.market);
    let mut reports = reports(&context, &documents, &inputs, &arguments.against)?;
    reports.iter_mut().for_each(CompareReport::sort);
    let mut reasons = Vec::new();
    for report in &reports {
        reasons.push(match arguments.models.as_slice() {
            [first, second] => charged::two(report, [first, second])?,
            _ if arguments.charges => charged::all(report)?,
            _ => String::new(),
        });
    }
    output::list(arguments.format.format(), &reports, records, |reports| {
        let mut text =
            paragraph("Prices  ", &format!("{} · {}", inputs.market.as_of, inputs.market.source));
        let rows = reports.first().map(|report| report.rows.as_slice()).unwrap_or_default();
        for row in rows.iter().filter(|row| row.model.made.is_some()) {
            text.push_str(&paragraph("Model   ", &row.model.name));
            text.push_str(&made::heading(row.model.made.as_ref()));
        }
        for (report, why) in reports.iter().zip(&reasons) {
            text.push_str(&table(report, &arguments.against, screen));
            text.push_str(&unpriced(report));
            text.push_str(why);
        }
        if reports.iter().flat_map(|report| &report.rows).any(|row| row.freed.is_some()) {
            text.push_str(&footing(&arguments.against));
        }
        text.push_str(&next(arguments, reports));
        text
    })
}

/// Every account under every model.
pub fn reports(
    context: &Context<'_>,
    documents: &[Document],
    inputs: &Inputs,
    against: &str,
) -> Result<Vec<CompareReport>, Failure> {
    let mut reports = Vec::new();
    for account in &inputs.accounts {
        let mut rows = Vec::new();
        for document in documents {
            let found = margin(document, &inputs.market, account);
            let row = context.compared(document, account, found.as_ref());
            rows.push(
                row.map_err(|error| Failure::margin(&account.account, &document.name, &error))?,
            );
        }
        reports.push(context.compare(account, &inputs.market.currency, rows, against)?);
    }
    Ok(reports)
}

/// Without places where it would be too wide with them.
fn table(report: &CompareReport, against: &str, screen: Screen) -> String {
    let full = rows(report, against, [required, signed]);
    let cash = report.currency == Asset::usd();
    let table = if full.fits() || !cash {
        full
    } else {
        rows(report, against, [required_whole, signed_whole])
    };
    let currency = &report.currency;
    let net = report.rows.iter().find_map(|row| Some(row.margin.as_ref()?.net_value));
    let net = net.map(|net| value(net, currency)).unwrap_or_default();
    format!("\n{}, worth {net} {currency}\n{}", report.account, table.text(screen.colour))
}

fn rows(
    report: &CompareReport,
    against: &str,
    [required, signed]: [fn(Money, &Asset) -> String; 2],
) -> Table {
    let freed = report.rows.iter().any(|row| row.freed.is_some());
    let freed = if freed { format!("Freed\nv. {against}") } else { String::new() };
    let mut table = Table::new(&[
        ("Model", Align::Left),
        ("Initial\nmargin", Align::Right),
        ("Maint.\nmargin", Align::Right),
        ("MM\nused", Align::Right),
        (freed.as_str(), Align::Right),
        ("", Align::Left),
    ]);
    let currency = &report.currency;
    for row in &report.rows {
        let name = row.model.name.as_str();
        let Some(margin) = &row.margin else { continue };
        let (flag, tone) =
            if margin.liquidates { ("LIQUIDATE", Tone::Bad) } else { ("", Tone::Plain) };
        let freed = row.freed.map(|freed| signed(freed, currency)).unwrap_or_default();
        table.row([
            name.into(),
            required(margin.initial_margin, currency).into(),
            required(margin.maintenance_margin, currency).into(),
            Cell::toned(percent(margin.mm_utilisation), tone),
            freed.into(),
            Cell::toned(flag, tone),
        ]);
    }
    table
}

/// Models that cannot price the account, each with the reason on one line.
fn unpriced(report: &CompareReport) -> String {
    let refused: Vec<(&str, &str)> = report
        .rows
        .iter()
        .filter_map(|row| Some((row.model.name.as_str(), row.problem.as_deref()?)))
        .collect();
    if refused.is_empty() {
        return String::new();
    }
    let wide = refused.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut out = String::from("\n  cannot price it\n");
    for (name, problem) in refused {
        let problem = problem.strip_prefix(name).map_or(problem, str::trim_start);
        let _ = writeln!(out, "{}", shortened(&format!("  {name:wide$}  {problem}"), WIDTH));
    }
    out
}

/// The command that says why, where it has not been said.
fn next(arguments: &CompareArgs, reports: &[CompareReport]) -> String {
    let priced = |report: &CompareReport| {
        let rows = report.rows.iter().filter(|row| row.margin.is_some());
        let names: Vec<String> = rows.map(|row| row.model.name.clone()).collect();
        Some((names.first()?.clone(), names.last()?.clone()))
    };
    let (Some((least, most)), false) =
        (reports.first().and_then(priced), arguments.models.len() == 2)
    else {
        return String::new();
    };
    let book = match reports {
        [one] if inputs::is_demo(&arguments.inputs.book) => format!("demo:{}", one.account),
        _ => arguments.inputs.book.clone(),
    };
    let prices = arguments.inputs.prices.as_ref().map(|prices| format!(" --prices {prices}"));
    let prices = prices.unwrap_or_default();
    format!("\n  why: keelmark compare {book}{prices} --models {least},{most}\n")
}

fn footing(against: &str) -> String {
    let text = format!(
        "what a model ties up is net value less what is left for new risk; freed is what \
         {against} ties up less what this model does, so that it counts whether a model has \
         options in equity or in the margin"
    );
    format!("\n{}", paragraph("  ", &text))
}

fn records(reports: &[CompareReport]) -> Records {
    let mut records = Records::new(&[
        "account",
        "model",
        "currency",
        "equity",
        "net_value",
        "initial_margin",
        "maintenance_margin",
        "mm_utilisation",
        "available",
        "tied",
        "freed",
        "liquidates",
        "problem",
        "as_of",
        "inputs",
    ]);
    for report in reports {
        for row in &report.rows {
            let own = row.margin.as_ref();
            records.row([
                report.account.clone(),
                row.model.name.clone(),
                report.currency.to_string(),
                cell(own.map(|one| &one.equity)),
                cell(own.map(|one| &one.net_value)),
                cell(own.map(|one| &one.initial_margin)),
                cell(own.map(|one| &one.maintenance_margin)),
                cell(own.and_then(|one| one.mm_utilisation.as_ref())),
                cell(own.map(|one| &one.available)),
                cell(own.map(|one| &one.tied)),
                cell(row.freed.as_ref()),
                cell(own.map(|one| &one.liquidates)),
                row.problem.clone().unwrap_or_default(),
                report.as_of.to_string(),
                row.inputs.clone(),
            ]);
        }
    }
    records
}
