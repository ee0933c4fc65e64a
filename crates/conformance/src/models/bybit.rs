//! A unified account: options by formula, tiers, collateral, rates.

use super::tiers;
use crate::desk::{Contract, Desk, OptionTerms, charge, document};
use crate::inputs::{Answer, Inputs, Problem, problem, sometime};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, Money, Price, Right, Round, profit};

const DOCUMENT: &str = "bybit-cross";
const BASE: &str = "COIN";
/// Nanoseconds of a week, to any expiry.
const WEEK: i64 = 7 * 86_400 * 1_000_000_000;

/// `bybit.option.mm`.
pub fn option_maintenance(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, path) in
        [("mm_factor", "params.option_factor"), ("liq_fee_rate", "params.liquidation_fee")]
    {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document(DOCUMENT, &changes)?;
    let mut desk = Desk::new();
    hold_option(&mut desk, inputs, inputs.number("size")?, inputs.number("mark")?)?;
    let balance = inputs.number_if_any("margin_balance")?;
    desk.entry("USD", balance.unwrap_or_default())?;
    let pool = desk.pool(&document)?;
    let maintenance = pool.level("maintenance");
    let rate = match balance {
        Some(_) => Some(maintenance.ratio(pool.equity.total, Round::Nearest)?),
        None => None,
    };
    Ok(Json::object([("position_mm", maintenance.into()), ("account_mm_rate", rate.into())]))
}

