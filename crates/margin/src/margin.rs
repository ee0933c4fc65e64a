//! The one way down: an account and a market to its margin.
//!
//! Account → pools → per pool: equity, exposure over the risk table, charges, levels → health.
//! This is where a requirement is computed: [`margin_of_pool`].

use crate::charge::{Fill, Outcome, Scope};
use crate::document::{CoinsMove, Document, PoolBy, Stale};
use crate::equity::{Equity, in_currency};
use crate::error::MarginError;
use crate::evaluation::Evaluation;
use crate::exposure::Exposure;
use crate::expr::Interval;
use crate::health::Health;
use crate::pool::{Funding, Pool, divide};
use crate::requirement::counted;
use crate::table::{RiskTable, RowId, Sensitivity, coin_lots};
use keelmark_book::{
    Asset, Balance, Decimal, InstrumentId, Market, Money, Overflow, Portfolio, Quantity, Rate,
    Round,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// An account's margin under one document.
#[derive(Clone, Debug)]
pub struct AccountMargin {
    /// The account's name.
    pub account: String,
    /// What the totals are in.
    pub currency: Asset,
    /// Each pool, alone.
    pub pools: Vec<PoolMargin>,
    /// All pools together.
    pub total: Health,
}

/// A pool's margin.
#[derive(Clone, Debug)]
pub struct PoolMargin {
    /// The pool.
    pub pool: Pool,
    /// Price of its currency in the account's.
    pub price: keelmark_book::Price,
    /// What it has.
    pub equity: Equity,
    /// Each charge, in the document's order: positions as they are.
    pub charges: Vec<ChargeOutcome>,
    /// Each level, in the document's order.
    pub levels: Vec<LevelOutcome>,
    /// Equity against the levels.
    pub health: Health,
    /// What the reader should be told.
    pub notes: Vec<String>,
}

/// A charge of a pool.
#[derive(Clone, Debug)]
pub struct ChargeOutcome {
    /// Its name in formulas.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The positions as they are.
    pub plain: Outcome,
    /// Open orders filled against it, where there are any.
    pub with_orders: Option<Outcome>,
}

/// A level of a pool.
#[derive(Clone, Debug)]
pub struct LevelOutcome {
    /// Its name.
    pub name: String,
    /// Its amount, in the pool's currency, rounded up; below zero only where the document says so.
    pub amount: Money,
    /// What open orders add to it.
    pub orders: Money,
    /// The formula with each name's value filled in.
    pub filled: String,
}

/// The margin of an account: the whole computation.
///
/// # Errors
/// [`MarginError`] naming what is missing or does not fit.
pub fn margin(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<AccountMargin, MarginError> {
    let pools = pools(document, market, account)?;
    margin_of_pools(document, market, account, pools)
}

/// The pools of an account; an error where the account does not say which of them something is of.
pub(crate) fn pools(
    document: &Document,
    market: &Market,
    account: &Portfolio,
) -> Result<Vec<Pool>, MarginError> {
    let pools = divide(account, document, market);
    let apart = document.pool.by == PoolBy::Settlement && pools.len() > 1;
    if let Some(name) = account.reserves.keys().next().filter(|_| apart) {
        return Err(MarginError::Unsupported(format!(
            "reserve {name:?}: {} has a pool per settlement asset, and a reserve does not say \
             which it is of; give each asset an account of its own",
            document.name
        )));
    }
    if apart && !account.sensitivities.is_empty() {
        return Err(MarginError::Unsupported(format!(
            "given sensitivities: {} has a pool per settlement asset, and a sensitivity does not \
             say which it is of; give each asset an account of its own",
            document.name
        )));
    }
    Ok(pools)
}

/// The margin of an account that has been divided already: what a search for a liquidation price
/// uses, since what was posted stays posted when prices move.
///
/// # Errors
/// As [`margin`].
pub fn margin_of_pools(
    document: &Document,
    market: &Market,
    account: &Portfolio,
    pools: Vec<Pool>,
) -> Result<AccountMargin, MarginError> {
    let each = |table: &RiskTable, pool| margin_of_pool(document, market, table, pool);
    let done = each_pool(document, market, pools, each, |found| found.level("initial"))?;
    let total = Health::total(&done)?;
    Ok(AccountMargin {
        account: account.account.clone(),
        currency: market.currency.clone(),
        pools: done,
        total,
    })
}

/// Takes what was posted out of the rest of an account: a smaller holding, not a loan beside it.
fn take(pool: &mut Pool, currency: &Asset, posted: Money) -> Result<(), MarginError> {
    match pool.collateral.iter_mut().find(|held| held.asset == *currency) {
        Some(held) => held.amount = held.amount.minus(posted)?,
        None => pool.collateral.push(Balance { asset: currency.clone(), amount: -posted }),
    }
    Ok(())
}

/// An answer for each pool over its own rows: one that posts its initial margin first, as the
/// answer says it, and what is left of the account after those that do.
pub(crate) fn each_pool<T>(
    document: &Document,
    market: &Market,
    pools: Vec<Pool>,
    answer: impl Fn(&RiskTable, Pool) -> Result<T, MarginError>,
    initial: impl Fn(&T) -> Money,
) -> Result<Vec<T>, MarginError> {
    let mut done = Vec::with_capacity(pools.len());
    let mut posted = Money::ZERO;
    for mut pool in pools {
        // Before any row: what no charge is about needs no rate either.
        covered(document, market, &pool)?;
        if pool.funding == Funding::Rest {
            take(&mut pool, &market.currency, posted)?;
        }
        let table = RiskTable::compile_pool(document, market, &pool)?;
        if pool.funding != Funding::Posted {
            pool.funding = Funding::Given;
            done.push(answer(&table, pool)?);
            continue;
        }
        let amount = initial(&answer(&table, pool.clone())?).max(Money::ZERO);
        pool.collateral.push(Balance { asset: pool.currency.clone(), amount });
        pool.funding = Funding::Given;
        posted = posted.plus(amount.at(market.price(&pool.currency)?, Round::Up)?)?;
        let table = RiskTable::compile_pool(document, market, &pool)?;
        done.push(answer(&table, pool)?);
    }
    Ok(done)
}

/// The requirement and health of one pool over a compiled table.
///
/// # Errors
/// As [`margin`].
pub fn margin_of_pool(
    document: &Document,
    market: &Market,
    table: &RiskTable,
    pool: Pool,
) -> Result<PoolMargin, MarginError> {
    covered(document, market, &pool)?;
    let evaluation = Evaluation::new(document, market, table, &pool)?;
    let mut charges = Vec::new();
    for named in &document.charges {
        let amount = |fill| named.charge.amount(&evaluation.view(fill));
        let plain = amount(Fill::None)?;
        let with_orders = if evaluation.has_orders() { Some(amount(Fill::Worst)?) } else { None };
        let (name, kind) = (named.name.clone(), named.kind.clone());
        charges.push(ChargeOutcome { name, kind, plain, with_orders });
    }
    let equity = evaluation.equity;
    let (widen, mut notes) = staleness(document, market, &pool)?;
    let levels = levels(document, &charges, widen)?;
    notes.extend(equity.notes.iter().cloned());
    notes.extend(unused_reserves(document, table, &pool));
    let health = Health::of(equity.total, equity.net_value, &levels);
    let price = keelmark_book::Price::new(
        market
            .price(&pool.currency)?
            .decimal()
            .over(market.price(&market.currency)?.decimal(), Round::Nearest)?,
    );
    Ok(PoolMargin { pool, price, equity, charges, levels, health, notes })
}

/// What charges see of a pool's collateral: what is not accepted counts for nothing in equity, so
/// nothing is asked of it either. What is owed is always there.
pub(crate) fn accepted<'a>(document: &Document, held: &'a [Balance]) -> Cow<'a, [Balance]> {
    let counts =
        |one: &Balance| one.amount.is_negative() || document.collateral.of(&one.asset).is_some();
    if held.iter().all(counts) {
        return Cow::Borrowed(held);
    }
    Cow::Owned(held.iter().filter(|one| counts(one)).cloned().collect())
}

