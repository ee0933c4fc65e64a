//! `inter-commodity-credit`: what risks of one underlying cancel of another, spread by spread.
//!
//! Each spread, by priority over all underlyings, has legs with a ratio and a side; it forms as
//! often as the deltas left allow, where side A holds deltas of one sign and side B the other. Each
//! leg is credited `rate` of the price risk of the deltas used (`method = "rate"`), or the spread a
//! flat `amount` (`"flat"`), divided evenly over its legs. With `method = "scan"` legs are scanned
//! together instead, and `rate` of what that saves is credited by each leg's own scan risk.
//!
//! Where an underlying has tiers, each tier is as an underlying of its own: it has its own worst
//! loss, price risk and delta, and a leg names it.
//!
//! Deltas count in coins (contracts, where rows are given), or by their value at the index, so that
//! ratios do not age. Open orders never raise a credit: the end of the deltas nearest to zero
//! counts, at most the credit without them.

use super::month_spread::NOISE;
use super::price_risk::{PriceRisk, PriceRiskRule, Weighting, least_delta};
use super::spread_plan::{read_priority, read_ratio};
use super::tiers::{Apart, Tiers};
use super::{Charge, Fill, Formed, Line, Outcome, PoolView, Reading};
use crate::document::Fields;
use crate::document::tree::{Node, Value};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{Asset, Decimal, InputError, Money, Overflow, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct InterCommodityCredit {
    rule: PriceRiskRule,
    /// What one delta counts for, for every underlying and for single ones.
    weighting: Weighting,
    weighting_by: BTreeMap<String, Weighting>,
    /// Tiers that spread apart.
    tiers: Tiers,
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
    /// The tier, where the underlying has tiers.
    tier: Option<String>,
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

const WEIGHTINGS: &[(&str, Weighting)] = &[
    ("per-delta", Weighting::PerDelta),
    ("capped", Weighting::Capped),
    ("range", Weighting::Range),
];

/// How often a spread forms, and what each part is credited.
type Found = (Decimal, Vec<(usize, Money)>);

/// What formed across underlyings.
struct Credits {
    /// By part: an underlying, or a tier of it.
    risks: Vec<PriceRisk>,
    by_part: Vec<Money>,
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
    super::worst_loss::refuse_joint(fields, &reading.scans[at])?;
    let (weighting, weighting_by) = read_weighting(fields)?;
    let tiers = Tiers::read(fields)?;
    let by_value = fields.word("delta_unit", &[("coins", false), ("value", true)], Some(false))?;
    let scan_range = fields.get("scan_range").map(Param::read).transpose()?;
    let tie = fields.decimal_or("tie", Decimal::ZERO)?;
    let mut spreads = Vec::new();
    for (at, node) in fields.list("spreads")?.iter().enumerate() {
        spreads.push(read_spread(node, at, &tiers)?);
    }
    spreads.sort_by_key(|spread: &Spread| spread.priority);
    let rule = PriceRiskRule { scan: reading.scans[at].clone(), at, tie };
    Ok(Arc::new(InterCommodityCredit {
        rule,
        weighting,
        weighting_by,
        tiers,
        by_value,
        scan_range,
        spreads,
    }))
}

/// `price_risk`: a word, or a table of words by underlying.
fn read_weighting(
    fields: &mut Fields<'_>,
) -> Result<(Weighting, BTreeMap<String, Weighting>), InputError> {
    let mut by = BTreeMap::new();
    let word = |node: &Node| {
        let text = node.text()?;
        let found = WEIGHTINGS.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let problem = "price_risk: expected one of per-delta, capped, range";
            node.error(format!("{problem}, found {text:?}"))
        })
    };
    let weighting = match fields.get("price_risk") {
        None => Weighting::PerDelta,
        Some(node @ Node { value: Value::Table(_), .. }) => {
            for (name, node) in Fields::of(node)?.all() {
                by.insert(name.to_ascii_uppercase(), word(node)?);
            }
            by.remove("DEFAULT").unwrap_or(Weighting::PerDelta)
        }
        Some(node) => word(node)?,
    };
    Ok((weighting, by))
}

