//! `per-position`: a formula of the document for each position that a filter lets through.
//!
//! The venues' option formulas, size-scaled rates and plain fractions of notional are all this.
//! `per_unit` is multiplied by the coins of the position, `amount` is the position as a whole;
//! either is in the settlement asset. Names: `index`, `mark`, `forward`, `strike`, `otm`,
//! `size` (coins, without sign), `contracts` (signed), `notional`, `leverage`, `open_interest`
//! (coins, where the market says it), and `[params]`.
//!
//! How sure the feeds are, 0 to 1: `index_confidence`, `mark_confidence`, `forward_confidence`,
//! `vol_confidence`, `rate_confidence`, and `perpetual_confidence`, the lowest mark confidence of
//! the perpetuals held on the same underlying (1 where none is): that one looks past the position,
//! so the charge is then a sum over underlyings.

use super::per_holding::{params, perpetual_confidence};
use super::positions::{self, Asked};
use super::view::Holding;
use super::{Charge, Clock, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::document::tree::Node;
use crate::error::MarginError;
use crate::expr::{EvalError, Formula, Interval};
use crate::param::Param;
use crate::range::{PoolSpan, Span, Terms};
use crate::table::RowId;
use keelmark_book::{
    Asset, Decimal, InputError, Instrument, Kind, Money, Price, Quantity, Rate, Right, Round,
    profit, settlement,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names that a formula may use, besides parameters.
const NAMES: &[&str] = &[
    "index",
    "mark",
    "forward",
    "strike",
    "otm",
    "size",
    "contracts",
    "notional",
    "leverage",
    OPEN_INTEREST,
    "index_confidence",
    "mark_confidence",
    "forward_confidence",
    "vol_confidence",
    "rate_confidence",
    PERPETUAL,
];
const OPEN_INTEREST: &str = "open_interest";

/// The confidence that belongs to other positions.
const PERPETUAL: &str = "perpetual_confidence";

#[derive(Debug)]
struct PerPosition {
    on: Filter,
    formula: Formula,
    per_unit: bool,
    params: BTreeMap<String, Param>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    reading: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let on = Filter::read(fields.get("on"))?;
    let (node, per_unit) = match (fields.get("per_unit"), fields.get("amount")) {
        (Some(node), None) => (node, true),
        (None, Some(node)) => (node, false),
        _ => return Err(fields.error("expected either per_unit or amount")),
    };
    let formula = Formula::parse(node.text()?).map_err(|error| node.error(error))?;
    let params = params(&formula, NAMES, reading).map_err(|problem| node.error(problem))?;
    Ok(Arc::new(PerPosition { on, formula, per_unit, params }))
}

impl Charge for PerPosition {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let holdings = pool.holdings()?;
        positions::sum(pool, |holding| {
            let perpetual = self.perpetual(pool, &holdings, holding);
            let Some(amount) = self.most(pool, holding, perpetual)? else { return Ok(None) };
            let text = self.describe(pool, holding, amount, perpetual);
            Ok(Some(Asked { amount, asset: &holding.instrument.settle, text }))
        })
    }

    fn covers(&self, instrument: &Instrument) -> bool {
        self.on.is_about(instrument)
    }

    fn leaves_out(&self, instrument: &Instrument) -> bool {
        !self.on.is_about(instrument)
    }

    fn scope(&self) -> Scope {
        if self.formula.uses(PERPETUAL) { Scope::Unit } else { Scope::Row }
    }

    fn looks_at_open_interest(&self) -> bool {
        self.formula.uses(OPEN_INTEREST)
    }

    fn term(&self, pool: &PoolView<'_>, key: usize) -> Result<Money, MarginError> {
        if self.scope() == Scope::Unit {
            return self.of_unit(pool, key);
        }
        let holding = pool.holding(RowId::new(key))?;
        match self.most(pool, &holding, Rate::ONE)? {
            Some(own) => pool.convert(own, &holding.instrument.settle, Round::Up),
            None => Ok(Money::ZERO),
        }
    }

    fn has_spans(&self) -> bool {
        // What is told beside a price, or changes with every trade, has no span.
        let moves = |name: &str| name.ends_with("_confidence") || name == "forward";
        !self.formula.names().any(|name| moves(name) || name == OPEN_INTEREST)
    }

    fn within(&self, pool: &PoolView<'_>, of: &PoolSpan<'_>) -> Result<Option<Terms>, MarginError> {
        let span = of.span;
        if !self.has_spans() {
            return Ok(None);
        }
        positions::within(pool, &self.on, |holding, quantity| {
            self.term_within(pool, span, holding, quantity).map(Some)
        })
    }

    fn breaks_union(&self) -> Option<&'static str> {
        if self.formula.uses(PERPETUAL) {
            return Some("a perpetual of one book may lower the confidence of the other's options");
        }
        if self.formula.uses("size") {
            return Some("its formula uses the size of the position, so a rate may grow with it");
        }
        if self.formula.rounds() {
            return Some("its formula rounds to whole steps, so the union can ask one step more");
        }
        let chosen = self.formula.uses("leverage");
        chosen.then_some("where two books chose a leverage apart, the lower counts for the union")
    }

    fn clock(&self) -> Clock {
        Clock::Never
    }
}

