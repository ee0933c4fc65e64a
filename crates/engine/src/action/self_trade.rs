//! Trades of an owner with himself: they never leave him with more margin than before.
//!
//! Both sides on one position change nothing but their orders. Linked accounts may trade, at any
//! price, as long as what they have above initial margin together does not rise: profit realised
//! by a wash trade must not support what the same profit unrealised does not, nor may a loss be
//! left where it is not counted. So closing two linked positions against each other is refused too.

use super::trades::is_isolated;
use crate::account::Account;
use crate::change::Change;
use crate::command::Side;
use crate::refusal::Refusal;
use crate::standing::available;
use crate::state::State;
use keelmark_book::{Asset, Decimal, Money};

/// More than the roundings of two entry prices and their conversions, less than any venue prints.
const ROUNDING: Money = Money::new(Decimal::from_raw(1_000_000_000));

/// Whether both sides of a trade are one position of one account.
pub fn with_itself(state: &State, buyer: &Side, seller: &Side) -> Result<bool, Refusal> {
    let (one, other) = (state.open(&buyer.account)?, state.open(&seller.account)?);
    let account = state.account(one);
    Ok(one == other && is_isolated(account, buyer)? == is_isolated(account, seller)?)
}

/// Refuses a trade of linked accounts after which they have more above initial margin together than
/// with the filled orders cancelled, fees aside.
pub fn no_gain(
    change: &Change<'_>,
    buyer: &Side,
    seller: &Side,
    settle: &Asset,
) -> Result<(), Refusal> {
    let state = change.state;
    let (one, other) = (state.open(&buyer.account)?, state.open(&seller.account)?);
    if !state.are_linked(one, other) {
        return Ok(());
    }
    let (mut before, mut after) = (Money::ZERO, Money::ZERO);
    let ids = if one == other { vec![one] } else { vec![one, other] };
    for id in ids {
        let (was, mut is) = (state.account(id), change.account(id).clone());
        let was = Account { orders: is.orders.clone(), ..was.clone() };
        for (side, of) in [(buyer, one), (seller, other)] {
            if of == id {
                is.set_balance(settle, is.balance(settle).plus(side.fee)?);
            }
        }
        before = before.plus(available(id, &was, state)?)?;
        after = after.plus(available(id, &is, state)?)?;
    }
    if after <= before.plus(ROUNDING)? {
        return Ok(());
    }
    Err(Refusal::SelfTrade {
        buyer: buyer.account.clone(),
        seller: seller.account.clone(),
        currency: state.market.currency.clone(),
        before,
        after,
    })
}
