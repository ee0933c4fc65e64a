//! Charge kinds on numbers that can be checked by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Market, Money, Portfolio, Round, read};
use keelmark_margin::{Document, PoolMargin, margin};

const MARKET: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
BTC,,100,,,,,2026-11-20T08:00:00Z
ETH,,10,,,,,2026-11-20T08:00:00Z
USDC,,1,,,,,2026-11-20T08:00:00Z
USDT,,1,,,,,2026-11-20T08:00:00Z
v:BTC/USDC:USDC,BTC-C,100,,,1,0.1,2026-11-20T08:00:00Z
v:BTC/USDT:USDT,BTC-T,100,,,1,0.1,2026-11-20T08:00:00Z
v:BTC/USD:BTC,BTC-I,100,,,1,1,2026-11-20T08:00:00Z
v:ETH/USDC:USDC,ETH-C,10,,,1,0.1,2026-11-20T08:00:00Z
";

const HEAD: &str = "\
schema = \"keelmark/model/1\"
name = \"kinds\"
title = \"kinds\"
source = \"a test\"
";

fn market() -> Market {
    read::market_csv("market.csv", MARKET.as_bytes()).unwrap()
}

fn account(market: &Market, rows: &str) -> Portfolio {
    let text = format!("account,instrument,qty,avg_price,kind\na,USDC,100000,,\n{rows}");
    read::book_csv("book.csv", text.as_bytes(), market).unwrap().accounts.remove(0)
}

/// The amount of the charge `it`, open orders counted.
fn asks(pool: &PoolMargin) -> Money {
    pool.charges.iter().find(|one| one.name == "it").unwrap().amount(true)
}

