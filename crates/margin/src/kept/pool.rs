//! One kept pool: its rows, its sums and its terms, and how a change goes through them.

use super::levels::{Levels, Moved, Revision};
use super::plan::Plan;
use crate::charge::{Fill, Known, PoolView, Scope, Term};
use crate::equity::{Equity, equity, in_currency};
use crate::error::MarginError;
use crate::exposure::Exposure;
use crate::margin::{accepted, coins_of, covered, lots, order_rows, pool_exposure};
use crate::pool::Pool;
use crate::requirement::{Answer, MOST_CHARGES};
use crate::table::{Line, RiskTable, RowId};
use keelmark_book::{
    Balance, Decimal, InstrumentId, Market, Money, Order, Position, Rate, Round, profit,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Larger amounts are not kept: sums of smaller ones cannot overflow in any order, so none fits
/// here that a fresh computation refuses.
const LARGEST: Money = Money::new(Decimal::from_int(1_000_000_000_000_000));
/// Rows of what is not held any more that may stay.
const SPARE_ROWS: usize = 16;
/// Pools of more rows are not kept, for the same reason.
const MOST_ROWS: usize = 10_000;

/// A pool with everything kept that a change does not touch.
#[derive(Debug)]
pub struct KeptPool {
    plan: Arc<Plan>,
    levels: Levels,
    table: RiskTable,
    /// As it was last asked about.
    pool: Pool,
    exposure: Exposure,
    orders: Vec<(RowId, i128)>,
    /// What charges see of the collateral.
    accepted: Vec<Balance>,
    /// What the collateral counts for, in the pool's currency.
    collateral: Money,
    /// What each position is worth, in their order.
    worth: Vec<Worth>,
    /// Sums of them that support margin.
    supports: Money,
    profits: BTreeMap<InstrumentId, Money>,
    /// Terms of each charge without orders, and with them; the latter empty without orders.
    plain: Vec<Terms>,
    with_orders: Vec<Terms>,
    answer: Answer,
    none: Nothing,
}

/// What the engine's pools never have, and charges are shown.
#[derive(Debug, Default)]
struct Nothing {
    leverage: BTreeMap<InstrumentId, Decimal>,
    reserves: BTreeMap<String, Money>,
}

/// What a position is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Worth {
    /// Profit in its settlement asset; none of an option, nor where no entry is known.
    profit: Option<Money>,
    /// What counts as equity of it, in the pool's currency.
    counts: Money,
}

/// A charge's terms by key, and their sum.
#[derive(Debug, Default)]
struct Terms {
    total: Money,
    each: Vec<Money>,
    /// Of a charge by row: those of which it asks nothing, whatever is held.
    out: Vec<bool>,
}

/// What a change touches.
#[derive(Debug, Default)]
struct Touched {
    /// Whether anything of the pool is another: charges about the whole are asked again.
    any: bool,
    rows: Keys,
    units: Keys,
    buckets: Keys,
}

/// Keys in order, each once.
#[derive(Debug, Default)]
struct Keys(Vec<usize>);

