//! Open orders: never less than without, and exactly the worst subset that can fill.

use crate::books::{book, legs};
use crate::cases;
use crate::documents;
use crate::markets::{ids, market};
use crate::shared::Shared;
use keelmark_book::{Asset, Market, Money};
use keelmark_margin::charge::{Charge, Fill, PoolView};
use keelmark_margin::table::RowId;
use keelmark_margin::{Document, Exposure, RiskTable};
use proptest::prelude::*;
use std::collections::BTreeMap;

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn orders_lower_no_level(market in market(), plan in book(), open in legs(6)) {
        let without = plan.portfolio(&market);
        let mut with = without.clone();
        with.orders = open.iter().map(|leg| leg.order(&market)).collect();
        for document in documents() {
            let shared = Shared::new(&document, &market);
            let before = shared.levels(&without);
            for (key, amount) in shared.levels(&with) {
                let was = before.get(&key).copied().unwrap_or_default();
                prop_assert!(amount >= was, "{} {:?}: {amount} below {was}", document.name, key);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(12))]

    /// The worst fills of each scenario are those of the worst of all subsets: 2^8 of them.
    #[test]
    fn the_worst_fill_is_the_worst_of_all_subsets(
        market in market(), held in legs(6), open in legs(8),
    ) {
        for (name, charge) in [("deribit-pm", "worst"), ("scan16", "scan")] {
            let document = Document::named(name).unwrap();
            let all = ids(&market);
            let table = RiskTable::compile(&document, &market, &all, &Asset::usd()).unwrap();
            let named = document.charges.iter().find(|one| one.name == charge).unwrap();
            let lots = |legs: &[crate::books::Leg]| -> Vec<(RowId, i128)> {
                legs.iter()
                    .map(|leg| {
                        let row = table.row(leg.instrument(&market)).unwrap();
                        (row, i128::from(leg.lots(&market)))
                    })
                    .collect()
            };
            let (held, open) = (lots(&held), lots(&open));
            let bench = Bench { market: &market, table: &table, charge: named.charge.as_ref() };
            let ours = bench.amount(&held, &open);
            let mut worst = Money::ZERO;
            for subset in 0u32..1 << open.len() {
                let filled = open.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1);
                let all: Vec<_> =
                    held.iter().copied().chain(filled.map(|(_, order)| *order)).collect();
                worst = worst.max(bench.amount(&all, &[]));
            }
            prop_assert_eq!(ours, worst, "{}", name);
        }
    }
}

/// One charge over one table.
struct Bench<'a> {
    market: &'a Market,
    table: &'a RiskTable,
    charge: &'a dyn Charge,
}

impl Bench<'_> {
    fn amount(&self, held: &[(RowId, i128)], orders: &[(RowId, i128)]) -> Money {
        let mut exposure = Exposure::new(self.table);
        held.iter().for_each(|(row, lots)| exposure.add(self.table, *row, *lots));
        let view = PoolView {
            market: self.market,
            table: self.table,
            exposure: &exposure,
            collateral: &[],
            orders,
            booked: &[],
            profits: &BTreeMap::new(),
            leverage: &BTreeMap::new(),
            reserves: &BTreeMap::new(),
            sensitivities: &[],
            fill: Fill::Worst,
            extra: None,
            extra_profit: None,
            known: None,
        };
        self.charge.amount(&view).unwrap().amount
    }
}
