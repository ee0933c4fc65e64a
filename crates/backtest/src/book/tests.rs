//! Books are read as they are written, and accounts become the same book in other words.

use super::*;
use crate::error::BacktestError;
use keelmark_book::read as files;
use std::collections::BTreeSet;

#[test]
fn the_built_in_books_are_read() {
    let books = built_in().unwrap();
    assert_eq!(books.len(), 16);
    let strangle = books.iter().find(|one| one.name == "short-strangle ETH").unwrap();
    assert_eq!(strangle.legs.len(), 2);
    assert_eq!(strangle.assets(), [Asset::new("ETH").unwrap()]);
    let covered = books.iter().find(|one| one.name == "covered-call BTC").unwrap();
    assert!(covered.legs[0].is_inverse() && covered.coins.len() == 1);
    assert_eq!((covered.restrike, covered.shortest_days()), (Restrike::Monthly, Some(35.0)));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (from, to, part) in [
        ("keelmark/books/1", "keelmark/books/9", "keelmark/books/1"),
        ("coins = 1\n", "coins = 0\n", "other than zero"),
        ("coins = 1\n", "coins = nan\n", "from -1000000000000"),
        ("kind = \"perpetual\"", "kind = \"swap\"", "expected one of coin, perpetual"),
        ("days = 30\n", "", "expected days = 30 or expiry"),
        ("delta = 0.25", "delta = 25", "from 0.01 to 0.99"),
        ("delta = 0.25", "strike = -1", "above zero"),
        ("right = \"call\"", "rights = \"call\"", "right"),
        ("restrike = \"monthly\"", "restrike = \"hourly\"", "daily, monthly, expiry"),
        ("assets = [\"BTC\", \"ETH\"]", "assets = []", "assets"),
        ("assets = [\"BTC\", \"ETH\"]", "assets = [\"BTC\", \"BTC\"]", "a second book"),
    ] {
        let text = BUILT_IN.replacen(from, to, 1);
        assert_ne!(text, BUILT_IN, "{from}");
        let error: BacktestError = parse("b.toml", &text).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(part) && said.starts_with("b.toml:"), "{from} to {to}: {said}");
    }
    assert!(parse("b.toml", "schema = \"keelmark/books/1\"").is_err());
}

#[test]
fn an_account_keeps_tenor_moneyness_and_coins() {
    let market = include_bytes!("../../../../samples/btc-options-2026-03-13.csv");
    let market = files::market_csv("chain", market).unwrap();
    let desk = include_bytes!("../../../../samples/desk.csv");
    let desk = files::book_csv("desk", desk, &market).unwrap();
    let known = BTreeSet::from([Asset::new("BTC").unwrap()]);
    let account = desk.accounts.iter().find(|one| one.account == "calendar").unwrap();
    let (book, notes) = legs_of("calendar", account, &market, &known).unwrap();
    assert!(notes.is_empty() && book.legs.len() == 4, "{notes:?}");
    assert_eq!(book.coins, [(Asset::new("BTC").unwrap(), 12.0)]);
    let LegKind::Option { tenor: Tenor::Days(days), strike: Strike::Moneyness(times), .. } =
        book.legs[0].kind
    else {
        panic!("{:?}", book.legs[0]);
    };
    assert!((days - 13.54).abs() < 0.01 && (times - 72_000.0 / 71_100.0).abs() < 0.001);
    assert!((book.legs[3].coins + 160_000.0 / 71_048.7).abs() < 1e-6);
    let account = desk.accounts.iter().find(|one| one.account == "vol-desk").unwrap();
    let (_, notes) = legs_of("vol-desk", account, &market, &known).unwrap();
    assert!(notes[0].contains("1500000 USDC, 3 open orders"), "{notes:?}");
}