impl KeptPool {
    /// Keeps a pool as it is; `None` for one that has what is not kept: old prices, reserves,
    /// several positions in one instrument, leverage chosen for one.
    ///
    /// # Errors
    /// [`MarginError`] as for the margin itself.
    pub fn new(
        plan: &Arc<Plan>,
        market: &Market,
        revision: Revision,
        pool: Pool,
    ) -> Result<Option<Self>, MarginError> {
        let document = &plan.document;
        if !is_plain(&pool) {
            return Ok(None);
        }
        covered(document, market, &pool)?;
        let table = RiskTable::compile_pool(document, market, &pool)?;
        let levels = Levels::new(market, revision, &pool, &table);
        if !levels.is_fresh(market, plan) || table.lines.len() > MOST_ROWS {
            return Ok(None);
        }
        let equity = equity(&pool, document, market)?;
        let mut kept = Self {
            levels,
            exposure: pool_exposure(document, market, &table, &pool, &equity)?,
            orders: order_rows(market, &table, &pool)?,
            accepted: accepted(document, &pool.collateral).into_owned(),
            collateral: Money::ZERO,
            worth: vec![Worth::default(); pool.positions.len()],
            supports: Money::ZERO,
            profits: BTreeMap::new(),
            plain: Vec::new(),
            with_orders: Vec::new(),
            answer: Answer { initial: Money::ZERO, maintenance: Money::ZERO, equity: Money::ZERO },
            none: Nothing::default(),
            plan: Arc::clone(plan),
            table,
            pool,
        };
        for at in 0..kept.worth.len() {
            kept.value(market, at)?;
        }
        kept.collateral = kept.counted(market)?;
        kept.plain = kept.terms(market, Fill::None)?;
        kept.fill_orders(market)?;
        kept.answer = kept.requirement()?;
        Ok(Some(kept))
    }

    /// The answer for the state that it was last asked about.
    pub(super) fn known(&self) -> Answer {
        self.answer
    }

    /// The answer for another state of the pool; `None` where it cannot follow, and is of no use
    /// any more.
    pub(super) fn answer(
        &mut self,
        plan: &Arc<Plan>,
        market: &Market,
        revision: Revision,
        pool: &Pool,
    ) -> Option<Answer> {
        if !Arc::ptr_eq(&plan.document, &self.plan.document)
            || !self.has_rows_for(pool)
            || !is_plain(pool)
        {
            return None;
        }
        self.follow(market, revision, pool).ok()?
    }

    /// Whether a fresh table would have the same rows. Then it is the same table: positions and
    /// amounts do not count in it. Where each position is asked alone, some rows more do no harm.
    fn has_rows_for(&self, pool: &Pool) -> bool {
        let own = &self.pool;
        if own.currency != pool.currency || own.name != pool.name {
            return false;
        }
        if self.plan.by_row {
            let ids = pool.positions.iter().map(|one| one.instrument);
            let mut ids = ids.chain(pool.orders.iter().map(|one| one.instrument));
            let few = self.table.lines.len() <= 2 * pool.positions.len() + SPARE_ROWS;
            let priced = pool.collateral.iter().all(|held| self.levels.know(&held.asset));
            return few && priced && ids.all(|id| self.table.row(id).is_some());
        }
        let held = own.collateral.iter().map(|one| &one.asset);
        let ids = own.positions.iter().map(|one| one.instrument);
        let ordered = own.orders.iter().map(|one| one.instrument);
        held.eq(pool.collateral.iter().map(|one| &one.asset))
            && (ids.eq(pool.positions.iter().map(|one| one.instrument))
                && ordered.eq(pool.orders.iter().map(|one| one.instrument))
                || own.instruments() == pool.instruments())
    }

    fn follow(
        &mut self,
        market: &Market,
        revision: Revision,
        pool: &Pool,
    ) -> Result<Option<Answer>, MarginError> {
        let mut touched = Touched::default();
        let moved = self.levels.follow(market, revision, &self.plan);
        if !self.take_prices(market, moved, &mut touched)?
            || !self.levels.is_fresh(market, &self.plan)
        {
            return Ok(None);
        }
        self.take_positions(market, pool, &mut touched)?;
        self.take_orders(market, pool, &mut touched)?;
        self.take_collateral(market, pool, &mut touched)?;
        if !touched.any {
            return Ok(Some(self.answer));
        }
        self.take_coins(market, &mut touched)?;
        self.exchange(market, &touched)?;
        self.answer = self.requirement()?;
        Ok(Some(self.answer))
    }

