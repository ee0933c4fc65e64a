//! Accounts kept from one look at their margin to the next: what was not touched is not computed
//! again.
//!
//! No part of the state: no root and no snapshot holds it, and a margin found with it is the one
//! found without, to the last digit ([`keelmark_margin::kept`]). It holds a fixed number of places,
//! an account's by its number, so memory is bounded and nothing has to be forgotten in time. Whose
//! place it is stays there until so many looks in a row were at others: where many more accounts
//! trade than there are places, some are kept and the rest cost what they did.
//!
//! One look in so many is computed afresh beside, in a debug build each: where the two differ the
//! engine stops, and a restart keeps nothing.
//!
//! A lock, never waited for: whoever only reads a state may ask too, and computes afresh where
//! somebody else is asking.

use crate::account::{Account, AccountId, Holding};
use crate::standing::{portfolio, portfolio_after};
use crate::step::Step;
use keelmark_book::{Market, Portfolio};
use keelmark_margin::Document;
use keelmark_margin::kept::{KeptAccount, Plan, Revision};
use keelmark_margin::requirement::PoolAnswer;
use std::sync::{Arc, Mutex};

/// Accounts kept unless an engine is told otherwise.
const PLACES: usize = 4_096;
/// Documents whose names are kept resolved; one on its way to another is a new one at each step.
const PLANS: usize = 64;
/// Looks in a row at other accounts that end a stay.
const PATIENCE: u8 = 64;
/// One look in so many is checked.
const CHECK_EVERY: u64 = if cfg!(debug_assertions) { 1 } else { 1_024 };

/// The accounts that are kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// How often the market was changed.
    revision: Revision,
    places: usize,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    places: Vec<Place>,
    plans: Vec<(Arc<Document>, Option<Arc<Plan>>)>,
    /// Looks answered.
    looks: u64,
    /// What was found wrong.
    fault: Option<String>,
}

/// Where accounts of some numbers are kept, one at a time.
#[derive(Debug, Default)]
struct Place {
    /// Whose it is.
    owner: Option<AccountId>,
    /// Looks at others since the last at him.
    others: u8,
    /// He, from his second look here on.
    account: Option<Box<Looked>>,
}

/// An account as it was last looked at.
#[derive(Debug)]
struct Looked {
    /// Its shared positions.
    shared: Vec<Holding>,
    /// All of it as the margin computation takes it.
    whole: Portfolio,
    kept: KeptAccount,
}

impl Default for Kept {
    fn default() -> Self {
        Self { revision: Revision::default(), places: PLACES, inner: Mutex::default() }
    }
}

impl Kept {
    /// Keeps so many accounts from now on, or none.
    pub fn keep(&mut self, places: usize) {
        *self = Self { revision: self.revision, places, inner: Mutex::default() };
    }

    /// The market takes a step.
    pub fn moves(&mut self, step: &Step) {
        match step {
            Step::Quote(..) | Step::Index(..) => self.revision.prices += 1,
            Step::List(..) | Step::Slow(..) => self.revision.rest += 1,
            Step::Feed(..)
            | Step::Due(..)
            | Step::Rule(..)
            | Step::End(..)
            | Step::Window(..)
            | Step::Settled(..)
            | Step::Funding(..) => {}
        }
    }

    /// What each pool of an account requires and has; `None` where that has to be computed afresh.
    pub fn requirements(
        &self,
        id: AccountId,
        document: &Arc<Document>,
        market: &Market,
        account: &Account,
    ) -> Option<Vec<PoolAnswer>> {
        if self.places == 0 {
            return None;
        }
        let mut inner = self.inner.try_lock().ok()?;
        let Inner { places, plans, looks, .. } = &mut *inner;
        *looks += 1;
        let at = id.index() % self.places;
        if places.len() <= at {
            places.resize_with(at + 1, Place::default);
        }
        let place = places.get_mut(at)?;
        if place.owner != Some(id) {
            place.others += 1;
            if place.owner.is_none() || place.others == PATIENCE {
                *place = Place { owner: Some(id), others: 0, account: None };
            }
            return None;
        }
        place.others = 0;
        let plan = plan(plans, document)?;
        let looked = match place.account.take() {
            Some(looked) => looked.at(account, market)?,
            None => Box::new(Looked::new(account, market)?),
        };
        let looked = place.account.insert(looked);
        looked.kept.requirements(&plan, market, self.revision, &looked.whole)
    }
}

impl Kept {
    /// Whether the look that was answered last is one to check.
    pub fn is_checked(&self) -> bool {
        self.inner.try_lock().is_ok_and(|inner| inner.looks.is_multiple_of(CHECK_EVERY))
    }

    /// A look was another than a fresh one.
    pub fn is_wrong(&self, fault: String) {
        if let Ok(mut inner) = self.inner.lock() {
            inner.fault = Some(fault);
        }
    }

    /// What was found wrong so far, if anything.
    pub fn sound(&mut self) -> Result<(), String> {
        self.inner.get_mut().map_or(Ok(()), |inner| inner.fault.clone().map_or(Ok(()), Err))
    }
}

impl Looked {
    fn new(account: &Account, market: &Market) -> Option<Self> {
        let whole = portfolio(account, market).ok()?;
        Some(Self { shared: account.shared.clone(), whole, kept: KeptAccount::default() })
    }

    /// Another state of the same account.
    fn at(mut self: Box<Self>, account: &Account, market: &Market) -> Option<Box<Self>> {
        portfolio_after(&self.shared, account, &mut self.whole, market).ok()?;
        self.shared.clone_from(&account.shared);
        Some(self)
    }
}

/// A document with its names resolved.
fn plan(
    plans: &mut Vec<(Arc<Document>, Option<Arc<Plan>>)>,
    document: &Arc<Document>,
) -> Option<Arc<Plan>> {
    if let Some((_, plan)) = plans.iter().find(|(known, _)| Arc::ptr_eq(known, document)) {
        return plan.clone();
    }
    if plans.len() == PLANS {
        plans.remove(0);
    }
    let plan = Plan::new(document).ok().flatten().map(Arc::new);
    plans.push((Arc::clone(document), plan.clone()));
    plan
}

#[cfg(test)]
mod tests {
    use crate::{Command, Engine};

    /// A look that was another than a fresh one stops the engine at the command that took it.
    #[test]
    fn a_wrong_look_is_a_broken_rule() {
        let mut engine = Engine::default();
        let mut apply = |number: u64, wrong: bool| {
            let line = format!(
                r#"{{"from":"desk","number":{number},"at":"2026-03-13T19:00:00Z",
                    "do":{{"index":{{"asset":"BTC","price":"70000"}}}}}}"#
            );
            let command: Command =
                serde_json::from_str(&line).map_err(|error| error.to_string())?;
            if wrong {
                engine.state.kept.is_wrong("me was kept as 1, and is 2".to_owned());
            }
            engine.apply(&command).map(drop).map_err(|broken| broken.to_string())
        };
        assert_eq!(apply(1, false), Ok(()));
        let stopped = apply(2, true);
        assert!(stopped.is_err_and(|why| why.contains("command 2") && why.contains("kept as 1")));
    }
}
