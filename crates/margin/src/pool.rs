//! Pools: isolated, segregated and cross margin are one model over different partitions of an
//! account.
//!
//! A pool has its own collateral, positions, orders and currency and is evaluated alone. The
//! document says what shares collateral; a position with collateral of its own is a pool whatever
//! the document says.

use crate::document::{Document, PoolBy, PoolCurrency};
use keelmark_book::{
    Asset, Balance, InstrumentId, Isolation, Market, Money, Order, Portfolio, Position, Quantity,
    Sensitivity,
};
use std::collections::{BTreeMap, BTreeSet};

/// A part of an account that stands on its own collateral.
#[derive(Clone, Debug)]
pub struct Pool {
    /// `account`, a settlement asset, or an instrument's name.
    pub name: String,
    /// What it is counted in.
    pub currency: Asset,
    /// What it holds outright.
    pub collateral: Vec<Balance>,
    /// Its positions.
    pub positions: Vec<Position>,
    /// Its open orders.
    pub orders: Vec<Order>,
    /// Amounts reported by name.
    pub reserves: BTreeMap<String, Money>,
    /// Profit realised and not yet paid, in each instrument's settlement asset.
    pub unsettled: BTreeMap<InstrumentId, Money>,
    /// Sensitivities given from outside.
    pub sensitivities: Vec<Sensitivity>,
    /// Where its collateral comes from.
    pub funding: Funding,
    /// Whether it is one position on its own collateral: what it has to spare is of no use to the
    /// rest of the account.
    pub isolated: bool,
}

/// Where a pool's collateral comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Funding {
    /// From the account, or from the position's own margin.
    Given,
    /// Its initial margin is taken from what the account holds: an isolated position whose margin
    /// is not stated.
    Posted,
    /// What is left of the account after posting.
    Rest,
}

/// Divides an account as a document says.
#[must_use]
pub fn divide(account: &Portfolio, document: &Document, market: &Market) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    let divider = Divider { account, document, market };
    match document.pool.by {
        PoolBy::Account => pools.push(divider.whole()),
        PoolBy::Settlement => pools.extend(divider.by_settlement()),
        PoolBy::Position => pools.extend(divider.by_position()),
    }
    for position in &account.positions {
        if let Isolation::Own(margin) = position.isolation {
            pools.push(divider.isolated(position, margin));
        }
    }
    pools
}

struct Divider<'a> {
    account: &'a Portfolio,
    document: &'a Document,
    market: &'a Market,
}

