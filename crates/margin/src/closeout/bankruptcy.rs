//! The bankruptcy price: for what a part of a position closes so that the rest of the account
//! stands as it stood.
//!
//! Source: dydxprotocol/v4-chain@84d4664, `x/clob/keeper/liquidations.go`.

use super::{Account, CloseoutError, Integer, Position, Toward};

/// Quote quanta that the account receives for changing a position by `change` base quanta at its
/// bankruptcy price; below zero it pays.
///
/// It is the notional given up less the share of net collateral that belongs to the maintenance
/// margin given up. Notional and margin are each computed afresh before and after; the share
/// rounds down, towards minus infinity, so that the price rounds up: what is less than a quantum
/// is the fund's to bear, as the source has it.
///
/// # Errors
/// When `change` does not close, or the account has no maintenance margin.
pub fn price(
    account: &Account,
    position: usize,
    change: &Integer,
) -> Result<Integer, CloseoutError> {
    let held = account.position(position)?;
    held.check_close(change)?;
    let standing = account.standing_to_close()?;
    let Position { perpetual, quanta } = held;
    let left = quanta + change;
    let notional = perpetual.contract.notional(&left)? - perpetual.contract.notional(quanta)?;
    let margin = perpetual.maintenance_margin(quanta)? - perpetual.maintenance_margin(&left)?;
    let share = (&standing.net * &margin).over(&standing.maintenance, Toward::Down)?;
    Ok(-notional - share)
}
