//! A prepared account: what a fill would do to its margin, in well under a microsecond.
//!
//! Every charge is a sum of terms over units, buckets or rows. A fill of one instrument changes one
//! term of each, so the others are kept, and only that one is computed again: by the same code that
//! computes the whole, over the same integers. A test holds the two equal to the last bit.

use crate::charge::{Fill, PoolView, Scope};
use crate::document::{CoinsMove, Document, NamedCharge, Stale};
use crate::equity::{Equity, equity, in_currency};
use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::margin::{accepted, counted_coins, covered, lots, order_rows, pool_exposure, staleness};
use crate::pool::Pool;
use crate::requirement::{Amounts, Answer, MOST_CHARGES, Slots, few_enough};
use crate::table::{RiskTable, RowId, coin_lots};
use crate::whatif::filled;
use keelmark_book::{
    Asset, Balance, Decimal, Instrument, InstrumentId, Market, Money, Price, Quantity, Rate, Round,
    profit,
};
use std::collections::BTreeMap;

/// A pool with everything kept that a fill does not change.
#[derive(Debug)]
pub struct Prepared<'a> {
    document: &'a Document,
    market: &'a Market,
    table: &'a RiskTable,
    pool: Pool,
    equity: Equity,
    exposure: Exposure,
    orders: Vec<(RowId, i128)>,
    leverage: BTreeMap<InstrumentId, Decimal>,
    plain: Vec<Kept>,
    with_orders: Vec<Kept>,
    initial: Slots,
    maintenance: Slots,
    widen: Rate,
    /// Whether no price that a fill could use is old.
    fresh: bool,
    /// What each position is worth now, in the pool's currency and in its settlement asset.
    worth: BTreeMap<InstrumentId, (Money, Money)>,
    /// Whether each row's instrument has a charge about it.
    covered: Vec<bool>,
    /// What charges see of the collateral.
    accepted: Vec<Balance>,
    /// Whether some charge depends on what is held outright.
    on_collateral: bool,
    /// Each asset held: its amount, and its margin value in the market's currency.
    held: Vec<(Asset, Money, Money)>,
}

/// A fill on top of what is held.
#[derive(Clone, Copy, Debug)]
struct Extra {
    row: RowId,
    lots: i128,
    /// Profit of its instrument after it, where it changes.
    profit: Option<Money>,
}

/// What a fill leaves.
#[derive(Clone, Copy, Debug, Default)]
struct Left {
    equity: Money,
    /// What moves into the settlement asset.
    cash: Money,
    /// Profit of the instrument, in its settlement asset.
    profit: Option<Money>,
}

/// A charge's terms.
#[derive(Debug)]
struct Kept {
    /// Whether some level uses it; one that none uses is not computed again.
    used: bool,
    scope: Scope,
    total: Money,
    terms: Vec<Money>,
}

