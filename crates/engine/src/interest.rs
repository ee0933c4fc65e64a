//! Interest on what accounts owe: by asset, at a yearly rate or along a curve of utilisation.
//!
//! Between two `accrue` commands each balance is weighed by the time it stood, exactly, whatever
//! moved it; accruing charges the weighed debts and starts anew, so interest is simple between two
//! accruals and compounds at each. The utilisation of a curve is that of the same time: what was
//! owed over what was held. Debts are rounded up and what lenders get is rounded down; the
//! difference stays with the house, on its account of interest. Collateral of isolated positions
//! neither earns nor owes.

mod lent;

pub use lent::Lent;

use crate::account::{Account, AccountId};
use crate::change::Outcome;
use crate::refusal::Refusal;
use crate::state::State;
use keelmark_book::{Asset, Decimal, Money, Overflow, Rate, Round, Timestamp};
use keelmark_margin::lending::BorrowCurve;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Nanoseconds of 365 days.
const YEAR: i64 = 365 * 86_400 * 1_000_000_000;

/// What an asset costs whoever owes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Interest of a year of 365 days.
    pub yearly: Yearly,
    /// The share of it that goes to whoever holds the asset, by amount and time; the house has the
    /// rest. 0 is all to the house, 1 all to the lenders.
    pub lenders: Rate,
}

/// A yearly rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Yearly {
    /// Always the same: `0.08` is 8 %.
    Rate(Rate),
    /// Rising with the share of what is held that is owed.
    Curve(Curve),
}

/// Two lines that meet at a kink; see [`BorrowCurve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// The rate where nothing is owed.
    pub base: Rate,
    /// What a whole of utilisation would add, below the kink.
    pub low_slope: Rate,
    /// Where the slope changes.
    pub kink: Rate,
    /// What a whole of utilisation would add, above the kink.
    pub high_slope: Rate,
}

impl Yearly {
    fn at(self, utilisation: Rate, lenders: Rate) -> Result<Rate, Overflow> {
        let curve = match self {
            Self::Rate(rate) => return Ok(rate),
            Self::Curve(curve) => curve,
        };
        let curve = BorrowCurve {
            base: curve.base,
            low_slope: curve.low_slope,
            kink: curve.kink,
            high_slope: curve.high_slope,
            supply_share: lenders,
        };
        curve.borrow_rate(utilisation).map_err(|_| Overflow)
    }
}

impl Yearly {
    /// Where its slope changes.
    fn kink(self) -> Rate {
        match self {
            Self::Rate(_) => Rate::ZERO,
            Self::Curve(curve) => curve.kink.min(Rate::ONE),
        }
    }
}

impl Terms {
    /// Whether owing costs less than under others, at any utilisation. Between the kinks of both
    /// each is a line.
    pub(crate) fn is_cheaper(&self, than: &Self) -> Result<bool, Overflow> {
        for utilisation in [Rate::ZERO, self.yearly.kink(), than.yearly.kink(), Rate::ONE] {
            let rate = |terms: &Self| terms.yearly.at(utilisation, terms.lenders);
            if rate(self)? < rate(than)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Terms with sound numbers.
    pub(crate) fn checked(self) -> Result<Self, Refusal> {
        let (lenders, most) = (self.lenders, Rate::ONE);
        if lenders.is_negative() || lenders > most {
            return Err(Refusal::bad("lenders", "a share from 0 to 1", lenders));
        }
        let rates = match self.yearly {
            Yearly::Rate(rate) => vec![rate],
            Yearly::Curve(curve) => vec![curve.base, curve.low_slope, curve.high_slope, curve.kink],
        };
        let highest = Rate::new(Decimal::from_int(1_000));
        match rates.iter().find(|rate| rate.is_negative() || **rate > highest) {
            Some(rate) => Err(Refusal::bad("yearly", format!("rates from 0 to {highest}"), rate)),
            None => Ok(self),
        }
    }
}

/// Terms by asset, and what was owed and held since interest was last charged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    assets: BTreeMap<Asset, OfAsset>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OfAsset {
    terms: Terms,
    /// When interest was last charged.
    since: Timestamp,
    /// What one unit owed from the beginning has become.
    index: Rate,
    /// Of accounts whose balance has changed since.
    weights: BTreeMap<AccountId, Weight>,
}

/// A balance weighed by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Weight {
    /// Until when it is weighed.
    since: Timestamp,
    /// Owed: units times years, rounded up.
    owed: Money,
    /// Held: units times years, rounded down.
    held: Money,
}

