//! Sealed bids for shares of a pool, collected for a while and cleared together at one price. What
//! a bid says stays in the state; that there is one is told. A bidder is checked when he bids, and
//! again when he gets something: whoever fails then is dropped, and the rest cleared without him.

use super::share::Whole;
use super::{Asked, Auctioned, Bidding, Next, Phase, Sale};
use crate::account::AccountId;
use crate::change::Change;
use crate::ledger::Place;
use crate::liquidation::rule::{seconds, share};
use crate::liquidation::step::Failing;
use crate::liquidation::{Stage, take};
use crate::refusal::Refusal;
use crate::standing::Standing;
use crate::state::State;
use keelmark_book::{Asset, Money, Rate, Round};
use keelmark_liquidation::auction::{self, Buffer, batch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bids of one batch, at most.
const MOST_BIDS: usize = 64;

/// How sealed bids are collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "BatchAuction")]
pub struct Batch {
    /// What bidders pay in, where positions settle in several assets.
    pub asset: Asset,
    /// For how long, 1 or more.
    pub seconds: u32,
    /// The smallest share that may be bid for, above 0.
    pub least: Rate,
    /// The smallest share of its worth for which it is sold.
    pub worst: Rate,
}

/// A bid as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Whose.
    pub by: AccountId,
    /// The share that is wanted.
    pub share: Rate,
    /// What is paid for all of it at most.
    pub limit: Money,
}

impl Batch {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        share("batch.least", self.least)?;
        share("batch.worst", self.worst)?;
        if !self.least.is_positive() {
            return Err(Refusal::bad("batch.least", "above 0", self.least));
        }
        seconds("batch.seconds", self.seconds, 1)
    }
}

/// A pool that is sold in a batch.
struct Pool<'a> {
    state: &'a State,
    id: AccountId,
    standing: Standing,
    asset: Asset,
    worth: Money,
}

impl<'a> Pool<'a> {
    /// None where it is worth nothing.
    fn of(
        state: &'a State,
        id: AccountId,
        standing: &Standing,
        asset: &Asset,
    ) -> Result<Option<Self>, Refusal> {
        let whole = Whole::of(state, id, state.account(id), &standing.pool)?;
        let Some(whole) = whole else { return Ok(None) };
        let (worth, standing, asset) = (whole.worth()?, standing.clone(), asset.clone());
        Ok(worth.is_positive().then_some(Self { state, id, standing, asset, worth }))
    }

    /// What all of it costs at least.
    fn least(&self, rule: &Batch) -> Result<Money, Refusal> {
        let price = self.worth.times(rule.worst, Round::Up)?;
        self.state.in_currency(price, &self.standing.currency, &self.asset, Round::Up)
    }

    /// The largest share that is sold at a price.
    fn most(&self, price: Money, end: Rate) -> Result<Rate, Refusal> {
        let Standing { equity, maintenance, currency, .. } = &self.standing;
        let price = self.state.in_currency(price, &self.asset, currency, Round::Down)?;
        let (worth, net) = (*equity, equity.minus(*maintenance)?);
        let margin = auction::Standing { worth, net, reserved: Money::ZERO };
        Ok(margin.most_at(price, Buffer::down_to(end)?)?)
    }

    /// Sells shares of all of it in a row at one price; the place of the first that cannot take his
    /// among them, with the reason.
    fn sell(
        &self,
        change: &mut Change<'a>,
        price: Money,
        shares: &[(AccountId, Rate)],
    ) -> Result<(), Box<(usize, Refusal)>> {
        let mut sold = (Rate::ZERO, Money::ZERO);
        for (at, (by, share)) in shares.iter().enumerate() {
            sold =
                self.one(change, price, (*by, *share), sold).map_err(|why| Box::new((at, why)))?;
        }
        Ok(())
    }

    /// Sells one share after others, which were so much and paid so much; what all are then.
    fn one(
        &self,
        change: &mut Change<'a>,
        price: Money,
        (by, share): (AccountId, Rate),
        (before, reserved): (Rate, Money),
    ) -> Result<(Rate, Money), Refusal> {
        take::may_take(self.state, self.id, by)?;
        self.state.open(&self.state.account(by).name)?;
        let account = change.account(self.id);
        let whole = Whole::of(self.state, self.id, account, &self.standing.pool)?;
        let whole = whole.ok_or_else(|| super::none_held(self.state, self.id))?;
        let left = Rate::ONE.minus(before)?;
        let of_left = Rate::new(share.decimal().over(left.decimal(), Round::Up)?);
        whole.pass(change, by, of_left.min(Rate::ONE), (&self.asset, reserved))?;
        let paid = price.times(share, Round::Up)?;
        let to = whole.place(change);
        change.post(&self.asset, Place::Account(by), to, paid)?;
        change.auctioned(
            self.id,
            Auctioned::Share {
                by: self.state.account(by).name.clone(),
                share,
                asset: self.asset.clone(),
                paid,
                price,
                most: left,
            },
        );
        whole.accept(change, by, &self.asset)?;
        change.helps(self.id)?;
        Ok((before.plus(share)?, reserved.plus(paid)?))
    }
}