/// The leverage chosen for each instrument; where positions in one differ, the lowest.
pub(crate) fn leverage(pool: &Pool) -> BTreeMap<InstrumentId, Decimal> {
    let mut chosen: BTreeMap<InstrumentId, Decimal> = BTreeMap::new();
    for position in &pool.positions {
        if let Some(leverage) = position.leverage {
            let lowest = chosen.entry(position.instrument).or_insert(leverage);
            *lowest = leverage.min(*lowest);
        }
    }
    chosen
}

/// Refuses a position that no charge of the maintenance level is about: it would be free.
pub(crate) fn covered(
    document: &Document,
    market: &Market,
    pool: &Pool,
) -> Result<(), MarginError> {
    if !pool.sensitivities.is_empty() && !document.takes_sensitivities() {
        return Err(MarginError::Unsupported(format!(
            "{} has no charge about given sensitivities: it cannot margin this account",
            document.name
        )));
    }
    for id in pool.instruments() {
        let one = market.instruments.get(id);
        if !document.covers(one) {
            return Err(MarginError::not_covered(&document.name, one));
        }
    }
    Ok(())
}

/// Sums of what a pool holds; coins count where the document says that they move.
///
/// # Errors
/// When a quantity is off the lot.
pub fn pool_exposure(
    document: &Document,
    market: &Market,
    table: &RiskTable,
    pool: &Pool,
    equity: &Equity,
) -> Result<Exposure, MarginError> {
    let mut exposure = Exposure::new(table);
    let mut held = Vec::with_capacity(pool.positions.len());
    for position in &pool.positions {
        let lots = lots(market, position.instrument, position.quantity)?;
        held.extend(table.row(position.instrument).map(|row| (row, lots)));
    }
    exposure.add_all(table, &held);
    for (at, unit) in table.units.iter().enumerate() {
        if unit.underlying == table.currency {
            continue;
        }
        let counted = coins_of(document, market, table, (pool, equity, &exposure), at)?;
        if counted != 0 {
            exposure.add_coins(table, at, counted);
        }
    }
    Ok(exposure)
}

