//! The carrier under every unit: a signed integer count of 10^-18, with 256-bit intermediates.
//!
//! 18 places hold a wei of ether and a quantum of every venue we know; `i128` then reaches
//! 1.7e20 whole units, far beyond any notional. Products and quotients need 256 bits between,
//! which the `ethnum` crate provides.

use ethnum::I256;
use std::fmt;
use std::ops::Neg;

/// Decimal places of every [`Decimal`].
pub const PLACES: u32 = 18;
const ONE: i128 = 1_000_000_000_000_000_000;
/// Powers of ten, as many as fit.
const POWERS: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Where a result goes that lies between two representable numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// Towards plus infinity: requirements, liabilities.
    Up,
    /// Towards minus infinity: values, credits.
    Down,
    /// To the nearest, ties to even: estimates and display.
    Nearest,
}

/// The result does not fit: beyond about 1.7e20 in magnitude, or a division by zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number out of range: expected a magnitude below 1.7e20 (and no division by zero)")]
pub struct Overflow;

/// An exact decimal with 18 places.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(i128);

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(ONE);
    /// The smallest positive step, 10^-18.
    pub const STEP: Self = Self(1);

    /// A whole number.
    #[inline]
    #[must_use]
    pub const fn from_int(whole: i64) -> Self {
        Self(whole as i128 * ONE)
    }

    /// `count` times 10^-18.
    #[inline]
    #[must_use]
    pub const fn from_raw(count: i128) -> Self {
        Self(count)
    }

    /// The count of 10^-18.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// `count` times 10^`exponent`: how integer sums in a power-of-ten quantum become amounts.
    ///
    /// # Errors
    /// [`Overflow`] when the result does not fit.
    #[inline]
    pub fn from_scaled(count: i128, exponent: i32, round: Round) -> Result<Self, Overflow> {
        let shift = exponent + PLACES as i32;
        if shift >= 0 {
            let power = power_of_ten(shift.unsigned_abs()).ok_or(Overflow)?;
            return count.checked_mul(power).map(Self).ok_or(Overflow);
        }
        let Some(power) = power_of_ten(shift.unsigned_abs()) else {
            return Ok(Self(divide(I256::from(count), I256::MAX, round).as_i128()));
        };
        Ok(Self(divide_small(count, power, round)))
    }

    /// The whole number of 10^`exponent` in this, rounded down: the inverse of
    /// [`Decimal::from_scaled`].
    ///
    /// # Errors
    /// [`Overflow`] when the count does not fit.
    pub fn scaled(self, exponent: i32) -> Result<i128, Overflow> {
        let shift = exponent + PLACES as i32;
        if shift >= 0 {
            let power = power_of_ten(shift.unsigned_abs()).ok_or(Overflow)?;
            return Ok(self.0.div_euclid(power));
        }
        let power = power_of_ten(shift.unsigned_abs()).ok_or(Overflow)?;
        self.0.checked_mul(power).ok_or(Overflow)
    }

    /// The nearest decimal to a finite `f64`, in the direction asked.
    ///
    /// # Errors
    /// [`Overflow`] for NaN, infinities and magnitudes of 1e20 or more.
    pub fn from_f64(value: f64, round: Round) -> Result<Self, Overflow> {
        if !value.is_finite() || value.abs() >= 1e20 {
            return Err(Overflow);
        }
        // Split off the whole part first: it is exact, and the fraction keeps its digits.
        let whole = value.floor();
        let fraction = (value - whole) * ONE as f64;
        let step = match round {
            Round::Up => fraction.ceil(),
            Round::Down => fraction.floor(),
            Round::Nearest => fraction.round_ties_even(),
        };
        Ok(Self(whole as i128 * ONE + step as i128))
    }

    /// The nearest `f64`: for estimates, plots and ratios, never for money that is kept.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let whole = self.0 / ONE;
        let part = (self.0 - whole * ONE) as i64;
        // Conversion from one word is an instruction, from two a call.
        let whole = i64::try_from(whole).map_or_else(|_| whole as f64, |whole| whole as f64);
        whole + part as f64 / ONE as f64
    }

    /// Exact sum.
    ///
    /// # Errors
    /// [`Overflow`] when the sum does not fit.
    #[inline]
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// Exact difference.
    ///
    /// # Errors
    /// [`Overflow`] when the difference does not fit.
    #[inline]
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// Product, rounded as asked to 18 places.
    ///
    /// # Errors
    /// [`Overflow`] when the product does not fit.
    #[inline]
    pub fn times(self, other: Self, round: Round) -> Result<Self, Overflow> {
        // Most contracts are of one unit, and most markets count in dollars.
        if other.0 == ONE {
            return Ok(self);
        }
        let (quotient, rest) =
            product_over_one(self.0.unsigned_abs(), other.0.unsigned_abs()).ok_or(Overflow)?;
        let negative = (self.0 < 0) != (other.0 < 0);
        rounded((quotient, u128::from(rest)), ONE as u128, negative, round)
    }

    /// Product rounded down, and rounded up, from one multiplication.
    ///
    /// # Errors
    /// [`Overflow`] when either does not fit.
    #[inline]
    pub fn times_both(self, other: Self) -> Result<(Self, Self), Overflow> {
        let (quotient, rest) =
            product_over_one(self.0.unsigned_abs(), other.0.unsigned_abs()).ok_or(Overflow)?;
        let far = quotient.checked_add(u128::from(rest != 0)).ok_or(Overflow)?;
        let far = i128::try_from(far).map_err(|_| Overflow)?;
        let near = far - i128::from(rest != 0);
        let negative = (self.0 < 0) != (other.0 < 0);
        let (down, up) = if negative { (-far, -near) } else { (near, far) };
        Ok((Self(down), Self(up)))
    }

    /// Quotient, rounded as asked to 18 places.
    ///
    /// # Errors
    /// [`Overflow`] when `other` is zero or the quotient does not fit.
    #[inline]
    pub fn over(self, other: Self, round: Round) -> Result<Self, Overflow> {
        if other.0 == 0 {
            return Err(Overflow);
        }
        if other.0 == ONE {
            return Ok(self);
        }
        self.times_over(Self::ONE, other, round)
    }

    /// `self * factor / divisor` with one rounding.
    ///
    /// # Errors
    /// [`Overflow`] when `divisor` is zero or the result does not fit.
    #[inline]
    pub fn times_over(self, factor: Self, divisor: Self, round: Round) -> Result<Self, Overflow> {
        if divisor.0 == 0 {
            return Err(Overflow);
        }
        if divisor.0 == ONE {
            return self.times(factor, round);
        }
        let (high, low) = product(self.0.unsigned_abs(), factor.0.unsigned_abs());
        let by = divisor.0.unsigned_abs();
        let found = divide_words(high, low, by).ok_or(Overflow)?;
        let negative = (self.0 < 0) != (factor.0 < 0);
        rounded(found, by, negative != (divisor.0 < 0), round)
    }

    /// Square root, rounded as asked to 18 places.
    ///
    /// # Errors
    /// [`Overflow`] when it is below zero.
    pub fn sqrt(self, round: Round) -> Result<Self, Overflow> {
        if self.0 < 0 {
            return Err(Overflow);
        }
        if self.0 == 0 {
            return Ok(self);
        }
        let square = I256::from(self.0) * I256::from(ONE);
        // Newton from above falls to the floor of the root: 2^((bits + 1) / 2) is above it.
        let bits = 256 - square.leading_zeros();
        let mut root = I256::ONE << bits.div_ceil(2);
        loop {
            let next = (root + square / root) >> 1u32;
            if next >= root {
                break;
            }
            root = next;
        }
        let rest = square - root * root;
        let away = match round {
            Round::Up => rest > I256::ZERO,
            Round::Down => false,
            // Half a step above the root squares to no whole number, so there are no ties.
            Round::Nearest => rest > root,
        };
        narrow(if away { root + I256::ONE } else { root })
    }

    /// The whole number of `step`s in `self`, when there is exactly one such number.
    ///
    /// `None` when `self` is not a multiple of `step`, `step` is not positive, or the count does
    /// not fit `i64`.
    #[must_use]
    pub fn in_steps_of(self, step: Self) -> Option<i64> {
        if step.0 <= 0 || self.0 % step.0 != 0 {
            return None;
        }
        i64::try_from(self.0 / step.0).ok()
    }

    /// Rounded to `places` decimal places.
    #[must_use]
    pub fn round_to(self, places: u32, round: Round) -> Self {
        if places >= PLACES {
            return self;
        }
        let step = 10i128.pow(PLACES - places);
        Self(divide_small(self.0, step, round).saturating_mul(step))
    }

    /// Magnitude.
    #[inline]
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// -1, 0 or 1.
    #[inline]
    #[must_use]
    pub const fn signum(self) -> i8 {
        self.0.signum() as i8
    }

    /// Whether this is exactly zero.
    #[inline]
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is below zero.
    #[inline]
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether this is above zero.
    #[inline]
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl Neg for Decimal {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The decimal nearest in a direction to a quotient, from what is left over by its divisor.
#[inline]
fn rounded(
    (quotient, rest): (u128, u128),
    divisor: u128,
    negative: bool,
    round: Round,
) -> Result<Decimal, Overflow> {
    let away = match round {
        Round::Up => rest != 0 && !negative,
        Round::Down => rest != 0 && negative,
        Round::Nearest => match rest.cmp(&(divisor - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => quotient % 2 == 1,
            std::cmp::Ordering::Greater => true,
        },
    };
    let magnitude = quotient.checked_add(u128::from(away)).ok_or(Overflow)?;
    let magnitude = i128::try_from(magnitude).map_err(|_| Overflow)?;
    Ok(Decimal(if negative { -magnitude } else { magnitude }))
}

const WORD: u32 = 64;
const LOW: u128 = u64::MAX as u128;

/// `a * b`: the upper and the lower half.
#[inline]
fn product(a: u128, b: u128) -> (u128, u128) {
    let (a_high, a_low, b_high, b_low) = (a >> WORD, a & LOW, b >> WORD, b & LOW);
    let (low, high) = (a_low * b_low, a_high * b_high);
    let (middle, wrapped) = (a_low * b_high).overflowing_add(a_high * b_low);
    let (low, carry) = low.overflowing_add(middle << WORD);
    (high + (middle >> WORD) + (u128::from(wrapped) << WORD) + u128::from(carry), low)
}

/// A number of two halves over a divisor above zero, and what is left over; `None` when the
/// quotient does not fit.
///
/// Source: Knuth, "The Art of Computer Programming", volume 2, 4.3.1, algorithm D, with two digits
/// of a word each.
fn divide_words(high: u128, low: u128, divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    if high == 0 {
        let quotient = low / divisor;
        return Some((quotient, low - quotient * divisor));
    }
    // Shifted so that the divisor's top bit is set: a guess from its upper word is then close.
    let shift = divisor.leading_zeros();
    let divisor = divisor << shift;
    let (upper, lower) = (divisor >> WORD, divisor & LOW);
    let digit = |rest: u128, next: u128| {
        let mut guess = (rest / upper).min(LOW);
        let mut left = rest - guess * upper;
        while left <= LOW && guess * lower > (left << WORD | next) {
            guess -= 1;
            left += upper;
        }
        // Exact, though the terms themselves may wrap: what is left is below the divisor.
        let whole = (rest << WORD | next).wrapping_sub(guess.wrapping_mul(divisor));
        (guess, whole)
    };
    let high = high << shift | (low >> 1) >> (127 - shift);
    let low = low << shift;
    let (first, rest) = digit(high, low >> WORD);
    let (second, rest) = digit(rest, low & LOW);
    Some((first << WORD | second, rest >> shift))
}

/// `a * b / 10^18` and what is left over; `None` when it does not fit.
///
/// Products are most of what margin arithmetic does, and 10^18 fits a machine word: division by it
/// is two multiplications, many times faster than a general 256-bit one.
fn product_over_one(a: u128, b: u128) -> Option<(u128, u64)> {
    let (high, low) = product(a, b);
    let words = [high >> WORD, high & LOW, low >> WORD, low & LOW].map(|word| word as u64);
    if words[0] != 0 || words[1] >= ONE as u64 {
        return None;
    }
    // Shifted so that the divisor's top bit is set; the first two words leave room for it.
    let shifted = |at: usize| {
        let below = words.get(at + 1).map_or(0, |word| word >> (64 - SHIFT));
        (words[at] << SHIFT) | below
    };
    let (top, rest) = divide_two_words(shifted(1), shifted(2));
    let (bottom, rest) = divide_two_words(rest, shifted(3));
    Some(((u128::from(top) << WORD) | u128::from(bottom), rest >> SHIFT))
}

/// Leading zero bits of 10^18 in a word, the divisor without them, and its reciprocal
/// `(2^128 - 1) / divisor - 2^64`.
const SHIFT: u32 = (ONE as u64).leading_zeros();
const DIVISOR: u64 = (ONE as u64) << SHIFT;
const RECIPROCAL: u64 = (u128::MAX / DIVISOR as u128 - (1 << 64)) as u64;

/// Quotient and remainder of two words by [`DIVISOR`], by multiplication.
///
/// Source: Möller and Granlund, "Improved division by invariant integers", algorithm 4. The high
/// word must be below the divisor.
fn divide_two_words(high: u64, low: u64) -> (u64, u64) {
    let guess =
        u128::from(RECIPROCAL) * u128::from(high) + ((u128::from(high) << 64) | u128::from(low));
    let mut quotient = ((guess >> 64) as u64).wrapping_add(1);
    let mut rest = low.wrapping_sub(quotient.wrapping_mul(DIVISOR));
    if rest > guess as u64 {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(DIVISOR);
    }
    if rest >= DIVISOR {
        quotient = quotient.wrapping_add(1);
        rest -= DIVISOR;
    }
    (quotient, rest)
}

fn narrow(value: I256) -> Result<Decimal, Overflow> {
    i128::try_from(value).map(Decimal).map_err(|_| Overflow)
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    POWERS.get(exponent as usize).copied()
}

/// By a divisor above zero.
fn divide_small(numerator: i128, divisor: i128, round: Round) -> i128 {
    // One division: the Euclidean pair of operations would be two.
    let mut quotient = numerator / divisor;
    let mut rest = numerator - quotient * divisor;
    if rest < 0 {
        (quotient, rest) = (quotient - 1, rest + divisor);
    }
    let up = match round {
        Round::Down => false,
        Round::Up => rest != 0,
        Round::Nearest => match rest.cmp(&(divisor - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => quotient % 2 != 0,
            std::cmp::Ordering::Greater => true,
        },
    };
    quotient + i128::from(up)
}

fn divide(numerator: I256, divisor: I256, round: Round) -> I256 {
    let (numerator, divisor) =
        if divisor < I256::ZERO { (-numerator, -divisor) } else { (numerator, divisor) };
    let quotient = numerator.div_euclid(divisor);
    let rest = numerator - quotient * divisor;
    let up = match round {
        Round::Down => false,
        Round::Up => rest != I256::ZERO,
        Round::Nearest => match rest.cmp(&(divisor - rest)) {
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => quotient % I256::from(2) != I256::ZERO,
            std::cmp::Ordering::Greater => true,
        },
    };
    if up { quotient + I256::ONE } else { quotient }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn products_round_the_way_they_say() {
        let third = Decimal::ONE.over(d("3"), Round::Down).unwrap();
        assert_eq!(third.to_string(), "0.333333333333333333");
        assert_eq!(
            Decimal::ONE.over(d("3"), Round::Up).unwrap().to_string(),
            "0.333333333333333334"
        );
        assert_eq!(
            (-Decimal::ONE).over(d("3"), Round::Up).unwrap().to_string(),
            "-0.333333333333333333"
        );
        assert_eq!(d("0.000000000000000001").times(d("0.5"), Round::Nearest), Ok(Decimal::ZERO));
        assert_eq!(d("0.000000000000000003").times(d("0.5"), Round::Nearest).unwrap().raw(), 2);
    }

    #[test]
    fn roots_round_the_way_they_say() {
        for (of, down, up) in [
            ("2", "1.414213562373095048", "1.414213562373095049"),
            ("0", "0", "0"),
            ("6.25", "2.5", "2.5"),
            ("0.000000000000000001", "0.000000001", "0.000000001"),
            (
                "90000000000000000000",
                "9486832980.505137995996680633",
                "9486832980.505137995996680634",
            ),
        ] {
            let (of, down, up) = (d(of), d(down), d(up));
            assert_eq!((of.sqrt(Round::Down), of.sqrt(Round::Up)), (Ok(down), Ok(up)), "{of:?}");
        }
        assert_eq!(
            d("2").sqrt(Round::Nearest).map(|root| root.to_string()).as_deref(),
            Ok("1.414213562373095049")
        );
        assert!(d("-1").sqrt(Round::Down).is_err());
    }

    #[test]
    fn out_of_range_is_said_not_wrapped() {
        let large = Decimal::from_raw(i128::MAX);
        assert_eq!(large.times(large, Round::Up), Err(Overflow));
        assert_eq!(large.plus(large), Err(Overflow));
        assert_eq!(large.over(Decimal::ZERO, Round::Up), Err(Overflow));
        assert_eq!(Decimal::from_f64(f64::NAN, Round::Up), Err(Overflow));
    }

    #[test]
    fn scaled_counts_keep_every_digit_or_round() {
        assert_eq!(Decimal::from_scaled(-5, 2, Round::Up), Ok(d("-500")));
        assert_eq!(Decimal::from_scaled(15, -19, Round::Down).unwrap().raw(), 1);
        assert_eq!(Decimal::from_scaled(15, -19, Round::Up).unwrap().raw(), 2);
        assert_eq!(Decimal::from_scaled(-15, -60, Round::Down).unwrap().raw(), -1);
        let lowest = Decimal::from_scaled(i128::MIN, -19, Round::Down).unwrap().raw();
        assert_eq!(lowest, i128::MIN.div_euclid(10));
    }

    #[test]
    fn quotients_equal_the_general_division_at_the_edges_of_words() {
        let powers = [0, 1, 62, 63, 64, 65, 126].map(|bits| 1i128 << bits);
        let around = |one: i128| [one - 1, one, one + 1, -one, i128::MAX - one];
        let edges: Vec<i128> = powers.into_iter().flat_map(around).collect();
        for a in &edges {
            for b in &edges {
                for c in edges.iter().filter(|c| **c != 0) {
                    let general = I256::from(*a) * I256::from(*b);
                    let wanted = narrow(divide(general, I256::from(*c), Round::Nearest));
                    let found = Decimal(*a).times_over(Decimal(*b), Decimal(*c), Round::Nearest);
                    if wanted.map(Decimal::raw) != Ok(i128::MIN) {
                        assert_eq!(found, wanted, "{a} * {b} / {c}");
                    }
                }
            }
        }
    }

    const LARGE: i128 = 1_000_000_000_000_000_000_000;

    proptest! {
        #[test]
        fn up_is_never_below_down(a in -LARGE..LARGE, b in 1..LARGE) {
            let (a, b) = (Decimal::from_raw(a), Decimal::from_raw(b));
            for op in [Decimal::times, Decimal::over] {
                let (Ok(up), Ok(down), Ok(near)) =
                    (op(a, b, Round::Up), op(a, b, Round::Down), op(a, b, Round::Nearest)) else {
                    continue;
                };
                prop_assert!(down <= near && near <= up);
                prop_assert!(up.raw() - down.raw() <= 1);
            }
        }

        #[test]
        fn products_equal_the_general_division(a in any::<i128>(), b in any::<i128>(),
                                               shift_a in 0u32..127, shift_b in 0u32..127) {
            let (a, b) = (a >> shift_a, b >> shift_b);
            for round in [Round::Up, Round::Down, Round::Nearest] {
                let general = I256::from(a) * I256::from(b);
                let wanted = narrow(divide(general, I256::from(ONE), round));
                let found = Decimal::from_raw(a).times(Decimal::from_raw(b), round);
                // The two differ only at the one value that has no positive twin.
                if wanted.map(Decimal::raw) != Ok(i128::MIN) {
                    prop_assert_eq!(found, wanted);
                }
            }
        }

        #[test]
        fn quotients_equal_the_general_division(a in any::<i128>(), b in any::<i128>(),
                                                c in any::<i128>(), shift_a in 0u32..127,
                                                shift_b in 0u32..127, shift_c in 0u32..127) {
            let (a, b, c) = (a >> shift_a, b >> shift_b, c >> shift_c);
            prop_assume!(c != 0);
            for round in [Round::Up, Round::Down, Round::Nearest] {
                let general = I256::from(a) * I256::from(b);
                let wanted = narrow(divide(general, I256::from(c), round));
                let found = Decimal(a).times_over(Decimal(b), Decimal(c), round);
                if wanted.map(Decimal::raw) != Ok(i128::MIN) {
                    prop_assert_eq!(found, wanted);
                }
            }
        }

        #[test]
        fn both_ends_of_a_product_are_those_apart(a in any::<i128>(), b in any::<i128>(),
                                                  shift_a in 0u32..127, shift_b in 0u32..127) {
            let (a, b) = (Decimal::from_raw(a >> shift_a), Decimal::from_raw(b >> shift_b));
            let apart = a.times(b, Round::Down).and_then(|down| Ok((down, a.times(b, Round::Up)?)));
            prop_assert_eq!(a.times_both(b), apart);
        }

        #[test]
        fn scaled_counts_equal_the_general_division(count in any::<i128>(), places in 0u32..39) {
            let (power, exponent) = (10i128.pow(places), -(places as i32) - PLACES as i32);
            for round in [Round::Up, Round::Down, Round::Nearest] {
                let general = divide(I256::from(count), I256::from(power), round).as_i128();
                let found = Decimal::from_scaled(count, exponent, round);
                prop_assert_eq!(found.map(Decimal::raw), Ok(general));
            }
        }

        #[test]
        fn f64_round_trips_within_its_own_precision(value in -1e12f64..1e12) {
            let back = Decimal::from_f64(value, Round::Nearest).unwrap().to_f64();
            prop_assert!((back - value).abs() <= value.abs() * 1e-15 + 1e-18);
        }
    }
}
