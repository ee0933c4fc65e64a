//! `delivery-month`: a price for deltas that are still held in a month of delivery.
//!
//! Of the deltas of the month's tier, long and short alike, those that a month spread used cost
//! `spread_rate` each and those left `outright_rate`. Rates are counted as those of the spreads.

use super::month_spread::{Left, Periods, reached};
use super::spread_plan::{Plan, Reach, Tier, read_reach};
use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use keelmark_book::{Decimal, InputError, Money, Round, Timestamp, instruments::nearest};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct DeliveryMonth {
    /// The charge whose spreads use deltas.
    spreads: Arc<dyn Charge>,
    /// Its place in the document.
    at: usize,
    every: Vec<Month>,
    by: BTreeMap<String, Vec<Month>>,
}

#[derive(Debug)]
struct Month {
    wanted: Wanted,
    spread_rate: Decimal,
    outright_rate: Decimal,
}

#[derive(Debug)]
enum Wanted {
    Tier(String),
    Expiry(Reach),
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let node = fields.need("spreads")?;
    let wanted = node.text()?;
    let charges = reading.charges.iter().enumerate();
    let spreads = charges.filter(|(_, one)| one.charge.month_spread().is_some());
    let (at, found) = spreads.clone().find(|(_, one)| one.name == wanted).ok_or_else(|| {
        let near = nearest(wanted, spreads.map(|(_, one)| one.name.as_str()), 3).join(", ");
        node.error(format!(
            "spreads: expected a month-spread charge before this one, found {wanted:?}; \
             nearest: {near}"
        ))
    })?;
    let known = |name: &str, months: Vec<Month>| -> Result<Vec<Month>, InputError> {
        let plan = found.charge.month_spread().map(|spreads| spreads.plans.of(name));
        match months.iter().find(|month| plan.is_none_or(|plan| month.reach(plan).is_none())) {
            Some(month) => Err(node.error(format!("months: {:?} is no tier of it", month.wanted))),
            None => Ok(months),
        }
    };
    let every = known("", read_months(fields.list("months")?)?)?;
    let mut by = BTreeMap::new();
    if let Some(node) = fields.get("by") {
        for (name, node) in Fields::of(node)?.all() {
            let mut inner = Fields::of(node)?;
            let name = name.to_ascii_uppercase();
            let months = known(&name, read_months(inner.list("months")?)?)?;
            by.insert(name, months);
            inner.done()?;
        }
    }
    Ok(Arc::new(DeliveryMonth { spreads: Arc::clone(&found.charge), at, every, by }))
}

fn read_months(nodes: &[Node]) -> Result<Vec<Month>, InputError> {
    let mut out = Vec::new();
    for node in nodes {
        let mut fields = Fields::of(node)?;
        let wanted = match fields.get("tier") {
            Some(tier) => Wanted::Tier(tier.text()?.to_owned()),
            None => Wanted::Expiry(read_reach(&mut fields, node, &[])?),
        };
        let mut rate = |name| -> Result<Decimal, InputError> {
            let rate = fields.need(name)?.decimal()?;
            if rate.is_negative() {
                return Err(node.error(format!("{name}: expected zero or more, found {rate}")));
            }
            Ok(rate)
        };
        let (spread_rate, outright_rate) = (rate("spread_rate")?, rate("outright_rate")?);
        fields.done()?;
        out.push(Month { wanted, spread_rate, outright_rate });
    }
    Ok(out)
}

impl Charge for DeliveryMonth {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let name = &pool.table.units[unit].underlying;
            let mut own = Money::ZERO;
            for (used, left, amount) in self.months(pool, unit)? {
                own = own.plus(amount)?;
                let text =
                    format!("{name} delivery month: {used:.4} in spreads, {left:.4} outright");
                outcome.lines.push(Line { text, amount });
            }
            outcome.add_unit(name, own)?;
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let months = self.months(pool, unit)?;
        Ok(Money::sum(months.into_iter().map(|(_, _, amount)| amount))?)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("a spread that forms in the union uses deltas at another rate")
    }
}

impl DeliveryMonth {
    /// Deltas used, deltas left and charge of each delivery month of a unit that holds any.
    fn months(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Vec<(Decimal, Decimal, Money)>, MarginError> {
        let months = self.by.get(pool.table.units[unit].underlying.as_str());
        let months = months.unwrap_or(&self.every);
        let Some(spreads) = self.spreads.month_spread().filter(|_| !months.is_empty()) else {
            return Ok(Vec::new());
        };
        let now = pool.market.as_of;
        let own;
        let formation = match pool.known.and_then(|known| known.formation(self.at, unit)) {
            Some(known) => known,
            None => {
                own = spreads.formation(pool, unit)?;
                &own
            }
        };
        let mut out = Vec::new();
        for month in months {
            let Some(reach) = month.reach(spreads.plan(pool, unit)) else { continue };
            let before = reached(dated(&formation.before), reach, now)?;
            let after = reached(dated(&formation.after), reach, now)?;
            let left = after.long.plus(after.short)?;
            let used = before.long.plus(before.short)?.minus(left)?;
            let cost = |deltas, rate| spreads.unit.cost(pool, unit, deltas, rate, Round::Up);
            let amount = cost(used, month.spread_rate)?.plus(cost(left, month.outright_rate)?)?;
            if !used.is_zero() || !left.is_zero() {
                out.push((used, left, amount));
            }
        }
        Ok(out)
    }
}

/// Deltas that will be delivered: perpetuals never are.
fn dated(periods: &Periods) -> impl Iterator<Item = (&Option<Timestamp>, &Left)> {
    periods.iter().filter(|(expiry, _)| expiry.is_some())
}

impl Month {
    /// The tier of the month; the month alone where it is in none.
    fn reach(&self, plan: &Plan) -> Option<Reach> {
        match &self.wanted {
            Wanted::Tier(name) => {
                plan.tiers.iter().find(|tier| tier.name == *name).map(|tier| tier.reach)
            }
            Wanted::Expiry(reach) => {
                let within = |tier: &&Tier| match (tier.reach, *reach) {
                    (Reach::Months(from, to), one) => {
                        one.first_month().is_some_and(|month| (from..=to).contains(&month))
                    }
                    _ => false,
                };
                Some(plan.tiers.iter().find(within).map_or(*reach, |tier| tier.reach))
            }
        }
    }
}