impl PerPosition {
    /// The lowest confidence of the perpetuals on the underlying of a holding, where the formula
    /// asks.
    fn perpetual(&self, pool: &PoolView<'_>, all: &[Holding<'_>], of: &Holding<'_>) -> Rate {
        if !self.formula.uses(PERPETUAL) {
            return Rate::ONE;
        }
        perpetual_confidence(
            pool,
            all.iter().filter(|one| one.instrument.base == of.instrument.base),
        )
    }

    /// What all positions on one underlying ask.
    fn of_unit(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let holdings = pool.holdings()?;
        let mut sum = Money::ZERO;
        for holding in &holdings {
            let row = pool.table.row(holding.id);
            if row.is_none_or(|row| pool.table.line(row).unit != unit) {
                continue;
            }
            let perpetual = self.perpetual(pool, &holdings, holding);
            if let Some(own) = self.most(pool, holding, perpetual)? {
                sum = sum.plus(pool.convert(own, &holding.instrument.settle, Round::Up)?)?;
            }
        }
        Ok(sum)
    }

    /// The most that any quantity of a holding asks, in its settlement asset; `None` where the
    /// filter lets none through.
    fn most(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
        perpetual: Rate,
    ) -> Result<Option<Money>, MarginError> {
        let asks = |quantity| Ok((self.of(pool, holding, quantity, perpetual)?, ()));
        Ok(positions::most(&self.on, holding, asks)?.map(|(amount, ())| amount))
    }

    fn of(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
        quantity: Quantity,
        perpetual: Rate,
    ) -> Result<Money, MarginError> {
        let values = Values { pool, holding, quantity, perpetual };
        let mut found = Vec::with_capacity(NAMES.len());
        for name in self.formula.names() {
            let Some(value) = self.value(name, &values)? else {
                return Err(self.no_value(name, holding));
            };
            found.push(Interval::exact(value));
        }
        let found = self.formula.evaluate_at(&found)?;
        if !self.per_unit {
            return Ok(Money::new(found.high()));
        }
        let coins = quantity
            .decimal()
            .abs()
            .times(holding.instrument.contract_size.decimal(), Round::Up)?;
        Ok(Money::new(found.high().times(coins, Round::Up)?))
    }

    /// What a position asks at most and least within a span, in the pool's currency.
    fn term_within(
        &self,
        pool: &PoolView<'_>,
        span: &Span<'_>,
        holding: &Holding<'_>,
        quantity: Quantity,
    ) -> Result<Interval, MarginError> {
        let one = holding.instrument;
        let values = Values { pool, holding, quantity, perpetual: Rate::ONE };
        let mut named = Vec::with_capacity(NAMES.len());
        for name in self.formula.names() {
            named.push(match values.within(span, name)? {
                Some(moves) => moves,
                // What no price moves - strike, contracts, leverage - is as it is now.
                None => match self.value(name, &values)? {
                    Some(value) => Interval::exact(value),
                    None => return Err(self.no_value(name, holding)),
                },
            });
        }
        let found = self.formula.evaluate_at(&named)?;
        let coins = quantity.decimal().abs().times(one.contract_size.decimal(), Round::Up)?;
        let own =
            if self.per_unit { found.through(|at| at.times(coins, Round::Up))? } else { found };
        span.convert(own, &one.settle, pool.currency(), Round::Up)
    }

    /// What a name stands for: the position's own value first, then the document's parameter.
    fn value(&self, name: &str, of: &Values<'_, '_>) -> Result<Option<Decimal>, MarginError> {
        let param = || self.params.get(name)?.get(name, &of.holding.instrument.base).ok();
        Ok(of.get(name)?.or_else(param))
    }

    fn no_value(&self, name: &str, holding: &Holding<'_>) -> MarginError {
        if name != OPEN_INTEREST {
            let (formula, name) = (self.formula.to_string(), name.to_owned());
            return EvalError::NoValue { formula, name }.into();
        }
        MarginError::Unsupported(format!(
            "{}: the model scales its margin by open interest, and the market has none for it: \
             give its row an open_interest, in contracts",
            holding.instrument.venue_symbol
        ))
    }

    fn describe(
        &self,
        pool: &PoolView<'_>,
        holding: &Holding<'_>,
        own: Money,
        perpetual: Rate,
    ) -> String {
        let quantity = holding.quantities.first().copied().unwrap_or_default();
        let values = Values { pool, holding, quantity, perpetual };
        let filled = self.formula.filled(&|name| {
            let value = self.value(name, &values).ok()??;
            Some(value.round_to(6, Round::Nearest).to_string())
        });
        let each = if self.per_unit { " a unit" } else { "" };
        let one = holding.instrument;
        format!("{} {quantity}: {filled}{each} = {own:.6} {}", one.venue_symbol, one.settle)
    }
}

