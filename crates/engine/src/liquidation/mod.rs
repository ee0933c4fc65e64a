//! What becomes of accounts that have less than their maintenance margin, stage by stage.
//!
//! A document's rule says which stages there are and what each may do. An account that becomes
//! liquidatable gets a [`Process`], which the clock moves on: a call with time to mend it, orders
//! cancelled, positions offered in growing slices, an auction, the backstop, the insurance fund,
//! deleveraging, and at last a loss shared by all. Each step is one change, so that it is done
//! whole or not at all, and each says its numbers. The process ends where margin used has come
//! down to the rule's end level, not where it has just left the trigger.
//!
//! Rejected: one long step that does everything at once (nobody could take anything over in
//! between, and a wave of failures would be one command), and orders of the engine's own in the
//! account (the venue numbers orders).

pub mod auction;
mod backstop;
pub(crate) mod begin;
pub(crate) mod close;
mod deleverage;
mod estate;
mod fact;
pub(crate) mod insurance;
mod orders;
mod pass;
mod rule;
mod socialise;
pub(crate) mod step;
pub(crate) mod take;
mod winners;

pub use auction::Auction;
pub use backstop::{Backstop, Vault};
pub use deleverage::Deleverage;
pub use fact::{Fact, Outcome, Worse};
pub use insurance::Insurance;
pub use rule::{Close, Rule};
pub use socialise::Socialise;
pub use winners::{Policy, Risk};

use crate::account::{AccountId, instrument};
use crate::change::{Edit as Any, Outcome as Changed};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{InstrumentId, Money, Price, Quantity, Timestamp};
use keelmark_liquidation::LiquidationError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The rules, and which accounts are being liquidated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidation {
    common: Option<Rule>,
    /// By the name of a document.
    own: BTreeMap<String, Rule>,
    open: BTreeMap<AccountId, Process>,
    /// Insurance funds beside the shared one, in the order in which rules named them.
    funds: Vec<String>,
    /// What each fund paid on the last day on which it did, in the market's currency: days since
    /// 1970.
    paid: BTreeMap<String, (i64, Money)>,
    /// What funds have paid for each account since its liquidation began, so counted.
    paid_for: BTreeMap<AccountId, Money>,
    /// When the last auction of an account ended.
    auctions_ended: BTreeMap<AccountId, Timestamp>,
}

/// An account that is being liquidated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Where it has come to.
    pub stage: Stage,
    /// Steps that this stage has taken.
    pub step: u32,
    /// What is offered now.
    pub offer: Option<Offer>,
    /// Whether it waits for prices of which its margin could be computed.
    pub paused: bool,
}

/// The stages, in order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// The account may still mend it itself.
    Grace,
    /// Its open orders are cancelled.
    Orders,
    /// Its positions are offered, slice by slice.
    Close,
    /// It is auctioned.
    Auction,
    /// Vaults take over what is left.
    Backstop,
    /// An insurance fund pays what is owed.
    Insurance,
    /// Positions are closed against those that hold the other side.
    Deleverage,
    /// What is still owed is borne by all who hold the asset.
    Socialise,
    /// Nothing more can be done under the rule; it is tried again when the account is looked at.
    Stuck,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grace => "grace",
            Self::Orders => "orders",
            Self::Close => "close",
            Self::Auction => "auction",
            Self::Backstop => "backstop",
            Self::Insurance => "insurance",
            Self::Deleverage => "deleverage",
            Self::Socialise => "socialise",
            Self::Stuck => "stuck",
        })
    }
}

/// What others may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offer {
    /// Part of a position.
    Position(Slice),
    /// In an auction.
    Auction(Box<auction::Sale>),
}

impl Offer {
    /// The instrument it is about, if it is about one.
    #[must_use]
    pub fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Position(slice) => Some(slice.instrument),
            Self::Auction(_) => None,
        }
    }

    /// What is left of it while there are no prices: an auction stands still.
    pub(crate) fn paused(self, now: Timestamp) -> Option<Self> {
        match self {
            Self::Position(_) => None,
            Self::Auction(mut sale) => {
                sale.stop(now);
                Some(Self::Auction(sale))
            }
        }
    }

    /// What it is when it goes on.
    pub(crate) fn woken(self, now: Timestamp, rule: &Rule) -> Self {
        match self {
            Self::Auction(mut sale) => {
                sale.go_on(now, rule);
                Self::Auction(sale)
            }
            other @ Self::Position(_) => other,
        }
    }
}

