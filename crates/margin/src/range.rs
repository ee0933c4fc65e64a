//! What a pool has and requires at every price within a span of today's: intervals that surely hold
//! both, so that an account whose intervals stay apart needs no look until a price leaves the span.
//!
//! Every price of the span moves on its own, index prices and marks alike, by up to a share of
//! itself. Each figure is computed by the rules of the margin computation over intervals: a
//! function that only grows or falls in a price takes its extremes at the ends, and a formula is
//! evaluated as an interval anyway. What a kind of charge cannot say, no span says: then the
//! account is looked at whenever a price is told, which is correct and slow.
//!
//! A span holds numbers, not refusals. Where a number does not fit at an end, there is no span; a
//! computation that could be refused between two ends at which it is not would be one of a number
//! that only the report holds (an explanation, a total over pools), and is not looked for.

use crate::charge::{Fill, PoolView};
use crate::collateral::CollateralRule;
use crate::document::{Document, ORDERS};
use crate::equity::netted;
use crate::error::MarginError;
use crate::evaluation::Evaluation;
use crate::expr::Interval;
use crate::margin::{covered, staleness};
use crate::pool::{Funding, Pool, divide};
use crate::table::RiskTable;
use keelmark_book::{
    Asset, Decimal, Instrument, InstrumentId, Market, Money, Portfolio, Price, Rate, Round, profit,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Intervals of a charge's terms, by row of the table; none is zero.
pub type Terms = BTreeMap<usize, Interval>;

/// More than open orders ask of any account, in any currency.
const MOST: i64 = 1_000_000_000_000;

/// Shares of themselves by which prices move less than others, as a divisor: what instruments are
/// only quoted or settled in mostly stays where it is.
const STEADIER: i64 = 8;

/// All prices that differ from a market's by at most a share of themselves, each on its own. It
/// notes which it was asked for: bounds depend on no other.
#[derive(Debug)]
pub struct Span<'a> {
    market: &'a Market,
    shares: [Rate; 2],
    steady: &'a BTreeSet<Asset>,
    asked: RefCell<(BTreeSet<Asset>, BTreeSet<InstrumentId>)>,
}

impl<'a> Span<'a> {
    /// The prices from a share below 1 under to a share over a market's, an eighth of both for
    /// assets that are `steady`.
    #[must_use]
    pub fn new(market: &'a Market, [down, up]: [Rate; 2], steady: &'a BTreeSet<Asset>) -> Self {
        Self { market, shares: [down, up], steady, asked: RefCell::default() }
    }

    /// The prices of an asset. The market's own currency stays at 1.
    ///
    /// # Errors
    /// When it has none, or an end does not fit.
    pub fn asset(&self, asset: &Asset) -> Result<Interval, MarginError> {
        let price = self.market.price(asset)?;
        if *asset == self.market.currency {
            return Ok(Interval::exact(price.decimal()));
        }
        self.asked.borrow_mut().0.insert(asset.clone());
        let divisor = Decimal::from_int(if self.steady.contains(asset) { STEADIER } else { 1 });
        self.around(price, divisor)
    }

    /// The marks of an instrument.
    ///
    /// # Errors
    /// When an end does not fit, or the mark is below zero.
    pub fn mark(&self, id: InstrumentId) -> Result<Interval, MarginError> {
        self.asked.borrow_mut().1.insert(id);
        self.around(self.market.quote(id).mark, Decimal::ONE)
    }

    /// The assets and the instruments that it was asked for.
    #[must_use]
    pub fn asked(&self) -> (BTreeSet<Asset>, BTreeSet<InstrumentId>) {
        self.asked.borrow().clone()
    }

    fn around(&self, price: Price, divisor: Decimal) -> Result<Interval, MarginError> {
        let [down, up] = self.shares.map(|share| share.decimal().over(divisor, Round::Down));
        let below = Rate::new(Decimal::ONE.minus(down?)?);
        let above = Rate::new(Decimal::ONE.plus(up?)?);
        let (low, high) = (price.scaled(below)?, price.scaled(above)?);
        if low.decimal().is_negative() {
            return Err(MarginError::Unsupported(format!("a price of {price} has no span")));
        }
        Ok(Interval::between(low.decimal(), high.decimal()))
    }