    /// Follows prices, where rows hold none of them; says whether it could.
    fn take_prices(
        &mut self,
        market: &Market,
        moved: Moved,
        touched: &mut Touched,
    ) -> Result<bool, MarginError> {
        let (quotes, assets) = match moved {
            Moved::Nothing => return Ok(true),
            Moved::Beyond => return Ok(false),
            Moved::Prices { quotes, assets } => (quotes, assets),
        };
        // A charge about the whole may look at any price of the market.
        touched.any = true;
        if quotes.is_empty() && assets.is_empty() {
            return Ok(true);
        }
        if !self.plan.bare || assets.contains(&self.pool.currency) {
            return Ok(false);
        }
        self.table.index_again(&self.plan.document, market)?;
        let moves = |id: InstrumentId| {
            let one = market.instruments.get(id);
            let own = [&one.base, &one.quote, &one.settle];
            quotes.contains(&id) || own.iter().any(|asset| assets.contains(asset))
        };
        for row in 0..self.table.lines.len() {
            if moves(self.table.lines[row].instrument) {
                touched.row(&self.table, RowId::new(row));
            }
        }
        for at in 0..self.pool.positions.len() {
            if moves(self.pool.positions[at].instrument) {
                self.value(market, at)?;
            }
        }
        if self.pool.collateral.iter().any(|held| assets.contains(&held.asset)) {
            self.collateral = self.counted(market)?;
        }
        Ok(true)
    }

    /// Follows positions: those that differ exchange their lots.
    fn take_positions(
        &mut self,
        market: &Market,
        pool: &Pool,
        touched: &mut Touched,
    ) -> Result<(), MarginError> {
        let same = |a: &Position, b: &Position| a.instrument == b.instrument;
        let (own, new) = (&self.pool.positions, &pool.positions);
        if own.len() != new.len() || !own.iter().zip(new).all(|(own, new)| same(own, new)) {
            return self.take_others(market, pool, touched);
        }
        for (at, new) in new.iter().enumerate() {
            if self.pool.positions[at] == *new {
                continue;
            }
            let before = std::mem::replace(&mut self.pool.positions[at], new.clone());
            self.exchange_lots(market, Some(&before), Some(new), touched)?;
            self.value(market, at)?;
        }
        Ok(())
    }

    /// Follows positions of which some are in other instruments.
    fn take_others(
        &mut self,
        market: &Market,
        pool: &Pool,
        touched: &mut Touched,
    ) -> Result<(), MarginError> {
        let before = std::mem::replace(&mut self.pool.positions, pool.positions.clone());
        let mut worth = std::mem::take(&mut self.worth);
        self.worth.resize_with(pool.positions.len(), Worth::default);
        let mut changed = Vec::new();
        for (at, new) in pool.positions.iter().enumerate() {
            let known = before.binary_search_by_key(&new.instrument, |one| one.instrument);
            let known = known.ok().map(|known| (known, &before[known]));
            if let Some((known, before)) = known {
                self.worth[at] = std::mem::take(&mut worth[known]);
                if before == new {
                    continue;
                }
            }
            let before = known.map(|(_, before)| before);
            self.exchange_lots(market, before, Some(new), touched)?;
            changed.push(at);
        }
        for (one, worth) in before.iter().zip(worth) {
            let left = pool.positions.binary_search_by_key(&one.instrument, |new| new.instrument);
            if left.is_err() {
                self.exchange_lots(market, Some(one), None, touched)?;
                self.supports = self.supports.minus(worth.counts)?;
                self.profits.remove(&one.instrument);
            }
        }
        changed.into_iter().try_for_each(|at| self.value(market, at))
    }

    /// Takes another position in an instrument for the one that was.
    fn exchange_lots(
        &mut self,
        market: &Market,
        before: Option<&Position>,
        after: Option<&Position>,
        touched: &mut Touched,
    ) -> Result<(), MarginError> {
        let of = |one: Option<&Position>| {
            one.map_or(Ok(0), |one| lots(market, one.instrument, one.quantity))
        };
        let more = of(after)? - of(before)?;
        let id = after.or(before).map(|one| one.instrument);
        if let Some(row) = id.and_then(|id| self.table.row(id)) {
            self.exposure.add(&self.table, row, more);
            touched.row(&self.table, row);
        }
        Ok(())
    }

