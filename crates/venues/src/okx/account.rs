//! `account/*`: what is held, and what the venue says it needs.
//!
//! In portfolio margin every position of a risk unit repeats the requirement of the unit, so the
//! requirements of positions are never summed where the reply of the balance has the account's.

use super::symbol::VENUE;
use crate::assembly::{Draft, Leg, Resting, Seen};
use crate::imported::{Figure, What};
use crate::json::At;
use crate::orders::{Why, buys, closes, left, says};
use keelmark_book::{Asset, Decimal, InputError, Money, Price, Quantity, Round};
use std::collections::BTreeSet;

/// How the account is margined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    /// Position by position, one pool.
    #[default]
    MultiCurrency,
    /// By risk units.
    Portfolio,
}

/// Reads `account/config`.
pub(super) fn config(rows: &[At<'_>], notes: &mut Vec<String>) -> Result<Option<Mode>, InputError> {
    let Some(row) = rows.first() else { return Ok(None) };
    match row.word("acctLv")? {
        "4" => Ok(Some(Mode::Portfolio)),
        "3" => Ok(Some(Mode::MultiCurrency)),
        "1" | "2" => {
            notes.push("acctLv: one pool per currency, which no document has: one pool".to_owned());
            Ok(Some(Mode::MultiCurrency))
        }
        other => Err(row.error(format!("acctLv: expected 1, 2, 3 or 4, found {other:?}"))),
    }
}

/// Reads `account/balance`: cash less accrued interest is collateral; profit of positions comes
/// from the positions.
pub(super) fn balance<'a>(
    rows: &[At<'a>],
    draft: &mut Draft<'a>,
    reported: &mut Vec<Figure>,
) -> Result<(), InputError> {
    let Some(row) = rows.first() else { return Ok(()) };
    let as_of = row.millis("uTime")?;
    draft.time(as_of);
    draft.account(VENUE);
    for detail in row.need("details")?.items()? {
        let asset = detail.asset("ccy")?;
        let interest = detail.maybe("interest")?.unwrap_or_default();
        let cash = detail.amount("cashBal")?.minus(interest.abs());
        let cash = cash.map_err(|error| detail.error(error))?;
        draft.cash(&detail, VENUE, asset.clone(), cash)?;
        // The venue's own dollar price of the coin, where nothing better is among the files.
        if let (Some(eq), Some(dollars)) = (detail.positive("eq")?, detail.positive("eqUsd")?)
            && asset != Asset::usd()
        {
            let price = dollars.over(eq, Round::Nearest).map_err(|error| detail.error(error))?;
            let seen = keelmark_book::Timestamp::default();
            draft.index(asset, Asset::usd(), Price::new(price), seen);
        }
    }
    let figures = [
        ("adjEq", What::Equity),
        ("imr", What::Initial),
        ("mmr", What::Maintenance),
        ("mgnRatio", What::Ratio),
    ];
    for (field, what) in figures {
        if let Some(value) = row.maybe(field)? {
            reported.push(figure(what, value));
        }
    }
    Ok(())
}

fn figure(what: What, value: Decimal) -> Figure {
    Figure { account: VENUE.to_owned(), what, currency: Asset::usd(), value }
}

/// The requirement that a row of positions prints.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    name: String,
    /// What its unit is called: the coin.
    unit: String,
    currency: Asset,
    shared: bool,
    levels: [(&'static str, Option<Decimal>); 2],
}

/// Whether several positions of a unit print the same requirement, which is then the unit's.
pub(super) fn repeats(rows: &[Printed]) -> bool {
    let mut said = BTreeSet::new();
    let shared = rows.iter().filter(|one| one.shared && one.levels[1].1.is_some());
    shared.into_iter().any(|one| !said.insert((&one.unit, one.levels[0].1, one.levels[1].1)))
}

/// Requirements of positions one by one, or, where units repeat theirs, once a unit.
pub(super) fn parts(rows: &[Printed], by_unit: bool) -> Vec<Figure> {
    let mut out: Vec<Figure> = Vec::new();
    for row in rows {
        let together = |other: &&Printed| by_unit && other.shared && other.unit == row.unit;
        let units = by_unit && row.shared;
        let of: Vec<String> = if units {
            rows.iter().filter(together).map(|one| one.name.clone()).collect()
        } else {
            vec![row.name.clone()]
        };
        let name = if units { format!("unit {}", row.unit) } else { row.name.clone() };
        let currency = if units { Asset::usd() } else { row.currency.clone() };
        for (level, value) in row.levels {
            let Some(value) = value else { continue };
            let what = What::Part { level, name: name.clone(), of: of.clone() };
            if !(units && out.iter().any(|one| one.what == what)) {
                let currency = currency.clone();
                out.push(Figure { account: VENUE.to_owned(), what, currency, value });
            }
        }
    }
    out
}

/// Reads `account/positions`.
pub(super) fn positions<'a>(
    rows: &[At<'a>],
    draft: &mut Draft<'a>,
    printed: &mut Vec<Printed>,
    reported: &mut Vec<Figure>,
) -> Result<(), InputError> {
    draft.account(VENUE);
    for row in rows {
        if row.label("instType") == "MARGIN" {
            draft.left_out.add("positions", "spot on margin is held as its coins");
            continue;
        }
        let name = row.word("instId")?;
        let quantity = signed(row)?;
        if quantity.is_zero() {
            continue;
        }
        let mark = row.positive("markPx")?.map(Price::new);
        let as_of = row.millis("uTime")?;
        draft.time(as_of);
        draft.price(name, Seen { mark: None, as_of, ..Seen::default() });
        let settled = row.positive("nonSettleAvgPx")?;
        let entry = settled.or(row.positive("avgPx")?).map(Price::new);
        let own = match row.word("mgnMode")? {
            "cross" => None,
            "isolated" => Some(Money::new(row.amount("margin")?)),
            other => {
                let problem = format!("mgnMode: expected cross or isolated, found {other:?}");
                return Err(row.error(problem));
            }
        };
        let shared = own.is_none();
        draft.leg(Leg {
            at: row.clone(),
            account: VENUE.to_owned(),
            name: name.to_owned(),
            quantity: Quantity::new(quantity),
            entry,
            leverage: row.positive("lever")?,
            own,
            mark,
        });
        if let Some(value) = row.positive("liqPx")? {
            let currency = Asset::usd();
            let Ok(symbol) = super::symbol::parse(name) else { continue };
            let what = What::Liquidation(symbol.to_string());
            reported.push(Figure { account: VENUE.to_owned(), what, currency, value });
        }
        let unit = name.split('-').next().unwrap_or_default().to_owned();
        printed.push(Printed {
            name: name.to_owned(),
            unit,
            currency: row.asset("ccy").unwrap_or_else(|_| Asset::usd()),
            shared,
            levels: [("initial", row.positive("imr")?), ("maintenance", row.positive("mmr")?)],
        });
    }
    Ok(())
}

/// The size with its sign: of a net position its own, else of the side.
fn signed(row: &At<'_>) -> Result<Decimal, InputError> {
    let size = row.amount("pos")?;
    match row.label("posSide") {
        "" | "net" => Ok(size),
        "long" => Ok(size.abs()),
        "short" => Ok(-size.abs()),
        other => Err(row.error(format!("posSide: expected net, long or short, found {other:?}"))),
    }
}

/// Reads `trade/orders-pending`.
pub(super) fn orders<'a>(rows: &[At<'a>], draft: &mut Draft<'a>) -> Result<(), InputError> {
    draft.account(VENUE);
    for row in rows {
        let (kind, buys) = (row.label("instType"), buys(row, "side")?);
        draft.time(row.millis("uTime")?);
        let why = if ["SPOT", "MARGIN"].contains(&kind) {
            Some(Why::Spot)
        } else if !["live", "partially_filled", ""].contains(&row.label("state")) {
            Some(Why::Done)
        } else if says(row, "reduceOnly") {
            Some(Why::Reduces)
        } else if closes(row.label("posSide"), buys) {
            Some(Why::Closes)
        } else {
            None
        };
        if let Some(why) = why {
            why.count(&mut draft.left_out);
            continue;
        }
        let price = row.positive("px")?.map(Price::new);
        let other = [row.positive("pxUsd")?, row.positive("pxVol")?];
        if price.is_none() && other.iter().any(Option::is_some) {
            draft.left_out.add("prices of orders", "in dollars or volatility, not the mark's unit");
        }
        draft.order(Resting {
            at: row.clone(),
            account: VENUE.to_owned(),
            name: row.word("instId")?.to_owned(),
            quantity: left(row, "sz", "accFillSz", buys)?,
            price,
        });
    }
    Ok(())
}

