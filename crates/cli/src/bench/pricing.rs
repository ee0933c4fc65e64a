//! Black-76 with Greeks, and the risk table: its pricing core alone, and whole from a real chain.

use super::Figure;
use super::clock::medians;
use super::data::{Chain, Room};
use super::naive;
use crate::failure::Failure;
use crate::inputs::Inputs;
use keelmark_book::InstrumentId;
use keelmark_kernels::{AlignedRows, Contract, Width, greeks_at, ln, quantise_many, revalue_many};
use keelmark_margin::{Document, RiskTable};
use std::hint::black_box;

/// Price, delta, gamma and vega of 2,000 options in cache.
pub fn greeks() -> Figure {
    const OPTIONS: usize = 2_000;
    const PASSES: usize = 20;
    let chain = Chain::new(OPTIONS);
    let mut slow_out = vec![0.0; 4 * OPTIONS];
    let mut room = Room::new(OPTIONS);
    let [slow, fast] = medians([
        &mut || (0..PASSES).for_each(|_| naive::greeks(black_box(&chain), &mut slow_out)),
        &mut || {
            for _ in 0..PASSES {
                greeks_at(Width::best(), &black_box(&chain).options(), &mut room.greeks());
            }
        },
    ]);
    let count = (OPTIONS * PASSES) as f64;
    Figure {
        name: "black76-greeks".into(),
        work: "price, delta, gamma and vega of an option, 2,000 in cache, one core".into(),
        value: count / fast / 1e6,
        unit: "M options/s",
        against: format!("scalar loop, std and erfc: {:.1} M/s", count / slow / 1e6),
        ratio: slow / fast,
        hold: 6.0,
    }
}

/// The pricing core of a table of 2,000 options by 32 scenarios, and the sample chain compiled.
pub fn table() -> Result<Vec<Figure>, Failure> {
    Ok(vec![core(), whole()?])
}

fn core() -> Figure {
    const OPTIONS: usize = 2_000;
    const COLUMNS: usize = 32;
    const BLOCK: usize = 64;
    const PASSES: usize = 10;
    let chain = Chain::new(OPTIONS);
    let contracts = chain.contracts();
    let factor: [f64; COLUMNS] = std::array::from_fn(|s| 0.84 + 0.02 * (s % 16) as f64);
    let ln_factor = factor.map(ln);
    let vol: Vec<f64> = (0..OPTIONS * COLUMNS)
        .map(|cell| chain.vol[cell / COLUMNS] * if cell % COLUMNS < 16 { 0.75 } else { 1.4 })
        .collect();
    let (scale, base) = ([100.0; COLUMNS], vec![1_000.0; OPTIONS]);
    let mut values = vec![0.0; BLOCK * COLUMNS];
    let mut rows = AlignedRows::zeroed(OPTIONS, COLUMNS);
    let mut slow_out = vec![0.0; OPTIONS * COLUMNS];
    let [slow, fast] = medians([
        &mut || naive_table(black_box(&contracts), &factor, &vol, &mut slow_out),
        &mut || {
            for _ in 0..PASSES {
                let blocks =
                    vol.chunks(BLOCK * COLUMNS).zip(rows.data_mut().chunks_mut(BLOCK * COLUMNS));
                let contracts = black_box(&contracts).chunks(BLOCK).zip(base.chunks(BLOCK));
                for ((contracts, base), (vol, rows)) in contracts.zip(blocks) {
                    let values = &mut values[..vol.len()];
                    let width = Width::best();
                    revalue_many(width, contracts, &factor, &ln_factor, vol, values);
                    black_box(quantise_many(width, values, &scale, base, rows));
                }
            }
        },
    ]);
    let cells = (OPTIONS * COLUMNS) as f64;
    Figure {
        name: "risk-table".into(),
        work: "2,000 options x 32 scenarios priced and rounded to integer rows, one core".into(),
        value: 1e3 * fast / PASSES as f64,
        unit: "ms",
        against: format!("scalar price loop, std and erfc: {:.1} M prices/s", cells / slow / 1e6),
        ratio: slow * PASSES as f64 / fast,
        hold: 8.0,
    }
}

fn naive_table(contracts: &[Contract], factor: &[f64], vol: &[f64], out: &mut [f64]) {
    let rows = vol.chunks(factor.len()).zip(out.chunks_mut(factor.len()));
    for (contract, (vol, out)) in contracts.iter().zip(rows) {
        for (s, out) in out.iter_mut().enumerate() {
            *out = naive::price(contract, factor[s], vol[s]);
        }
    }
    black_box(out);
}

fn whole() -> Result<Figure, Failure> {
    let market = Inputs::demo()?.market;
    let document = Document::named("deribit-pm")?;
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let columns: usize = document.scans.iter().map(|scan| scan.scenarios.len()).sum();
    let chain = Chain::new(ids.len());
    let (contracts, factor) = (chain.contracts(), vec![0.9; columns]);
    let vol: Vec<f64> = chain.vol.iter().flat_map(|vol| vec![*vol; columns]).collect();
    let mut slow_out = vec![0.0; vol.len()];
    let mut failed = None;
    let [slow, fast] = medians([
        &mut || naive_table(black_box(&contracts), &factor, &vol, &mut slow_out),
        &mut || {
            let found = RiskTable::compile(&document, &market, &ids, &market.currency);
            failed = failed.take().or(black_box(found).err());
        },
    ]);
    if let Some(error) = failed {
        return Err(Failure::input(error.to_string()));
    }
    let rows = ids.len();
    Ok(Figure {
        name: "risk-table-whole".into(),
        work: format!(
            "document and market to a table: {rows} instruments x {columns} scenarios, Greeks, \
             buckets"
        ),
        value: 1e3 * fast,
        unit: "ms",
        against: "scalar price loop of the same size, prices alone".into(),
        ratio: slow / fast,
        hold: 1.5,
    })
}
