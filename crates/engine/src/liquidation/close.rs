//! Which position is offered next, and how much of it: the smallest trade that brings margin used
//! to the end level, at the worst price at which it may be filled and with its fee.
//!
//! Each position of the pool that uses most is asked what closing as much of it as this step may
//! close would free, and what that would cost; the one that frees most for its cost is offered.
//! What frees nothing is a hedge, and is never offered. The size is then found by halves, with the
//! margin of the whole pool at each: tiers, nettings and other positions' requirements move as
//! they do.

use super::step::Failing;
use super::{Close, Fact, Offer, Slice, Stage, is_worse};
use crate::change::Change;
use crate::delivery::Phase;
use crate::position;
use crate::refusal::Refusal;
use crate::standing::{Standing, portfolio};
use keelmark_book::{
    Decimal, Instrument, InstrumentId, Money, Overflow, Position, Price, Quantity, Rate, Round,
};
use keelmark_margin::MarginError;
use keelmark_margin::RiskTable;
use keelmark_margin::pool::{Pool, divide};
use keelmark_margin::prepared::Prepared;

/// Offers part of a position; none where the stage is over, or nothing it may close would help.
pub(super) fn offer<'a>(failing: &Failing<'a>, step: u32) -> Result<Option<Change<'a>>, Refusal> {
    let Some(close) = failing.rule.close.as_ref().filter(|close| step < close.steps) else {
        return Ok(None);
    };
    let Some(planned) = plan(failing, close, step)? else { return Ok(None) };
    let mut change = failing.change(Stage::Close);
    change.liquidation(Fact::Offered {
        account: failing.name(),
        instrument: change.symbol(planned.slice.instrument),
        quantity: planned.slice.quantity,
        limit: planned.slice.limit,
        step: step + 1,
        currency: planned.after.currency.clone(),
        frees: planned.frees,
        cost: planned.cost,
        enough: planned.enough,
    });
    failing.taken(&mut change, Stage::Close, step, Some(Offer::Position(planned.slice)));
    Ok(Some(change))
}

/// What is offered.
struct Planned {
    slice: Slice,
    /// The pool after it, at the worst price.
    after: Standing,
    frees: Money,
    cost: Money,
    enough: bool,
}

/// The slice that frees most for its cost, as small as will do.
fn plan(failing: &Failing<'_>, close: &Close, step: u32) -> Result<Option<Planned>, Refusal> {
    let state = failing.state;
    let Some(worst) = failing.worst() else { return Ok(None) };
    let account = state.reckoned(failing.id, state.account(failing.id))?;
    let document = state.document(account.model);
    let whole = portfolio(&account, &state.market)?;
    let pools = divide(&whole, document, &state.market);
    let Some(pool) = pools.into_iter().find(|pool| pool.name == worst.pool) else {
        return Ok(None);
    };
    let unknown = |error: MarginError| Refusal::NoMargin {
        account: account.name.clone(),
        problem: error.to_string(),
    };
    let table = RiskTable::compile_pool(document, &state.market, &pool).map_err(unknown)?;
    let prepared = Prepared::new(document, &state.market, &table, pool.clone()).map_err(unknown)?;
    let closer = Closer { failing, close, pool: &pool, prepared, worst, unknown: &unknown };
    let cap = close.share(step)?;
    let mut best: Option<(Score, usize, i128)> = None;
    for (at, position) in pool.positions.iter().enumerate() {
        let Some((score, lots)) = closer.score(position, cap)? else { continue };
        if best.as_ref().is_none_or(|(known, ..)| score > *known) {
            best = Some((score, at, lots));
        }
    }
    let Some((_, at, lots)) = best else { return Ok(None) };
    closer.smallest(&pool.positions[at], lots).map(Some)
}

impl Close {
    /// The most of a position that a step may offer, from 0.
    fn share(&self, step: u32) -> Result<Rate, Overflow> {
        let grown = self.growth.decimal().times(Decimal::from_int(i64::from(step)), Round::Down)?;
        Ok(Rate::new(self.first.decimal().plus(grown)?.min(Decimal::ONE)))
    }
}

/// What is freed for a unit of cost; without a cost, before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Score {
    PerCost(Decimal),
    Free(Money),
}

struct Closer<'a> {
    failing: &'a Failing<'a>,
    close: &'a Close,
    pool: &'a Pool,
    prepared: Prepared<'a>,
    worst: &'a Standing,
    unknown: &'a dyn Fn(MarginError) -> Refusal,
}