/// Reads `account/position-builder`: totals and units, and, where no other reply has them, the
/// positions and assets that it was asked about.
pub(super) fn builder<'a>(
    rows: &[At<'a>],
    draft: &mut Draft<'a>,
    reported: &mut Vec<Figure>,
    holds: bool,
) -> Result<(), InputError> {
    let Some(row) = rows.first() else { return Ok(()) };
    draft.time(row.millis("ts")?);
    for (field, what) in [
        ("eq", What::Equity),
        ("totalImr", What::Initial),
        ("totalMmr", What::Maintenance),
        ("marginRatio", What::Ratio),
    ] {
        if let Some(value) = row.maybe(field)? {
            reported.push(figure(what, value));
        }
    }
    for unit in row.need("riskUnitData")?.items()? {
        let name = unit.word("riskUnit")?.to_owned();
        let held = unit.get("portfolios").map(|list| list.items()).transpose()?.unwrap_or_default();
        let of: Vec<String> = held.iter().map(|one| one.label("instId").to_owned()).collect();
        for (field, level) in [("imr", "initial"), ("mmr", "maintenance")] {
            if let Some(value) = unit.maybe(field)? {
                let name = format!("unit {name}");
                reported.push(figure(What::Part { level, name, of: of.clone() }, value));
            }
        }
        for one in held.iter().filter(|_| holds) {
            asked(one, draft)?;
        }
    }
    if !holds {
        return Ok(());
    }
    draft.account(VENUE);
    draft.notes.push(
        "position-builder: equity of an asset holds the profit of positions, so they have no \
         entry price here"
            .to_owned(),
    );
    for asset in row.get("assets").map(|list| list.items()).transpose()?.unwrap_or_default() {
        let equity = asset.maybe("availEq")?.unwrap_or_default();
        draft.cash(&asset, VENUE, asset.asset("ccy")?, equity)?;
    }
    Ok(())
}

/// A row of a unit: a position, or coins in use, which the assets hold already.
fn asked<'a>(row: &At<'a>, draft: &mut Draft<'a>) -> Result<(), InputError> {
    if row.label("instType") == "SPOT" {
        return Ok(());
    }
    let amount = row.amount("amt")?;
    let quantity = match row.label("posSide") {
        "short" => -amount.abs(),
        _ => amount,
    };
    draft.leg(Leg {
        at: row.clone(),
        account: VENUE.to_owned(),
        name: row.word("instId")?.to_owned(),
        quantity: Quantity::new(quantity),
        entry: None,
        leverage: None,
        own: None,
        mark: row.positive("markPx")?.map(Price::new),
    });
    Ok(())
}
