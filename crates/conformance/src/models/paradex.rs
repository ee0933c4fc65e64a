//! Weighted scenarios, a minimum on deltas, open orders by side, and liquidation by shares.

use crate::desk::{Contract, Desk, charge, document};
use crate::inputs::{Answer, Inputs, Problem, problem};
use crate::json::Json;
use keelmark_book::{Asset, Decimal, InstrumentId, Money, Order, Quantity, Rate, Round};
use keelmark_margin::charge::{DeltaTotals, Fill, PoolView};
use keelmark_margin::partial::Distressed;
use keelmark_margin::scan::VolMove;
use keelmark_margin::table::{RiskTable, RowId, Sensitivity};
use keelmark_margin::{Document, Exposure, PoolMargin};
use std::collections::BTreeMap;

const SCENARIOS: &str = "paradex-pm";
const POSITIONS: &str = "paradex-cross";
const COIN: &str = "COIN";

/// `paradex-min-delta`: each leg is a contract on as many coins as its delta, all of it in one lot
/// so that it keeps its digits.
pub fn minimum_delta(inputs: Inputs<'_>) -> Answer {
    let mut changes = Vec::new();
    for (input, path) in
        [("unhedged_factor", "charge.minimum.unhedged"), ("hedged_factor", "charge.minimum.hedged")]
    {
        changes.push((path, inputs.text(input)?.to_owned()));
    }
    let document = document(SCENARIOS, &changes)?;
    let mut desk = Desk::new();
    let spot = inputs.number("spot")?;
    for (number, leg) in inputs.list("legs")?.iter().enumerate() {
        let leg = Inputs(leg);
        let (quantity, delta) = (leg.number("qty")?, leg.number("delta")?);
        let coins = quantity.times(delta, Round::Nearest)?;
        let mut contract = Contract::linear(COIN, spot)?.sized(coins.abs());
        contract.symbol.venue = format!("case{number}");
        let sign = if coins.is_negative() { -Decimal::ONE } else { Decimal::ONE };
        if !coins.is_zero() {
            desk.hold(contract, sign, Some(spot))?;
        }
    }
    let pool = desk.pool(&document)?;
    let (totals, net) = deltas(&desk, &document, &pool)?;
    Ok(Json::object([
        ("net_delta", net.into()),
        ("gross_delta", totals.gross.into()),
        ("hedged_delta", totals.hedged.into()),
        ("min_delta_risk", charge(&pool, "minimum")?.into()),
    ]))
}

/// The deltas of the only unit, and the net one with its sign.
fn deltas(
    desk: &Desk,
    document: &Document,
    pool: &PoolMargin,
) -> Result<(DeltaTotals, Decimal), Problem> {
    let table = RiskTable::compile_pool(document, &desk.market, &pool.pool)?;
    let exposure = exposure(desk, &table);
    let view = view(desk, &table, &exposure, &[]);
    let quanta =
        (0..table.buckets.len()).map(|at| exposure.bucket(at)[Sensitivity::Delta as usize]).sum();
    let net = table.sensitivity(Sensitivity::Delta, quanta, Round::Nearest)?;
    Ok((DeltaTotals::of(&view, 0)?, net))
}

fn exposure(desk: &Desk, table: &RiskTable) -> Exposure {
    let mut exposure = Exposure::new(table);
    for held in &desk.account.positions {
        let instrument = desk.market.instruments.get(held.instrument);
        if let (Some(row), Some(lots)) =
            (table.row(held.instrument), instrument.lots(held.quantity))
        {
            exposure.add(table, row, i128::from(lots));
        }
    }
    exposure
}

static NO_LEVERAGE: BTreeMap<InstrumentId, Decimal> = BTreeMap::new();
static NO_PROFITS: BTreeMap<InstrumentId, Money> = BTreeMap::new();
static NO_RESERVES: BTreeMap<String, Money> = BTreeMap::new();

fn view<'a>(
    desk: &'a Desk,
    table: &'a RiskTable,
    exposure: &'a Exposure,
    orders: &'a [(RowId, i128)],
) -> PoolView<'a> {
    PoolView {
        market: &desk.market,
        table,
        exposure,
        collateral: &[],
        orders,
        booked: &[],
        profits: &NO_PROFITS,
        leverage: &NO_LEVERAGE,
        reserves: &NO_RESERVES,
        sensitivities: &[],
        fill: Fill::Worst,
        extra: None,
        extra_profit: None,
        known: None,
    }
}

