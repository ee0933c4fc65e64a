//! Properties of the whole way down, on random markets and books, for every built-in document.
//!
//! A failure prints the smallest case that proptest finds, and its seed. Two ways are walked:
//! `margin`, which compiles a table of what a pool holds, and pools over one shared table of the
//! whole market, as a prepared account has it. Comparisons between *different* holdings are made
//! over the shared table: there quanta are equal, so equalities are of bits.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(clippy::needless_for_each, clippy::float_cmp, reason = "short, and exact on purpose")]

mod books;
mod cells;
mod collateral;
mod exposure;
mod markets;
mod netting;
mod oracle;
mod orders;
mod shared;
mod spans;
mod union;
mod union_examples;

use keelmark_margin::Document;
use keelmark_margin::document::library::BUILT_IN;
use proptest::prelude::ProptestConfig;

/// Every built-in document that prices; those that take given rows have markets of their own.
fn documents() -> Vec<Document> {
    let all = BUILT_IN.iter().map(|(name, _)| Document::named(name).unwrap());
    all.filter(|document| !document.takes_given_rows()).collect()
}

/// So many cases, times `PROPERTY_TIMES` where it is set (for a long run). No file of old
/// failures: a real bug gets a test of its own.
fn cases(count: u32) -> ProptestConfig {
    let times = std::env::var("PROPERTY_TIMES").ok().and_then(|text| text.parse().ok());
    let cases = count * times.unwrap_or(1);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
