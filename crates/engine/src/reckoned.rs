//! An account as its margin is reckoned: as it would be if what is certain were booked already.
//!
//! Interest that has accrued counts as owed before it is charged; interest earned does not count
//! before it is paid. What has ended and waits for its settlement price counts as paid at the last
//! that is known of it, so that whoever holds it has a margin; as that may turn out otherwise,
//! he takes no new risk until it is settled. An isolated position that waits counts for nothing,
//! nor does its collateral: it loses no more than that. What is held of an asset whose price was
//! never told counts for nothing, so that nobody escapes a margin by depositing some of it.

use crate::account::{Account, AccountId};
use crate::action::settle;
use crate::delivery::Phase;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, InstrumentId, Money};
use std::borrow::Cow;

impl State {
    /// An account, or what a change makes of it, as its margin is reckoned now.
    pub(crate) fn reckoned<'a>(
        &self,
        id: AccountId,
        account: &'a Account,
    ) -> Result<Cow<'a, Account>, Refusal> {
        let mut reckoned = Cow::Borrowed(account);
        for (asset, due) in self.accrued(id)? {
            let left = account.balance(&asset).minus(due)?;
            reckoned.to_mut().set_balance(&asset, left);
        }
        let unpriced = |(asset, amount): &(Asset, Money)| {
            amount.is_positive() && self.market.price(asset).is_err()
        };
        if account.balances.iter().any(unpriced) {
            reckoned.to_mut().balances.retain(|held| !unpriced(held));
        }
        if self.waiting(account).is_none() {
            return Ok(reckoned);
        }
        let waits = |id| self.delivery.phase(id, self.now) == Phase::Waiting;
        let mut reckoned = reckoned.into_owned();
        for held in account.shared.iter().filter(|held| waits(held.instrument)) {
            let settle = &self.market.instruments.get(held.instrument).settle;
            let paid = settle::expected(self, held)?;
            let sum = reckoned.balance(settle).plus(paid)?;
            reckoned.set_balance(settle, sum);
        }
        reckoned.shared.retain(|held| !waits(held.instrument));
        reckoned.isolated.retain(|own| !waits(own.holding.instrument));
        reckoned.orders.retain(|order| !waits(order.instrument));
        Ok(Cow::Owned(reckoned))
    }

    /// Something that an account holds, or has an order in, that waits for its settlement price.
    pub(crate) fn waiting(&self, account: &Account) -> Option<InstrumentId> {
        let held = account.holdings().map(|held| held.instrument);
        let mut all = held.chain(account.orders.iter().map(|order| order.instrument));
        all.find(|id| self.delivery.phase(*id, self.now) == Phase::Waiting)
    }
}
