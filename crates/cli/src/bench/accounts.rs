//! Accounts per second: requirements and equity of many accounts over one compiled table, exact.

use super::Figure;
use super::clock::medians;
use super::data::{Chain, Random};
use super::naive;
use crate::failure::Failure;
use crate::inputs::Inputs;
use keelmark_book::{
    Balance, Detail, Instrument, InstrumentId, Market, Money, Position, Price, Quantity, Round,
};
use keelmark_margin::pool::{Pool, divide};
use keelmark_margin::requirement::Requirements;
use keelmark_margin::{Document, RiskTable, margin_of_pool};
use std::hint::black_box;

/// The documents that are measured, one of each way to compute a portfolio.
const DOCUMENTS: &[&str] = &["deribit-pm", "okx-pm", "scan16"];
/// One that nets scenarios by expiry, over the chain settled in its quote currency, and the annual
/// rate that it needs to each expiry.
const BY_EXPIRY: (&str, f64) = ("derive-pmrm2", 0.03);
const ACCOUNTS: usize = 250;
const POSITIONS: usize = 20;

/// Every document over the sample chain.
pub fn run() -> Result<Vec<Figure>, Failure> {
    let market = Inputs::demo()?.market;
    let (name, rate) = BY_EXPIRY;
    let mut figures = vec![figure(name, &linear(&market, rate)?)?];
    for name in DOCUMENTS {
        figures.push(figure(name, &market)?);
    }
    Ok(figures)
}

/// The options of a market, settled and priced in their quote currency, with a rate.
fn linear(market: &Market, rate: f64) -> Result<Market, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::failed(error.to_string());
    let mut found = Market::new(market.as_of, market.currency.clone(), &market.source);
    for (asset, feed) in market.assets.iter().filter(|(asset, _)| **asset != market.currency) {
        found.set_asset(asset.clone(), feed.price, feed.as_of).map_err(|error| failed(&error))?;
    }
    for (id, one) in market.instruments.iter().filter(|(_, one)| one.is_option()) {
        let mut quote = *market.quote(id);
        let Some(forward) = quote.forward else { continue };
        let value = quote.mark.decimal().times(forward.decimal(), Round::Nearest);
        quote.mark = Price::new(value.map_err(|error| failed(&error))?);
        (quote.bid, quote.ask) = (None, None);
        let one = Instrument { settle: one.quote.clone(), ..one.clone() };
        let id = found.add(one, quote).map_err(|error| failed(&error))?;
        let detail = Detail { rate: Some(rate), ..Detail::default() };
        found.set_detail(id, detail).map_err(|error| failed(&error))?;
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
