//! What `--explain` prints: how each number of an account came about.

use crate::made;
use crate::number::{percent, relative, required, signed, value};
use crate::table::{Align, Cell, Table, paragraph};
use keelmark_api::AccountReport;
use keelmark_api::pool::{ChargeReport, LevelReport, PartReport, PoolReport};
use keelmark_book::Asset;
use keelmark_margin::Document;
use std::fmt::Write as _;

/// The explanation of an account.
pub fn text(document: &Document, report: &AccountReport) -> String {
    let mut out = format!("{} explained\n", report.account);
    out.push_str(&paragraph("  model: ", &document.title));
    for source in &document.sources {
        out.push_str(&paragraph("  source: ", source));
    }
    out.push_str(&made::explained(report.model.made.as_ref()));
    let prices: Vec<String> = report
        .valuation
        .prices
        .iter()
        .map(|(asset, feed)| format!("{asset} {}", feed.price))
        .collect();
    out.push_str(&paragraph("  prices: ", &prices.join(", ")));
    out.push_str(&paragraph(
        "  rounding: ",
        "requirements up, equity and credits down, at the 18th decimal place; what is shown is \
         rounded the same way",
    ));
    let versions = format!(
        "{} · engine {} · inputs {}",
        report.params_version, report.engine_version, report.inputs
    );
    out.push_str(&paragraph("  computed from: ", &versions));
    for pool in &report.pools {
        out.push('\n');
        out.push_str(&pool_text(document, pool));
    }
    out.push('\n');
    out
}

fn pool_text(document: &Document, pool: &PoolReport) -> String {
    let currency = &pool.currency;
    let mut out = format!("  Pool {}, in {currency}\n", pool.name);
    let parts = &pool.equity;
    let counted = |counts: bool| if counts { "" } else { " (not counted)" };
    let equity = format!(
        "collateral {} + futures {}{} + options {}{} = {}; net value {}",
        value(parts.collateral, currency),
        value(parts.futures, currency),
        counted(document.equity.futures),
        value(parts.options, currency),
        counted(document.equity.options),
        value(parts.total, currency),
        value(pool.net_value, currency),
    );
    out.push_str(&paragraph("    equity: ", &equity));
    for level in &pool.levels {
        out.push_str(&paragraph(&format!("    {} = ", level.name), &level.formula));
        let mut own = required(level.amount, currency);
        if level.orders.is_positive() {
            let _ = write!(own, ", of which open orders {}", required(level.orders, currency));
        }
        let pad = " ".repeat(level.name.chars().count());
        out.push_str(&paragraph(&format!("    {pad} = "), &own));
    }
    let health = format!(
        "{} used (liquidates at 100 %), headroom {}",
        percent(pool.mm_utilisation),
        value(pool.headroom, currency)
    );
    out.push_str(&paragraph("    maintenance: ", &health));
    for worst in &pool.worst {
        let own = format!(
            "{} {}, vol {}: {}, the worst of {} (number {}, in {})",
            worst.underlying,
            relative(worst.price_move),
            worst.vol,
            signed(worst.profit, currency),
            worst.scenarios,
            worst.index + 1,
            worst.scan,
        );
        out.push_str(&paragraph(&format!("    scenario of {}: ", worst.charge), &own));
    }
    for note in &pool.notes {
        out.push_str(&paragraph("    note: ", note));
    }
    out.push_str(&charges_text(document, &pool.charges, currency));
    out.push_str(&parts_text(&pool.levels, currency));
    out
}

/// Every charge that a level asks for: one that is inherited and counts nowhere explains nothing.
fn charges_text(document: &Document, charges: &[ChargeReport], currency: &Asset) -> String {
    let mut table = Table::new(&[("Charge", Align::Left), ("Amount", Align::Right)]).indented(4);
    for charge in charges.iter().filter(|one| document.counts(&one.name)) {
        let name = format!("{} ({})", charge.name, charge.kind);
        table.row([name.into(), required(charge.amount, currency).into()]);
        for line in &charge.lines {
            let text = format!("  {}", line.text);
            table.row([text.into(), required(line.amount, currency).into()]);
        }
        if charge.amount_with_orders != charge.amount {
            let amount = required(charge.amount_with_orders, currency);
            table.row(["  with the worst fills of open orders".into(), amount.into()]);
        }
    }
    format!("\n{}", table.text(false))
}

/// Each holding's part of every level, largest first.
fn parts_text(levels: &[LevelReport], currency: &Asset) -> String {
    let mut columns = vec![("Part of the requirement", Align::Left)];
    columns.extend(levels.iter().map(|level| (level.name.as_str(), Align::Right)));
    let mut table = Table::new(&columns).indented(4);
    let mut keys: Vec<&PartReport> = Vec::new();
    for part in levels.iter().flat_map(|level| &level.parts) {
        if !keys.iter().any(|known| same(known, part)) {
            keys.push(part);
        }
    }
    let of = |level: &LevelReport, key: &PartReport| {
        level.parts.iter().find(|part| same(part, key)).map(|part| part.amount).unwrap_or_default()
    };
    let first = levels.first();
    keys.sort_by_key(|key| {
        let amount = first.map(|level| of(level, key)).unwrap_or_default();
        (key.rest.is_some(), std::cmp::Reverse(amount.abs()))
    });
    for key in keys {
        let mut cells: Vec<Cell> = vec![name(key).into()];
        cells.extend(levels.iter().map(|level| signed(of(level, key), currency).into()));
        table.row(cells);
    }
    let mut sums: Vec<Cell> = vec!["sum".into()];
    sums.extend(levels.iter().map(|level| required(level.amount, currency).into()));
    table.row(sums);
    format!("\n{}", table.text(false))
}

fn same(one: &PartReport, other: &PartReport) -> bool {
    one.instrument == other.instrument && one.asset == other.asset && one.rest == other.rest
}

fn name(part: &PartReport) -> String {
    match (&part.instrument, &part.asset, &part.rest) {
        (Some(instrument), _, _) => instrument.venue_symbol.clone(),
        (None, Some(asset), _) => format!("{asset} held"),
        (None, None, Some(rest)) => rest.clone(),
        (None, None, None) => String::new(),
    }
}
