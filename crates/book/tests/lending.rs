//! Slower prices, lending pools and unsettled profit: read, written, read again, and refused.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Asset, Lent, Market, Money, read, write};

const MARKET: &str = "\
instrument,mark,contract_size,lot,as_of,slow,deposits,borrows
USDC,1,,,2026-03-13T19:00:00Z,,5000000,
SOL,100,,,2026-03-13T19:00:00Z,90,2000,400.5
v:SOL/USDC:USDC,101,1,0.1,2026-03-13T19:00:00Z,95,,
v:SOL/USDC:USDC-260327,103,1,0.1,2026-03-13T19:00:00Z,,,
";

fn market() -> Market {
    read::market_csv("market.csv", MARKET.as_bytes()).unwrap()
}

fn asset(name: &str) -> Asset {
    Asset::new(name).unwrap()
}

#[test]
fn what_a_market_says_of_pools_is_written_and_read_again() {
    let market = market();
    let again = read::market_csv("again.csv", write::market_csv(&market).as_bytes()).unwrap();
    for one in [&market, &again] {
        assert_eq!(one.slow(&asset("SOL")), Some("90".parse().unwrap()));
        assert_eq!(one.slow(&asset("USDC")), None);
        let (deposits, borrows) = ("2000".parse().ok(), "400.5".parse().ok());
        assert_eq!(one.lent(&asset("SOL")), Lent { deposits, borrows });
        let id = one.instruments.find("v:SOL/USDC:USDC").unwrap();
        assert_eq!(one.slow_mark(id), Some("95".parse().unwrap()));
    }
}

#[test]
fn a_market_in_json_says_the_same() {
    let text = r#"{"schema": "keelmark/market/1", "as_of": "2026-03-13T19:00:00Z",
        "assets": {"SOL": {"price": "100", "slow": "90", "deposits": "2000", "borrows": "400.5"}},
        "instruments": [{"instrument": "v:SOL/USD:USD", "contract_size": "1", "lot": "1",
            "mark": "101", "slow": "95"}]}"#;
    let found = read::market_json("market.json", text.as_bytes()).unwrap();
    assert_eq!(found.lent(&asset("SOL")), market().lent(&asset("SOL")));
    let id = found.instruments.find("v:SOL/USD:USD").unwrap();
    assert_eq!(found.slow_mark(id), Some("95".parse().unwrap()));
    let bad = text.replace("\"slow\": \"90\"", "\"slow\": \"0\"");
    let error = read::market_json("market.json", bad.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("/assets/SOL") && error.contains("above zero"), "{error}");
}

#[test]
fn bad_pools_are_refused_where_they_stand() {
    for (from, to, expected) in [
        (",90,2000", ",-90,2000", "SOL: slow: expected a price above zero"),
        (",2000,", ",-2000,", "deposits: expected zero or more, found -2000"),
        ("Z,95,,", "Z,95,7,", "expected none: a pool lends assets"),
    ] {
        let error = read::market_csv("m.csv", MARKET.replace(from, to).as_bytes()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

#[test]
fn unsettled_profit_is_written_and_read_again() {
    let market = market();
    let text = "account,instrument,qty,kind\na,USDC,1,\na,v:SOL/USDC:USDC,-12.5,unsettled\n";
    let book = read::book_csv("book.csv", text.as_bytes(), &market).unwrap();
    let id = market.instruments.find("v:SOL/USDC:USDC").unwrap();
    assert_eq!(book.accounts[0].unsettled[&id], "-12.5".parse::<Money>().unwrap());
    let written = write::book_csv(&book, &market);
    let again = read::book_csv("again.csv", written.as_bytes(), &market).unwrap();
    assert_eq!(book.accounts, again.accounts);
    let json = r#"{"schema": "keelmark/account/1", "account": "a", "collateral": {"USDC": "1"},
        "unsettled": {"v:SOL/USDC:USDC": "-12.5"}}"#;
    let again = read::book_json("book.json", json.as_bytes(), &market).unwrap();
    assert_eq!(book.accounts, again.accounts);
    let twice = format!("{text}a,v:SOL/USDC:USDC,3,unsettled\n");
    let error = read::book_csv("book.csv", twice.as_bytes(), &market).unwrap_err().to_string();
    assert!(error.contains("expected one unsettled a row"), "{error}");
    let both = book.accounts[0].union(&book.accounts[0]).unwrap();
    assert_eq!(both.unsettled[&id], "-25".parse::<Money>().unwrap());
}