    /// Values a position anew.
    fn value(&mut self, market: &Market, at: usize) -> Result<(), MarginError> {
        let held = &self.pool.positions[at];
        let one = market.instruments.get(held.instrument);
        let mark = market.quote(held.instrument).mark;
        let rule = &self.plan.document.equity;
        let here = |own| in_currency(own, &one.settle, market, &self.pool.currency);
        let worth = match held.avg_price {
            _ if one.is_option() => {
                let own = profit::option_value(one, held.quantity, mark, Round::Down)?;
                let own = small(here(small(own)?)?)?;
                Worth { profit: None, counts: if rule.options { own } else { Money::ZERO } }
            }
            None => Worth::default(),
            Some(entry) if !entry.is_positive() => {
                let problem = format!("{}: an entry of {entry}", one.venue_symbol);
                return Err(MarginError::Unsupported(problem));
            }
            Some(entry) => {
                let own = profit::profit(one, held.quantity, entry, mark, Round::Down)?;
                let counts = small(here(small(own)?)?)?;
                let counts = if rule.futures { counts } else { Money::ZERO };
                Worth { profit: Some(own), counts }
            }
        };
        match worth.profit {
            Some(profit) => drop(self.profits.insert(held.instrument, profit)),
            None => drop(self.profits.remove(&held.instrument)),
        }
        self.supports = self.supports.minus(self.worth[at].counts)?.plus(worth.counts)?;
        self.worth[at] = worth;
        Ok(())
    }

    /// Follows open orders: rows of those that differ are touched.
    fn take_orders(
        &mut self,
        market: &Market,
        pool: &Pool,
        touched: &mut Touched,
    ) -> Result<(), MarginError> {
        let (own, new) = (&self.pool.orders, &pool.orders);
        if own == new {
            return Ok(());
        }
        touched.any = true;
        let before = own.iter().zip(new).take_while(|(own, new)| own == new).count();
        let left = own.len().min(new.len()) - before;
        let pairs = own.iter().rev().zip(new.iter().rev()).take(left);
        let after = pairs.take_while(|(own, new)| own == new).count();
        let others = |orders: &[Order]| -> Vec<InstrumentId> {
            orders[before..orders.len() - after].iter().map(|one| one.instrument).collect()
        };
        for id in others(own).into_iter().chain(others(new)) {
            if let Some(row) = self.table.row(id) {
                touched.row(&self.table, row);
            }
        }
        self.orders = order_rows(market, &self.table, pool)?;
        self.pool.orders.clone_from(&pool.orders);
        Ok(())
    }

    /// Follows what is held outright, of the same assets.
    fn take_collateral(
        &mut self,
        market: &Market,
        pool: &Pool,
        touched: &mut Touched,
    ) -> Result<(), MarginError> {
        if self.pool.collateral == pool.collateral {
            return Ok(());
        }
        touched.any = true;
        self.pool.collateral.clone_from(&pool.collateral);
        self.accepted = accepted(&self.plan.document, &pool.collateral).into_owned();
        self.collateral = self.counted(market)?;
        Ok(())
    }

    /// What the collateral counts for, in the pool's currency.
    fn counted(&self, market: &Market) -> Result<Money, MarginError> {
        let rule = &self.plan.document.collateral;
        let own = market.price(&self.pool.currency)?;
        let (mut counted, mut worth) = (Money::ZERO, Money::ZERO);
        for held in &self.pool.collateral {
            let valued = rule.value(&held.asset, small(held.amount)?, market)?;
            counted = counted.plus(valued.margin_value)?;
            worth = worth.plus(small(valued.market_value)?)?;
        }
        small(worth.over(own, Round::Down)?)?;
        small(counted.over(own, Round::Down)?)
    }

