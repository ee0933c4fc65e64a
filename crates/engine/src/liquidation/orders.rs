//! Open orders of an account that is being liquidated: cancelled in the order that frees most,
//! until that is enough.

use super::begin::is_restored;
use super::step::Failing;
use super::{Fact, Stage};
use crate::account::Account;
use crate::change::Change;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::standing::Standing;
use keelmark_book::Money;
use std::cmp::Reverse;

/// Cancels open orders, those that may only reduce last; none where there are none.
pub(super) fn cancel<'a>(failing: &Failing<'a>) -> Result<Option<Change<'a>>, Refusal> {
    let state = failing.state;
    let account = state.account(failing.id);
    if account.orders.is_empty() {
        return Ok(None);
    }
    let mut freed = Vec::new();
    for order in &account.orders {
        freed.push((Reverse(frees(failing, account, order.number)?), order.number));
    }
    freed.sort_unstable();
    let mut change = failing.change(Stage::Orders);
    for (_, number) in freed {
        change.account_mut(failing.id).orders.retain(|order| order.number != number);
        change.tell(Event::Cancelled { account: failing.name(), order: number });
        let after = failing.state.standings_if(failing.id, change.account(failing.id))?;
        if after.iter().all(|pool| is_restored(failing.rule, pool)) {
            break;
        }
    }
    let left = change.account(failing.id).orders.len();
    change.liquidation(Fact::OrdersCancelled {
        account: failing.name(),
        orders: (account.orders.len() - left) as u32,
        left: left as u32,
    });
    failing.taken(&mut change, Stage::Orders, 0, None);
    Ok(Some(change))
}

/// By how much less is required, maintenance first, where an order alone is cancelled.
fn frees(failing: &Failing<'_>, account: &Account, order: u64) -> Result<(Money, Money), Refusal> {
    let mut without = account.clone();
    without.orders.retain(|one| one.number != order);
    let after = failing.state.standings_if(failing.id, &without)?;
    let sum = |of: &[Standing], level: fn(&Standing) -> Money| Money::sum(of.iter().map(level));
    let freed = |level| sum(&failing.standing, level)?.minus(sum(&after, level)?);
    Ok((freed(|pool| pool.maintenance)?, freed(|pool| pool.initial)?))
}
