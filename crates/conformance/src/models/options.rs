//! Options one at a time: settlement, out of the money, premium, standard margin; and haircuts.

use crate::desk::{Contract, Desk, OptionTerms, document};
use crate::inputs::{Answer, Inputs, Problem, sometime};
use crate::json::Json;
use keelmark_book::{
    Asset, Decimal, Instrument, Money, Price, Quantity, Right, Round, profit, settlement,
};
use keelmark_margin::Document;

const BASE: &str = "BTC";
/// Nanoseconds of a week, to any expiry.
const WEEK: i64 = 7 * 86_400 * 1_000_000_000;

/// `deribit.inverse_option.settlement`: one contract of one coin.
pub fn settlement(inputs: Inputs<'_>) -> Answer {
    let option = instrument(BASE, inputs.right()?, inputs.number("strike")?)?;
    let bought = Quantity::new(inputs.side()?);
    let premium = inputs.first_of(&["premium_btc", "premium"]).unwrap_or("premium_btc");
    let premium = Price::new(inputs.number_or(premium, Decimal::ZERO)?);
    let delivery = Price::new(inputs.number("delivery_price")?);
    let cash = settlement::option_payout(&option, bought, delivery, Round::Nearest)?.abs();
    let gain = settlement::option_profit(&option, bought, premium, delivery, Round::Nearest)?;
    Ok(Json::object([("cash_settlement_btc", cash.into()), ("total_pnl_btc", gain.into())]))
}

/// `option.otm_amount`: one option or several.
pub fn otm_amount(inputs: Inputs<'_>) -> Answer {
    let one = |inputs: Inputs<'_>| -> Result<Price, Problem> {
        let strike = Price::new(inputs.number("strike")?);
        let underlying = Price::new(inputs.number("underlying")?);
        Ok(settlement::out_of_the_money(inputs.right()?, strike, underlying)?)
    };
    let found = match inputs.0.get("cases") {
        Some(Json::List(rows)) => {
            let each = rows.iter().map(|row| one(Inputs(row)).map(Json::from));
            Json::List(each.collect::<Result<_, _>>()?)
        }
        _ => one(inputs)?.into(),
    };
    Ok(Json::object([("otm", found)]))
}

/// `option.premium`.
pub fn premium(inputs: Inputs<'_>) -> Answer {
    let mut option = instrument("USD", Right::Call, Decimal::ONE)?;
    option.contract_size = Quantity::new(inputs.number_or("multiplier", Decimal::ONE)?);
    let contracts = Quantity::new(inputs.number("contracts")?);
    let price = Price::new(inputs.number("price")?);
    let value = profit::option_value(&option, contracts, price, Round::Nearest)?;
    Ok(Json::object([("premium", value.into())]))
}

/// `deribit_style.option_sm.linear`: a short position, and one unit of it.
pub fn standard_linear(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, path) in [
        ("im_pct", "params.call_rate"),
        ("im_floor_pct", "params.call_floor"),
        ("mm_pct", "params.maintenance_rate"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document("bit-regular", &changes)?;
    let each = margins(inputs, &document, Decimal::ONE)?;
    let held = inputs.number_or("position", Decimal::ONE)?.abs();
    let all = margins(inputs, &document, held)?;
    let strike = Price::new(inputs.number("strike")?);
    let underlying = Price::new(inputs.number("underlying")?);
    let otm = settlement::out_of_the_money(inputs.right()?, strike, underlying)?;
    Ok(Json::object([
        ("otm", otm.into()),
        ("im_per_unit", each.0.into()),
        ("mm_per_unit", each.1.into()),
        ("position_im", all.0.into()),
        ("position_mm", all.1.into()),
    ]))
}

/// `haircut.linear`: each asset, and all of them.
pub fn haircut(inputs: Inputs<'_>) -> Answer {
    let mut desk = Desk::new();
    let (mut ratios, mut named) = (Vec::new(), Vec::new());
    for row in inputs.list("assets")? {
        let row = Inputs(row);
        let name = row.text("ccy")?.to_owned();
        let ratio = Decimal::ONE.minus(row.number_or("haircut", Decimal::ZERO)?)?;
        desk.price(&name, row.number("px")?)?;
        desk.entry(&name, row.number("qty")?)?;
        ratios.push((format!("collateral.assets.{}", name.to_ascii_uppercase()), ratio));
        named.push(name);
    }
    let changes: Vec<(&str, String)> =
        ratios.iter().map(|(path, ratio)| (path.as_str(), ratio.to_string())).collect();
    let document = document("bit-regular", &changes)?;
    let mut fields = Vec::new();
    for (name, held) in named.iter().zip(&desk.account.collateral) {
        let asset = Asset::new(name)?;
        let found = document.collateral.value(&asset, held.amount, &desk.market)?;
        fields.push((name.clone(), found.margin_value.into()));
    }
    let total = desk.pool(&document)?.equity.collateral;
    fields.push(("total".to_owned(), total.into()));
    Ok(Json::Object(fields))
}

/// Initial and maintenance margin of some units sold.
fn margins(
    inputs: Inputs<'_>,
    document: &Document,
    units: Decimal,
) -> Result<(Money, Money), Problem> {
    let underlying = inputs.number("underlying")?;
    let terms = OptionTerms {
        expiry: sometime().plus_nanos(WEEK),
        strike: inputs.number("strike")?,
        right: inputs.right()?,
    };
    let mark = inputs.number("mark")?;
    let mut desk = Desk::new();
    desk.hold(Contract::option(BASE, "USD", terms, mark, (0.5, underlying))?, -units, None)?;
    let pool = desk.pool(document)?;
    Ok((pool.level("initial"), pool.level("maintenance")))
}

/// An option of one coin, settled in it or in dollars.
fn instrument(settle: &str, right: Right, strike: Decimal) -> Result<Instrument, Problem> {
    let terms = OptionTerms { expiry: sometime(), strike, right };
    let contract = Contract::option(BASE, settle, terms, Decimal::ONE, (0.5, strike))?;
    let one = Quantity::from_int(1);
    Ok(contract.symbol.instrument(contract.name, one, one))
}
