//! `formula`: a formula over earlier charges, evaluated underlying by underlying, expiry by expiry
//! or position by position, and summed.
//!
//! `max(spot_shock, extreme) + basis` for each underlying is not the same over the account: there
//! the risk of one underlying would hide the minimum of another. Names are charges that stand
//! before this one and `[params]` (a parameter by asset takes the underlying's value). By `unit` a
//! charge counts with what it asks of that underlying, by `expiry` with what it asks of everything
//! that settles in one asset at one time, by `position` with what it asks of that position; a
//! result below zero counts as zero, unless it is `signed`.
//!
//! A charge of the pool as a whole may be named by unit where it divides, such as a credit across
//! underlyings: the formula is then about the pool as a whole, too.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope, Share, Term};
use crate::document::Fields;
use crate::error::MarginError;
use crate::expr::{Formula, Interval};
use crate::param::Param;
use crate::range::{PoolSpan, Terms};
use crate::table::RowId;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Money, Rate, Round, instruments::nearest,
};
use std::sync::Arc;

#[derive(Debug)]
struct PerKey {
    formula: Formula,
    /// What the formula names, in its order.
    names: Vec<Name>,
    /// What it is evaluated for, one by one.
    each: Scope,
    /// Whether a name depends on every unit.
    pool_wide: bool,
    signed: bool,
}

/// A charge of the formula and what it asks of the pool.
struct Named<'a> {
    name: &'a str,
    outcome: Outcome,
    /// Whether it is made of others that are told apart by the same keys.
    divided: bool,
}

#[derive(Debug)]
enum Name {
    /// With its place in the document.
    Charge(String, Arc<dyn Charge>, usize),
    Param(String, Param),
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let words = [("unit", Scope::Unit), ("expiry", Scope::Bucket), ("position", Scope::Row)];
    let each = fields.word("by", &words, Some(Scope::Unit))?;
    let signed = fields.truth("signed", false)?;
    let node = fields.need("amount")?;
    let formula = Formula::parse(node.text()?).map_err(|error| node.error(error))?;
    let mut names = Vec::new();
    for name in formula.names() {
        let found = find(name, reading, each).map_err(|problem| node.error(problem))?;
        names.push(found);
    }
    if !names.iter().any(|name| matches!(name, Name::Charge(..))) {
        return Err(node.error("expected at least one charge that stands before this one"));
    }
    let pool_wide = names.iter().any(|name| match name {
        Name::Charge(_, charge, _) => charge.scope() == Scope::Pool,
        Name::Param(..) => false,
    });
    Ok(Arc::new(PerKey { formula, names, each, pool_wide, signed }))
}

/// What a name of the formula stands for.
fn find(name: &str, reading: &Reading<'_>, scope: Scope) -> Result<Name, String> {
    if let Some(param) = reading.params.get(name) {
        return Ok(Name::Param(name.to_owned(), param.clone()));
    }
    let Some(at) = reading.charges.iter().position(|one| one.name == name) else {
        let charges = reading.charges.iter().map(|one| one.name.as_str());
        let known = charges.chain(reading.params.keys().map(String::as_str));
        let near = nearest(name, known, 3).join(", ");
        return Err(format!("no charge before this and no parameter is {name:?}; nearest: {near}"));
    };
    let found = &reading.charges[at];
    let own = found.charge.scope();
    let divisible = match scope {
        Scope::Unit => {
            matches!(own, Scope::Unit | Scope::Bucket | Scope::Row) || found.charge.divides()
        }
        Scope::Bucket => matches!(own, Scope::Bucket | Scope::Row),
        _ => own == Scope::Row,
    };
    if !divisible {
        let by = match scope {
            Scope::Unit => "underlyings",
            Scope::Bucket => "expiries",
            _ => "positions",
        };
        return Err(format!("charge {name:?} is no sum over {by}"));
    }
    Ok(Name::Charge(name.to_owned(), Arc::clone(&found.charge), at))
}

