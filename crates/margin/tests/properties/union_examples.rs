//! For every charge that can ask more of a union than of its parts: a pair of books in which it
//! does, with the amounts.

use crate::markets::{asset, now};
use crate::shared::Shared;
use keelmark_book::{Market, Portfolio, read};
use keelmark_margin::Document;
use std::fmt::Write as _;

/// Pairs of books, each a row `instrument,quantity[,leverage]`.
const PAIRS: &[(&str, &str, &str)] = &[
    ("two halves of a position", "v:BTC/USDC:USDC,20\n", "v:BTC/USDC:USDC,20\n"),
    ("two large positions", "v:BTC/USDC:USDC,500\n", "v:BTC/USDC:USDC,500\n"),
    ("two halves of an inverse one", "v:BTC/USD:BTC,710000\n", "v:BTC/USD:BTC,710000\n"),
    ("two large inverse ones", "v:BTC/USD:BTC,36000000\n", "v:BTC/USD:BTC,36000000\n"),
    ("legs of a spread", "v:BTC/USDC:USDC,10\n", "v:BTC/USD:BTC-260626,-716000\n"),
    ("legs of an inverse spread", "v:BTC/USD:BTC,710000\n", "v:BTC/USD:BTC-260626,-716000\n"),
    ("low and high leverage", "v:BTC/USDC:USDC,1,50\n", "v:BTC/USDC:USDC,1,2\n"),
    (
        "sold far calls",
        "v:BTC/USD:BTC-260327-120000-C,-1000\n",
        "v:BTC/USD:BTC-260327-120000-C,-1000\n",
    ),
    ("two large holdings", "BTC,100\n", "BTC,100\n"),
    ("a hedge that another takes", "BTC,1\nv:BTC/USDC:USDC,-1\n", "BTC,1\nv:BTC/USDC:USDC,1\n"),
];

/// Every kind of charge that can break the union is in one of these, or in `EVERY_KIND`.
const WITH_EXAMPLES: &[&str] = &[
    "cross",
    "deribit-pm",
    "deribit-pm-legacy",
    "deribit-pm-segregated",
    "deribit-sm",
    "drift-v2",
    "nado",
    "scan16",
];

/// Document and charge, the pair that breaks it, what the books ask apart and together.
const EXAMPLES: &str = include_str!("union_examples.txt");

const MARKET: &str = "\
instrument,mark,iv,forward,contract_size,lot,as_of
BTC,71000,,,,,2026-03-13T19:00:00Z
USDC,1,,,,,2026-03-13T19:00:00Z
v:BTC/USD:BTC,71000,,,1,10,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260626,71600,,,1,10,2026-03-13T19:00:00Z
v:BTC/USDC:USDC,71000,,,1,0.001,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260327-120000-C,0.0001,0.6,71100,1,0.1,2026-03-13T19:00:00Z
v:BTC/USD:BTC-260315-200000-C,0,0.3,71010,1,0.1,2026-03-13T19:00:00Z
";

/// Kinds that no built-in document uses.
const EVERY_KIND: &str = r#"
schema = "keelmark/model/1"
name = "every-kind"
title = "Kinds of charges that the built-in documents leave out"
source = "a test"
[[charge]]
name = "hedged"
kind = "hedged-size"
rate = "0.01"
[[charge]]
name = "strikes"
kind = "net-short-by-strike"
rate = "0.01"
[[charge]]
name = "larger_side"
kind = "short-option-minimum"
rate = "0.01"
count = "max"
[[charge]]
name = "one_tier"
kind = "brackets"
tiers = [{ rate = "0.05", deduction = "100" }]
[[charge]]
name = "flat"
kind = "brackets"
tiers = [{ rate = "0.05" }]
[[charge]]
name = "loans"
kind = "borrowed"
rate = "0.1"
[levels]
initial = "hedged + loans + strikes + larger_side + one_tier + flat + orders"
maintenance = "hedged + one_tier + flat"
"#;

pub fn every_kind() -> Document {
    Document::parse("every-kind.toml", EVERY_KIND).unwrap()
}

pub fn market() -> Market {
    read::market_csv("market.csv", MARKET.as_bytes()).unwrap()
}

/// An account of rows `instrument,quantity[,leverage]`.
pub fn account(market: &Market, rows: &str) -> Portfolio {
    let mut text = String::from("account,instrument,qty,leverage\n");
    for row in rows.lines() {
        let comma = if row.matches(',').count() == 1 { "," } else { "" };
        writeln!(text, "a,{row}{comma}").unwrap();
    }
    read::book_csv("book.csv", text.as_bytes(), market).unwrap().accounts.remove(0)
}

#[test]
fn every_charge_that_says_it_breaks_the_union_has_an_example() {
    let market = market();
    assert_eq!(market.as_of, now());
    assert!(market.assets.contains_key(&asset("BTC")));
    let mut found = String::new();
    let built_in = WITH_EXAMPLES.iter().map(|name| Document::named(name).unwrap());
    for document in built_in.chain([every_kind()]) {
        let shared = Shared::new(&document, &market);
        for one in &document.charges {
            let Some(why) = one.charge.breaks_union() else { continue };
            let line = PAIRS.iter().find_map(|pair| example(&shared, &one.name, pair));
            let line = line.unwrap_or_else(|| format!("no example, {why}"));
            writeln!(found, "{}.{}: {line}", document.name, one.name).unwrap();
        }
    }
    assert!(found == EXAMPLES, "found\n{found}");
}

/// The amounts of a pair in a pool where the union asks clearly more.
fn example(shared: &Shared<'_>, charge: &str, pair: &(&str, &str, &str)) -> Option<String> {
    let (name, left, right) = *pair;
    let (left, right) = (account(shared.market, left), account(shared.market, right));
    let both = left.union(&right).unwrap();
    let (a, b) = (shared.charges(&left), shared.charges(&right));
    shared.charges(&both).into_iter().filter(|((_, name), _)| name == charge).find_map(
        |(key, together)| {
            let of = |one: &std::collections::BTreeMap<_, keelmark_book::Money>| {
                one.get(&key).copied().unwrap_or_default()
            };
            let (a, b) = (of(&a), of(&b));
            let more = together.to_f64() - a.to_f64() - b.to_f64();
            (more > 1e-6 * together.to_f64().abs())
                .then(|| format!("{name}: {a:.4} + {b:.4} apart, {together:.4} together"))
        },
    )
}
