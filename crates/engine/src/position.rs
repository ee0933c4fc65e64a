//! What a fill does to a position: entry value, realised profit, exactly conserved.
//!
//! A position keeps the value it was entered at (its cost), not an average price. A fill adds the
//! value it was traded at; whatever part of the cost goes with closed contracts, profit realised
//! is the change of the cost less the value traded. So over both sides of every trade the sum of
//! realised profits equals the sum of the costs, to the last digit, however each cost is rounded.
//! Rejected: average entry prices, whose rounding makes money or loses it.

use crate::account::Holding;
use keelmark_book::{Decimal, Instrument, Money, Overflow, Price, Quantity, Round};

/// Value of `quantity` contracts at a price, signed, in the settlement asset: size times price;
/// of an inverse contract minus its face over the price, so that value gained is profit always.
///
/// # Errors
/// [`Overflow`] when the price of an inverse contract is zero or the value does not fit.
pub fn value(one: &Instrument, quantity: Quantity, price: Price) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(one.contract_size.decimal(), Round::Nearest)?;
    if one.is_inverse() && !one.is_option() {
        return Ok(-Money::new(size.over(price.decimal(), Round::Nearest)?));
    }
    size.times(price.decimal(), Round::Nearest).map(Money::new)
}

/// The price at which so many contracts are traded where they are traded at a value in all, to the
/// nearest; zero where none is.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn price(one: &Instrument, quantity: Quantity, value: Money) -> Result<Price, Overflow> {
    Ok(priced(one, quantity, value, Round::Nearest)?.unwrap_or(Price::ZERO))
}

/// The price of contracts that are worth so much in all; `None` where none is.
fn priced(
    one: &Instrument,
    quantity: Quantity,
    value: Money,
    round: Round,
) -> Result<Option<Price>, Overflow> {
    let size = quantity.decimal().times(one.contract_size.decimal(), Round::Nearest)?;
    let (above, below) = if one.is_inverse() && !one.is_option() {
        (-size, value.decimal())
    } else {
        (value.decimal(), size)
    };
    if below.is_zero() {
        return Ok(None);
    }
    above.times_over(Decimal::ONE, below, round).map(Price::new).map(Some)
}

/// Whether a position only came towards zero: it is smaller, and on the side it was on.
#[must_use]
pub fn reduces(before: Quantity, after: Quantity) -> bool {
    let same_side = after.is_zero() || after.is_negative() == before.is_negative();
    after.abs() < before.abs() && same_side
}

/// A position after a fill, and what the fill realised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The position.
    pub holding: Holding,
    /// Profit realised, in the settlement asset.
    pub realised: Money,
}

/// Adds a fill of `quantity` contracts, traded at `value` in all, to a position.
///
/// What is realised is rounded down: the digit below the last stays with the open part.
///
/// # Errors
/// [`Overflow`] when a number does not fit.
pub fn fill(held: Holding, quantity: Quantity, value: Money) -> Result<Filled, Overflow> {
    let after = held.quantity.plus(quantity)?;
    let share = |cost: Money, part: Quantity, of: Quantity| -> Result<Money, Overflow> {
        let part = cost.decimal().times_over(part.decimal(), of.decimal(), Round::Down)?;
        Ok(Money::new(part))
    };
    let grows = held.quantity.is_zero() || held.quantity.is_negative() == quantity.is_negative();
    let crosses = !after.is_zero() && after.is_negative() != held.quantity.is_negative();
    let cost = if grows {
        held.cost.plus(value)?
    } else if after.is_zero() {
        Money::ZERO
    } else if crosses {
        share(value, after, quantity)?
    } else {
        share(held.cost, after, held.quantity)?
    };
    let realised = cost.minus(held.cost)?.minus(value)?;
    Ok(Filled { holding: Holding { quantity: after, cost, ..held }, realised })
}

/// The price at which a position was entered on average, rounded against its holder; `None` where
/// none is above zero, as after profits that exceed the cost of what is left.
///
/// # Errors
/// [`Overflow`] when a number does not fit.
pub fn entry(one: &Instrument, held: &Holding) -> Result<Option<Price>, Overflow> {
    let round = if held.quantity.is_negative() { Round::Down } else { Round::Up };
    let price = priced(one, held.quantity, held.cost, round)?;
    Ok(price.filter(|price| price.is_positive()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keelmark_book::InstrumentId;
    use proptest::prelude::*;

    fn held(quantity: &str, cost: &str) -> Holding {
        let quantity = quantity.parse().unwrap();
        Holding { instrument: InstrumentId::new(0), quantity, cost: cost.parse().unwrap() }
    }

    #[track_caller]
    fn check(before: (&str, &str), fill_of: (&str, &str), after: (&str, &str), realised: &str) {
        let filled =
            fill(held(before.0, before.1), fill_of.0.parse().unwrap(), fill_of.1.parse().unwrap());
        let found = filled.unwrap();
        assert_eq!(found.holding, held(after.0, after.1));
        assert_eq!(found.realised.to_string(), realised);
    }

    #[test]
    fn opening_adding_reducing_closing_and_crossing() {
        check(("0", "0"), ("2", "200"), ("2", "200"), "0");
        check(("2", "200"), ("1", "130"), ("3", "330"), "0");
        check(("3", "330"), ("-1", "-150"), ("2", "220"), "40");
        check(("2", "220"), ("-2", "-200"), ("0", "0"), "-20");
        check(("2", "220"), ("-3", "-360"), ("-1", "-120"), "20");
        check(("-1", "-120"), ("1", "100"), ("0", "0"), "20");
    }

    proptest! {
        /// Whatever two accounts trade with each other, profit realised is cost kept.
        #[test]
        fn realised_profit_is_conserved(
            trades in prop::collection::vec((-1_000_000i64..1_000_000, 1i64..1_000_000_000), 1..40),
        ) {
            let (mut one, mut other) = (held("0", "0"), held("0", "0"));
            let mut realised = Money::ZERO;
            for (lots, price) in trades {
                let quantity = Quantity::new(Decimal::from_raw(i128::from(lots) * 1_000_003));
                let price = Decimal::from_raw(i128::from(price) * 1_000_000_000_033);
                let value = quantity.decimal().times(price, Round::Nearest).unwrap();
                let value = Money::new(value);
                for (held, quantity, value) in
                    [(&mut one, quantity, value), (&mut other, -quantity, -value)]
                {
                    let found = fill(*held, quantity, value).unwrap();
                    *held = found.holding;
                    realised = realised.plus(found.realised).unwrap();
                }
            }
            prop_assert_eq!(realised, one.cost.plus(other.cost).unwrap());
        }
    }
}