/// A position whose values formulas ask for by name.
struct Values<'a, 'b> {
    pool: &'b PoolView<'a>,
    holding: &'b Holding<'a>,
    quantity: Quantity,
    /// The lowest confidence of the perpetuals on its underlying.
    perpetual: Rate,
}

impl Values<'_, '_> {
    /// What a name stands for of the position; `None` where it has no such value.
    fn get(&self, name: &str) -> Result<Option<Decimal>, MarginError> {
        let Holding { id, instrument: one, quote, .. } = *self.holding;
        let (market, detail) = (self.pool.market, || self.pool.market.detail(id));
        Ok(Some(match name {
            "index" => self.pool.index_of(one)?.decimal(),
            "mark" => quote.mark.decimal(),
            "size" => one.base_size(self.quantity, quote.mark)?.decimal().abs(),
            "contracts" => self.quantity.decimal(),
            "notional" => self.notional()?,
            "forward" => return Ok(quote.forward.map(Price::decimal)),
            "strike" => return Ok(one.option_terms().map(|(strike, _)| strike.decimal())),
            "otm" => {
                let Some((strike, right)) = one.option_terms() else { return Ok(None) };
                settlement::out_of_the_money(right, strike, self.pool.index_of(one)?)?.decimal()
            }
            "leverage" => return Ok(self.pool.leverage.get(&id).copied()),
            OPEN_INTEREST => {
                let Some(open) = market.open_interest(id) else { return Ok(None) };
                one.base_size(open, quote.mark)?.decimal()
            }
            "index_confidence" => market.confidence(&one.base).decimal(),
            "mark_confidence" => detail().confidence.decimal(),
            "forward_confidence" => detail().forward_confidence.decimal(),
            "vol_confidence" => detail().vol_confidence.decimal(),
            "rate_confidence" => detail().rate_confidence.decimal(),
            PERPETUAL => self.perpetual.decimal(),
            _ => return Ok(None),
        }))
    }

