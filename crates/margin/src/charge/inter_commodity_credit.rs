//! `inter-commodity-credit`: what risks of one underlying cancel of another, spread by spread.
//!
//! Each spread, by priority over all underlyings, has legs with a ratio and a side; it forms as
//! often as the deltas left allow, where side A holds deltas of one sign and side B the other. Each
//! leg is credited `rate` of the price risk of the deltas used (`method = "rate"`), or the spread a
//! flat `amount` (`"flat"`), divided evenly over its legs. With `method = "scan"` legs are scanned
//! together instead, and `rate` of what that saves is credited by each leg's own scan risk.
//!
//! Deltas count in coins (contracts, where rows are given), or by their value at the index, so that
//! ratios do not age. Open orders never raise a credit: the end of the deltas nearest to zero
//! counts, at most the credit without them.

use super::month_spread::NOISE;
use super::price_risk::{PriceRisk, PriceRiskRule, Weighting, least_delta};
use super::spread_plan::{read_priority, read_ratio};
use super::{Charge, Fill, Formed, Line, Outcome, PoolView, Reading};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Asset, Decimal, InputError, Money, Overflow, Round};
use std::sync::Arc;

#[derive(Debug)]
struct InterCommodityCredit {
    rule: PriceRiskRule,
    /// Whether deltas count by their value at the index rather than in coins.
    by_value: bool,
    /// What one delta loses over the scan range, in the pool's currency; the scan's own otherwise.
    scan_range: Option<Param>,
    /// By priority.
    spreads: Vec<Spread>,
}

#[derive(Debug)]
struct Spread {
    priority: u32,
    legs: Vec<Leg>,
    credit: Credit,
}

#[derive(Debug)]
struct Leg {
    underlying: Asset,
    ratio: Decimal,
    side_a: bool,
    /// Whether a spread by scan needs it to be held.
    required: bool,
}

#[derive(Clone, Copy, Debug)]
enum Credit {
    Rate(Decimal),
    Flat(Decimal),
    Scan(Decimal),
}

#[derive(Clone, Copy)]
enum Method {
    Rate,
    Flat,
    Scan,
}

/// How often a spread forms, and what each unit is credited.
type Found = (Decimal, Vec<(usize, Money)>);

/// What formed across underlyings.
struct Credits {
    risks: Vec<PriceRisk>,
    by_unit: Vec<Money>,
    /// Priority, count and whole credit, in the order formed.
    formed: Vec<(u32, Decimal, Money)>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let name = fields.text("scan")?;
    let at = reading.scans.iter().position(|scan| scan.name == name).ok_or_else(|| {
        fields.error(format!("scan: expected the name of a [[scan]], found {name:?}"))
    })?;
    let words = [
        ("per-delta", Weighting::PerDelta),
        ("capped", Weighting::Capped),
        ("range", Weighting::Range),
    ];
    let weighting = fields.word("price_risk", &words, Some(Weighting::PerDelta))?;
    let by_value = fields.word("delta_unit", &[("coins", false), ("value", true)], Some(false))?;
    let scan_range = fields.get("scan_range").map(Param::read).transpose()?;
    let tie = fields.decimal_or("tie", Decimal::ZERO)?;
    let mut spreads = Vec::new();
    for (at, node) in fields.list("spreads")?.iter().enumerate() {
        spreads.push(read_spread(node, at)?);
    }
    spreads.sort_by_key(|spread: &Spread| spread.priority);
    let rule = PriceRiskRule { scan: reading.scans[at].clone(), at, weighting, tie };
    Ok(Arc::new(InterCommodityCredit { rule, by_value, scan_range, spreads }))
}

