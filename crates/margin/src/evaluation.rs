//! What every evaluation of a pool starts from: what it has, its sums, its orders, and what charges
//! see of them.
//!
//! The full computation, the one in numbers alone and the list of an account's sensitivities look
//! at the same view, so that none of them can forget what another leaves out.

use crate::charge::{Fill, PoolView};
use crate::document::Document;
use crate::equity::{Equity, equity};
use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::margin::{accepted, leverage, order_rows, pool_exposure};
use crate::pool::Pool;
use crate::table::{RiskTable, RowId};
use keelmark_book::{Balance, Decimal, InstrumentId, Market};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A pool valued and netted over a table.
pub(crate) struct Evaluation<'a> {
    market: &'a Market,
    table: &'a RiskTable,
    pool: &'a Pool,
    /// What it has.
    pub equity: Equity,
    exposure: Exposure,
    orders: Vec<(RowId, i128)>,
    leverage: BTreeMap<InstrumentId, Decimal>,
    collateral: Cow<'a, [Balance]>,
}

impl<'a> Evaluation<'a> {
    /// Values and nets a pool.
    pub fn new(
        document: &Document,
        market: &'a Market,
        table: &'a RiskTable,
        pool: &'a Pool,
    ) -> Result<Self, MarginError> {
        let equity = equity(pool, document, market)?;
        Ok(Self {
            market,
            table,
            pool,
            exposure: pool_exposure(document, market, table, pool, &equity)?,
            orders: order_rows(market, table, pool)?,
            leverage: leverage(pool),
            collateral: accepted(document, &pool.collateral),
            equity,
        })
    }

    /// Whether it has open orders.
    pub fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// What charges see.
    pub fn view(&self, fill: Fill) -> PoolView<'_> {
        PoolView {
            market: self.market,
            table: self.table,
            exposure: &self.exposure,
            collateral: &self.collateral,
            orders: &self.orders,
            booked: &self.pool.orders,
            profits: &self.equity.profits,
            leverage: &self.leverage,
            reserves: &self.pool.reserves,
            sensitivities: &self.pool.sensitivities,
            fill,
            extra: None,
            extra_profit: None,
            known: None,
        }
    }
}