impl Charge for PerKey {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let charged = self.outcomes(pool)?;
        let divided = self.divided(pool)?;
        for key in keys(pool, self.each) {
            let values = self.values(pool, key, &divided)?;
            let amount = self.evaluate(&values)?;
            if self.each == Scope::Unit {
                outcome.add_unit(&pool.table.units[key].underlying, amount)?;
            } else {
                outcome.amount = outcome.amount.plus(amount)?;
            }
            if amount.is_zero() {
                continue;
            }
            let value = |name: &str| self.value(name, &values);
            let filled =
                self.formula.filled(&|name| Some(value(name)?.round_to(2, Round::Up).to_string()));
            let text = format!("{}: {filled}", self.name_of(pool, key));
            outcome.lines.push(Line { text, amount });
            let mut shares = Vec::new();
            for one in &charged {
                let slope = self.formula.slope(one.name, &|name| value(name).map(Decimal::to_f64));
                let slope = Rate::from_f64(slope, Round::Nearest)?;
                let parts = one.outcome.parts.iter();
                for (part, own) in parts.filter(|(part, _)| self.is_of(pool, key, part)) {
                    outcome.parts.push((part.clone(), own.times(slope, Round::Nearest)?));
                }
                one.share(key, value(one.name).unwrap_or_default(), slope, &mut shares)?;
            }
            // What one charge alone decides is all of that charge, constants too.
            if let [only] = shares.as_mut_slice() {
                only.amount = amount;
            }
            outcome.shares.append(&mut shares);
        }
        Ok(outcome)
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        self.charges().any(|(_, charge)| charge.covers(instrument))
    }

    fn scope(&self) -> Scope {
        if self.pool_wide { Scope::Pool } else { self.each }
    }

    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        if self.pool_wide {
            return Ok(Money::sum(self.by_unit(pool)?)?);
        }
        self.evaluate(&self.values(pool, key, &[])?)
    }

    fn by_unit(&self, pool: &PoolView<'_>) -> Result<Vec<Money>, MarginError> {
        let divided = self.divided(pool)?;
        let units = 0..pool.table.units.len();
        units.map(|unit| self.evaluate(&self.values(pool, unit, &divided)?)).collect()
    }

    fn divides(&self) -> bool {
        self.pool_wide
    }

    fn has_spans(&self) -> bool {
        matches!(self.each, Scope::Row | Scope::Unit)
            && !self.pool_wide
            && self.charges().all(|(_, charge)| charge.has_spans())
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        if !self.has_spans() {
            return Ok(None);
        }
        let mut out = Terms::new();
        for key in keys(pool, self.each) {
            let mut values = Vec::with_capacity(self.names.len());
            for name in &self.names {
                values.push(match name {
                    Name::Param(name, param) => {
                        Interval::exact(param.get(name, self.underlying(pool, key))?)
                    }
                    Name::Charge(_, charge, at) => {
                        let Some(terms) = &of.earlier[*at] else { return Ok(None) };
                        let own = terms
                            .iter()
                            .filter(|(at, _)| self.is_part(pool, charge.scope(), **at, key));
                        let zero = Interval::exact(Decimal::ZERO);
                        own.map(|(_, term)| *term).try_fold(zero, Interval::plus)?
                    }
                });
            }
            let found = self.formula.evaluate_at(&values)?;
            let counted = |one: Decimal| if self.signed { one } else { one.max(Decimal::ZERO) };
            out.insert(key, Interval::between(counted(found.low()), counted(found.high())));
        }
        Ok(Some(out))
    }

    fn of_amounts(
        &self,
        amount: &dyn Fn(&str) -> Option<Decimal>,
    ) -> Option<Result<Money, MarginError>> {
        let value = |name: &Name| match name {
            Name::Charge(name, ..) => amount(name).unwrap_or(Decimal::ZERO),
            Name::Param(name, param) => {
                let plain = || param.get(name, &Asset::usd()).unwrap_or(Decimal::ZERO);
                amount(name).unwrap_or_else(plain)
            }
        };
        Some(self.evaluate(&self.names.iter().map(value).collect::<Vec<_>>()))
    }

    fn made_of(&self) -> Vec<&str> {
        self.charges().map(|(name, _)| name).collect()
    }

    fn breaks_union(&self) -> Option<&'static str> {
        if self.formula.chooses() {
            return Some("the smaller of several, for a sum, can pass the sum of the smaller ones");
        }
        if !self.formula.only_grows() {
            return Some("what it subtracts may net in the union, and leave more of the rest");
        }
        self.charges().find_map(|(_, charge)| charge.breaks_union())
    }

    fn needs_greeks(&self) -> bool {
        self.charges().any(|(_, charge)| charge.needs_greeks())
    }

    fn needs_expiries(&self) -> bool {
        self.charges().any(|(_, charge)| charge.needs_expiries())
    }

    fn clock(&self) -> Clock {
        let own = self.charges().map(|(_, charge)| charge.clock());
        own.max().unwrap_or(Clock::Never)
    }
}

