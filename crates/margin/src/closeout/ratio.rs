//! An exact fraction, in lowest terms: a price per quantum has no end in decimals.

use super::{CloseoutError, Integer};
use std::cmp::Ordering;
use std::fmt;

/// A fraction in lowest terms, its denominator above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ratio {
    numerator: Integer,
    denominator: Integer,
}

impl Ratio {
    /// A fraction, brought to lowest terms.
    ///
    /// # Errors
    /// [`CloseoutError::DivisionByZero`] when the denominator is zero.
    pub fn new(numerator: &Integer, denominator: &Integer) -> Result<Self, CloseoutError> {
        let mut divisor = numerator.common_divisor(denominator);
        if denominator.is_negative() {
            divisor = -divisor;
        }
        let lowest = |one: &Integer| one.over(&divisor, super::Toward::Zero);
        if denominator.is_zero() {
            return Err(CloseoutError::DivisionByZero);
        }
        Ok(Self { numerator: lowest(numerator)?, denominator: lowest(denominator)? })
    }

    /// The numerator, with the sign.
    #[must_use]
    pub const fn numerator(&self) -> &Integer {
        &self.numerator
    }

    /// The denominator, above zero.
    #[must_use]
    pub const fn denominator(&self) -> &Integer {
        &self.denominator
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) =
            (&self.numerator * &other.denominator, &other.numerator * &self.denominator);
        left.cmp(&right)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_terms_and_order() {
        let ratio = |a: i64, b: i64| Ratio::new(&a.into(), &b.into()).unwrap();
        assert_eq!(ratio(6, -4).to_string(), "-3/2");
        assert_eq!(ratio(0, -4).to_string(), "0/1");
        assert!(ratio(1, 3) < ratio(2, 5) && ratio(-1, 3) > ratio(2, -5));
        assert!(Ratio::new(&1.into(), &0.into()).is_err());
    }
}
