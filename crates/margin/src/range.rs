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
use crate::table::bounds::Bounds;
use keelmark_book::{
    Asset, Decimal, Instrument, InstrumentId, Market, Money, Portfolio, Price, Rate, Round,
    Timestamp, profit,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Intervals of a charge's terms, by row of the table; none is zero.
pub type Terms = BTreeMap<usize, Interval>;

/// Coins by asset.
type Coins = BTreeMap<Asset, Interval>;

/// More than open orders ask of any account, in any currency.
const MOST: i64 = 1_000_000_000_000;

/// Shares of themselves by which prices move less than others, as a divisor: what instruments are
/// only quoted or settled in mostly stays where it is.
const STEADIER: i64 = 8;

/// How long a span lasts, in seconds by the square of its share: about as long as prices that move
/// by half of themselves in a year mostly take to leave it. A day at most.
const SECONDS: f64 = 1e8;
const LONGEST: f64 = 86_400.0;

/// All prices that differ from a market's by at most a share of themselves, each on its own, and
/// volatilities alike, for some time from now. It notes which it was asked for: bounds depend on no
/// other.
#[derive(Debug)]
pub struct Span<'a> {
    market: &'a Market,
    shares: [Rate; 2],
    steady: &'a BTreeSet<Asset>,
    until: Timestamp,
    asked: RefCell<Asked>,
}

/// What bounds depend on.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Index prices.
    pub assets: BTreeSet<Asset>,
    /// Marks.
    pub marks: BTreeSet<InstrumentId>,
    /// Forwards of options.
    pub forwards: BTreeSet<InstrumentId>,
    /// Volatilities of options.
    pub vols: BTreeSet<InstrumentId>,
    /// The time.
    pub time: bool,
}

impl<'a> Span<'a> {
    /// The prices from a share below 1 under to a share over a market's, an eighth of both for
    /// assets that are `steady`; not beyond an instant, should it come earlier.
    #[must_use]
    pub fn new(
        market: &'a Market,
        [down, up]: [Rate; 2],
        steady: &'a BTreeSet<Asset>,
        ends: Option<Timestamp>,
    ) -> Self {
        let narrow = down.min(up).to_f64();
        let seconds = (narrow * narrow * SECONDS).min(LONGEST);
        let until = market.as_of.plus_nanos((seconds * 1e9) as i64);
        let until = ends.map_or(until, |ends| until.min(ends));
        Self { market, shares: [down, up], steady, until, asked: RefCell::default() }
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
        self.asked.borrow_mut().assets.insert(asset.clone());
        let divisor = Decimal::from_int(if self.steady.contains(asset) { STEADIER } else { 1 });
        self.around(price, divisor)
    }

    /// The marks of an instrument.
    ///
    /// # Errors
    /// When an end does not fit, or the mark is below zero.
    pub fn mark(&self, id: InstrumentId) -> Result<Interval, MarginError> {
        self.asked.borrow_mut().marks.insert(id);
        self.around(self.market.quote(id).mark, Decimal::ONE)
    }

    /// The forwards of an option.
    ///
    /// # Errors
    /// When it has none, or an end does not fit.
    pub fn forward(&self, id: InstrumentId) -> Result<Interval, MarginError> {
        self.asked.borrow_mut().forwards.insert(id);
        let missing = || MarginError::Unsupported("an option without a forward".to_owned());
        self.around(self.market.quote(id).forward.ok_or_else(missing)?, Decimal::ONE)
    }

    /// The volatilities of an option.
    ///
    /// # Errors
    /// When it has none.
    pub fn vol(&self, id: InstrumentId) -> Result<[f64; 2], MarginError> {
        self.asked.borrow_mut().vols.insert(id);
        let missing = || MarginError::Unsupported("an option without a volatility".to_owned());
        let vol = self.market.quote(id).iv.ok_or_else(missing)?;
        let [down, up] = self.shares.map(Rate::to_f64);
        Ok([vol * (1.0 - down), vol * (1.0 + up)])
    }

    /// How many years may pass.
    #[must_use]
    pub fn years(&self) -> f64 {
        self.asked.borrow_mut().time = true;
        self.until.years_since(self.market.as_of)
    }

    /// The last instant of it.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// What it was asked for.
    #[must_use]
    pub fn asked(&self) -> Asked {
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

/// A span as the charges of one pool see it.
pub struct PoolSpan<'a> {
    /// The prices.
    pub span: &'a Span<'a>,
    /// What its sums over rows are; none where the document has no scenarios, or no bounds.
    pub(crate) bounds: Option<Bounds>,
    /// What the charges before this one answered, in the order of the document.
    pub earlier: Vec<Option<Terms>>,
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
    /// When the first of its options expires: nothing is known of it afterwards.
    ends: Option<Timestamp>,
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
        let instruments = pools.iter().flat_map(|(pool, _)| pool.instruments());
        let options =
            instruments.map(|id| market.instruments.get(id)).filter(|one| one.is_option());
        let ends = options.filter_map(Instrument::expiry).min();
        Ok(Some(Self { document, market, pools, steady, ends }))
    }

    /// The prices around today's, from a share under to a share over them.
    #[must_use]
    pub fn span(&self, shares: [Rate; 2]) -> Span<'_> {
        Span::new(self.market, shares, &self.steady, self.ends)
    }

    /// When bounds over a span end with time, if they do.
    #[must_use]
    pub fn until(&self, span: &Span<'_>) -> Option<Timestamp> {
        let timed = span.asked.borrow().time.then_some(span.until);
        timed.into_iter().chain(self.ends).min()
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
        let (equity, coins) = self.equity(pool, span)?;
        let bounds = if self.document.scans.is_empty() {
            None
        } else {
            Bounds::new(self.document, &view, &coins, span)?
        };
        let mut seen = PoolSpan { span, bounds, earlier: Vec::new() };
        for named in &self.document.charges {
            let found = named.charge.within(&view, &seen)?;
            seen.earlier.push(found);
        }
        let charges = seen.earlier;
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

    /// What a pool has, and its coins of each asset.
    fn equity(&self, pool: &Pool, span: &Span<'_>) -> Result<(Interval, Coins), MarginError> {
        let zero = Interval::exact(Decimal::ZERO);
        let (mut total, mut coins) = (zero, Coins::new());
        let mut add = |asset: &Asset, amount: Interval| -> Result<(), MarginError> {
            let sum = coins.entry(asset.clone()).or_insert(zero);
            *sum = sum.plus(amount)?;
            Ok(())
        };
        let rule = &self.document.collateral;
        for held in &pool.collateral {
            total = total.plus(span.counted(rule, &held.asset, held.amount)?)?;
            if held.amount.is_negative() || rule.of(&held.asset).is_some() {
                add(&held.asset, Interval::exact(held.amount.decimal()))?;
            }
        }
        let own = span.asset(&pool.currency)?;
        let at = |own: Decimal| total.through(|one| one.over(own, Round::Down));
        let mut total = at(own.low())?.with(at(own.high())?);
        for (id, entry, quantity) in netted(pool, self.market)? {
            let one = self.market.instruments.get(id);
            let counts = &self.document.equity;
            let counted = if one.is_option() { counts.options } else { counts.futures };
            if !counted && self.document.scans.is_empty() {
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
            add(&one.settle, worth)?;
            if counted {
                let here = span.convert(worth, &one.settle, &pool.currency, Round::Down)?;
                total = total.plus(here)?;
            }
        }
        Ok((total, coins))
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
