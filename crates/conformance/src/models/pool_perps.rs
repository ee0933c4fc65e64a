//! Perpetuals by tiers of leverage, and perpetuals against a pool whose depth sets the margin.

use crate::desk::{Contract, Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Price, Quantity, Rate};
use keelmark_margin::Document;
use keelmark_margin::charge::Tiers;
use keelmark_margin::impact;

const BY_LEVERAGE: &str = "hyperliquid";
const BY_SKEW: &str = "synthetix-v3";

/// `hyperliquid-maintenance-margin`.
pub fn tiered_by_leverage(inputs: Inputs<'_>) -> Answer {
    let mut rows = Vec::new();
    for row in inputs.list("tiers")? {
        let Json::List(row) = row else { return problem("tiers: expected lists of two") };
        let [floor, leverage] = row.as_slice() else {
            return problem("tiers: expected [lower bound, max leverage]");
        };
        rows.push((decimal(floor, "tiers")?, decimal(leverage, "tiers")?));
    }
    let limits = rows.iter().skip(1).map(|(floor, _)| Some(*floor)).chain([None]);
    let tiers: Vec<(Option<Decimal>, Decimal)> =
        limits.zip(&rows).map(|(limit, (_, leverage))| (limit, *leverage)).collect();
    let text: Vec<String> = tiers
        .iter()
        .map(|(limit, leverage)| match limit {
            Some(limit) => format!("{{ up_to = \"{limit}\", leverage = \"{leverage}\" }}"),
            None => format!("{{ leverage = \"{leverage}\" }}"),
        })
        .collect();
    let changes = [("charge.tiered.tiers", format!("[{}]", text.join(", ")))];
    let document = document(BY_LEVERAGE, &changes)?;
    let notional = inputs.number("notional")?;
    let mut desk = Desk::new();
    desk.hold(Contract::linear("COIN", Decimal::ONE)?, notional, Some(Decimal::ONE))?;
    let amount = charge(&desk.pool(&document)?, "tiered")?;
    let tiers: Vec<_> =
        tiers.iter().map(|(limit, leverage)| (limit.map(Money::new), *leverage)).collect();
    let table = Tiers::from_leverage(&tiers, share(&document)?).map_err(Problem)?;
    let (tier, rate, deduction) = table.reached(Money::new(notional));
    Ok(Json::object([
        ("maintenance_margin", amount.into()),
        ("rate", rate.decimal().into()),
        ("deduction", deduction.into()),
        ("max_leverage", tiers[tier].1.into()),
    ]))
}

/// The share of the margin at a tier's highest leverage that maintenance is.
fn share(document: &Document) -> Result<Rate, Problem> {
    Ok(Rate::new(document.rule("maintenance_share")?))
}

/// Parameters of a market, by the field of a case.
const BY_MARKET: &[(&str, &str)] = &[
    ("params.skew_scale", "skew_scale"),
    ("params.initial_fraction", "initial_margin_fraction"),
    ("params.minimum_ratio", "min_initial_margin_ratio"),
    ("params.maintenance_scalar", "maintenance_scalar"),
    ("params.position_minimum", "min_position_margin"),
    ("params.flag_ratio", "liquidation_reward_ratio"),
];

/// A case's reward has no bounds and nothing but the flag's part.
const WITHOUT_BOUNDS: &[(&str, &str)] =
    &[("levels.initial", "\"initial_margins + flag_reward + orders\"")];

/// `synthetix-v3-perps-margin`: positions opened at the fill price from no skew.
pub fn margins(inputs: Inputs<'_>) -> Answer {
    let mut changes: Vec<(&str, String)> =
        WITHOUT_BOUNDS.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let rows = inputs.list("markets")?;
    for (path, field) in BY_MARKET {
        let mut values = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            values.push(format!("M{number} = \"{}\"", Inputs(row).number(field)?));
        }
        changes.push((*path, format!("{{ {} }}", values.join(", "))));
    }
    let document = document(BY_SKEW, &changes)?;
    let mut desk = Desk::new();
    for (number, row) in rows.iter().enumerate() {
        let (row, name) = (Inputs(row), format!("M{number}"));
        let (size, price) = (row.number("size")?, row.number("price")?);
        let entry = impact::fill_price(
            Price::new(price),
            Quantity::ZERO,
            Quantity::new(row.number("skew_scale")?),
            Quantity::new(size),
        )?;
        let contract = Contract::linear(&name, price)?.named(&name);
        desk.hold(contract, size, Some(entry.decimal()))?;
    }
    if let Some(collateral) = inputs.number_if_any("collateral_usd")? {
        desk.entry("USD", collateral)?;
    }
    let pool = desk.pool(&document)?;
    let (initial, maintenance) =
        (charge(&pool, "initial_margins")?, charge(&pool, "maintenance_margins")?);
    let reward = charge(&pool, "flag_reward")?;
    Ok(Json::object([
        ("initial_margin", initial.into()),
        ("initial_margin_ex_reward", initial.into()),
        ("maintenance_margin", maintenance.into()),
        ("maintenance_margin_ex_reward", maintenance.into()),
        ("flag_reward", reward.into()),
        ("liquidation_reward_flag", reward.into()),
        ("available_margin", pool.health.equity.into()),
        ("withdrawable", pool.health.available().into()),
    ]))
}

/// `synthetix-v3-fill-price`.
pub fn fill_price(inputs: Inputs<'_>) -> Answer {
    let found = impact::fill_price(
        Price::new(inputs.number("index_price")?),
        Quantity::new(inputs.number("skew")?),
        Quantity::new(inputs.number("skew_scale")?),
        Quantity::new(inputs.number("size_delta")?),
    )?;
    Ok(Json::object([("fill_price", found.decimal().into())]))
}