    /// What an amount of an asset is in another.
    pub(crate) fn convert(
        &self,
        amount: Interval,
        asset: &Asset,
        into: &Asset,
        round: Round,
    ) -> Result<Interval, MarginError> {
        if asset == into {
            return Ok(amount);
        }
        let (from, to) = (self.asset(asset)?, self.asset(into)?);
        // Prices are above zero: the result only grows or falls in each of the three.
        let at = |from: Decimal, to: Decimal| amount.through(|one| one.times_over(from, to, round));
        let (low, high) = (from.low(), from.high());
        Ok(at(low, to.low())?
            .with(at(low, to.high())?)
            .with(at(high, to.low())?)
            .with(at(high, to.high())?))
    }

    /// The index of an instrument's underlying, in its quote currency.
    pub(crate) fn index_of(
        &self,
        pool: &PoolView<'_>,
        one: &Instrument,
    ) -> Result<Interval, MarginError> {
        let base = self.asset(&one.base)?;
        if pool.table.at_par && one.quote == *pool.currency() {
            return Ok(base);
        }
        let quote = self.asset(&one.quote)?;
        let at = |quote: Decimal| base.through(|base| base.over(quote, Round::Nearest));
        Ok(at(quote.low())?.with(at(quote.high())?))
    }

    /// What a holding counts for.
    fn counted(
        &self,
        rule: &CollateralRule,
        asset: &Asset,
        amount: Money,
    ) -> Result<Interval, MarginError> {
        self.asset(asset)?.through(|price| {
            let valued = rule.value_at(asset, amount, Price::new(price), &self.market.currency)?;
            Ok(valued.margin_value.decimal())
        })
    }
}

/// What a pool has and requires somewhere in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// Equity.
    pub equity: Interval,
    /// Maintenance margin.
    pub maintenance: Interval,
}

/// An account divided and compiled, to be looked at over spans of any width.
#[derive(Debug)]
pub struct Spanned<'a> {
    document: &'a Document,
    market: &'a Market,
    pools: Vec<(Pool, RiskTable)>,
    steady: BTreeSet<Asset>,
}

impl<'a> Spanned<'a> {
    /// Divides an account; `None` where no span can be told of it: a pool that posts its initial
    /// margin, figures that are given, prices that are old.
    ///
    /// # Errors
    /// [`MarginError`] as for the margin itself.
    pub fn new(
        document: &'a Document,
        market: &'a Market,
        account: &Portfolio,
    ) -> Result<Option<Self>, MarginError> {
        let mut pools = Vec::new();
        for pool in divide(account, document, market) {
            let given = pool.unsettled.is_empty()
                && pool.reserves.is_empty()
                && pool.sensitivities.is_empty();
            if pool.funding == Funding::Posted
                || !given
                || !staleness(document, market, &pool)?.0.is_zero()
            {
                return Ok(None);
            }
            covered(document, market, &pool)?;
            let table = RiskTable::compile_pool(document, market, &pool)?;
            pools.push((pool, table));
        }
        let steady = steady(market, &pools);
        Ok(Some(Self { document, market, pools, steady }))
    }

