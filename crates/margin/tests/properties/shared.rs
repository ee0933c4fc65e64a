//! Pools of an account over one table of the whole market, as a prepared account has them.

use crate::markets::ids;
use keelmark_book::{Asset, Market, Money, Portfolio};
use keelmark_margin::pool::divide;
use keelmark_margin::{Document, PoolMargin, RiskTable, margin, margin_of_pool};
use std::collections::BTreeMap;

/// A document compiled over a whole market, in every currency that pools are counted in.
pub struct Shared<'a> {
    pub document: &'a Document,
    pub market: &'a Market,
    tables: BTreeMap<Asset, RiskTable>,
}

impl<'a> Shared<'a> {
    pub fn new(document: &'a Document, market: &'a Market) -> Self {
        let tables = market
            .assets
            .keys()
            .map(|currency| {
                let all = ids(market);
                let table = RiskTable::compile(document, market, &all, currency).unwrap();
                (currency.clone(), table)
            })
            .collect();
        Self { document, market, tables }
    }

    pub fn table(&self, currency: &Asset) -> &RiskTable {
        &self.tables[currency]
    }

    /// The pools of an account, each alone; what an isolated position would post is not posted.
    pub fn pools(&self, account: &Portfolio) -> Vec<PoolMargin> {
        let account = covered(self.document, self.market, account);
        divide(&account, self.document, self.market)
            .into_iter()
            .map(|pool| {
                let table = self.table(&pool.currency);
                margin_of_pool(self.document, self.market, table, pool).unwrap()
            })
            .collect()
    }

    /// Every level of every pool, by their names.
    pub fn levels(&self, account: &Portfolio) -> BTreeMap<(String, String), Money> {
        let pools = self.pools(account);
        let levels = pools.iter().flat_map(|pool| {
            pool.levels
                .iter()
                .map(|level| ((pool.pool.name.clone(), level.name.clone()), level.amount))
        });
        levels.collect()
    }

    /// Every charge of every pool, by their names: positions as they are.
    pub fn charges(&self, account: &Portfolio) -> BTreeMap<(String, String), Money> {
        let pools = self.pools(account);
        let charges = pools.iter().flat_map(|pool| {
            pool.charges
                .iter()
                .map(|one| ((pool.pool.name.clone(), one.name.clone()), one.plain.amount))
        });
        charges.collect()
    }
}

/// An account without what a document is not about, which it would refuse.
pub fn covered(document: &Document, market: &Market, account: &Portfolio) -> Portfolio {
    let mut account = account.clone();
    let known = |id| document.covers(market.instruments.get(id));
    account.positions.retain(|one| known(one.instrument));
    account.orders.retain(|one| known(one.instrument));
    account
}

/// Every number of an account's margin that is not zero, by pool and name.
pub fn numbers(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> BTreeMap<String, Money> {
    let found = margin(document, market, &covered(document, market, account)).unwrap();
    let mut out = BTreeMap::new();
    let total = &found.total;
    out.insert("equity".to_owned(), total.equity);
    out.insert("net value".to_owned(), total.net_value);
    out.insert("initial".to_owned(), total.initial);
    out.insert("maintenance".to_owned(), total.maintenance);
    for pool in &found.pools {
        let name = &pool.pool.name;
        out.insert(format!("{name} equity"), pool.equity.total);
        out.insert(format!("{name} futures"), pool.equity.futures);
        out.insert(format!("{name} options"), pool.equity.options);
        for level in &pool.levels {
            out.insert(format!("{name} level {}", level.name), level.amount);
            out.insert(format!("{name} orders in {}", level.name), level.orders);
        }
        for one in &pool.charges {
            out.insert(format!("{name} charge {}", one.name), one.plain.amount);
        }
    }
    out.retain(|_, amount| !amount.is_zero());
    out
}