impl Weight {
    /// Weighs a balance that stood until now.
    fn until(self, balance: Money, now: Timestamp) -> Result<Self, Overflow> {
        let nanos = Decimal::from_int(now.nanos().saturating_sub(self.since.nanos()));
        let weigh = |amount: Money, round| {
            let amount = amount.max(Money::ZERO).decimal();
            amount.times_over(nanos, Decimal::from_int(YEAR), round).map(Money::new)
        };
        Ok(Self {
            since: now,
            owed: self.owed.plus(weigh(-balance, Round::Up)?)?,
            held: self.held.plus(weigh(balance, Round::Down)?)?,
        })
    }
}

/// A change of the terms or of the weights.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Interest of an asset was charged up to a time; what one unit has become.
    Accrued(Asset, Timestamp, Rate),
    /// The terms of an asset from a time on; none where nothing is charged any more.
    Terms(Asset, Timestamp, Option<Terms>),
}

/// What is due of one asset.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    /// The yearly rate.
    pub rate: Rate,
    /// What one unit owed from the beginning becomes.
    pub index: Rate,
    /// Who owes how much.
    pub owed: Vec<(AccountId, Money)>,
    /// Who gets how much of it.
    pub paid: Vec<(AccountId, Money)>,
    /// What the house has of it.
    pub house: Money,
}

impl Interest {
    /// Whether a debt of an asset costs interest.
    pub(crate) fn is_charged(&self, asset: &Asset) -> bool {
        self.assets.contains_key(asset)
    }

    /// Whether any debt does.
    pub(crate) fn is_any_charged(&self) -> bool {
        !self.assets.is_empty()
    }

    pub(crate) fn apply(&mut self, edit: Edit) {
        match edit {
            Edit::Accrued(asset, at, index) => {
                if let Some(of) = self.assets.get_mut(&asset) {
                    *of = OfAsset { since: at, index, weights: BTreeMap::new(), terms: of.terms };
                }
            }
            Edit::Terms(asset, _, None) => drop(self.assets.remove(&asset)),
            Edit::Terms(asset, since, Some(terms)) => {
                let index = self.assets.get(&asset).map_or(Rate::ONE, |of| of.index);
                let weights = BTreeMap::new();
                self.assets.insert(asset, OfAsset { terms, since, index, weights });
            }
        }
    }

    /// The assets that cost interest.
    pub fn assets(&self) -> impl Iterator<Item = &Asset> {
        self.assets.keys()
    }

    /// The terms of an asset.
    #[must_use]
    pub fn terms(&self, asset: &Asset) -> Option<Terms> {
        self.assets.get(asset).map(|of| of.terms)
    }

    /// An asset on which an account is still to pay or to get interest for the time since it was
    /// last charged.
    pub(crate) fn pending(&self, id: AccountId) -> Option<&Asset> {
        let waits = |of: &OfAsset| {
            let gets = of.terms.lenders.is_positive();
            let weight = of.weights.get(&id);
            weight.is_some_and(|one| !one.owed.is_zero() || gets && !one.held.is_zero())
        };
        self.assets.iter().find(|(_, of)| waits(of)).map(|(asset, _)| asset)
    }

