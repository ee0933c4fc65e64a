//! `brackets`: tiered maintenance, continuous at every edge.
//!
//! A tier table is marginal like a tax table: the rate of a tier counts for the notional inside
//! it. Venues print the same thing as `notional * rate - deduction`, where
//! `deduction_n = floor_n * (rate_n - rate_(n-1)) + deduction_(n-1)`. A tier may say its highest
//! leverage instead of a rate: the rate is then `share` over it, one half where maintenance is half
//! of the initial margin at that leverage.
//!
//! A table whose limits are `contracts` is the other kind: the tier that the number of contracts
//! falls in holds for all of the position.

use super::per_position::Filter;
use super::positions::{self, Asked};
use super::view::Holding;
use super::{Charge, Clock, Outcome, PoolView, Reading, Scope};
use crate::document::tree::{Node, Value};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::expr::Interval;
use crate::range::{PoolSpan, Terms};
use crate::table::RowId;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Money, Overflow, Price, Quantity, Rate, Round, profit,
};
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

    /// A table from the upper limit and the highest leverage of each tier: its rate is `share` over
    /// the leverage, rounded up.
    ///
    /// # Errors
    /// As [`Tiers::from_limits`], or when a leverage is not above zero.
    pub fn from_leverage(rows: &[(Option<Money>, Decimal)], share: Rate) -> Result<Self, String> {
        let rated = rows.iter().map(|(limit, leverage)| Ok((*limit, rate_of(*leverage, share)?)));
        Self::from_limits(&rated.collect::<Result<Vec<_>, String>>()?)
    }

    /// The index, rate and deduction of the tier that a notional is in, where a tier holds its
    /// lower bound: at an edge both sides ask the same, but the upper one's leverage applies.
    #[must_use]
    pub fn reached(&self, notional: Money) -> (usize, Rate, Money) {
        let at = self.tiers.partition_point(|tier| tier.floor <= notional).max(1) - 1;
        (at, self.tiers[at].rate, self.tiers[at].deduction)
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

    /// What the ends of an interval ask, with what is asked on both sides of each edge inside: a
    /// deduction that was given may leave a step there. Within a tier the amount only grows.
    fn with_edges(&self, ends: Interval, notional: Interval) -> Result<Interval, Overflow> {
        let mut found = ends;
        for pair in self.tiers.windows(2) {
            let edge = pair[1].floor;
            if edge.decimal() < notional.low() || notional.high() < edge.decimal() {
                continue;
            }
            for tier in pair {
                let asked = edge.times(tier.rate, Round::Up)?.minus(tier.deduction)?;
                found = found.with(Interval::exact(asked.max(Money::ZERO).decimal()));
            }
        }
        Ok(found)
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

    pub(super) fn read(node: &Node, share: Rate) -> Result<Self, InputError> {
        let Value::List(items) = &node.value else {
            return Err(node.error("expected a list of tiers { up_to, rate }"));
        };
        let mut limits = Vec::new();
        let mut given = Vec::new();
        for item in items {
            let mut fields = Fields::of(item)?;
            let limit = fields.get("up_to").map(Node::decimal).transpose()?.map(Money::new);
            let rate = match fields.get("leverage") {
                Some(leverage) => rate_of(leverage.decimal()?, share)
                    .map_err(|problem| leverage.error(format!("leverage: {problem}")))?,
                None => Rate::new(Range::RATE.number("rate", fields.need("rate")?)?),
            };
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

/// A table of one of the two kinds.
#[derive(Debug)]
enum Table {
    /// Each rate counts for the notional inside its tier.
    Marginal(Tiers),
    /// The rate of the tier of a number of contracts counts for all: upper limits and rates.
    Whole(Vec<(Option<Quantity>, Rate)>),
}

impl Table {
    fn read(node: &Node, share: Rate) -> Result<Self, InputError> {
        let whole = match &node.value {
            Value::List(items) => items.iter().any(|item| match &item.value {
                Value::Table(fields) => fields.contains_key("contracts"),
                _ => false,
            }),
            _ => false,
        };
        if whole { Self::read_whole(node) } else { Tiers::read(node, share).map(Self::Marginal) }
    }

    fn read_whole(node: &Node) -> Result<Self, InputError> {
        let Value::List(items) = &node.value else {
            return Err(node.error("expected a list of tiers { contracts, rate }"));
        };
        let mut rows: Vec<(Option<Quantity>, Rate)> = Vec::new();
        let mut below = Some(Quantity::ZERO);
        for item in items {
            let mut fields = Fields::of(item)?;
            let limit = fields.get("contracts").map(Node::decimal).transpose()?.map(Quantity::new);
            let rate = Rate::new(fields.need("rate")?.decimal()?);
            fields.done()?;
            if rate.is_negative() {
                return Err(item.error(format!("rate: expected zero or more, found {rate}")));
            }
            match below {
                None => return Err(item.error("expected a limit in every tier but the last")),
                Some(below) if limit.is_some_and(|limit| limit <= below) => {
                    return Err(item.error(format!("contracts: expected above {below}")));
                }
                Some(_) => {}
            }
            below = limit;
            rows.push((limit, rate));
        }
        Ok(Self::Whole(rows))
    }

    /// What a position asks, and the rate at its margin.
    fn amount(&self, quantity: Quantity, notional: Money) -> Result<(Money, Rate), Overflow> {
        match self {
            Self::Marginal(tiers) => Ok((tiers.amount(notional)?, tiers.rate(notional))),
            Self::Whole(rows) => {
                let held = quantity.abs();
                let inside = |limit: &Option<Quantity>| limit.is_none_or(|limit| held <= limit);
                // Above the last limit nothing may be held: the highest rate.
                let found = rows.iter().find(|(limit, _)| inside(limit)).or(rows.last());
                let rate = found.map_or(Rate::ONE, |(_, rate)| *rate);
                Ok((notional.times(rate, Round::Up)?, rate))
            }
        }
    }

    /// What a position asks at most and least, of a notional somewhere in an interval.
    fn within(&self, quantity: Quantity, notional: Interval) -> Result<Interval, Overflow> {
        let at = |one: Decimal| Ok(self.amount(quantity, Money::new(one))?.0.decimal());
        let ends = notional.through(at)?;
        match self {
            Self::Marginal(tiers) => tiers.with_edges(ends, notional),
            Self::Whole(_) => Ok(ends),
        }
    }

    fn is_tiered(&self) -> bool {
        match self {
            Self::Marginal(table) => table.tiers.len() > 1,
            Self::Whole(rows) => rows.len() > 1,
        }
    }
}

/// The most that a holding asks, with the notional and the rate that it comes from.
type Most = (Money, (Money, Rate));

/// The rate of a highest leverage.
fn rate_of(leverage: Decimal, share: Rate) -> Result<Rate, String> {
    if !leverage.is_positive() {
        return Err(format!("expected above zero, found {leverage}"));
    }
    let rate = share.decimal().over(leverage, Round::Up).map_err(|error| error.to_string())?;
    Ok(Rate::new(rate))
}

#[derive(Debug)]
struct Brackets {
    on: Filter,
    /// Whether the limits are in the market's currency; else in the settlement asset.
    in_market: bool,
    /// By venue symbol, base asset, or `default`.
    tables: BTreeMap<String, Table>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let on = Filter::read(fields.get("on"))?;
    let share = Rate::new(fields.decimal_or("share", Decimal::ONE)?);
    let node = fields.need("tiers")?;
    let tables = match &node.value {
        Value::Table(table) => table
            .iter()
            .map(|(key, node)| Ok((key.clone(), Table::read(node, share)?)))
            .collect::<Result<_, InputError>>()?,
        _ => BTreeMap::from([("default".to_owned(), Table::read(node, share)?)]),
    };
    let words = [("market", true), ("settlement", false)];
    let in_market = fields.word("counted_in", &words, Some(true))?;
    Ok(Arc::new(Brackets { on, in_market, tables }))
}

impl Charge for Brackets {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        positions::sum(pool, |holding| {
            let one = holding.instrument;
            let Some((amount, (notional, rate))) = self.most(pool, holding)? else {
                return Ok(None);
            };
            let (asset, rate) = (self.unit(pool, one), rate.to_f64() * 100.0);
            let text = format!("{}: {notional:.4} {asset} in the {rate} % tier", one.venue_symbol);
            Ok(Some(Asked { amount, asset, text }))
        })
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        self.on.is_about(instrument)
    }

    fn leaves_out(&self, instrument: &Instrument) -> bool {
        !self.on.is_about(instrument)
    }

    fn scope(&self) -> Scope {
        Scope::Row
    }

    fn term(&self, pool: &PoolView<'_>, row: usize) -> Result<Money, MarginError> {
        let holding = pool.holding(RowId::new(row))?;
        match self.most(pool, &holding)? {
            Some((most, _)) => pool.convert(most, self.unit(pool, holding.instrument), Round::Up),
            None => Ok(Money::ZERO),
        }
    }

    fn has_spans(&self) -> bool {
        true
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let span = of.span;
        positions::within(pool, &self.on, |holding, quantity| {
            let one = holding.instrument;
            let own = span.mark(holding.id)?.through(|mark| {
                let mark = Price::new(mark);
                profit::notional(one, quantity, mark, Round::Up).map(Money::decimal)
            })?;
            let unit = self.unit(pool, one);
            let notional = span.convert(own, &one.settle, unit, Round::Up)?;
            let asked = self.table(one)?.within(quantity, notional)?;
            Ok(Some(span.convert(asked, unit, pool.currency(), Round::Up)?))
        })
    }

    fn breaks_union(&self) -> Option<&'static str> {
        let tiered = self.tables.values().any(Table::is_tiered);
        let deducts = self.deductions().any(Money::is_positive);
        if tiered {
            return Some("a larger position reaches a higher tier");
        }
        deducts.then_some("each position apart has a deduction of its own, the union only one")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl Brackets {
    /// The most that any quantity of a holding asks, as the tiers count.
    fn most(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
    ) -> Result<Option<Most>, MarginError> {
        let one = holding.instrument;
        positions::most(&self.on, holding, |quantity| {
            let own = profit::notional(one, quantity, holding.quote.mark, Round::Up)?;
            let unit = self.unit(pool, one);
            let notional = pool.convert_between(own, &one.settle, unit, Round::Up)?;
            let (amount, rate) = self.table(one)?.amount(quantity, notional)?;
            Ok((amount, (notional, rate)))
        })
    }

    fn deductions(&self) -> impl Iterator<Item = Money> {
        self.tables.values().flat_map(|table| match table {
            Table::Marginal(tiers) => tiers.deductions().collect(),
            Table::Whole(_) => Vec::new(),
        })
    }

    /// What limits and amounts are counted in.
    fn unit<'a>(&self, pool: &PoolView<'a>, instrument: &'a Instrument) -> &'a Asset {
        if self.in_market { &pool.market.currency } else { &instrument.settle }
    }

    fn table(&self, instrument: &Instrument) -> Result<&Table, MarginError> {
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

#[cfg(test)]
mod tests {
    use crate::{Document, margin};
    use keelmark_book::read;

    const MODEL: &str = r#"
schema = "keelmark/model/1"
extends = "cross"
name = "mine"
[[charge]]
name = "futures_maintenance"
[charge.tiers]
PERP = [{ contracts = "1000", rate = "0.004" }, { contracts = "5000", rate = "0.005" }]
"#;

    fn maintenance(quantity: &str) -> String {
        let market = "instrument,venue_symbol,mark,contract_size,lot,as_of
BTC,,70000,,,2026-03-13T19:00:00Z
USDT,,1,,,2026-03-13T19:00:00Z
okx:BTC/USDT:USDT,PERP,70000,0.01,1,2026-03-13T19:00:00Z
";
        let market = read::market_csv("m", market.as_bytes()).unwrap();
        let book = format!("account,instrument,qty\nme,USDT,9000000\nme,PERP,{quantity}\n");
        let book = read::book_csv("b", book.as_bytes(), &market).unwrap();
        let document = Document::parse("mine.toml", MODEL).unwrap();
        margin(&document, &market, &book.accounts[0]).unwrap().total.maintenance.to_string()
    }

    #[test]
    fn the_tier_of_a_number_of_contracts_counts_for_all_of_them() {
        assert_eq!(maintenance("1000"), "2800");
        assert_eq!(maintenance("-1001"), "3503.5");
        // Above the last limit the highest rate goes on.
        assert_eq!(maintenance("6000"), "21000");
    }

    #[test]
    fn a_table_of_contracts_that_does_not_ascend_is_refused() {
        for (rows, said) in [
            (
                r#"[{ contracts = "10", rate = "0.1" }, { contracts = "10", rate = "0.2" }]"#,
                "above 10",
            ),
            (
                r#"[{ rate = "0.1" }, { contracts = "10", rate = "0.2" }]"#,
                "every tier but the last",
            ),
            (r#"[{ contracts = "10", rate = "-0.1" }]"#, "zero or more"),
            (r#"[{ contracts = "10", up_to = "5", rate = "0.1" }]"#, "up_to"),
        ] {
            let text = format!("{}PERP = {rows}\n", MODEL.split("PERP").next().unwrap());
            let error = Document::parse("mine.toml", &text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
