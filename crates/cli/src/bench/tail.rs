//! Margins from 2,500 joint scenarios: one account against the reading of its rows, and the table
//! of 2,000 options against the pricing kernel alone.

use super::Figure;
use super::clock::medians;
use super::data::Random;
use crate::failure::Failure;
use keelmark_book::{
    Asset, Balance, InstrumentId, Market, Money, Portfolio, Position, Quantity, read,
};
use keelmark_kernels::limits::read_sum;
use keelmark_kernels::{AlignedRows, Contract, Width, ln, quantise_many, revalue_many};
use keelmark_margin::joint::{Joint, JointMoves};
use keelmark_margin::pool::divide;
use keelmark_margin::requirement::Requirements;
use keelmark_margin::{Document, RiskTable};
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

const SCENARIOS: usize = 2_500;
const EXPIRIES: usize = 10;
const STRIKES: usize = 100;
const POSITIONS: usize = 100;
const ACCOUNTS: usize = 20;

const DOCUMENT: &str = r#"
schema = "keelmark/model/1"
name = "tail"
title = "Expected shortfall over joint scenarios"
source = "a bench"
[pool]
currency = "USD"
[collateral.assets]
USD = "1"
[[scan]]
name = "history"
joint = "filtered"
[[charge]]
name = "tail"
kind = "tail-loss"
over = "history"
measure = "es"
confidence = "0.975"
[levels]
initial = "tail"
maintenance = "tail"
"#;

/// Both figures.
pub fn run() -> Result<Vec<Figure>, Failure> {
    let market = market()?;
    let document = bound()?;
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    Ok(vec![account(&document, &market, &ids)?, table(&document, &market, &ids)?])
}

fn failed(error: &dyn std::error::Error) -> Failure {
    Failure::failed(error.to_string())
}

/// 2,000 options on one underlying.
fn market() -> Result<Market, Failure> {
    let as_of = "2026-03-13T08:00:00Z";
    let mut text = String::from("instrument,mark,iv,forward,contract_size,lot,as_of\n");
    let _ = write!(text, "USD,1,,,,,{as_of}\nBTC,70000,,,,,{as_of}\n");
    for expiry in 0..EXPIRIES {
        let forward = 70_000 + 300 * expiry;
        for strike in 0..STRIKES {
            let (month, strike) = (4 + expiry % 9, 20_000 + 1_000 * strike);
            let day = 10 + 5 * (expiry / 9);
            let iv = 0.45 + 0.01 * expiry as f64;
            for right in ["C", "P"] {
                let name = format!("v:BTC/USD:USD-26{month:02}{day:02}-{strike}-{right}");
                let _ = writeln!(text, "{name},1000,{iv},{forward},1,0.01,{as_of}");
            }
        }
    }
    read::market_csv("market", text.as_bytes()).map_err(|error| failed(&error))
}

/// The document with scenarios from a fixed seed.
fn bound() -> Result<Document, Failure> {
    let mut random = Random(5);
    let mut column = |width: f64| (0..SCENARIOS).map(|_| random.between(-width, width)).collect();
    let (price, vol, slope) = (column(0.2), column(0.3), column(0.1));
    let moves = JointMoves { price, vol, slope, basis: vec![], funding: vec![] };
    let asset = Asset::new("BTC").map_err(|error| failed(&error))?;
    let labels = (0..SCENARIOS).map(|at| at.to_string()).collect();
    let joint = Arc::new(Joint { labels, moves: [(asset, moves)].into() });
    let document = Document::parse("tail.toml", DOCUMENT)?;
    document.with_joint("history", joint).map_err(|error| failed(&error))
}

