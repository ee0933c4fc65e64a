//! `brackets`: tiered maintenance, continuous at every edge.
//!
//! A tier table is marginal like a tax table: the rate of a tier counts for the notional inside
//! it. Venues print the same thing as `notional * rate - deduction`, where
//! `deduction_n = floor_n * (rate_n - rate_(n-1)) + deduction_(n-1)`.

use super::per_position::Filter;
use super::positions::{self, Asked};
use super::view::Holding;
use super::{Charge, Outcome, PoolView, Reading, Scope};
use crate::document::tree::{Node, Value};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::table::RowId;
use keelmark_book::{Asset, InputError, Instrument, Money, Overflow, Rate, Round, profit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A tier table in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers {
    tiers: Vec<Tier>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Tier {
    /// Notional at which it starts.
    floor: Money,
    rate: Rate,
    deduction: Money,
}

impl Tiers {
    /// A table from the upper limit and the rate of each tier, lowest first; the last has none.
    ///
    /// # Errors
    /// A sentence, when limits do not ascend or a number does not fit.
    pub fn from_limits(limits: &[(Option<Money>, Rate)]) -> Result<Self, String> {
        let mut tiers: Vec<Tier> = Vec::new();
        let mut floor = Money::ZERO;
        for (at, (limit, rate)) in limits.iter().enumerate() {
            let deduction = match tiers.last() {
                None => Money::ZERO,
                Some(below) => Self::next_deduction(floor, *rate, below.rate, below.deduction)
                    .map_err(|error| error.to_string())?,
            };
            tiers.push(Tier { floor, rate: *rate, deduction });
            match limit {
                Some(limit) if *limit > floor => floor = *limit,
                None if at + 1 == limits.len() => {}
                Some(limit) => {
                    return Err(format!("expected a limit above {floor}, found {limit}"));
                }
                None => return Err("expected a limit in every tier but the last".to_owned()),
            }
        }
        if tiers.is_empty() {
            return Err("expected at least one tier, found none".to_owned());
        }
        Ok(Self { tiers })
    }

    /// A table with its deductions as they are printed: a venue rounds some of them, and then the
    /// printed one is what it charges.
    ///
    /// # Errors
    /// As [`Tiers::from_limits`].
    pub fn printed(rows: &[(Option<Money>, Rate, Money)]) -> Result<Self, String> {
        let limits: Vec<_> = rows.iter().map(|(limit, rate, _)| (*limit, *rate)).collect();
        let mut table = Self::from_limits(&limits)?;
        for (tier, (_, _, deduction)) in table.tiers.iter_mut().zip(rows) {
            tier.deduction = *deduction;
        }
        Ok(table)
    }

    /// The deduction of a tier that starts at `floor`, from its rate and the tier below.
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn next_deduction(
        floor: Money,
        rate: Rate,
        rate_below: Rate,
        deduction_below: Money,
    ) -> Result<Money, Overflow> {
        let step = rate.minus(rate_below)?;
        floor.times(step, Round::Down)?.plus(deduction_below)
    }

    /// The deduction of each tier.
    pub fn deductions(&self) -> impl Iterator<Item = Money> + '_ {
        self.tiers.iter().map(|tier| tier.deduction)
    }

    /// What a notional asks: `notional * rate - deduction` of its tier, rounded up, never below
    /// zero (a deduction that was given for a higher tier alone can exceed a small notional's).
    ///
    /// # Errors
    /// [`Overflow`] when it does not fit.
    pub fn amount(&self, notional: Money) -> Result<Money, Overflow> {
        let tier = self.tier(notional);
        let amount = notional.times(tier.rate, Round::Up)?.minus(tier.deduction)?;
        Ok(amount.max(Money::ZERO))
    }

    /// The rate that counts at the margin of a notional.
    #[must_use]
    pub fn rate(&self, notional: Money) -> Rate {
        self.tier(notional).rate
    }

    fn tier(&self, notional: Money) -> &Tier {
        let above = self.tiers.partition_point(|tier| tier.floor < notional);
        &self.tiers[above.max(1) - 1]
    }

    pub(super) fn read(node: &Node) -> Result<Self, InputError> {
        let Value::List(items) = &node.value else {
            return Err(node.error("expected a list of tiers { up_to, rate }"));
        };
        let mut limits = Vec::new();
        let mut given = Vec::new();
        for item in items {
            let mut fields = Fields::of(item)?;
            let limit = fields.get("up_to").map(Node::decimal).transpose()?.map(Money::new);
            let rate = Rate::new(Range::RATE.number("rate", fields.need("rate")?)?);
            limits.push((limit, rate));
            given.push((item, fields.get("deduction").map(Node::decimal).transpose()?));
            fields.done()?;
        }
        let mut tiers = Self::from_limits(&limits).map_err(|problem| node.error(problem))?;
        for (tier, (item, given)) in tiers.tiers.iter_mut().zip(given) {
            let Some(given) = given.map(Money::new) else { continue };
            if items.len() > 1 && given != tier.deduction {
                let found = tier.deduction;
                return Err(item.error(format!(
                    "deduction: expected {found}, which keeps the table continuous, found {given}"
                )));
            }
            tier.deduction = given;
        }
        Ok(tiers)
    }
}

#[derive(Debug)]
struct Brackets {
    on: Filter,
    /// Whether the limits are in the market's currency; else in the settlement asset.
    in_market: bool,
    /// By venue symbol, base asset, or `default`.
    tables: BTreeMap<String, Tiers>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let on = Filter::read(fields.get("on"))?;
    let node = fields.need("tiers")?;
    let tables = match &node.value {
        Value::Table(table) => table
            .iter()
            .map(|(key, node)| Ok((key.clone(), Tiers::read(node)?)))
            .collect::<Result<_, InputError>>()?,
        _ => BTreeMap::from([("default".to_owned(), Tiers::read(node)?)]),
    };
    let words = [("market", true), ("settlement", false)];
    let in_market = fields.word("counted_in", &words, Some(true))?;
    Ok(Arc::new(Brackets { on, in_market, tables }))
}

impl Charge for Brackets {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        positions::sum(pool, |holding| {
            let one = holding.instrument;
            let Some((amount, notional)) = self.most(pool, holding)? else { return Ok(None) };
            let asset = self.unit(pool, one);
            let rate = self.table(one)?.rate(notional).to_f64() * 100.0;
            let text = format!("{}: {notional:.4} {asset} in the {rate} % tier", one.venue_symbol);
            Ok(Some(Asked { amount, asset, text }))
        })
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        self.on.is_about(instrument)
    }

    fn scope(&self) -> Scope {
        Scope::Row
    }

    fn term(&self, pool: &PoolView<'_>, row: usize) -> Result<Money, MarginError> {
        let holding = pool.holding(RowId::new(row))?;
        match self.most(pool, &holding)? {
            Some((own, _)) => pool.convert(own, self.unit(pool, holding.instrument), Round::Up),
            None => Ok(Money::ZERO),
        }
    }

    fn breaks_union(&self) -> Option<&'static str> {
        let tiered = self.tables.values().any(|table| table.tiers.len() > 1);
        let deducts = self.deductions().any(Money::is_positive);
        if tiered {
            return Some("a larger position reaches a higher tier");
        }
        deducts.then_some("each position apart has a deduction of its own, the union only one")
    }
}

