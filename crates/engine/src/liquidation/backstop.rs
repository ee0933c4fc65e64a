//! Vaults that take over what nobody else took: positions at their marks, each vault its share of
//! them in whole lots, and with them the same share of what the account had. What it had is the
//! vault's pay, or, where it was less than nothing, its loss.
//!
//! A vault is an account like any other, with its own margin, limits and caps, and takes no more
//! than it can bear; nobody else's money stands behind it. What is left goes on to the next stage.
//! Rejected: a hidden account of the house (its risk would be on no report), and vaults that share
//! what one of them cannot bear (the share of each is the most that its owners agreed to).

use super::estate::{Estate, Held};
use super::pass::{Passed, pass};
use super::rule::share;
use super::step::Failing;
use super::{Fact, Stage};
use crate::account::{AccountId, Mode};
use crate::change::Change;
use crate::ledger::Place;
use crate::position;
use crate::refusal::Refusal;
use crate::standing::Leave;
use crate::state::State;
use keelmark_book::{Decimal, Money, Overflow, Quantity, Rate, Round};
use keelmark_liquidation::adl::contracts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No rule has more vaults.
const MOST_VAULTS: usize = 16;
/// So many pools of an account are taken over one after the other at most.
const MOST_STEPS: u32 = 64;
/// A vault that cannot bear its share is tried with so many parts of it.
const PARTS: i64 = 64;

/// Who takes over what is left, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationBackstop")]
pub struct Backstop {
    /// The vaults; their shares add up to 1.
    pub vaults: Vec<Vault>,
    /// Margin used from which they take over before anything is offered to others, 1 or more;
    /// absent, only after that.
    pub at: Option<Rate>,
}

/// An account that takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationVault")]
pub struct Vault {
    /// Its name.
    pub account: String,
    /// Its share of each position.
    pub share: Rate,
    /// The most that its positions may be worth after it, without their signs, in the market's
    /// currency.
    pub most: Option<Money>,
    /// The most that it takes over of one pool, so counted.
    pub most_at_once: Option<Money>,
}

impl Backstop {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if self.vaults.is_empty() || self.vaults.len() > MOST_VAULTS {
            let found = self.vaults.len();
            return Err(Refusal::bad("backstop.vaults", format!("1 to {MOST_VAULTS}"), found));
        }
        let mut sum = Decimal::ZERO;
        for (at, vault) in self.vaults.iter().enumerate() {
            share("backstop.vaults.share", vault.share)?;
            sum = sum.plus(vault.share.decimal())?;
            if self.vaults[..at].iter().any(|other| other.account == vault.account) {
                return Err(Refusal::exists("vault", &vault.account));
            }
            for most in [vault.most, vault.most_at_once].into_iter().flatten() {
                if most.is_negative() {
                    return Err(Refusal::bad("backstop.vaults.most", "zero or more", most));
                }
            }
        }
        if sum != Decimal::ONE {
            return Err(Refusal::bad("backstop.vaults.share", "1 in all", sum));
        }
        match self.at {
            Some(at) if at < Rate::ONE => Err(Refusal::bad("backstop.at", "1 or more", at)),
            _ => Ok(()),
        }
    }
}

/// What a vault takes over.
struct Part<'a> {
    vault: &'a Vault,
    by: AccountId,
    /// Of each position, above zero.
    lots: Vec<i64>,
}

/// Vaults take over what is left of the pool that uses most; none where there is nothing, or none
/// of them can bear any of it.
pub(super) fn take_over<'a>(
    failing: &Failing<'a>,
    step: u32,
) -> Result<Option<Change<'a>>, Refusal> {
    let Some(rule) = failing.rule.backstop.as_ref().filter(|_| step < MOST_STEPS) else {
        return Ok(None);
    };
    let Some(estate) = failing.estate()?.filter(|estate| !estate.held.is_empty()) else {
        return Ok(None);
    };
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut done = None;
    for (vault, lots) in rule.vaults.iter().zip(shares(rule, &estate)?) {
        let Some(by) = may_take(failing, vault) else { continue };
        let most = Part { vault, by, lots };
        if let Some((part, change)) = bearable(failing, &estate, &mut parts, &most) {
            parts.push(part);
            done = Some(change);
        }
    }
    let Some(mut change) = done else { return Ok(None) };
    let left = tell(&mut change, failing, &estate, &parts)?;
    // What no vault could bear goes on; another pool of the account may follow.
    let step = if left { MOST_STEPS - 1 } else { step };
    failing.taken(&mut change, Stage::Backstop, step, None);
    Ok(Some(change))
}

