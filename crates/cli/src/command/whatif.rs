//! `whatif`: an account before and after trades, deposits and moves between modes.

use super::margin::{heading, report};
use crate::arguments::{FormatArgs, InputArgs, ModelArgs};
use crate::failure::Failure;
use crate::inputs;
use crate::number::{percent, points, required, signed, value};
use crate::output::{self, Answer, Records};
use crate::screen::Screen;
use crate::table::{Align, Cell, Table, Tone, paragraph};
use clap::Args;
use keelmark_api::pool::PoolReport;
use keelmark_api::{AccountReport, Context, WhatIfReport};
use keelmark_book::{Asset, Balance, InstrumentId, Market};
use keelmark_margin::whatif::{Change, apply};
use std::str::FromStr;

/// Arguments of `whatif`.
#[derive(Args, Debug)]
pub struct WhatIfArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    /// Trade at the mark: an instrument and contracts, sold below zero; may be repeated
    #[arg(long, value_name = "INSTRUMENT QTY", allow_hyphen_values = true)]
    add: Vec<String>,
    /// Deposit an amount of an asset, withdrawn below zero; may be repeated
    #[arg(long, value_name = "ASSET AMOUNT", allow_hyphen_values = true)]
    deposit: Vec<String>,
    /// Give a position collateral of its own, in its settlement asset; may be repeated
    #[arg(long, value_name = "INSTRUMENT MARGIN")]
    isolate: Vec<String>,
    /// Let an isolated position share the account's collateral; may be repeated
    #[arg(long, value_name = "INSTRUMENT")]
    share: Vec<String>,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `whatif`.
pub fn run(arguments: &WhatIfArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let account = inputs.single()?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let (change, told) = change(arguments, &inputs.market)?;
    if told.is_empty() {
        return Err(Failure::usage("expected a change: --add, --deposit, --isolate or --share")
            .next(format!("keelmark whatif {} --deposit 'USDC 250000'", inputs.book)));
    }
    let failed = |error| Failure::margin(&account.account, &document.name, &error);
    let changed = apply(account, &change, &inputs.market).map_err(failed)?;
    let context = Context::new(&inputs.market);
    let currency = &inputs.market.currency;
    let before = report(&context, &document, account, currency)?;
    let after = report(&context, &document, &changed, currency)?;
    let report = WhatIfReport::new(told, before, after)?;
    output::single(arguments.format.format(), &report, records, |report| {
        let mut text = heading(&inputs.market, &document);
        for change in &report.changes {
            text.push_str(&paragraph("  ", change));
        }
        text.push('\n');
        text.push_str(&table(report, screen));
        text.push_str(&pools(report, screen));
        text
    })
}

/// The change asked for, and a sentence on each part of it.
fn change(arguments: &WhatIfArgs, market: &Market) -> Result<(Change, Vec<String>), Failure> {
    let mut change = Change::default();
    let mut told = Vec::new();
    let name = |id: InstrumentId| market.instruments.get(id).venue_symbol.clone();
    for text in &arguments.add {
        let (id, quantity) = pair("--add", text, market)?;
        told.push(format!("trade {quantity} {} at the mark {}", name(id), market.quote(id).mark));
        change.fills.push((id, quantity));
    }
    for text in &arguments.deposit {
        let (asset, amount) = words("--deposit", text, "'USDC 250000'")?;
        let failed = |error: String| Failure::input(format!("--deposit: {error}"));
        let asset = Asset::new(asset).map_err(|error| failed(error.to_string()))?;
        market.price(&asset).map_err(|error| failed(error.to_string()))?;
        let amount = number("--deposit", amount)?;
        told.push(format!("deposit {amount} {asset}"));
        change.deposits.push(Balance { asset, amount });
    }
    for text in &arguments.isolate {
        let (id, margin) = pair("--isolate", text, market)?;
        let settle = &market.instruments.get(id).settle;
        told.push(format!("isolate {} on {margin} {settle} of its own", name(id)));
        change.isolate.push((id, margin));
    }
    for text in &arguments.share {
        let id = instrument("--share", text.trim(), market)?;
        told.push(format!("let {} share the account's collateral", name(id)));
        change.share.push(id);
    }
    Ok((change, told))
}

/// An instrument and a number, as `BTC-27MAR26-78000-C -25`.
fn pair<T: FromStr<Err: ToString>>(
    flag: &str,
    text: &str,
    market: &Market,
) -> Result<(InstrumentId, T), Failure> {
    let (name, amount) = words(flag, text, "'BTC-27MAR26-78000-C -25'")?;
    Ok((instrument(flag, name, market)?, number(flag, amount)?))
}

fn words<'a>(flag: &str, text: &'a str, such: &str) -> Result<(&'a str, &'a str), Failure> {
    let mut words = text.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(name), Some(amount), None) => Ok((name, amount)),
        _ => Err(Failure::usage(format!(
            "{flag}: expected two words such as {such}, found {text:?}"
        ))),
    }
}

