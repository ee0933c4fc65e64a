//! Replies of venues, and their names: what is imported must stand in our own formats.

use keelmark_book::{Book, InputError, Market, Timestamp, read, write};
use keelmark_margin::{Document, margin};
use keelmark_venues::imported::Imported;
use keelmark_venues::{binance, ccxt, okx, spelling};

type Reader =
    fn(&[(&str, &[u8])], Option<&Market>, Option<Timestamp>) -> Result<Imported, InputError>;

macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        &[$(include_bytes!(concat!("../../../tests/cmd/", $folder, ".in/", $name, ".json"))),*]
    };
}

const OKX: &[&[u8]] = files!("import-okx": "instruments" "marks" "indices" "options" "tiers"
    "discounts" "balance" "positions" "hedged" "builder" "unit" "error");
const ORDERS: &[&[u8]] = files!("import-orders": "okx-orders" "binance-orders" "ccxt-orders");
const BINANCE: &[&[u8]] = files!("import-binance": "exchange-info" "premium-index" "brackets"
    "account" "position-risk" "hedged" "dapi-exchange-info" "dapi-account" "papi-account"
    "papi-balance" "eapi-exchange-info" "eapi-mark" "eapi-position" "eapi-account"
    "freqtrade-tiers" "error");
const CCXT: &[&[u8]] = files!("import-ccxt": "markets" "tickers" "greeks" "positions" "balance"
    "tiers" "null-mark");

/// Open orders beside what a venue has: a mutation of one venue's is near the others' too.
fn with_orders(all: &[&[u8]]) -> Vec<Vec<u8>> {
    owned(&[all, ORDERS].concat())
}

fn owned(all: &[&[u8]]) -> Vec<Vec<u8>> {
    all.iter().map(|bytes| bytes.to_vec()).collect()
}

/// Replies of OKX.
pub fn okx_corpus() -> Vec<Vec<u8>> {
    with_orders(OKX)
}

/// Replies of Binance.
pub fn binance_corpus() -> Vec<Vec<u8>> {
    with_orders(BINANCE)
}

/// Unified structures.
pub fn ccxt_corpus() -> Vec<Vec<u8>> {
    with_orders(CCXT)
}

/// Names in every grammar.
pub fn name_corpus() -> Vec<Vec<u8>> {
    [
        "okx:BTC-USD-250627-100000-C",
        "BTCUSDT_250627.BINANCE",
        "bybit:BTC-27JUN25-100000-C-USDT",
        "bybit:BTCUSDM25",
        "derive:ETH-20250627-2400_5-P",
        "XRP_USDC-30JUN23-0d625-C.DERIBIT",
        "hyperliquid:xyz:TSLA",
        "hyperliquid:kPEPE",
        "drift:1MBONK-PERP",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect()
}

/// A reply of OKX, alone and among others.
pub fn okx(bytes: &[u8]) -> bool {
    among(okx::import, bytes, &OKX[..3])
}

/// A reply of Binance, alone and among others.
pub fn binance(bytes: &[u8]) -> bool {
    among(binance::import, bytes, &BINANCE[..2])
}

/// A unified structure, alone and among others.
pub fn ccxt(bytes: &[u8]) -> bool {
    among(|files, market, time| ccxt::import("okx", files, market, time), bytes, &CCXT[..2])
}

fn among(reader: Reader, bytes: &[u8], others: &[&[u8]]) -> bool {
    let alone = imported(reader(&[("input", bytes)], None, None));
    let mut files = vec![("input", bytes)];
    files.extend(others.iter().map(|other| ("other", *other)));
    imported(reader(&files, None, None)) || alone
}

/// What came out is written, read again and margined.
fn imported(found: Result<Imported, InputError>) -> bool {
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            assert!(!error.to_string().trim().is_empty(), "an error without a word");
            return false;
        }
    };
    let mut document = None;
    if let Some(parameters) = &found.parameters {
        let text = parameters.toml("mine");
        match Document::parse("written", &text) {
            Ok(made) => document = Some(made),
            Err(error) => panic!("what was written is no document: {error}\n{text}"),
        }
    }
    let Some(market) = &found.market else { return true };
    let text = write::market_csv(market);
    let again = match read::market_csv("written", text.as_bytes()) {
        Ok(again) => again,
        Err(_) if market.instruments.is_empty() && market.assets.len() <= 1 => return true,
        Err(error) => panic!("what was written is not read: {error}\n{text}"),
    };
    assert_eq!(again.instruments.len(), market.instruments.len(), "instruments");
    let book = Book { accounts: found.accounts.clone(), notes: Vec::new() };
    let text = write::book_csv(&book, market);
    let bare =
        |one: &keelmark_book::Portfolio| one.collateral.is_empty() && one.positions.is_empty();
    if !found.accounts.iter().all(bare)
        && let Err(error) = read::book_csv("written", text.as_bytes(), &again)
    {
        panic!("what was written is not read: {error}\n{text}");
    }
    for account in &found.accounts {
        if let Some(document) = &document {
            let _ = margin(document, market, account);
        }
    }
    true
}

/// A name in any grammar: read as itself once printed.
pub fn name(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Some(symbol) = spelling::parse(text) else { return false };
    let shown = symbol.to_string();
    assert_eq!(spelling::parse(&shown), Some(symbol), "{text} is shown as {shown}");
    true
}