/// The lots of each position that are each vault's share.
fn shares(rule: &Backstop, estate: &Estate) -> Result<Vec<Vec<i64>>, Refusal> {
    let weights: Vec<Decimal> = rule.vaults.iter().map(|vault| vault.share.decimal()).collect();
    let mut shares = vec![Vec::new(); weights.len()];
    for held in &estate.held {
        let parts = contracts::divide(Decimal::from_int(held.lots), &weights, Decimal::ONE)?;
        for (share, part) in shares.iter_mut().zip(parts) {
            share.push(whole(part)?);
        }
    }
    Ok(shares)
}

/// A whole number as one.
pub(super) fn whole(number: Decimal) -> Result<i64, Overflow> {
    number.in_steps_of(Decimal::ONE).ok_or(Overflow)
}

/// The account of a vault, unless it is closed, counts together with the account that fails, fails
/// itself, or holds each position on collateral of its own.
fn may_take(failing: &Failing<'_>, vault: &Vault) -> Option<AccountId> {
    let state = failing.state;
    let by = state.open(&vault.account).ok()?;
    super::take::may_take(state, failing.id, by).ok()?;
    (state.account(by).mode != Mode::Isolated).then_some(by)
}

/// The largest part of its share that a vault can bear beside what others take, and the change
/// that it is.
fn bearable<'a, 'b>(
    failing: &Failing<'a>,
    estate: &Estate,
    parts: &mut Vec<Part<'b>>,
    most: &Part<'b>,
) -> Option<(Part<'b>, Change<'a>)> {
    let mut attempt = |lots: Vec<i64>| {
        parts.push(Part { lots, vault: most.vault, by: most.by });
        let found = booked(failing, estate, parts).ok();
        Some((parts.pop()?, found?))
    };
    let part_of = |share: i64| {
        let lots = most.lots.iter();
        lots.map(|all| (i128::from(*all) * i128::from(share) / i128::from(PARTS)) as i64).collect()
    };
    let mut best = attempt(part_of(PARTS));
    let (mut low, mut high) = if best.is_some() { (PARTS, PARTS) } else { (0, PARTS) };
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match attempt(part_of(middle)) {
            Some(found) => (low, best) = (middle, Some(found)),
            None => high = middle,
        }
    }
    best
}

/// All that vaults take over, if each of them can bear it and the account is no worse off.
fn booked<'a>(
    failing: &Failing<'a>,
    estate: &Estate,
    parts: &[Part<'_>],
) -> Result<Change<'a>, Refusal> {
    let mut change = failing.change(Stage::Backstop);
    if estate.isolated {
        own(&mut change, failing, estate, parts)?;
    } else {
        for part in parts {
            for (held, lots) in estate.held.iter().zip(&part.lots) {
                let quantity = held.traded(failing.state, *lots)?;
                let value = at_mark(failing.state, held, quantity)?;
                passed(&mut change, failing, (part.by, held, false), (quantity, value))?;
            }
        }
        balances(&mut change, failing, estate, parts)?;
    }
    for part in parts {
        for held in &estate.held {
            change.within_limits(part.by, held.instrument)?;
        }
        change.require(part.by, Leave::Initial)?;
        capped(&change, estate, part)?;
    }
    change.helps(failing.id)?;
    Ok(change)
}

fn at_mark(state: &State, held: &Held, quantity: Quantity) -> Result<Money, Overflow> {
    let one = state.market.instruments.get(held.instrument);
    position::value(one, quantity, state.market.quote(held.instrument).mark)
}

fn passed(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    (by, held, isolated): (AccountId, &Held, bool),
    (quantity, value): (Quantity, Money),
) -> Result<(), Refusal> {
    if quantity.is_zero() {
        return Ok(());
    }
    let (id, instrument) = (failing.id, held.instrument);
    pass(change, &Passed { id, by, instrument, isolated, quantity, value })
}

