//! The worst loss of the extended risk matrix, written again in plain `f64` with the standard
//! library and `erfc`: no table, no quanta, no kernels.
//!
//! What may lie between the two: half a quantum a lot (the stated error of a row), and the f64
//! error of this file, a few units of the last place of the gross value moved.

use crate::books::{BookPlan, book};
use crate::cases;
use crate::markets::{ids, market};
use keelmark_book::{Asset, InstrumentId, Market, Right};
use keelmark_margin::pool::divide;
use keelmark_margin::{Document, RiskTable, margin_of_pool};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn the_worst_loss_is_that_of_a_naive_revaluation(market in market(), plan in book()) {
        let document = Document::named("deribit-pm").unwrap();
        let account = plan.portfolio(&market);
        let table =
            RiskTable::compile(&document, &market, &ids(&market), &Asset::usd()).unwrap();
        let pool = divide(&account, &document, &market).remove(0);
        let found = margin_of_pool(&document, &market, &table, pool).unwrap();
        let ours = found.charges.iter().find(|one| one.name == "worst").unwrap();
        let ours = ours.plain.amount.to_f64();
        let naive = Naive::of(&market, &plan, &found.equity.coins);
        let quantum = 10f64.powi(table.exponent());
        let coin_lots = 2e-9 * naive.dearest * 6.0;
        let tolerance = 0.5 * quantum * naive.lots + coin_lots + 4e-14 * naive.gross;
        let difference = ours - naive.worst;
        prop_assert!(
            difference.abs() <= tolerance,
            "ours {ours}, naive {}, apart {difference:e}, allowed {tolerance:e}", naive.worst
        );
        // The rounding itself is far below a cent on a book of a few hundred coins.
        prop_assert!(quantum * naive.lots <= 1e-9 * naive.gross.max(1.0), "{quantum}");
    }
}

/// A document's numbers for one underlying, written out.
struct Numbers {
    range: f64,
    vol_up: f64,
    dampener: f64,
}

/// One scenario: the move, whether vol goes down, stays, goes up, and whether it is beyond.
type Cell = (f64, i32, bool);

struct Naive {
    worst: f64,
    /// Lots held, without sign.
    lots: f64,
    /// What all positions are worth at most in any scenario, without sign.
    gross: f64,
    /// Index of the dearest coin.
    dearest: f64,
}

impl Naive {
    fn of(market: &Market, plan: &BookPlan, coins: &BTreeMap<Asset, keelmark_book::Money>) -> Self {
        let mut out = Self { worst: 0.0, lots: 0.0, gross: 0.0, dearest: 0.0 };
        for leg in &plan.legs {
            out.lots += leg.lots(market).unsigned_abs() as f64;
        }
        for base in ["BTC", "ETH"] {
            let asset = crate::markets::asset(base);
            let Ok(index) = market.price(&asset) else { continue };
            let index = index.to_f64();
            out.dearest = out.dearest.max(index);
            let held = coins.get(&asset).map_or(0.0, |amount| amount.to_f64());
            let numbers = numbers(base);
            let mut worst = 0.0f64;
            for cell in cells(&numbers) {
                let weight = if cell.2 { numbers.range / cell.0.abs() } else { 1.0 };
                let mut gain = held * index * cell.0 * weight;
                out.gross = out.gross.max(0.0) + gain.abs();
                for leg in plan
                    .legs
                    .iter()
                    .filter(|leg| market.instruments.get(leg.instrument(market)).base == asset)
                {
                    let (one, gross) = unit_gain(market, leg.instrument(market), &numbers, cell);
                    let size = leg.quantity(market).to_f64();
                    gain += size * one * weight;
                    out.gross += (size * gross).abs();
                }
                let beyond = (cell.0.abs() / numbers.range).max(1.0) - 1.0;
                let relief = if cell.2 { numbers.dampener * beyond } else { 0.0 };
                worst = worst.max(-gain - relief);
            }
            out.worst += worst;
        }
        out
    }
}

fn numbers(base: &str) -> Numbers {
    match base {
        "BTC" => Numbers { range: 0.16, vol_up: 0.5, dampener: 100_000.0 },
        _ => Numbers { range: 0.18, vol_up: 0.4, dampener: 200_000.0 },
    }
}

fn cells(numbers: &Numbers) -> Vec<Cell> {
    let mut cells = Vec::new();
    for step in -4..=4 {
        for vol in [-1, 0, 1] {
            cells.push((numbers.range * f64::from(step) / 4.0, vol, false));
        }
    }
    for by in [-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0] {
        cells.push((by, 1, true));
    }
    cells
}

/// Profit in dollars of one contract, and the values it is the difference of.
fn unit_gain(market: &Market, id: InstrumentId, numbers: &Numbers, cell: Cell) -> (f64, f64) {
    let (one, quote) = (market.instruments.get(id), market.quote(id));
    let (index, factor) = (market.price(&one.base).unwrap().to_f64(), 1.0 + cell.0);
    let mark = quote.mark.to_f64();
    let Some((strike, right)) = one.option_terms() else {
        if one.is_inverse() {
            let coins = 1.0 / mark - 1.0 / (mark * factor);
            return (coins * index * factor, index * factor / mark);
        }
        return (mark * cell.0, mark * factor);
    };
    let days = one.expiry().unwrap().days_since(market.as_of);
    let power = if days < 30.0 { 0.30 } else { 0.13 };
    let tenor = (30.0 / days.max(1.0)).powf(power);
    let vol = quote.iv.unwrap();
    let moved = match cell.1 {
        -1 => (vol * (1.0 - 0.25 * tenor)).max(1e-6),
        0 => vol,
        _ => (vol * (1.0 + numbers.vol_up * tenor)).max(0.5),
    };
    let (forward, strike) = (quote.forward.unwrap().to_f64(), strike.to_f64());
    let years = days / 365.0;
    let now = black76(forward, strike, years, vol, right);
    let then = black76(forward * factor, strike, years, moved, right);
    let gross = (forward * factor + strike) * factor.max(1.0);
    if one.is_inverse() {
        let coins = then / (forward * factor) - now / forward;
        return (coins * index * factor, gross * index / forward);
    }
    (then - now, gross)
}

fn black76(forward: f64, strike: f64, years: f64, vol: f64, right: Right) -> f64 {
    let deviation = vol * years.sqrt();
    let d1 = (forward / strike).ln() / deviation + deviation / 2.0;
    let normal = |x: f64| 0.5 * libm::erfc(-x / std::f64::consts::SQRT_2);
    match right {
        Right::Call => forward * normal(d1) - strike * normal(d1 - deviation),
        Right::Put => strike * normal(deviation - d1) - forward * normal(-d1),
    }
}
