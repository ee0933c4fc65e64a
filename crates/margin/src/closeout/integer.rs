//! An integer without a bound: sums and products are exact, divisions say where they round.

use super::CloseoutError;
use keelmark_book::{Decimal, Round};
use num_bigint::{BigInt, Sign};
use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};
use std::str::FromStr;

/// Powers of ten beyond this are refused: no contract counts in them, and an exponent from outside
/// must not choose how much memory is used.
const MOST_PLACES: u32 = 256;

/// Text longer than this is no integer of a contract.
const MOST_DIGITS: usize = 1024;

/// Where a quotient goes that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Towards zero: what a machine's division does.
    Zero,
    /// Towards minus infinity.
    Down,
    /// Towards plus infinity.
    Up,
}

/// An integer of any size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Integer(BigInt);

/// Text that is not an integer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an integer of at most {MOST_DIGITS} digits, found {found:?}")]
pub struct NotAnInteger {
    /// The start of what was found.
    pub found: String,
}

impl Integer {
    /// Ten to a power.
    ///
    /// # Errors
    /// [`CloseoutError::Power`] beyond what any contract counts in.
    pub fn ten_to(places: u32) -> Result<Self, CloseoutError> {
        if places > MOST_PLACES {
            return Err(CloseoutError::Power { most: MOST_PLACES, found: i64::from(places) });
        }
        Ok(Self(BigInt::from(10u32).pow(places)))
    }

    /// The quotient, rounded as told.
    ///
    /// # Errors
    /// [`CloseoutError::DivisionByZero`].
    pub fn over(&self, divisor: &Self, toward: Toward) -> Result<Self, CloseoutError> {
        if divisor.is_zero() {
            return Err(CloseoutError::DivisionByZero);
        }
        let quotient = &self.0 / &divisor.0;
        let rest = &self.0 - &quotient * &divisor.0;
        let whole = rest.sign() == Sign::NoSign;
        let negative = (self.0.sign() == Sign::Minus) != (divisor.0.sign() == Sign::Minus);
        let step = match toward {
            Toward::Down if !whole && negative => -1,
            Toward::Up if !whole && !negative => 1,
            _ => 0,
        };
        Ok(Self(quotient + step))
    }

    /// This times ten to a power; a negative power divides, rounded as told.
    ///
    /// # Errors
    /// [`CloseoutError::Power`] beyond what any contract counts in.
    pub fn scaled(&self, power: i64, toward: Toward) -> Result<Self, CloseoutError> {
        let beyond = |_| CloseoutError::Power { most: MOST_PLACES, found: power };
        let ten = Self::ten_to(u32::try_from(power.unsigned_abs()).map_err(beyond)?)?;
        if power < 0 { self.over(&ten, toward) } else { Ok(self * &ten) }
    }

    /// The largest integer whose square is no larger; 0 for what is below zero.
    #[must_use]
    pub fn root(&self) -> Self {
        if self.is_negative() { Self::default() } else { Self(self.0.sqrt()) }
    }

    /// Magnitude.
    #[must_use]
    pub fn abs(&self) -> Self {
        Self(BigInt::from(self.0.magnitude().clone()))
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.sign() == Sign::NoSign
    }

    /// Whether this is below zero.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.0.sign() == Sign::Minus
    }

    /// Whether this is above zero.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.0.sign() == Sign::Plus
    }

    /// The greatest common divisor, never below zero.
    #[must_use]
    pub fn common_divisor(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.abs().0, other.abs().0);
        while b.sign() != Sign::NoSign {
            (a, b) = (b.clone(), a % b);
        }
        Self(a)
    }

    /// How many quanta of ten to `exponent` a number is; `None` where it is not a whole number of
    /// them.
    #[must_use]
    pub fn quanta(value: Decimal, exponent: i32) -> Option<Self> {
        // The carrier counts in 10^-18.
        let raw = Self::from(value.raw());
        let power = -18 - i64::from(exponent);
        let found = raw.scaled(power, Toward::Down).ok()?;
        (found == raw.scaled(power, Toward::Up).ok()?).then_some(found)
    }

    /// The number that is this many quanta of ten to `exponent`; `None` where a decimal of 18
    /// places cannot hold it.
    #[must_use]
    pub fn decimal(&self, exponent: i32) -> Option<Decimal> {
        // Beyond this only zero fits, and the carrier's own sum of exponents must not overflow.
        if exponent.unsigned_abs() > MOST_PLACES {
            return self.is_zero().then_some(Decimal::ZERO);
        }
        let small = i128::try_from(&self.0).ok()?;
        let found = Decimal::from_scaled(small, exponent, Round::Down).ok()?;
        (Self::quanta(found, exponent).as_ref() == Some(self)).then_some(found)
    }
}

