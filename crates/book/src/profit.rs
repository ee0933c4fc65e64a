//! What a position is worth and has gained, exactly, in its settlement asset.
//!
//! Sources: the venue conventions in the accuracy table; an inverse contract of face `n` quote
//! units gains `n (1/entry - 1/mark)` coins, a linear one of `n` base units gains
//! `n (mark - entry)` quote units.

use crate::instrument::Instrument;
use keelmark_units::{Decimal, Money, Overflow, Price, Quantity, Round};

/// Profit of `quantity` contracts entered at `entry`, at `mark`, in the settlement asset.
///
/// # Errors
/// [`Overflow`] when a price is zero where it divides, or the result does not fit.
pub fn profit(
    instrument: &Instrument,
    quantity: Quantity,
    entry: Price,
    mark: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    if size.is_zero() {
        return Ok(Money::ZERO);
    }
    if instrument.is_inverse() && !instrument.is_option() {
        // n (1/e - 1/m) = n (m - e) / (e m): one division, so one rounding that counts.
        let moved = mark.decimal().minus(entry.decimal())?;
        let per_entry = size.times_over(moved, entry.decimal(), round)?;
        return per_entry.over(mark.decimal(), round).map(Money::new);
    }
    let moved = mark.decimal().minus(entry.decimal())?;
    size.times(moved, round).map(Money::new)
}

/// Market value of `quantity` option contracts, in the settlement asset.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn option_value(
    instrument: &Instrument,
    quantity: Quantity,
    mark: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    size.times(mark.decimal(), round).map(Money::new)
}

/// Notional of `quantity` contracts at `mark`, without sign, in the settlement asset.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn notional(
    instrument: &Instrument,
    quantity: Quantity,
    mark: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?.abs();
    if instrument.is_inverse() && !instrument.is_option() {
        return size.over(mark.decimal(), round).map(Money::new);
    }
    size.times(mark.decimal(), round).map(Money::new)
}

/// Profit of a linear position whose books are a base and a quote balance: the base at the mark,
/// with what was paid and received for it, in the settlement asset.
///
/// # Errors
/// [`Overflow`] when it does not fit.
pub fn of_balances(
    instrument: &Instrument,
    quantity: Quantity,
    quote: Money,
    mark: Price,
    round: Round,
) -> Result<Money, Overflow> {
    let size = quantity.decimal().times(instrument.contract_size.decimal(), Round::Nearest)?;
    Money::new(size.times(mark.decimal(), round)?).plus(quote)
}

/// Whole leverage that a margin rate allows: 1 over it, to the nearest whole number.
///
/// # Errors
/// [`Overflow`] when the rate is zero.
pub fn leverage(rate: Decimal) -> Result<Decimal, Overflow> {
    Ok(Decimal::ONE.over(rate, Round::Nearest)?.round_to(0, Round::Nearest))
}
