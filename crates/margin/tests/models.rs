//! Every built-in document reads, computes a small mixed book, and says what it is.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its inputs has failed")]

use keelmark_book::{Book, Market, Money, Round, read};
use keelmark_margin::{Document, document::library::BUILT_IN, margin};

const MARKET: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
BTC,,71000,,,,,2026-03-13T19:00:00Z
USDC,,1,,,,,2026-03-13T19:00:00Z
USDT,,1,,,,,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC,BTC-PERPETUAL,71000,,,1,10,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC-260626,BTC-26JUN26,71600,,,1,10,2026-03-13T19:00:00Z
deribit:BTC/USDC:USDC,BTC_USDC-PERPETUAL,71010,,,1,0.0001,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC-260327-75000-C,BTC-27MAR26-75000-C,0.021,0.50,71100,1,0.1,2026-03-13T19:00:00Z
deribit:BTC/USD:BTC-260626-60000-P,BTC-26JUN26-60000-P,0.05,0.55,71600,1,0.1,2026-03-13T19:00:00Z
";

const BOOK: &str = "\
account,instrument,qty,avg_price,kind
desk,BTC,10,,
desk,USDC,250000,,
desk,BTC-27MAR26-75000-C,-20,0.02,
desk,BTC-26JUN26-60000-P,12,0.05,
desk,BTC-PERPETUAL,400000,70500,
desk,BTC-26JUN26,-200000,72000,
desk,BTC_USDC-PERPETUAL,-1.5,70000,
desk,BTC-27MAR26-75000-C,-5,0.02,order
";

fn inputs() -> (Market, Book) {
    let market = read::market_csv("market.csv", MARKET.as_bytes()).unwrap();
    let book = read::book_csv("book.csv", BOOK.as_bytes(), &market).unwrap();
    (market, book)
}

#[test]
fn every_document_computes_a_mixed_book_or_says_what_it_is_not_about() {
    let (market, book) = inputs();
    let mut refused = Vec::new();
    for (name, _) in BUILT_IN {
        let document = Document::named(name).unwrap();
        match margin(&document, &market, &book.accounts[0]) {
            Ok(found) => {
                assert!(found.total.initial >= found.total.maintenance, "{name}");
                assert!(found.total.maintenance > Money::ZERO, "{name}");
            }
            Err(error) => {
                let says = ["has no charge about", "does not price"];
                let text = error.to_string();
                assert!(says.iter().any(|one| text.contains(one)), "{name}: {error}");
                refused.push(*name);
            }
        }
    }
    let by_health = [
        "aave-v3",
        "compound-v3",
        "drift-v2",
        "hyperliquid",
        "hyperliquid-pm",
        "mango-v4",
        "morpho-blue",
        "nado",
        "synthetix-v3",
    ];
    refused.retain(|name| !by_health.contains(name));
    assert_eq!(
        refused,
        [
            "aevo-standard",
            "binance-coinm",
            "binance-options",
            "binance-unimmr",
            "binance-usdm",
            "bybit-cross",
            "derive-pmrm",
            "derive-pmrm2",
            "derive-srm",
            "dydx-v4",
            "paradex-cross",
            "scan16-file",
        ]
    );
}

#[test]
fn an_initial_fraction_rises_with_what_is_open() {
    let asks = |open: &str, symbol: &str| {
        let text = format!(
            "instrument,mark,contract_size,lot,open_interest,as_of\n\
             USDC,1,,,,2026-03-04T19:00:00Z\nSOL,100,,,,2026-03-04T19:00:00Z\n\
             BTC,70000,,,,2026-03-04T19:00:00Z\n\
             x:SOL/USDC:USDC,100,1,0.1,{open},2026-03-04T19:00:00Z\n\
             x:BTC/USDC:USDC,70000,1,0.1,,2026-03-04T19:00:00Z\n"
        );
        let market = read::market_csv("market.csv", text.as_bytes()).unwrap();
        let book = format!("account,instrument,qty,avg_price\na,USDC,9000,\na,{symbol},10,100\n");
        let book = read::book_csv("book.csv", book.as_bytes(), &market).unwrap();
        margin(&Document::named("dydx-v4").unwrap(), &market, &book.accounts[0])
            .map(|found| (found.total.initial.to_string(), found.total.maintenance.to_string()))
    };
    let sol = |open: &str| asks(open, "x:SOL/USDC:USDC").unwrap();
    let pair = |initial: &str| (initial.to_owned(), "30".to_owned());
    // A notional of 1,000 at 5 %; it rises between 400,000 and 1,000,000 contracts at 100.
    assert_eq!(sol("0"), pair("50"));
    assert_eq!(sol("400000"), pair("50"));
    // A third of the way: 0.05 + 0.95 / 3 in whole millionths.
    assert_eq!(sol("600000"), pair("366.666"));
    assert_eq!(sol("1000000"), pair("1000"));
    assert_eq!(sol("9000000"), pair("1000"));
    let error = asks("", "x:SOL/USDC:USDC").unwrap_err().to_string();
    assert!(error.contains("give its row an open_interest"), "{error}");
    // Where nothing scales, nothing is asked for.
    assert_eq!(asks("", "x:BTC/USDC:USDC").unwrap().0, "14000");
}