impl Named<'_> {
    /// Adds what it brings to a formula that grows by `slope` with it, where it asks `own`.
    fn share(
        &self,
        key: usize,
        own: Decimal,
        slope: Rate,
        out: &mut Vec<Share>,
    ) -> Result<(), MarginError> {
        let mut add = |charge: &str, own: Money| -> Result<(), MarginError> {
            let amount = own.times(slope, Round::Nearest)?;
            if !amount.is_zero() {
                out.push(Share { key, charge: charge.to_owned(), amount });
            }
            Ok(())
        };
        if !self.divided {
            return add(self.name, Money::new(own));
        }
        let shares = self.outcome.shares.iter().filter(|share| share.key == key);
        shares.into_iter().try_for_each(|share| add(&share.charge, share.amount))
    }
}

impl PerKey {
    fn charges(&self) -> impl Iterator<Item = (&str, &Arc<dyn Charge>)> {
        self.names.iter().filter_map(|name| match name {
            Name::Charge(name, charge, _) => Some((name.as_str(), charge)),
            Name::Param(..) => None,
        })
    }

    /// What every charge that the formula names asks of the pool.
    fn outcomes(&self, pool: &PoolView<'_>) -> Result<Vec<Named<'_>>, MarginError> {
        let of = |(name, charge): (_, &Arc<dyn Charge>)| {
            // Only a formula by unit is about the pool as a whole.
            let keys = if charge.divides() { Scope::Unit } else { charge.scope() };
            let divided = !charge.made_of().is_empty() && keys == self.each;
            Ok(Named { name, outcome: charge.amount(pool)?, divided })
        };
        self.charges().map(of).collect()
    }

    /// What each name that is a charge of the whole pool asks by unit; nothing for the others.
    fn divided(&self, pool: &PoolView<'_>) -> Result<Vec<Vec<Money>>, MarginError> {
        let of = |name: &Name| match name {
            Name::Charge(_, charge, at) if charge.divides() => match known(pool, *at) {
                Some(terms) => Ok(terms.iter().map(|(_, amount)| *amount).collect()),
                None => charge.by_unit(pool),
            },
            _ => Ok(Vec::new()),
        };
        self.names.iter().map(of).collect()
    }

    /// The value of each name, in the formula's order.
    fn values(
        &self,
        pool: &PoolView<'_>,
        key: usize,
        divided: &[Vec<Money>],
    ) -> Result<Vec<Decimal>, MarginError> {
        let mut values = Vec::with_capacity(self.names.len());
        for (at, name) in self.names.iter().enumerate() {
            if let Some(own) = divided.get(at).and_then(|units| units.get(key)) {
                values.push(own.decimal());
                continue;
            }
            values.push(match name {
                Name::Param(name, param) => param.get(name, self.underlying(pool, key))?,
                Name::Charge(_, charge, at) => {
                    let terms = known(pool, *at);
                    self.of_key(pool, charge.as_ref(), terms, key)?.decimal()
                }
            });
        }
        Ok(values)
    }

    /// What a charge asks of a unit, an expiry or a position; its terms where they are known.
    fn of_key(
        &self,
        pool: &PoolView<'_>,
        charge: &dyn Charge,
        known: Option<&[Term]>,
        key: usize,
    ) -> Result<Money, MarginError> {
        let scope = charge.scope();
        if scope == self.each {
            let found = known.and_then(|terms| {
                terms.binary_search_by_key(&key, |(at, _)| *at).ok().map(|place| terms[place].1)
            });
            return found.map_or_else(|| charge.term(pool, key), Ok);
        }
        let within = |at: usize| self.is_part(pool, scope, at, key);
        if let Some(terms) = known {
            let own = terms.iter().filter(|(at, _)| within(*at));
            return Ok(Money::sum(own.map(|(_, amount)| *amount))?);
        }
        let mut sum = Money::ZERO;
        for at in keys(pool, scope).into_iter().filter(|at| within(*at)) {
            sum = sum.plus(charge.term(pool, at)?)?;
        }
        Ok(sum)
    }

    /// Whether a key of a scope is of a key of the formula.
    fn is_part(&self, pool: &PoolView<'_>, scope: Scope, at: usize, key: usize) -> bool {
        match (scope, self.each) {
            (own, each) if own == each => at == key,
            (Scope::Bucket, _) => pool.table.buckets[at].unit == key,
            (_, Scope::Unit) => pool.table.line(RowId::new(at)).unit == key,
            _ => pool.table.line(RowId::new(at)).bucket == key,
        }
    }

    fn evaluate(&self, values: &[Decimal]) -> Result<Money, MarginError> {
        let values: Vec<Interval> = values.iter().map(|value| Interval::exact(*value)).collect();
        let found = Money::new(self.formula.evaluate_at(&values)?.high());
        Ok(if self.signed { found } else { found.max(Money::ZERO) })
    }

    fn value(&self, name: &str, values: &[Decimal]) -> Option<Decimal> {
        self.formula.names().position(|own| own == name).map(|at| values[at])
    }

    fn underlying<'p>(&self, pool: &'p PoolView<'_>, key: usize) -> &'p Asset {
        let unit = match self.each {
            Scope::Unit => key,
            Scope::Bucket => pool.table.buckets[key].unit,
            _ => pool.table.line(RowId::new(key)).unit,
        };
        &pool.table.units[unit].underlying
    }

    fn name_of(&self, pool: &PoolView<'_>, key: usize) -> String {
        if self.each == Scope::Unit {
            return self.underlying(pool, key).to_string();
        }
        if self.each == Scope::Bucket {
            let expiry = pool.table.buckets[key].expiry;
            let expiry = expiry.map_or_else(|| "no expiry".to_owned(), |one| one.to_string());
            return format!("{} {expiry}", self.underlying(pool, key));
        }
        let id = pool.table.line(RowId::new(key)).instrument;
        pool.market.instruments.get(id).venue_symbol.clone()
    }

    /// Whether a part of a charge belongs to a unit or a position.
    fn is_of(&self, pool: &PoolView<'_>, key: usize, part: &Part) -> bool {
        match part {
            Part::Position(id) => pool.table.row(*id).is_some_and(|row| {
                key == match self.each {
                    Scope::Unit => pool.table.line(row).unit,
                    Scope::Bucket => pool.table.line(row).bucket,
                    _ => row.index(),
                }
            }),
            Part::Holding(asset) => {
                self.each == Scope::Unit && pool.table.units[key].underlying == *asset
            }
        }
    }
}

/// Units, buckets, or rows held or ordered.
fn keys(pool: &PoolView<'_>, scope: Scope) -> Vec<usize> {
    match scope {
        Scope::Unit => (0..pool.table.units.len()).collect(),
        Scope::Bucket => (0..pool.table.buckets.len()).collect(),
        _ => pool.rows().into_iter().map(RowId::index).collect(),
    }
}

/// What the charge at a place in the document asked, where that is known.
fn known<'a>(pool: &PoolView<'a>, charge: usize) -> Option<&'a [Term]> {
    pool.known.and_then(|known| known.of(charge))
}
