//! Accounts per second: requirements and equity of many accounts over one compiled table, exact.

use super::Figure;
use super::clock::medians;
use super::data::{Chain, Random};
use super::naive;
use crate::failure::Failure;
use crate::inputs::Inputs;
use keelmark_book::{Balance, Detail, InstrumentId, Market, Money, Position, Quantity};
use keelmark_margin::pool::{Pool, divide};
use keelmark_margin::requirement::Requirements;
use keelmark_margin::{Document, RiskTable, margin_of_pool};
use std::hint::black_box;

/// The documents that are measured, one of each way to compute a portfolio, with the annual rate that
/// each needs of its market.
const DOCUMENTS: &[(&str, Option<f64>)] =
    &[("deribit-pm", None), ("derive-pmrm2", Some(0.03)), ("okx-pm", None), ("scan16", None)];
const ACCOUNTS: usize = 250;
const POSITIONS: usize = 20;

/// Every document over the sample chain.
pub fn run() -> Result<Vec<Figure>, Failure> {
    let market = Inputs::demo()?.market;
    DOCUMENTS.iter().map(|(name, rate)| figure(name, &with_rate(&market, *rate)?)).collect()
}

/// The market with a rate to every expiry.
fn with_rate(market: &Market, rate: Option<f64>) -> Result<Market, Failure> {
    let mut found = market.clone();
    for (id, _) in market.instruments.iter() {
        let detail = Detail { rate, ..market.detail(id) };
        found.set_detail(id, detail).map_err(|error| Failure::failed(error.to_string()))?;
    }
    Ok(found)
}

fn figure(name: &str, market: &Market) -> Result<Figure, Failure> {
    let document = Document::named(name)?;
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let table = RiskTable::compile(&document, market, &ids, &market.currency)
        .map_err(|error| Failure::input(error.to_string()))?;
    let requirements = Requirements::new(&document, market, &table)
        .map_err(|error| Failure::input(error.to_string()))?;
    let pools = pools(&document, market, &ids)?;
    for pool in &pools {
        requirements.of(pool).map_err(|error| Failure::input(format!("{name}: {error}")))?;
    }
    let columns: usize = document.scans.iter().map(|scan| scan.scenarios.len()).sum();
    let contracts = Chain::new(POSITIONS * 50).contracts();
    let [quick, full, slow] = medians([
        &mut || {
            for pool in &pools {
                let _ = black_box(requirements.of(black_box(pool)));
            }
        },
        &mut || {
            for pool in &pools {
                let pool = black_box(pool.clone());
                let _ = black_box(margin_of_pool(&document, market, &table, pool));
            }
        },
        &mut || {
            for account in 0..ACCOUNTS {
                let held = &contracts[(account % 50) * POSITIONS..][..POSITIONS];
                for column in 0..columns {
                    let factor = 0.84 + 0.01 * (column % 32) as f64;
                    let sum: f64 = held.iter().map(|one| naive::price(one, factor, 0.6)).sum();
                    black_box(sum);
                }
            }
        },
    ]);
    let accounts = ACCOUNTS as f64;
    Ok(Figure {
        name: format!("accounts {name}"),
        work: format!(
            "requirements and equity of accounts of {POSITIONS} positions, {columns} scenarios and \
             all charges, one core"
        ),
        value: accounts / quick / 1e3,
        unit: "k accounts/s",
        against: format!(
            "the computation that explains itself: {:.1} k accounts/s; scalar prices of the same \
             positions and scenarios, nothing else: {:.1} k accounts/s",
            accounts / full / 1e3,
            accounts / slow / 1e3
        ),
        ratio: full / quick,
        hold: 3.0,
    })
}

/// Seeded accounts over the chain, long and short, with cash and coins.
fn pools(document: &Document, market: &Market, ids: &[InstrumentId]) -> Result<Vec<Pool>, Failure> {
    let mut random = Random(11);
    let demo = Inputs::demo()?.accounts.remove(0);
    let mut pools = Vec::new();
    for _ in 0..ACCOUNTS {
        let mut account = demo.clone();
        account.orders.clear();
        account.reserves.clear();
        account.positions.clear();
        for held in &mut account.collateral {
            *held = Balance { amount: Money::from_int(1_000), ..held.clone() };
        }
        for _ in 0..POSITIONS {
            let id = ids[random.between(0.0, ids.len() as f64) as usize];
            let one = market.instruments.get(id);
            let lots = random.between(-60.0, 50.0) as i64;
            let lot = Quantity::new(one.lot.decimal());
            let quantity = lot.decimal().raw() * i128::from(if lots == 0 { 1 } else { lots });
            let quantity = Quantity::new(keelmark_book::Decimal::from_raw(quantity));
            account.positions.push(Position::new(id, quantity, Some(market.quote(id).mark)));
        }
        pools.push(divide(&account, document, market).remove(0));
    }
    Ok(pools)
}
