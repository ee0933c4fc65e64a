//! The fillable price: the worst price at which a liquidation order may fill, from the oracle's
//! towards the account's ruin.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `x/clob/keeper/liquidations.go`.

use super::{Account, CloseoutError, Integer, Ratio, at_least};

/// How far from the oracle price a liquidation may fill, as parts of `whole`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// What stands for one.
    pub whole: Integer,
    /// How fast the spread opens as collateral falls below maintenance margin.
    pub bankruptcy_adjustment: Integer,
    /// The widest spread, as a fraction of the position's maintenance margin.
    pub to_maintenance: Integer,
}

/// The price of a position, in quote quanta a base quantum, exactly:
/// `(notional - rating * to_maintenance * margin) / size` with
/// `rating = clamp(bankruptcy_adjustment * (1 - net / maintenance), 0, 1)`. It falls below zero
/// where the spread is wider than the notional.
///
/// # Errors
/// When the account has no maintenance margin or the position no size.
pub fn price(account: &Account, position: usize, spread: &Spread) -> Result<Ratio, CloseoutError> {
    at_least("whole", 1, &spread.whole)?;
    at_least("bankruptcy adjustment", 0, &spread.bankruptcy_adjustment)?;
    at_least("spread to maintenance", 0, &spread.to_maintenance)?;
    let held = account.position(position)?;
    let standing = account.standing_to_close()?;
    let notional = held.perpetual.contract.notional(&held.quanta)?;
    let margin = held.perpetual.maintenance_margin(&held.quanta)?;
    // All over one denominator, whole * maintenance, so that nothing is divided before the end.
    let one = &spread.whole * &standing.maintenance;
    let missing = &standing.maintenance - &standing.net;
    let rating = (&spread.bankruptcy_adjustment * &missing).clamp(Integer::default(), one.clone());
    let given_up = rating * &spread.to_maintenance * &margin;
    let denominator = one * &spread.whole;
    Ratio::new(&(notional * &denominator - given_up), &(denominator * &held.quanta))
}
