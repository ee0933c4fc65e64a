//! A factor in binary fixed point, so that a sum of quanta is multiplied in two instructions and
//! the result does not depend on how the sum was cut.

use crate::error::MarginError;

/// Binary places.
const PLACES: u32 = 56;
/// Magnitudes from here on are refused: products would not fit.
const LIMIT: f64 = 4096.0;

/// A factor: discount, weight, rate of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Share(i128);

impl Share {
    /// One.
    pub const ONE: Self = Self(1 << PLACES);

    /// The nearest factor to an estimate.
    ///
    /// # Errors
    /// When it is not finite or 4096 or more.
    pub fn new(value: f64) -> Result<Self, MarginError> {
        if value.is_finite() && value.abs() < LIMIT {
            let scaled = value * (1u64 << PLACES) as f64;
            return Ok(Self(scaled.round_ties_even() as i128));
        }
        let problem = format!("expected a factor below {LIMIT}, found {value}");
        Err(MarginError::Unsupported(problem))
    }

    /// This share of an amount, rounded down.
    pub fn of(self, amount: i128) -> i128 {
        let (high, low) = (amount >> PLACES, amount & ((1 << PLACES) - 1));
        high * self.0 + ((low * self.0) >> PLACES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_share_is_the_floor_of_the_product(
            amount in -(1i128 << 100)..(1i128 << 100), value in -5.0f64..5.0,
        ) {
            let share = Share::new(value).unwrap();
            let (wide, one) = (ethnum_floor(amount, share.0), share.of(amount));
            prop_assert_eq!(one, wide);
            prop_assert_eq!(Share::ONE.of(amount), amount);
        }
    }

    /// Floor of the product over 2^56, by long multiplication in halves.
    fn ethnum_floor(amount: i128, factor: i128) -> i128 {
        let (high, low) = (amount.div_euclid(1 << PLACES), amount.rem_euclid(1 << PLACES));
        high * factor + (low * factor).div_euclid(1 << PLACES)
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(Share::new(f64::NAN).is_err());
        assert!(Share::new(5000.0).is_err());
        assert_eq!(Share::new(0.5).unwrap().of(-3), -2);
    }
}