    /// The prices around today's, from a share under to a share over them.
    #[must_use]
    pub fn span(&self, shares: [Rate; 2]) -> Span<'_> {
        Span::new(self.market, shares, &self.steady)
    }

    /// What each pool has and requires within a span; `None` where that cannot be told.
    ///
    /// # Errors
    /// [`MarginError`] when a number does not fit at one of its prices.
    pub fn within(&self, span: &Span<'_>) -> Result<Option<Vec<Within>>, MarginError> {
        self.pools.iter().map(|(pool, table)| self.of(pool, table, span)).collect()
    }

    fn of(
        &self,
        pool: &Pool,
        table: &RiskTable,
        span: &Span<'_>,
    ) -> Result<Option<Within>, MarginError> {
        let evaluation = Evaluation::new(self.document, self.market, table, pool)?;
        let view = evaluation.view(Fill::None);
        let mut charges: Vec<Option<Terms>> = Vec::new();
        for named in &self.document.charges {
            let found = named.charge.within(&view, span, &charges)?;
            charges.push(found);
        }
        let mut maintenance = None;
        for level in &self.document.levels {
            let Some(amount) = self.level(&level.name, &charges, evaluation.has_orders())? else {
                return Ok(None);
            };
            // Below zero the margin itself is refused.
            if amount.low().is_negative() && !level.may_be_below_zero {
                return Ok(None);
            }
            if level.name == "maintenance" {
                maintenance = Some(amount);
            }
        }
        let equity = self.equity(pool, span)?;
        Ok(maintenance.map(|maintenance| Within { equity, maintenance }))
    }

    fn level(
        &self,
        name: &str,
        charges: &[Option<Terms>],
        has_orders: bool,
    ) -> Result<Option<Interval>, MarginError> {
        let Some(level) = self.document.level(name) else { return Ok(None) };
        let zero = Interval::exact(Decimal::ZERO);
        let mut values = Vec::new();
        for used in level.formula.names() {
            let at = self.document.charges.iter().position(|one| one.name == used);
            values.push(match at {
                Some(at) => {
                    let Some(terms) = &charges[at] else { return Ok(None) };
                    terms.values().try_fold(zero, |sum, term| sum.plus(*term))?
                }
                // What orders add is never below zero, and no span says how much it is.
                None if used == ORDERS && has_orders => {
                    Interval::between(Decimal::ZERO, Decimal::from_int(MOST))
                }
                None if used == ORDERS => zero,
                None => match self.document.params.get(used) {
                    Some(param) => Interval::exact(param.get(used, &Asset::usd())?),
                    None => return Ok(None),
                },
            });
        }
        Ok(Some(level.formula.evaluate_at(&values)?))
    }

    fn equity(&self, pool: &Pool, span: &Span<'_>) -> Result<Interval, MarginError> {
        let zero = Interval::exact(Decimal::ZERO);
        let mut total = zero;
        for held in &pool.collateral {
            let rule = &self.document.collateral;
            total = total.plus(span.counted(rule, &held.asset, held.amount)?)?;
        }
        let own = span.asset(&pool.currency)?;
        let at = |own: Decimal| total.through(|one| one.over(own, Round::Down));
        let mut total = at(own.low())?.with(at(own.high())?);
        for (id, entry, quantity) in netted(pool, self.market)? {
            let one = self.market.instruments.get(id);
            let counts = &self.document.equity;
            if !(if one.is_option() { counts.options } else { counts.futures }) {
                continue;
            }
            let marks = span.mark(id)?;
            let worth = |mark: Decimal| {
                let mark = Price::new(mark);
                let found = match entry {
                    _ if one.is_option() => profit::option_value(one, quantity, mark, Round::Down),
                    Some(entry) => profit::profit(one, quantity, entry, mark, Round::Down),
                    None => Ok(Money::ZERO),
                };
                found.map(Money::decimal)
            };
            let mut worth = marks.through(worth)?;
            if one.is_inverse() && !one.is_option() {
                worth = worth.plus(rounded_twice(marks.low())?)?;
            }
            total = total.plus(span.convert(worth, &one.settle, &pool.currency, Round::Down)?)?;
        }
        Ok(total)
    }
}

/// What instruments are quoted or settled in and is the underlying of none.
fn steady(market: &Market, pools: &[(Pool, RiskTable)]) -> BTreeSet<Asset> {
    let (mut steady, mut bases) = (BTreeSet::new(), BTreeSet::new());
    for (pool, _) in pools {
        let ordered = pool.orders.iter().map(|order| order.instrument);
        for id in pool.positions.iter().map(|held| held.instrument).chain(ordered) {
            let one = market.instruments.get(id);
            bases.insert(&one.base);
            steady.extend([&one.quote, &one.settle]);
        }
    }
    steady.difference(&bases).copied().cloned().collect()
}

/// How far the profit of an inverse contract, a quotient of its mark that rounds twice, may be from
/// what only grows or falls in the mark: a quantum over the mark, and one.
fn rounded_twice(lowest: Decimal) -> Result<Interval, MarginError> {
    let quantum = Decimal::from_raw(1);
    let slack = quantum.over(lowest, Round::Up)?.plus(quantum)?.plus(quantum)?;
    Ok(Interval::between(-slack, slack))
}