fn read_spread(node: &Node, at: usize, tiers: &Tiers) -> Result<Spread, InputError> {
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
        let one = read_leg(leg, tiers)?;
        if one.tier.is_some() && matches!(method, Method::Scan) {
            return Err(leg.error("tier: a spread by scan takes an underlying whole"));
        }
        if legs.iter().any(|other| other.underlying == one.underlying && other.tier == one.tier) {
            let name = &one.underlying;
            return Err(leg.error(format!("unit: expected each once, found {name} again")));
        }
        legs.push(one);
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

/// A leg names a tier where its underlying has some, and only there.
fn read_leg(leg: &Node, tiers: &Tiers) -> Result<Leg, InputError> {
    let mut inner = Fields::of(leg)?;
    let underlying = Asset::new(inner.text("unit")?).map_err(|error| leg.error(error))?;
    let known = tiers.of(underlying.as_str());
    let tier = inner.get("tier").map(Node::text).transpose()?.map(str::to_owned);
    let found = tier.as_ref().map(|name| known.iter().any(|tier| tier.name == *name));
    if found != (!known.is_empty()).then_some(true) {
        let names: Vec<&str> = known.iter().map(|tier| tier.name.as_str()).collect();
        let what = if names.is_empty() {
            format!("expected none, since {underlying} has no tiers")
        } else {
            format!("expected a tier of {underlying}: {}", names.join(", "))
        };
        return Err(leg.error(format!("tier: {what}; found {:?}", tier.unwrap_or_default())));
    }
    let ratio = read_ratio(&mut inner)?;
    let side_a = inner.word("side", &[("A", true), ("B", false)], Some(true))?;
    let required = inner.truth("required", true)?;
    inner.done()?;
    Ok(Leg { underlying, tier, ratio, side_a, required })
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
        let by_unit = self.by_unit_of(pool, credits.by_part)?;
        for (unit, credit) in pool.table.units.iter().zip(by_unit) {
            outcome.add_unit(&unit.underlying, credit)?;
        }
        outcome.risks = credits.risks;
        Ok(outcome)
    }

    fn by_unit(&self, pool: &PoolView<'_>) -> Result<Vec<Money>, MarginError> {
        self.by_unit_of(pool, self.credits(pool)?.by_part)
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
    /// What is looked at apart: tiers, and underlyings that have none.
    fn parts(&self, pool: &PoolView<'_>) -> Vec<Apart<'_>> {
        (0..pool.table.units.len()).flat_map(|unit| self.tiers.parts(pool, unit)).collect()
    }

    fn by_unit_of(
        &self,
        pool: &PoolView<'_>,
        by_part: Vec<Money>,
    ) -> Result<Vec<Money>, MarginError> {
        let mut by_unit = vec![Money::ZERO; pool.table.units.len()];
        for (part, credit) in self.parts(pool).iter().zip(by_part) {
            by_unit[part.unit] = by_unit[part.unit].plus(credit)?;
        }
        Ok(by_unit)
    }

    fn credits(&self, pool: &PoolView<'_>) -> Result<Credits, MarginError> {
        let plain = PoolView { fill: Fill::None, known: None, ..*pool };
        let (parts, mut risks) = (self.parts(pool), Vec::new());
        for part in &parts {
            let name = pool.table.units[part.unit].underlying.as_str();
            let weighting = self.weighting_by.get(name).copied().unwrap_or(self.weighting);
            risks.push(self.rule.of(&plain, *part, self.range(pool, part.unit)?, weighting)?);
        }
        let held = risks.iter().map(|risk| Ok(risk.net_delta)).collect::<Result<_, Overflow>>()?;
        let mut credits = self.form(&plain, &parts, &risks, held)?;
        if pool.fill == Fill::Worst && pool.counted_orders().next().is_some() {
            let least = parts.iter().map(|part| least_delta(pool, *part));
            let with = self.form(&plain, &parts, &risks, least.collect::<Result<_, _>>()?)?;
            let both = credits.by_part.iter().zip(&with.by_part);
            let by_part = both.map(|(without, with)| *without.min(with)).collect();
            credits = Credits { by_part, ..with };
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
        parts: &[Apart<'_>],
        risks: &[PriceRisk],
        mut left: Vec<Decimal>,
    ) -> Result<Credits, MarginError> {
        let mut by_part = vec![Money::ZERO; left.len()];
        let mut weighted: Vec<Decimal> = risks.iter().map(|risk| risk.weighted).collect();
        if self.by_value {
            for ((part, delta), weight) in parts.iter().zip(&mut left).zip(&mut weighted) {
                let index = pool.table.units[part.unit].index.decimal();
                *delta = delta.times(index, Round::Nearest)?;
                *weight = weight.over(index, Round::Down)?;
            }
        }
        let mut formed = Vec::new();
        for spread in &self.spreads {
            let legs: Vec<Option<usize>> = spread.legs.iter().map(|leg| leg.part(risks)).collect();
            let found = match spread.credit {
                Credit::Scan(rate) => self.scanned(pool, parts, spread, &legs, rate, &mut left)?,
                _ => spread.counted(&weighted, &legs, &mut left)?,
            };
            let Some((count, credits)) = found else { continue };
            let mut whole = Money::ZERO;
            for (part, credit) in credits {
                by_part[part] = by_part[part].plus(credit)?;
                whole = whole.plus(credit)?;
            }
            formed.push((spread.priority, count, whole));
        }
        Ok(Credits { risks: Vec::new(), by_part, formed })
    }

    /// What scanning the legs together saves. Their deltas are then used up.
    fn scanned(
        &self,
        pool: &PoolView<'_>,
        parts: &[Apart<'_>],
        spread: &Spread,
        legs: &[Option<usize>],
        rate: Decimal,
        left: &mut [Decimal],
    ) -> Result<Option<Found>, MarginError> {
        let mut together = vec![Money::ZERO; self.rule.scan.scenarios.len()];
        let (mut alone, mut sum) = (Vec::new(), Money::ZERO);
        for (leg, part) in spread.legs.iter().zip(legs) {
            let part = part.filter(|part| left[*part].abs() > NOISE);
            let Some(part) = part else {
                if leg.required {
                    return Ok(None);
                }
                continue;
            };
            let losses = self.rule.losses(pool, parts[part])?;
            let own = losses.iter().copied().max().unwrap_or(Money::ZERO).max(Money::ZERO);
            for (sum, loss) in together.iter_mut().zip(losses) {
                *sum = sum.plus(loss)?;
            }
            sum = sum.plus(own)?;
            alone.push((part, own));
        }
        let joint = together.into_iter().max().unwrap_or(Money::ZERO).max(Money::ZERO);
        let saved = sum.minus(joint)?;
        if alone.len() < 2 || !saved.is_positive() {
            return Ok(None);
        }
        let credit = saved.decimal().times(rate, Round::Down)?;
        let mut out = Vec::new();
        for (part, own) in alone {
            let share = credit.times_over(own.decimal(), sum.decimal(), Round::Down)?;
            out.push((part, Money::new(share)));
            left[part] = Decimal::ZERO;
        }
        Ok(Some((Decimal::ONE, out)))
    }
}

impl Leg {
    fn part(&self, risks: &[PriceRisk]) -> Option<usize> {
        risks.iter().position(|one| one.underlying == self.underlying && one.tier == self.tier)
    }
}

impl Spread {
    /// How often it forms, and what each part is credited.
    fn counted(
        &self,
        weighted: &[Decimal],
        parts: &[Option<usize>],
        left: &mut [Decimal],
    ) -> Result<Option<Found>, Overflow> {
        let Some(parts) = parts.iter().copied().collect::<Option<Vec<usize>>>() else {
            return Ok(None);
        };
        let mut count: Option<Decimal> = None;
        // The sign that side A holds; every leg must agree.
        let mut sign: Option<bool> = None;
        for (leg, part) in self.legs.iter().zip(&parts) {
            let delta = left[*part];
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
        for (leg, part) in self.legs.iter().zip(&parts) {
            let used = count.times(leg.ratio, Round::Down)?;
            let credit = match self.credit {
                Credit::Rate(rate) | Credit::Scan(rate) => {
                    let risk = used.times(weighted[*part], Round::Down)?;
                    risk.times(rate, Round::Down)?
                }
                Credit::Flat(amount) => {
                    let legs = Decimal::from_int(self.legs.len() as i64);
                    count.times_over(amount, legs, Round::Down)?
                }
            };
            let rest = left[*part].abs().minus(used)?;
            left[*part] = if left[*part].is_negative() { Decimal::ZERO.minus(rest)? } else { rest };
            out.push((*part, Money::new(credit)));
        }
        Ok(Some((count, out)))
    }
}
