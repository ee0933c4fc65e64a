//! Spans: wherever in one the prices are, the margin is known, and what a pool has and requires is
//! inside the bounds.

use crate::books::{BookPlan, book};
use crate::cases;
use crate::markets::market;
use keelmark_book::{Decimal, Market, Price, Rate, Round};
use keelmark_margin::document::library::BUILT_IN;
use keelmark_margin::range::{Span, Spanned};
use keelmark_margin::{Document, margin};
use proptest::prelude::*;

/// Where in its interval each price is: at an end, or between.
fn places() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0f64..1.0], 16)
}

/// Shares, as many narrow ones as wide ones.
fn share() -> impl Strategy<Value = Rate> {
    (1i128..400, 0u32..5)
        .prop_map(|(digits, power)| Rate::new(Decimal::from_raw(digits * 10i128.pow(15 - power))))
}

/// A market with each price at a place within a span of it.
fn moved(market: &Market, span: &Span<'_>, places: &[f64]) -> Market {
    let mut moved = market.clone();
    let (first, second) = (places[0], places[1]);
    let mut places = places.iter().cycle();
    let mut at = |ends: keelmark_margin::expr::Interval| {
        let place = *places.next().unwrap();
        let width = ends.high().minus(ends.low()).unwrap();
        let part =
            width.times(Decimal::from_f64(place, Round::Down).unwrap(), Round::Down).unwrap();
        Price::new(ends.low().plus(part).unwrap())
    };
    // All feeds are as young as the market, wherever in its time the span is.
    let passed = span.until().nanos() - market.as_of.nanos();
    let as_of = market.as_of.plus_nanos((passed as f64 * first * 0.999) as i64);
    for asset in market.assets.keys() {
        let price = at(span.asset(asset).unwrap());
        moved.set_asset(asset.clone(), price, as_of).unwrap();
    }
    for (id, one) in market.instruments.iter() {
        let mark = at(span.mark(id).unwrap());
        let mut quote = keelmark_book::Quote { mark, as_of, ..*market.quote(id) };
        if one.is_option() {
            let [low, high] = span.vol(id).unwrap();
            quote.iv = Some(low + (high - low) * second);
            quote.forward = Some(at(span.forward(id).unwrap()));
        }
        moved.set_quote(id, quote).unwrap();
    }
    moved
}

fn check(
    document: &Document,
    market: &Market,
    book: &BookPlan,
    shares: [Rate; 2],
    places: &[f64],
) -> Result<bool, TestCaseError> {
    let account = book.portfolio(market);
    let Ok(Some(spanned)) = Spanned::new(document, market, &account) else { return Ok(false) };
    let span = spanned.span(shares);
    let Ok(Some(bounds)) = spanned.within(&span) else { return Ok(false) };
    let moved = moved(market, &span, places);
    let found = margin(document, &moved, &account);
    prop_assert!(found.is_ok(), "{}: {found:?}", document.name);
    let found = found.unwrap();
    prop_assert_eq!(found.pools.len(), bounds.len());
    for (pool, bound) in found.pools.iter().zip(&bounds) {
        let (equity, maintenance) =
            (pool.health.equity.decimal(), pool.health.maintenance.decimal());
        let holds = |interval: keelmark_margin::expr::Interval, found| {
            interval.low() <= found && found <= interval.high()
        };
        prop_assert!(holds(bound.equity, equity), "{}: {equity} {bound:?}", document.name);
        prop_assert!(
            holds(bound.maintenance, maintenance),
            "{}: {maintenance} {bound:?}",
            document.name
        );
    }
    Ok(true)
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn margins_are_within_their_bounds(
        market in market(), book in book(), down in share(), up in share(), places in places(),
    ) {
        for document in BUILT_IN.iter().map(|(name, _)| Document::named(name).unwrap()) {
            check(&document, &market, &book, [down, up], &places)?;
        }
    }
}

/// The documents of which spans can be told, so that a charge which loses them is seen.
#[test]
fn documents_with_spans() {
    let all = BUILT_IN.iter().map(|(name, _)| Document::named(name).unwrap());
    let known: Vec<String> = all.filter(Document::has_spans).map(|one| one.name.clone()).collect();
    let expected = [
        "aevo-pm",
        "aevo-standard",
        "binance-coinm",
        "binance-options",
        "binance-usdm",
        "bit-pm",
        "bit-regular",
        "bybit-cross",
        "cross",
        "customer-pm",
        "deribit-pm-segregated",
        "deribit-pm",
        "deribit-sm",
        "gate-options",
        "hyperliquid",
        "isolated",
        "okx-multi-currency",
        "paradex-cross",
        "synthetix-v3",
    ];
    assert_eq!(known, expected);
}
