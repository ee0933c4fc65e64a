//! `short-option-minimum`: the least that short options ask, whatever the scan says.
//!
//! `rate` times the index times the coins that short options are on. `count` says which: `gross`
//! is short calls plus short puts, `max` the greater of the two.

use super::{Charge, Line, Outcome, Part, PoolView, Reading};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use keelmark_book::{InputError, Money, Rate, Right, Round};
use std::collections::BTreeMap;

#[derive(Debug)]
struct ShortOptionMinimum {
    rate: Param,
    gross: bool,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Box<dyn Charge>, InputError> {
    let rate = fields.param("rate")?;
    let gross = fields.word("count", &[("gross", true), ("max", false)], Some(true))?;
    Ok(Box::new(ShortOptionMinimum { rate, gross }))
}

/// What short calls and short puts of a unit ask, each by position.
type Sides = [Vec<(Part, Money)>; 2];

impl Charge for ShortOptionMinimum {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut by_unit: BTreeMap<usize, Sides> = BTreeMap::new();
        for holding in pool.holdings()? {
            let one = holding.instrument;
            let Some((_, right)) = one.option_terms() else { continue };
            let Some(low) = holding.quantities.iter().min().filter(|low| low.is_negative()) else {
                continue;
            };
            let Some(row) = pool.table.row(holding.id) else { continue };
            let unit = pool.table.line(row).unit;
            let size = one.base_size(low.abs(), holding.quote.mark)?;
            let notional = pool.coins(unit, size.decimal(), Round::Up)?;
            let rate = Rate::new(self.rate.get("rate", &one.base)?);
            let own = notional.times(rate, Round::Up)?;
            let sides = by_unit.entry(unit).or_default();
            sides[usize::from(right == Right::Put)].push((Part::Position(holding.id), own));
        }
        let mut outcome = Outcome::default();
        for (unit, [calls, puts]) in by_unit {
            let sum = |side: &[(Part, Money)]| Money::sum(side.iter().map(|(_, own)| *own));
            let (call, put) = (sum(&calls)?, sum(&puts)?);
            let amount = if self.gross { call.plus(put)? } else { call.max(put) };
            if self.gross || call >= put {
                outcome.parts.extend(calls);
            }
            if self.gross || call < put {
                outcome.parts.extend(puts);
            }
            outcome.amount = outcome.amount.plus(amount)?;
            let name = &pool.table.units[unit].underlying;
            let text = format!("{name} short calls {call:.2}, short puts {put:.2}");
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }
}
