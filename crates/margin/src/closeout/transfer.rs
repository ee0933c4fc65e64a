//! What a liquidator gives and takes: an asset for a liability, each at its price and its fee.
//!
//! Source: drift-labs/protocol-v2@0ae3e3b, `programs/drift/src/math/liquidation.rs`.

use super::{CloseoutError, Integer, Places, Toward, at_least};

/// One side of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Amount, in token quanta.
    pub amount: Integer,
    /// One plus the fee of an asset, or less the fee of a liability.
    pub multiplier: Integer,
    /// Decimal places of its token.
    pub decimals: u32,
    /// Price.
    pub price: Integer,
}

/// The liability that an asset pays for, in token quanta, rounded up: `asset` has the amount, that
/// of `liability` is not looked at.
///
/// # Errors
/// When a number is below zero, or the liability has no price or the asset no multiplier.
pub fn liability_paid_by(asset: &Side, liability: &Side) -> Result<Integer, CloseoutError> {
    check(asset, liability)?;
    let places = Places::between(asset.decimals, liability.decimals);
    let paid =
        asset.amount.scaled(places.max(0), Toward::Up)? * &asset.price * &liability.multiplier;
    paid.over(&(&liability.price * &asset.multiplier), Toward::Up)?
        .scaled(places.min(0), Toward::Up)
}

/// The asset that is taken for a liability, in token quanta: cut, one at least. Where it is within
/// one quote unit of all that is held, all is taken, so that no dust stays behind.
///
/// The value of that difference is scaled by the asset's places beyond the quote's as the source
/// scales it, which for an asset of more places than the quote counts it too high.
///
/// # Errors
/// When a number is below zero, or the asset has no price or the liability no multiplier.
pub fn asset_taken_for(
    asset: &Side,
    liability: &Side,
    places: &Places,
) -> Result<Integer, CloseoutError> {
    check(asset, liability)?;
    let decimals = Places::between(liability.decimals, asset.decimals);
    let worth = liability.amount.scaled(decimals.max(0), Toward::Zero)?
        * &liability.price
        * &asset.multiplier;
    let taken = worth
        .over(&(&asset.price * &liability.multiplier), Toward::Zero)?
        .scaled(decimals.min(0), Toward::Zero)?
        .max(Integer::from(1));
    let beyond = Places::between(places.quote, asset.decimals);
    let dust = ((&taken - &asset.amount).abs() * &asset.price)
        .over(&Places::one(places.price)?, Toward::Zero)?
        .scaled(beyond, Toward::Zero)?;
    Ok(if dust < Places::one(places.quote)? { asset.amount.clone() } else { taken })
}

fn check(asset: &Side, liability: &Side) -> Result<(), CloseoutError> {
    for (side, amount) in [(asset, "asset amount"), (liability, "liability amount")] {
        at_least(amount, 0, &side.amount)?;
        at_least("multiplier", 0, &side.multiplier)?;
        at_least("price", 0, &side.price)?;
    }
    Ok(())
}