    /// Follows the coins that move in scans, where the document moves any.
    fn take_coins(&mut self, market: &Market, touched: &mut Touched) -> Result<(), MarginError> {
        let document = &self.plan.document;
        if !document.coins_move() {
            return Ok(());
        }
        let equity: Equity = equity(&self.pool, document, market)?;
        for unit in 0..self.table.units.len() {
            if self.table.units[unit].underlying == self.table.currency {
                continue;
            }
            let table = &self.table;
            let of = (&self.pool, &equity, &self.exposure);
            let counted = coins_of(document, market, table, of, unit)?;
            let before = self.exposure.coins(unit);
            if counted == before {
                continue;
            }
            self.exposure.add_coins(&self.table, unit, counted - before);
            touched.units.insert(unit);
            touched.buckets.insert(self.table.coin_bucket(unit));
            let rows = self.table.lines.iter().enumerate();
            let own = rows.filter(|(_, line)| line.unit == unit);
            own.for_each(|(row, _)| touched.rows.insert(row));
        }
        Ok(())
    }

    /// Computes what was touched of every charge again.
    fn exchange(&mut self, market: &Market, touched: &Touched) -> Result<(), MarginError> {
        let mut plain = std::mem::take(&mut self.plain);
        self.exchange_in(&mut plain, market, Fill::None, touched)?;
        self.plain = plain;
        if self.orders.is_empty() || self.with_orders.is_empty() {
            return self.fill_orders(market);
        }
        let mut with_orders = std::mem::take(&mut self.with_orders);
        self.exchange_in(&mut with_orders, market, Fill::Worst, touched)?;
        self.with_orders = with_orders;
        Ok(())
    }

    fn exchange_in(
        &self,
        all: &mut [Terms],
        market: &Market,
        fill: Fill,
        touched: &Touched,
    ) -> Result<(), MarginError> {
        let (count, rows) = (self.plan.scopes.len(), touched.rows.0.len());
        let mut known = Known::with_room(count, count * rows);
        let mut found = Vec::<Term>::with_capacity(rows);
        let charges = self.plan.document.charges.iter().zip(&self.plan.scopes);
        for ((named, scope), kept) in charges.zip(all) {
            found.clear();
            let of_rows = *scope == Some(Scope::Row);
            // What a charge is made of is known of the rows that are touched, and of nothing else.
            let view = PoolView { known: of_rows.then_some(&known), ..self.view(market, fill) };
            let keys: &[usize] = match scope {
                None => &[],
                Some(Scope::Fixed | Scope::Pool | Scope::Collateral) => &[0],
                Some(Scope::Unit) => &touched.units.0,
                Some(Scope::Bucket) => &touched.buckets.0,
                Some(Scope::Row) => &touched.rows.0,
            };
            for key in keys {
                let none = of_rows && (kept.out[*key] || !self.counts(RowId::new(*key), fill));
                let asked = if none { Money::ZERO } else { named.charge.term(&view, *key)? };
                kept.exchange(*key, asked)?;
                if of_rows {
                    found.push((*key, asked));
                }
            }
            known.add(&found, Vec::new());
        }
        Ok(())
    }

    /// Whether something of a row is held, or could be once orders fill.
    fn counts(&self, row: RowId, fill: Fill) -> bool {
        self.exposure.held(row) != 0
            || fill == Fill::Worst && self.orders.iter().any(|(other, _)| *other == row)
    }

    /// The terms with orders, where there are any.
    fn fill_orders(&mut self, market: &Market) -> Result<(), MarginError> {
        let none = self.orders.is_empty();
        self.with_orders = if none { Vec::new() } else { self.terms(market, Fill::Worst)? };
        Ok(())
    }