/// Lots of a unit's coin that move with it, of a pool with its equity and its contracts.
pub(crate) fn coins_of(
    document: &Document,
    market: &Market,
    table: &RiskTable,
    (pool, equity, exposure): (&Pool, &Equity, &Exposure),
    at: usize,
) -> Result<i128, MarginError> {
    let underlying = &table.units[at].underlying;
    let amount = moving_coins(document, market, pool, equity, underlying)?;
    if amount.is_zero() {
        return Ok(0);
    }
    let lots = coin_lots(Quantity::new(amount.decimal()));
    if !table.fits_coins(at, lots) {
        let context = format!("{amount} {underlying} in scenarios");
        return Err(MarginError::Overflow { context, source: Overflow });
    }
    counted_coins(document, table, exposure, at, lots, None)
}

/// Coins of an underlying that move in scans: the coin itself wherever it comes from, or what is
/// held of the coins that the document names, each counted at its price in the underlying.
fn moving_coins(
    document: &Document,
    market: &Market,
    pool: &Pool,
    equity: &Equity,
    underlying: &Asset,
) -> Result<Money, MarginError> {
    if document.coins_move != CoinsMove::No {
        return Ok(equity.coins.get(underlying).copied().unwrap_or_default());
    }
    let mut sum = Money::ZERO;
    for held in &pool.collateral {
        if document.coins_with.get(&held.asset) != Some(underlying)
            || held.amount.is_positive() && document.collateral.of(&held.asset).is_none()
        {
            continue;
        }
        let (own, per) = (market.price(&held.asset)?, market.price(underlying)?);
        let amount = held.amount.decimal();
        let coins = amount.times_over(own.decimal(), per.decimal(), Round::Down)?;
        sum = sum.plus(Money::new(coins))?;
    }
    Ok(sum)
}

/// How many of the lots held of a unit's coin count: all, or as many as hedge its contracts, a fill
/// on top of them included. What is owed always counts.
pub(crate) fn counted_coins(
    document: &Document,
    table: &RiskTable,
    exposure: &Exposure,
    unit: usize,
    held: i128,
    extra: Option<(RowId, i128)>,
) -> Result<i128, MarginError> {
    if document.coins_move != CoinsMove::Hedge || held <= 0 {
        return Ok(held);
    }
    let deltas = exposure.deltas(unit);
    let mut delta = deltas.long_options + deltas.rest;
    if let Some((row, lots)) = extra.filter(|(row, _)| table.line(*row).unit == unit) {
        delta += lots * i128::from(table.sensitivities(row)[Sensitivity::Delta as usize]);
    }
    let short = table.sensitivity(Sensitivity::Delta, (-delta).max(0), Round::Down)?;
    Ok(held.min(coin_lots(Quantity::new(short))))
}

