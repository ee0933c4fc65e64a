//! What nobody took over is closed against accounts that hold the other side, at the price at which
//! the account's shortfall is just covered, after what the insurance fund pays.
//!
//! They give up profit, never more: a position that is reduced only shrinks, and whoever could not
//! bear it is left out. Where nobody can bear the price, positions are closed at the mark, and what
//! is owed then is a loss for the next stage. An account that still has something is closed at the
//! mark too: nobody gains by another's failure.

use super::estate::{Estate, Held};
use super::insurance::{self, Till};
use super::pass::{Passed, reduce};
use super::step::Failing;
use super::winners::{Policy, Winner, divide, winners};
use super::{Fact, Stage};
use crate::account::AccountId;
use crate::change::Change;
use crate::ledger::Place;
use crate::position;
use crate::refusal::Refusal;
use keelmark_book::{Asset, Decimal, Money, Overflow, Quantity, Round};
use keelmark_liquidation::adl::{contracts, overshoot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// So often something is closed at most: pool after pool, and of each what others can bear before
/// the rest.
const MOST_STEPS: u32 = 64;
/// Whoever cannot bear the price is left out, so often at most.
const MOST_ROUNDS: usize = 8;

/// How positions are closed against others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationDeleverage")]
pub struct Deleverage {
    /// Who gives up how much.
    pub policy: Policy,
}

/// What is taken of one account of one position.
struct Taken<'e> {
    held: &'e Held,
    winner: Winner,
    lots: i64,
    /// What its price is worse than the mark, in the settlement asset.
    haircut: Money,
}

/// Closes what is left of the pool that uses most; none where there is nothing, or nobody.
pub(super) fn close<'a>(failing: &Failing<'a>, step: u32) -> Result<Option<Change<'a>>, Refusal> {
    let Some(rule) = failing.rule.deleverage.as_ref().filter(|_| step < MOST_STEPS) else {
        return Ok(None);
    };
    let Some(estate) = failing.estate()?.filter(|estate| !estate.held.is_empty()) else {
        return Ok(None);
    };
    let mut out = BTreeSet::new();
    for _ in 0..MOST_ROUNDS {
        let mut taken = allotted(failing, rule, &estate, &out)?;
        if taken.is_empty() {
            break;
        }
        let owed = missing(failing, &estate, is_whole(&estate, &taken))?;
        let shortfall = cut(failing, &estate, &mut taken, &owed)?;
        let mut change = booked(failing, (&estate, shortfall), &taken, step)?;
        let poor = cannot_bear(&mut change, &taken)?;
        if poor.is_empty() {
            return Ok(helps(failing, change));
        }
        out.extend(poor);
    }
    let mut taken = allotted(failing, rule, &estate, &BTreeSet::new())?;
    if taken.is_empty() || estate.isolated {
        return Ok(None);
    }
    let owed = missing(failing, &estate, is_whole(&estate, &taken))?;
    let shortfall = cut(failing, &estate, &mut taken, &owed)?;
    taken.iter_mut().for_each(|one| one.haircut = Money::ZERO);
    Ok(helps(failing, booked(failing, (&estate, shortfall), &taken, step)?))
}

fn helps<'a>(failing: &Failing<'a>, mut change: Change<'a>) -> Option<Change<'a>> {
    change.helps(failing.id).is_ok().then_some(change)
}

fn allotted<'e>(
    failing: &Failing<'_>,
    rule: &Deleverage,
    estate: &'e Estate,
    out: &BTreeSet<AccountId>,
) -> Result<Vec<Taken<'e>>, Refusal> {
    let mut taken = Vec::new();
    for held in &estate.held {
        let winners = winners(failing, held, out)?;
        let lots = divide(&rule.policy, &winners, held.lots)?;
        for (winner, lots) in winners.into_iter().zip(lots).filter(|(_, lots)| *lots > 0) {
            taken.push(Taken { held, winner, lots, haircut: Money::ZERO });
        }
    }
    Ok(taken)
}