    /// Every term of every charge that a level names.
    fn terms(&self, market: &Market, fill: Fill) -> Result<Vec<Terms>, MarginError> {
        let mut out = Vec::with_capacity(self.plan.scopes.len());
        for (named, scope) in self.plan.document.charges.iter().zip(&self.plan.scopes) {
            let lines = self.table.lines.iter();
            let of = |line: &Line| market.instruments.get(line.instrument);
            let (count, left) = match scope {
                None => (0, Vec::new()),
                Some(Scope::Fixed | Scope::Pool | Scope::Collateral) => (1, Vec::new()),
                Some(Scope::Unit) => (self.table.units.len(), Vec::new()),
                Some(Scope::Bucket) => (self.table.buckets.len(), Vec::new()),
                Some(Scope::Row) => {
                    let left = lines.map(|line| named.charge.leaves_out(of(line)));
                    (self.table.lines.len(), left.collect())
                }
            };
            out.push(Terms { total: Money::ZERO, each: vec![Money::ZERO; count], out: left });
        }
        self.exchange_in(&mut out, market, fill, &Touched::all(&self.table))?;
        Ok(out)
    }

    /// The levels of what the terms sum to.
    fn requirement(&self) -> Result<Answer, MarginError> {
        let amounts = |all: &[Terms]| {
            let mut out = [Money::ZERO; MOST_CHARGES];
            out.iter_mut().zip(all).for_each(|(amount, one)| *amount = one.total);
            out
        };
        let plain = amounts(&self.plain);
        let with_orders = (!self.with_orders.is_empty()).then(|| amounts(&self.with_orders));
        let (plan, zero) = (&self.plan, Rate::ZERO);
        let level = |slots: &crate::requirement::Slots| {
            slots.requirement(&plan.document, &plain, with_orders.as_ref(), zero)
        };
        Ok(Answer {
            initial: level(&plan.initial)?,
            maintenance: level(&plan.maintenance)?,
            equity: self.collateral.plus(self.supports)?,
        })
    }

    /// What charges see.
    fn view<'a>(&'a self, market: &'a Market, fill: Fill) -> PoolView<'a> {
        PoolView {
            market,
            table: &self.table,
            exposure: &self.exposure,
            collateral: &self.accepted,
            orders: &self.orders,
            booked: &self.pool.orders,
            profits: &self.profits,
            leverage: &self.none.leverage,
            reserves: &self.none.reserves,
            sensitivities: &[],
            fill,
            extra: None,
            extra_profit: None,
            known: None,
        }
    }
}

impl Terms {
    fn exchange(&mut self, key: usize, asked: Money) -> Result<(), MarginError> {
        self.total = self.total.minus(self.each[key])?.plus(small(asked)?)?;
        self.each[key] = asked;
        Ok(())
    }
}

impl Keys {
    fn insert(&mut self, key: usize) {
        if let Err(at) = self.0.binary_search(&key) {
            self.0.insert(at, key);
        }
    }
}

impl Touched {
    /// All that a table has.
    fn all(table: &RiskTable) -> Self {
        let keys = |count: usize| Keys((0..count).collect());
        let (rows, units) = (keys(table.lines.len()), keys(table.units.len()));
        Self { any: true, rows, units, buckets: keys(table.buckets.len()) }
    }

    fn row(&mut self, table: &RiskTable, row: RowId) {
        let line = table.line(row);
        self.any = true;
        self.rows.insert(row.index());
        self.units.insert(line.unit);
        self.buckets.insert(line.bucket);
    }
}

/// An amount that can be kept.
fn small(amount: Money) -> Result<Money, MarginError> {
    if amount.abs() <= LARGEST {
        return Ok(amount);
    }
    Err(MarginError::Unsupported(format!("expected at most {LARGEST}, found {amount}")))
}

/// Whether it is of positions, orders and balances alone, one position an instrument.
fn is_plain(pool: &Pool) -> bool {
    let positions = &pool.positions;
    let reported =
        pool.reserves.is_empty() && pool.unsettled.is_empty() && pool.sensitivities.is_empty();
    reported
        && positions.windows(2).all(|two| two[0].instrument < two[1].instrument)
        && positions.iter().all(|one| one.leverage.is_none() && !one.quantity.is_zero())
}
