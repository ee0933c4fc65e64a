//! Replies of any venue whose importer gives an [`Imported`]: files written, figures side by side.

use super::{book_text, market_text, save};
use crate::arguments::{FormatArgs, HistoryArgs};
use crate::failure::Failure;
use crate::inputs;
use crate::number::{required, signed};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Table};
use clap::Args;
use keelmark_book::{
    Asset, Book, Decimal, InputError, Market, Money, Portfolio, Price, Round, Timestamp,
};
use keelmark_margin::distance::{Crossing, Factor, distances_of};
use keelmark_margin::{AccountMargin, Document, margin};
use keelmark_venues::imported::{Figure, Imported, What};
use keelmark_venues::parameters::Parameters;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

/// Arguments of an import of replies.
#[derive(Args, Debug)]
pub struct ReplyArgs {
    /// Replies as the venue sent them, any of them in any order; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// The market of the positions, where no reply has prices
    #[arg(long, value_name = "FILE")]
    prices: Option<String>,
    /// When the replies were sent, where they do not say it
    #[arg(long, value_name = "TIME")]
    as_of: Option<Timestamp>,
    /// The model of our margin, where it is not what the replies say
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    histories: HistoryArgs,
    /// Write the market to this file; JSON where its name ends in .json, else CSV
    #[arg(long, value_name = "FILE")]
    out_market: Option<String>,
    /// Write the accounts to this file, likewise
    #[arg(long, value_name = "FILE")]
    out_book: Option<String>,
    /// Write the venue's tiers and ratios to this file, as a document for --model
    #[arg(long, value_name = "FILE")]
    out_model: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// What a ratio is called: neither it nor its difference is an amount.
const RATIO: &str = "equity over maintenance";

/// What was imported.
#[derive(Debug, Serialize)]
struct ImportReport {
    files: Vec<String>,
    instruments: usize,
    options: usize,
    as_of: Option<String>,
    accounts: Vec<AccountReport>,
    out_market: Option<String>,
    out_book: Option<String>,
    out_model: Option<String>,
    figures: Vec<FigureReport>,
    notes: Vec<String>,
}

/// An account that was imported.
#[derive(Debug, Serialize)]
struct AccountReport {
    account: String,
    collateral: usize,
    positions: usize,
    orders: usize,
}

/// A figure as the venue reports it, beside ours.
#[derive(Debug, Serialize)]
struct FigureReport {
    account: String,
    figure: String,
    currency: Asset,
    venue: Money,
    ours: Option<Money>,
    difference: Option<Money>,
    model: Option<String>,
}

/// Runs an import.
pub fn run(
    arguments: &ReplyArgs,
    reader: impl Fn(
        &[(&str, &[u8])],
        Option<&Market>,
        Option<Timestamp>,
    ) -> Result<Imported, InputError>,
    screen: Screen,
) -> Result<Answer, Failure> {
    let mut read = Vec::new();
    for name in &arguments.files {
        read.push(inputs::bytes(name)?);
    }
    let given = arguments.prices.as_deref().map(inputs::market).transpose()?;
    let files: Vec<(&str, &[u8])> =
        read.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let found = reader(&files, given.as_ref(), arguments.as_of)?;
    screen.notes(&found.notes);
    let market = found.market.as_ref().or(given.as_ref());
    written(arguments, &found, market)?;
    let figures = match market {
        Some(market) => beside(arguments, &found, market, screen)?,
        None => found.reported.iter().map(|figure| alone(figure, None)).collect(),
    };
    let account = |one: &Portfolio| AccountReport {
        account: one.account.clone(),
        collateral: one.collateral.len(),
        positions: one.positions.len(),
        orders: one.orders.len(),
    };
    let options =
        |market: &Market| market.instruments.iter().filter(|(_, one)| one.is_option()).count();
    let report = ImportReport {
        files: arguments.files.clone(),
        instruments: market.map_or(0, |market| market.instruments.len()),
        options: market.map_or(0, options),
        as_of: market.map(|market| market.as_of.to_string()),
        accounts: found.accounts.iter().map(account).collect(),
        out_market: arguments.out_market.clone(),
        out_book: arguments.out_book.clone(),
        out_model: arguments.out_model.clone(),
        figures,
        notes: found.notes.clone(),
    };
    output::single(arguments.format.format(), &report, records, |report| text(report, screen))
}

/// Writes what was asked for in our own formats.
fn written(
    arguments: &ReplyArgs,
    found: &Imported,
    market: Option<&Market>,
) -> Result<(), Failure> {
    let lacking = |flag: &str, what: &str| {
        Failure::input(format!("{flag}: expected {what} among the files, found none"))
    };
    if let Some(file) = &arguments.out_market {
        let market = market.ok_or_else(|| lacking("--out-market", "prices"))?;
        save(file, &market_text(file, market))?;
    }
    if let Some(file) = &arguments.out_book {
        if found.accounts.is_empty() {
            return Err(lacking("--out-book", "an account"));
        }
        let market = market.ok_or_else(|| lacking("--out-book", "prices of what is held"))?;
        let book = Book { accounts: found.accounts.clone(), notes: Vec::new() };
        save(file, &book_text(file, &book, market))?;
    }
    if let Some(file) = &arguments.out_model {
        let parameters =
            found.parameters.as_ref().ok_or_else(|| lacking("--out-model", "tiers or ratios"))?;
        let name = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or("imported");
        let text = parameters.toml(name);
        // What is written must be read again.
        Document::parse(file, &text)?;
        save(file, &text)?;
    }
    Ok(())
}

/// The document that our figures of an account are of: what was asked for, the replies' own, or
/// the built-in one that they name.
fn document(
    arguments: &ReplyArgs,
    found: &Imported,
    (account, market): (&str, &Market),
    screen: Screen,
) -> Result<Option<Document>, Failure> {
    if let Some(name) = &arguments.model {
        let mut own = crate::models::named(name)?;
        crate::models::make(std::slice::from_mut(&mut own), &arguments.histories, market, screen)?;
        return Ok(Some(own));
    }
    let Some(name) = found.model_of.get(account).or(found.model.as_ref()) else { return Ok(None) };
    let own = |one: &&Parameters| one.extends.is_none_or(|base| base == name);
    if let Some(parameters) = found.parameters.as_ref().filter(own) {
        let text = parameters.toml(&format!("{name}+replies"));
        return Ok(Some(Document::parse("the replies", &text)?));
    }
    match Document::named(name) {
        Ok(document) => Ok(Some(document)),
        Err(_) => {
            screen.note(&format!("no document {name:?}: the venue's figures stand alone"));
            Ok(None)
        }
    }
}

/// Every figure that the venue reports, with what our document makes of the account.
fn beside(
    arguments: &ReplyArgs,
    found: &Imported,
    market: &Market,
    screen: Screen,
) -> Result<Vec<FigureReport>, Failure> {
    let mut ours = Vec::new();
    for account in &found.accounts {
        if !found.reported.iter().any(|figure| figure.account == account.account) {
            continue;
        }
        let Some(document) = document(arguments, found, (&account.account, market), screen)? else {
            continue;
        };
        match margin(&document, market, account) {
            Ok(one) => ours.push((document, account, one)),
            Err(error) => {
                screen.note(&format!("{} under {}: {error}", account.account, document.name));
            }
        }
    }
    let mut out = Vec::new();
    for figure in &found.reported {
        let mut row = alone(figure, Some(market));
        if let Some((document, account, one)) =
            ours.iter().find(|(_, account, _)| account.account == figure.account)
        {
            row.model = Some(document.name.clone());
            row.ours = match &figure.what {
                What::Part { level, of, .. } => {
                    let of = |name: &str| of.iter().any(|one| one == name);
                    part(account, of, level, &figure.currency, document, market)
                }
                _ => amount(figure, one, document, market)?,
            };
            row.difference = row.ours.map(|ours| ours.minus(row.venue)).transpose()?;
        }
        out.push(row);
    }
    Ok(out)
}

/// The requirement of some positions of an account alone; `None` where they have none alone.
fn part(
    account: &Portfolio,
    of: impl Fn(&str) -> bool,
    level: &str,
    currency: &Asset,
    document: &Document,
    market: &Market,
) -> Option<Money> {
    let mut alone = Portfolio::new(&account.account);
    let held = account.positions.iter();
    let ours = held.filter(|one| of(&market.instruments.get(one.instrument).venue_symbol));
    alone.positions = ours.cloned().collect();
    if alone.positions.is_empty() {
        return None;
    }
    let found = margin(document, market, &alone).ok()?;
    let total = found.in_currency(currency, market).ok()?.total;
    Some(if level == "initial" { total.initial } else { total.maintenance })
}

/// A figure without ours.
fn alone(figure: &Figure, market: Option<&Market>) -> FigureReport {
    let label = match figure.what.bare() {
        What::Equity => "equity".to_owned(),
        What::Initial => "initial".to_owned(),
        What::Maintenance => "maintenance".to_owned(),
        What::NetInitial => "net of initial".to_owned(),
        What::NetMaintenance => "net of maintenance".to_owned(),
        What::Ratio => RATIO.to_owned(),
        What::Part { level, name, .. } => format!("{level} of {name}"),
        What::Liquidation(canonical) => {
            let id =
                market.and_then(|market| Some((market, market.instruments.find(canonical).ok()?)));
            let name = id.map(|(market, id)| market.instruments.get(id).venue_symbol.clone());
            format!("liquidation of {}", name.unwrap_or_else(|| canonical.clone()))
        }
        What::WithIsolated(_) => String::new(),
    };
    FigureReport {
        account: figure.account.clone(),
        figure: label,
        currency: figure.currency.clone(),
        venue: Money::new(figure.value),
        ours: None,
        difference: None,
        model: None,
    }
}

/// Ours of a figure; isolated positions are not part of what a venue reports of the account.
fn amount(
    figure: &Figure,
    found: &AccountMargin,
    document: &Document,
    market: &Market,
) -> Result<Option<Money>, Failure> {
    let (what, with_isolated) = (figure.what.bare(), figure.what != *figure.what.bare());
    if let What::Liquidation(canonical) = what {
        return liquidation(canonical, found, document, market);
    }
    let (mut equity, mut initial, mut maintenance) = (Money::ZERO, Money::ZERO, Money::ZERO);
    // Where each coin is a pool of its own, a figure in a coin is its pool's; one in the account's
    // currency is of all of them, unless a pool is counted in that.
    let own = |one: &keelmark_margin::PoolMargin| one.pool.currency == figure.currency;
    let apart = found.pools.iter().any(|one| one.pool.currency != found.currency);
    let whole = !apart || (figure.currency == found.currency && !found.pools.iter().any(own));
    let counted = |one: &&keelmark_margin::PoolMargin| {
        (with_isolated || !one.pool.isolated) && (whole || own(one))
    };
    for pool in found.pools.iter().filter(counted) {
        let of = |amount, round| {
            let failed = |error| Failure::margin(&found.account, &document.name, &error);
            pool.in_account_currency(amount, round).map_err(failed)
        };
        equity = equity.plus(of(pool.health.equity, Round::Down)?)?;
        initial = initial.plus(of(pool.health.initial, Round::Up)?)?;
        maintenance = maintenance.plus(of(pool.health.maintenance, Round::Up)?)?;
    }
    let amount = match what {
        What::Equity => equity,
        What::Initial => initial,
        What::Maintenance => maintenance,
        What::NetInitial => equity.minus(initial)?,
        What::NetMaintenance => equity.minus(maintenance)?,
        What::Ratio if maintenance.is_positive() => {
            return Ok(Some(Money::new(equity.ratio(maintenance, Round::Down)?.decimal())));
        }
        What::Liquidation(_) | What::Part { .. } | What::Ratio | What::WithIsolated(_) => {
            return Ok(None);
        }
    };
    if figure.currency == found.currency {
        return Ok(Some(amount));
    }
    let price = |asset| market.price(asset).map_err(|error| Failure::input(error.to_string()));
    let (from, to): (Price, Price) = (price(&found.currency)?, price(&figure.currency)?);
    let amount = amount.decimal().times_over(from.decimal(), to.decimal(), Round::Nearest)?;
    Ok(Some(Money::new(amount)))
}

/// The mark of an instrument at which the pool that holds it is liquidated, all else moving as its
/// underlying does.
fn liquidation(
    canonical: &str,
    found: &AccountMargin,
    document: &Document,
    market: &Market,
) -> Result<Option<Money>, Failure> {
    let Ok(id) = market.instruments.find(canonical) else { return Ok(None) };
    let holds = |one: &&keelmark_margin::PoolMargin| {
        one.pool.positions.iter().any(|held| held.instrument == id)
    };
    let Some(pool) = found
        .pools
        .iter()
        .filter(|one| one.pool.isolated)
        .find(holds)
        .or_else(|| found.pools.iter().find(holds))
    else {
        return Ok(None);
    };
    let held = pool.pool.positions.iter().filter(|held| held.instrument == id);
    let long = held.map(|held| held.quantity.decimal()).try_fold(Decimal::ZERO, Decimal::plus)?;
    let base = Factor::Price(market.instruments.get(id).base.clone());
    let failed = |error| Failure::margin(&found.account, &document.name, &error);
    let all = distances_of(document, market, found).map_err(failed)?;
    let Some(one) = all.iter().find(|one| one.pool == pool.pool.name && one.factor == base) else {
        return Ok(None);
    };
    let crossing = if long.is_negative() { &one.up } else { &one.down };
    let Crossing::At { change, .. } = crossing else { return Ok(None) };
    let factor = Decimal::from_f64(1.0 + change, Round::Nearest)?;
    let mark = market.quote(id).mark.decimal();
    Ok(Some(Money::new(mark.times(factor, Round::Nearest)?)))
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
    for one in &report.accounts {
        let _ = writeln!(
            out,
            "  account  {}, {} assets, {} positions, {} orders",
            one.account, one.collateral, one.positions, one.orders
        );
    }
    let files =
        [("market", &report.out_market), ("book", &report.out_book), ("model", &report.out_model)];
    for (what, file) in files {
        if let Some(file) = file {
            let _ = writeln!(out, "  wrote    {file} ({what})");
        }
    }
    if report.figures.is_empty() {
        return out;
    }
    let mut table = Table::new(&[
        ("As the venue reports", Align::Left),
        ("Venue", Align::Right),
        ("Ours", Align::Right),
        ("Difference", Align::Right),
    ]);
    for one in &report.figures {
        let currency = &one.currency;
        if one.figure == RATIO {
            let ratio = |value: Money| format!("{value:.4}");
            table.row([
                one.figure.clone().into(),
                ratio(one.venue).into(),
                one.ours.map_or_else(|| "none".to_owned(), ratio).into(),
                one.difference.map(|by| format!("{by:+.4}")).unwrap_or_default().into(),
            ]);
            continue;
        }
        table.row([
            format!("{}, {currency}", one.figure).into(),
            required(one.venue, currency).into(),
            one.ours.map_or_else(|| "none".to_owned(), |ours| required(ours, currency)).into(),
            one.difference.map(|by| signed(by, currency)).unwrap_or_default().into(),
        ]);
    }
    out.push('\n');
    out.push_str(&table.text(screen.colour));
    if let Some(model) = report.figures.iter().find_map(|one| one.model.as_ref()) {
        let _ = writeln!(out, "  ours is of {model}");
    }
    if report.figures.iter().any(|one| one.figure.starts_with("net of")) {
        out.push_str("  net: equity less the requirement; below zero is short of margin\n");
    }
    out
}

fn records(report: &ImportReport) -> Records {
    let mut records =
        Records::new(&["account", "model", "figure", "currency", "venue", "ours", "difference"]);
    for one in &report.figures {
        records.row([
            one.account.clone(),
            one.model.clone().unwrap_or_default(),
            one.figure.clone(),
            one.currency.to_string(),
            one.venue.to_string(),
            cell(one.ours.as_ref()),
            cell(one.difference.as_ref()),
        ]);
    }
    records
}
