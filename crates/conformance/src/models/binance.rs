//! Futures margined in dollars or in coin, and the parts of a unified account.

use super::liquidation::{self, Account};
use crate::desk::{Contract, Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Decimal, InstrumentId, Money, Price, Rate, Round, profit};
use keelmark_margin::charge::Part;
use keelmark_margin::{Document, PoolMargin};

const USD_MARGINED: &str = "binance-usdm";
const COIN_MARGINED: &str = "binance-coinm";
const UNIFIED: &str = "binance-unimmr";
const TIERS: &str = "charge.futures_maintenance.tiers";

/// `binance.usdm.cross`: several positions, or one with its account.
pub fn cross(inputs: Inputs<'_>) -> Answer {
    let Some(Json::List(rows)) = inputs.0.get("positions") else { return single(inputs) };
    let mut desk = Desk::new();
    let (mut tiers, mut held) = (Vec::new(), Vec::new());
    for row in rows {
        let row = Inputs(row);
        let symbol = row.text("symbol")?;
        tiers.push(format!("{symbol} = {}", one_tier(row)?));
        let contract = Contract::linear(symbol, row.number("mark")?)?;
        let entry = row.number_if_any("entry")?;
        held.push((symbol, desk.hold(contract, row.number("size")?, entry)?));
    }
    let tiers = format!("{{ {} }}", tiers.join(", "));
    let document = document(USD_MARGINED, &[(TIERS, tiers)])?;
    let pool = desk.pool(&document)?;
    let mut fields = Vec::new();
    for (symbol, id) in held {
        let own = Json::object([
            ("maint_margin", part(&pool, id).into()),
            ("upnl", gain(&desk, id)?.into()),
        ]);
        fields.push((symbol.to_owned(), own));
    }
    Ok(Json::Object(fields))
}

