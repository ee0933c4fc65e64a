//! The samples in the repository read, and are what their README says.

#![allow(clippy::unwrap_used)]

use keelmark_book::{Kind, read};
use keelmark_pricing::{Terms, option};
use std::path::Path;

fn sample(name: &str) -> Vec<u8> {
    read::bytes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(name)).unwrap()
}

#[test]
fn the_desk_is_on_the_market() {
    let market = read::market("market", &sample("btc-options-2026-03-13.csv")).unwrap();
    let book = read::book("desk.csv", &sample("desk.csv"), &market).unwrap();
    assert_eq!((market.notes.len(), book.notes.len()), (0, 0));
    assert_eq!(market.instruments.len(), 971);
    let names: Vec<&str> = book.accounts.iter().map(|one| one.account.as_str()).collect();
    assert_eq!(
        names,
        ["vol-desk", "covered-call", "strangle", "calendar", "basis", "near-edge", "under"]
    );
    assert!(book.accounts.iter().filter(|one| !one.orders.is_empty()).count() >= 3);
    for account in &book.accounts {
        assert!(!account.collateral.is_empty() && !account.positions.is_empty());
        for one in &account.positions {
            let (entry, mark) = (one.avg_price.unwrap(), market.quote(one.instrument).mark);
            let away = (entry.to_f64() / mark.to_f64() - 1.0).abs();
            let name = &market.instruments.get(one.instrument).venue_symbol;
            assert!(away < 0.35, "{}: {name} entered at {entry}, mark {mark}", account.account);
        }
    }
}

#[test]
fn the_vol_desk_is_hedged() {
    let market = read::market("market", &sample("btc-options-2026-03-13.csv")).unwrap();
    let book = read::book("desk.csv", &sample("desk.csv"), &market).unwrap();
    let desk = &book.accounts[0];
    let (mut delta, mut gross) = (0.0, 0.0);
    for one in &desk.positions {
        let (instrument, quote) =
            (market.instruments.get(one.instrument), market.quote(one.instrument));
        let per_unit = match Terms::of(instrument, quote, market.as_of) {
            Some(terms) => option::greeks(&terms).delta - quote.mark.to_f64(),
            None => 1.0 / quote.mark.to_f64(),
        };
        let own = one.quantity.to_f64() * per_unit;
        delta += own;
        gross += own.abs();
    }
    let is_option = |kind: &Kind| matches!(kind, Kind::Option { .. });
    let held = desk.positions.iter().map(|one| market.instruments.get(one.instrument));
    assert_eq!(held.filter(|one| is_option(&one.kind)).count(), 23);
    assert!(delta.abs() < 1.0 && gross > 100.0, "net {delta}, gross {gross}");
}
