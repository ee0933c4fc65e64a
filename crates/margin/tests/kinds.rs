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

#[test]
fn an_order_away_from_the_mark_loses_at_once() {
    let cover =
        "[[charge]]\nname = \"cover\"\nkind = \"per-position\"\namount = \"0 * notional\"\n";
    let document = format!("{cover}[[charge]]\nname = \"it\"\nkind = \"order-loss\"\n");
    let document = format!(
        "{HEAD}{document}\n[levels]\ninitial = \"it + orders + cover\"\nmaintenance = \"it + cover\"\n"
    );
    let document = Document::parse("kinds.toml", &document).unwrap();
    let market = market();
    let of = |rows: &str| {
        let found = margin(&document, &market, &account(&market, rows)).unwrap();
        (found.total.initial, found.total.maintenance)
    };
    // A buy of 2 at 103 loses 6, a sale of 3 at 99 loses 3; the other sides lose nothing.
    let rows =
        "a,BTC-C,2,103,order\na,BTC-T,-3,99,order\na,BTC-C,-2,103,order\na,ETH-C,5,9,order\n";
    assert_eq!(of(rows), (money("9"), Money::ZERO));
    // Without a limit there is no price to lose from.
    assert_eq!(of("a,BTC-C,2,,order\n"), (Money::ZERO, Money::ZERO));
}

#[test]
fn net_and_hedged_deltas_are_charged_apart() {
    let document = "[[charge]]\nname = \"it\"\nkind = \"delta-minimum\"\nunhedged = \"0.02\"\nhedged = \"0.01\"\n";
    // Net 2, gross 8, so 3 are hedged: 2 x 2 % and 3 x 1 % of 100.
    let held = "a,BTC-C,5,100,\na,BTC-T,-3,100,\n";
    assert_eq!(asks(&pool_of(document, held)), money("7"));
    // A sale of 10 can lead to 5 and -13: net 8, gross 18, hedged 5.
    let ordered = format!("{held}a,BTC-T,-10,,order\n");
    assert_eq!(asks(&pool_of(document, &ordered)), money("21"));
}

#[test]
fn hedges_across_currencies_are_matched_in_order() {
    let document = "[[charge]]\nname = \"cover\"\nkind = \"per-position\"\namount = \"0 * notional\"\n\
        [[charge]]\nname = \"it\"\nkind = \"quote-hedge\"\npairs = [\"USDT-USD\", \"USDT-USDC\", \"USDC-USD\"]\n\
        tiers = [{ up_to = \"200\", rate = \"0.01\" }, { rate = \"0.02\" }]\n";
    // 500 USDT long against 300 USD short and 400 USDC short: 300 with USD, the other 200 with USDC.
    let held = "a,BTC-T,5,100,\na,BTC-I,-300,100,\na,BTC-C,-4,100,\n";
    let market = market();
    let text = format!(
        "{HEAD}{document}\n[levels]\ninitial = \"it + cover\"\nmaintenance = \"it + cover\"\n"
    );
    let document = Document::parse("kinds.toml", &text).unwrap();
    let pool = margin(&document, &market, &account(&market, held)).unwrap().pools.remove(0);
    // 300: 200 x 1 % + 100 x 2 % = 4; 200: 2.
    assert_eq!(asks(&pool).decimal().round_to(6, Round::Nearest), money("6").decimal());
}

#[test]
fn a_reserve_by_unit_stands_inside_the_unit_formula() {
    let document = "[[scan]]\nname = \"s\"\nprice_range = \"0.1\"\nranges = [\"-1\", \"1\"]\n\
        [[charge]]\nname = \"worst\"\nkind = \"worst-loss\"\nover = \"s\"\n\
        [[charge]]\nname = \"vega\"\nkind = \"reserve\"\nby = \"unit\"\nreserve = \"vega\"\n\
        [[charge]]\nname = \"it\"\nkind = \"formula\"\namount = \"max(worst + vega, 8)\"\n";
    let market = market();
    let text = format!("{HEAD}{document}\n[levels]\ninitial = \"it\"\nmaintenance = \"it\"\n");
    let document = Document::parse("kinds.toml", &text).unwrap();
    let mut account = account(&market, "a,BTC-C,1,100,\na,ETH-C,1,10,\n");
    account.reserves.insert("vega:ETH".to_owned(), money("12"));
    let pool = margin(&document, &market, &account).unwrap().pools.remove(0);
    // BTC asks max(10, 8), ETH max(1 + 12, 8): the reserve of one does not help the other.
    assert_eq!(asks(&pool), money("23"));
    assert!(pool.notes.is_empty(), "{:?}", pool.notes);
}

#[test]
fn the_range_below_can_differ_from_the_range_above() {
    let document = "[[scan]]\nname = \"s\"\nprice_range = \"0.06\"\nprice_range_down = \"0.08\"\nranges = [\"-1\", \"-1/2\", \"1/2\", \"1\"]\n\
        [[charge]]\nname = \"it\"\nkind = \"worst-loss\"\nover = \"s\"\n";
    let long = pool_of(document, "a,BTC-C,1,100,\n");
    let short = pool_of(document, "a,BTC-C,-1,100,\n");
    assert_eq!((asks(&long), asks(&short)), (money("8"), money("6")));
    let scan = &long.charges[0].plain.scans[0];
    assert!((scan.worst_move + 0.08).abs() < 1e-12, "{}", scan.worst_move);
}

#[test]
fn coins_count_as_far_as_they_hedge() {
    let document = "[unit]\ncoins_move = \"hedge\"\n\
        [[scan]]\nname = \"s\"\nprice_range = \"0.1\"\nranges = [\"-1\", \"1\"]\n\
        [[charge]]\nname = \"it\"\nkind = \"worst-loss\"\nover = \"s\"\n";
    for (coins, short, asked) in [("5", "-2", "0"), ("1", "-3", "20"), ("5", "2", "20")] {
        let rows = format!("a,BTC,{coins},,\na,BTC-C,{short},100,\n");
        assert_eq!(asks(&pool_of(document, &rows)), money(asked), "{coins} coins, {short}");
    }
}

#[test]
fn an_edge_weight_counts_beyond_the_range_only() {
    let document = "[[scan]]\nname = \"s\"\nprice_range = \"0.2\"\nmoves = [\"-0.1\", \"-0.4\"]\nedge_weight = \"1\"\n\
        [[charge]]\nname = \"it\"\nkind = \"worst-loss\"\nover = \"s\"\n";
    let pool = pool_of(document, "a,BTC-C,1,100,\n");
    let scan = &pool.charges[0].plain.scans[0];
    let near = |found: Money, wanted: f64| (found.to_f64() - wanted).abs() < 1e-9;
    assert!(near(scan.before[0], -10.0) && near(scan.before[1], -20.0), "{:?}", scan.before);
}
