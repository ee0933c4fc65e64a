//! `short-option-minimum`: the least that short options ask, whatever the scan says.
//!
//! `rate` times the index times the coins that short options are on; or, where `rate_unit` is
//! money, `rate` for each contract. `count` says which: `gross` is short calls plus short puts,
//! `max` the greater of the two; it may differ by underlying. Where an underlying has `tiers`, a
//! contract asks the rate of the tier that its expiry is in, and `rate` where it is in none.

use super::month_spread::RateUnit;
use super::spread_plan::{Tier, read_tiers_with};
use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::document::tree::{Node, Value};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::table::bounds::index;
use keelmark_book::{Asset, Decimal, InputError, Instrument, Money, Overflow, Right, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct ShortOptionMinimum {
    rate: Param,
    unit: RateUnit,
    /// Whether short calls and short puts add up, for every underlying and for single ones.
    gross: bool,
    by: BTreeMap<String, bool>,
    /// Rates by tier of expiries, by underlying.
    tiers: BTreeMap<String, Vec<(Tier, Decimal)>>,
}

const COUNTS: &[(&str, bool)] = &[("gross", true), ("max", false)];

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let unit = RateUnit::read(fields)?;
    let rate = fields.param_in("rate", unit.range())?;
    let tiers = read_rates(fields, unit)?;
    let mut minimum = ShortOptionMinimum { rate, unit, gross: true, by: BTreeMap::new(), tiers };
    match fields.get("count") {
        None => {}
        Some(node @ Node { value: Value::Table(_), .. }) => {
            for (name, node) in Fields::of(node)?.all() {
                let gross = count(node)?;
                if name == "default" {
                    minimum.gross = gross;
                } else {
                    minimum.by.insert(name.to_ascii_uppercase(), gross);
                }
            }
        }
        Some(node) => minimum.gross = count(node)?,
    }
    Ok(Arc::new(minimum))
}

/// `[charge.by.X] tiers`: rates of the tiers of single underlyings.
fn read_rates(
    fields: &mut Fields<'_>,
    unit: RateUnit,
) -> Result<BTreeMap<String, Vec<(Tier, Decimal)>>, InputError> {
    let mut by = BTreeMap::new();
    let Some(node) = fields.get("by") else { return Ok(by) };
    for (name, node) in Fields::of(node)?.all() {
        let mut inner = Fields::of(node)?;
        let rates = read_tiers_with(&mut inner, |tier| {
            tier.number_in("rate", unit.range())?
                .ok_or_else(|| tier.error("rate: expected the rate of the tier, found none"))
        })?;
        inner.done()?;
        by.insert(name.to_ascii_uppercase(), rates);
    }
    Ok(by)
}

fn count(node: &Node) -> Result<bool, InputError> {
    let text = node.text()?;
    let found = COUNTS.iter().find(|(word, _)| *word == text).map(|(_, gross)| *gross);
    found.ok_or_else(|| node.error(format!("count: expected gross or max, found {text:?}")))
}

/// What short calls and short puts of a unit ask, each by position.
type Sides = [Vec<(Part, Money)>; 2];

impl Charge for ShortOptionMinimum {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let [calls, puts] = self.sides(pool, at)?;
            if calls.is_empty() && puts.is_empty() {
                continue;
            }
            let (call, put) = (sum(&calls)?, sum(&puts)?);
            let name = &unit.underlying;
            let (amount, gross) = (self.of(name, call, put)?, self.is_gross(name));
            if gross || call >= put {
                outcome.parts.extend(calls);
            }
            if gross || call < put {
                outcome.parts.extend(puts);
            }
            outcome.add_unit(name, amount)?;
            let text = format!("{name} short calls {call:.2}, short puts {put:.2}");
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let [calls, puts] = self.sides(pool, unit)?;
        let name = &pool.table.units[unit].underlying;
        Ok(self.of(name, sum(&calls)?, sum(&puts)?)?)
    }

    fn has_spans(&self) -> bool {
        self.unit == RateUnit::Index && self.tiers.is_empty()
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        if !self.has_spans() {
            return Ok(None);
        }
        let zero = Interval::exact(Decimal::ZERO);
        let mut coins: BTreeMap<usize, [Interval; 2]> = BTreeMap::new();
        for row in pool.rows() {
            let holding = pool.holding(row)?;
            let one = holding.instrument;
            let Some((_, right)) = one.option_terms() else { continue };
            for low in holding.quantities.iter().filter(|low| low.is_negative()) {
                let size = one.base_size(low.abs(), holding.quote.mark)?.decimal();
                let sides = coins.entry(pool.table.line(row).unit).or_insert([zero; 2]);
                let side = &mut sides[usize::from(right == Right::Put)];
                *side = side.plus(Interval::exact(size))?;
            }
        }
        let mut out = Terms::new();
        for (unit, [calls, puts]) in coins {
            let name = &pool.table.units[unit].underlying;
            let rate = Interval::exact(self.rate.get("rate", name)?);
            let size = if self.is_gross(name) { calls.plus(puts)? } else { calls.max(puts) };
            let price = index(of.span, pool.table, name)?;
            // Each position rounds on its own: steps that no book is long enough to use up.
            let steps = Decimal::from_raw(10i128.pow(9));
            out.insert(
                unit,
                size.times(price)?.times(rate)?.plus(Interval::between(-steps, steps))?,
            );
        }
        Ok(Some(out))
    }

    fn clock(&self) -> Clock {
        Clock::Expiry
    }
}

impl ShortOptionMinimum {
    fn is_gross(&self, underlying: &Asset) -> bool {
        self.by.get(underlying.as_str()).copied().unwrap_or(self.gross)
    }

    fn of(&self, underlying: &Asset, call: Money, put: Money) -> Result<Money, Overflow> {
        if self.is_gross(underlying) { call.plus(put) } else { Ok(call.max(put)) }
    }

    /// The rate of an option: that of the tier which its expiry is in.
    fn rate_of(&self, pool: &PoolView<'_>, one: &Instrument) -> Result<Decimal, MarginError> {
        let tiers = self.tiers.get(one.base.as_str());
        let holds =
            |(tier, _): &&(Tier, Decimal)| tier.reach.holds(one.expiry(), pool.market.as_of);
        match tiers.into_iter().flatten().find(holds) {
            Some((_, rate)) => Ok(*rate),
            None => Ok(self.rate.get("rate", &one.base)?),
        }
    }

    /// What short calls and short puts of a unit ask.
    fn sides(&self, pool: &PoolView<'_>, unit: usize) -> Result<Sides, MarginError> {
        let mut sides = Sides::default();
        for row in pool.rows() {
            let line = pool.table.line(row);
            if line.unit != unit || !line.option {
                continue;
            }
            let holding = pool.holding(row)?;
            let one = holding.instrument;
            let Some((_, right)) = one.option_terms() else { continue };
            let Some(low) = holding.quantities.iter().min().filter(|low| low.is_negative()) else {
                continue;
            };
            let size = match self.unit {
                RateUnit::Index => one.base_size(low.abs(), holding.quote.mark)?,
                RateUnit::Money => low.abs(),
            };
            let rate = self.rate_of(pool, one)?;
            let own = self.unit.cost(pool, unit, size.decimal(), rate, Round::Up)?;
            sides[usize::from(right == Right::Put)].push((Part::Position(holding.id), own));
        }
        Ok(sides)
    }
}

fn sum(side: &[(Part, Money)]) -> Result<Money, Overflow> {
    Money::sum(side.iter().map(|(_, own)| *own))
}
