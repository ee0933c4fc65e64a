//! One account: what it holds, under which rules.
//!
//! Vectors sorted by instrument, not maps: an account has few positions, and a million accounts
//! must fit in memory.

use keelmark_book::{Asset, InstrumentId, Money, Price, Quantity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An account, by the order in which it was opened.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(transparent)]
pub struct AccountId(u32);

impl AccountId {
    /// The account opened as the `index`-th, from 0.
    #[must_use]
    pub fn new(index: usize) -> Self {
        Self(index as u32)
    }

    /// Index into the accounts.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How positions share collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Every position stands on its own collateral.
    Isolated,
    /// Shared collateral, margins summed.
    Cross,
    /// Shared collateral, risk netted.
    Portfolio,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// The account it is a part of, if it is a sub-account.
    pub parent: Option<AccountId>,
    /// How its positions share collateral.
    pub mode: Mode,
    /// Index of its margin document among the engine's models.
    pub model: usize,
    /// What it holds outright, by asset; below zero is owed. Never an entry of zero.
    pub balances: Vec<(Asset, Money)>,
    /// Its positions on shared collateral, by instrument. Never one of zero.
    pub shared: Vec<Holding>,
    /// Its positions on collateral of their own, by instrument.
    pub isolated: Vec<Isolated>,
    /// Its open orders, by number.
    pub orders: Vec<Order>,
    /// Whether it was closed.
    pub closed: bool,
    /// Its maintenance margin as the command `checked` found it, by the currency of its pools.
    /// Never an entry of zero; none at all without positions, orders and debts.
    pub required: Vec<(Asset, Money)>,
    /// Number of the last command that checked its margin.
    pub checked: u64,
}

/// A signed holding of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Which instrument.
    #[serde(with = "instrument")]
    pub instrument: InstrumentId,
    /// Contracts, long above zero.
    pub quantity: Quantity,
    /// What it was worth at entry, signed, in the settlement asset: the value of
    /// [`crate::position::value`] at the prices it was traded at.
    pub cost: Money,
}

/// A position on collateral of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolated {
    /// The position.
    pub holding: Holding,
    /// Its collateral, in the settlement asset.
    pub margin: Money,
}

/// An open order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The venue's number of it, unique among all orders ever placed.
    pub number: u64,
    /// Which instrument.
    #[serde(with = "instrument")]
    pub instrument: InstrumentId,
    /// Contracts still open, buy above zero.
    pub quantity: Quantity,
    /// Limit price in the mark's unit; absent for a market order.
    pub price: Option<Price>,
    /// Whether it may only bring the position towards zero.
    pub reduce_only: bool,
    /// Whether what it fills stands on collateral of its own.
    pub isolated: bool,
}

impl Account {
    /// An empty account.
    #[must_use]
    pub fn new(name: &str, parent: Option<AccountId>, mode: Mode, model: usize) -> Self {
        Self {
            name: name.to_owned(),
            parent,
            mode,
            model,
            balances: Vec::new(),
            shared: Vec::new(),
            isolated: Vec::new(),
            orders: Vec::new(),
            closed: false,
            required: Vec::new(),
            checked: 0,
        }
    }

    /// What it holds of an asset outright.
    #[must_use]
    pub fn balance(&self, asset: &Asset) -> Money {
        let held = self.balances.iter().find(|(known, _)| known == asset);
        held.map_or(Money::ZERO, |(_, amount)| *amount)
    }

    /// Sets what it holds of an asset outright.
    pub(crate) fn set_balance(&mut self, asset: &Asset, amount: Money) {
        match self.balances.binary_search_by(|(known, _)| known.cmp(asset)) {
            Ok(at) if amount.is_zero() => drop(self.balances.remove(at)),
            Ok(at) => self.balances[at].1 = amount,
            Err(_) if amount.is_zero() => {}
            Err(at) => self.balances.insert(at, (asset.clone(), amount)),
        }
    }

    /// Its position on shared collateral.
    #[must_use]
    pub fn shared(&self, id: InstrumentId) -> Option<&Holding> {
        let at = self.shared.binary_search_by_key(&id, |held| held.instrument).ok()?;
        self.shared.get(at)
    }

