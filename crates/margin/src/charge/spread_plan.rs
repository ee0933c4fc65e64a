//! Tiers and spreads of `month-spread` as a document writes them, for every underlying or by
//! underlying.
//!
//! A tier is a range of days to expiry (`to_days`) or of contract months (`from_month`,
//! `to_month`). Tiers of months may overlap: a tier is the set of expiries in it, and what a
//! spread takes is taken from expiries.

use crate::document::Fields;
use crate::document::tree::Node;
use keelmark_book::{Decimal, InputError, Timestamp, instruments::nearest};
use std::collections::BTreeMap;

/// What a document says of one underlying's months.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub tiers: Vec<Tier>,
    /// By priority.
    pub spreads: Vec<Spread>,
}

/// Expiries that count as one.
#[derive(Debug)]
pub(super) struct Tier {
    pub name: String,
    pub reach: Reach,
}

/// The expiries of a tier or a leg.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reach {
    /// Above the first number of days to expiry, up to the second where there is one.
    Days(f64, Option<f64>),
    /// Contract months from the first to the last, as `year * 12 + month - 1`.
    Months(i32, i32),
    /// One day.
    Day(i16, i8, i8),
}

/// A spread with its price.
#[derive(Debug)]
pub(super) struct Spread {
    pub priority: u32,
    pub legs: Vec<Leg>,
    pub rate: Decimal,
    pub method: Method,
}

/// What a spread's rate is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Once a spread.
    Flat,
    /// Once a spread for each month between its first and its last leg.
    PerMonth,
    /// A share of the mean price of its legs, weighted by their deltas.
    Price,
}

/// A side of a spread.
#[derive(Debug)]
pub(super) struct Leg {
    pub reach: Reach,
    pub ratio: Decimal,
    pub side_a: bool,
}

/// A plan for every underlying, and those of single ones.
#[derive(Debug, Default)]
pub(super) struct Plans {
    every: Plan,
    by: BTreeMap<String, Plan>,
}

impl Plans {
    pub fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let every = Plan::read(fields)?;
        let mut by = BTreeMap::new();
        if let Some(node) = fields.get("by") {
            for (name, node) in Fields::of(node)?.all() {
                let mut inner = Fields::of(node)?;
                by.insert(name.to_ascii_uppercase(), Plan::read(&mut inner)?);
                inner.done()?;
            }
        }
        Ok(Self { every, by })
    }

    pub fn of(&self, underlying: &str) -> &Plan {
        self.by.get(underlying).unwrap_or(&self.every)
    }
}

impl Plan {
    fn read(fields: &mut Fields<'_>) -> Result<Self, InputError> {
        let tiers = read_tiers(fields)?;
        let mut spreads = Vec::new();
        for (at, node) in fields.list("spreads")?.iter().enumerate() {
            spreads.push(read_spread(node, at, &tiers)?);
        }
        spreads.sort_by_key(|spread: &Spread| spread.priority);
        Ok(Self { tiers, spreads })
    }
}

impl Reach {
    /// Whether an expiry is in it; what never expires has none to go.
    pub fn holds(self, expiry: Option<Timestamp>, now: Timestamp) -> bool {
        // Dates cost more than days, and most documents reach by days.
        let date = || expiry.unwrap_or(now).date();
        match self {
            Self::Days(above, to) => {
                let days = expiry.map_or(0.0, |expiry| expiry.days_since(now));
                (above <= 0.0 || days > above) && to.is_none_or(|to| days <= to)
            }
            Self::Months(from, to) => {
                let (year, month, _) = date();
                (from..=to).contains(&months(year, month))
            }
            Self::Day(year, month, day) => expiry.is_some() && date() == (year, month, day),
        }
    }

