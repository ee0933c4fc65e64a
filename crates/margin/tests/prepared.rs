//! A prepared what-if equals the full computation of the changed account, to the last bit.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Decimal, InstrumentId, Market, Portfolio, Quantity, read};
use keelmark_margin::document::PoolBy;
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::pool::divide;
use keelmark_margin::prepared::Prepared;
use keelmark_margin::requirement::Requirements;
use keelmark_margin::whatif::{Change, apply};
use keelmark_margin::{Document, RiskTable, margin_of_pool};

const MARKET: &[u8] = include_bytes!("../../../samples/btc-options-2026-03-13.csv");
const DESK: &[u8] = include_bytes!("../../../samples/desk.csv");

/// Every n-th instrument of the chain is asked about.
const STRIDE: usize = 37;

fn check(document: &Document, market: &Market, account: &Portfolio) {
    check_every(STRIDE, document, market, account);
}

fn check_all(document: &Document, market: &Market, account: &Portfolio) {
    check_every(1, document, market, account);
}

fn check_every(stride: usize, document: &Document, market: &Market, account: &Portfolio) {
    let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
    for pool in divide(account, document, market).iter().filter(|one| !one.positions.is_empty()) {
        let table = RiskTable::compile(document, market, &ids, &pool.currency).unwrap();
        let prepared = Prepared::new(document, market, &table, pool.clone()).unwrap();
        for id in ids.iter().step_by(stride).chain(pool.positions.iter().map(|p| &p.instrument)) {
            let instrument = market.instruments.get(*id);
            if document.pool.by == PoolBy::Settlement && instrument.settle != pool.currency {
                continue;
            }
            for sign in [1, -1] {
                let lots = instrument.lot.decimal().raw() * 10 * sign;
                let quantity = Quantity::new(Decimal::from_raw(lots));
                let change = Change { fills: vec![(*id, quantity)], ..Change::default() };
                let after = apply(account, &change, market).unwrap();
                let pools = divide(&after, document, market);
                let changed = pools.into_iter().find(|one| one.name == pool.name).unwrap();
                let full = margin_of_pool(document, market, &table, changed).unwrap();
                let quick = prepared.what_if(*id, quantity).unwrap();
                let what = (&account.account, &document.name, &instrument.venue_symbol);
                assert_eq!(quick.initial, full.level("initial"), "initial of {what:?}");
                assert_eq!(quick.maintenance, full.level("maintenance"), "maintenance {what:?}");
                assert_eq!(quick.equity, full.equity.total, "equity of {what:?}");
            }
        }
    }
}

#[test]
fn a_requirement_in_numbers_alone_is_that_of_the_full_computation() {
    let market = read::market_csv("market", MARKET).unwrap();
    let book = read::book_csv("desk", DESK, &market).unwrap();
    let mut compared = 0;
    for (name, _) in BUILT_IN {
        let document = Document::named(name).unwrap();
        if document.takes_given_rows() {
            // The sample market has no rows to take.
            continue;
        }
        // The sample chain has no rates: what discounts has an example of its own.
        let (market, book) = match name.strip_prefix("derive") {
            Some(_) => examples(name),
            None => (market.clone(), book.clone()),
        };
        let ids: Vec<InstrumentId> = market.instruments.iter().map(|(id, _)| id).collect();
        for account in &book.accounts {
            for pool in divide(account, &document, &market) {
                let table = RiskTable::compile(&document, &market, &ids, &pool.currency).unwrap();
                let found = Requirements::new(&document, &market, &table).unwrap().of(&pool);
                let Ok(full) = margin_of_pool(&document, &market, &table, pool) else {
                    assert!(found.is_err(), "{name}, {}", account.account);
                    continue;
                };
                let found = found.unwrap();
                assert_eq!(found.initial, full.level("initial"), "{name}, {}", account.account);
                assert_eq!(found.maintenance, full.level("maintenance"), "{name}");
                assert_eq!(found.equity, full.equity.total, "{name}, {}", account.account);
                compared += 1;
            }
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn a_prepared_what_if_is_the_full_computation() {
    let market = read::market_csv("market", MARKET).unwrap();
    let book = read::book_csv("desk", DESK, &market).unwrap();
    for name in
        ["cross", "scan16", "deribit-pm", "deribit-pm-segregated", "greeks", "deribit-sm", "okx-pm"]
    {
        let document = Document::named(name).unwrap();
        for account in &book.accounts[..5] {
            check(&document, &market, account);
        }
    }
}

/// Two accounts on contracts settled in one stablecoin, with rates, confidences and wrapped coins.
fn examples(folder: &str) -> (Market, keelmark_book::Book) {
    let path = format!("{}/../../docs/models/examples/{folder}", env!("CARGO_MANIFEST_DIR"));
    let read_file = |name: &str| std::fs::read(format!("{path}/{name}")).unwrap();
    let market = read::market_csv("prices.csv", &read_file("prices.csv")).unwrap();
    let book = read::book_csv("book.csv", &read_file("book.csv"), &market).unwrap();
    (market, book)
}

#[test]
fn a_prepared_what_if_is_the_full_computation_netted_by_expiry() {
    for name in ["derive-pmrm2", "derive-pmrm", "derive-srm"] {
        let document = Document::named(name).unwrap();
        let (market, book) = examples(name);
        for account in &book.accounts {
            check_all(&document, &market, account);
        }
    }
}
