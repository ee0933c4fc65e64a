//! Risk units of perpetuals, what is around them, and single positions.

use super::tiers;
use crate::desk::{Contract, Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, decimal, problem};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, Money, Price, Quantity, Rate, Round, profit};
use keelmark_margin::charge::Tiers;
use keelmark_margin::scan::VolMove;
use keelmark_margin::table::{RiskTable, Sensitivity};
use keelmark_margin::{Document, Exposure, PoolMargin};

const UNITS: &str = "okx-pm";
const POSITIONS: &str = "okx-multi-currency";
const COIN: &str = "COIN";
const STABLE: &str = "USDT";
/// Risks that perpetuals alone do not have.
const NONE_OF_PERPETUALS: &[&str] = &["mr2", "mr3", "mr5", "mr9"];

/// `okx.pm.risk_unit`.
pub fn risk_unit(inputs: Inputs<'_>) -> Answer {
    let document = unit_document(inputs)?;
    let (desk, upl) = unit_desk(inputs)?;
    let pool = desk.pool(&document)?;
    let (shock, extreme) = (charge(&pool, "spot_shock")?, charge(&pool, "extreme")?);
    let (basis, minimum) = (charge(&pool, "basis")?, charge(&pool, "minimum")?);
    let parts = [
        ("spot_shock", shock),
        ("extreme", extreme),
        ("basis", basis),
        ("minimum_scaled", minimum),
    ];
    let only_extreme = [("extreme", extreme)];
    let mut fields = vec![
        ("delta", cash_delta(&desk, &document, &pool)?.into()),
        ("mr1", shock.into()),
        ("mr1_at", moves(inputs, &document, &pool)?),
        ("mr4", basis.into()),
        ("mr6_pnl", (-extreme).into()),
        ("mr6", document.level_for("maintenance", &only_extreme)?.into()),
        ("mr7", minimum.into()),
        ("mmr", document.level_for("maintenance", &parts)?.into()),
        ("imr", document.level_for("initial", &parts)?.into()),
        ("upl", upl.into()),
    ];
    fields.extend(NONE_OF_PERPETUALS.iter().map(|name| (*name, Json::from(Money::ZERO))));
    Ok(named(fields))
}