/// `paradex-cross-net-imr`: the larger of what is open after all buys and after all sells.
pub fn open_orders(inputs: Inputs<'_>) -> Answer {
    let document =
        document(POSITIONS, &[("params.initial_fraction", inputs.text("imf")?.to_owned())])?;
    let mut desk = Desk::new();
    let mark = inputs.number("mark")?;
    let contract = Contract::linear(COIN, mark)?;
    let (held, buys, sells) =
        (inputs.number("position")?, inputs.number("buy_orders")?, inputs.number("sell_orders")?);
    let id = desk.hold(contract.lot_of(&[held, buys, sells]), held, Some(mark))?;
    for quantity in [buys, -sells] {
        if !quantity.is_zero() {
            let quantity = Quantity::new(quantity);
            desk.account.orders.push(Order { instrument: id, quantity, price: None });
        }
    }
    let pool = desk.pool(&document)?;
    let found = pool.charges.iter().find(|one| one.name == "initial_net");
    let Some(net) = found.map(|one| one.amount(true)) else { return problem("no such charge") };
    let table = RiskTable::compile_pool(&document, &desk.market, &pool.pool)?;
    let exposure = exposure(&desk, &table);
    let mut orders = Vec::new();
    for order in &desk.account.orders {
        let instrument = desk.market.instruments.get(id);
        let (Some(row), Some(lots)) = (table.row(id), instrument.lots(order.quantity)) else {
            return problem("an order off the lot");
        };
        orders.push((row, i128::from(lots)));
    }
    let view = view(&desk, &table, &exposure, &orders);
    let Some(row) = table.row(id) else { return problem("no row") };
    let after = view.holding(row)?.quantities;
    let open = |quantity: Decimal| quantity.max(Decimal::ZERO);
    Ok(Json::object([
        ("buy_open_size", open(after[1].decimal()).into()),
        ("sell_open_size", open(-after[2].decimal()).into()),
        ("net_imr", net.into()),
    ]))
}

/// `paradex-vol-multiplier`.
pub fn vol_multiplier(inputs: Inputs<'_>) -> Answer {
    let shock = inputs.number("vol_shock")?;
    let changes = [
        ("scan.grid.vol_up", shock.max(Decimal::ZERO).to_string()),
        ("scan.grid.vol_down", (-shock).max(Decimal::ZERO).to_string()),
        ("scan.grid.vol_tenor.floor_days", inputs.text("dte_floor")?.to_owned()),
    ];
    let document = document(SCENARIOS, &changes)?;
    let Some(scan) = document.scans.first() else { return problem("expected a scan") };
    let direction = if shock.is_negative() { VolMove::Down } else { VolMove::Up };
    let days = inputs.estimate("dte_days")?;
    let change = scan.vol.at(&Asset::new(COIN)?, days)?.change(direction);
    Ok(Json::object([("vol_multiplier", (1.0 + change).into())]))
}

/// `paradex-partial-liquidation`: a share that is given, or the smallest that is enough.
pub fn partial_liquidation(inputs: Inputs<'_>) -> Answer {
    let rate = |name: &str| Ok::<_, Problem>(Rate::new(inputs.number(name)?));
    let account = Distressed {
        equity: Money::new(inputs.number("account_value")?),
        maintenance: Money::new(inputs.number("mmr")?),
        penalty_rate: rate("effective_penalty_rate")?,
    };
    let closed = if inputs.has("liquidation_share") {
        account.close(rate("liquidation_share")?)?
    } else {
        account.smallest(rate("share_step")?, rate("target_ratio")?)?
    };
    let ratio = closed.ratio().map_or(Json::Null, |ratio| ratio.decimal().into());
    Ok(Json::object([
        ("liquidation_share", closed.share.decimal().into()),
        ("penalty", closed.penalty.into()),
        ("new_mmr", closed.maintenance.into()),
        ("new_account_value", closed.equity.into()),
        ("new_margin_ratio", ratio),
    ]))
}
