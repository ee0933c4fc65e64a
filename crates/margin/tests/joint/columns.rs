//! What a joint move does to each kind of contract.

use crate::set::{DOCUMENT, account, asset, bound, joint, market};
use keelmark_book::Money;
use keelmark_kernels::price_one;
use keelmark_margin::margin;
use std::sync::Arc;

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

#[test]
fn a_price_move_is_a_fraction_of_the_price_of_its_own_underlying() {
    let market = market();
    let document = bound(DOCUMENT);
    let held = [("v:BTC/USDC:USDC", "1"), ("v:ETH/USDC:USDC", "-10")];
    let found = margin(&document, &market, &account(&market, &held)).unwrap();
    let outcome = &found.pools[0].charges[0].plain;
    // Each underlying by itself: a worst loss is a sum over them.
    assert_eq!(outcome.of_unit(&asset("BTC")), money("28000"));
    assert_eq!(outcome.of_unit(&asset("ETH")), money("3000"));
    let scan = &outcome.scans[0];
    assert_eq!(scan.worst_scan, "history 2020-03-12");
    assert_eq!((scan.worst_move, scan.worst_vol.as_str()), (-0.4, "+100.0 %"));
    let line = &outcome.lines[1].text;
    assert_eq!(line, "ETH worst of 4 scenarios: history 2022-11-08 +15.0 %, vol -20.0 %");
}

#[test]
fn an_option_is_revalued_at_its_expirys_own_volatility() {
    let market = market();
    let mut joint = joint();
    let moves = joint.moves.get_mut(&asset("BTC")).unwrap();
    moves.slope = vec![-0.5, 0.0, 0.25, 0.0];
    moves.basis = vec![0.1, 0.0, -0.05, 0.02];
    let moves = moves.clone();
    let text = DOCUMENT.replace(
        "joint = \"filtered-historical\"",
        "joint = \"filtered-historical\"\nvol_tenor = { reference_days = 30, short_power = \
         \"0.3\", long_power = \"0.5\", floor_days = 1 }",
    );
    let document = bound(&text).with_joint("history", Arc::new(joint)).unwrap();
    let name = "v:BTC/USDC:USDC-260612-80000-C";
    let id = market.instruments.find(name).unwrap();
    let table = keelmark_margin::RiskTable::compile(&document, &market, &[id], &asset("USD"));
    let table = table.unwrap();
    let row = table.scenario_row(table.row(id).unwrap());
    let days = 91.0f64;
    let years = days / 365.0;
    let value =
        |factor: f64, vol: f64| price_one(71_000.0 * factor, 80_000.0, years, vol, 1.0, 1.0);
    for (s, cell) in row[..4].iter().enumerate() {
        let factor = (1.0 + moves.price[s]) * (moves.basis[s] * years).exp();
        let level = 1.0 + moves.vol[s] * (30.0 / days).powf(0.5);
        let vol = 0.5 * level * (days / 30.0).powf(moves.slope[s]);
        let gain = 0.01 * (value(factor, vol) - value(1.0, 0.5));
        let found = *cell as f64 * 10f64.powi(table.exponent());
        assert!((gain - found).abs() < 1e-9, "{s}: expected {gain}, found {found}");
    }
}

#[test]
fn a_future_moves_with_its_basis_and_a_perpetual_pays_funding() {
    let market = market();
    let mut joint = joint();
    let moves = joint.moves.get_mut(&asset("BTC")).unwrap();
    moves.basis = vec![0.0, 0.0, 0.0, 0.2];
    moves.funding = vec![0.001, 0.0, -0.002, 0.0];
    let document = bound(DOCUMENT).with_joint("history", Arc::new(joint)).unwrap();
    let names = ["v:BTC/USDC:USDC", "v:BTC/USDC:USDC-260612", "v:BTC/USD:BTC"];
    let ids = names.map(|name| market.instruments.find(name).unwrap());
    let table = keelmark_margin::RiskTable::compile(&document, &market, &ids, &asset("USD"));
    let table = table.unwrap();
    let gain = |at: usize, s: usize| {
        table.scenario_row(table.row(ids[at]).unwrap())[s] as f64 * 10f64.powi(table.exponent())
    };
    let close = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-9, "expected {expected}, found {found}");
    };
    close(gain(0, 0), 0.0001 * 70_000.0 * (-0.4 - 0.001));
    close(gain(0, 2), 0.0001 * 70_000.0 * (-0.3 + 0.002));
    close(gain(1, 3), 0.0001 * 71_000.0 * (1.05 * (0.2f64 * 91.0 / 365.0).exp() - 1.0));
    close(gain(1, 0), 0.0001 * 71_000.0 * -0.4);
    // Ten dollars of an inverse contract gain in coin, which is worth the moved index.
    close(gain(2, 0), 10.0 * (-0.4 - 0.001));
    close(gain(2, 3), 10.0 * 0.05);
}

#[test]
fn collateral_falls_with_what_it_secures() {
    let market = market();
    let text = DOCUMENT.replace("[[scan]]", "[unit]\ncoins_move = true\n\n[[scan]]");
    let document = bound(&text);
    let asks = |held: &[(&str, &str)]| {
        let found = margin(&document, &market, &account(&market, held)).unwrap();
        found.pools[0].charges[0].plain.amount
    };
    let perp = ("v:BTC/USDC:USDC", "1");
    assert_eq!(asks(&[("USDC", "100000"), perp]), money("28000"));
    // Wrong way: the coin that secures a long falls with it. Right way: it covers a short.
    assert_eq!(asks(&[("BTC", "1"), perp]), money("56000"));
    // Coins are counted apart from contracts, each to a step of the table.
    assert!(asks(&[("BTC", "1"), ("v:BTC/USDC:USDC", "-1")]) < money("0.000000001"));
}
