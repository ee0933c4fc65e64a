//! How an account stands, in the reference: the margin computation asked about all of it.
//!
//! What was asked is kept with all that the answer depends on, the whole account and the number of
//! the market's last change, and not computed again for the very same question.

use super::{Decision, Held, Reference, ensure};
use crate::holdings::{big, small};
use keelmark_book::{
    Balance, InstrumentId, Isolation, Money, Order, Portfolio, Position, Price, Quantity,
};
use keelmark_margin::requirement::requirements;
use keelmark_margin::{AccountMargin, margin};
use num_bigint::BigInt;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// An answer that was kept is computed again and compared once in so many uses.
const COMPARED_ONE_IN: u64 = 64;
/// What is computed in numbers is computed with its explanation once in so many.
const EXPLAINED_ONE_IN: u64 = 8;

/// How one pool stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pool {
    pub name: String,
    pub equity: Money,
    pub initial: Money,
    pub maintenance: Money,
}

impl Pool {
    /// What it has above initial margin.
    pub fn spare(&self) -> BigInt {
        big(self.equity.decimal()) - big(self.initial.decimal())
    }
}

/// A question, and its answer.
#[derive(Debug)]
struct Asked {
    market: u64,
    model: String,
    portfolio: Portfolio,
    pools: Option<Vec<Pool>>,
}

/// Questions that were asked, the last of each account.
#[derive(Debug, Default)]
pub(super) struct Answers {
    kept: RefCell<BTreeMap<String, Asked>>,
    uses: Cell<u64>,
    computed: Cell<u64>,
    wrong: Cell<bool>,
}

impl Answers {
    /// Whether an answer that was kept was not what is computed.
    pub fn are_wrong(&self) -> bool {
        self.wrong.get()
    }
}

impl Reference {
    pub(super) fn position(&self, held: &Held, id: InstrumentId, alone: bool) -> Option<Position> {
        let sum = held.positions.get(&(id, alone))?.sum();
        let one = self.market.instruments.get(id);
        let entry = sum.entry(one).map(Price::new);
        let quantity = Quantity::new(small(&sum.quantity)?);
        let isolation = if alone {
            Isolation::Own(Money::new(small(held.margins.get(&id)?)?))
        } else {
            Isolation::Shared
        };
        Some(Position { isolation, ..Position::new(id, quantity, entry) })
    }

    fn portfolio(&self, name: &str, held: &Held) -> Option<Portfolio> {
        let mut whole = Portfolio::new(name);
        for (asset, amount) in &held.cash {
            let amount = Money::new(small(amount)?);
            whole.collateral.push(Balance { asset: asset.clone(), amount });
        }
        for alone in [false, true] {
            for (id, _) in held.positions.keys().filter(|key| key.1 == alone) {
                whole.positions.push(self.position(held, *id, alone)?);
            }
        }
        for order in held.orders.values().filter(|order| !order.reduce_only) {
            let quantity = Quantity::new(small(&order.quantity)?);
            let (instrument, price) = (order.instrument, order.price);
            whole.orders.push(Order { instrument, quantity, price });
        }
        Some(whole)
    }

    /// The margin of an account that holds something; `None` where it has none.
    pub(super) fn margin_of(&self, name: &str, held: &Held) -> Option<AccountMargin> {
        let model = self.models.get(&held.model)?;
        margin(model, &self.market, &self.portfolio(name, held)?).ok()
    }

