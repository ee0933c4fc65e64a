//! Splitting, merging, mirroring and reordering positions; threads.

use crate::books::{book, leg, quantity};
use crate::cases;
use crate::documents;
use crate::markets::market;
use crate::shared::numbers;
use keelmark_book::{Decimal, Market, Portfolio, Position};
use proptest::prelude::*;
use std::thread;

proptest! {
    #![proptest_config(cases(20))]

    /// A position and any number of pieces of it, entered at the same price, are the same.
    #[test]
    fn splitting_and_merging_change_no_bit(
        market in market(), plan in book(), cuts in proptest::collection::vec(-3.0f64..3.0, 10),
    ) {
        let whole = plan.portfolio(&market);
        let mut split = whole.clone();
        split.positions = plan.legs.iter().zip(cuts.iter().cycle()).flat_map(|(leg, cut)| {
            let position = leg.position(&market);
            let lots = leg.lots(&market);
            let first = (lots as f64 * cut) as i64;
            [first, lots - first].map(|lots| Position {
                quantity: quantity(&market, position.instrument, lots),
                ..position.clone()
            })
        }).collect();
        for document in documents() {
            prop_assert_eq!(
                numbers(&document, &market, &whole),
                numbers(&document, &market, &split),
                "{}", document.name
            );
        }
    }

    /// A position and its mirror, entered at one price, leave no trace in any number.
    #[test]
    fn a_position_and_its_mirror_cancel(market in market(), plan in book(), extra in leg()) {
        let without = plan.portfolio(&market);
        let mut with = without.clone();
        let position = extra.position(&market);
        let mirror = Position { quantity: -position.quantity, ..position.clone() };
        with.positions.insert(0, position);
        with.positions.push(mirror);
        for document in documents() {
            prop_assert_eq!(
                numbers(&document, &market, &without),
                numbers(&document, &market, &with),
                "{}", document.name
            );
        }
    }

    #[test]
    fn the_order_of_positions_changes_no_bit(
        market in market(), plan in book(), turn in 0usize..10, leverage in 1i64..50,
    ) {
        let mut account = plan.portfolio(&market);
        // Two choices of leverage in one instrument: whichever counts, it is not the last.
        if let Some(mut first) = account.positions.first().cloned() {
            first.leverage = Some(Decimal::from_int(leverage));
            account.positions.push(first.clone());
            first.leverage = Some(Decimal::from_int(7));
            account.positions.push(first);
        }
        let mut turned = account.clone();
        let by = turn.min(turned.positions.len());
        turned.positions.rotate_left(by);
        turned.collateral.reverse();
        let mut reversed = turned.clone();
        reversed.positions.reverse();
        for document in documents() {
            let expected = numbers(&document, &market, &account);
            prop_assert_eq!(&expected, &numbers(&document, &market, &turned), "{}", document.name);
            prop_assert_eq!(
                &expected, &numbers(&document, &market, &reversed), "{}", document.name
            );
        }
    }
}

proptest! {
    #![proptest_config(cases(6))]

    #[test]
    fn threads_change_no_bit(
        market in market(), plans in proptest::collection::vec(book(), 7), many in 2usize..6,
    ) {
        let accounts: Vec<Portfolio> = plans.iter().map(|plan| plan.portfolio(&market)).collect();
        for document in documents() {
            let one: Vec<_> =
                accounts.iter().map(|account| numbers(&document, &market, account)).collect();
            prop_assert_eq!(one, on_threads(&document, &market, &accounts, many));
        }
    }
}

/// The delta of the only option in a pool is 1e-100: its quantum must not be so fine that coins
/// held beside it overflow.
#[test]
fn coins_fit_beside_a_worthless_option() {
    let market = crate::union_examples::market();
    let rows = "BTC,100000\nv:BTC/USD:BTC-260315-200000-C,0.1\n";
    let account = crate::union_examples::account(&market, rows);
    for document in documents() {
        let found = numbers(&document, &market, &account);
        assert!(found.contains_key("net value"), "{}", document.name);
    }
}

fn on_threads(
    document: &keelmark_margin::Document,
    market: &Market,
    accounts: &[Portfolio],
    many: usize,
) -> Vec<std::collections::BTreeMap<String, keelmark_book::Money>> {
    let share = accounts.len().div_ceil(many);
    let evaluate = |part: &[Portfolio]| -> Vec<_> {
        part.iter().map(|account| numbers(document, market, account)).collect()
    };
    thread::scope(|scope| {
        let handles: Vec<_> =
            accounts.chunks(share).map(|part| scope.spawn(move || evaluate(part))).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    })
}