    /// Whether some expiry is in both. Tiers of days follow one another, and never share one.
    pub fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Months(from, to), Self::Months(start, end)) => from <= end && start <= to,
            _ => false,
        }
    }

    /// First month of it, for spreads that are priced by the months between legs.
    pub fn first_month(self) -> Option<i32> {
        match self {
            Self::Days(..) => None,
            Self::Months(from, _) => Some(from),
            Self::Day(year, month, _) => Some(months(year, month)),
        }
    }

    /// Reads a contract month such as `202612`, or a day such as `2026-12-25`.
    pub fn read(node: &Node) -> Result<Self, InputError> {
        let text = node.text()?;
        if let Some(month) = contract_month(text) {
            return Ok(Self::Months(month, month));
        }
        let day = text.parse::<Timestamp>().ok().filter(|_| text.len() == 10);
        let day = day.ok_or_else(|| {
            node.error(format!("expected a month 202612 or a day 2026-12-25, found {text:?}"))
        })?;
        let (year, month, day) = day.date();
        Ok(Self::Day(year, month, day))
    }
}

fn months(year: i16, month: i8) -> i32 {
    i32::from(year) * 12 + i32::from(month) - 1
}

fn contract_month(text: &str) -> Option<i32> {
    let number: i32 = text.parse().ok().filter(|_| text.len() == 6)?;
    let (year, month) = (number / 100, number % 100);
    ((1..=12).contains(&month) && year > 0).then_some(year * 12 + month - 1)
}

pub(super) fn read_tiers(fields: &mut Fields<'_>) -> Result<Vec<Tier>, InputError> {
    let tiers = read_tiers_with(fields, |_| Ok(()))?;
    Ok(tiers.into_iter().map(|(tier, ())| tier).collect())
}

