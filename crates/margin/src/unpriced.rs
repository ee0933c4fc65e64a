//! An account without the holdings that cannot be valued, for questions that may go on without
//! them: a credit that is left out makes nobody richer, a debt that is left out would.
//!
//! Source: `blockworks-foundation/mango-v4@1303a4a` `health/account_retriever.rs`: health that
//! skips tokens of a bad oracle, and never one with a negative balance.

use crate::error::MarginError;
use keelmark_book::{Asset, Market, Money, Portfolio};

/// The account less the collateral that has no price, or one older than `max_age_seconds`; with the
/// assets that were left out.
///
/// # Errors
/// [`MarginError::OwedWithoutPrice`] for a debt among them.
pub fn without_unpriced(
    account: &Portfolio,
    market: &Market,
    max_age_seconds: Option<f64>,
) -> Result<(Portfolio, Vec<Asset>), MarginError> {
    let usable = |asset: &Asset| {
        market.assets.get(asset).is_some_and(|feed| {
            let age = market.as_of.seconds_since(feed.as_of);
            max_age_seconds.is_none_or(|most| age <= most)
        })
    };
    let mut left = Vec::new();
    for held in account.collateral.iter().filter(|held| !usable(&held.asset)) {
        skippable(&held.asset, held.amount)?;
        left.push(held.asset.clone());
    }
    let mut account = account.clone();
    account.collateral.retain(|held| usable(&held.asset));
    Ok((account, left))
}

fn skippable(asset: &Asset, amount: Money) -> Result<(), MarginError> {
    if amount.is_negative() {
        return Err(MarginError::OwedWithoutPrice { asset: asset.clone(), amount });
    }
    Ok(())
}
