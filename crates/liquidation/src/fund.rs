//! An insurance fund's account: what flows in, what it pays, and what it cannot pay.
//!
//! Source: the fund recursion in Chitra and others (2025): the residual is what deleveraging takes.

use crate::LiquidationError;
use keelmark_book::{Money, Rate, Round};

/// What a fund takes of each flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inflow {
    /// Of liquidation fees.
    pub of_fees: Rate,
    /// Of the volume traded.
    pub of_volume: Rate,
    /// Of funding that is paid.
    pub of_funding: Rate,
}

/// The flows of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// Liquidation fees.
    pub fees: Money,
    /// Volume traded.
    pub volume: Money,
    /// Funding paid.
    pub funding: Money,
}

/// A fund after a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// What is in it.
    pub fund: Money,
    /// What it paid.
    pub paid: Money,
    /// What is left to pay by others.
    pub residual: Money,
}

impl Inflow {
    /// What a fund takes in, rounded down.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn of(&self, flows: &Flows) -> Result<Money, LiquidationError> {
        let fees = flows.fees.times(self.of_fees, Round::Down)?;
        let volume = flows.volume.times(self.of_volume, Round::Down)?;
        let funding = flows.funding.times(self.of_funding, Round::Down)?;
        Ok(fees.plus(volume)?.plus(funding)?)
    }
}

/// Pays a deficit out of a fund as far as it goes; what flows in comes after.
///
/// # Errors
/// When fund or deficit is below zero, or a number does not fit.
pub fn pay(fund: Money, deficit: Money, inflow: Money) -> Result<After, LiquidationError> {
    if fund.is_negative() {
        return Err(LiquidationError::bad("fund", "zero or more", fund));
    }
    if deficit.is_negative() {
        return Err(LiquidationError::bad("deficit", "zero or more", deficit));
    }
    let paid = fund.min(deficit);
    Ok(After { fund: fund.minus(paid)?.plus(inflow)?, paid, residual: deficit.minus(paid)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fund_pays_what_it_has_and_no_more() {
        let after = pay(Money::from_int(100), Money::from_int(130), Money::from_int(5)).unwrap();
        assert_eq!((after.fund, after.residual), (Money::from_int(5), Money::from_int(30)));
        assert_eq!(after.paid, Money::from_int(100));
        assert!(pay(Money::from_int(-1), Money::ZERO, Money::ZERO).is_err());
    }
}
