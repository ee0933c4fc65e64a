//! `v5/account/wallet-balance`: what is held of each coin, and what the venue reports.
//!
//! A coin's collateral is its wallet balance less what is borrowed of it; profit and options are
//! valued from the positions. The wallet's own prices (`usdValue` over `equity`) are the dollar
//! prices of coins that no ticker prices.

use super::market::{Prices, Rank};
use super::reply::Reply;
use crate::imported::{Figure, What};
use crate::json::At;
use keelmark_book::{Asset, Decimal, InputError, Money, Round, Timestamp};

/// One coin of the wallet.
#[derive(Clone, Debug)]
pub struct Coin<'a> {
    /// Its row.
    pub at: At<'a>,
    /// Which.
    pub asset: Asset,
    /// Balance less what is borrowed.
    pub amount: Money,
    /// Whether it counts as collateral: accepted by the venue, and switched on by the holder.
    pub counts: bool,
}

/// The account's wallet.
#[derive(Clone, Debug, Default)]
pub struct Wallet<'a> {
    /// Each coin.
    pub coins: Vec<Coin<'a>>,
    /// What the venue reports of the whole account.
    pub figures: Vec<Figure>,
    /// Whether a coin with a balance has no maintenance of its own: portfolio margin.
    pub portfolio: bool,
}

/// Reads a reply of one account.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn read<'a>(reply: &Reply<'a>, account: &str) -> Result<Wallet<'a>, InputError> {
    let mut wallet = Wallet::default();
    let [row] = reply.rows.as_slice() else {
        let problem = format!("expected one account, found {}", reply.rows.len());
        let second = reply.rows.get(1).or(reply.rows.first());
        return Err(
            second.map_or_else(|| InputError::whole("wallet", &problem), |at| at.error(&problem))
        );
    };
    for (field, what) in [
        ("totalMarginBalance", What::Equity),
        ("totalInitialMargin", What::Initial),
        ("totalMaintenanceMargin", What::Maintenance),
    ] {
        if let Some(value) = row.maybe(field)? {
            let (account, currency) = (account.to_owned(), Asset::usd());
            wallet.figures.push(Figure { account, what, currency, value });
        }
    }
    let coins = row.need("coin")?.items()?;
    for at in &coins {
        let asset = at.asset("coin")?;
        if wallet.coins.iter().any(|known| known.asset == asset) {
            return Err(at.error(format!("expected {asset} once, found it a second time")));
        }
        let borrowed = at.maybe("spotBorrow")?.unwrap_or_default();
        let amount =
            at.amount("walletBalance")?.minus(borrowed).map_err(|error| at.error(error))?;
        let off = |field| at.truth(field) == Some(false);
        let counts = !off("marginCollateral") && !off("collateralSwitch");
        let silent = at.has(&["totalPositionMM"]) && at.maybe("totalPositionMM")?.is_none();
        wallet.portfolio |= silent && !amount.is_zero();
        wallet.coins.push(Coin { at: at.clone(), asset, amount: Money::new(amount), counts });
    }
    Ok(wallet)
}

/// Gives the wallet's own prices to a market in the making.
///
/// # Errors
/// [`InputError`] at the field that does not read.
pub fn prices(
    wallet: &Wallet<'_>,
    prices: &mut Prices<'_>,
    as_of: Timestamp,
) -> Result<(), InputError> {
    // A value of less than a cent has too few digits for a price.
    let least = Decimal::from_scaled(1, -2, Round::Nearest).unwrap_or(Decimal::ONE);
    for coin in &wallet.coins {
        let (Some(equity), Some(value)) = (coin.at.maybe("equity")?, coin.at.maybe("usdValue")?)
        else {
            continue;
        };
        if equity.is_zero() || value.abs() < least {
            continue;
        }
        let price = value.over(equity, Round::Nearest).map_err(|error| coin.at.error(error))?;
        if price.is_positive() {
            prices.coin(&coin.asset, Rank::Wallet, price, as_of);
        }
    }
    Ok(())
}
