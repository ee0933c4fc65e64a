//! The end: what an account without positions still owes, and nobody has paid, is borne by all who
//! hold that asset, each in proportion to what he holds.
//!
//! Until then withdrawals of the asset wait for some time, so that nobody leaves before the others,
//! and a deposit or money in a fund may still pay. Whoever bears the loss gets what the account had
//! of other assets, at index prices, in proportion to what he bears: that settles what remains.

use super::step::Failing;
use super::{Fact, Process, Stage, insurance};
use crate::account::AccountId;
use crate::agenda::after;
use crate::change::Change;
use crate::ledger::Place;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, Decimal, Money, Rate, Round, Timestamp};
use keelmark_liquidation::adl::{self, contracts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a loss is shared that nobody has paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationSocialise")]
pub struct Socialise {
    /// How long withdrawals of the asset wait before, in seconds; at least one in any case.
    pub gate_seconds: u32,
}

impl Socialise {
    pub(super) fn check(self) -> Result<(), Refusal> {
        super::rule::seconds("socialise.gate_seconds", self.gate_seconds, 0)
    }
}

impl State {
    /// Until when withdrawals of an asset wait because a loss in it is about to be shared.
    #[must_use]
    pub fn gated(&self, asset: &Asset) -> Option<Timestamp> {
        let owing = self.liquidation.open().filter(|(id, process)| {
            let gates = process.stage == Stage::Socialise && !process.paused;
            gates && self.account(*id).balance(asset).is_negative()
        });
        owing.filter_map(|(id, _)| self.agenda.when(&crate::agenda::Work::Liquidation(id))).max()
    }

    /// Refuses to let an asset leave an account while a loss in it is about to be shared.
    pub(crate) fn not_gated(&self, asset: &Asset) -> Result<(), Refusal> {
        match self.gated(asset) {
            Some(until) => Err(Refusal::Gated { asset: asset.clone(), until }),
            None => Ok(()),
        }
    }
}

/// First closes the gate, then shares the loss; none where nothing is owed, or nobody has any.
pub(super) fn share<'a>(failing: &Failing<'a>, step: u32) -> Result<Option<Change<'a>>, Refusal> {
    let account = failing.state.account(failing.id);
    let Some(rule) = failing.rule.socialise.filter(|_| step < 2) else { return Ok(None) };
    if !account.shared.is_empty() || !account.owes() {
        return Ok(None);
    }
    if step == 0 {
        return Ok(Some(gate(failing, rule)));
    }
    if let Some(change) = insurance::pay(failing, Stage::Socialise)? {
        return Ok(Some(change));
    }
    let mut change = failing.change(Stage::Socialise);
    for (asset, owed) in insurance::owed(&change, failing.id) {
        spread(&mut change, failing, &asset, owed)?;
    }
    failing.taken(&mut change, Stage::Socialise, step, None);
    Ok(Some(change))
}

fn gate<'a>(failing: &Failing<'a>, rule: Socialise) -> Change<'a> {
    let mut change = failing.change(Stage::Socialise);
    let until = after(failing.state.now, rule.gate_seconds.max(1));
    for (asset, owed) in insurance::owed(&change, failing.id) {
        change.liquidation(Fact::Gated { account: failing.name(), asset, owed, until });
    }
    let stage = Stage::Socialise;
    let process = Process { stage, step: 1, offer: None, paused: false };
    change.process(failing.id, Some(process), Some(until));
    change
}

/// Lets all who hold an asset bear what is owed of it.
fn spread(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    asset: &Asset,
    owed: Money,
) -> Result<(), Refusal> {
    let holders: Vec<(AccountId, Money)> = holders(change, asset);
    let has: Vec<Money> = holders.iter().map(|(_, amount)| *amount).collect();
    let found = adl::pro_rata(&has, owed)?;
    let paid = owed.minus(found.unmet)?;
    for ((id, _), share) in holders.iter().zip(&found.seized) {
        change.post(asset, Place::Account(*id), Place::Account(failing.id), *share)?;
    }
    let all = Money::sum(has)?;
    let rate = if all.is_zero() { Rate::ZERO } else { paid.ratio(all, Round::Up)? };
    change.liquidation(Fact::Socialised {
        account: failing.name(),
        asset: asset.clone(),
        paid,
        rate,
        accounts: found.seized.iter().filter(|share| share.is_positive()).count() as u64,
        unmet: found.unmet,
    });
    let shares: Vec<Decimal> = found.seized.iter().map(|share| share.decimal()).collect();
    settle(change, failing, (asset, paid), &holders, &shares)
}

/// Accounts that hold some of an asset outright, with how much.
fn holders(change: &Change<'_>, asset: &Asset) -> Vec<(AccountId, Money)> {
    let ids = (0..change.state.accounts.len()).map(AccountId::new);
    let held = ids.map(|id| (id, change.account(id).balance(asset)));
    held.filter(|(_, amount)| amount.is_positive()).collect()
}

/// Gives whoever paid what the account has of other assets, up to what was paid.
fn settle(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    (asset, paid): (&Asset, Money),
    holders: &[(AccountId, Money)],
    shares: &[Decimal],
) -> Result<(), Refusal> {
    let (state, id) = (change.state, failing.id);
    let mut left = paid;
    for (other, held) in change.account(id).balances.clone() {
        let Ok(worth) = state.in_currency(held, &other, asset, Round::Up) else { continue };
        if !held.is_positive() || !left.is_positive() {
            continue;
        }
        let given = if worth <= left {
            held
        } else {
            state.in_currency(left, asset, &other, Round::Down)?.min(held)
        };
        left = left.minus(worth.min(left))?;
        let parts = contracts::divide(given.decimal(), shares, Decimal::from_raw(1))?;
        for ((to, _), part) in holders.iter().zip(parts) {
            change.post(&other, Place::Account(id), Place::Account(*to), Money::new(part))?;
        }
    }
    Ok(())
}