/// Reserves that the account carries and no charge of the document asks for: of no charge's name,
/// or by unit and not of an underlying that is there.
fn unused_reserves(document: &Document, table: &RiskTable, pool: &Pool) -> Vec<String> {
    let of_unit = |own: &str, rest: &str| {
        let underlying = rest.strip_prefix(own).and_then(|rest| rest.strip_prefix(':'));
        underlying
            .is_some_and(|name| table.units.iter().any(|unit| unit.underlying.to_string() == name))
    };
    let asked = |name: &str| {
        let mut charges = document.charges.iter().map(|named| named.charge.as_ref());
        charges.any(|charge| match (charge.reserve(), charge.scope()) {
            (Some(own), Scope::Unit) => of_unit(own, name),
            (own, _) => own == Some(name),
        })
    };
    let unused = pool.reserves.keys().filter(|name| !asked(name));
    unused.map(|name| format!("reserve {name:?} is not used by {}", document.name)).collect()
}

/// Open orders of a pool as rows and lots.
pub(crate) fn order_rows(
    market: &Market,
    table: &RiskTable,
    pool: &Pool,
) -> Result<Vec<(RowId, i128)>, MarginError> {
    let mut out = Vec::new();
    for order in &pool.orders {
        let lots = lots(market, order.instrument, order.quantity)?;
        if let Some(row) = table.row(order.instrument) {
            out.push((row, lots));
        }
    }
    Ok(out)
}

/// The whole lots of a quantity.
pub(crate) fn lots(
    market: &Market,
    id: InstrumentId,
    quantity: Quantity,
) -> Result<i128, MarginError> {
    let instrument = market.instruments.get(id);
    instrument.lots(quantity).map(i128::from).ok_or_else(|| MarginError::OffTheLot {
        instrument: instrument.venue_symbol.clone(),
        lot: instrument.lot.to_string(),
        quantity: quantity.to_string(),
    })
}

/// By how much levels grow for stale prices, with a note for each; or an error where the document
/// refuses.
pub(crate) fn staleness(
    document: &Document,
    market: &Market,
    pool: &Pool,
) -> Result<(Rate, Vec<String>), MarginError> {
    let Some(allowed) = document.feeds.max_age_seconds else { return Ok((Rate::ZERO, vec![])) };
    if fresh(market, pool, allowed) {
        return Ok((Rate::ZERO, vec![]));
    }
    let mut feeds: Vec<(String, f64)> = Vec::new();
    let ids = pool.instruments();
    for id in &ids {
        let age = market.as_of.seconds_since(market.quote(*id).as_of);
        if age > allowed {
            feeds.push((market.instruments.get(*id).venue_symbol.clone(), age));
        }
    }
    let mut assets: BTreeSet<&Asset> = pool.collateral.iter().map(|held| &held.asset).collect();
    for id in &ids {
        let one = market.instruments.get(*id);
        assets.extend([&one.base, &one.quote, &one.settle]);
    }
    for asset in assets {
        let Some(feed) = market.assets.get(asset) else { continue };
        let age = market.as_of.seconds_since(feed.as_of);
        if age > allowed {
            feeds.push((asset.to_string(), age));
        }
    }
    let Some((what, age_seconds)) = feeds.first().cloned() else {
        return Ok((Rate::ZERO, vec![]));
    };
    match document.feeds.stale {
        Stale::Refuse => Err(MarginError::Stale { what, age_seconds, allowed }),
        Stale::Widen(rate) => {
            let percent = rate.to_f64() * 100.0;
            let notes = feeds.iter().map(|(what, age)| {
                format!("{what} is {age:.0} s old: requirements grow by {percent} %")
            });
            Ok((rate, notes.collect()))
        }
    }
}

