//! The units: what a number counts, and which products make sense.
//!
//! | left     | op     | right    | gives    | rounded |
//! | -------- | ------ | -------- | -------- | ------- |
//! | Price    | times  | Quantity | Money    | as told |
//! | Money    | times  | Rate     | Money    | as told |
//! | Money    | times  | Price    | Money    | as told (conversion to the price's quote) |
//! | Money    | over   | Price    | Money    | as told (conversion from the price's quote) |
//! | Money    | ratio  | Money    | Rate     | as told |
//! | any      | plus, minus | same | same     | exact   |
//!
//! The currency of a [`Money`] stands beside it (a pool, a ledger line, a report has one), not in
//! it: mixing two is prevented by the structure that holds them.

use crate::decimal::{Decimal, Overflow, Round};
use crate::text::ParseDecimalError;
use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(transparent)]
        #[schemars(transparent)]
        pub struct $name(Decimal);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// From the bare number.
            #[inline]
            #[must_use]
            pub const fn new(value: Decimal) -> Self {
                Self(value)
            }

            /// A whole number of units.
            #[inline]
            #[must_use]
            pub const fn from_int(whole: i64) -> Self {
                Self(Decimal::from_int(whole))
            }

            /// The bare number.
            #[inline]
            #[must_use]
            pub const fn decimal(self) -> Decimal {
                self.0
            }

            /// The nearest `f64`, for estimates and display.
            #[inline]
            #[must_use]
            pub fn to_f64(self) -> f64 {
                self.0.to_f64()
            }

            /// From an estimate, rounded as told.
            ///
            /// # Errors
            /// [`Overflow`] when it is not finite or too large.
            #[inline]
            pub fn from_f64(value: f64, round: Round) -> Result<Self, Overflow> {
                Decimal::from_f64(value, round).map(Self)
            }

            /// Exact sum.
            ///
            /// # Errors
            /// [`Overflow`] when it does not fit.
            #[inline]
            pub fn plus(self, other: Self) -> Result<Self, Overflow> {
                self.0.plus(other.0).map(Self)
            }

            /// Exact difference.
            ///
            /// # Errors
            /// [`Overflow`] when it does not fit.
            #[inline]
            pub fn minus(self, other: Self) -> Result<Self, Overflow> {
                self.0.minus(other.0).map(Self)
            }

            /// Exact sum of many.
            ///
            /// # Errors
            /// [`Overflow`] when a partial sum does not fit.
            #[inline]
            pub fn sum(values: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
                values.into_iter().try_fold(Self::ZERO, Self::plus)
            }

            /// Magnitude.
            #[inline]
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }

            /// Whether this is exactly zero.
            #[inline]
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// Whether this is below zero.
            #[inline]
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0.is_negative()
            }

            /// Whether this is above zero.
            #[inline]
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0.is_positive()
            }
        }

        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseDecimalError;
            fn from_str(text: &str) -> Result<Self, ParseDecimalError> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

unit! {
    /// An amount of one currency or asset, named by whatever holds it.
    Money
}
unit! {
    /// Quote currency per one unit of what is priced.
    Price
}
unit! {
    /// A signed size in the instrument's own unit: long above zero, short below.
    Quantity
}
unit! {
    /// A pure ratio: 0.16 is 16 %.
    Rate
}

impl Price {
    /// Value of a quantity at this price.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    #[inline]
    pub fn times(self, quantity: Quantity, round: Round) -> Result<Money, Overflow> {
        self.0.times(quantity.0, round).map(Money)
    }

    /// This price moved by a factor, to the nearest representable price.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    #[inline]
    pub fn scaled(self, factor: Rate) -> Result<Self, Overflow> {
        self.0.times(factor.0, Round::Nearest).map(Self)
    }
}

impl Money {
    /// This amount times a ratio.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    #[inline]
    pub fn times(self, rate: Rate, round: Round) -> Result<Self, Overflow> {
        self.0.times(rate.0, round).map(Self)
    }

    /// This amount of the priced asset in the price's quote currency.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    #[inline]
    pub fn at(self, price: Price, round: Round) -> Result<Self, Overflow> {
        self.0.times(price.0, round).map(Self)
    }

    /// This amount of quote currency in the priced asset.
    ///
    /// # Errors
    /// [`Overflow`] when the price is zero or the result does not fit.
    #[inline]
    pub fn over(self, price: Price, round: Round) -> Result<Self, Overflow> {
        self.0.over(price.0, round).map(Self)
    }

    /// This amount as a share of another.
    ///
    /// # Errors
    /// [`Overflow`] when `other` is zero or the result does not fit.
    #[inline]
    pub fn ratio(self, other: Self, round: Round) -> Result<Rate, Overflow> {
        self.0.over(other.0, round).map(Rate)
    }

    /// The larger of two amounts of one currency.
    #[inline]
    #[must_use]
    pub fn or_more(self, other: Self) -> Self {
        self.max(other)
    }
}

impl Rate {
    /// 1, that is 100 %.
    pub const ONE: Self = Self(Decimal::ONE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_and_its_requirement_round_apart() {
        let price: Price = "0.333333333333333333".parse().unwrap();
        let tiny: Quantity = "0.5".parse().unwrap();
        let up = price.times(tiny, Round::Up).unwrap();
        let down = price.times(tiny, Round::Down).unwrap();
        assert_eq!(up.minus(down).unwrap().decimal(), Decimal::STEP);
    }

    #[test]
    fn json_is_text() {
        let value: Money = serde_json::from_str("\"402118.44\"").unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), "\"402118.44\"");
        assert!(serde_json::from_str::<Money>("\"4o2\"").is_err());
    }
}
