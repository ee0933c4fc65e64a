//! What models charge for sums to what they ask, for every account of the sample.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_api::Context;
use keelmark_api::charged::{Charged, REST};
use keelmark_book::{Money, read};
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::{Document, margin};
use std::path::Path;

#[test]
fn charged_parts_sum_to_the_levels() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let bytes = |name: &str| std::fs::read(samples.join(name)).unwrap();
    let market = read::market("market", &bytes("btc-options-2026-03-13.csv")).unwrap();
    let book = read::book("book", &bytes("desk.csv"), &market).unwrap();
    let context = Context::new(&market);
    let mut seen = 0;
    for (name, _) in BUILT_IN {
        let document = Document::named(name).unwrap();
        for account in &book.accounts {
            let found = margin(&document, &market, account);
            let row = context.compared(&document, account, found.as_ref()).unwrap();
            let Some(margin) = row.margin else { continue };
            let sum =
                |of: fn(&Charged) -> Money| Money::sum(margin.charged.iter().map(of)).unwrap();
            assert_eq!(sum(|one| one.initial_margin), margin.initial_margin, "{name}");
            assert_eq!(sum(|one| one.maintenance_margin), margin.maintenance_margin, "{name}");
            let rest = margin.charged.iter().find(|one| one.what == REST);
            let rest = rest.map_or(0.0, |one| one.initial_margin.to_f64().abs());
            assert!(rest <= 1e-6 * margin.initial_margin.to_f64(), "{name}: {rest} of no charge");
            seen += 1;
        }
    }
    assert!(seen > 80, "expected most models to price most accounts, found {seen}");
}