/// Tiers, and what else stands in each.
pub(super) fn read_tiers_with<T>(
    fields: &mut Fields<'_>,
    mut more: impl FnMut(&mut Fields<'_>) -> Result<T, InputError>,
) -> Result<Vec<(Tier, T)>, InputError> {
    let mut tiers: Vec<(Tier, T)> = Vec::new();
    for node in fields.list("tiers")? {
        let mut inner = Fields::of(node)?;
        let name = inner.text("name")?.to_owned();
        let reach = match (inner.get("from_month"), inner.get("to_month")) {
            (None, None) => {
                let days = inner.get("to_days").map(Node::decimal).transpose()?;
                let above = match tiers.last().map(|(tier, _)| tier.reach) {
                    None => 0.0,
                    Some(Reach::Days(_, Some(below))) => below,
                    Some(_) => f64::INFINITY,
                };
                Reach::Days(above, days.map(Decimal::to_f64))
            }
            (Some(from), Some(to)) => {
                let month = |node: &Node| {
                    let text = node.text()?;
                    contract_month(text).ok_or_else(|| {
                        node.error(format!("expected a contract month 202612, found {text:?}"))
                    })
                };
                let (from, to) = (month(from)?, month(to)?);
                if from > to {
                    return Err(node.error("to_month: expected from_month or later"));
                }
                Reach::Months(from, to)
            }
            _ => return Err(node.error("expected from_month and to_month, or to_days")),
        };
        if tiers.iter().any(|(tier, _)| tier.name == name) {
            return Err(node.error(format!("name: expected each tier once, found {name:?} again")));
        }
        tiers.push((Tier { name, reach }, more(&mut inner)?));
        inner.done()?;
    }
    let days: Vec<(f64, Option<f64>)> = tiers
        .iter()
        .filter_map(|(tier, _)| match tier.reach {
            Reach::Days(above, to) => Some((above, to)),
            _ => None,
        })
        .collect();
    let ascending = days.iter().all(|(above, to)| to.is_none_or(|to| to > *above));
    let ends = days.last().is_none_or(|(above, to)| above.is_finite() && to.is_none());
    if !days.is_empty() && (days.len() < tiers.len() || !ascending || !ends) {
        return Err(fields.error("tiers: expected ascending to_days, and none in the last tier"));
    }
    Ok(tiers)
}

/// A `tier` by name, or an `expiry`.
pub(super) fn read_reach(
    fields: &mut Fields<'_>,
    node: &Node,
    tiers: &[Tier],
) -> Result<Reach, InputError> {
    match (fields.get("tier"), fields.get("expiry")) {
        (Some(tier), None) => {
            let wanted = tier.text()?;
            let found = tiers.iter().find(|tier| tier.name == wanted);
            found.map(|tier| tier.reach).ok_or_else(|| {
                let near = nearest(wanted, tiers.iter().map(|tier| tier.name.as_str()), 3);
                tier.error(format!(
                    "tier: expected the name of a tier, found {wanted:?}; nearest: {}",
                    near.join(", ")
                ))
            })
        }
        (None, Some(expiry)) => Reach::read(expiry),
        _ => Err(node.error("expected a tier or an expiry")),
    }
}

fn read_spread(node: &Node, at: usize, tiers: &[Tier]) -> Result<Spread, InputError> {
    let mut fields = Fields::of(node)?;
    let rate = fields.need("rate")?.decimal()?;
    if rate.is_negative() {
        return Err(node.error(format!("rate: expected zero or more, found {rate}")));
    }
    let methods =
        [("flat", Method::Flat), ("per-month", Method::PerMonth), ("price", Method::Price)];
    let method = fields.word("method", &methods, Some(Method::Flat))?;
    let priority = read_priority(&mut fields, at)?;
    let mut legs: Vec<Leg> = Vec::new();
    for leg in fields.list("legs")? {
        let mut inner = Fields::of(leg)?;
        let reach = read_reach(&mut inner, leg, tiers)?;
        let ratio = read_ratio(&mut inner)?;
        let side_a = inner.word("side", &[("A", true), ("B", false)], None)?;
        inner.done()?;
        if method == Method::PerMonth && reach.first_month().is_none() {
            return Err(
                leg.error("method per-month: expected contract months, found a tier of days")
            );
        }
        // Two legs that ask for the same deltas are one that asks for more.
        match legs.iter_mut().find(|leg| leg.reach == reach && leg.side_a == side_a) {
            Some(same) => same.ratio = same.ratio.plus(ratio).map_err(|error| leg.error(error))?,
            None => legs.push(Leg { reach, ratio, side_a }),
        }
    }
    if legs.len() < 2 {
        return Err(node.error("legs: expected at least two"));
    }
    fields.done()?;
    Ok(Spread { priority, legs, rate, method })
}

/// The `priority` of the `at`-th spread: its place in the list where it does not say.
pub(super) fn read_priority(fields: &mut Fields<'_>, at: usize) -> Result<u32, InputError> {
    let Some(node) = fields.get("priority") else { return Ok(at as u32 + 1) };
    let whole = node.decimal()?.in_steps_of(Decimal::ONE);
    whole
        .and_then(|whole| u32::try_from(whole).ok())
        .ok_or_else(|| node.error("priority: expected a whole number"))
}

/// Deltas a spread; one where it does not say.
pub(super) fn read_ratio(fields: &mut Fields<'_>) -> Result<Decimal, InputError> {
    let ratio = fields.decimal_or("ratio", Decimal::ONE)?;
    if !ratio.is_positive() {
        return Err(fields.error(format!("ratio: expected above zero, found {ratio}")));
    }
    Ok(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_month_is_six_digits() {
        assert_eq!(contract_month("202612"), Some(2026 * 12 + 11));
        for text in ["202613", "202600", "26-12", "20261", "2026122", "-02612"] {
            assert_eq!(contract_month(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_expiry_is_in_one_tier_of_days(days in 0.0f64..4000.0) {
            let node = Node::parse("x.toml", "tiers = [{ name = \"a\", to_days = \"1\" },
                { name = \"b\", to_days = \"35\" }, { name = \"c\" }]").unwrap();
            let plan = Plan::read(&mut Fields::of(&node).unwrap()).unwrap();
            let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
            let expiry = now.plus_nanos((days * 86_400.0) as i64 * 1_000_000_000);
            let holds = |tier: &&Tier| tier.reach.holds(Some(expiry), now);
            prop_assert_eq!(plan.tiers.iter().filter(holds).count(), 1);
        }
    }
}