    /// What a name that prices move stands for within a span; `None` where none moves it.
    fn within(&self, span: &Span<'_>, name: &str) -> Result<Option<Interval>, MarginError> {
        let (one, id, quantity) = (self.holding.instrument, self.holding.id, self.quantity);
        let index = || span.index_of(self.pool, one);
        Ok(Some(match (name, one.option_terms()) {
            ("index", _) => index()?,
            ("mark", _) => span.mark(id)?,
            ("notional", None) => span.mark(id)?.through(|at| {
                profit::notional(one, quantity, Price::new(at), Round::Up).map(Money::decimal)
            })?,
            ("size", None) if one.is_inverse() => span.mark(id)?.through(|at| {
                one.base_size(quantity, Price::new(at)).map(|size| size.decimal().abs())
            })?,
            ("notional", Some(_)) if !one.is_inverse() => {
                let size = one.base_size(quantity, self.holding.quote.mark)?;
                index()?.through(|at| {
                    Price::new(at).times(size, Round::Up).map(|found| found.decimal().abs())
                })?
            }
            ("otm", Some((strike, right))) => index()?.through(|at| {
                settlement::out_of_the_money(right, strike, Price::new(at)).map(Price::decimal)
            })?,
            _ => return Ok(None),
        }))
    }

    fn notional(&self) -> Result<Decimal, MarginError> {
        let (one, mark) = (self.holding.instrument, self.holding.quote.mark);
        if !one.is_option() {
            return Ok(profit::notional(one, self.quantity, mark, Round::Up)?.decimal());
        }
        let size = one.base_size(self.quantity, mark)?;
        if one.is_inverse() {
            return Ok(size.decimal().abs());
        }
        Ok(self.pool.index_of(one)?.times(size, Round::Up)?.decimal().abs())
    }
}

/// Which positions a charge is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    kind: Vec<String>,
    right: Option<Right>,
    long: Option<bool>,
    inverse: Option<bool>,
    base: Vec<Asset>,
    settle: Vec<Asset>,
}

const FILTER_KINDS: &[&str] = &["spot", "perpetual", "future", "option"];

impl Filter {
    pub(super) fn read(node: Option<&Node>) -> Result<Self, InputError> {
        let Some(node) = node else { return Ok(Self::default()) };
        let mut fields = Fields::of(node)?;
        let assets = |texts: Vec<String>| -> Result<Vec<Asset>, InputError> {
            texts.iter().map(|text| Asset::new(text).map_err(|e| node.error(e))).collect()
        };
        let rights = [("call", Some(Right::Call)), ("put", Some(Right::Put))];
        let sides = [("long", Some(true)), ("short", Some(false))];
        let styles = [("inverse", Some(true)), ("linear", Some(false))];
        let filter = Self {
            kind: fields.texts("kind")?,
            right: fields.word("right", &rights, Some(None))?,
            long: fields.word("side", &sides, Some(None))?,
            inverse: fields.word("style", &styles, Some(None))?,
            base: assets(fields.texts("base")?)?,
            settle: assets(fields.texts("settle")?)?,
        };
        fields.done()?;
        if let Some(bad) = filter.kind.iter().find(|kind| !FILTER_KINDS.contains(&kind.as_str())) {
            let all = FILTER_KINDS.join(", ");
            return Err(node.error(format!("kind: expected some of {all}, found {bad:?}")));
        }
        Ok(filter)
    }

    /// Whether a position passes; one of zero never does.
    pub(super) fn lets(&self, instrument: &Instrument, quantity: Quantity) -> bool {
        !quantity.is_zero()
            && self.is_about(instrument)
            && self.long.is_none_or(|wanted| quantity.is_positive() == wanted)
    }

    /// Whether some position in an instrument can pass.
    pub(super) fn is_about(&self, instrument: &Instrument) -> bool {
        let kind = match instrument.kind {
            Kind::Spot => "spot",
            Kind::Perpetual => "perpetual",
            Kind::Future { .. } => "future",
            Kind::Option { .. } => "option",
        };
        let right = instrument.option_terms().map(|(_, right)| right);
        (self.kind.is_empty() || self.kind.iter().any(|one| one == kind))
            && self.right.is_none_or(|wanted| right == Some(wanted))
            && self.inverse.is_none_or(|wanted| instrument.is_inverse() == wanted)
            && (self.base.is_empty() || self.base.contains(&instrument.base))
            && (self.settle.is_empty() || self.settle.contains(&instrument.settle))
    }
}
