//! The cells of the table: zero where nothing moves, bounded as they say, and of the same bits at
//! every vector width.

use crate::markets::{ids, market};
use crate::{cases, documents};
use keelmark_book::{Asset, Market, Right};
use keelmark_kernels::{Contract, Width, ln, quantise_many, revalue_many};
use keelmark_margin::scan::VolMove;
use keelmark_margin::{Document, RiskTable};
use keelmark_pricing::Terms;
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(16))]

    /// No move of price and volatility, and no time: not one quantum of profit or loss.
    #[test]
    fn nothing_moved_is_nothing_gained(market in market()) {
        let mut seen = 0;
        for document in documents() {
            for currency in market.assets.keys() {
                let all = ids(&market);
                let table = RiskTable::compile(&document, &market, &all, currency).unwrap();
                for (column, cell) in table.cells.iter().enumerate() {
                    let scan = &document.scans[cell.scan];
                    let scenario = &scan.scenarios[cell.scenario];
                    let still = scenario.price == 0.0 && scenario.vol == VolMove::Same;
                    if !still || scan.lookahead_years > 0.0 {
                        continue;
                    }
                    seen += 1;
                    for id in ids(&market) {
                        let row = table.scenario_row(table.row(id).unwrap());
                        prop_assert_eq!(row[column], 0, "{} {}", document.name, currency);
                    }
                }
            }
        }
        prop_assert!(seen > 0);
    }

    /// The largest cell is what the table says, so that bounds on sums hold; rounding contracts
    /// to cents does not pass it.
    #[test]
    fn no_cell_passes_the_stated_largest(market in market(), places in 0u32..4) {
        let places = places.to_string();
        let rounded = Document::named("deribit-pm").unwrap();
        let rounded = rounded.with(&[("scan.standard.round_to", &places)]).unwrap();
        for document in documents().into_iter().chain([rounded]) {
            let all = ids(&market);
            let table = RiskTable::compile(&document, &market, &all, &Asset::usd()).unwrap();
            let cells = table.rows().data.iter();
            let largest = cells.map(|cell| cell.unsigned_abs()).max().unwrap_or(0);
            prop_assert!(
                largest <= table.largest_cell(),
                "{}: {largest} above {}", document.name, table.largest_cell()
            );
        }
    }

    /// Values and integers of every option of a market over a grid.
    #[test]
    fn widths_price_and_quantise_the_same_bits(market in market(), range in 0.05f64..0.5) {
        let contracts = contracts(&market);
        let factor: Vec<f64> = (-4..=4).map(|i| 1.0 + range * f64::from(i) / 4.0).collect();
        let ln_factor: Vec<f64> = factor.iter().map(|one| ln(*one)).collect();
        let cells = contracts.len() * factor.len();
        let vols: Vec<f64> = (0..cells).map(|at| 0.2 + (at % 7) as f64 * 0.13).collect();
        let scale = vec![1e4; factor.len()];
        let base: Vec<f64> = contracts.iter().map(|one| one.strike).collect();
        let mut expected: Option<(Vec<u64>, Vec<i64>, u64)> = None;
        for width in Width::available() {
            let mut values = vec![0.0; cells];
            revalue_many(width, &contracts, &factor, &ln_factor, &vols, &mut values);
            let mut integers = vec![0; cells];
            let peak = quantise_many(width, &values, &scale, &base, &mut integers);
            let bits = values.iter().map(|value| value.to_bits()).collect();
            let found = (bits, integers, peak.to_bits());
            match &expected {
                None => expected = Some(found),
                Some(expected) => prop_assert_eq!(expected, &found, "{}", width),
            }
        }
    }
}

fn contracts(market: &Market) -> Vec<Contract> {
    market
        .instruments
        .iter()
        .filter_map(|(id, one)| Terms::of(one, market.quote(id), market.as_of))
        .map(|terms| Contract {
            forward: terms.forward,
            strike: terms.strike,
            years: terms.years,
            discount: 1.0,
            call: f64::from(u8::from(terms.right == Right::Call)),
        })
        .collect()
}
