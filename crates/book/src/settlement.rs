//! What an option pays at expiry, in its settlement asset.
//!
//! Source: the venue's delivery rules (inverse options pay `max(S - K, 0) / S` coins per coin).

use crate::instrument::{Instrument, Right};
use keelmark_units::{Decimal, Money, Overflow, Price, Quantity, Round};

/// Cash that `quantity` contracts receive (below zero: pay) at the delivery price.
///
/// Zero for anything but an option.
///
/// # Errors
/// [`Overflow`] when the delivery price is zero or the result does not fit.
pub fn option_payout(
    instrument: &Instrument,
    quantity: Quantity,
    delivery: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let Some((strike, right)) = instrument.option_terms() else { return Ok(Money::ZERO) };
    let (delivery, strike) = (delivery.decimal(), strike.decimal());
    let inside = match right {
        Right::Call => delivery.minus(strike)?,
        Right::Put => strike.minus(delivery)?,
    };
    let inside = inside.max(Decimal::ZERO);
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    let paid = if instrument.is_inverse() {
        size.times_over(inside, delivery, round)?
    } else {
        size.times(inside, round)?
    };
    Ok(Money::new(paid))
}

/// What `quantity` contracts bought (below zero: sold) at a premium have gained at expiry.
///
/// # Errors
/// As [`option_payout`].
pub fn option_profit(
    instrument: &Instrument,
    quantity: Quantity,
    premium: Price,
    delivery: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    let paid = Money::new(size.times(premium.decimal(), Round::Nearest)?);
    option_payout(instrument, quantity, delivery, round)?.minus(paid)
}

/// How far an option is out of the money at a price, never below zero.
///
/// # Errors
/// [`Overflow`] when the difference does not fit.
pub fn out_of_the_money(right: Right, strike: Price, underlying: Price) -> Result<Price, Overflow> {
    let away = match right {
        Right::Call => strike.minus(underlying)?,
        Right::Put => underlying.minus(strike)?,
    };
    Ok(away.max(Price::ZERO))
}