impl<'a> Prepared<'a> {
    /// Prepares a pool over a table that has rows for all that will be asked about.
    ///
    /// # Errors
    /// [`MarginError`] as for the margin itself.
    pub fn new(
        document: &'a Document,
        market: &'a Market,
        table: &'a RiskTable,
        pool: Pool,
    ) -> Result<Self, MarginError> {
        few_enough(document)?;
        covered(document, market, &pool)?;
        let equity = equity(&pool, document, market)?;
        let leverage = crate::margin::leverage(&pool);
        let mut prepared = Self {
            document,
            market,
            table,
            exposure: pool_exposure(document, market, table, &pool, &equity)?,
            orders: order_rows(market, table, &pool)?,
            leverage,
            plain: Vec::new(),
            with_orders: Vec::new(),
            initial: Slots::new(document, "initial")?,
            maintenance: Slots::new(document, "maintenance")?,
            widen: staleness(document, market, &pool)?.0,
            fresh: all_fresh(document, market, table),
            accepted: accepted(document, &pool.collateral).into_owned(),
            worth: BTreeMap::new(),
            held: Vec::new(),
            covered: table
                .lines
                .iter()
                .map(|line| document.covers(market.instruments.get(line.instrument)))
                .collect(),
            on_collateral: document
                .charges
                .iter()
                .any(|named| named.charge.scope() == Scope::Collateral),
            pool,
            equity,
        };
        for held in &prepared.pool.collateral {
            let value = document.collateral.value(&held.asset, held.amount, market)?;
            prepared.held.push((held.asset.clone(), held.amount, value.margin_value));
        }
        for held in &prepared.pool.positions {
            let (one, mark) =
                (market.instruments.get(held.instrument), market.quote(held.instrument).mark);
            let worth = prepared.worth_of(one, held.quantity, held.avg_price, mark)?;
            // A fill goes to the first position of its instrument, as everywhere.
            prepared.worth.entry(held.instrument).or_insert(worth);
        }
        prepared.plain = prepared.keep(Fill::None)?;
        if !prepared.orders.is_empty() {
            prepared.with_orders = prepared.keep(Fill::Worst)?;
        }
        Ok(prepared)
    }

    /// The margin after a fill at the mark.
    ///
    /// # Errors
    /// [`MarginError`] when the instrument has no row or the quantity is off its lot.
    pub fn what_if(
        &self,
        instrument: InstrumentId,
        quantity: Quantity,
    ) -> Result<Answer, MarginError> {
        let one = self.market.instruments.get(instrument);
        let lots = lots(self.market, instrument, quantity)?;
        let row = self.table.row(instrument).ok_or_else(|| {
            MarginError::Unsupported(format!("{} has no row here", one.venue_symbol))
        })?;
        if !self.covered[row.index()] {
            return Err(MarginError::not_covered(&self.document.name, one));
        }
        let Left { equity, cash, profit } = self.equity_after(instrument, quantity)?;
        let widen = self.widen.max(self.widen_for(instrument)?);
        let extra = Some(Extra { row, lots, profit });
        if cash.is_zero() || !self.on_collateral {
            return self.after(extra, &self.accepted, equity, widen);
        }
        let mut collateral = self.pool.collateral.clone();
        match collateral.iter_mut().find(|held| held.asset == one.settle) {
            Some(held) => held.amount = held.amount.plus(cash)?,
            None => collateral.push(Balance { asset: one.settle.clone(), amount: cash }),
        }
        self.after(extra, &accepted(self.document, &collateral), equity, widen)
    }

    /// The margin as it stands.
    ///
    /// # Errors
    /// [`MarginError`] when a number does not fit.
    pub fn now(&self) -> Result<Answer, MarginError> {
        self.after(None, &self.accepted, self.equity.total, self.widen)
    }

    fn after(
        &self,
        extra: Option<Extra>,
        collateral: &[Balance],
        equity: Money,
        widen: Rate,
    ) -> Result<Answer, MarginError> {
        let hedging = self.hedging(extra.map(|extra| (extra.row, extra.lots)))?;
        let exposure = hedging.as_ref().unwrap_or(&self.exposure);
        let view = |fill| PoolView { exposure, ..self.view(fill, extra, collateral) };
        let plain = self.amounts(&self.plain, &view(Fill::None))?;
        let with_orders = if self.orders.is_empty() {
            None
        } else {
            Some(self.amounts(&self.with_orders, &view(Fill::Worst))?)
        };
        let level =
            |slots: &Slots| slots.requirement(self.document, &plain, with_orders.as_ref(), widen);
        let (initial, maintenance) = (level(&self.initial)?, level(&self.maintenance)?);
        Ok(Answer { initial, maintenance, equity })
    }