/// Whether nothing is left of any position.
fn is_whole(estate: &Estate, taken: &[Taken<'_>]) -> bool {
    let lots: i64 = estate.held.iter().map(|held| held.lots).sum();
    taken.iter().map(|one| one.lots).sum::<i64>() == lots
}

/// What the account would owe if all were closed at the marks, by asset, less what the fund would
/// pay then.
fn missing(
    failing: &Failing<'_>,
    estate: &Estate,
    whole: bool,
) -> Result<BTreeMap<Asset, Money>, Refusal> {
    let state = failing.state;
    let mut change = Change::new(state);
    let mut owed = BTreeMap::new();
    if estate.isolated {
        for held in &estate.held {
            let short = short_of(&change, failing, held)?;
            let settle = settle_of(failing, held);
            let place = Place::Isolated(failing.id, held.instrument);
            let paid =
                if whole { paid(&mut change, failing, settle, short, place)? } else { Money::ZERO };
            owed.insert(settle.clone(), short.minus(paid)?);
        }
        return Ok(owed);
    }
    for held in &estate.held {
        let value = at_mark(failing, held, -held.quantity)?;
        change.fill(failing.id, held.instrument, false, -held.quantity, value)?;
    }
    insurance::settle(&mut change, failing)?;
    for (asset, amount) in insurance::owed(&change, failing.id) {
        if estate.assets.contains(&asset) {
            owed.insert(asset, amount);
        }
    }
    net(&change, failing, &mut owed)?;
    Ok(owed)
}

/// What is owed no more than it is beside what the account has of other assets: others do not pay
/// for an account that has enough.
fn net(
    change: &Change<'_>,
    failing: &Failing<'_>,
    owed: &mut BTreeMap<Asset, Money>,
) -> Result<(), Refusal> {
    let state = failing.state;
    let account = change.account(failing.id);
    if !account.balances.iter().any(|(_, amount)| amount.is_positive()) {
        return Ok(());
    }
    let short = (-state.shared_value(account)?).max(Money::ZERO);
    let mut all = Money::ZERO;
    for (asset, owed) in owed.iter() {
        let owed = state.in_currency(*owed, asset, &state.market.currency, Round::Up)?;
        all = all.plus(owed)?;
    }
    if short >= all || all.is_zero() {
        return Ok(());
    }
    for owed in owed.values_mut() {
        let part = owed.decimal().times_over(short.decimal(), all.decimal(), Round::Up)?;
        *owed = Money::new(part);
    }
    Ok(())
}

/// What a position on its own collateral is short of nothing.
fn short_of(change: &Change<'_>, failing: &Failing<'_>, held: &Held) -> Result<Money, Refusal> {
    let one = change.state.market.instruments.get(held.instrument);
    let own = change.isolated(failing.id, held.instrument);
    let worth = at_mark(failing, held, held.quantity)?;
    let profit = if one.is_option() { worth } else { worth.minus(own.holding.cost)? };
    Ok((-own.margin.plus(profit)?).max(Money::ZERO))
}

fn paid(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    asset: &Asset,
    owed: Money,
    to: Place,
) -> Result<Money, Refusal> {
    let Some(rule) = &failing.rule.insurance else { return Ok(Money::ZERO) };
    let mut till = Till::open(change, failing, rule)?;
    let paid = till.pay(change, failing, asset, owed, to)?;
    till.close(change, failing)?;
    Ok(paid)
}

/// Spreads what is missing over positions by their worth: over those that settle in the asset, or,
/// where none does, over all. What is missing for what is closed, in the market's currency.
fn cut(
    failing: &Failing<'_>,
    estate: &Estate,
    taken: &mut [Taken<'_>],
    owed: &BTreeMap<Asset, Money>,
) -> Result<Money, Refusal> {
    let state = failing.state;
    let mut shortfall = Money::ZERO;
    let settle = |held: &Held| settle_of(failing, held);
    for (asset, owed) in owed {
        let any = estate.held.iter().any(|held| settle(held) == asset);
        let counts = |held: &Held| !any || settle(held) == asset;
        // By lots taken, and by what is not taken: a part of a position pays its part.
        let mut weights = Vec::with_capacity(taken.len() + 1);
        let mut rest = Money::ZERO;
        for held in estate.held.iter().filter(|held| counts(held)) {
            rest = rest.plus(held.worth_of(held.lots - lots_of(taken, held))?)?;
        }
        for one in taken.iter() {
            let worth = if counts(one.held) { one.held.worth_of(one.lots)? } else { Money::ZERO };
            weights.push(worth.decimal());
        }
        weights.push(rest.decimal());
        let parts = contracts::divide(owed.decimal(), &weights, Decimal::from_raw(1))?;
        let stays = parts.last().copied().unwrap_or_default();
        let closed = Money::new(owed.decimal().minus(stays)?);
        let currency = &state.market.currency;
        shortfall =
            shortfall.plus(state.in_currency(closed, asset, currency, Round::Nearest)?)?;
        for (one, part) in taken.iter_mut().zip(parts) {
            let part = state.in_currency(Money::new(part), asset, settle(one.held), Round::Up)?;
            one.haircut = one.haircut.plus(part)?;
        }
    }
    Ok(shortfall)
}

fn lots_of(taken: &[Taken<'_>], held: &Held) -> i64 {
    let of = taken.iter().filter(|one| one.held.instrument == held.instrument);
    of.map(|one| one.lots).sum()
}

fn at_mark(failing: &Failing<'_>, held: &Held, quantity: Quantity) -> Result<Money, Overflow> {
    let market = &failing.state.market;
    let one = market.instruments.get(held.instrument);
    position::value(one, quantity, market.quote(held.instrument).mark)
}

/// Closes what was taken, and lets the fund pay where nothing is left.
fn booked<'a>(
    failing: &Failing<'a>,
    (estate, shortfall): (&Estate, Money),
    taken: &[Taken<'_>],
    step: u32,
) -> Result<Change<'a>, Refusal> {
    let whole = is_whole(estate, taken);
    let mut change = failing.change(Stage::Deleverage);
    let mut broke = false;
    for held in estate.held.iter().filter(|_| estate.isolated) {
        let short = short_of(&change, failing, held)?;
        broke |= short.is_positive();
        if whole {
            let settle = settle_of(failing, held);
            let place = Place::Isolated(failing.id, held.instrument);
            paid(&mut change, failing, settle, short, place)?;
        }
    }
    let mut haircuts = Vec::with_capacity(taken.len());
    for one in taken {
        haircuts.push(against(&mut change, failing, (estate.isolated, broke), one)?);
    }
    if !estate.isolated && whole {
        insurance::settle(&mut change, failing)?;
    }
    summary(&mut change, failing, (estate, shortfall), (taken, &haircuts))?;
    failing.taken(&mut change, Stage::Deleverage, step, None);
    Ok(change)
}

/// Closes part of a position against somebody who holds the other side; the haircut. `broke` is one
/// on its own collateral that has less than nothing.
fn against(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    (isolated, broke): (bool, bool),
    taken: &Taken<'_>,
) -> Result<Money, Refusal> {
    let Taken { held, winner, lots, haircut } = taken;
    let instrument = held.instrument;
    let one = failing.state.market.instruments.get(instrument);
    let quantity = held.traded(failing.state, *lots)?;
    let mark = at_mark(failing, held, quantity)?;
    let mut value = mark.minus(*haircut)?;
    if broke {
        // On its own collateral it ends at nothing.
        let own = change.isolated(failing.id, instrument);
        value = if own.holding.quantity.plus(quantity)?.is_zero() {
            // To the last digit what is there.
            if one.is_option() { own.margin } else { own.margin.minus(own.holding.cost)? }
        } else {
            // What rounding keeps from one part goes into the last.
            value.minus(Money::new(Decimal::from_raw(1)))?
        };
    }
    let by = winner.id;
    reduce(
        change,
        &Passed { id: failing.id, by, instrument, isolated, quantity, value },
        winner.isolated,
    )?;
    change.liquidation(Fact::Deleveraged {
        account: failing.name(),
        by: failing.state.account(by).name.clone(),
        instrument: one.to_string(),
        quantity,
        price: position::price(one, quantity, value)?,
        haircut: mark.minus(value)?,
    });
    Ok(mark.minus(value)?)
}

/// Those whom the price would bring below their maintenance margin.
fn cannot_bear(change: &mut Change<'_>, taken: &[Taken<'_>]) -> Result<Vec<AccountId>, Refusal> {
    let state = change.state;
    let ids: BTreeSet<AccountId> = taken.iter().map(|one| one.winner.id).collect();
    let mut poor = Vec::new();
    for id in ids {
        let after = state.standings_if(id, change.account(id))?;
        if after.iter().any(crate::standing::Standing::is_liquidatable) {
            poor.push(id);
        } else {
            change.checked(id, after)?;
        }
    }
    Ok(poor)
}

/// Says what was taken in all, beside what was missing for what was closed.
fn summary(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    (estate, shortfall): (&Estate, Money),
    (taken, haircuts): (&[Taken<'_>], &[Money]),
) -> Result<(), Refusal> {
    let state = failing.state;
    let currency = state.market.currency.clone();
    let mut cut = Vec::with_capacity(taken.len());
    let mut left = Money::ZERO;
    for (one, haircut) in taken.iter().zip(haircuts) {
        cut.push(state.in_currency(
            *haircut,
            settle_of(failing, one.held),
            &currency,
            Round::Nearest,
        )?);
    }
    for held in &estate.held {
        left = left.plus(held.worth_of(held.lots - lots_of(taken, held))?)?;
    }
    change.liquidation(Fact::Haircut {
        account: failing.name(),
        currency,
        shortfall,
        taken: Money::sum(cut.iter().copied())?,
        overshoot: overshoot(&cut, shortfall)?,
        left,
    });
    Ok(())
}

fn settle_of<'a>(failing: &Failing<'a>, held: &Held) -> &'a Asset {
    &failing.state.market.instruments.get(held.instrument).settle
}