impl Brackets {
    /// The most that any quantity of a holding asks, with its notional, as the tiers count.
    fn most(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
    ) -> Result<Option<(Money, Money)>, MarginError> {
        let one = holding.instrument;
        positions::most(&self.on, holding, |quantity| {
            let own = profit::notional(one, quantity, holding.quote.mark, Round::Up)?;
            let unit = self.unit(pool, one);
            let notional = pool.convert_between(own, &one.settle, unit, Round::Up)?;
            Ok((self.table(one)?.amount(notional)?, notional))
        })
    }

    fn deductions(&self) -> impl Iterator<Item = Money> {
        self.tables.values().flat_map(Tiers::deductions)
    }

    /// What limits and amounts are counted in.
    fn unit<'a>(&self, pool: &PoolView<'a>, instrument: &'a Instrument) -> &'a Asset {
        if self.in_market { &pool.market.currency } else { &instrument.settle }
    }

    fn table(&self, instrument: &Instrument) -> Result<&Tiers, MarginError> {
        [instrument.venue_symbol.as_str(), instrument.base.as_str(), "default"]
            .into_iter()
            .find_map(|key| self.tables.iter().find(|(own, _)| own.eq_ignore_ascii_case(key)))
            .map(|(_, table)| table)
            .ok_or_else(|| {
                MarginError::Unsupported(format!(
                    "the document has no tiers for {}: add a table {}, or default",
                    instrument.venue_symbol, instrument.base
                ))
            })
    }
}