    /// The exposure with the coins that hedge after a fill, where that changes with it.
    fn hedging(&self, extra: Option<(RowId, i128)>) -> Result<Option<Exposure>, MarginError> {
        let Some((row, _)) = extra.filter(|_| self.document.coins_move == CoinsMove::Hedge) else {
            return Ok(None);
        };
        let unit = self.table.line(row).unit;
        if self.table.units[unit].underlying == self.table.currency {
            return Ok(None);
        }
        let coins = self.equity.coins.get(&self.table.units[unit].underlying);
        let held = coins.map_or(0, |amount| coin_lots(Quantity::new(amount.decimal())));
        let counted = counted_coins(self.document, self.table, &self.exposure, unit, held, extra)?;
        let before = self.exposure.coins(unit);
        if counted == before {
            return Ok(None);
        }
        let mut exposure = self.exposure.clone();
        exposure.add_coins(self.table, unit, counted - before);
        Ok(Some(exposure))
    }

    /// Every charge after the extra fill: one term of each exchanged.
    fn amounts(&self, kept: &[Kept], view: &PoolView<'_>) -> Result<Amounts, MarginError> {
        let mut out = [Money::ZERO; MOST_CHARGES];
        for ((amount, kept), named) in out.iter_mut().zip(kept).zip(&self.document.charges) {
            *amount = exchanged(self.table, kept, view, named)?;
        }
        Ok(out)
    }

    /// By how much a fill's own prices widen, or an error where the document refuses old ones.
    fn widen_for(&self, id: InstrumentId) -> Result<Rate, MarginError> {
        let allowed = self.document.feeds.max_age_seconds.filter(|_| !self.fresh);
        let Some(allowed) = allowed else { return Ok(Rate::ZERO) };
        let one = self.market.instruments.get(id);
        let mut oldest = self.market.quote(id).as_of;
        for asset in [&one.base, &one.quote, &one.settle] {
            oldest = oldest.min(self.market.assets.get(asset).map_or(oldest, |feed| feed.as_of));
        }
        let age_seconds = self.market.as_of.seconds_since(oldest);
        match self.document.feeds.stale {
            _ if age_seconds <= allowed => Ok(Rate::ZERO),
            Stale::Widen(rate) => Ok(rate),
            Stale::Refuse => {
                let what = one.venue_symbol.clone();
                Err(MarginError::Stale { what, age_seconds, allowed })
            }
        }
    }

    /// What a fill at the mark leaves: what a fill moves into the collateral counts by its tiers,
    /// and what it moves out of the position counts as the document says. With the cash that moves.
    fn equity_after(&self, id: InstrumentId, quantity: Quantity) -> Result<Left, MarginError> {
        let one = self.market.instruments.get(id);
        let held = self.pool.positions.iter().find(|held| held.instrument == id);
        if !one.is_option() && held.is_none() {
            return Ok(Left { equity: self.equity.total, ..Left::default() });
        }
        let mark = self.market.quote(id).mark;
        let filled = filled(one, held, quantity, mark)?;
        let own = self.market.price(&self.pool.currency)?;
        let mut total = self.equity.total.minus(self.equity.collateral)?;
        let counted = self.counted_after(&one.settle, filled.cash)?;
        total = total.plus(counted.over(own, Round::Down)?)?;
        let counts = if one.is_option() {
            self.document.equity.options
        } else {
            self.document.equity.futures
        };
        let (before, own_before) = self.worth.get(&id).copied().unwrap_or_default();
        let (after, own_after) = self.worth_of(one, filled.quantity, filled.entry, mark)?;
        if counts {
            total = total.minus(before)?.plus(after)?;
        }
        let profit = if one.is_option() {
            None
        } else {
            let before_all = self.equity.profits.get(&id).copied().unwrap_or_default();
            Some(before_all.minus(own_before)?.plus(own_after)?)
        };
        Ok(Left { equity: total, cash: filled.cash, profit })
    }

