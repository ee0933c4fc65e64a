//! A kept account: what it requires after whatever was changed of it, computed again only there.
//!
//! Every charge is a sum of terms over units, buckets or rows, and so is equity over positions. Two
//! states of an account are compared, position by position; what differs exchanges its terms,
//! and all others stay. The terms are integers computed by the code that computes the whole, so
//! the sums are those of a fresh computation to the last digit, in whatever order they arose.
//!
//! It may be asked about any state in any order - as it is, after a trade, as it was again - since
//! it only ever compares with the state it was last asked about. Where rows or rules are others it
//! is made anew; what it does not keep at all - prices that are too old, errors, amounts that might
//! not fit - it answers by `None`, and who asks computes afresh. So it has no error of its own.
//!
//! Rejected: rows shared by accounts. A table's quantum depends on all of its rows, and rows are a
//! quarter of what a question costs; terms are most of it.

mod levels;
mod plan;
mod pool;

pub use levels::Revision;
pub use plan::Plan;
pub use pool::KeptPool;

use crate::pool::{Funding, Pool, divide};
use crate::requirement::{Answer, PoolAnswer};
use keelmark_book::{Market, Portfolio};
use std::sync::Arc;

/// The pools of an account, kept.
#[derive(Debug, Default)]
pub struct KeptAccount {
    pools: Vec<KeptPool>,
}

impl KeptAccount {
    /// What each pool of a state of the account requires and has, as
    /// [`requirements`](crate::requirement::requirements) says it to the last digit; `None` where
    /// that has to be asked. Whether the market is another is told by its revision.
    pub fn requirements(
        &mut self,
        plan: &Arc<Plan>,
        market: &Market,
        revision: Revision,
        account: &Portfolio,
    ) -> Option<Vec<PoolAnswer>> {
        let pools = divide(account, &plan.document, market);
        self.pools.truncate(pools.len());
        let mut found = Vec::with_capacity(pools.len());
        for (at, pool) in pools.into_iter().enumerate() {
            let (name, currency) = (pool.name.clone(), pool.currency.clone());
            let answer = self.of(at, plan, market, revision, pool);
            if answer.is_none() {
                // It may be half of one state and half of another.
                self.pools.truncate(at);
            }
            found.push(PoolAnswer { pool: name, currency, answer: answer? });
        }
        Some(found)
    }
    /// The answer of one pool, which is kept from now on if it was not.
    fn of(
        &mut self,
        at: usize,
        plan: &Arc<Plan>,
        market: &Market,
        revision: Revision,
        pool: Pool,
    ) -> Option<Answer> {
        if pool.funding != Funding::Given {
            return None;
        }
        let known = self.pools.get_mut(at);
        if let Some(found) = known.and_then(|kept| kept.answer(plan, market, revision, &pool)) {
            return Some(found);
        }
        let kept = KeptPool::new(plan, market, revision, pool).ok()??;
        let answer = kept.known();
        match self.pools.get_mut(at) {
            Some(known) => *known = kept,
            None => self.pools.push(kept),
        }
        Some(answer)
    }
}
