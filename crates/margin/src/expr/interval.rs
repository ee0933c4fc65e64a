//! An interval that surely holds a number: every operation rounds its ends outward.

use keelmark_book::{Decimal, Overflow, Round};
use std::ops::Neg;

/// A closed interval of decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    low: Decimal,
    high: Decimal,
}

impl Interval {
    /// A number that is known exactly.
    #[must_use]
    pub const fn exact(value: Decimal) -> Self {
        Self { low: value, high: value }
    }

    /// The narrowest interval that holds two numbers.
    #[must_use]
    pub fn between(one: Decimal, other: Decimal) -> Self {
        Self { low: one.min(other), high: one.max(other) }
    }

    /// The narrowest interval that holds this one and another.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// What a function that only grows, or only falls, over it takes there.
    ///
    /// # Errors
    /// As the function.
    pub fn through<E>(self, of: impl Fn(Decimal) -> Result<Decimal, E>) -> Result<Self, E> {
        Ok(Self::between(of(self.low)?, of(self.high)?))
    }

    /// The lower end: what a credit may count for.
    #[must_use]
    pub const fn low(self) -> Decimal {
        self.low
    }

    /// The upper end: what a requirement must be.
    #[must_use]
    pub const fn high(self) -> Decimal {
        self.high
    }

    /// Sum.
    ///
    /// # Errors
    /// [`Overflow`] when an end does not fit.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        Ok(Self { low: self.low.plus(other.low)?, high: self.high.plus(other.high)? })
    }

    /// Product.
    ///
    /// # Errors
    /// [`Overflow`] when an end does not fit.
    pub fn times(self, other: Self) -> Result<Self, Overflow> {
        self.ends(other, Decimal::times_both)
    }

    /// Quotient.
    ///
    /// # Errors
    /// [`Overflow`] when `other` holds zero or an end does not fit.
    pub fn over(self, other: Self) -> Result<Self, Overflow> {
        if other.low <= Decimal::ZERO && Decimal::ZERO <= other.high {
            return Err(Overflow);
        }
        self.ends(other, |x, y| Ok((x.over(y, Round::Down)?, x.over(y, Round::Up)?)))
    }

    /// The ends of an operation that gives its result rounded down and rounded up.
    fn ends(
        self,
        other: Self,
        operation: impl Fn(Decimal, Decimal) -> Result<(Decimal, Decimal), Overflow>,
    ) -> Result<Self, Overflow> {
        let (a, b) = (self, other);
        if a.low == a.high && b.low == b.high {
            let (low, high) = operation(a.low, b.low)?;
            return Ok(Self { low, high });
        }
        let mut ends: Option<Self> = None;
        for (x, y) in [(a.low, b.low), (a.low, b.high), (a.high, b.low), (a.high, b.high)] {
            let (down, up) = operation(x, y)?;
            ends = Some(match ends {
                None => Self { low: down, high: up },
                Some(so_far) => Self { low: so_far.low.min(down), high: so_far.high.max(up) },
            });
        }
        ends.ok_or(Overflow)
    }

    /// The larger.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }

    /// The smaller.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.min(other.high) }
    }

    /// One where this is below the other, else zero; both ends where either may be.
    #[must_use]
    pub fn below(self, other: Self) -> Self {
        let end = |is: bool| if is { Decimal::ONE } else { Decimal::ZERO };
        Self { low: end(self.high < other.low), high: end(self.low < other.high) }
    }

    /// Rounded up or down to so many decimal places, from 0 to 18. Rounding never reverses two
    /// numbers, so the ends rounded hold every value rounded.
    ///
    /// # Errors
    /// [`Overflow`] when `places` is no such number.
    pub fn rounded(self, places: Decimal, round: Round) -> Result<Self, Overflow> {
        let places = places.in_steps_of(Decimal::ONE).ok_or(Overflow)?;
        let places = u32::try_from(places).map_err(|_| Overflow)?;
        let end = |value: Decimal| {
            let found = value.round_to(places, round);
            // Where the step up does not fit, the carrier stays below the value.
            let right = if round == Round::Up { found >= value } else { found <= value };
            right.then_some(found).ok_or(Overflow)
        };
        Ok(Self { low: end(self.low)?, high: end(self.high)? })
    }

    /// Square root.
    ///
    /// # Errors
    /// [`Overflow`] when it reaches below zero.
    pub fn sqrt(self) -> Result<Self, Overflow> {
        Ok(Self { low: self.low.sqrt(Round::Down)?, high: self.high.sqrt(Round::Up)? })
    }

    /// Magnitude.
    #[must_use]
    pub fn abs(self) -> Self {
        if self.low.is_negative() && self.high.is_positive() {
            return Self { low: Decimal::ZERO, high: self.high.max(-self.low) };
        }
        if self.high.is_positive() || self.low == self.high && !self.low.is_negative() {
            return self;
        }
        -self
    }
}

impl Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self { low: -self.high, high: -self.low }
    }
}
