//! The weighted median, with its ties defined.

use keelmark_book::{Decimal, Overflow, Price, Rate, Round};

/// The lowest price at or below which more than half of the weight is; where exactly half is, the
/// middle between it and the next, rounded down. `None` of nothing. Weights are above zero.
///
/// # Errors
/// [`Overflow`] when the weights do not fit.
pub fn median(mut prices: Vec<(Price, Rate)>) -> Result<Option<Price>, Overflow> {
    prices.sort_unstable();
    let whole = Rate::sum(prices.iter().map(|(_, weight)| *weight))?;
    let mut below = Rate::ZERO;
    for (at, (price, weight)) in prices.iter().enumerate() {
        below = below.plus(*weight)?;
        let above = whole.minus(below)?;
        if below > above {
            return Ok(Some(*price));
        }
        if below == above
            && let Some((next, _)) = prices.get(at + 1)
        {
            let two = Decimal::from_int(2);
            let half = next.minus(*price)?.decimal().over(two, Round::Down)?;
            return price.plus(Price::new(half)).map(Some);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(prices: &[(&str, &str)], expected: Option<&str>) {
        let given =
            prices.iter().map(|(price, weight)| (price.parse().unwrap(), weight.parse().unwrap()));
        let found = median(given.collect()).unwrap();
        assert_eq!(found, expected.map(|price| price.parse().unwrap()));
    }

    #[test]
    fn heavy_sources_and_ties() {
        check(&[], None);
        check(&[("7", "1")], Some("7"));
        check(&[("7", "1"), ("9", "1"), ("8", "1")], Some("8"));
        check(&[("7", "1"), ("9", "1")], Some("8"));
        check(&[("7", "1"), ("9", "3"), ("8", "1")], Some("9"));
        check(&[("7", "1"), ("9", "2"), ("8", "1")], Some("8.5"));
        check(&[("7", "2"), ("7", "1"), ("9", "3")], Some("8"));
        check(
            &[("0.000000000000000001", "1"), ("0.000000000000000002", "1")],
            Some("0.000000000000000001"),
        );
    }

    proptest! {
        /// It lies among the prices, and no order of them makes another.
        #[test]
        fn any_order(
            given in prop::collection::vec((1i64..50, 1i64..5), 1..9), turn in 0usize..9,
        ) {
            let prices: Vec<_> = given
                .iter()
                .map(|(price, weight)| (Price::from_int(*price), Rate::from_int(*weight)))
                .collect();
            let mut turned = prices.clone();
            turned.rotate_left(turn % prices.len());
            turned.reverse();
            let found = median(prices.clone()).unwrap().unwrap();
            prop_assert_eq!(median(turned).unwrap(), Some(found));
            prop_assert!(prices.iter().any(|(price, _)| *price <= found));
            prop_assert!(prices.iter().any(|(price, _)| *price >= found));
        }
    }
}
