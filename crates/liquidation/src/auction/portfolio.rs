//! Shares of a whole account sold at a share of its worth: a solvent account at a falling discount,
//! until it has a buffer again; an insolvent one against a rising payment.
//!
//! What earlier bidders paid is reserved: it is not for sale again. Source: `DutchAuction.sol` of
//! `derivexyz/v2-core`.

use crate::LiquidationError;
use keelmark_book::{Decimal, Money, Rate, Round};

/// An account in an auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is worth at the mark, what earlier bidders paid included.
    pub worth: Money,
    /// The same less its maintenance margin: below zero it is short of margin.
    pub net: Money,
    /// What earlier bidders paid.
    pub reserved: Money,
}

/// How far beyond its maintenance margin an account is sold: until its net is above zero with this
/// share of its requirement on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer(pub Rate);

impl Buffer {
    /// The buffer that brings maintenance margin down to a share of equity; rounded up.
    ///
    /// # Errors
    /// When the share is not above zero and up to one, or its inverse does not fit.
    pub fn down_to(used: Rate) -> Result<Self, LiquidationError> {
        if !used.is_positive() || used > Rate::ONE {
            return Err(LiquidationError::bad("margin used", "above 0, up to 1", used));
        }
        let times = Decimal::ONE.over(used.decimal(), Round::Up)?;
        Ok(Self(Rate::new(times.minus(Decimal::ONE)?)))
    }
}

impl Standing {
    /// The net with the buffer on top of the requirement, rounded down.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn buffered(&self, buffer: Buffer) -> Result<Money, LiquidationError> {
        let required = self.worth.minus(self.net)?;
        Ok(self.net.minus(required.times(buffer.0, Round::Up)?)?)
    }

    /// What a bidder pays for all that is for sale, at a share of its worth; rounded up.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn price(&self, share: Rate) -> Result<Money, LiquidationError> {
        Ok(self.worth.minus(self.reserved)?.times(share, Round::Up)?)
    }

    /// The largest share that a solvent account sells: after it the buffer is met. Zero where it
    /// is already, one where no share is enough. Rounded up.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn most(&self, share: Rate, buffer: Buffer) -> Result<Rate, LiquidationError> {
        self.most_at(self.price(share)?, buffer)
    }

    /// The same where all that is for sale costs so much: for figures of which not all that is
    /// sold counts, as where collateral has haircuts.
    ///
    /// # Errors
    /// As [`Standing::most`].
    pub fn most_at(&self, price: Money, buffer: Buffer) -> Result<Rate, LiquidationError> {
        let short = self.buffered(buffer)?;
        if !short.is_negative() {
            return Ok(Rate::ZERO);
        }
        // A share p leaves (1 - p) of what is for sale, and p of its price.
        let gained = price.minus(short)?.plus(self.reserved)?;
        if !gained.is_positive() {
            return Ok(Rate::ONE);
        }
        let most = (-short).ratio(gained, Round::Up)?;
        Ok(most.min(Rate::ONE))
    }

    /// The account after a bidder took a share of it and paid so much.
    ///
    /// # Errors
    /// When the share is not from zero to one, or a number does not fit.
    pub fn after(&self, share: Rate, paid: Money) -> Result<Self, LiquidationError> {
        if share.is_negative() || share > Rate::ONE {
            return Err(LiquidationError::bad("share that is bid for", "from 0 to 1", share));
        }
        let left = |amount: Money| -> Result<Money, LiquidationError> {
            let for_sale = amount.minus(self.reserved)?;
            Ok(amount.minus(for_sale.times(share, Round::Up)?)?.plus(paid)?)
        };
        Ok(Self {
            worth: left(self.worth)?,
            net: left(self.net)?,
            reserved: self.reserved.plus(paid)?,
        })
    }

    /// What a bidder is paid for taking a share of an insolvent account: its debt at first, its
    /// debt and requirement at the end; rounded down, never below zero.
    ///
    /// # Errors
    /// When the auction has no length or a number does not fit.
    pub fn compensation(
        &self,
        share: Rate,
        seconds: u64,
        all: u64,
    ) -> Result<Money, LiquidationError> {
        if all == 0 {
            return Err(LiquidationError::bad("seconds of the auction", "above zero", all));
        }
        let count = |seconds: u64| Decimal::from_int(i64::try_from(seconds).unwrap_or(i64::MAX));
        let required = self.worth.minus(self.net)?.decimal();
        let fallen = required.times_over(count(seconds.min(all)), count(all), Round::Down)?;
        let owed = fallen.minus(self.worth.decimal())?.max(Decimal::ZERO);
        Ok(Money::new(owed.times(share.decimal(), Round::Down)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rate(percent: i64) -> Rate {
        Rate::new(Decimal::from_int(percent).over(Decimal::from_int(100), Round::Nearest).unwrap())
    }

    proptest! {
        /// With linear margin the largest share leaves the account with just its buffer.
        #[test]
        fn the_largest_share_is_enough_and_no_more(
            worth in 1i64..10_000, required in 1i64..20_000, paid_before in 0i64..1_000,
            percent in 1i64..100, buffer in 0i64..50,
        ) {
            let reserved = Money::from_int(paid_before.min(worth - 1));
            let worth = Money::from_int(worth);
            let for_sale = worth.minus(reserved).unwrap();
            let net = worth.minus(Money::from_int(required)).unwrap();
            prop_assume!(net.is_negative());
            let before = Standing { worth, net, reserved };
            let most = before.most(rate(percent), Buffer(rate(buffer))).unwrap();
            prop_assert!(most > Rate::ZERO && most <= Rate::ONE);
            let price = before.price(rate(percent)).unwrap();
            prop_assert!(price <= for_sale);
            let after = before.after(most, price.times(most, Round::Up).unwrap()).unwrap();
            let left = after.buffered(Buffer(rate(buffer))).unwrap();
            prop_assert!(left.to_f64().abs() < 1e-9 || most == Rate::ONE, "{left}");
        }
    }

    #[test]
    fn a_buffer_is_what_brings_margin_used_down() {
        assert_eq!(Buffer::down_to(rate(80)).unwrap(), Buffer(rate(25)));
        assert_eq!(Buffer::down_to(Rate::ONE).unwrap(), Buffer(Rate::ZERO));
        assert!(Buffer::down_to(Rate::ZERO).is_err());
    }

    #[test]
    fn an_insolvent_account_pays_its_debt_first_and_more_with_time() {
        let of = |worth| Standing {
            worth: Money::from_int(worth),
            net: Money::from_int(-300),
            reserved: Money::ZERO,
        };
        let paid = |worth, seconds| of(worth).compensation(Rate::ONE, seconds, 600).unwrap();
        assert_eq!(paid(-100, 0), Money::from_int(100));
        assert_eq!(paid(-100, 600), Money::from_int(300));
        assert_eq!(paid(-100, u64::MAX), Money::from_int(300));
        assert_eq!(paid(100, 0), Money::ZERO);
        assert!(of(-100).compensation(Rate::ONE, 1, 0).is_err());
    }
}
