//! Real chains import whole and price back.
//!
//! The replies are large and not in the repository: the folder is `KEELMARK_DATA`, or
//! `../shared/data` beside the workspace. Without it these tests say that they skip.

#![allow(clippy::unwrap_used)]

use keelmark_book::{InstrumentId, Kind, Market, Right, read, write};
use keelmark_pricing::{Terms, option};
use keelmark_venues::deribit;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const BTC: &str = "deribit-btc-options-book-summary-2026-03-13.json";
const ETH: &str = "deribit-eth-options-book-summary-2024-01-08.csv";
const SAMPLE: &str = "../../samples/btc-options-2026-03-13.csv";

fn data(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("KEELMARK_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = folder.join(name);
    if !file.exists() {
        eprintln!("SKIPPED: {name} is not in KEELMARK_DATA or ../shared/data");
        return None;
    }
    Some(std::fs::read(file).unwrap())
}

fn chain(name: &str) -> Option<Market> {
    let imported = deribit::import(&[(name, &data(name)?)], None).unwrap();
    imported.notes.iter().for_each(|note| eprintln!("note: {note}"));
    imported.market
}

/// Options with the difference of their model value at the forward and their mark, in coin.
fn errors(market: &Market) -> impl Iterator<Item = (InstrumentId, Terms, f64)> {
    market.instruments.iter().filter_map(|(id, one)| {
        let quote = market.quote(id);
        let terms = Terms::of(one, quote, market.as_of)?;
        Some((id, terms, option::value(&terms) / terms.forward - quote.mark.to_f64()))
    })
}

fn count(market: &Market, test: impl Fn(&Kind) -> bool) -> usize {
    market.instruments.iter().filter(|(_, one)| test(&one.kind)).count()
}

#[test]
fn the_btc_chain_prices_back_on_the_parity_forward() {
    let Some(market) = chain(BTC) else { return };
    assert_eq!(count(&market, |kind| matches!(kind, Kind::Option { .. })), 964);
    assert_eq!(count(&market, |kind| matches!(kind, Kind::Future { .. })), 6);
    assert_eq!(count(&market, |kind| *kind == Kind::Perpetual), 1);
    let mut by_expiry: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for (id, _, error) in errors(&market) {
        by_expiry.entry(market.instruments.get(id).expiry()).or_default().push(error.abs());
    }
    assert_eq!(by_expiry.len(), 12);
    for (expiry, mut off) in by_expiry {
        off.sort_by(f64::total_cmp);
        let (median, worst) = (off[off.len() / 2], off[off.len() - 1]);
        let expiry = expiry.unwrap();
        eprintln!("{expiry} {:>3} options, median {median:.1e}, worst {worst:.1e}", off.len());
        assert!(median < 2e-5, "{expiry}: median {median}");
        assert!(worst < 6e-4, "{expiry}: worst {worst}");
    }
}

#[test]
fn the_eth_chain_has_no_volatilities_and_solved_ones_give_the_marks() {
    let Some(market) = chain(ETH) else { return };
    assert_eq!(count(&market, |kind| matches!(kind, Kind::Option { .. })), 684);
    let mut borrowed = Vec::new();
    let (mut checked, mut worst) = (0, 0f64);
    for (id, terms, error) in errors(&market) {
        let out_of_the_money = match terms.right {
            Right::Call => terms.strike >= terms.forward,
            Right::Put => terms.strike < terms.forward,
        };
        if !out_of_the_money {
            continue;
        }
        let name = market.instruments.get(id).venue_symbol.as_str();
        if market.notes.iter().any(|note| note.starts_with(name)) {
            borrowed.push(name);
            continue;
        }
        checked += 1;
        worst = worst.max(error.abs());
        assert!(error.abs() < 1e-9, "{name}: {error}");
    }
    eprintln!("{checked} solved, worst {worst:.1e}; not solved: {borrowed:?}");
    assert!(checked >= 340, "{checked}");
}

#[test]
fn both_markets_survive_our_own_format() {
    for market in [BTC, ETH].into_iter().filter_map(chain) {
        let text = write::market_csv(&market);
        let back = read::market_csv("again.csv", text.as_bytes()).unwrap();
        assert_eq!(write::market_csv(&back), text);
        assert_eq!((back.as_of, &back.source), (market.as_of, &market.source));
        for (id, one) in market.instruments.iter() {
            assert_eq!(back.instruments.get(id), one);
            assert_eq!(back.quote(id), market.quote(id));
        }
    }
}

#[test]
fn the_sample_is_what_the_reply_makes() {
    let Some(market) = chain(BTC) else { return };
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE);
    let found = std::fs::read_to_string(sample).unwrap();
    assert!(
        found == write::market_csv(&market),
        "samples/btc-options-2026-03-13.csv differs: run the example make_samples"
    );
}