/// `bybit.option.buy_cost`.
pub fn buy_cost(inputs: Inputs<'_>) -> Answer {
    let mut changes = vec![("levels.buy_cost", "\"buy_premium + buy_fee\"".to_owned())];
    for (input, path) in
        [("taker_rate", "params.taker_rate"), ("fee_cap_of_price", "params.fee_cap")]
    {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document(DOCUMENT, &changes)?;
    let mut desk = Desk::new();
    hold_option(&mut desk, inputs, inputs.number("qty")?.abs(), inputs.number("price")?)?;
    let pool = desk.pool(&document)?;
    Ok(Json::object([
        ("premium", charge(&pool, "buy_premium")?.into()),
        ("fee", charge(&pool, "buy_fee")?.into()),
        ("cost", pool.level("buy_cost").into()),
    ]))
}

/// `bybit.linear.tiered`.
pub fn tiered(inputs: Inputs<'_>) -> Answer {
    let rows = tiers::rows(inputs, "tiers")?;
    let rows = toml_rows(&rows, "rate");
    let document = document(DOCUMENT, &[("charge.futures_maintenance.tiers", rows)])?;
    let name = inputs.first_of(&["entry", "mark", "price"]).unwrap_or("entry");
    let entry = inputs.number(name)?;
    let mut desk = Desk::new();
    let leverage = inputs.number_if_any("leverage")?;
    let contracts = inputs.number("contracts")?;
    let contract = Contract::linear(BASE, entry)?;
    let id = desk.hold_with_leverage(contract, contracts, Some(entry), leverage)?;
    let pool = desk.pool(&document)?;
    let held = desk.account.positions[0].quantity;
    let instrument = desk.market.instruments.get(id);
    let value = profit::notional(instrument, held, Price::new(entry), Round::Nearest)?;
    Ok(Json::object([
        ("position_value", value.into()),
        ("initial_margin", charge(&pool, "futures_initial")?.into()),
        ("maintenance_margin", charge(&pool, "futures_maintenance")?.into()),
    ]))
}

/// `bybit.uta.collateral`: each amount of the coin apart.
pub fn collateral(inputs: Inputs<'_>) -> Answer {
    let Json::Object(fields) = inputs.0 else { return problem("expected inputs") };
    let tiers_of = fields.iter().find_map(|(name, _)| name.strip_prefix("tiers_"));
    let Some(coin) = tiers_of else { return problem("expected an input tiers_ of a coin") };
    let rows = tiers::rows(inputs, &format!("tiers_{coin}"))?;
    let name = coin.to_ascii_uppercase();
    let path = format!("collateral.assets.{name}");
    let rule = format!("{{ tiers = {} }}", toml_rows(&rows, "ratio"));
    let document = document(DOCUMENT, &[(path.as_str(), rule)])?;
    let mut desk = Desk::new();
    desk.price(&name, inputs.number(&format!("{coin}_usd"))?)?;
    let asset = Asset::new(&name)?;
    let value = inputs.each(coin, |amount| {
        let found = document.collateral.value(&asset, Money::new(amount), &desk.market)?;
        Ok(found.margin_value.into())
    })?;
    Ok(Json::object([("value_usd", value)]))
}

/// `bybit.uta.account`: the margin balance, and rates over what is left of it.
pub fn account(inputs: Inputs<'_>) -> Answer {
    let mode = if inputs.has("mode") { inputs.text("mode")? } else { "cross" };
    let options = matches!(mode, "pm" | "portfolio" | "portfolio_margin");
    let document = document(DOCUMENT, &[("equity.options", options.to_string())])?;
    let part = |name: &str| inputs.number_or(name, Decimal::ZERO);
    let mut desk = Desk::new();
    desk.entry("USD", part("wallet_balance_after_collateral")?)?;
    desk.entry("USD", -part("spot_borrow")?)?;
    // A perpetual with this profit, and options with this value.
    let (sign, size) = apart(part("perp_future_upl")?);
    let level = Decimal::from_int(2).times(size, Round::Up)?.plus(Decimal::ONE)?;
    let entry = level.minus(size)?;
    desk.hold(Contract::linear(BASE, level)?, sign, Some(entry))?;
    let (sign, size) = apart(part("option_value")?);
    let terms =
        OptionTerms { expiry: sometime().plus_nanos(WEEK), strike: level, right: Right::Call };
    desk.hold(Contract::option(BASE, "USD", terms, size, (0.5, level))?, sign, None)?;
    let margin_balance = desk.pool(&document)?.equity.total;
    desk.entry("USD", -part("haircut_loss")?)?;
    desk.entry("USD", part("order_loss")?)?;
    let base = desk.pool(&document)?.equity.total;
    let rate = |name: &str| -> Answer {
        let Some(total) = inputs.number_if_any(name)? else { return Ok(Json::Null) };
        Ok(Money::new(total).ratio(base, Round::Nearest)?.into())
    };
    Ok(Json::object([
        ("margin_balance", margin_balance.into()),
        ("im_rate", rate("total_im")?),
        ("mm_rate", rate("total_mm")?),
    ]))
}

/// One unit with the sign of an amount, and its size.
fn apart(amount: Decimal) -> (Decimal, Decimal) {
    (if amount.is_negative() { -Decimal::ONE } else { Decimal::ONE }, amount.abs())
}

fn hold_option(
    desk: &mut Desk,
    inputs: Inputs<'_>,
    quantity: Decimal,
    mark: Decimal,
) -> Result<(), Problem> {
    let index = inputs.number("index")?;
    // Neither formula looks at strike or right beyond what it is out of the money.
    let right = if inputs.has("type") { inputs.right()? } else { Right::Call };
    let strike = inputs.number_or("strike", index)?;
    let terms = OptionTerms { expiry: sometime().plus_nanos(WEEK), strike, right };
    desk.hold(Contract::option(BASE, "USD", terms, mark, (0.5, index))?, quantity, None)?;
    Ok(())
}

/// Tiers as a document writes them.
fn toml_rows(rows: &[tiers::Tier], what: &str) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|(limit, rate)| match limit {
            Some(limit) => format!("{{ up_to = \"{limit}\", {what} = \"{rate}\" }}"),
            None => format!("{{ {what} = \"{rate}\" }}"),
        })
        .collect();
    format!("[{}]", rows.join(", "))
}