fn pool_of(document: &str, rows: &str) -> PoolMargin {
    let market = market();
    let text = format!("{HEAD}{document}\n[levels]\ninitial = \"it\"\nmaintenance = \"it\"\n");
    let document = Document::parse("kinds.toml", &text).unwrap();
    margin(&document, &market, &account(&market, rows)).unwrap().pools.remove(0)
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

/// A charge that asks nothing of any position, so that none is refused for want of one.
const COVER: &str = r#"
[[charge]]
name = "cover"
kind = "per-position"
amount = "0 * notional"
"#;

#[test]
fn an_order_away_from_the_mark_loses_at_once() {
    let text = format!(
        r#"{HEAD}{COVER}
[[charge]]
name = "it"
kind = "order-loss"
[levels]
initial = "it + orders + cover"
maintenance = "it + cover"
"#
    );
    let document = Document::parse("kinds.toml", &text).unwrap();
    let market = market();
    let of = |rows: &str| {
        let found = margin(&document, &market, &account(&market, rows)).unwrap();
        (found.total.initial, found.total.maintenance)
    };
    // A buy of 2 at 103 loses 6, a sale of 3 at 99 loses 3; the other sides lose nothing.
    let rows = "a,BTC-C,2,103,order\na,BTC-T,-3,99,order\na,BTC-C,-2,103,order\n";
    assert_eq!(of(rows), (money("9"), Money::ZERO));
    // Without a limit there is no price to lose from.
    assert_eq!(of("a,BTC-C,2,,order\n"), (Money::ZERO, Money::ZERO));
}

#[test]
fn net_and_hedged_deltas_are_charged_apart() {
    let document = r#"
[[charge]]
name = "it"
kind = "delta-minimum"
unhedged = "0.02"
hedged = "0.01"
"#;
    // Net 2, gross 8, so 3 are hedged: 2 x 2 % and 3 x 1 % of 100.
    let held = "a,BTC-C,5,100,\na,BTC-T,-3,100,\n";
    assert_eq!(asks(&pool_of(document, held)), money("7"));
    // A sale of 10 can lead to 5 and -13: net 8, gross 18, hedged 5.
    let ordered = format!("{held}a,BTC-T,-10,,order\n");
    assert_eq!(asks(&pool_of(document, &ordered)), money("21"));
}

#[test]
fn hedges_across_currencies_are_matched_in_order() {
    let document = format!(
        r#"{COVER}
[[charge]]
name = "hedge"
kind = "quote-hedge"
pairs = ["USDT-USD", "USDT-USDC", "USDC-USD"]
tiers = [{{ up_to = "200", rate = "0.01" }}, {{ rate = "0.02" }}]
[[charge]]
name = "it"
kind = "formula"
amount = "hedge + cover"
"#
    );
    // 500 USDT long against 300 USD and 400 USDC short: 300 with USD, the other 200 with USDC.
    let held = "a,BTC-T,5,100,\na,BTC-I,-300,100,\na,BTC-C,-4,100,\n";
    let asked = asks(&pool_of(&document, held)).decimal().round_to(6, Round::Nearest);
    // 300: 200 x 1 % + 100 x 2 % = 4; 200: 2.
    assert_eq!(asked, money("6").decimal());
}

#[test]
fn a_reserve_by_unit_stands_inside_the_unit_formula() {
    let text = format!(
        r#"{HEAD}
[[scan]]
name = "s"
price_range = "0.1"
ranges = ["-1", "1"]
[[charge]]
name = "worst"
kind = "worst-loss"
over = "s"
[[charge]]
name = "vega"
kind = "reserve"
by = "unit"
reserve = "vega"
[[charge]]
name = "it"
kind = "formula"
amount = "max(worst + vega, 8)"
[levels]
initial = "it"
maintenance = "it"
"#
    );
    let market = market();
    let document = Document::parse("kinds.toml", &text).unwrap();
    let mut account = account(&market, "a,BTC-C,1,100,\na,ETH-C,1,10,\n");
    account.reserves.insert("vega:ETH".to_owned(), money("12"));
    let pool = margin(&document, &market, &account).unwrap().pools.remove(0);
    // BTC asks max(10, 8), ETH max(1 + 12, 8): the reserve of one does not help the other.
    assert_eq!(asks(&pool), money("23"));
    assert!(pool.notes.is_empty(), "{:?}", pool.notes);
}

/// The worst loss over a scan of these fields.
fn worst_of(before: &str, scan: &str) -> String {
    format!(
        r#"{before}
[[scan]]
name = "s"
{scan}
[[charge]]
name = "it"
kind = "worst-loss"
over = "s"
"#
    )
}

#[test]
fn the_range_below_can_differ_from_the_range_above() {
    let scan = r#"
price_range = "0.06"
price_range_down = "0.08"
ranges = ["-1", "-1/2", "1/2", "1"]
"#;
    let document = worst_of("", scan);
    let long = pool_of(&document, "a,BTC-C,1,100,\n");
    let short = pool_of(&document, "a,BTC-C,-1,100,\n");
    assert_eq!((asks(&long), asks(&short)), (money("8"), money("6")));
    let scan = &long.charges[0].plain.scans[0];
    assert!((scan.worst_move + 0.08).abs() < 1e-12, "{}", scan.worst_move);
}

#[test]
fn coins_count_as_far_as_they_hedge() {
    let scan = "price_range = \"0.1\"\nranges = [\"-1\", \"1\"]";
    let document = worst_of("[unit]\ncoins_move = \"hedge\"", scan);
    for (coins, short, asked) in [("5", "-2", "0"), ("1", "-3", "20"), ("5", "2", "20")] {
        let rows = format!("a,BTC,{coins},,\na,BTC-C,{short},100,\n");
        assert_eq!(asks(&pool_of(&document, &rows)), money(asked), "{coins} coins, {short}");
    }
}

#[test]
fn an_edge_weight_counts_beyond_the_range_only() {
    let scan = r#"
price_range = "0.2"
moves = ["-0.1", "-0.4"]
edge_weight = "1"
"#;
    let pool = pool_of(&worst_of("", scan), "a,BTC-C,1,100,\n");
    let scan = &pool.charges[0].plain.scans[0];
    let near = |found: Money, wanted: f64| (found.to_f64() - wanted).abs() < 1e-9;
    assert!(near(scan.before[0], -10.0) && near(scan.before[1], -20.0), "{:?}", scan.before);
}
