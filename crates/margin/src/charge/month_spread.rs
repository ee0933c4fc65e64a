//! `month-spread`: a price for deltas that a scan nets across expiries, spread by spread.
//!
//! Each spread, by priority, forms as many times as its legs allow: first with side A long and B
//! short, then the reverse with what is left. Counts are not rounded to whole spreads, and what a
//! spread uses is gone for the next. A leg is a tier of expiries or one expiry.

use super::spread_plan::{Leg, Method, Plan, Plans, Reach, Spread};
use super::{Charge, Formed, Line, Outcome, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::table::Sensitivity;
use keelmark_book::{Asset, Decimal, InputError, Kind, Money, Overflow, Rate, Round, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Fewer spreads than this are what is left of a division: 10^-9.
pub(super) const NOISE: Decimal = Decimal::from_raw(1_000_000_000);

/// Spreads between the months of one underlying.
#[derive(Debug)]
pub struct MonthSpread {
    pub(super) plans: Plans,
    pub(super) unit: RateUnit,
}

/// What a rate is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RateUnit {
    /// A share of the index, for each coin.
    Index,
    /// Money of the contracts' settlement asset, for each delta as the market gives it.
    Money,
}

impl RateUnit {
    pub fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let words = [("index", Self::Index), ("money", Self::Money)];
        fields.word("rate_unit", &words, Some(Self::Index))
    }

    /// What a rate may be: a share, or any amount of money.
    pub fn range(self) -> Range {
        match self {
            Self::Index => Range::RATE,
            Self::Money => Range::AMOUNT,
        }
    }

    /// What some deltas cost at a rate, in the pool's currency.
    pub fn cost(
        self,
        pool: &PoolView<'_>,
        unit: usize,
        deltas: Decimal,
        rate: Decimal,
        round: Round,
    ) -> Result<Money, MarginError> {
        match self {
            Self::Index => {
                let notional = pool.coins(unit, deltas, round)?;
                Ok(notional.times(Rate::new(rate), round)?)
            }
            Self::Money => {
                let own = Money::new(deltas.times(rate, round)?);
                pool.convert(own, settlement(pool, unit), round)
            }
        }
    }
}

/// What the contracts of a unit settle in: that of its first bucket.
fn settlement<'p>(pool: &'p PoolView<'_>, unit: usize) -> &'p Asset {
    let own = pool.table.buckets.iter().find(|bucket| bucket.unit == unit && !bucket.coin);
    own.map_or(&pool.table.currency, |bucket| &bucket.settle)
}

/// Deltas of one expiry, both without sign.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Left {
    pub long: Decimal,
    pub short: Decimal,
}

/// Deltas by expiry; perpetuals have none.
pub(crate) type Periods = BTreeMap<Option<Timestamp>, Left>;

/// What formed in a unit, and what it left.
#[derive(Debug)]
pub(crate) struct Formation {
    pub before: Periods,
    pub after: Periods,
    /// Priority, count and charge, in the order formed.
    formed: Vec<(u32, Decimal, Money)>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let unit = RateUnit::read(fields)?;
    Ok(Arc::new(MonthSpread { plans: Plans::read(fields)?, unit }))
}

impl Charge for MonthSpread {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let name = &pool.table.units[unit].underlying;
            let mut own = Money::ZERO;
            for (priority, count, amount) in self.formation(pool, unit)?.formed {
                own = own.plus(amount)?;
                let text = format!("{name} month spread {priority}: {count:.4} formed");
                outcome.lines.push(Line { text, amount });
                outcome.formed.push(Formed { underlying: Some(name.clone()), priority, count });
            }
            outcome.add_unit(name, own)?;
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        Ok(self.formation(pool, unit)?.amount()?)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("legs of two books can form a spread that neither has alone")
    }

    fn month_spread(&self) -> Option<&MonthSpread> {
        Some(self)
    }
}

impl Formation {
    /// What all of them cost.
    pub fn amount(&self) -> Result<Money, Overflow> {
        Money::sum(self.formed.iter().map(|(_, _, amount)| *amount))
    }
}

impl MonthSpread {
    /// What formed in each unit.
    pub(crate) fn formations(&self, pool: &PoolView<'_>) -> Result<Vec<Formation>, MarginError> {
        (0..pool.table.units.len()).map(|unit| self.formation(pool, unit)).collect()
    }

    pub(super) fn plan(&self, pool: &PoolView<'_>, unit: usize) -> &Plan {
        self.plans.of(pool.table.units[unit].underlying.as_str())
    }