impl Divider<'_> {
    fn whole(&self) -> Pool {
        Pool {
            collateral: self.account.collateral.clone(),
            positions: self.shared().cloned().collect(),
            orders: self.account.orders.clone(),
            reserves: self.account.reserves.clone(),
            unsettled: self.account.unsettled.clone(),
            sensitivities: self.account.sensitivities.clone(),
            ..empty("account", &self.fixed_currency())
        }
    }

    fn by_settlement(&self) -> Vec<Pool> {
        let settle = |id: InstrumentId| self.market.instruments.get(id).settle.clone();
        let mut assets: BTreeSet<Asset> =
            self.account.collateral.iter().map(|held| held.asset.clone()).collect();
        assets.extend(self.shared().map(|one| settle(one.instrument)));
        assets.extend(self.account.orders.iter().map(|one| settle(one.instrument)));
        assets.extend(self.account.unsettled.keys().map(|id| settle(*id)));
        if assets.is_empty() && !self.account.sensitivities.is_empty() {
            assets.insert(self.market.currency.clone());
        }
        let mut pools = Vec::new();
        for (at, asset) in assets.into_iter().enumerate() {
            let orders = self.account.orders.iter();
            let mut pool = empty(asset.as_str(), &self.currency_of(&asset));
            pool.collateral =
                self.account.collateral.iter().filter(|one| one.asset == asset).cloned().collect();
            pool.positions =
                self.shared().filter(|one| settle(one.instrument) == asset).cloned().collect();
            pool.orders = orders.filter(|one| settle(one.instrument) == asset).cloned().collect();
            pool.unsettled = self.unsettled(|id| settle(id) == asset);
            if at == 0 {
                pool.reserves = self.account.reserves.clone();
                pool.sensitivities.clone_from(&self.account.sensitivities);
            }
            pools.push(pool);
        }
        pools
    }

    /// A pool for each instrument with a position or orders, and the rest of the account.
    fn by_position(&self) -> Vec<Pool> {
        let mut ids: BTreeSet<InstrumentId> = self.shared().map(|one| one.instrument).collect();
        ids.extend(self.account.orders.iter().map(|one| one.instrument));
        ids.extend(self.account.unsettled.keys().copied());
        let mut pools = Vec::new();
        for id in ids {
            let instrument = self.market.instruments.get(id);
            let currency = self.currency_of(&instrument.settle);
            let mut pool = empty(&instrument.venue_symbol, &currency);
            pool.positions = self.shared().filter(|one| one.instrument == id).cloned().collect();
            let orders = self.account.orders.iter();
            pool.orders = orders.filter(|one| one.instrument == id).cloned().collect();
            pool.unsettled = self.unsettled(|one| one == id);
            pool.funding = Funding::Posted;
            pool.isolated = true;
            pools.push(pool);
        }
        let mut rest = empty("unposted", &self.fixed_currency());
        rest.collateral.clone_from(&self.account.collateral);
        rest.reserves.clone_from(&self.account.reserves);
        rest.sensitivities.clone_from(&self.account.sensitivities);
        rest.funding = Funding::Rest;
        pools.push(rest);
        pools
    }

    fn isolated(&self, position: &Position, margin: Money) -> Pool {
        let instrument = self.market.instruments.get(position.instrument);
        let currency = self.currency_of(&instrument.settle);
        let mut pool = empty(&format!("isolated {}", instrument.venue_symbol), &currency);
        pool.collateral = vec![Balance { asset: instrument.settle.clone(), amount: margin }];
        pool.positions = vec![position.clone()];
        pool.isolated = true;
        pool
    }

    fn unsettled(&self, of: impl Fn(InstrumentId) -> bool) -> BTreeMap<InstrumentId, Money> {
        let all = self.account.unsettled.iter().filter(|(id, _)| of(**id));
        all.map(|(id, amount)| (*id, *amount)).collect()
    }

    fn shared(&self) -> impl Iterator<Item = &Position> {
        self.account.positions.iter().filter(|one| one.isolation == Isolation::Shared)
    }

    fn currency_of(&self, settle: &Asset) -> Asset {
        match &self.document.pool.currency {
            PoolCurrency::Settlement => settle.clone(),
            PoolCurrency::Fixed(asset) => asset.clone(),
        }
    }

    fn fixed_currency(&self) -> Asset {
        match &self.document.pool.currency {
            PoolCurrency::Settlement => self.market.currency.clone(),
            PoolCurrency::Fixed(asset) => asset.clone(),
        }
    }
}

/// A pool with nothing in it.
fn empty(name: &str, currency: &Asset) -> Pool {
    Pool {
        name: name.to_owned(),
        currency: currency.clone(),
        collateral: Vec::new(),
        positions: Vec::new(),
        orders: Vec::new(),
        reserves: BTreeMap::new(),
        unsettled: BTreeMap::new(),
        sensitivities: Vec::new(),
        funding: Funding::Given,
        isolated: false,
    }
}

impl Pool {
    /// Instruments that it holds or has orders in, in order. Positions that cancel exactly are not
    /// held: they may not widen the quantum of the table, nor make coins move.
    #[must_use]
    pub fn instruments(&self) -> Vec<InstrumentId> {
        let mut held: Vec<(InstrumentId, Option<Quantity>)> =
            self.positions.iter().map(|one| (one.instrument, Some(one.quantity))).collect();
        held.sort_by_key(|(id, _)| *id);
        held.dedup_by(|(id, more), (kept, sum)| {
            let same = id == kept;
            if same {
                *sum = sum.zip(*more).and_then(|(sum, more)| sum.plus(more).ok());
            }
            same
        });
        let mut ids: Vec<InstrumentId> = self.orders.iter().map(|one| one.instrument).collect();
        ids.extend(held.iter().filter(|(_, sum)| *sum != Some(Quantity::ZERO)).map(|(id, _)| id));
        ids.extend(self.unsettled.keys());
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