/// Part of a position, to be closed at a price or a better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// Which instrument.
    #[serde(with = "instrument")]
    pub instrument: InstrumentId,
    /// Whether it stands on collateral of its own.
    pub isolated: bool,
    /// Contracts that the account still trades, buys above zero.
    pub quantity: Quantity,
    /// The worst price for the account, in the mark's unit.
    pub limit: Price,
}

/// A change of it.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// The rule of a document, or of all without one of their own.
    Rule(Option<String>, Option<Box<Rule>>),
    /// An account is being liquidated, or no longer.
    Process(AccountId, Option<Box<Process>>),
    /// There is an insurance fund of this name.
    Fund(String),
    /// A fund has paid so much on a day.
    Paid(String, i64, Money),
    /// Funds have paid so much for an account.
    PaidFor(AccountId, Money),
    /// The auction of an account has ended.
    AuctionEnded(AccountId, Timestamp),
}

impl Liquidation {
    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Rule(None, rule) => self.common = rule.map(|rule| *rule),
            Edit::Rule(Some(name), Some(rule)) => drop(self.own.insert(name, *rule)),
            Edit::Rule(Some(name), None) => drop(self.own.remove(&name)),
            Edit::Process(id, Some(process)) => drop(self.open.insert(id, *process)),
            Edit::Process(id, None) => {
                self.open.remove(&id);
                self.paid_for.remove(&id);
            }
            Edit::PaidFor(id, paid) => drop(self.paid_for.insert(id, paid)),
            Edit::Fund(name) => self.funds.push(name),
            Edit::Paid(fund, day, paid) => drop(self.paid.insert(fund, (day, paid))),
            Edit::AuctionEnded(id, at) => drop(self.auctions_ended.insert(id, at)),
        }
    }

    /// The rule of a document, if there is one.
    #[must_use]
    pub fn rule(&self, document: &str) -> Option<&Rule> {
        self.own.get(document).or(self.common.as_ref())
    }

    /// The rule that was set for a document by its name, or for all without one of their own.
    #[must_use]
    pub fn set_for(&self, document: Option<&str>) -> Option<&Rule> {
        document.map_or(self.common.as_ref(), |name| self.own.get(name))
    }

    /// Whether there is no rule, and nobody is liquidated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.common.is_none() && self.own.is_empty() && self.open.is_empty()
    }

    /// The names of the insurance funds beside the shared one.
    #[must_use]
    pub fn funds(&self) -> &[String] {
        &self.funds
    }

    /// What a fund has paid on a day.
    pub(crate) fn paid_on(&self, fund: &str, day: i64) -> Money {
        let paid = self.paid.get(fund).filter(|(on, _)| *on == day);
        paid.map_or(Money::ZERO, |(_, paid)| *paid)
    }

    /// Accounts for which funds have paid.
    pub(crate) fn paid_for_all(&self) -> impl Iterator<Item = AccountId> {
        self.paid_for.keys().copied()
    }

    /// What funds have paid for an account since its liquidation began.
    pub(crate) fn paid_for(&self, id: AccountId) -> Money {
        self.paid_for.get(&id).copied().unwrap_or_default()
    }

    /// How far the liquidation of an account is, if there is one.
    #[must_use]
    pub fn of(&self, id: AccountId) -> Option<&Process> {
        self.open.get(&id)
    }

    /// When the last auction of an account ended, if it had one.
    #[must_use]
    pub fn auction_ended(&self, id: AccountId) -> Option<Timestamp> {
        self.auctions_ended.get(&id).copied()
    }

    /// The accounts that auctions have ended of.
    pub(crate) fn auctioned(&self) -> impl Iterator<Item = AccountId> {
        self.auctions_ended.keys().copied()
    }

    /// All accounts that are being liquidated.
    pub fn open(&self) -> impl Iterator<Item = (AccountId, &Process)> {
        self.open.iter().map(|(id, process)| (*id, process))
    }
}