    /// Contracts on shared collateral, or on collateral of their own.
    #[must_use]
    pub fn position(&self, id: InstrumentId, isolated: bool) -> Quantity {
        let held = if isolated {
            self.isolated(id).map(|own| own.holding.quantity)
        } else {
            self.shared(id).map(|held| held.quantity)
        };
        held.unwrap_or_default()
    }

    /// Its position on collateral of its own.
    #[must_use]
    pub fn isolated(&self, id: InstrumentId) -> Option<&Isolated> {
        let at = self.isolated.binary_search_by_key(&id, |held| held.holding.instrument).ok()?;
        self.isolated.get(at)
    }

    /// Replaces a position on shared collateral; one of zero goes.
    pub(crate) fn set_shared(&mut self, held: Holding) {
        let at = self.shared.binary_search_by_key(&held.instrument, |one| one.instrument);
        replace(&mut self.shared, at, held, held.quantity.is_zero());
    }

    /// Replaces a position on collateral of its own; one of zero goes.
    pub(crate) fn set_isolated(&mut self, held: Isolated) {
        let id = held.holding.instrument;
        let at = self.isolated.binary_search_by_key(&id, |one| one.holding.instrument);
        replace(&mut self.isolated, at, held, held.holding.quantity.is_zero());
    }

    /// Its positions, shared and isolated.
    pub fn holdings(&self) -> impl Iterator<Item = &Holding> {
        self.shared.iter().chain(self.isolated.iter().map(|own| &own.holding))
    }

    /// Its positions above zero, by instrument.
    pub(crate) fn longs(&self) -> impl Iterator<Item = (InstrumentId, Quantity)> {
        let long = self.holdings().filter(|held| held.quantity.is_positive());
        long.map(|held| (held.instrument, held.quantity))
    }

    /// Whether its positions are those of another state of it.
    pub(crate) fn holds_the_same(&self, other: &Self) -> bool {
        self.shared == other.shared && self.isolated == other.isolated
    }

    /// Its positions above zero, by instrument, but for those that another state of it holds too.
    pub(crate) fn longs_beside(
        &self,
        other: &Self,
    ) -> impl Iterator<Item = (InstrumentId, Quantity)> {
        let shared = self.shared.iter().filter(|held| other.shared(held.instrument) != Some(held));
        let own = self.isolated.iter().map(|own| &own.holding);
        let own = own.filter(|held| {
            other.isolated(held.instrument).is_none_or(|other| other.holding != **held)
        });
        let long = shared.chain(own).filter(|held| held.quantity.is_positive());
        long.map(|held| (held.instrument, held.quantity))
    }

    /// Gives back what its lists have reserved and do not use: a million accounts are kept for
    /// long and changed seldom.
    pub(crate) fn fit(&mut self) {
        self.balances.shrink_to_fit();
        self.required.shrink_to_fit();
        self.shared.shrink_to_fit();
        self.isolated.shrink_to_fit();
        self.orders.shrink_to_fit();
    }

    /// Its open order of a number.
    #[must_use]
    pub fn order(&self, number: u64) -> Option<&Order> {
        self.orders.iter().find(|one| one.number == number)
    }

    /// Opens an order.
    pub(crate) fn add_order(&mut self, order: Order) {
        let at = self.orders.partition_point(|one| one.number < order.number);
        self.orders.insert(at, order);
    }

    /// Whether it has neither positions nor open orders, so that nothing is required of it but for
    /// what it owes.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.shared.is_empty() && self.isolated.is_empty() && self.orders.is_empty()
    }

    /// Whether it owes something of any asset.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.balances.iter().any(|(_, amount)| amount.is_negative())
    }

    /// Whether it holds nothing, owes nothing and has nothing open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.balances.is_empty() && self.is_flat()
    }
}

fn replace<T>(list: &mut Vec<T>, at: Result<usize, usize>, one: T, gone: bool) {
    match at {
        Ok(at) if gone => drop(list.remove(at)),
        Ok(at) => list[at] = one,
        Err(_) if gone => {}
        Err(at) => list.insert(at, one),
    }
}

/// Instruments by their number in the engine's market.
pub(crate) mod instrument {
    use keelmark_book::InstrumentId;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(id: &InstrumentId, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u32(id.index() as u32)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<InstrumentId, D::Error> {
        Ok(InstrumentId::new(u32::deserialize(from)? as usize))
    }
}