macro_rules! from_whole {
    ($($whole:ty),*) => {
        $(impl From<$whole> for Integer {
            fn from(value: $whole) -> Self {
                Self(BigInt::from(value))
            }
        })*
    };
}
from_whole!(i32, u32, i64, u64, i128, u128);

macro_rules! operator {
    ($($operator:ident $function:ident),*) => {
        $(impl $operator<&Integer> for &Integer {
            type Output = Integer;
            fn $function(self, other: &Integer) -> Integer {
                Integer((&self.0).$function(&other.0))
            }
        }
        impl $operator<&Integer> for Integer {
            type Output = Integer;
            fn $function(self, other: &Integer) -> Integer {
                Integer(self.0.$function(&other.0))
            }
        }
        impl $operator for Integer {
            type Output = Integer;
            fn $function(self, other: Integer) -> Integer {
                Integer(self.0.$function(other.0))
            }
        })*
    };
}
operator!(Add add, Sub sub, Mul mul);

impl Neg for &Integer {
    type Output = Integer;
    fn neg(self) -> Integer {
        Integer(-&self.0)
    }
}

impl Neg for Integer {
    type Output = Integer;
    fn neg(self) -> Integer {
        Integer(-self.0)
    }
}

impl FromStr for Integer {
    type Err = NotAnInteger;
    fn from_str(text: &str) -> Result<Self, NotAnInteger> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = !digits.is_empty()
            && digits.len() <= MOST_DIGITS
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        let parsed = if plain { text.parse().ok() } else { None };
        let found = || NotAnInteger { found: text.chars().take(40).collect() };
        parsed.map(Self).ok_or_else(found)
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_round_where_they_are_told() {
        for (a, b, zero, down, up) in
            [(7, 2, 3, 3, 4), (-7, 2, -3, -4, -3), (7, -2, -3, -4, -3), (-7, -2, 3, 3, 4)]
        {
            let (a, b) = (Integer::from(a), Integer::from(b));
            assert_eq!(a.over(&b, Toward::Zero).unwrap(), Integer::from(zero));
            assert_eq!(a.over(&b, Toward::Down).unwrap(), Integer::from(down));
            assert_eq!(a.over(&b, Toward::Up).unwrap(), Integer::from(up));
        }
        let zero = Integer::default();
        assert_eq!(Integer::from(6).over(&Integer::from(-3), Toward::Up).unwrap(), (-2).into());
        assert_eq!(Integer::from(1).over(&zero, Toward::Up), Err(CloseoutError::DivisionByZero));
    }

    #[test]
    fn powers_are_bounded() {
        let one = Integer::from(1);
        assert_eq!(one.scaled(3, Toward::Zero).unwrap(), Integer::from(1000));
        assert_eq!(Integer::from(-1999).scaled(-3, Toward::Zero).unwrap(), Integer::from(-1));
        assert!(one.scaled(i64::MIN, Toward::Zero).is_err());
        assert!(one.scaled(2_000_000_000, Toward::Zero).is_err());
    }

    #[test]
    fn text_and_decimals() {
        let large = "-340282366920938463463374607431768211455000";
        assert_eq!(large.parse::<Integer>().unwrap().to_string(), large);
        for wrong in ["", "-", "+1", "1.0", "1e3", " 1", "0x1", "1_000"] {
            assert!(wrong.parse::<Integer>().is_err(), "{wrong:?}");
        }
        let price: Decimal = "42.5".parse().unwrap();
        assert_eq!(Integer::quanta(price, -6), Some(Integer::from(42_500_000)));
        assert_eq!(Integer::quanta(price, 0), None);
        assert_eq!(Integer::from(42_500_000).decimal(-6), Some(price));
        assert_eq!(Integer::from(1).decimal(-19), None);
        assert_eq!(Integer::from(1).decimal(i32::MAX), None);
        assert_eq!(Integer::from(-1).decimal(i32::MIN), None);
        assert_eq!(Integer::quanta(price, i32::MIN), None);
        assert_eq!(large.parse::<Integer>().unwrap().decimal(-6), None);
    }

    #[test]
    fn roots_and_divisors() {
        for (square, root) in [(0, 0), (1, 1), (3, 1), (4, 2), (99, 9), (100, 10), (-4, 0)] {
            assert_eq!(Integer::from(square).root(), Integer::from(root));
        }
        assert_eq!(Integer::from(-12).common_divisor(&Integer::from(18)), Integer::from(6));
    }
}
