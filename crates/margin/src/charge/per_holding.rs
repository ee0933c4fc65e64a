//! `per-holding`: a formula of the document for each asset held outright.
//!
//! Names: `amount`, `price` (market currency), `value` (pool currency), `confidence` (of the
//! asset's own price feed), `index_confidence` (the lowest of the pool's underlyings),
//! `perpetual_confidence` (the lowest of the perpetuals held), and `[params]` by asset. What is
//! owed, what the document does not accept, and the pool's own currency are asked nothing.

use super::{Charge, Clock, Line, Outcome, Part, PoolView, Reading, Scope, view::Holding};
use crate::collateral::CollateralRule;
use crate::document::Fields;
use crate::error::MarginError;
use crate::expr::{Formula, Interval};
use crate::param::Param;
use keelmark_book::{
    Asset, Balance, Decimal, InputError, Kind, Money, Rate, Round, instruments::nearest,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that a formula may use, besides parameters.
const NAMES: &[&str] =
    &["amount", "price", "value", "confidence", "index_confidence", "perpetual_confidence"];

#[derive(Debug)]
struct PerHolding {
    formula: Formula,
    params: BTreeMap<String, Param>,
    /// What the document counts: of nothing else is asked for counting too much.
    accepted: CollateralRule,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let node = fields.need("amount")?;
    let formula = Formula::parse(node.text()?).map_err(|error| node.error(error))?;
    let params = params(&formula, NAMES, reading).map_err(|problem| node.error(problem))?;
    let accepted = reading.collateral.clone();
    Ok(Arc::new(PerHolding { formula, params, accepted }))
}

/// The parameters that a formula uses beside the names that a charge knows.
pub(super) fn params(
    formula: &Formula,
    known: &[&str],
    reading: &Reading<'_>,
) -> Result<BTreeMap<String, Param>, String> {
    let mut params = BTreeMap::new();
    for name in formula.names() {
        match reading.params.get(name) {
            Some(param) => {
                params.insert(name.to_owned(), param.clone());
            }
            None if known.contains(&name) => {}
            None => {
                let known = known.iter().copied().chain(reading.params.keys().map(String::as_str));
                let near = nearest(name, known, 3).join(", ");
                return Err(format!("unknown name {name:?}; nearest: {near}"));
            }
        }
    }
    Ok(params)
}

/// The lowest confidence of the perpetuals of some holdings; 1 where none is held.
pub(super) fn perpetual_confidence<'a>(
    pool: &PoolView<'_>,
    holdings: impl IntoIterator<Item = &'a Holding<'a>>,
) -> Rate {
    holdings
        .into_iter()
        .filter(|one| one.instrument.kind == Kind::Perpetual)
        .filter(|one| one.quantities.iter().any(|quantity| !quantity.is_zero()))
        .map(|one| pool.market.detail(one.id).confidence)
        .fold(Rate::ONE, Rate::min)
}

impl Charge for PerHolding {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        let underlyings = pool.table.units.iter().map(|unit| &unit.underlying);
        let index = underlyings.map(|one| pool.market.confidence(one)).fold(Rate::ONE, Rate::min);
        let perpetual = if self.formula.uses("perpetual_confidence") {
            perpetual_confidence(pool, &pool.holdings()?)
        } else {
            Rate::ONE
        };
        for held in pool.collateral {
            let counts = held.amount.is_positive() && self.accepted.of(&held.asset).is_some();
            if held.asset == *pool.currency() || !counts {
                continue;
            }
            let values = values(pool, held, index, perpetual)?;
            let value = |name: &str| self.value(name, &values, &held.asset);
            let found = self.formula.evaluate(&|name| value(name).map(Interval::exact))?;
            let amount = Money::new(found.high());
            if amount.is_zero() {
                continue;
            }
            outcome.amount = outcome.amount.plus(amount)?;
            let filled = self
                .formula
                .filled(&|name| Some(value(name)?.round_to(6, Round::Nearest).to_string()));
            outcome.lines.push(Line { text: format!("{}: {filled}", held.asset), amount });
            outcome.parts.push((Part::Holding(held.asset.clone()), amount));
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Collateral
    }

    fn breaks_union(&self) -> Option<&'static str> {
        let grows = self.formula.only_grows();
        (!grows).then_some("its formula looks at more than the amount held")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl PerHolding {
    fn value(&self, name: &str, values: &[Decimal; 6], asset: &Asset) -> Option<Decimal> {
        let at = NAMES.iter().position(|known| *known == name);
        let param = || self.params.get(name)?.get(name, asset).ok();
        at.map(|at| values[at]).or_else(param)
    }
}

/// The values of [`NAMES`], in order.
fn values(
    pool: &PoolView<'_>,
    held: &Balance,
    index: Rate,
    perpetual: Rate,
) -> Result<[Decimal; 6], MarginError> {
    Ok([
        held.amount.decimal(),
        pool.market.price(&held.asset)?.decimal(),
        pool.convert(held.amount, &held.asset, Round::Up)?.decimal(),
        pool.market.confidence(&held.asset).decimal(),
        index.decimal(),
        perpetual.decimal(),
    ])
}