    /// Every spread of a unit by priority, in both orientations.
    pub(super) fn formation(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Formation, MarginError> {
        let before = periods(pool, unit)?;
        let (mut left, mut formed) = (before.clone(), Vec::new());
        for spread in &self.plan(pool, unit).spreads {
            for a_long in [true, false] {
                let count = spread.form(&mut left, a_long, pool.market.as_of)?;
                if !count.is_zero() {
                    let amount = self.cost(pool, unit, spread, count)?;
                    formed.push((spread.priority, count, amount));
                }
            }
        }
        Ok(Formation { before, after: left, formed })
    }

    fn cost(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        spread: &Spread,
        count: Decimal,
    ) -> Result<Money, MarginError> {
        let rate = match spread.method {
            Method::Flat => spread.rate,
            Method::PerMonth => {
                let months = spread.legs.iter().filter_map(|leg| leg.reach.first_month());
                let apart = months.clone().max().unwrap_or(0) - months.min().unwrap_or(0);
                spread.rate.times(Decimal::from_int(i64::from(apart)), Round::Up)?
            }
            Method::Price => spread.rate.times(mean_price(pool, unit, &spread.legs)?, Round::Up)?,
        };
        self.unit.cost(pool, unit, count, rate, Round::Up)
    }
}

/// Long and short deltas of each expiry of a unit: its net delta, on the side of its sign. Where
/// orders count, each end that fills can lead to is on its side.
fn periods(pool: &PoolView<'_>, unit: usize) -> Result<Periods, MarginError> {
    let mut sums: BTreeMap<Option<Timestamp>, (i128, i128)> = BTreeMap::new();
    for (at, bucket) in pool.table.buckets.iter().enumerate() {
        if bucket.unit == unit && !bucket.coin {
            let (low, high) = pool.bucket(at, Sensitivity::Delta);
            let sum = sums.entry(bucket.expiry).or_default();
            *sum = (sum.0 + low, sum.1 + high);
        }
    }
    let deltas = |quanta| pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Up);
    let mut out = Periods::new();
    for (expiry, (low, high)) in sums {
        let left = Left { long: deltas(high.max(0))?, short: deltas((-low).max(0))? };
        out.insert(expiry, left);
    }
    Ok(out)
}

impl Left {
    fn side(&mut self, long: bool) -> &mut Decimal {
        if long { &mut self.long } else { &mut self.short }
    }
}

/// Long and short deltas of the expiries that a tier or a leg reaches.
pub(super) fn reached<'a>(
    periods: impl IntoIterator<Item = (&'a Option<Timestamp>, &'a Left)>,
    reach: Reach,
    now: Timestamp,
) -> Result<Left, Overflow> {
    let mut sum = Left::default();
    for (_, left) in periods.into_iter().filter(|(expiry, _)| reach.holds(**expiry, now)) {
        sum.long = sum.long.plus(left.long)?;
        sum.short = sum.short.plus(left.short)?;
    }
    Ok(sum)
}

impl Spread {
    /// How many form with side A long, taking what they use.
    fn form(
        &self,
        left: &mut Periods,
        a_long: bool,
        now: Timestamp,
    ) -> Result<Decimal, MarginError> {
        let mut count: Option<Decimal> = None;
        for leg in &self.legs {
            let available = *reached(&*left, leg.reach, now)?.side(leg.side_a == a_long);
            // A leg without deltas forms nothing, whatever the others have.
            if available.is_zero() {
                return Ok(Decimal::ZERO);
            }
            let most = available.over(leg.ratio, Round::Down)?;
            count = Some(count.map_or(most, |so_far| so_far.min(most)));
        }
        let count = count.filter(|count| *count > NOISE).unwrap_or(Decimal::ZERO);
        if !count.is_zero() {
            for leg in &self.legs {
                let used = count.times(leg.ratio, Round::Down)?;
                take(left, leg, leg.side_a == a_long, used, now)?;
            }
        }
        Ok(count)
    }
}

/// Takes deltas out of the expiries of a leg, the nearest first.
fn take(
    left: &mut Periods,
    leg: &Leg,
    long: bool,
    mut used: Decimal,
    now: Timestamp,
) -> Result<(), Overflow> {
    for (_, period) in left.iter_mut().filter(|(expiry, _)| leg.reach.holds(**expiry, now)) {
        let side = period.side(long);
        let part = used.min(*side);
        *side = side.minus(part)?;
        used = used.minus(part)?;
    }
    Ok(())
}

/// Mean price of the legs of a spread, weighted by their deltas, for one contract: of the future of
/// the expiry, or the forward of its options.
fn mean_price(pool: &PoolView<'_>, unit: usize, legs: &[Leg]) -> Result<Decimal, MarginError> {
    let (mut sum, mut weight) = (Decimal::ZERO, Decimal::ZERO);
    for leg in legs {
        let price = leg_price(pool, unit, leg.reach)?;
        sum = sum.plus(price.times(leg.ratio, Round::Up)?)?;
        weight = weight.plus(leg.ratio)?;
    }
    Ok(sum.over(weight, Round::Up)?)
}

fn leg_price(pool: &PoolView<'_>, unit: usize, reach: Reach) -> Result<Decimal, MarginError> {
    let mut forward = None;
    for line in pool.table.lines.iter().filter(|line| line.unit == unit) {
        let one = pool.market.instruments.get(line.instrument);
        if !reach.holds(one.expiry(), pool.market.as_of) {
            continue;
        }
        let quote = pool.market.quote(line.instrument);
        let size = one.contract_size.decimal();
        match (one.kind, quote.forward) {
            (Kind::Option { .. }, Some(price)) => {
                forward = forward.or(Some(price.decimal().times(size, Round::Up)?));
            }
            (Kind::Option { .. }, None) => {}
            _ => return Ok(quote.mark.decimal().times(size, Round::Up)?),
        }
    }
    forward.ok_or_else(|| {
        MarginError::Unsupported(format!(
            "{}: a spread at a share of price needs a future, or options with a forward, in each \
             of its legs",
            pool.table.units[unit].underlying
        ))
    })
}
