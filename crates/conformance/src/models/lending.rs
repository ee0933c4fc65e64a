//! Loans: health of pooled and isolated ones, and what happens to those that fail.

use crate::desk::{Desk, document};
use crate::inputs::{Answer, Inputs};
use crate::json::Json;
use keelmark_book::{Money, Price, Rate};
use keelmark_margin::Document;
use keelmark_margin::lending::{self, BorrowCurve, CloseRule, Distress};

const POOLED: &str = "aave-v3";
const ISOLATED: &str = "morpho-blue";
const WITH_PERPETUALS: &str = "hyperliquid-pm";

/// `aave-v3-health-factor`.
pub fn health_factor(inputs: Inputs<'_>) -> Answer {
    let mut desk = Desk::new();
    let mut thresholds = vec!["USD = \"1\"".to_owned()];
    for (number, row) in inputs.list("collateral")?.iter().enumerate() {
        let (row, name) = (Inputs(row), format!("C{number}"));
        desk.price(&name, row.number("price")?)?;
        desk.entry(&name, row.number("amount")?)?;
        thresholds.push(format!("{name} = \"{}\"", row.number("liquidation_threshold")?));
    }
    desk.entry("USD", -inputs.number("debt_usd")?)?;
    let thresholds = format!("{{ {} }}", thresholds.join(", "));
    let document = document(POOLED, &[("charge.threshold.asset", thresholds)])?;
    let found = lending::health_factor(&desk.market, &desk.pool(&document)?, "maintenance")?;
    Ok(Json::object([("health_factor", found.map(Rate::decimal).into())]))
}

/// `aave-v3.3-close-factor`.
pub fn close_factor(inputs: Inputs<'_>) -> Answer {
    let money = |name: &str| inputs.number(name).map(Money::new);
    let rule = CloseRule {
        whole_below: Rate::new(inputs.number("hf_threshold")?),
        share: Rate::new(inputs.number("default_close_factor")?),
        smallest: money("min_base_usd")?,
    };
    let account = Distress {
        health_factor: Rate::new(inputs.number("health_factor")?),
        debt: money("debt_in_reserve_usd")?,
        collateral: money("collateral_in_reserve_usd")?,
        all_debt: money("total_debt_usd")?,
    };
    let most = rule.most(&account, money("debt_to_cover_usd")?)?;
    Ok(Json::object([("max_debt_liquidated_usd", most.into())]))
}

/// `aave-v3-seize`.
pub fn seized(inputs: Inputs<'_>) -> Answer {
    let found = lending::seized(
        Money::new(inputs.number("debt_to_cover_usd")?),
        Price::new(inputs.number("collateral_price")?),
        Money::new(inputs.number("collateral_balance")?),
        Rate::new(inputs.number("liquidation_bonus")?),
        Rate::new(inputs.number("protocol_fee")?),
    )?;
    Ok(Json::object([
        ("collateral_to_liquidator", found.to_liquidator.into()),
        ("debt_needed_usd", found.repaid.into()),
        ("protocol_fee_collateral", found.fee.into()),
    ]))
}

/// `morpho-health`.
pub fn isolated_health(inputs: Inputs<'_>) -> Answer {
    let limit = format!("{{ COIN = \"{}\", USD = \"1\" }}", inputs.number("lltv")?);
    let document = document(ISOLATED, &[("charge.limit.asset", limit)])?;
    let mut desk = Desk::new();
    desk.price("COIN", inputs.number("price")?)?;
    desk.entry("COIN", inputs.number("collateral")?)?;
    desk.entry("USD", -inputs.number("debt")?)?;
    let healthy = !desk.pool(&document)?.health.liquidates;
    Ok(Json::object([("healthy", Json::Bool(healthy))]))
}

/// `morpho-liquidation-incentive`.
pub fn incentive(inputs: Inputs<'_>) -> Answer {
    let rate = |name: &str| inputs.number(name).map(Rate::new);
    let found = lending::incentive(rate("lltv")?, rate("cursor")?, rate("max")?)?;
    Ok(Json::object([("incentive", found.decimal().into())]))
}

/// `hyperliquid-pm-borrowable`.
pub fn borrowable(inputs: Inputs<'_>) -> Answer {
    let found = lending::borrowable(
        Money::new(inputs.number("balance")?),
        Price::new(inputs.number("price")?),
        Rate::new(inputs.number("ltv")?),
    )?;
    Ok(Json::object([("borrowable_usd", found.into())]))
}

/// `hyperliquid-borrow-rate`.
pub fn borrow_rate(inputs: Inputs<'_>) -> Answer {
    let curve = BorrowCurve::of(&Document::named(WITH_PERPETUALS)?)?;
    let found = curve.borrow_rate(Rate::new(inputs.number("utilisation")?))?;
    Ok(Json::object([("borrow_rate", found.decimal().into())]))
}