    /// In numbers alone, and once in so many with all its explanations beside: both must agree.
    fn computed(&self, model: &str, portfolio: &Portfolio) -> Option<Vec<Pool>> {
        let model = self.models.get(model)?;
        let found = requirements(model, &self.market, portfolio).ok();
        let pools = found.map(|found| {
            let pools = found.into_iter().map(|found| Pool {
                name: found.pool,
                equity: found.answer.equity,
                initial: found.answer.initial,
                maintenance: found.answer.maintenance,
            });
            pools.collect::<Vec<Pool>>()
        });
        let computed = &self.answers.computed;
        computed.set(computed.get() + 1);
        if computed.get().is_multiple_of(EXPLAINED_ONE_IN) {
            let explained = margin(model, &self.market, portfolio).ok().map(|found| {
                let pools = found.pools.into_iter().map(|pool| Pool {
                    name: pool.pool.name,
                    equity: pool.health.equity,
                    initial: pool.health.initial,
                    maintenance: pool.health.maintenance,
                });
                pools.collect()
            });
            self.answers.wrong.set(self.answers.wrong.get() || explained != pools);
        }
        pools
    }

    /// How each pool of an account stands; `None` where it has no margin.
    pub(super) fn pools(&self, name: &str) -> Option<Vec<Pool>> {
        let held = self.accounts.get(name)?;
        let portfolio = self.portfolio(name, held)?;
        let answers = &self.answers;
        if let Some(asked) = answers.kept.borrow().get(name)
            && asked.market == self.changes
            && asked.model == held.model
            && asked.portfolio == portfolio
        {
            answers.uses.set(answers.uses.get() + 1);
            if answers.uses.get().is_multiple_of(COMPARED_ONE_IN) {
                let right = self.computed(&held.model, &portfolio) == asked.pools;
                answers.wrong.set(answers.wrong.get() || !right);
            }
            return asked.pools.clone();
        }
        let pools = self.computed(&held.model, &portfolio);
        let (market, model) = (self.changes, held.model.clone());
        let asked = Asked { market, model, portfolio, pools: pools.clone() };
        answers.kept.borrow_mut().insert(name.to_owned(), asked);
        pools
    }

    /// How each pool of what an account would hold stands.
    pub(super) fn computed_of(&self, name: &str, held: &Held) -> Option<Vec<Pool>> {
        self.computed(&held.model, &self.portfolio(name, held)?)
    }

    /// Whether an account's document asks initial margin for its balances alone.
    pub(crate) fn lends(&self, name: &str) -> bool {
        let asks = || {
            let held = self.accounts.get(name)?;
            let mut whole = self.portfolio(name, held)?;
            whole.positions.clear();
            whole.orders.clear();
            let found = requirements(self.models.get(&held.model)?, &self.market, &whole).ok()?;
            Some(found.iter().any(|pool| pool.answer.initial.is_positive()))
        };
        asks().unwrap_or(false)
    }

    /// Whether an account holds its initial margin; without positions, whether it may owe.
    pub(super) fn stands(&self, name: &str) -> Decision {
        let held = self.accounts.get(name)?;
        let flat = held.positions.is_empty() && held.orders.is_empty();
        ensure(!flat || !owes(held) || self.lends(name))?;
        self.gains(name, None)
    }

    /// Whether every pool of an account holds its initial margin or, where there is a before, has
    /// no less to spare than then.
    pub(super) fn gains(&self, name: &str, before: Option<&Held>) -> Decision {
        let held = self.accounts.get(name)?;
        if held.positions.is_empty() && held.orders.is_empty() && !owes(held) {
            return Some(());
        }
        // Whoever is being liquidated takes no new risk.
        ensure(before.is_some() || !self.is_failing(name))?;
        let pools = self.pools(name)?;
        let short: Vec<&Pool> = pools.iter().filter(|pool| pool.spare() < BigInt::ZERO).collect();
        if short.is_empty() {
            return Some(());
        }
        let before = before?;
        let was = self.computed(&before.model, &self.portfolio(name, before)?)?;
        let no_less = |pool: &&Pool| {
            was.iter().any(|was| was.name == pool.name && pool.spare() >= was.spare())
        };
        ensure(short.iter().all(no_less))
    }
}

fn owes(held: &Held) -> bool {
    held.cash.values().any(|amount| *amount < BigInt::ZERO)
}
