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

/// A market with each price at a place within a span of it.
fn moved(market: &Market, span: &Span<'_>, places: &[f64]) -> Market {
    let mut moved = market.clone();
    let mut places = places.iter().cycle();
    let mut at = |ends: keelmark_margin::expr::Interval| {
        let place = *places.next().unwrap();
        let width = ends.high().minus(ends.low()).unwrap();
        let part =
            width.times(Decimal::from_f64(place, Round::Down).unwrap(), Round::Down).unwrap();
        Price::new(ends.low().plus(part).unwrap())
    };
    for (asset, feed) in &market.assets {
        let price = at(span.asset(asset).unwrap());
        moved.set_asset(asset.clone(), price, feed.as_of).unwrap();
    }
    for (id, _) in market.instruments.iter() {
        let mark = at(span.mark(id).unwrap());
        moved.set_quote(id, keelmark_book::Quote { mark, ..*market.quote(id) }).unwrap();
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
        market in market(), book in book(), down in 1u32..400, up in 1u32..400, places in places(),
    ) {
        let thousandths = |share: u32| {
            Rate::new(Decimal::from_raw(i128::from(share) * 10i128.pow(15)))
        };
        for document in BUILT_IN.iter().map(|(name, _)| Document::named(name).unwrap()) {
            check(&document, &market, &book, [thousandths(down), thousandths(up)], &places)?;
        }
    }
}

/// The documents of which spans can be told, so that a charge which loses them is seen.
#[test]
fn documents_with_spans() {
    let all = BUILT_IN.iter().map(|(name, _)| Document::named(name).unwrap());
    let known: Vec<String> = all.filter(Document::has_spans).map(|one| one.name.clone()).collect();
    let expected = [
        "aevo-standard",
        "binance-coinm",
        "binance-options",
        "binance-usdm",
        "bit-regular",
        "bybit-cross",
        "cross",
        "deribit-sm",
        "gate-options",
        "hyperliquid",
        "isolated",
        "okx-multi-currency",
        "paradex-cross",
    ];
    assert_eq!(known, expected);
}
