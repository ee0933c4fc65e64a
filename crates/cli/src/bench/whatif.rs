//! A what-if on a prepared account, in process: a fill in, initial and maintenance margin and
//! equity out, exact.

use super::Figure;
use super::clock::medians;
use crate::failure::Failure;
use crate::inputs::Inputs;
use keelmark_book::{InstrumentId, Quantity};
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::{Document, MarginError, RiskTable, margin};
use std::hint::black_box;

/// What a what-if may take.
const MICROSECOND: f64 = 1e-6;

/// An option and a perpetual added to the sample desk, portfolio margin.
pub fn run() -> Result<Vec<Figure>, Failure> {
    const ASKED: usize = 20_000;
    let Inputs { market, accounts, .. } = Inputs::demo()?;
    let document = Document::named("deribit-pm")?;
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    let mut account = accounts[0].clone();
    account.orders.clear();
    let table = RiskTable::compile(&document, &market, &ids, &market.currency)
        .map_err(|error| failed(&error))?;
    let pool = divide(&account, &document, &market).remove(0);
    let held = pool.positions.len();
    let prepared =
        Prepared::new(&document, &market, &table, pool).map_err(|error| failed(&error))?;
    let mut figures = Vec::new();
    for name in ["BTC-27MAR26-80000-C", "BTC-PERPETUAL"] {
        let id =
            market.instruments.find(name).map_err(|error| Failure::input(error.to_string()))?;
        let quantity = Quantity::from_int(10);
        let [quick, full] = medians([
            &mut || {
                for _ in 0..ASKED {
                    let _ = black_box(prepared.what_if(black_box(id), quantity));
                }
            },
            &mut || {
                let _ = black_box(margin(&document, &market, black_box(&account)));
            },
        ]);
        let each = quick / ASKED as f64;
        figures.push(Figure {
            name: format!("what-if {name}"),
            work: format!(
                "one fill on an account of {held} positions, 35 scenarios and all charges"
            ),
            value: each * 1e9,
            unit: "ns",
            against: format!("1 µs; the full computation took {:.0} µs", full * 1e6),
            ratio: MICROSECOND / each,
            hold: 1.0,
        });
    }
    Ok(figures)
}

fn failed(error: &MarginError) -> Failure {
    Failure::input(error.to_string())
}