impl Closer<'_> {
    fn one(&self, id: InstrumentId) -> &Instrument {
        self.failing.state.market.instruments.get(id)
    }

    /// How much a position frees for its cost, and the lots of it that this step may close; none
    /// where that makes the pool worse or frees nothing.
    fn score(&self, held: &Position, cap: Rate) -> Result<Option<(Score, i128)>, Refusal> {
        let state = self.failing.state;
        let phase = state.delivery.phase(held.instrument, state.now);
        if !matches!(phase, Phase::Traded | Phase::Reducing) {
            return Ok(None);
        }
        let lot = self.one(held.instrument).lot.decimal();
        let most = held.quantity.abs().decimal().times(cap.decimal(), Round::Up)?;
        let all = held.quantity.abs().decimal().raw() / lot.raw();
        let lots = ((most.raw() + lot.raw() - 1) / lot.raw()).min(all);
        if lots == 0 {
            return Ok(None);
        }
        let (after, cost) = self.after(held, lots)?;
        let frees = self.frees(&after)?;
        if !frees.is_positive() || is_worse(self.worst, &after) {
            return Ok(None);
        }
        if !cost.is_positive() {
            return Ok(Some((Score::Free(frees), lots)));
        }
        // A cost of next to nothing is as good as none.
        match frees.decimal().over(cost.decimal(), Round::Down) {
            Ok(share) => Ok(Some((Score::PerCost(share), lots))),
            Err(Overflow) => Ok(Some((Score::Free(frees), lots))),
        }
    }

    /// The fewest lots, of so many at most, after which margin used is at the end level; all of
    /// them where none are enough.
    fn smallest(&self, held: &Position, most: i128) -> Result<Planned, Refusal> {
        let restored = |lots| {
            Ok::<_, Refusal>(super::begin::is_restored(
                self.failing.rule,
                &self.after(held, lots)?.0,
            ))
        };
        let enough = restored(most)?;
        let (mut low, mut lots) = (1, most);
        while enough && low < lots {
            let middle = low + (lots - low) / 2;
            if restored(middle)? {
                lots = middle;
            } else {
                low = middle + 1;
            }
        }
        let (after, cost) = self.after(held, lots)?;
        let frees = self.frees(&after)?;
        let quantity = self.traded(held, lots);
        let limit = self.limit(held.instrument, quantity)?;
        let isolated = self.pool.isolated;
        let slice = Slice { instrument: held.instrument, isolated, quantity, limit };
        Ok(Planned { slice, after, frees, cost, enough })
    }

    /// The pool after some lots are closed at the worst price, and what that costs.
    fn after(&self, held: &Position, lots: i128) -> Result<(Standing, Money), Refusal> {
        let quantity = self.traded(held, lots);
        let answer = self.prepared.what_if(held.instrument, quantity).map_err(self.unknown)?;
        let cost = self.cost(held.instrument, quantity)?;
        let after = Standing {
            equity: answer.equity.minus(cost)?,
            initial: answer.initial,
            maintenance: answer.maintenance,
            ..self.worst.clone()
        };
        Ok((after, cost))
    }

    /// By how much equity over maintenance margin grows.
    fn frees(&self, after: &Standing) -> Result<Money, Overflow> {
        let spare = |pool: &Standing| pool.equity.minus(pool.maintenance);
        spare(after)?.minus(spare(self.worst)?)
    }

    /// What the account trades to close some lots.
    fn traded(&self, held: &Position, lots: i128) -> Quantity {
        let lot = self.one(held.instrument).lot.decimal();
        let size = Quantity::new(Decimal::from_raw(lot.raw() * lots));
        if held.quantity.is_positive() { -size } else { size }
    }

    /// What a trade at the worst price costs beside one at the mark, fee included, in the pool's
    /// currency; rounded up.
    fn cost(&self, id: InstrumentId, quantity: Quantity) -> Result<Money, Refusal> {
        let state = self.failing.state;
        let one = self.one(id);
        let value = |price| position::value(one, quantity, price);
        let (mark, limit) = (state.market.quote(id).mark, self.limit(id, quantity)?);
        let worse = value(limit)?.minus(value(mark)?)?;
        let fee = value(mark)?.abs().times(self.close.fee, Round::Up)?;
        state.in_currency(worse.plus(fee)?, &one.settle, &self.pool.currency, Round::Up)
    }

    /// The worst price at which a trade may be filled.
    fn limit(&self, id: InstrumentId, quantity: Quantity) -> Result<Price, Overflow> {
        let mark = self.failing.state.market.quote(id).mark.decimal();
        let slippage = self.close.slippage.decimal();
        let (share, round) = if quantity.is_negative() {
            (Decimal::ONE.minus(slippage)?, Round::Up)
        } else {
            (Decimal::ONE.plus(slippage)?, Round::Down)
        };
        mark.times(share, round).map(Price::new)
    }
}
