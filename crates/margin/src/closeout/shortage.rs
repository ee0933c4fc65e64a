//! How much is closed so that an account is short of margin no longer.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`. Every
//! division cuts, left to right as written.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// How much closing covers a shortage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cover {
    /// This much, in quanta of what is closed.
    Amount(Integer),
    /// No amount does: fees or the other weight take all that closing frees.
    Unlimited,
}

/// A perpetual position of an account that is short of margin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualShortage {
    /// What the account lacks, in quote quanta.
    pub shortage: Integer,
    /// Margin ratio of the position.
    pub margin_ratio: Integer,
    /// Fee that the liquidator takes.
    pub liquidator_fee: Integer,
    /// Fee that the insurance fund takes.
    pub insurance_fee: Integer,
    /// Oracle price of the base unit.
    pub oracle_price: Integer,
    /// Oracle price of the quote unit.
    pub quote_price: Integer,
}

/// A borrow of an account that is short of margin, and the asset it is paid with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BorrowShortage {
    /// What the account lacks, in quote quanta.
    pub shortage: Integer,
    /// Weight of the asset.
    pub asset_weight: Integer,
    /// One plus the asset's fee.
    pub asset_multiplier: Integer,
    /// Weight of the liability.
    pub liability_weight: Integer,
    /// One less the liability's fee.
    pub liability_multiplier: Integer,
    /// Decimal places of the liability's token.
    pub liability_decimals: u32,
    /// Price of the liability.
    pub liability_price: Integer,
    /// Fee that the insurance fund takes.
    pub insurance_fee: Integer,
}

impl PerpetualShortage {
    /// Base quanta that cover the shortage: shortage over what a base unit frees, which is its
    /// price times the margin ratio less the liquidator's fee, less the insurance fee.
    ///
    /// # Errors
    /// [`CloseoutError::NothingFreed`] when the insurance fee takes the rest; when a number is
    /// below zero.
    pub fn cover(&self, places: &Places) -> Result<Cover, CloseoutError> {
        let cut = |value: Integer, by: u32| value.over(&Places::one(by)?, Toward::Zero);
        for (what, one) in [
            ("shortage", &self.shortage),
            ("liquidator fee", &self.liquidator_fee),
            ("insurance fee", &self.insurance_fee),
            ("oracle price", &self.oracle_price),
            ("quote price", &self.quote_price),
        ] {
            at_least(what, 0, one)?;
        }
        let ratio =
            self.margin_ratio.scaled(Places::between(places.weight, places.fee), Toward::Zero)?;
        if self.oracle_price.is_zero() || ratio <= self.liquidator_fee {
            return Ok(Cover::Unlimited);
        }
        let price = cut(&self.oracle_price * &self.quote_price, places.price)?;
        let freed = cut(price * (&ratio - &self.liquidator_fee), places.fee)?;
        let taken = cut(&self.oracle_price * &self.insurance_fee, places.fee)?;
        let left = freed - taken;
        if !left.is_positive() {
            return Err(CloseoutError::NothingFreed);
        }
        let power = i64::from(places.base) + Places::between(places.quote, places.price);
        self.shortage.scaled(power, Toward::Zero)?.over(&left, Toward::Zero).map(Cover::Amount)
    }
}

impl BorrowShortage {
    /// Token quanta of the liability that cover the shortage, one at least: shortage over what a
    /// unit repaid frees, which is its price times the liability's weight less the asset's weight
    /// with fees, less the insurance fee.
    ///
    /// # Errors
    /// [`CloseoutError::NothingFreed`] when the insurance fee takes the rest; when a number is
    /// below zero.
    pub fn cover(&self, places: &Places) -> Result<Cover, CloseoutError> {
        for (what, one) in [
            ("shortage", &self.shortage),
            ("asset weight", &self.asset_weight),
            ("asset multiplier", &self.asset_multiplier),
            ("liability price", &self.liability_price),
            ("insurance fee", &self.insurance_fee),
        ] {
            at_least(what, 0, one)?;
        }
        if self.asset_weight >= self.liability_weight {
            return Ok(Cover::Unlimited);
        }
        let guard = Places::one(places.guard)?;
        let owed = &self.liability_weight * &guard;
        let held = (&self.asset_weight * &guard * &self.asset_multiplier)
            .over(&self.liability_multiplier, Toward::Zero)?;
        if held >= owed {
            return Ok(Cover::Unlimited);
        }
        let price = &self.liability_price;
        let fee = (price * &self.insurance_fee).over(&Places::one(places.fee)?, Toward::Zero)?;
        let left = price * &(&owed - &held) - fee * &owed;
        if !left.is_positive() {
            return Err(CloseoutError::NothingFreed);
        }
        let decimals = Places::between(places.quote, self.liability_decimals);
        let scale = Places::one(places.price)? * Places::one(places.weight)? * guard;
        let covered = (self.shortage.scaled(decimals.max(0), Toward::Zero)? * scale)
            .over(&left, Toward::Zero)?
            .scaled(decimals.min(0), Toward::Zero)?;
        Ok(Cover::Amount(covered.max(Integer::from(1))))
    }
}
