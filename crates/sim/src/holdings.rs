//! What an account holds in the reference: histories, added up when asked, in big integers.
//!
//! Amounts are whole numbers of 10^-18, as everywhere; each quotient is rounded here once more, by
//! the rule of the ledger and not by its code.

use keelmark_book::{Decimal, Instrument, Right};
use num_bigint::BigInt;

/// 10^18, one unit of anything.
pub(crate) fn one() -> BigInt {
    BigInt::from(10u64.pow(18))
}

/// The number behind a decimal.
#[must_use]
pub fn big(decimal: Decimal) -> BigInt {
    BigInt::from(decimal.raw())
}

/// The decimal of a number; `None` where it does not fit.
#[must_use]
pub fn small(number: &BigInt) -> Option<Decimal> {
    i128::try_from(number.clone()).ok().map(Decimal::from_raw)
}

/// A quotient rounded down.
fn floor(above: &BigInt, below: &BigInt) -> BigInt {
    let zero = BigInt::ZERO;
    let (above, below) =
        if *below < zero { (-above, -below) } else { (above.clone(), below.clone()) };
    let (quotient, rest) = (&above / &below, &above % &below);
    if rest < zero { quotient - 1 } else { quotient }
}

/// A quotient rounded to the nearest, ties to even.
#[must_use]
pub fn nearest(above: &BigInt, below: &BigInt) -> BigInt {
    let (two, zero) = (BigInt::from(2), BigInt::ZERO);
    let (above, below) =
        if *below < zero { (-above, -below) } else { (above.clone(), below.clone()) };
    let down = floor(&above, &below);
    let twice: BigInt = (&above - &down * &below) * &two;
    let odd = &down % &two != zero;
    if twice > below || (twice == below && odd) { down + 1 } else { down }
}

/// Contracts times their size.
#[must_use]
pub fn size(instrument: &Instrument, quantity: &BigInt) -> BigInt {
    nearest(&(quantity * big(instrument.contract_size.decimal())), &one())
}

/// Value of contracts at a price, signed: what is paid for a linear contract or an option, minus
/// the coins that an inverse one stands for.
#[must_use]
pub fn value(instrument: &Instrument, quantity: &BigInt, price: &BigInt) -> BigInt {
    let size = size(instrument, quantity);
    if instrument.is_inverse() && !instrument.is_option() {
        return -nearest(&(size * one()), price);
    }
    nearest(&(size * price), &one())
}

/// What contracts of an option are worth when it ends at a price of its underlying.
#[must_use]
pub fn paid_at_end(option: &Instrument, quantity: &BigInt, price: &BigInt) -> Option<BigInt> {
    let (strike, right) = option.option_terms()?;
    let strike = big(strike.decimal());
    let inside = match right {
        Right::Call => price - strike,
        Right::Put => strike - price,
    };
    let size = size(option, quantity) * inside.max(BigInt::ZERO);
    Some(if option.is_inverse() { nearest(&size, price) } else { units(&size) })
}

/// What contracts are worth at a price of their base asset, rounded up.
#[must_use]
pub fn worth(instrument: &Instrument, quantity: &BigInt, mark: &BigInt, price: &BigInt) -> BigInt {
    let mut size = size(instrument, quantity);
    if instrument.is_inverse() && !instrument.is_option() {
        size = nearest(&(size * one()), mark);
    }
    -floor(&-(size * price), &one())
}

/// A product of two numbers of 10^-18 as such a number, to the nearest.
#[must_use]
pub fn units(product: &BigInt) -> BigInt {
    nearest(product, &one())
}

/// What a lot pays at a rate of its value at a price.
#[must_use]
pub fn funded(instrument: &Instrument, price: &BigInt, rate: &BigInt) -> BigInt {
    let worth = value(instrument, &big(instrument.lot.decimal()), price);
    let worth = BigInt::from(worth.magnitude().clone());
    units(&(worth * rate))
}

/// A history is added up and begun anew after so many fills, or a long run would take for ever.
const LONGEST: usize = 64;

/// A position as the list of its fills, contracts and value of each, beside their sum.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fills {
    history: Vec<(BigInt, BigInt)>,
    sum: Sum,
}

/// A position now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    /// Contracts.
    pub quantity: BigInt,
    /// What they were entered at.
    pub cost: BigInt,
}

impl Fills {
    /// One fill more.
    pub fn add(&mut self, quantity: BigInt, value: BigInt) {
        if self.history.len() == LONGEST {
            *self = Self::entered(&self.added_up());
        }
        self.sum = self.sum.with(&quantity, &value);
        self.history.push((quantity, value));
    }

    /// A position with a history that somebody else has told already.
    #[must_use]
    pub fn entered(sum: &Sum) -> Self {
        Self { history: vec![(sum.quantity.clone(), sum.cost.clone())], sum: sum.clone() }
    }

    /// The position now.
    #[must_use]
    pub fn sum(&self) -> &Sum {
        &self.sum
    }

    /// The whole history, from the first fill.
    #[must_use]
    pub fn added_up(&self) -> Sum {
        let mut sum = Sum::default();
        for (quantity, value) in &self.history {
            sum = sum.with(quantity, value);
        }
        sum
    }
}

impl Sum {
    fn with(&self, quantity: &BigInt, value: &BigInt) -> Self {
        let zero = BigInt::ZERO;
        let after = &self.quantity + quantity;
        let against = (self.quantity > zero && *quantity < zero)
            || (self.quantity < zero && *quantity > zero);
        let turned =
            (self.quantity > zero && after < zero) || (self.quantity < zero && after > zero);
        let cost = match (against, turned) {
            (false, _) => &self.cost + value,
            (true, true) => floor(&(value * &after), quantity),
            (true, false) => floor(&(&self.cost * &after), &self.quantity),
        };
        Self { quantity: after, cost }
    }

    /// Average entry price, rounded against the holder; `None` where it is not above zero.
    #[must_use]
    pub fn entry(&self, instrument: &Instrument) -> Option<Decimal> {
        let size = size(instrument, &self.quantity);
        let (above, below) = if instrument.is_inverse() && !instrument.is_option() {
            (-size, self.cost.clone())
        } else {
            (self.cost.clone(), size)
        };
        if below == BigInt::ZERO {
            return None;
        }
        let above = above * one();
        let price = if self.quantity < BigInt::ZERO {
            floor(&above, &below)
        } else {
            -floor(&-above, &below)
        };
        small(&price).filter(|price| price.is_positive())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_round_as_they_say() {
        let of = |above: i64, below: i64| (BigInt::from(above), BigInt::from(below));
        for (above, below, down, near) in
            [(7, 2, 3, 4), (5, 2, 2, 2), (-5, 2, -3, -2), (-7, -2, 3, 4), (-7, 3, -3, -2)]
        {
            let (above, below) = of(above, below);
            assert_eq!(floor(&above, &below), BigInt::from(down));
            assert_eq!(nearest(&above, &below), BigInt::from(near));
        }
    }
}
