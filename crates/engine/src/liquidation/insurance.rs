//! Insurance funds: what flows in, and what they pay for accounts that have nothing left to sell.
//!
//! A rule names the fund of its unit of risk; beside them stands one that all share. A fund first
//! takes what an account still has, at index prices, for what it owes of something else; then it
//! pays what is owed, as far as the fund and its caps go, and never more than it has. The shared
//! one may owe all the same: an isolated position that settles beyond its collateral is paid
//! whatever is there.

use super::step::Failing;
use super::{Edit, Fact, Process, Stage};
use crate::account::AccountId;
use crate::action::cash;
use crate::agenda::after;
use crate::change::{Change, Edit as Any};
use crate::ledger::{House, Place};
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, Money, Rate, Round};
use keelmark_liquidation::fund::{self, Flows, Inflow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const DAY: i64 = 86_400 * 1_000_000_000;

/// What pays for accounts under a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LiquidationInsurance")]
pub struct Insurance {
    /// The fund of its unit of risk, by a name; absent, the one that all share.
    pub fund: Option<String>,
    /// Whether the shared one pays what its own cannot.
    #[serde(default)]
    pub shared: bool,
    /// The most that is paid for an account, from when its liquidation begins until it ends, in
    /// the market's currency.
    pub most: Option<Money>,
    /// The most that is paid within a day of UTC by this rule's fund, so counted.
    pub most_a_day: Option<Money>,
    /// The share of liquidation fees that flows in; the rest is the venue's.
    #[serde(default = "all")]
    pub of_liquidations: Rate,
    /// The share of trading fees that flows in.
    #[serde(default)]
    pub of_trades: Rate,
}

fn all() -> Rate {
    Rate::ONE
}

impl Insurance {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        super::rule::share("insurance.of_liquidations", self.of_liquidations)?;
        super::rule::share("insurance.of_trades", self.of_trades)?;
        for most in [self.most, self.most_a_day].into_iter().flatten() {
            if most.is_negative() {
                return Err(Refusal::bad("insurance.most", "zero or more", most));
            }
        }
        match &self.fund {
            Some(name) if name.is_empty() => {
                Err(Refusal::bad("insurance.fund", "a name", "an empty one"))
            }
            _ => Ok(()),
        }
    }

    /// Makes its fund, where there is none of its name.
    pub(super) fn found(&self, change: &mut Change<'_>) {
        let Some(name) = &self.fund else { return };
        if !change.state.liquidation.funds().contains(name) {
            change.edit(Any::Liquidation(Edit::Fund(name.clone())));
        }
    }

    /// The funds that pay, in order.
    fn payers(&self, change: &Change<'_>) -> Vec<House> {
        let own = change.house_of(self.fund.as_deref());
        let shared = (self.shared && self.fund.is_some()).then_some(House::Insurance);
        own.into_iter().chain(shared).collect()
    }

    /// What flows in of fees.
    fn inflow(&self) -> Inflow {
        Inflow { of_fees: self.of_liquidations, of_volume: Rate::ZERO, of_funding: Rate::ZERO }
    }

    fn key(&self) -> &str {
        self.fund.as_deref().unwrap_or_default()
    }
}

