//! Tier tables: what a notional asks, and the deductions that keep them continuous.

use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Decimal, Money, Rate};
use keelmark_margin::charge::Tiers;

/// A tier: upper limit, rate.
pub type Tier = (Option<Decimal>, Decimal);

/// `binance.bracket.cum`.
pub fn cum(inputs: Inputs<'_>) -> Answer {
    let rate = |name: &str| inputs.number(name).map(Rate::new);
    let found = Tiers::next_deduction(
        Money::new(inputs.number("bracket_floor")?),
        rate("rate")?,
        rate("prev_rate")?,
        Money::new(inputs.number("prev_cum")?),
    )?;
    Ok(Json::object([("cum", found.into())]))
}

/// `binance.usdm.maintenance_margin`: the amounts are those that the brackets print.
pub fn brackets(inputs: Inputs<'_>) -> Answer {
    let mut rows = Vec::new();
    for row in inputs.list("brackets")? {
        let Json::List(row) = row else { return problem("brackets: expected lists of four") };
        let [_, cap, rate, cum] = row.as_slice() else {
            return problem("brackets: expected [floor, cap, rate, amount]");
        };
        let cap = limit(cap)?.map(Money::new);
        rows.push((
            cap,
            Rate::new(decimal(rate, "brackets")?),
            Money::new(decimal(cum, "brackets")?),
        ));
    }
    let table = Tiers::printed(&rows).map_err(Problem)?;
    let name = inputs.first_of(&["notionals", "notional"]).unwrap_or("notionals");
    amounts(inputs, name, &table)
}

/// `bybit.risk_limit.deduction`.
pub fn deductions(inputs: Inputs<'_>) -> Answer {
    let found: Vec<Money> = table(inputs)?.deductions().collect();
    Ok(Json::object([("deduction", found.into())]))
}

/// `bybit.linear.maintenance_margin`.
pub fn maintenance(inputs: Inputs<'_>) -> Answer {
    amounts(inputs, "position_value", &table(inputs)?)
}

/// The rows of a table, `[upper limit, rate]`.
pub fn rows(inputs: Inputs<'_>, name: &str) -> Result<Vec<Tier>, Problem> {
    let mut found = Vec::new();
    for row in inputs.list(name)? {
        let Json::List(row) = row else {
            return problem(format!("{name}: expected lists of two, found {row}"));
        };
        let [cap, rate] = row.as_slice() else {
            return problem(format!("{name}: expected [upper limit, rate]"));
        };
        found.push((limit(cap)?, decimal(rate, name)?));
    }
    Ok(found)
}

fn limit(value: &Json) -> Result<Option<Decimal>, Problem> {
    if *value == Json::Null { Ok(None) } else { decimal(value, "limit").map(Some) }
}

fn table(inputs: Inputs<'_>) -> Result<Tiers, Problem> {
    let rows = rows(inputs, "tiers")?;
    let limits: Vec<_> =
        rows.into_iter().map(|(limit, rate)| (limit.map(Money::new), Rate::new(rate))).collect();
    Tiers::from_limits(&limits).map_err(Problem)
}

fn amounts(inputs: Inputs<'_>, name: &str, table: &Tiers) -> Answer {
    let found = inputs.each(name, |value| Ok(table.amount(Money::new(value))?.into()))?;
    Ok(Json::object([("maintenance_margin", found)]))
}