/// One position, whose notional or mark is given.
fn single(inputs: Inputs<'_>) -> Answer {
    let size = inputs.number("size")?;
    let mark = match inputs.first_of(&["mark", "mark_price"]) {
        Some(name) => inputs.number(name)?,
        None => inputs.number("notional")?.abs().over(size.abs(), Round::Nearest)?,
    };
    let entry = inputs.first_of(&["entry", "entry_price"]).unwrap_or("entry");
    let entry = inputs.number_or(entry, mark)?;
    let document = document(USD_MARGINED, &[(TIERS, one_tier(inputs)?)])?;
    let mut desk = Desk::new();
    let contract = Contract::linear("COIN", mark)?;
    let leverage = inputs.number_if_any("leverage")?;
    let id = desk.hold_with_leverage(contract, size, Some(entry), leverage)?;
    let upnl = gain(&desk, id)?;
    let bare = desk.pool(&document)?;
    let mut fields = vec![
        ("mark_price", Json::from(mark)),
        ("upnl", upnl.into()),
        ("initial_margin", charge(&bare, "futures_initial")?.into()),
        ("maintenance_margin", charge(&bare, "futures_maintenance")?.into()),
    ];
    if let Some(collateral) = inputs.number_if_any("collateral_including_upnl")? {
        let wallet = collateral.minus(upnl.decimal())?;
        desk.entry("USD", wallet)?;
        let health = desk.pool(&document)?.health;
        let account = Account {
            wallet,
            size,
            entry,
            rate: inputs.number("mmr")?,
            deduction: inputs.number_or("cum", Decimal::ZERO)?,
            rest_maintenance: inputs.number_or("tmm_others", Decimal::ZERO)?,
            rest_profit: inputs.number_or("upnl_others", Decimal::ZERO)?,
        };
        fields.push(("margin_ratio", health.mm_used.into()));
        fields.push(("liquidation_price", liquidation::price(&account)?.into()));
    }
    Ok(Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// `binance.coinm.position`.
pub fn coin_position(inputs: Inputs<'_>) -> Answer {
    let mark = inputs.number("mark")?;
    let (desk, document, id) = coin_desk(inputs, mark)?;
    let pool = desk.pool(&document)?;
    Ok(Json::object([
        ("notional", notional(&desk, id)?.into()),
        ("upnl", gain(&desk, id)?.into()),
        ("initial_margin", charge(&pool, "futures_initial")?.into()),
        ("maintenance_margin", charge(&pool, "futures_maintenance")?.into()),
    ]))
}

/// `binance.coinm.initial_margin`: in the coin of the contract, whichever that is.
pub fn coin_initial(inputs: Inputs<'_>) -> Answer {
    let (desk, document, _) = coin_desk(inputs, inputs.number("price")?)?;
    let initial = charge(&desk.pool(&document)?, "futures_initial")?;
    Ok(Json::object([
        ("initial_margin", initial.into()),
        ("initial_margin_btc", initial.into()),
        ("initial_margin_eth", initial.into()),
        ("initial_margin_coin", initial.into()),
    ]))
}

/// `binance.unimmr.parts`: what is held and owed of each asset, in itself, and profit of futures.
pub fn unified_parts(inputs: Inputs<'_>) -> Answer {
    let mut fields = Vec::new();
    if inputs.has("margin") {
        let (equity, maintenance) = spot_parts(inputs)?;
        fields.push(("margin_equity".to_owned(), Json::Object(equity)));
        fields.push(("margin_mm".to_owned(), Json::Object(maintenance)));
    }
    for (name, answer) in [("um", "upnl"), ("cm", "cm_upnl")] {
        if !inputs.has(name) {
            continue;
        }
        let mut gains = Vec::new();
        for row in inputs.list(name)? {
            let row = Inputs(row);
            let mut desk = Desk::new();
            let quantity = row.number("qty")?.times(row.side()?, Round::Nearest)?;
            let mark = row.number("mark")?;
            let contract = match row.number_if_any("contract_usd")? {
                Some(face) => Contract::inverse("COIN", face, mark)?,
                None => Contract::linear("COIN", mark)?,
            };
            let id = desk.hold(contract, quantity, Some(row.number("entry")?))?;
            gains.push(gain(&desk, id)?);
        }
        fields.push((answer.to_owned(), gains.into()));
    }
    Ok(Json::Object(fields))
}

/// `binance.unimmr.status`.
pub fn unified_status(inputs: Inputs<'_>) -> Answer {
    let document = Document::named(UNIFIED)?;
    let status = inputs.each("unimmr", |ratio| match document.band(Rate::new(ratio)) {
        Some(band) => Ok(band.name.as_str().into()),
        None => problem(format!("{UNIFIED} has no band for {ratio}")),
    })?;
    Ok(Json::object([("status", status)]))
}

type Named = Vec<(String, Json)>;

fn spot_parts(inputs: Inputs<'_>) -> Result<(Named, Named), Problem> {
    let rate = inputs.0.get("margin_mmr_at_3x").or_else(|| first_rate(inputs));
    let Some(rate) = rate else { return problem("expected an input margin_mmr_at_3x") };
    let rate = decimal(rate, "margin_mmr")?;
    let mut changes = vec![("params.loan_rate".to_owned(), rate.to_string())];
    // Coins are counted before any collateral rate, those that the document does not take too.
    for (name, _) in inputs.fields("margin")? {
        changes.push((format!("collateral.assets.{}", name.to_ascii_uppercase()), "1".to_owned()));
    }
    let changes: Vec<(&str, String)> =
        changes.iter().map(|(path, value)| (path.as_str(), value.clone())).collect();
    let document = document(UNIFIED, &changes)?;
    let (mut equity, mut maintenance) = (Vec::new(), Vec::new());
    for (name, held) in inputs.fields("margin")? {
        let held = Inputs(held);
        // At a price of one every amount is in the asset's own unit.
        let mut desk = Desk::new();
        desk.price(name, Decimal::ONE)?;
        desk.entry(name, held.number_or("asset", Decimal::ZERO)?)?;
        let loan = held.number_or("loan", Decimal::ZERO)?;
        if !loan.is_zero() {
            desk.entry(name, -loan)?;
        }
        let pool = desk.pool(&document)?;
        let coins = pool.equity.coins.values().next().copied().unwrap_or_default();
        equity.push((name.clone(), coins.into()));
        maintenance.push((name.clone(), charge(&pool, "loans")?.into()));
    }
    Ok((equity, maintenance))
}

/// The maintenance rate of loans at whatever leverage the case names.
fn first_rate(inputs: Inputs<'_>) -> Option<&Json> {
    let Json::Object(fields) = inputs.0 else { return None };
    fields.iter().find(|(name, _)| name.starts_with("margin_mmr")).map(|(_, rate)| rate)
}

fn coin_desk(inputs: Inputs<'_>, mark: Decimal) -> Result<(Desk, Document, InstrumentId), Problem> {
    let mut changes = Vec::new();
    if inputs.has("mmr") {
        changes.push((TIERS, one_tier(inputs)?));
    }
    let document = document(COIN_MARGINED, &changes)?;
    let mut desk = Desk::new();
    let contract = Contract::inverse("COIN", inputs.number("contract_usd")?, mark)?;
    let contracts = inputs.number("contracts")?.times(inputs.side()?, Round::Nearest)?;
    let entry = inputs.first_of(&["entry", "entry_price"]).unwrap_or("entry");
    let (entry, leverage) = (inputs.number_if_any(entry)?, inputs.number_if_any("leverage")?);
    let id = desk.hold_with_leverage(contract, contracts, entry, leverage)?;
    Ok((desk, document, id))
}

/// The one bracket that a case gives.
fn one_tier(inputs: Inputs<'_>) -> Result<String, Problem> {
    let rate = inputs.number("mmr")?;
    let deduction = inputs.number_or("cum", Decimal::ZERO)?;
    Ok(format!("[{{ rate = \"{rate}\", deduction = \"{deduction}\" }}]"))
}

/// What a position adds to the maintenance of futures.
fn part(pool: &PoolMargin, id: InstrumentId) -> Money {
    let charge = pool.charges.iter().find(|one| one.name == "futures_maintenance");
    let parts = charge.map(|charge| charge.plain.parts.as_slice()).unwrap_or_default();
    let own = parts.iter().find(|(part, _)| *part == Part::Position(id));
    own.map(|(_, amount)| *amount).unwrap_or_default()
}

/// Profit of a position since its entry; none where it has no entry.
fn gain(desk: &Desk, id: InstrumentId) -> Result<Money, Problem> {
    let position = desk.account.positions.iter().find(|one| one.instrument == id);
    let Some((position, entry)) = position.and_then(|one| Some((one, one.avg_price?))) else {
        return Ok(Money::ZERO);
    };
    let instrument = desk.market.instruments.get(id);
    let mark = desk.market.quote(id).mark;
    Ok(profit::profit(instrument, position.quantity, entry, mark, Round::Nearest)?)
}

fn notional(desk: &Desk, id: InstrumentId) -> Result<Money, Problem> {
    let position = desk.account.positions.iter().find(|one| one.instrument == id);
    let quantity = position.map(|one| one.quantity).unwrap_or_default();
    let mark: Price = desk.market.quote(id).mark;
    Ok(profit::notional(desk.market.instruments.get(id), quantity, mark, Round::Nearest)?)
}