fn instrument(flag: &str, name: &str, market: &Market) -> Result<InstrumentId, Failure> {
    market.instruments.find(name).map_err(|error| Failure::input(format!("{flag}: {error}")))
}

fn number<T: FromStr<Err: ToString>>(flag: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error: T::Err| Failure::input(format!("{flag}: {}", error.to_string())))
}

fn table(report: &WhatIfReport, screen: Screen) -> String {
    let (before, after, less) = (&report.before, &report.after, &report.difference);
    let currency = &before.currency;
    let title = format!("{}, {currency}", before.account);
    let mut table = Table::new(&[
        (title.as_str(), Align::Left),
        ("Before", Align::Right),
        ("After", Align::Right),
        ("Difference", Align::Right),
    ]);
    let mut value_row = |name: &str, of: fn(&AccountReport) -> String, by| {
        table.row([name.into(), of(before).into(), of(after).into(), signed(by, currency).into()]);
    };
    value_row("Equity", |one| value(one.equity, &one.currency), less.equity);
    value_row(
        "Initial margin",
        |one| required(one.initial_margin, &one.currency),
        less.initial_margin,
    );
    value_row(
        "Maintenance",
        |one| required(one.maintenance_margin, &one.currency),
        less.maintenance_margin,
    );
    value_row("Headroom", |one| value(one.headroom, &one.currency), less.headroom);
    value_row("Available", |one| value(one.available, &one.currency), less.available);
    let used = |one: &AccountReport| {
        let tone = if one.liquidates { Tone::Bad } else { Tone::Plain };
        Cell::toned(percent(one.mm_utilisation), tone)
    };
    let by = less.mm_utilisation.map(points);
    table.row(["MM used".into(), used(before), used(after), by.unwrap_or_default().into()]);
    let mut text = table.text(screen.colour);
    let state = match (before.liquidates, after.liquidates) {
        (false, true) => "  the change liquidates the account\n",
        (true, false) => "  the change takes the account out of liquidation\n",
        (true, true) => "  the account stays in liquidation\n",
        (false, false) if after.available.is_negative() && less.available.is_negative() => {
            "  the change adds risk that initial margin does not allow: it would be refused\n"
        }
        (false, false) => "",
    };
    text.push_str(state);
    text
}

/// Each pool before and after, where an account has more than one.
fn pools(report: &WhatIfReport, screen: Screen) -> String {
    let (before, after) = (&report.before.pools, &report.after.pools);
    if before.len() < 2 && after.len() < 2 {
        return String::new();
    }
    let mut table = Table::new(&[
        ("Pool", Align::Left),
        ("", Align::Left),
        ("Equity", Align::Right),
        ("Initial margin", Align::Right),
        ("Maintenance", Align::Right),
        ("MM used", Align::Right),
    ]);
    let mut names: Vec<&str> = Vec::new();
    for pool in before.iter().chain(after) {
        if !names.contains(&pool.name.as_str()) {
            names.push(&pool.name);
        }
    }
    for name in names {
        let find = |pools: &'_ [PoolReport]| pools.iter().position(|pool| pool.name == name);
        let (was, is) = (find(before).map(|at| &before[at]), find(after).map(|at| &after[at]));
        if was == is {
            continue;
        }
        for (label, pool) in [("before", was), ("after", is)] {
            let Some(pool) = pool else {
                table.row([name.into(), label.into(), "none".into()]);
                continue;
            };
            let tone = if pool.liquidates { Tone::Bad } else { Tone::Plain };
            table.row([
                name.into(),
                label.into(),
                value(pool.equity.total, &pool.currency).into(),
                required(pool.initial_margin, &pool.currency).into(),
                required(pool.maintenance_margin, &pool.currency).into(),
                Cell::toned(percent(pool.mm_utilisation), tone),
            ]);
        }
    }
    format!("\n{}", table.text(screen.colour))
}

fn records(report: &WhatIfReport) -> Records {
    let mut records = Records::new(&["field", "currency", "before", "after", "difference"]);
    let (before, after, less) = (&report.before, &report.after, &report.difference);
    let currency = less.currency.to_string();
    let mut row = |field: &str, currency: &str, before: String, after: String, by: String| {
        records.row([field.to_owned(), currency.to_owned(), before, after, by]);
    };
    let fields = [
        ("equity", before.equity, after.equity, less.equity),
        ("net_value", before.net_value, after.net_value, less.net_value),
        ("initial_margin", before.initial_margin, after.initial_margin, less.initial_margin),
        (
            "maintenance_margin",
            before.maintenance_margin,
            after.maintenance_margin,
            less.maintenance_margin,
        ),
        ("headroom", before.headroom, after.headroom, less.headroom),
        ("available", before.available, after.available, less.available),
    ];
    for (field, was, is, by) in fields {
        row(field, &currency, was.to_string(), is.to_string(), by.to_string());
    }
    let used = |used: Option<f64>| used.map(|used| used.to_string()).unwrap_or_default();
    row(
        "mm_utilisation",
        "",
        used(before.mm_utilisation),
        used(after.mm_utilisation),
        used(less.mm_utilisation),
    );
    records
}
