//! Netting itself: incremental, merged and recomputed sums are the same integers, in our own type
//! and in the kernels at every width and over every split into ranges.

use crate::books::{Leg, legs};
use crate::markets::{ids, market};
use crate::{cases, documents};
use keelmark_book::{Asset, Market};
use keelmark_kernels::net::{Positions, sums, worst};
use keelmark_kernels::{Width, bound_holds};
use keelmark_margin::{Document, Exposure, RiskTable};
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(16))]

    /// Fills in any order, some undone, some merged from elsewhere: the sums are those of what
    /// is held at the end.
    #[test]
    fn an_incremental_update_is_a_full_recomputation(
        market in market(), held in legs(12), undone in legs(6), apart in legs(6),
    ) {
        for document in documents() {
            let table = table(&document, &market);
            let mut walked = Exposure::new(&table);
            for (at, leg) in held.iter().enumerate() {
                add(&mut walked, &table, &market, leg, 1);
                if let Some(leg) = undone.get(at) {
                    add(&mut walked, &table, &market, leg, 1);
                }
            }
            let mut other = Exposure::new(&table);
            apart.iter().for_each(|leg| add(&mut other, &table, &market, leg, 1));
            walked.merge(&table, &other);
            undone.iter().take(held.len()).for_each(|leg| {
                add(&mut walked, &table, &market, leg, -1);
            });
            let mut full = Exposure::new(&table);
            for leg in apart.iter().chain(held.iter().rev()) {
                add(&mut full, &table, &market, leg, 1);
            }
            prop_assert_eq!(walked, full, "{}", document.name);
        }
    }

    /// The kernels' sums are ours, at every width, and ranges of accounts are independent.
    #[test]
    fn kernels_net_the_same_integers(
        market in market(), books in proptest::collection::vec(legs(6), 1..6), cut in 0usize..6,
    ) {
        for name in ["scan16", "deribit-pm"] {
            let document = Document::named(name).unwrap();
            let table = table(&document, &market);
            let (mut start, mut rows, mut lots) = (vec![0u32], vec![], vec![]);
            for book in &books {
                for leg in book {
                    rows.push(table.row(leg.instrument(&market)).unwrap().index() as u32);
                    lots.push(leg.lots(&market));
                }
                start.push(rows.len() as u32);
            }
            let most: u64 = lots.iter().map(|one: &i64| one.unsigned_abs()).sum();
            prop_assume!(bound_holds(table.largest_cell(), most));
            let positions = Positions { start: &start, instrument: &rows, quantity: &lots };
            positions.check(&table.rows()).unwrap();
            let expected: Vec<Vec<i64>> =
                books.iter().map(|book| all_units(&table, &market, book)).collect();
            for width in Width::available() {
                for (at, sum) in expected.iter().enumerate() {
                    let own = start[at] as usize..start[at + 1] as usize;
                    let mut out = vec![0; table.width()];
                    sums(width, &rows[own.clone()], &lots[own], &table.rows(), &mut out);
                    prop_assert_eq!(&out[..sum.len()], &sum[..], "{} {}", name, width);
                }
                let cut = cut.min(books.len());
                let mut out = vec![0; books.len()];
                let (low, high) = out.split_at_mut(cut);
                worst(width, &positions, &table.rows(), 0..cut, low);
                worst(width, &positions, &table.rows(), cut..books.len(), high);
                let mut whole = vec![0; books.len()];
                worst(width, &positions, &table.rows(), 0..books.len(), &mut whole);
                let least: Vec<i64> =
                    expected.iter().map(|sum| *sum.iter().min().unwrap()).collect();
                let least = padded(&table, least);
                prop_assert_eq!(&out, &whole);
                prop_assert_eq!(&whole, &least, "{} {}", name, width);
            }
        }
    }
}

fn table(document: &Document, market: &Market) -> RiskTable {
    RiskTable::compile(document, market, &ids(market), &Asset::usd()).unwrap()
}

fn add(exposure: &mut Exposure, table: &RiskTable, market: &Market, leg: &Leg, times: i128) {
    let row = table.row(leg.instrument(market)).unwrap();
    exposure.add(table, row, i128::from(leg.lots(market)) * times);
}

/// Sums of a book over all units, column by column.
fn all_units(table: &RiskTable, market: &Market, book: &[Leg]) -> Vec<i64> {
    let mut exposure = Exposure::new(table);
    book.iter().for_each(|leg| add(&mut exposure, table, market, leg, 1));
    (0..table.cells.len())
        .map(|cell| {
            let sum: i128 = (0..table.units.len()).map(|unit| exposure.cells(unit)[cell]).sum();
            i64::try_from(sum).unwrap()
        })
        .collect()
}

/// A padded column is a scenario in which nothing moves.
fn padded(table: &RiskTable, least: Vec<i64>) -> Vec<i64> {
    let pads = table.width() > table.cells.len();
    least.into_iter().map(|least| if pads { least.min(0) } else { least }).collect()
}
