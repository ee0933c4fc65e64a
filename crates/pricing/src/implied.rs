//! Volatility from a price, by a bracketed search on our own kernel.
//!
//! A library solver was passed over: it prices with its own special functions, and then the
//! volatility would not give back the price to the last bit on our kernel. Speed does not matter
//! here: it runs once an option when a chain without volatilities is imported.

use crate::option::{Terms, value};

/// Volatilities outside this range are not looked for.
const RANGE: (f64, f64) = (1e-4, 50.0);

/// The volatility at which an option is worth `price` (quote currency per unit); `None` when no
/// volatility gives that price, such as one at or below intrinsic value.
///
/// `terms.vol` is ignored.
#[must_use]
pub fn volatility(terms: &Terms, price: f64) -> Option<f64> {
    let at = |vol: f64| value(&Terms { vol, ..*terms }) - price;
    let (mut low, mut high) = RANGE;
    if !price.is_finite() || at(low) >= 0.0 || at(high) <= 0.0 {
        return None;
    }
    // The value grows with volatility, so halving always keeps the root between the ends.
    while high - low > 1e-14 * high {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if at(middle) < 0.0 { low = middle } else { high = middle }
    }
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::Right;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_price_comes_back(
            strike in 60.0f64..160.0, years in 0.01f64..2.0, vol in 0.1f64..3.0,
        ) {
            for right in [Right::Call, Right::Put] {
                let terms = Terms { forward: 100.0, strike, years, vol, right };
                let price = value(&terms);
                if let Some(found) = volatility(&terms, price) {
                    let back = value(&Terms { vol: found, ..terms });
                    prop_assert!((back - price).abs() < 1e-11, "{found} for {vol}");
                }
            }
        }
    }

    #[test]
    fn a_price_below_intrinsic_has_no_volatility() {
        let terms =
            Terms { forward: 100.0, strike: 80.0, years: 0.5, vol: 0.0, right: Right::Call };
        assert_eq!(volatility(&terms, 19.9), None);
        assert_eq!(volatility(&terms, 100.1), None);
    }
}