/// Whether nothing that a pool is priced by is old, positions that cancel included: most pools,
/// most of the time, and said without a set of anything.
fn fresh(market: &Market, pool: &Pool, allowed: f64) -> bool {
    let young = |as_of| market.as_of.seconds_since(as_of) <= allowed;
    let asset = |asset: &Asset| market.assets.get(asset).is_none_or(|feed| young(feed.as_of));
    let ids = pool.positions.iter().map(|one| one.instrument);
    let ids = ids.chain(pool.orders.iter().map(|one| one.instrument));
    let mut ids = ids.chain(pool.unsettled.keys().copied());
    let mut known: [Option<&Asset>; 3] = [None; 3];
    ids.all(|id| {
        let one = market.instruments.get(id);
        // Most contracts that follow one another are in the same assets.
        let own = [Some(&one.base), Some(&one.quote), Some(&one.settle)];
        let same = own == known;
        known = own;
        young(market.quote(id).as_of) && (same || own.into_iter().flatten().all(asset))
    }) && pool.collateral.iter().all(|held| asset(&held.asset))
}

fn levels(
    document: &Document,
    charges: &[ChargeOutcome],
    widen: Rate,
) -> Result<Vec<LevelOutcome>, MarginError> {
    let mut out = Vec::new();
    for level in &document.levels {
        let value = |orders: Money, with: bool| {
            let found = |name: &str| level_value(document, charges, name, orders, with);
            level
                .formula
                .evaluate(&|name| found(name).map(Interval::exact))
                .map(|found| Money::new(found.high()))
        };
        let mut orders = Money::ZERO;
        if level.formula.uses(crate::document::ORDERS) {
            orders = value(Money::ZERO, true)?.minus(value(Money::ZERO, false)?)?;
            orders = orders.max(Money::ZERO);
        }
        let amount = widened(value(orders, false)?, widen)?;
        let amount = counted(document, level, amount)?;
        let filled = level.formula.filled(&|name| {
            let value = level_value(document, charges, name, orders, false)?;
            Some(if document.params.contains_key(name) {
                value.to_string()
            } else {
                format!("{:.2}", value.round_to(2, Round::Up))
            })
        });
        out.push(LevelOutcome { name: level.name.clone(), amount, orders, filled });
    }
    Ok(out)
}

/// A level grown for stale prices.
pub(crate) fn widened(level: Money, widen: Rate) -> Result<Money, MarginError> {
    if widen.is_zero() {
        return Ok(level);
    }
    Ok(level.plus(level.max(Money::ZERO).times(widen, Round::Up)?)?)
}

/// What a name in a level's formula stands for.
fn level_value(
    document: &Document,
    charges: &[ChargeOutcome],
    name: &str,
    orders: Money,
    with_orders: bool,
) -> Option<Decimal> {
    if name == crate::document::ORDERS {
        return Some(orders.decimal());
    }
    if let Some(charge) = charges.iter().find(|charge| charge.name == name) {
        return Some(charge.amount(with_orders).decimal());
    }
    document.params.get(name)?.get(name, &Asset::usd()).ok()
}

impl ChargeOutcome {
    /// The amount with or without open orders.
    #[must_use]
    pub fn amount(&self, with_orders: bool) -> Money {
        match &self.with_orders {
            Some(outcome) if with_orders => outcome.amount,
            _ => self.plain.amount,
        }
    }
}

impl PoolMargin {
    /// The amount of a level; zero for one that the document does not have.
    #[must_use]
    pub fn level(&self, name: &str) -> Money {
        self.levels.iter().find(|level| level.name == name).map_or(Money::ZERO, |one| one.amount)
    }

    /// An amount of the pool's currency in the account's, rounded as told.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn in_account_currency(&self, amount: Money, round: Round) -> Result<Money, MarginError> {
        Ok(amount.at(self.price, round)?)
    }
}

impl AccountMargin {
    /// What is left for new risk, in the account's currency: equity above initial margin in the
    /// pools that share it. What an isolated position has to spare is tied to it; what it lacks
    /// is not.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn usable(&self) -> Result<Money, MarginError> {
        let mut sum = Money::ZERO;
        for one in &self.pools {
            let own = one.in_account_currency(one.health.available(), Round::Down)?;
            sum = sum.plus(if one.pool.isolated { own.min(Money::ZERO) } else { own })?;
        }
        Ok(sum)
    }

    /// The totals in another currency.
    ///
    /// # Errors
    /// When its price is missing.
    pub fn in_currency(&self, currency: &Asset, market: &Market) -> Result<Self, MarginError> {
        let convert = |amount| in_currency(amount, &self.currency, market, currency);
        let up = |amount: Money| convert(-amount).map(|amount| -amount);
        let total = self.total.map(convert, up)?;
        Ok(Self { total, currency: currency.clone(), ..self.clone() })
    }
}
