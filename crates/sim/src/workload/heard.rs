//! What the stream learns of its commands' answers, so that most of what it sends makes sense.

use super::{COINS, Workload, cancel, deposit};
use std::collections::BTreeMap;

/// Open orders at most, in all: margin is computed with each of them, in three engines.
const REMEMBERED: usize = 80;

impl Workload {
    /// Whether the command that was sent last was accepted.
    pub fn heard(&mut self, accepted: bool) {
        let hope = std::mem::take(&mut self.hope);
        if let Some((number, lots)) = hope.filled {
            // Refused, an order is mostly no longer there.
            self.take_off(number, if accepted { lots } else { i64::MAX });
        }
        if !accepted {
            for account in hope.payers {
                if self.random.chance(1, 3) {
                    let (coin, price) = *self.random.pick(COINS);
                    let amount = 1 + self.random.below(3_000_000) / price as usize;
                    self.queue.push(deposit(account, coin, amount));
                    self.mend(account);
                }
            }
            return;
        }
        if let Some(account) = hope.closed {
            self.live.retain(|one| *one != account);
            self.leaving = None;
        }
        if let Some((at, end)) = hope.delisted {
            (self.listed[at].end, self.listed[at].delisted) = (Some(end), true);
        }
        if let Some(placed) = hope.placed {
            self.placed.push(placed);
            if self.placed.len() > REMEMBERED {
                let one = self.placed.remove(0);
                self.queue.push(cancel(one.account, one.number));
            }
        }
        for (account, instrument, alone, lots) in hope.fills {
            if self.listed[instrument].shape.spot {
                // Spot: nothing is held but coins.
                continue;
            }
            add(&mut self.held, (account, instrument, alone), lots);
        }
    }

    /// More collateral for a position of an account that stands alone: one that is short stops all.
    fn mend(&mut self, account: usize) {
        let alone: Vec<usize> =
            self.held.keys().filter(|key| key.0 == account && key.2).map(|key| key.1).collect();
        for instrument in alone {
            let one = &self.listed[instrument];
            let (name, most) = (&one.name, if one.shape.in_bitcoin { 2 } else { 30_000 });
            let amount = 1 + self.random.below(most);
            self.queue.push(format!(
                r#"{{"margin":{{"account":"a{account}","instrument":"{name}",
                "amount":"{amount}"}}}}"#
            ));
        }
    }

    /// Forgets what has ended: its orders are gone, and its positions.
    pub(super) fn forget(&mut self) {
        let (now, listed) = (self.now, &self.listed);
        let is_over = |at: usize| listed[at].end.is_some_and(|end| end <= now);
        self.placed.retain(|one| !is_over(one.instrument));
        self.held.retain(|key, _| !is_over(key.1));
    }

    fn take_off(&mut self, number: u64, lots: i64) {
        for one in self.placed.iter_mut().filter(|one| one.number == number) {
            let left = one.lots.abs().saturating_sub(lots).max(0);
            one.lots = left * one.lots.signum();
        }
        self.placed.retain(|one| one.lots != 0);
    }
}

fn add(held: &mut BTreeMap<(usize, usize, bool), i64>, key: (usize, usize, bool), lots: i64) {
    let sum = held.entry(key).or_default();
    *sum += lots;
    if *sum == 0 {
        held.remove(&key);
    }
}