#[test]
fn coins_without_a_position_are_scanned_where_they_move() {
    let (market, book) = inputs();
    let document = Document::named("deribit-pm").unwrap();
    let mut account = book.accounts[0].clone();
    account.positions.clear();
    account.orders.clear();
    let found = margin(&document, &market, &account).unwrap();
    // 10 BTC at 71,000, moved by 16 %: nothing else is at risk.
    assert_eq!(found.total.initial, "113600".parse().unwrap());
}

#[test]
fn the_risk_of_one_underlying_does_not_hide_the_minimum_of_another() {
    let market = read::market_csv("market.csv", TWO.as_bytes()).unwrap();
    // Calls far out still have some delta, which would earn a credit against the other.
    let whole = Document::named("scan16").unwrap();
    let document = whole.with(&[("charge.inter_credit.spreads", "[]")]).unwrap();
    let asks = |rows: &str| {
        let text = format!("account,instrument,qty,avg_price\na,USDC,1000000,\n{rows}");
        let book = read::book_csv("book.csv", text.as_bytes(), &market).unwrap();
        margin(&document, &market, &book.accounts[0]).unwrap().total.maintenance
    };
    let (calls, perpetual) = ("a,BTC-CALL,-10,0.0000001\n", "a,ETH-PERP,100,2000\n");
    let apart = asks(calls).plus(asks(perpetual)).unwrap();
    let together = asks(&format!("{calls}{perpetual}"));
    assert_eq!(
        together.decimal().round_to(6, Round::Nearest),
        apart.decimal().round_to(6, Round::Nearest)
    );
}

const TWO: &str = "\
instrument,venue_symbol,mark,iv,forward,contract_size,lot,as_of
BTC,,71000,,,,,2026-03-13T19:00:00Z
ETH,,2000,,,,,2026-03-13T19:00:00Z
USDC,,1,,,,,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260327-200000-C,BTC-CALL,0.0000001,0.3,71100,1,1,2026-03-13T19:00:00Z
v:ETH/USDC:USDC,ETH-PERP,2000,,,1,0.01,2026-03-13T19:00:00Z
";

#[test]
fn the_initial_margin_of_one_position_does_not_hide_the_maintenance_of_another() {
    let market = read::market_csv("market.csv", TWO.as_bytes()).unwrap();
    let document =
        Document::named("cross").unwrap().with(&[("params.leverage", "\"1000000\"")]).unwrap();
    let book = "account,instrument,qty,avg_price\na,USDC,1000000,\na,ETH-PERP,100,2000\n";
    let book = read::book_csv("book.csv", book.as_bytes(), &market).unwrap();
    let found = margin(&document, &market, &book.accounts[0]).unwrap();
    assert_eq!(found.total.initial, found.total.maintenance);
}

#[test]
fn a_coin_that_is_not_accepted_does_not_hedge() {
    let market = TWO.replace("ETH", "XRP");
    let market = read::market_csv("market.csv", market.as_bytes()).unwrap();
    let document = Document::named("deribit-pm").unwrap();
    let asks = |rows: &str| {
        let text = format!("account,instrument,qty,avg_price\na,USDC,1000000,\n{rows}");
        let book = read::book_csv("book.csv", text.as_bytes(), &market).unwrap();
        margin(&document, &market, &book.accounts[0]).unwrap().total.maintenance
    };
    let short = "a,XRP-PERP,-100,2000\n";
    assert_eq!(asks(short), asks(&format!("a,XRP,100,\n{short}")));
}

#[test]
fn a_dampener_gives_nothing_inside_the_range() {
    let (market, book) = inputs();
    let plain = Document::named("deribit-pm").unwrap();
    let damped = plain.with(&[("scan.standard.dampener", "\"100000\"")]).unwrap();
    let asks = |document| margin(document, &market, &book.accounts[0]).unwrap().total.maintenance;
    assert_eq!(asks(&plain), asks(&damped));
}