    /// The weights of balances that an outcome changes.
    pub(crate) fn weigh(
        &self,
        accounts: &[Account],
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<Vec<(Asset, AccountId, Weight)>, Overflow> {
        let mut found = Vec::new();
        for (asset, of) in &self.assets {
            for (id, after) in &outcome.accounts {
                let before = accounts.get(id.index());
                let balance = before.map_or(Money::ZERO, |one| one.balance(asset));
                if balance != after.balance(asset) {
                    found.push((asset.clone(), *id, of.weight(*id).until(balance, now)?));
                }
            }
        }
        Ok(found)
    }

    pub(crate) fn set(&mut self, asset: &Asset, id: AccountId, weight: Weight) {
        if let Some(of) = self.assets.get_mut(asset) {
            of.weights.insert(id, weight);
        }
    }
}

/// What was owed over what was held, 1 at most.
fn utilisation(owed: Money, held: Money) -> Result<Rate, Overflow> {
    if owed.is_zero() {
        return Ok(Rate::ZERO);
    }
    if owed >= held { Ok(Rate::ONE) } else { owed.ratio(held, Round::Up) }
}

impl OfAsset {
    fn weight(&self, id: AccountId) -> Weight {
        let unmoved = Weight { since: self.since, ..Weight::default() };
        self.weights.get(&id).copied().unwrap_or(unmoved)
    }
}

impl State {
    /// What an account owes of interest that is not charged yet, by asset, rounded up.
    pub(crate) fn accrued(&self, id: AccountId) -> Result<Vec<(Asset, Money)>, Overflow> {
        let mut found = Vec::new();
        let Some(account) = self.accounts.get(id.index()) else { return Ok(found) };
        for (asset, of) in &self.interest.assets {
            let weight = of.weight(id).until(account.balance(asset), self.now)?;
            if weight.owed.is_positive() {
                let utilisation = self.lent.utilisation(asset, self.now)?;
                let rate = of.terms.yearly.at(utilisation, of.terms.lenders)?;
                found.push((asset.clone(), weight.owed.times(rate, Round::Up)?));
            }
        }
        found.retain(|(_, due)| !due.is_zero());
        Ok(found)
    }

    /// What is due of an asset at a time; nothing where it costs no interest.
    pub(crate) fn interest_due(
        &self,
        asset: &Asset,
        now: Timestamp,
    ) -> Result<Option<Due>, Overflow> {
        let Some(of) = self.interest.assets.get(asset) else { return Ok(None) };
        let mut weighed = Vec::new();
        let (mut all_owed, mut all_held) = (Money::ZERO, Money::ZERO);
        for (index, account) in self.accounts.iter().enumerate() {
            let id = AccountId::new(index);
            let weight = of.weight(id).until(account.balance(asset), now)?;
            if weight.owed.is_zero() && weight.held.is_zero() {
                continue;
            }
            all_owed = all_owed.plus(weight.owed)?;
            all_held = all_held.plus(weight.held)?;
            weighed.push((id, weight));
        }
        let utilisation = utilisation(all_owed, all_held)?;
        let rate = of.terms.yearly.at(utilisation, of.terms.lenders)?;
        let (mut total, mut owed) = (Money::ZERO, Vec::new());
        for (id, weight) in &weighed {
            let charge = weight.owed.times(rate, Round::Up)?;
            total = total.plus(charge)?;
            owed.push((*id, charge));
        }
        let lent = if all_held.is_zero() {
            Money::ZERO
        } else {
            total.times(of.terms.lenders, Round::Down)?
        };
        let mut paid = Vec::new();
        for (id, weight) in weighed.iter().filter(|_| lent.is_positive()) {
            let (held, all) = (weight.held.decimal(), all_held.decimal());
            paid.push((*id, Money::new(lent.decimal().times_over(held, all, Round::Down)?)));
        }
        let grown = Weight { since: of.since, ..Weight::default() };
        let grown =
            grown.until(-Money::new(of.index.decimal()), now)?.owed.times(rate, Round::Up)?;
        let index = Rate::new(of.index.decimal().plus(grown.decimal())?);
        Ok(Some(Due { rate, index, owed, paid, house: total.minus(lent)? }))
    }
}