/// Requirements of accounts of 100 positions, against the sum of their rows' numbers.
fn account(document: &Document, market: &Market, ids: &[InstrumentId]) -> Result<Figure, Failure> {
    let table = RiskTable::compile(document, market, ids, &market.currency);
    let table = table.map_err(|error| failed(&error))?;
    let requirements = Requirements::new(document, market, &table);
    let requirements = requirements.map_err(|error| failed(&error))?;
    let mut random = Random(9);
    let mut pools = Vec::new();
    for _ in 0..ACCOUNTS {
        let mut one = Portfolio::new("me");
        let amount = Money::from_int(1_000_000);
        one.collateral.push(Balance { asset: market.currency.clone(), amount });
        for _ in 0..POSITIONS {
            let id = ids[random.between(0.0, ids.len() as f64) as usize];
            let lots = random.between(-5e3, 5e3) as i64;
            let quantity = market.instruments.get(id).lot.decimal().raw() * i128::from(lots);
            let quantity = Quantity::new(keelmark_book::Decimal::from_raw(quantity));
            one.positions.push(Position::new(id, quantity, None));
        }
        pools.extend(divide(&one, document, market));
    }
    for pool in &pools {
        requirements.of(pool).map_err(|error| failed(&error))?;
    }
    let cells = POSITIONS * SCENARIOS.next_multiple_of(8);
    // As many numbers as the rows of all accounts, in one piece.
    let numbers = vec![1.0f64; ACCOUNTS * cells];
    let [quick, read] = medians([
        &mut || {
            for pool in &pools {
                let _ = black_box(requirements.of(black_box(pool)));
            }
        },
        &mut || {
            for numbers in black_box(&numbers).chunks(cells) {
                black_box(read_sum(Width::best(), numbers));
            }
        },
    ]);
    Ok(Figure {
        name: "tail-account".into(),
        work: format!(
            "expected shortfall of an account of {POSITIONS} options over {SCENARIOS} joint \
             scenarios, with its equity, one core"
        ),
        value: 1e6 * quick / ACCOUNTS as f64,
        unit: "us",
        against: format!(
            "reading as many numbers as its rows have: {:.0} us",
            1e6 * read / ACCOUNTS as f64
        ),
        ratio: read / quick,
        hold: 0.5,
    })
}

/// A table compiled, against its prices from the kernel alone.
fn table(document: &Document, market: &Market, ids: &[InstrumentId]) -> Result<Figure, Failure> {
    const BLOCK: usize = 4;
    let columns = SCENARIOS.next_multiple_of(8);
    let mut random = Random(5);
    let factor: Vec<f64> = (0..columns).map(|_| 1.0 + random.between(-0.2, 0.2)).collect();
    let ln_factor: Vec<f64> = factor.iter().map(|one| ln(*one)).collect();
    let vol: Vec<f64> = (0..BLOCK * columns).map(|_| random.between(0.3, 0.7)).collect();
    let contracts: Vec<Contract> = (0..ids.len())
        .map(|at| Contract {
            forward: 70_000.0,
            strike: 20_000.0 + 1_000.0 * (at % STRIKES) as f64,
            years: 0.1 + 0.05 * (at / STRIKES) as f64,
            discount: 1.0,
            call: (at % 2) as f64,
        })
        .collect();
    let mut out = vec![0.0; BLOCK * columns];
    let (scale, base) = (vec![1e6; columns], vec![1e9; BLOCK]);
    let mut room = vec![0.0; BLOCK * columns];
    let mut error = None;
    let [whole, rounded, kernel] = medians([
        &mut || {
            let found = RiskTable::compile(document, market, ids, &market.currency);
            error = error.take().or(black_box(found).err());
        },
        &mut || {
            let mut rows = AlignedRows::zeroed(contracts.len(), columns);
            let stored = rows.data_mut().chunks_mut(BLOCK * columns);
            for (contracts, rows) in black_box(&contracts).chunks(BLOCK).zip(stored) {
                let (cells, width) = (contracts.len() * columns, Width::best());
                let (vol, room) = (&vol[..cells], &mut room[..cells]);
                revalue_many(width, contracts, &factor, &ln_factor, vol, room);
                let base = &base[..contracts.len()];
                black_box(quantise_many(width, room, &scale, base, rows));
            }
            black_box(rows);
        },
        &mut || {
            for contracts in black_box(&contracts).chunks(BLOCK) {
                let (cells, width) = (contracts.len() * columns, Width::best());
                let (vol, out) = (&vol[..cells], &mut out[..cells]);
                revalue_many(width, contracts, &factor, &ln_factor, vol, out);
                black_box(out);
            }
        },
    ]);
    if let Some(error) = error {
        return Err(failed(&error));
    }
    let prices = (ids.len() * SCENARIOS) as f64;
    Ok(Figure {
        name: "tail-table".into(),
        work: format!(
            "{} options revalued in {SCENARIOS} joint scenarios, each at its own volatility, and \
             rounded to rows",
            ids.len()
        ),
        value: prices / whole / 1e6,
        unit: "M prices/s",
        against: format!(
            "the kernels alone, pricing and rounding into as many new rows: {:.1} M prices/s; \
             pricing in cache, nothing stored: {:.1} M prices/s",
            prices / rounded / 1e6,
            prices / kernel / 1e6
        ),
        ratio: rounded / whole,
        hold: 0.7,
    })
}