/// Begins to collect, where the pool is worth something.
pub(super) fn open(
    failing: &Failing<'_>,
    rule: &Batch,
    standing: &Standing,
) -> Result<Option<Next>, Refusal> {
    let (state, id) = (failing.state, failing.id);
    let Some(whole) = Whole::of(state, id, state.account(id), &standing.pool)? else {
        return Ok(None);
    };
    let asset = whole.paid_in(&rule.asset);
    let Some(pool) = Pool::of(state, id, standing, &asset)? else { return Ok(None) };
    let until = rule.seconds.into();
    let said = Auctioned::Collects(Asked {
        pool: standing.pool.clone(),
        insolvent: false,
        currency: standing.currency.clone(),
        worth: pool.worth,
        net: standing.equity.minus(standing.maintenance)?,
        asset: asset.clone(),
        price: pool.least(rule)?,
        seconds: until,
    });
    let phase = Phase::Batch { asset, bids: Vec::new() };
    Ok(Some(Next::begun(state, &standing.pool, phase, said, until)))
}

/// Receives a bid that could be paid.
pub(super) fn bid<'a>(
    bidding: &Bidding<'a>,
    rule: &Batch,
    (asset, bids): (&Asset, &[Sealed]),
) -> Result<Change<'a>, Refusal> {
    let (state, by) = (bidding.state, bidding.by);
    let account = bidding.asked.by.clone();
    if bids.iter().any(|bid| bid.by == by) || bids.len() >= MOST_BIDS {
        let problem = format!("a batch takes one bid of each bidder, and {MOST_BIDS} in all");
        return Err(Refusal::Account { account, problem });
    }
    let share = bidding.share(rule.least, Rate::ONE)?;
    let pool = Pool::of(state, bidding.id, &bidding.standing, asset)?;
    let pool = pool.ok_or_else(|| super::none_held(state, bidding.id))?;
    let least = pool.least(rule)?;
    let Some(limit) = bidding.asked.limit.filter(|limit| *limit >= least) else {
        let found = bidding.asked.limit.map_or("none".to_owned(), |limit| limit.to_string());
        return Err(Refusal::bad("limit", format!("{least} {asset} or more"), found));
    };
    // What he would get, and can pay, is tried and thrown away.
    let mut tried = Change::new(state);
    pool.sell(&mut tried, limit, &[(by, share)]).map_err(|why| why.1)?;
    let mut change = Change::new(state);
    let mut bids = bids.to_vec();
    bids.push(Sealed { by, share, limit });
    change.auctioned(bidding.id, Auctioned::Received { by: account, bids: bids.len() as u64 });
    let phase = Phase::Batch { asset: asset.clone(), bids };
    bidding.goes_on(&mut change, Sale { phase, ..bidding.sale.clone() });
    Ok(change)
}

/// Clears what was collected, and says who was dropped and why.
pub(super) fn clear<'a>(
    failing: &Failing<'a>,
    rule: &Batch,
    standing: &Standing,
    (asset, bids): (&Asset, &[Sealed]),
) -> Result<Change<'a>, Refusal> {
    let (state, id) = (failing.state, failing.id);
    let dropped = |bid: &Sealed, why: String| Auctioned::Dropped {
        by: state.account(bid.by).name.clone(),
        why,
    };
    let Some(pool) = Pool::of(state, id, standing, asset)? else {
        return Ok(said(failing, &[Auctioned::Unsold]));
    };
    let least = pool.least(rule)?;
    let (mut left, low): (Vec<_>, Vec<_>) =
        bids.iter().cloned().partition(|bid| bid.limit >= least);
    let below = |bid: &Sealed| dropped(bid, format!("{} is below {least} {asset}", bid.limit));
    let mut facts: Vec<Auctioned> = low.iter().map(below).collect();
    // Ties stay in the order in which they came.
    left.sort_by_key(|bid| std::cmp::Reverse(bid.limit));
    loop {
        let sealed = left.iter().map(|bid| batch::Sealed { share: bid.share, limit: bid.limit });
        let sealed: Vec<batch::Sealed> = sealed.collect();
        let most = |price| pool.most(price, failing.rule.end);
        let Some(cleared) = batch::clear::<Refusal>(&sealed, most)? else {
            facts.push(Auctioned::Unsold);
            return Ok(said(failing, &facts));
        };
        let shares = left.iter().map(|bid| bid.by).zip(cleared.shares);
        let mut change = said(failing, &facts);
        match pool.sell(&mut change, cleared.price, &shares.collect::<Vec<_>>()) {
            Ok(()) => return Ok(change),
            Err(why) => facts.push(dropped(&left.remove(why.0), why.1.to_string())),
        }
    }
}

fn said<'a>(failing: &Failing<'a>, facts: &[Auctioned]) -> Change<'a> {
    let mut change = failing.change(Stage::Auction);
    for fact in facts {
        change.auctioned(failing.id, fact.clone());
    }
    change
}
