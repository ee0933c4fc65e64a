//! Weights that size makes worse: a large holding counts for less, a large liability for more.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/margin.rs` and
//! `state/spot_market.rs`. Every division and the root cut. A perpetual's margin ratio scales as a
//! liability's weight does.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// How weights change with the root of size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SizeScale {
    /// Factor of the root; zero leaves weights alone.
    pub factor: Integer,
    /// An asset's weight starts to fall from one and one over this.
    pub asset_headroom: u32,
    /// A liability's weight starts to rise from itself less one over this.
    pub liability_headroom: u32,
}

impl SizeScale {
    /// Weight of an asset of so many token quanta.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn asset(
        &self,
        amount: &Integer,
        decimals: u32,
        weight: &Integer,
        places: &Places,
    ) -> Result<Integer, CloseoutError> {
        if self.factor.is_zero() {
            return Ok(weight.clone());
        }
        let (root, root_one) = self.root(amount, decimals, places)?;
        let one = Places::one(places.size_factor)?;
        let start = &one + &one.over(&Integer::from(self.asset_headroom), Toward::Zero)?;
        let grown = one + &(root * &self.factor).over(&root_one, Toward::Zero)?;
        let scaled = (start * Places::one(places.weight)?).over(&grown, Toward::Zero)?;
        Ok(scaled.min(weight.clone()))
    }

    /// Weight of a liability of so many token quanta.
    ///
    /// # Errors
    /// When a number is below zero.
    pub fn liability(
        &self,
        amount: &Integer,
        decimals: u32,
        weight: &Integer,
        places: &Places,
    ) -> Result<Integer, CloseoutError> {
        if self.factor.is_zero() {
            return Ok(weight.clone());
        }
        let (root, root_one) = self.root(amount, decimals, places)?;
        let start = weight - &weight.over(&Integer::from(self.liability_headroom), Toward::Zero)?;
        let coarser = Places::between(places.weight, places.size_factor);
        let divisor = root_one.scaled(coarser, Toward::Zero)?;
        let risen = start + (root * &self.factor).over(&divisor, Toward::Zero)?;
        Ok(risen.max(weight.clone()))
    }

    /// Root of the size, and what stands for a root of one: half the places of a base size, of
    /// which one more is taken where they are odd.
    fn root(
        &self,
        amount: &Integer,
        decimals: u32,
        places: &Places,
    ) -> Result<(Integer, Integer), CloseoutError> {
        at_least("token amount", 0, amount)?;
        at_least("size factor", 0, &self.factor)?;
        let size = amount
            .scaled(i64::from(places.base), Toward::Zero)?
            .scaled(-i64::from(decimals), Toward::Zero)?;
        let odd = places.base % 2;
        let root = (size.scaled(i64::from(odd), Toward::Zero)? + Integer::from(1)).root();
        Ok((root, Places::one(places.base.div_ceil(2))?))
    }
}

/// Initial weight of an asset whose deposits in the whole market are worth more than `start` (in
/// quote quanta; zero turns the rule off): as much less as they are worth more.
///
/// # Errors
/// When a number is below zero.
pub fn by_deposits(
    weight: &Integer,
    deposits: &Integer,
    decimals: u32,
    price: &Integer,
    start: &Integer,
    places: &Places,
) -> Result<Integer, CloseoutError> {
    for (what, one) in [("deposits", deposits), ("price", price), ("start", start)] {
        at_least(what, 0, one)?;
    }
    let power = Places::between(places.price, places.quote) - i64::from(decimals);
    let value = (deposits * price).scaled(power, Toward::Zero)?;
    if start.is_zero() || value < *start {
        return Ok(weight.clone());
    }
    (weight * start).over(&value, Toward::Zero)
}
