//! What passes between an account that is closed and the insurance fund.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `x/clob/keeper/{liquidations,deleveraging}.go`,
//! `x/clob/types/quantums.go`.

use super::{Account, CloseoutError, Integer, Toward, at_least, bankruptcy};

/// A fill of a liquidation order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Whether the account buys back a short.
    pub buys: bool,
    /// Base quanta, above zero.
    pub base: Integer,
    /// Quote quanta that change hands, zero or more.
    pub quote: Integer,
}

impl Fill {
    /// A fill at an order's price of `ticks`, each ten to `exponent` quote quanta a base quantum;
    /// the quote amount is cut.
    ///
    /// # Errors
    /// When an amount is below zero or the exponent beyond any contract.
    pub fn at(
        buys: bool,
        base: Integer,
        ticks: &Integer,
        exponent: i32,
    ) -> Result<Self, CloseoutError> {
        at_least("ticks", 0, ticks)?;
        at_least("fill", 1, &base)?;
        let quote = (&base * ticks).scaled(i64::from(exponent), Toward::Zero)?;
        Ok(Self { buys, base, quote })
    }

    /// Change of the account's position.
    #[must_use]
    pub fn change(&self) -> Integer {
        if self.buys { self.base.clone() } else { -&self.base }
    }

    /// Change of the account's quote balance.
    #[must_use]
    pub fn proceeds(&self) -> Integer {
        if self.buys { -&self.quote } else { self.quote.clone() }
    }
}

/// The largest fee of a liquidation: so many parts of `whole` of what changes hands, cut.
///
/// # Errors
/// When `whole` is not above zero.
pub fn fee_cap(
    proceeds: &Integer,
    most: &Integer,
    whole: &Integer,
) -> Result<Integer, CloseoutError> {
    at_least("whole", 1, whole)?;
    (proceeds.abs() * most).over(whole, Toward::Down)
}

/// Quote quanta that a fill pays into the fund, up to the fee's cap; below zero the fund pays what
/// the fill lacks of the bankruptcy price.
///
/// # Errors
/// As [`bankruptcy::price`].
pub fn delta(
    account: &Account,
    position: usize,
    fill: &Fill,
    most: &Integer,
    whole: &Integer,
) -> Result<Integer, CloseoutError> {
    let proceeds = fill.proceeds();
    let left = &proceeds - &bankruptcy::price(account, position, &fill.change())?;
    if !left.is_positive() {
        return Ok(left);
    }
    Ok(left.min(fee_cap(&proceeds, most, whole)?))
}

/// Whether a fund can bear a payment: it always can receive one, and pays no more than it has.
#[must_use]
pub fn bears(balance: &Integer, delta: &Integer) -> bool {
    !delta.is_negative() || !(balance + delta).is_negative()
}
