//! `margin`: each account of a book under one model.

use super::explain;
use crate::arguments::{Format, FormatArgs, InputArgs, ModelArgs};
use crate::failure::Failure;
use crate::inputs::{self, Inputs};
use crate::made;
use crate::number::{percent, required, required_whole, value, value_whole};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph};
use clap::Args;
use keelmark_api::made::MadeReport;
use keelmark_api::{AccountReport, Context};
use keelmark_book::{Asset, Market, Money, Portfolio};
use keelmark_margin::{Document, margin};

/// Share of equity that maintenance uses above which an account is marked.
const WATCH: f64 = 0.8;

/// Arguments of `margin`.
#[derive(Args, Debug)]
pub struct MarginArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Show every step: formulas with their numbers, charges, worst scenario, each position's part
    #[arg(long)]
    explain: bool,
    /// Also all accounts as if they were one, and whether that asks for more
    #[arg(long)]
    union: bool,
    /// Report totals in this asset
    #[arg(long, value_name = "ASSET")]
    currency: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `margin`.
pub fn run(arguments: &MarginArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let currency = match &arguments.currency {
        Some(text) => priced(text, &inputs.market)?,
        None => inputs.market.currency.clone(),
    };
    let context = Context::new(&inputs.market);
    let mut accounts = inputs.accounts.clone();
    if arguments.union {
        accounts.push(union(&inputs.accounts)?);
    }
    let mut reports = Vec::new();
    for account in &accounts {
        reports.push(report(&context, &document, account, &currency)?);
    }
    let format = arguments.format.format();
    if format == Format::Table && !arguments.explain {
        notes(&reports, screen);
    }
    output::list(format, &reports, records, |reports| {
        let mut text = heading(&inputs.market, &document);
        text.push_str(&accounts_table(reports, screen));
        if arguments.union {
            text.push_str(&union_text(&document, reports));
        }
        if arguments.explain {
            for report in reports {
                text.push_str(&explain::text(&document, report));
            }
        }
        text
    })
}

/// The report of one account, its totals in a currency.
pub fn report(
    context: &Context<'_>,
    document: &Document,
    account: &Portfolio,
    currency: &Asset,
) -> Result<AccountReport, Failure> {
    let failed = |error| Failure::margin(&account.account, &document.name, &error);
    let mut found = margin(document, context.market, account).map_err(failed)?;
    if *currency != found.currency {
        found = found.in_currency(currency, context.market).map_err(failed)?;
    }
    context.account(document, account, &found).map_err(failed)
}

/// The reports of every account, in the market's currency.
pub fn reports(
    context: &Context<'_>,
    document: &Document,
    inputs: &Inputs,
) -> Result<Vec<AccountReport>, Failure> {
    let currency = &context.market.currency;
    inputs.accounts.iter().map(|one| report(context, document, one, currency)).collect()
}

/// Tells what the pools of accounts noted.
pub fn notes(reports: &[AccountReport], screen: Screen) {
    for report in reports {
        for note in report.pools.iter().flat_map(|pool| &pool.notes) {
            screen.note(&format!("{}: {note}", report.account));
        }
    }
}

/// Which prices, which model.
pub fn heading(market: &Market, document: &Document) -> String {
    let mut text = paragraph("Prices  ", &inputs::dated(market));
    let version = match document.version.as_str() {
        "" => String::new(),
        version => format!(" {version}"),
    };
    let effective = match document.effective.as_str() {
        "" => String::new(),
        date => format!(" · effective {date}"),
    };
    let own = format!("{}{version}{effective} · digest {}", document.name, document.digest);
    text.push_str(&paragraph("Model   ", &own));
    text.push_str(&made::heading(MadeReport::of(document).as_ref()));
    text.push('\n');
    text
}

/// How amounts are shown: requirements and values.
type Shown = [fn(Money, &Asset) -> String; 2];

/// One row an account; without places where it would be too wide with them.
pub fn accounts_table(reports: &[AccountReport], screen: Screen) -> String {
    let full = accounts(reports, [required, value]);
    let cash = reports.first().is_some_and(|report| report.currency == Asset::usd());
    let table =
        if full.fits() || !cash { full } else { accounts(reports, [required_whole, value_whole]) };
    let currency = reports.first().map(|report| report.currency.to_string()).unwrap_or_default();
    format!("{}{}\n", table.text(screen.colour), legend(&currency))
}