/// How much each vault takes over, by worth, and what is left: what balances are divided by.
fn weights(estate: &Estate, parts: &[Part<'_>]) -> Result<Vec<Decimal>, Overflow> {
    let all = Money::sum(estate.held.iter().map(|held| held.worth))?;
    let mut left = Decimal::ZERO;
    let mut weights = Vec::with_capacity(parts.len() + 1);
    for part in parts {
        let lots = estate.held.iter().zip(&part.lots);
        // What is worth nothing is counted in lots.
        let worth = |(held, lots): (&Held, &i64)| {
            if all.is_zero() { Ok(Money::from_int(*lots)) } else { held.worth_of(*lots) }
        };
        let sum = lots.map(worth).try_fold(Money::ZERO, |sum, one| sum.plus(one?))?;
        weights.push(sum.decimal());
    }
    for (at, held) in estate.held.iter().enumerate() {
        let taken: i64 = parts.iter().map(|part| part.lots[at]).sum();
        let rest = held.lots - taken;
        let worth = if all.is_zero() { Money::from_int(rest) } else { held.worth_of(rest)? };
        left = left.plus(worth.decimal())?;
    }
    weights.push(left);
    Ok(weights)
}

/// Each vault gets its share of every balance, of what is owed too; what the positions that stay
/// have gained or lost counts as if it were paid.
fn balances(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    estate: &Estate,
    parts: &[Part<'_>],
) -> Result<(), Refusal> {
    let weights = weights(estate, parts)?;
    for asset in &estate.assets {
        let mut held = change.account(failing.id).balance(asset);
        for stays in &change.account(failing.id).shared {
            let one = failing.state.market.instruments.get(stays.instrument);
            if one.settle == *asset {
                let mark = failing.state.market.quote(stays.instrument).mark;
                let worth = position::value(one, stays.quantity, mark)?;
                let gained = if one.is_option() { worth } else { worth.minus(stays.cost)? };
                held = held.plus(gained)?;
            }
        }
        let shares = contracts::divide(held.abs().decimal(), &weights, Decimal::from_raw(1))?;
        for (part, share) in parts.iter().zip(shares) {
            let share = Money::new(share);
            let share = if held.is_negative() { -share } else { share };
            let (from, to) = (Place::Account(failing.id), Place::Account(part.by));
            change.post(asset, from, to, share)?;
        }
    }
    Ok(())
}

/// A position on its own collateral: each vault trades at the price at which its share of that
/// collateral comes with it.
fn own(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    estate: &Estate,
    parts: &[Part<'_>],
) -> Result<(), Refusal> {
    let state = failing.state;
    let Some(held) = estate.held.first() else { return Ok(()) };
    let one = state.market.instruments.get(held.instrument);
    let before = change.isolated(failing.id, held.instrument);
    let worth = at_mark(state, held, held.quantity)?;
    let profit = if one.is_option() { worth } else { worth.minus(before.holding.cost)? };
    let equity = before.margin.plus(profit)?;
    for part in parts {
        let lots = part.lots[0];
        let quantity = held.traded(state, lots)?;
        let own = change.isolated(failing.id, held.instrument);
        let value = if own.holding.quantity.plus(quantity)?.is_zero() {
            // To the last digit what is there.
            if one.is_option() { own.margin } else { own.margin.minus(own.holding.cost)? }
        } else {
            let [lots, all] = [lots, held.lots].map(Decimal::from_int);
            let pay = equity.decimal().times_over(lots, all, Round::Down)?;
            at_mark(state, held, quantity)?.plus(Money::new(pay))?
        };
        passed(change, failing, (part.by, held, true), (quantity, value))?;
    }
    Ok(())
}

/// Refuses more than a vault may take over, or have.
fn capped(change: &Change<'_>, estate: &Estate, part: &Part<'_>) -> Result<(), Refusal> {
    let state = change.state;
    let mut taken = Money::ZERO;
    for (held, lots) in estate.held.iter().zip(&part.lots) {
        taken = taken.plus(held.worth_of(*lots)?)?;
    }
    if !part.lots.iter().any(|lots| *lots > 0) {
        return Err(Refusal::bad("lots", "above zero", 0));
    }
    let mut has = Money::ZERO;
    for held in change.account(part.by).holdings() {
        has = has.plus(state.worth(held.instrument, held.quantity)?)?;
    }
    for (most, found) in [(part.vault.most, has), (part.vault.most_at_once, taken)] {
        if let Some(most) = most.filter(|most| found > *most) {
            let limit = format!("vault {}, in {}", part.vault.account, state.market.currency);
            let (would, most) = (Rate::new(found.decimal()), Rate::new(most.decimal()));
            return Err(Refusal::Limit { limit, would, most });
        }
    }
    Ok(())
}

/// Says what each vault took over; whether something is left.
fn tell(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    estate: &Estate,
    parts: &[Part<'_>],
) -> Result<bool, Refusal> {
    let mut left = Money::sum(estate.held.iter().map(|held| held.worth))?;
    let mut lots: i64 = estate.held.iter().map(|held| held.lots).sum();
    for part in parts {
        let mut worth = Money::ZERO;
        for (held, lots) in estate.held.iter().zip(&part.lots) {
            worth = worth.plus(held.worth_of(*lots)?)?;
        }
        lots -= part.lots.iter().sum::<i64>();
        left = if lots == 0 { Money::ZERO } else { left.minus(worth)? };
        change.liquidation(Fact::TakenOver {
            account: failing.name(),
            by: part.vault.account.clone(),
            currency: change.state.market.currency.clone(),
            worth,
            left,
        });
    }
    Ok(lots > 0)
}
