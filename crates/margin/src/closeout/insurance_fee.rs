//! The insurance fund's fee of a liquidation: what the margin freed leaves after the shortage and
//! the liquidator, up to a cap.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`. Every
//! division cuts, left to right as written.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// A perpetual position that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerpetualFee {
    /// What the account lacks, in quote quanta.
    pub shortage: Integer,
    /// Size of the position without sign, in base quanta.
    pub base: Integer,
    /// Its margin ratio.
    pub margin_ratio: Integer,
    /// Fee that the liquidator takes.
    pub liquidator_fee: Integer,
    /// Oracle price of the base unit.
    pub oracle_price: Integer,
    /// Oracle price of the quote unit.
    pub quote_price: Integer,
    /// The most that the fee can be.
    pub most: Integer,
    /// Share of what is left that the fee takes, as parts of a whole: less than all, so that the
    /// fee itself leads to no bankruptcy.
    pub takes: (Integer, Integer),
}

/// A borrow that is repaid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BorrowFee {
    /// What the account lacks, in quote quanta.
    pub shortage: Integer,
    /// Liability, in token quanta.
    pub amount: Integer,
    /// Weight of the asset it is paid with.
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
    /// The most that the fee can be.
    pub most: Integer,
}

impl PerpetualFee {
    /// The fee: the margin ratio less the liquidator's fee less the shortage over the notional, a
    /// share of that, at most the cap. None without a price or a size, or where the liquidator
    /// takes the whole ratio.
    ///
    /// # Errors
    /// When a number is below zero, or a price so small that its product is cut to zero.
    pub fn fee(&self, places: &Places) -> Result<Integer, CloseoutError> {
        for (what, one) in [
            ("shortage", &self.shortage),
            ("base amount", &self.base),
            ("oracle price", &self.oracle_price),
            ("quote price", &self.quote_price),
        ] {
            at_least(what, 0, one)?;
        }
        let ratio =
            self.margin_ratio.scaled(Places::between(places.weight, places.fee), Toward::Zero)?;
        if [&self.oracle_price, &self.quote_price, &self.base].iter().any(|one| one.is_zero())
            || ratio <= self.liquidator_fee
        {
            return Ok(Integer::default());
        }
        let one_price = Places::one(places.price)?;
        let price = (&self.oracle_price * &self.quote_price).over(&one_price, Toward::Zero)?;
        let power = i64::from(places.fee) + Places::between(places.quote, places.price);
        let lacking = self
            .shortage
            .scaled(i64::from(places.base), Toward::Zero)?
            .over(&self.base, Toward::Zero)?
            .scaled(power, Toward::Zero)?
            .over(&price, Toward::Zero)?;
        let left = (ratio - &self.liquidator_fee - lacking).max(Integer::default());
        let (part, whole) = &self.takes;
        let fee = (left * part).over(whole, Toward::Zero)?;
        Ok(fee.min(self.most.clone()))
    }
}

impl BorrowFee {
    /// The fee: the liability's weight less the asset's with fees less the shortage over the
    /// liability's value, over the liability's weight, at most the cap. None without a price, an
    /// amount or a multiplier, or where the asset weighs as much as the liability.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn fee(&self, places: &Places) -> Result<Integer, CloseoutError> {
        for (what, one) in [
            ("shortage", &self.shortage),
            ("liability amount", &self.amount),
            ("asset weight", &self.asset_weight),
            ("asset multiplier", &self.asset_multiplier),
            ("liability multiplier", &self.liability_multiplier),
            ("liability price", &self.liability_price),
        ] {
            at_least(what, 0, one)?;
        }
        let factors = [&self.liability_price, &self.amount, &self.liability_multiplier];
        if self.asset_weight >= self.liability_weight || factors.iter().any(|one| one.is_zero()) {
            return Ok(Integer::default());
        }
        let finer = Places::between(places.weight, places.fee);
        let owed = self.liability_weight.scaled(finer, Toward::Zero)?;
        let held = (self.asset_weight.scaled(finer, Toward::Zero)? * &self.asset_multiplier)
            .over(&self.liability_multiplier, Toward::Zero)?;
        let power = i64::from(places.fee)
            + Places::between(places.quote, places.price)
            + i64::from(self.liability_decimals);
        let lacking = self
            .shortage
            .scaled(power, Toward::Zero)?
            .over(&self.amount, Toward::Zero)?
            .over(&self.liability_price, Toward::Zero)?;
        let left = (&owed - &held - lacking).max(Integer::default());
        let fee = (left * Places::one(places.fee)?).over(&owed, Toward::Zero)?;
        Ok(fee.min(self.most.clone()))
    }
}