fn read_spread(node: &Node, at: usize) -> Result<Spread, InputError> {
    let mut fields = Fields::of(node)?;
    let priority = read_priority(&mut fields, at)?;
    let words = [("rate", Method::Rate), ("flat", Method::Flat), ("scan", Method::Scan)];
    let method = fields.word("method", &words, Some(Method::Rate))?;
    let name = if matches!(method, Method::Flat) { "amount" } else { "rate" };
    let value = fields.need(name)?.decimal()?;
    let share = !matches!(method, Method::Flat);
    if value.is_negative() || (share && value > Decimal::ONE) {
        let most = if share { " to 1" } else { " or more" };
        return Err(node.error(format!("{name}: expected 0{most}, found {value}")));
    }
    let mut legs: Vec<Leg> = Vec::new();
    for leg in fields.list("legs")? {
        let mut inner = Fields::of(leg)?;
        let underlying = Asset::new(inner.text("unit")?).map_err(|error| leg.error(error))?;
        if legs.iter().any(|one| one.underlying == underlying) {
            return Err(leg.error(format!("unit: expected each once, found {underlying} again")));
        }
        let ratio = read_ratio(&mut inner)?;
        let side_a = inner.word("side", &[("A", true), ("B", false)], Some(true))?;
        let required = inner.truth("required", true)?;
        inner.done()?;
        legs.push(Leg { underlying, ratio, side_a, required });
    }
    if legs.len() < 2 {
        return Err(node.error("legs: expected at least two"));
    }
    fields.done()?;
    let credit = match method {
        Method::Rate => Credit::Rate(value),
        Method::Flat => Credit::Flat(value),
        Method::Scan => Credit::Scan(value),
    };
    Ok(Spread { priority, legs, credit })
}

impl Charge for InterCommodityCredit {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let credits = self.credits(pool)?;
        for (priority, count, amount) in credits.formed {
            let text = format!("spread {priority} between underlyings: {count:.4} formed");
            outcome.lines.push(Line { text, amount });
            outcome.formed.push(Formed { underlying: None, priority, count });
        }
        for (unit, credit) in pool.table.units.iter().zip(credits.by_unit) {
            outcome.add_unit(&unit.underlying, credit)?;
        }
        outcome.risks = credits.risks;
        Ok(outcome)
    }

    fn by_unit(&self, pool: &PoolView<'_>) -> Result<Vec<Money>, MarginError> {
        Ok(self.credits(pool)?.by_unit)
    }

    fn term(&self, pool: &PoolView<'_>, _: usize) -> Result<Money, MarginError> {
        Ok(Money::sum(self.by_unit(pool)?)?)
    }

    fn divides(&self) -> bool {
        true
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("the deltas that earn a credit in one book may net away in the union")
    }
}

impl InterCommodityCredit {
    fn credits(&self, pool: &PoolView<'_>) -> Result<Credits, MarginError> {
        let plain = PoolView { fill: Fill::None, known: None, ..*pool };
        let mut risks = Vec::new();
        for unit in 0..pool.table.units.len() {
            risks.push(self.rule.of(&plain, unit, self.range(pool, unit)?)?);
        }
        let held = risks.iter().map(|risk| Ok(risk.net_delta)).collect::<Result<_, Overflow>>()?;
        let mut credits = self.form(&plain, &risks, held)?;
        if pool.fill == Fill::Worst && pool.counted_orders().next().is_some() {
            let least = (0..risks.len()).map(|unit| least_delta(pool, unit));
            let with = self.form(&plain, &risks, least.collect::<Result<_, _>>()?)?;
            let both = credits.by_unit.iter().zip(&with.by_unit);
            let by_unit = both.map(|(without, with)| *without.min(with)).collect();
            credits = Credits { by_unit, ..with };
        }
        Ok(Credits { risks, ..credits })
    }

    /// What one delta of a unit loses over the scan range, in the pool's currency.
    fn range(&self, pool: &PoolView<'_>, unit: usize) -> Result<Decimal, MarginError> {
        let one = &pool.table.units[unit];
        if let Some(range) = &self.scan_range {
            return Ok(range.get("scan_range", &one.underlying)?);
        }
        let share = Decimal::from_f64(one.ranges[self.rule.at], Round::Down)?;
        Ok(one.index.decimal().times(share, Round::Down)?)
    }

    fn form(
        &self,
        pool: &PoolView<'_>,
        risks: &[PriceRisk],
        mut left: Vec<Decimal>,
    ) -> Result<Credits, MarginError> {
        let mut by_unit = vec![Money::ZERO; left.len()];
        let mut weighted: Vec<Decimal> = risks.iter().map(|risk| risk.weighted).collect();
        for (unit, (delta, weight)) in left.iter_mut().zip(&mut weighted).enumerate() {
            let index = pool.table.units[unit].index.decimal();
            if self.by_value {
                *delta = delta.times(index, Round::Nearest)?;
                *weight = weight.over(index, Round::Down)?;
            }
        }
        let mut formed = Vec::new();
        for spread in &self.spreads {
            let units: Vec<Option<usize>> = spread.legs.iter().map(|leg| leg.unit(risks)).collect();
            let found = match spread.credit {
                Credit::Scan(rate) => self.scanned(pool, spread, &units, rate, &mut left)?,
                _ => spread.counted(&weighted, &units, &mut left)?,
            };
            let Some((count, credits)) = found else { continue };
            let mut whole = Money::ZERO;
            for (unit, credit) in credits {
                by_unit[unit] = by_unit[unit].plus(credit)?;
                whole = whole.plus(credit)?;
            }
            formed.push((spread.priority, count, whole));
        }
        Ok(Credits { risks: Vec::new(), by_unit, formed })
    }