fn accounts(reports: &[AccountReport], [required, value]: Shown) -> Table {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("Equity", Align::Right),
        ("Initial\nmargin", Align::Right),
        ("Maint.\nmargin", Align::Right),
        ("MM\nused", Align::Right),
        ("Headroom", Align::Right),
        ("", Align::Left),
    ]);
    for report in reports {
        let currency = &report.currency;
        let (flag, tone) = flag(report);
        table.row([
            report.account.as_str().into(),
            value(report.equity, currency).into(),
            required(report.initial_margin, currency).into(),
            required(report.maintenance_margin, currency).into(),
            Cell::toned(percent(report.mm_utilisation), tone),
            value(report.headroom, currency).into(),
            Cell::toned(flag, tone),
        ]);
    }
    table
}

fn legend(currency: &str) -> String {
    format!("  in {currency} · liquidated when MM used passes 100 %\n")
}

/// What to notice about an account.
fn flag(report: &AccountReport) -> (&'static str, Tone) {
    if report.liquidates {
        // What came without the account's money, such as sensitivities, says what is asked alone.
        let bare = report.net_value.is_zero() && report.equity.is_zero();
        return if bare { ("no collateral", Tone::Warn) } else { ("LIQUIDATE", Tone::Bad) };
    }
    match report.mm_utilisation {
        Some(used) if used > WATCH => ("!", Tone::Warn),
        _ => ("", Tone::Plain),
    }
}

fn records(reports: &[AccountReport]) -> Records {
    let mut records = Records::new(&[
        "account",
        "currency",
        "model",
        "equity",
        "net_value",
        "initial_margin",
        "maintenance_margin",
        "mm_utilisation",
        "headroom",
        "available",
        "liquidates",
        "as_of",
        "params_version",
        "engine_version",
        "inputs",
    ]);
    for report in reports {
        records.row([
            report.account.clone(),
            report.currency.to_string(),
            report.model.name.clone(),
            report.equity.to_string(),
            report.net_value.to_string(),
            report.initial_margin.to_string(),
            report.maintenance_margin.to_string(),
            cell(report.mm_utilisation.as_ref()),
            report.headroom.to_string(),
            report.available.to_string(),
            report.liquidates.to_string(),
            inputs::time(report.as_of),
            report.params_version.clone(),
            report.engine_version.clone(),
            report.inputs.clone(),
        ]);
    }
    records
}

/// All accounts as one.
fn union(accounts: &[Portfolio]) -> Result<Portfolio, Failure> {
    let mut all = Portfolio::new("all together");
    for account in accounts {
        all = all.union(account)?;
    }
    Ok(all)
}

/// Whether the accounts together ask for more than apart, and what can do that.
fn union_text(document: &Document, reports: &[AccountReport]) -> String {
    let Some((all, apart)) = reports.split_last() else { return String::new() };
    let initial = |report: &AccountReport| report.initial_margin;
    let maintenance = |report: &AccountReport| report.maintenance_margin;
    let mut text = together("initial margin", initial(all), apart.iter().map(initial), all);
    let sums = apart.iter().map(maintenance);
    text.push_str(&together("maintenance margin", maintenance(all), sums, all));
    let breaking =
        document.charges.iter().filter_map(|one| Some((one, one.charge.breaks_union()?)));
    let mut none = true;
    for (charge, why) in breaking {
        none = false;
        let own = format!("can make a union ask for more: {why}");
        text.push_str(&paragraph(&format!("  charge {} ", charge.name), &own));
    }
    if none {
        text.push_str("  no charge of this model can make a union ask for more\n");
    }
    text + "\n"
}

/// What one level asks of all together, against the sum of the accounts apart.
fn together(
    name: &str,
    own: Money,
    apart: impl ExactSizeIterator<Item = Money>,
    all: &AccountReport,
) -> String {
    let count = apart.len();
    let Ok(less) = Money::sum(apart).and_then(|sum| sum.minus(own)) else { return String::new() };
    let said = if less.is_negative() { "MORE" } else { "less" };
    let (own, less) = (required(own, &all.currency), required(less.abs(), &all.currency));
    paragraph(&format!("  together, {name}: "), &format!("{own}, {less} {said} than {count} apart"))
}

/// An asset that the market has a price of.
pub fn priced(text: &str, market: &Market) -> Result<Asset, Failure> {
    let failed = |error: String| Failure::input(format!("--currency: {error}"));
    let asset = Asset::new(text).map_err(|error| failed(error.to_string()))?;
    market.price(&asset).map_err(|error| failed(error.to_string()))?;
    Ok(asset)
}
