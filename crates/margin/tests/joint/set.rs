//! The market, the book and the scenarios that tests of joint scans share.

use keelmark_book::{Asset, Market, Portfolio, read};
use keelmark_margin::Document;
use keelmark_margin::joint::{Joint, JointMoves};
use std::sync::Arc;

/// A market of two underlyings with a perpetual, a future and an option each way.
pub const MARKET: &[u8] = b"instrument,mark,iv,forward,contract_size,lot,as_of
USD,1,,,,,2026-03-13T08:00:00Z
USDC,1,,,,,2026-03-13T08:00:00Z
BTC,70000,,,,,2026-03-13T08:00:00Z
ETH,2000,,,,,2026-03-13T08:00:00Z
STETH,1990,,,,,2026-03-13T08:00:00Z
SOL,100,,,,,2026-03-13T08:00:00Z
v:BTC/USDC:USDC,70000,,,1,0.0001,2026-03-13T08:00:00Z
v:BTC/USDC:USDC-260612,71000,,,1,0.0001,2026-03-13T08:00:00Z
v:BTC/USD:BTC,70000,,,10,1,2026-03-13T08:00:00Z
v:BTC/USDC:USDC-260612-80000-C,2500,0.5,71000,1,0.01,2026-03-13T08:00:00Z
v:BTC/USDC:USDC-260327-60000-P,500,0.6,70300,1,0.01,2026-03-13T08:00:00Z
v:ETH/USDC:USDC,2000,,,1,0.001,2026-03-13T08:00:00Z
v:SOL/USDC:USDC,100,,,1,0.001,2026-03-13T08:00:00Z
";

/// A document of one joint scan and a worst loss over it.
pub const DOCUMENT: &str = r#"
schema = "keelmark/model/1"
name = "joint"
title = "Worst of joint scenarios"
source = "a test"

[pool]
by = "account"
currency = "USD"

[collateral.assets]
USD = "1"
USDC = "1"
BTC = "1"
ETH = "1"
STETH = "0.9"

[[scan]]
name = "history"
joint = "filtered-historical"

[[charge]]
name = "worst"
kind = "worst-loss"
over = "history"

[levels]
initial = "worst"
maintenance = "worst"
"#;

pub fn market() -> Market {
    read::market_csv("market.csv", MARKET).unwrap()
}

/// One account of positions, each an instrument and a quantity.
pub fn account(market: &Market, held: &[(&str, &str)]) -> Portfolio {
    let rows = held.iter().map(|(name, quantity)| format!("me,{name},{quantity}\n"));
    let text = format!("account,instrument,qty\n{}", rows.collect::<String>());
    read::book_csv("book.csv", text.as_bytes(), market).unwrap().accounts.remove(0)
}

pub fn asset(name: &str) -> Asset {
    Asset::new(name).unwrap()
}

/// Four scenarios of two underlyings.
pub fn joint() -> Joint {
    let labels = ["2020-03-12", "2020-05-10", "2021-05-19", "2022-11-08"];
    let moves = |price: [f64; 4], vol: [f64; 4]| JointMoves {
        price: price.to_vec(),
        vol: vol.to_vec(),
        ..JointMoves::default()
    };
    Joint {
        labels: labels.map(str::to_owned).to_vec(),
        moves: [
            (asset("BTC"), moves([-0.40, -0.10, -0.30, 0.05], [1.0, 0.25, 0.5, -0.2])),
            (asset("ETH"), moves([-0.45, 0.10, -0.35, 0.15], [1.0, 0.25, 0.5, -0.2])),
        ]
        .into(),
    }
}

/// The document of a text with the four scenarios bound to its scan.
pub fn bound(text: &str) -> Document {
    let document = Document::parse("joint.toml", text).unwrap();
    document.with_joint("history", Arc::new(joint())).unwrap()
}