    /// What scanning the legs together saves. Their deltas are then used up.
    fn scanned(
        &self,
        pool: &PoolView<'_>,
        spread: &Spread,
        units: &[Option<usize>],
        rate: Decimal,
        left: &mut [Decimal],
    ) -> Result<Option<Found>, MarginError> {
        let mut together = vec![Money::ZERO; self.rule.scan.scenarios.len()];
        let (mut alone, mut sum) = (Vec::new(), Money::ZERO);
        for (leg, unit) in spread.legs.iter().zip(units) {
            let unit = unit.filter(|unit| left[*unit].abs() > NOISE);
            let Some(unit) = unit else {
                if leg.required {
                    return Ok(None);
                }
                continue;
            };
            let losses = self.rule.losses(pool, unit)?;
            let own = losses.iter().copied().max().unwrap_or(Money::ZERO).max(Money::ZERO);
            for (sum, loss) in together.iter_mut().zip(losses) {
                *sum = sum.plus(loss)?;
            }
            sum = sum.plus(own)?;
            alone.push((unit, own));
        }
        let joint = together.into_iter().max().unwrap_or(Money::ZERO).max(Money::ZERO);
        let saved = sum.minus(joint)?;
        if alone.len() < 2 || !saved.is_positive() {
            return Ok(None);
        }
        let credit = saved.decimal().times(rate, Round::Down)?;
        let mut out = Vec::new();
        for (unit, own) in alone {
            let part = credit.times_over(own.decimal(), sum.decimal(), Round::Down)?;
            out.push((unit, Money::new(part)));
            left[unit] = Decimal::ZERO;
        }
        Ok(Some((Decimal::ONE, out)))
    }
}

impl Leg {
    fn unit(&self, risks: &[PriceRisk]) -> Option<usize> {
        risks.iter().position(|risk| risk.underlying == self.underlying)
    }
}

impl Spread {
    /// How often it forms, and what each unit is credited.
    fn counted(
        &self,
        weighted: &[Decimal],
        units: &[Option<usize>],
        left: &mut [Decimal],
    ) -> Result<Option<Found>, Overflow> {
        let Some(units) = units.iter().copied().collect::<Option<Vec<usize>>>() else {
            return Ok(None);
        };
        let mut count: Option<Decimal> = None;
        // The sign that side A holds; every leg must agree.
        let mut sign: Option<bool> = None;
        for (leg, unit) in self.legs.iter().zip(&units) {
            let delta = left[*unit];
            let a_long = delta.is_positive() == leg.side_a;
            if delta.is_zero() || sign.is_some_and(|sign| sign != a_long) {
                return Ok(None);
            }
            sign = Some(a_long);
            let most = delta.abs().over(leg.ratio, Round::Down)?;
            count = Some(count.map_or(most, |so_far| so_far.min(most)));
        }
        let Some(count) = count.filter(|count| *count > NOISE) else { return Ok(None) };
        let mut out = Vec::new();
        for (leg, unit) in self.legs.iter().zip(&units) {
            let used = count.times(leg.ratio, Round::Down)?;
            let credit = match self.credit {
                Credit::Rate(rate) | Credit::Scan(rate) => {
                    let risk = used.times(weighted[*unit], Round::Down)?;
                    risk.times(rate, Round::Down)?
                }
                Credit::Flat(amount) => {
                    let legs = Decimal::from_int(self.legs.len() as i64);
                    count.times_over(amount, legs, Round::Down)?
                }
            };
            let rest = left[*unit].abs().minus(used)?;
            left[*unit] = if left[*unit].is_negative() { Decimal::ZERO.minus(rest)? } else { rest };
            out.push((*unit, Money::new(credit)));
        }
        Ok(Some((count, out)))
    }
}
