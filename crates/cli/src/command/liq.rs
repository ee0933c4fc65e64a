//! `liq`: the prices and volatilities at which an account is liquidated.

use super::margin::heading;
use crate::arguments::{FormatArgs, InputArgs, ModelArgs};
use crate::failure::Failure;
use crate::inputs;
use crate::number::{grouped, relative, sentence};
use crate::output::{self, Answer, Records, cell};
use crate::screen::Screen;
use crate::table::{Align, Table, paragraph};
use clap::Args;
use keelmark_api::liquidation::{CrossingReport, CrossingState, DistanceReport, FactorKind};
use keelmark_api::{Context, LiquidationReport};
use keelmark_book::Portfolio;
use keelmark_margin::Document;
use keelmark_margin::distance::distances;
use std::fmt::Write as _;

/// Arguments of `liq`.
#[derive(Args, Debug)]
pub struct LiqArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    format: FormatArgs,
}

/// Runs `liq`.
pub fn run(arguments: &LiqArgs, screen: Screen) -> Result<Answer, Failure> {
    let inputs = inputs::read(&arguments.inputs, screen)?;
    let document = crate::models::document(&arguments.model, &inputs.market, screen)?;
    let context = Context::new(&inputs.market);
    let mut reports = Vec::new();
    for account in &inputs.accounts {
        reports.push(report(&context, &document, account)?);
    }
    output::list(arguments.format.format(), &reports, records, |reports| {
        let mut text = heading(&inputs.market, &document);
        for report in reports {
            let _ = writeln!(text, "{}\n{}", report.account, table(report));
        }
        text.push_str(&paragraph(
            "  ",
            "each factor is moved alone, every position's requirement moving with it; prices are \
             of the index, forwards and futures move with it",
        ));
        text
    })
}

/// The report of one account.
pub fn report(
    context: &Context<'_>,
    document: &Document,
    account: &Portfolio,
) -> Result<LiquidationReport, Failure> {
    let found = distances(document, context.market, account)
        .map_err(|error| Failure::margin(&account.account, &document.name, &error))?;
    Ok(context.liquidation(document, account, &found))
}

/// A row a factor, with the reasons under it where there is no liquidation price.
pub fn table(report: &LiquidationReport) -> String {
    let mut table = Table::new(&[
        ("Factor", Align::Left),
        ("Down to", Align::Right),
        ("", Align::Right),
        ("Up to", Align::Right),
        ("", Align::Right),
    ]);
    let many = report.distances.iter().any(|one| one.pool != "account");
    let mut reasons: Vec<String> = Vec::new();
    for one in &report.distances {
        let pool = if many { format!("{} · ", one.pool) } else { String::new() };
        let factor = format!("{pool}{}", factor(one));
        let (down, up) = (crossing(one, &one.down), crossing(one, &one.up));
        for (side, found) in [("down", &one.down), ("up", &one.up)] {
            if let Some(reason) = &found.reason {
                reasons.push(format!("{factor} {side}: none, {}", sentence(reason)));
            }
        }
        table.row([factor.into(), down.0.into(), down.1.into(), up.0.into(), up.1.into()]);
    }
    let mut text = table.text(false);
    for reason in reasons {
        text.push_str(&paragraph("  ", &reason));
    }
    text
}

/// A row a pool and underlying, price and volatility side by side, without reasons.
pub fn at_a_glance(reports: &[LiquidationReport]) -> String {
    let mut table = Table::new(&[
        ("Account", Align::Left),
        ("", Align::Left),
        ("Price down to", Align::Right),
        ("", Align::Right),
        ("up to", Align::Right),
        ("", Align::Right),
        ("Vol", Align::Right),
    ]);
    for report in reports {
        let of = |kind| report.distances.iter().filter(move |one| one.factor == kind);
        for price in of(FactorKind::Price) {
            let vol = of(FactorKind::Vol)
                .find(|one| one.pool == price.pool && one.underlying == price.underlying);
            let name = match price.pool.as_str() {
                "account" => report.account.clone(),
                pool => format!("{} · {pool}", report.account),
            };
            let (down, up) = (crossing(price, &price.down), crossing(price, &price.up));
            table.row([
                name.into(),
                price.underlying.to_string().into(),
                down.0.into(),
                down.1.into(),
                up.0.into(),
                up.1.into(),
                vol.map_or_else(|| "none".to_owned(), nearest_vol).into(),
            ]);
        }
    }
    table.text(false)
}

/// The volatility moves that liquidate, of either direction.
fn nearest_vol(one: &DistanceReport) -> String {
    let points = |found: &CrossingReport| match (found.state, found.change) {
        (CrossingState::Already, _) => Some("now".to_owned()),
        (_, change) => change.map(|change| format!("{:+.0} points", change * 100.0)),
    };
    match (points(&one.down), points(&one.up)) {
        (Some(down), Some(up)) if down == up => down,
        (Some(down), Some(up)) => format!("{down}, {up}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "none".to_owned(),
    }
}

fn factor(one: &DistanceReport) -> String {
    match one.factor {
        FactorKind::Price => format!("{} price", one.underlying),
        FactorKind::Vol => format!("{} vol", one.underlying),
    }
}

/// Where it is, and how far that is.
fn crossing(one: &DistanceReport, found: &CrossingReport) -> (String, String) {
    match (found.state, found.level, found.change) {
        (CrossingState::Already, _, _) => ("now".to_owned(), String::new()),
        (_, Some(level), Some(change)) => match one.factor {
            FactorKind::Price => (grouped(level, 2), relative(change)),
            FactorKind::Vol => (format!("{:+.1} points", change * 100.0), String::new()),
        },
        _ => ("none".to_owned(), String::new()),
    }
}

fn records(reports: &[LiquidationReport]) -> Records {
    let mut records = Records::new(&[
        "account",
        "model",
        "pool",
        "factor",
        "underlying",
        "direction",
        "state",
        "level",
        "change",
        "reason",
        "as_of",
        "inputs",
    ]);
    for report in reports {
        for one in &report.distances {
            for (direction, found) in [("down", &one.down), ("up", &one.up)] {
                let state = match found.state {
                    CrossingState::At => "at",
                    CrossingState::None => "none",
                    CrossingState::Already => "already",
                };
                records.row([
                    report.account.clone(),
                    report.model.name.clone(),
                    one.pool.clone(),
                    if one.factor == FactorKind::Price { "price" } else { "vol" }.to_owned(),
                    one.underlying.to_string(),
                    direction.to_owned(),
                    state.to_owned(),
                    cell(found.level.as_ref()),
                    cell(found.change.as_ref()),
                    found.reason.clone().unwrap_or_default(),
                    inputs::time(report.as_of),
                    report.inputs.clone(),
                ]);
            }
        }
    }
    records
}