impl Change<'_> {
    /// The name of a fund.
    pub(crate) fn fund(&self, number: u32) -> &str {
        self.state.liquidation.funds.get(number as usize).map_or("", String::as_str)
    }

    /// The fund of a name, or the shared one without; none where no rule has named it.
    pub(super) fn house_of(&self, name: Option<&str>) -> Option<House> {
        let Some(name) = name else { return Some(House::Insurance) };
        let at = self.state.liquidation.funds.iter().position(|known| known == name)?;
        Some(House::Fund(at as u32))
    }

    fn fund_name(&self, house: House) -> Option<String> {
        match house {
            House::Fund(number) => Some(self.fund(number).to_owned()),
            _ => None,
        }
    }

    /// Takes the fee of a liquidation: to the fund of the account's rule, and the rest to the
    /// venue.
    pub(crate) fn fee_of(
        &mut self,
        id: AccountId,
        asset: &Asset,
        from: Place,
        fee: Money,
    ) -> Result<(), Refusal> {
        let rule = self.state.liquidation_rule(id).and_then(|rule| rule.insurance.as_ref());
        let fund = rule.and_then(|rule| self.house_of(rule.fund.as_deref()));
        let flows = Flows { fees: fee, ..Flows::default() };
        let inflow = rule.map_or(Ok(fee), |rule| rule.inflow().of(&flows))?;
        let fund = fund.unwrap_or(House::Insurance);
        self.post(asset, from, Place::House(fund), inflow)?;
        self.post(asset, from, Place::House(House::Fees), fee.minus(inflow)?)
    }

    /// Lets a share of a trading fee that was paid flow into the fund of the account's rule.
    pub(crate) fn inflow_of_trade(
        &mut self,
        id: AccountId,
        asset: &Asset,
        fee: Money,
    ) -> Result<(), Refusal> {
        let rule = self.state.liquidation_rule(id).and_then(|rule| rule.insurance.as_ref());
        let Some(rule) = rule.filter(|rule| rule.of_trades.is_positive() && fee.is_positive())
        else {
            return Ok(());
        };
        let Some(fund) = self.house_of(rule.fund.as_deref()) else { return Ok(()) };
        let share = fee.times(rule.of_trades, Round::Down)?;
        self.post(asset, Place::House(House::Fees), Place::House(fund), share)
    }
}

/// Brings an amount into a fund, or takes it out.
pub(crate) fn fund<'a>(
    state: &'a State,
    name: Option<&str>,
    asset: &Asset,
    amount: Money,
) -> Result<Change<'a>, Refusal> {
    cash::positive(amount.abs())?;
    let mut change = Change::new(state);
    let house = change.house_of(name);
    let house = house.ok_or_else(|| Refusal::unknown("fund", name.unwrap_or_default()))?;
    let available = change.held_by(house, asset);
    if amount.is_negative() && available < -amount {
        let account = name.unwrap_or("insurance").to_owned();
        let (asset, wanted) = (asset.clone(), -amount);
        return Err(Refusal::NotEnough { account, asset, available, wanted });
    }
    change.post(asset, Place::House(House::Outside), Place::House(house), amount)?;
    Ok(change)
}

/// Pays what an account without positions owes; none where nothing is owed or nothing can be paid.
pub(super) fn pay<'a>(failing: &Failing<'a>, stage: Stage) -> Result<Option<Change<'a>>, Refusal> {
    let account = failing.state.account(failing.id);
    if !account.shared.is_empty() || !account.owes() {
        return Ok(None);
    }
    let mut change = failing.change(stage);
    if !settle(&mut change, failing)? {
        return Ok(None);
    }
    let process = Process { stage, offer: None, paused: false, ..failing.process.clone() };
    let due = after(failing.state.now, failing.rule.step_seconds);
    change.process(failing.id, Some(process), Some(due));
    Ok(Some(change))
}

/// Takes what an account has for what it owes, then pays the rest of that, as far as funds and caps
/// go; whether there was anything.
pub(super) fn settle(change: &mut Change<'_>, failing: &Failing<'_>) -> Result<bool, Refusal> {
    let Some(rule) = &failing.rule.insurance else { return Ok(false) };
    let mut till = Till::open(change, failing, rule)?;
    let exchanged = exchange(change, failing, &till.payers)?;
    for (asset, owed) in owed(change, failing.id) {
        till.pay(change, failing, &asset, owed, Place::Account(failing.id))?;
    }
    let any = exchanged || !till.paid.is_zero();
    till.close(change, failing)?;
    Ok(any)
}

/// What an account owes, asset by asset, above zero.
pub(super) fn owed(change: &Change<'_>, id: AccountId) -> Vec<(Asset, Money)> {
    let balances = change.account(id).balances.iter();
    let owed = balances.filter(|(_, amount)| amount.is_negative());
    owed.map(|(asset, amount)| (asset.clone(), -*amount)).collect()
}

