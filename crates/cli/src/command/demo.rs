//! `demo`: the built-in book on a real option chain, everything at a glance.

use super::compare::{self, BASE};
use super::margin::{accounts_table, notes, reports};
use super::{liq, matrix};
use crate::arguments::{Format, FormatArgs, ModelArgs};
use crate::failure::Failure;
use crate::inputs::{DEMO, Inputs};
use crate::made;
use crate::number::{count, percent, required_whole, value_whole};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph};
use clap::Args;
use keelmark_api::made::MadeReport;
use keelmark_api::{AccountReport, CompareReport, Context, LiquidationReport, MatrixReport};
use keelmark_book::{Money, Timestamp};
use keelmark_margin::Document;
use serde::Serialize;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The models that the sample is shown under.
const MODELS: &[&str] = &[BASE, "cross", "scan16", crate::models::DEFAULT, "greeks"];

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Everything that the demo shows.
#[derive(Debug, Serialize)]
struct DemoReport {
    as_of: Timestamp,
    source: String,
    accounts: Vec<AccountReport>,
    liquidation: Vec<LiquidationReport>,
    matrix: MatrixReport,
    compare: Vec<CompareReport>,
    inputs: String,
}

/// Time of the computation, reading and writing aside.
struct Took {
    margins: Duration,
    searches: Duration,
}

/// Runs `demo`.
pub fn run(arguments: &DemoArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = Inputs::demo()?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let mut documents = Vec::new();
    for name in MODELS {
        documents.push(crate::models::named(name)?);
    }
    let start = Instant::now();
    let context = Context::new(&inputs.market);
    let accounts = reports(&context, &document, &inputs)?;
    let compare = compare::reports(&context, &documents, &inputs, BASE)?;
    let margins = start.elapsed();
    let first = inputs.accounts.first().ok_or_else(|| Failure::failed("the sample is empty"))?;
    let mut liquidation = Vec::new();
    for account in &inputs.accounts {
        liquidation.push(liq::report(&context, &document, account)?);
    }
    let report = DemoReport {
        as_of: inputs.market.as_of,
        source: inputs.market.source.clone(),
        accounts,
        liquidation,
        matrix: matrix::report(&context, &document, first)?,
        compare,
        inputs: context.digest(&document, &inputs.accounts),
    };
    let took = Took { margins, searches: start.elapsed().saturating_sub(margins) };
    let format = arguments.format.format();
    if format == Format::Table {
        notes(&report.accounts, screen);
    }
    output::single(format, &report, records, |report| {
        text(report, &document, &inputs, &took, screen)
    })
}

fn text(
    report: &DemoReport,
    document: &Document,
    inputs: &Inputs,
    took: &Took,
    screen: Screen,
) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let market = &inputs.market;
    let assets: Vec<String> = market
        .assets
        .iter()
        .filter(|(asset, _)| **asset != market.currency)
        .map(|(asset, feed)| format!("{asset} {}", feed.price))
        .collect();
    let mut out = format!("keelmark {version}  sample book, prices {} (embedded)\n", report.as_of);
    out.push_str(&paragraph("  ", &format!("{}; {}", report.source, assets.join(", "))));
    let title = format!(
        "{} · {} {}, effective {} · {}",
        document.title, document.name, document.version, document.effective, market.currency
    );
    out.push_str(&paragraph("  ", &title));
    out.push_str(&made::heading(MadeReport::of(document).as_ref()));
    out.push('\n');
    out.push_str(&accounts_table(&report.accounts, screen));
    out.push_str("  What moves each account to liquidation, everything on it moving along\n");
    out.push_str(&liq::at_a_glance(&report.liquidation));
    for one in &report.matrix.matrices {
        let _ = write!(out, "\n  {}", matrix::title(&report.matrix.account, one));
        out.push_str(&matrix::table(one, screen));
        out.push_str(&matrix::beyond(one));
    }
    out.push_str("\n  Same book under each model, initial margin\n");
    out.push_str(&models_table(&report.compare));
    out.push_str(
        "  * something in it is liquidated · tied up: net value less what is left to use\n\n",
    );
    let positions: usize = inputs.accounts.iter().map(|one| one.positions.len()).sum();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let _ = writeln!(
        out,
        "{} accounts, {positions} positions, {} instruments, {} models in {:.1} ms\n\
         liquidation searches and risk matrix in {:.1} ms · inputs {}",
        inputs.accounts.len(),
        count(market.instruments.len()),
        MODELS.len(),
        ms(took.margins),
        ms(took.searches),
        report.inputs
    );
    out + &next(report)
}

