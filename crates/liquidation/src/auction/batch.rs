//! Sealed bids for shares, cleared together: the best bids first, as many as are wanted, and all of
//! them at the price of the last that is taken.

use crate::LiquidationError;
use keelmark_book::{Money, Rate};

/// A sealed bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The share that is wanted, above zero and up to one.
    pub share: Rate,
    /// What is paid for all of it at most.
    pub limit: Money,
}

/// What bids get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleared {
    /// What all of it costs: the lowest limit that is taken.
    pub price: Money,
    /// The share that each gets, of those that get one: the best, in their order.
    pub shares: Vec<Rate>,
}

/// Clears bids that are given best first. `most` says which share is sold at a price: more of it at
/// a lower one. `None` without bids, or where nothing is to be sold.
///
/// # Errors
/// When a bid's share is not above zero and up to one, bids are out of order, or `most` fails.
pub fn clear<E: From<LiquidationError>>(
    bids: &[Sealed],
    most: impl Fn(Money) -> Result<Rate, E>,
) -> Result<Option<Cleared>, E> {
    if let Some(bid) = bids.iter().find(|bid| !bid.share.is_positive() || bid.share > Rate::ONE) {
        return Err(LiquidationError::bad("share of a bid", "above 0, up to 1", bid.share).into());
    }
    if !bids.is_sorted_by(|one, next| one.limit >= next.limit) {
        return Err(LiquidationError::bad("bids", "the best first", "another order").into());
    }
    let (mut shares, mut sum, mut price) = (Vec::new(), Rate::ZERO, None);
    for bid in bids {
        let open = most(bid.limit)?.minus(sum).map_err(LiquidationError::from)?;
        if !open.is_positive() {
            break;
        }
        price = Some(bid.limit);
        shares.push(bid.share.min(open));
        if bid.share >= open {
            break;
        }
        sum = sum.plus(bid.share).map_err(LiquidationError::from)?;
    }
    Ok(price.map(|price| Cleared { price, shares }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::{Decimal, Round};

    fn bid(percent: i64, limit: i64) -> Sealed {
        let share = Decimal::from_int(percent).over(Decimal::from_int(100), Round::Nearest);
        Sealed { share: Rate::new(share.unwrap()), limit: Money::from_int(limit) }
    }

    #[test]
    fn the_best_are_taken_at_the_price_of_the_last() {
        let half = |_: Money| Ok::<_, LiquidationError>(bid(50, 0).share);
        let found = clear(&[bid(30, 90), bid(40, 80), bid(100, 70)], half).unwrap().unwrap();
        assert_eq!(found.price, Money::from_int(80));
        assert_eq!(found.shares, [bid(30, 0).share, bid(20, 0).share]);
        let found = clear(&[bid(10, 90)], half).unwrap().unwrap();
        assert_eq!((found.price, found.shares.len()), (Money::from_int(90), 1));
        assert_eq!(clear(&[], half).unwrap(), None);
        // More would be sold at a lower price, but what is wanted at this one is there.
        let falls = |price: Money| {
            Ok::<_, LiquidationError>(if price < Money::from_int(85) {
                bid(90, 0).share
            } else {
                bid(50, 0).share
            })
        };
        let found = clear(&[bid(60, 90), bid(60, 80)], falls).unwrap().unwrap();
        assert_eq!((found.price, found.shares), (Money::from_int(90), vec![bid(50, 0).share]));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let all = |_: Money| Ok::<_, LiquidationError>(Rate::ONE);
        assert!(clear(&[bid(0, 1)], all).is_err());
        assert!(clear(&[bid(101, 1)], all).is_err());
        assert!(clear(&[bid(1, 1), bid(1, 2)], all).is_err());
    }
}