/// `okx.pm.account`.
pub fn account(inputs: Inputs<'_>) -> Answer {
    let mut changes = vec![("params.initial_ratio", "1".to_owned())];
    for (input, path) in [
        ("borrow_mmr_rate", "charge.borrowing.rate"),
        ("borrow_imr_rate", "charge.borrowing_initial.rate"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    let document = document(UNITS, &changes)?;
    let mut desk = Desk::new();
    desk.price(STABLE, inputs.number_or("usdt_usd", Decimal::ONE)?)?;
    desk.entry(STABLE, inputs.number("usdt_available_equity")?)?;
    let pool = desk.pool(&document)?;
    let sum = |name: &str| -> Result<Money, Problem> {
        let units = inputs.fields(name)?.iter();
        let amounts: Result<Vec<Money>, Problem> =
            units.map(|(_, amount)| Ok(Money::new(decimal(amount, name)?))).collect();
        Ok(Money::sum(amounts?)?)
    };
    let (maintenance, initial) = (sum("unit_mmr")?, sum("unit_imr")?);
    let borrowing = ["borrowing", "borrowing_initial"].map(|name| charge(&pool, name));
    let [owed, owed_initial] = borrowing;
    let (owed, owed_initial) = (owed?, owed_initial?);
    let total =
        document.level_for("maintenance", &[("spot_shock", maintenance), ("borrowing", owed)])?;
    let total_initial = document
        .level_for("initial", &[("spot_shock", initial), ("borrowing_initial", owed_initial)])?;
    Ok(named(vec![
        ("eq", pool.equity.net_value.into()),
        ("borrow_mmr", owed.into()),
        ("borrow_imr", owed_initial.into()),
        ("derivatives_mmr", maintenance.into()),
        ("derivatives_imr", initial.into()),
        ("total_mmr", total.into()),
        ("total_imr", total_initial.into()),
    ]))
}

/// `okx.pm.mr7_scaling`: multipliers are marginal, like the rates of a tier table.
pub fn scaling(inputs: Inputs<'_>) -> Answer {
    let limits: Vec<_> = tiers::rows(inputs, "tiers_usd")?
        .into_iter()
        .map(|(limit, times)| (limit.map(Money::new), Rate::new(times)))
        .collect();
    let table = Tiers::from_limits(&limits).map_err(Problem)?;
    let scaled = |raw: Decimal| table.amount(Money::new(raw));
    let mut fields = vec![("mr7_adjusted", inputs.each("mr7_raw", |raw| Ok(scaled(raw)?.into()))?)];
    if let Some(sum) = inputs.number_if_any("mr_sum")? {
        let document = Document::named(UNITS)?;
        let least = |minimum| {
            let parts = [("basis", Money::new(sum)), ("minimum_scaled", minimum)];
            document.level_for("maintenance", &parts)
        };
        let before = |raw| Ok(least(Money::new(raw))?.into());
        let after = |raw| Ok(least(scaled(raw)?)?.into());
        fields.push(("mmr_before", inputs.each("mr7_raw", before)?));
        fields.push(("mmr_after", inputs.each("mr7_raw", after)?));
    }
    Ok(named(fields))
}

/// `okx.pm.spot_derivatives_offset`: the same formula before and after.
pub fn offset(inputs: Inputs<'_>) -> Answer {
    // The extreme move comes with its factor applied.
    let document = document(UNITS, &[("params.extreme_factor", "1".to_owned())])?;
    let of = |name: &str| -> Result<Money, Problem> {
        let risks = inputs.inside(name)?;
        let mut parts = Vec::new();
        for (charge, risk) in [
            ("spot_shock", "mr1"),
            ("theta", "mr2"),
            ("vega_term", "mr3"),
            ("basis", "mr4"),
            ("rates", "mr5"),
            ("extreme", "mr6"),
            ("minimum_scaled", "mr7"),
            ("depeg", "mr9"),
        ] {
            parts.push((charge, Money::new(risks.number_or(risk, Decimal::ZERO)?)));
        }
        Ok(document.level_for("maintenance", &parts)?)
    };
    Ok(named(vec![("mmr_before", of("before")?.into()), ("mmr_after", of("after")?.into())]))
}

/// `okx.multi_currency.position`.
pub fn linear(inputs: Inputs<'_>) -> Answer {
    let mark = inputs.number("mark_price")?;
    let contract = Contract::linear(COIN, mark)?.sized(inputs.number("contract_value")?);
    let one = Quantity::from_int(1);
    let instrument =
        contract.symbol.clone().instrument(COIN.to_owned(), Quantity::new(contract.size), one);
    let pool = position(inputs, contract, &[])?.1;
    let contracts = Quantity::new(inputs.number("contracts")?);
    let notional = profit::notional(&instrument, contracts, Price::new(mark), Round::Nearest)?;
    Ok(named(vec![
        ("notional", notional.into()),
        ("imr", charge(&pool, "futures_initial")?.into()),
        ("mmr", charge(&pool, "futures_maintenance")?.into()),
        ("fee_at_0.05pct", (-charge(&pool, "fees")?).into()),
    ]))
}

/// `okx.inverse_swap.position`: in coin.
pub fn inverse(inputs: Inputs<'_>) -> Answer {
    let mark = inputs.number("mark_price")?;
    let contract = Contract::inverse(COIN, inputs.number("contract_value_usd")?, mark)?;
    let apart = [("pool.by", "settlement".to_owned()), ("pool.currency", "settlement".to_owned())];
    let (upl, pool) = position(inputs, contract, &apart)?;
    Ok(named(vec![
        ("imr", charge(&pool, "futures_initial")?.into()),
        ("mmr", charge(&pool, "futures_maintenance")?.into()),
        ("upl", upl.into()),
    ]))
}

fn position(
    inputs: Inputs<'_>,
    contract: Contract,
    more: &[(&str, String)],
) -> Result<(Money, PoolMargin), Problem> {
    let mut changes = more.to_vec();
    let rate = inputs.number("mmr_rate")?;
    changes.push(("charge.futures_maintenance.counted_in", "settlement".to_owned()));
    changes.push(("charge.futures_maintenance.tiers", format!("[{{ rate = \"{rate}\" }}]")));
    let document = document(POSITIONS, &changes)?;
    let mark = contract.mark;
    let mut desk = Desk::new();
    let (entry, leverage) =
        (inputs.number_or("avg_price", mark)?, inputs.number_if_any("leverage")?);
    let contracts = inputs.number("contracts")?;
    desk.hold_with_leverage(contract, contracts, Some(entry), leverage)?;
    let pool = desk.pool(&document)?;
    Ok((pool.equity.futures, pool))
}

fn unit_document(inputs: Inputs<'_>) -> Result<Document, Problem> {
    let mut changes = Vec::new();
    if inputs.has("mr1_price_moves") {
        let moves = inputs.numbers("mr1_price_moves")?;
        let range = moves.iter().map(|by| by.abs()).max().unwrap_or(Decimal::ONE);
        let shares: Vec<String> = moves.iter().map(|by| format!("\"{by}/{range}\"")).collect();
        changes.push(("params.price_range", range.to_string()));
        changes.push(("scan.spot_shock.ranges", format!("[{}]", shares.join(", "))));
    }
    if inputs.has("mr6_move") {
        changes.push(("params.extreme_range", inputs.figure("mr6_move")?));
    }
    for (input, path) in [
        ("mr6_factor", "params.extreme_factor"),
        ("mr4_perp_rate", "charge.basis.floor"),
        ("mr7_rate", "charge.minimum.floor"),
    ] {
        if inputs.has(input) {
            changes.push((path, inputs.figure(input)?));
        }
    }
    document(UNITS, &changes)
}

/// The unit's perpetuals at their marks beside the index; and their profit in US dollars.
fn unit_desk(inputs: Inputs<'_>) -> Result<(Desk, Money), Problem> {
    let usd = inputs.number_or("usdt_usd", Decimal::ONE)?;
    let mut desk = Desk::new();
    desk.price(STABLE, usd)?;
    desk.price(COIN, inputs.number("index_usdt")?.times(usd, Round::Nearest)?)?;
    let mut gains = Vec::new();
    for (number, row) in inputs.list("positions")?.iter().enumerate() {
        let row = Inputs(row);
        let mark = row.number("mark_price")?;
        let mut contract = Contract::linear(COIN, mark)?.sized(row.number("contract_value")?);
        let stable = Asset::new(STABLE)?;
        (contract.symbol.quote, contract.symbol.settle) = (stable.clone(), Some(stable));
        contract.symbol.venue = format!("case{number}");
        let entry = row.number_if_any("avg_price")?;
        let id = desk.hold(contract, row.number("contracts")?, entry)?;
        let Some(held) = desk.account.positions.last() else { return problem("no position") };
        let entry = held.avg_price.unwrap_or(Price::new(mark));
        let instrument = desk.market.instruments.get(id);
        let mark = Price::new(mark);
        let gain = profit::profit(instrument, held.quantity, entry, mark, Round::Nearest)?;
        gains.push(gain.at(Price::new(usd), Round::Nearest)?);
    }
    Ok((desk, Money::sum(gains)?))
}

/// Profit at each move of the case that is not zero, volatility unchanged.
fn moves(inputs: Inputs<'_>, document: &Document, pool: &PoolMargin) -> Answer {
    let found = pool.charges.iter().find(|one| one.name == "spot_shock");
    let Some(scan) = found.and_then(|one| one.plain.scans.first()) else {
        return problem("expected a scan, found none");
    };
    let scenarios = document.scans[0].scenarios.iter().zip(&scan.before);
    let counted = scenarios.filter(|(one, _)| one.vol == VolMove::Same);
    let moves = inputs.numbers("mr1_price_moves")?;
    let each = moves.iter().zip(counted).filter(|(by, _)| !by.is_zero());
    Ok(Json::Object(each.map(|(by, (_, gain))| (by.to_string(), (*gain).into())).collect()))
}

/// What the unit gains for a move of 100 %, in US dollars.
fn cash_delta(desk: &Desk, document: &Document, pool: &PoolMargin) -> Result<Decimal, Problem> {
    let ids = pool.pool.instruments();
    let table = RiskTable::compile(document, &desk.market, &ids, &pool.pool.currency)?;
    let mut exposure = Exposure::new(&table);
    for held in &desk.account.positions {
        let instrument = desk.market.instruments.get(held.instrument);
        if let (Some(row), Some(lots)) =
            (table.row(held.instrument), instrument.lots(held.quantity))
        {
            exposure.add(&table, row, i128::from(lots));
        }
    }
    let which = Sensitivity::DeltaCash;
    let quanta = (0..table.buckets.len()).map(|at| exposure.bucket(at)[which as usize]).sum();
    Ok(table.sensitivity(which, quanta, Round::Nearest)?)
}

fn named(fields: Vec<(&str, Json)>) -> Json {
    Json::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