impl State {
    /// The rule by which an account is liquidated, if there is one.
    #[must_use]
    pub fn liquidation_rule(&self, id: AccountId) -> Option<&Rule> {
        self.liquidation.rule(&self.document(self.account(id).model).name)
    }
}

impl From<LiquidationError> for Refusal {
    fn from(error: LiquidationError) -> Self {
        match error {
            LiquidationError::Bad { what, expected, found } => Self::bad(what, expected, found),
            LiquidationError::Overflow(overflow) => overflow.into(),
            other => Self::bad("liquidation", "a rule that has an answer", other),
        }
    }
}

impl State {
    /// A position that a step of a liquidation would let grow, or cross zero, in the account that
    /// is liquidated: a fault of the engine.
    pub(crate) fn grown(&self, outcome: &Changed) -> Option<String> {
        let liquidated = outcome.edits.iter().filter_map(|edit| match edit {
            Any::Liquidation(Edit::Process(id, _)) => Some(*id),
            _ => None,
        });
        for id in liquidated.filter(|id| self.liquidation.of(*id).is_some()) {
            let Some(after) = outcome.accounts.get(&id) else { continue };
            let before = self.account(id);
            let shared = after.shared.iter().map(|held| (held, false));
            let own = after.isolated.iter().map(|own| (&own.holding, true));
            for (held, isolated) in shared.chain(own) {
                let was = before.position(held.instrument, isolated);
                let crosses = held.quantity.is_negative() != was.is_negative();
                if crosses || held.quantity.abs() > was.abs() {
                    let one = self.market.instruments.get(held.instrument);
                    let (name, now) = (&before.name, held.quantity);
                    return Some(format!("{name} is liquidated, and its {was} {one} become {now}"));
                }
            }
        }
        None
    }
}

/// Whether a pool that was short of margin would be worse off by a step: it uses more of what it
/// has, or, where nothing supports its margin, is short of more. What passes an account on whole
/// is no such step.
pub(crate) fn is_worse(before: &Standing, after: &Standing) -> bool {
    if !before.is_liquidatable() {
        return after.is_liquidatable();
    }
    match (before.mm_used(), after.mm_used()) {
        (_, Some(used)) if used.is_zero() => false,
        (Some(before), Some(after)) => after > before,
        (Some(_), None) => true,
        (None, _) => short(after) > short(before),
    }
}

/// What is missing of maintenance margin.
fn short(pool: &Standing) -> Money {
    pool.maintenance.minus(pool.equity).unwrap_or(pool.maintenance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Holding, Mode};
    use keelmark_book::{Quote, symbol::Symbol};

    /// What `grown` says of an account that had one contract and will have so many.
    fn grown(liquidated: bool, after: i64) -> Option<String> {
        let mut state = State::default();
        let (size, name) = (Quantity::from_int(1), "deribit:BTC/USDC:USDC");
        let one = Symbol::parse(name).unwrap().instrument(name.to_owned(), size, size);
        let mark = Price::from_int(70_000);
        let as_of = Timestamp::default();
        let quote = Quote { mark, iv: None, forward: None, bid: None, ask: None, as_of };
        let instrument = state.market.add(one, quote).unwrap();
        let holding = |quantity| {
            let quantity = Quantity::from_int(quantity);
            Holding { instrument, quantity, cost: Money::ZERO }
        };
        let mut account = Account::new("a", None, Mode::Cross, 0);
        account.set_shared(holding(1));
        state.accounts.push(account.clone());
        let id = AccountId::new(0);
        let process = Process { stage: Stage::Close, step: 0, offer: None, paused: false };
        if liquidated {
            state.liquidation.apply(Edit::Process(id, Some(Box::new(process.clone()))));
        }
        account.set_shared(holding(after));
        let mut outcome = Changed::default();
        outcome.accounts.insert(id, account);
        outcome.edits.push(Any::Liquidation(Edit::Process(id, Some(Box::new(process)))));
        state.grown(&outcome)
    }

    #[test]
    fn no_step_lets_a_position_grow_or_cross_zero() {
        assert_eq!([grown(true, 1), grown(true, 0), grown(false, 2)], [None, None, None]);
        for after in [2, -1] {
            let problem = grown(true, after).unwrap();
            assert!(problem.contains("a is liquidated, and its 1"), "{problem}");
        }
    }
}