/// Takes what an account has for what it owes of something else, at index prices, as far as the
/// funds have that. What has no price stays.
fn exchange(
    change: &mut Change<'_>,
    failing: &Failing<'_>,
    payers: &[House],
) -> Result<bool, Refusal> {
    let (state, id) = (change.state, failing.id);
    let mut any = false;
    for (got, _) in owed(change, id) {
        let has = change.account(id).balances.iter().filter(|(_, amount)| amount.is_positive());
        let has: Vec<Asset> = has.map(|(asset, _)| asset.clone()).collect();
        for (gave, house) in has.iter().flat_map(|asset| payers.iter().map(move |h| (asset, *h))) {
            let account = change.account(id);
            let (held, owed) = (account.balance(gave), -account.balance(&got));
            let Ok(worth) = state.in_currency(held, gave, &got, Round::Down) else { continue };
            let paid = worth.min(owed).min(change.held_by(house, &got));
            if !paid.is_positive() {
                continue;
            }
            let given = if paid == worth {
                held
            } else {
                state.in_currency(paid, &got, gave, Round::Up)?.min(held)
            };
            let (place, fund) = (Place::Account(id), Place::House(house));
            change.post(gave, place, fund, given)?;
            change.post(&got, fund, place, paid)?;
            change.liquidation(Fact::Exchanged {
                account: failing.name(),
                fund: change.fund_name(house),
                gave: gave.clone(),
                given,
                got: got.clone(),
                paid,
            });
            any = true;
        }
    }
    Ok(any)
}

/// Funds that pay, and how much more they may.
pub(super) struct Till<'a> {
    rule: &'a Insurance,
    payers: Vec<House>,
    /// What they may still pay, in the market's currency; without a cap, whatever they have.
    room: Option<Money>,
    /// What they have paid, so counted; nothing where it is not.
    paid: Money,
    /// What was paid for the account before.
    before: Money,
}

impl<'a> Till<'a> {
    /// The till of a rule for an account.
    pub fn open(
        change: &Change<'_>,
        failing: &Failing<'_>,
        rule: &'a Insurance,
    ) -> Result<Self, Refusal> {
        let liquidation = &change.state.liquidation;
        let before = liquidation.paid_for(failing.id);
        let today = liquidation.paid_on(rule.key(), day(change));
        let rooms = [(rule.most, before), (rule.most_a_day, today)].into_iter();
        let rooms = rooms.filter_map(|(most, used)| Some(most?.minus(used)));
        let room = rooms.reduce(|a, b| Ok(a?.min(b?))).transpose()?;
        let room = room.map(|room| room.max(Money::ZERO));
        Ok(Self { rule, payers: rule.payers(change), room, paid: Money::ZERO, before })
    }

    /// Pays what is owed of an asset to a place, as far as funds and caps go; what is paid.
    pub fn pay(
        &mut self,
        change: &mut Change<'_>,
        failing: &Failing<'_>,
        asset: &Asset,
        owed: Money,
        to: Place,
    ) -> Result<Money, Refusal> {
        let (state, currency) = (change.state, &change.state.market.currency);
        let mut left = owed;
        for house in self.payers.clone() {
            let room = match self.room {
                None => left,
                // What has no price cannot be counted, and is not paid under a cap.
                Some(room) => {
                    state.in_currency(room, currency, asset, Round::Down).unwrap_or_default()
                }
            };
            let fund = change.held_by(house, asset).max(Money::ZERO);
            let paid = fund::pay(fund, left.min(room), Money::ZERO)?.paid;
            if paid.is_zero() {
                continue;
            }
            left = left.minus(paid)?;
            let counted = state.in_currency(paid, asset, currency, Round::Up).unwrap_or_default();
            self.paid = self.paid.plus(counted)?;
            self.room = self.room.map(|room| room.minus(counted)).transpose()?;
            self.room = self.room.map(|room| room.max(Money::ZERO));
            change.post(asset, Place::House(house), to, paid)?;
            change.liquidation(Fact::Insured {
                account: failing.name(),
                fund: change.fund_name(house),
                asset: asset.clone(),
                paid,
                left,
            });
        }
        Ok(owed.minus(left)?)
    }

    /// Counts what was paid.
    pub fn close(&self, change: &mut Change<'_>, failing: &Failing<'_>) -> Result<(), Refusal> {
        if self.paid.is_zero() {
            return Ok(());
        }
        let day = day(change);
        let today = change.state.liquidation.paid_on(self.rule.key(), day).plus(self.paid)?;
        change.edit(Any::Liquidation(Edit::Paid(self.rule.key().to_owned(), day, today)));
        let all = self.before.plus(self.paid)?;
        change.edit(Any::Liquidation(Edit::PaidFor(failing.id, all)));
        Ok(())
    }
}

fn day(change: &Change<'_>) -> i64 {
    change.state.now.nanos().div_euclid(DAY)
}
