//! `short-option-minimum`: the least that short options ask, whatever the scan says.
//!
//! `rate` times the index times the coins that short options are on. `count` says which: `gross`
//! is short calls plus short puts, `max` the greater of the two.

use super::{Charge, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{InputError, Money, Overflow, Rate, Right, Round};
use std::sync::Arc;

#[derive(Debug)]
struct ShortOptionMinimum {
    rate: Param,
    gross: bool,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let rate = fields.param_in("rate", Range::RATE)?;
    let gross = fields.word("count", &[("gross", true), ("max", false)], Some(true))?;
    Ok(Arc::new(ShortOptionMinimum { rate, gross }))
}

/// What short calls and short puts of a unit ask, each by position.
type Sides = [Vec<(Part, Money)>; 2];

impl Charge for ShortOptionMinimum {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let [calls, puts] = self.sides(pool, at)?;
            if calls.is_empty() && puts.is_empty() {
                continue;
            }
            let (call, put) = (sum(&calls)?, sum(&puts)?);
            let amount = self.of(call, put)?;
            if self.gross || call >= put {
                outcome.parts.extend(calls);
            }
            if self.gross || call < put {
                outcome.parts.extend(puts);
            }
            outcome.amount = outcome.amount.plus(amount)?;
            let name = &unit.underlying;
            let text = format!("{name} short calls {call:.2}, short puts {put:.2}");
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        let [calls, puts] = self.sides(pool, unit)?;
        Ok(self.of(sum(&calls)?, sum(&puts)?)?)
    }
}

impl ShortOptionMinimum {
    fn of(&self, call: Money, put: Money) -> Result<Money, Overflow> {
        if self.gross { call.plus(put) } else { Ok(call.max(put)) }
    }

    /// What short calls and short puts of a unit ask.
    fn sides(&self, pool: &PoolView<'_>, unit: usize) -> Result<Sides, MarginError> {
        let mut sides = Sides::default();
        for holding in pool.holdings()? {
            let one = holding.instrument;
            let Some((_, right)) = one.option_terms() else { continue };
            let Some(low) = holding.quantities.iter().min().filter(|low| low.is_negative()) else {
                continue;
            };
            let own_unit = pool.table.row(holding.id).map(|row| pool.table.line(row).unit);
            if own_unit != Some(unit) {
                continue;
            }
            let size = one.base_size(low.abs(), holding.quote.mark)?;
            let notional = pool.coins(unit, size.decimal(), Round::Up)?;
            let rate = Rate::new(self.rate.get("rate", &one.base)?);
            let own = notional.times(rate, Round::Up)?;
            sides[usize::from(right == Right::Put)].push((Part::Position(holding.id), own));
        }
        Ok(sides)
    }
}

fn sum(side: &[(Part, Money)]) -> Result<Money, Overflow> {
    Money::sum(side.iter().map(|(_, own)| *own))
}