/// A row an account, a column a model, and what the models free against the base.
fn models_table(reports: &[CompareReport]) -> String {
    let Some(first) = reports.first() else { return String::new() };
    let mut columns = vec![("Account", Align::Left)];
    columns.extend(first.rows.iter().map(|row| (row.model.name.as_str(), Align::Right)));
    let mut table = Table::new(&columns);
    for report in reports {
        let mut cells: Vec<Cell> = vec![report.account.as_str().into()];
        cells.extend(report.rows.iter().map(|row| {
            let Some(own) = &row.margin else { return Cell::from("none") };
            let mark = if own.liquidates { "*" } else { "" };
            let amount = required_whole(own.initial_margin, &report.currency);
            let tone = if own.liquidates { Tone::Bad } else { Tone::Plain };
            Cell::toned(format!("{mark}{amount}"), tone)
        }));
        table.row(cells);
    }
    let currency = &first.currency;
    let mut tied: Vec<Cell> = vec!["tied up, all".into()];
    let mut freed: Vec<Cell> = vec!["capital freed".into()];
    let mut share: Vec<Cell> = vec![format!("against {BASE}").into()];
    for at in 0..first.rows.len() {
        let own = total(reports, |report| Some(report.rows[at].margin.as_ref()?.tied));
        let less = total(reports, |report| report.rows[at].freed);
        let base = own.zip(less).and_then(|(own, less)| own.plus(less).ok());
        tied.push(own.map(|own| required_whole(own, currency)).unwrap_or_default().into());
        freed.push(less.map(|less| value_whole(less, currency)).unwrap_or_default().into());
        let part = less.zip(base).map(|(less, base)| less.to_f64() / base.to_f64());
        share.push(percent(part).into());
    }
    table.row([]);
    table.row(tied);
    table.row(freed);
    table.row(share);
    table.text(false)
}

/// The sum over accounts, where each has one and it fits.
fn total(reports: &[CompareReport], of: impl Fn(&CompareReport) -> Option<Money>) -> Option<Money> {
    let amounts: Vec<Money> = reports.iter().map(of).collect::<Option<_>>()?;
    Money::sum(amounts).ok()
}

fn next(report: &DemoReport) -> String {
    let account = &report.matrix.account;
    let commands = [
        format!("margin {DEMO}{account} --explain"),
        format!("whatif {DEMO}{account} --add 'BTC-27MAR26-80000-C -25'"),
        format!("compare {DEMO} --models isolated,cross,deribit-pm"),
        format!("matrix {DEMO}{account} --svg matrix.svg"),
        format!("margin yourbook.csv --prices {DEMO}"),
    ];
    let mut out = String::new();
    for (at, command) in commands.iter().enumerate() {
        let label = if at == 0 { "Next: " } else { "      " };
        let _ = writeln!(out, "{label} keelmark {command}");
    }
    out
}

fn records(report: &DemoReport) -> Records {
    let mut records = Records::new(&[
        "account",
        "model",
        "currency",
        "initial_margin",
        "maintenance_margin",
        "tied",
        "freed",
    ]);
    for one in &report.compare {
        for row in &one.rows {
            let own = row.margin.as_ref();
            records.row([
                one.account.clone(),
                row.model.name.clone(),
                one.currency.to_string(),
                cell(own.map(|own| &own.initial_margin)),
                cell(own.map(|own| &own.maintenance_margin)),
                cell(own.map(|own| &own.tied)),
                cell(row.freed.as_ref()),
            ]);
        }
    }
    records
}