    /// Margin value of all collateral, in the market's currency, after a change of one asset.
    fn counted_after(&self, asset: &Asset, change: Money) -> Result<Money, MarginError> {
        if change.is_zero() {
            return Ok(self.equity.counted);
        }
        let held = self.held.iter().find(|(held, _, _)| held == asset);
        let (amount, before) =
            held.map_or((Money::ZERO, Money::ZERO), |(_, amount, value)| (*amount, *value));
        let rule = &self.document.collateral;
        let after = rule.value(asset, amount.plus(change)?, self.market)?.margin_value;
        Ok(self.equity.counted.minus(before)?.plus(after)?)
    }

    /// What a position is worth, in the pool's currency and in its settlement asset.
    fn worth_of(
        &self,
        one: &Instrument,
        quantity: Quantity,
        entry: Option<Price>,
        mark: Price,
    ) -> Result<(Money, Money), MarginError> {
        let own = match entry {
            _ if one.is_option() => profit::option_value(one, quantity, mark, Round::Down)?,
            Some(entry) => profit::profit(one, quantity, entry, mark, Round::Down)?,
            None => Money::ZERO,
        };
        Ok((in_currency(own, &one.settle, self.market, &self.pool.currency)?, own))
    }

    fn keep(&self, fill: Fill) -> Result<Vec<Kept>, MarginError> {
        let view = self.view(fill, None, &self.accepted);
        let mut out = Vec::new();
        for named in &self.document.charges {
            let scope = named.charge.scope();
            let count = match scope {
                Scope::Fixed | Scope::Pool | Scope::Collateral => 1,
                Scope::Unit => self.table.units.len(),
                Scope::Bucket => self.table.buckets.len(),
                Scope::Row => self.table.lines.len(),
            };
            let terms: Vec<Money> =
                (0..count).map(|key| named.charge.term(&view, key)).collect::<Result<_, _>>()?;
            let total = Money::sum(terms.iter().copied())?;
            let used = self.initial.of(self.document).formula.uses(&named.name)
                || self.maintenance.of(self.document).formula.uses(&named.name);
            out.push(Kept { used, scope, total, terms });
        }
        Ok(out)
    }

    fn view<'v>(
        &'v self,
        fill: Fill,
        extra: Option<Extra>,
        collateral: &'v [Balance],
    ) -> PoolView<'v> {
        PoolView {
            market: self.market,
            table: self.table,
            exposure: &self.exposure,
            collateral,
            orders: &self.orders,
            booked: &self.pool.orders,
            profits: &self.equity.profits,
            leverage: &self.leverage,
            reserves: &self.pool.reserves,
            sensitivities: &self.pool.sensitivities,
            fill,
            extra: extra.map(|extra| (extra.row, extra.lots)),
            extra_profit: extra.and_then(|extra| extra.profit),
            known: None,
        }
    }
}

/// Whether no price of a row's instrument, or of any asset, is older than the document allows.
fn all_fresh(document: &Document, market: &Market, table: &RiskTable) -> bool {
    let Some(allowed) = document.feeds.max_age_seconds else { return true };
    let quotes = table.lines.iter().map(|line| market.quote(line.instrument).as_of);
    let mut all = quotes.chain(market.assets.values().map(|feed| feed.as_of));
    all.all(|as_of| market.as_of.seconds_since(as_of) <= allowed)
}

/// A charge's amount after the extra fill.
fn exchanged(
    table: &RiskTable,
    kept: &Kept,
    view: &PoolView<'_>,
    named: &NamedCharge,
) -> Result<Money, MarginError> {
    let Some((row, _)) = view.extra.filter(|_| kept.used) else { return Ok(kept.total) };
    let line = table.line(row);
    let key = match kept.scope {
        Scope::Fixed => return Ok(kept.total),
        Scope::Pool | Scope::Collateral => 0,
        Scope::Unit => line.unit,
        Scope::Bucket => line.bucket,
        Scope::Row => row.index(),
    };
    let new = named.charge.term(view, key)?;
    Ok(kept.total.minus(kept.terms[key])?.plus(new)?)
}
