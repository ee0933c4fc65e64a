//! `delta-minimum`: a minimum on the net delta of each underlying, and another on what is hedged.
//!
//! `(unhedged * |net| + hedged * (gross - |net|) / 2) * index`: gross is the sum over positions of
//! |delta|, net their sum, so half of the difference is what hedges. Coins held do not count. With
//! open orders both are the largest that fills can lead to.

use super::{Charge, Line, Outcome, PoolView, Reading, Scope};
use crate::document::Fields;
use crate::error::MarginError;
use crate::param::Param;
use crate::table::{RowId, Sensitivity};
use keelmark_book::{Decimal, InputError, Instrument, Money, Overflow, Rate, Round};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
struct DeltaMinimum {
    unhedged: Param,
    hedged: Param,
}

/// The deltas of one underlying, in coins: the largest that fills can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeltaTotals {
    /// |sum of deltas|.
    pub net: Decimal,
    /// Sum of |delta| over positions.
    pub gross: Decimal,
    /// Half of what gross is above net: what hedges.
    pub hedged: Decimal,
}

impl DeltaTotals {
    /// The deltas of a unit of a pool's table, which must have sensitivities.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn of(pool: &PoolView<'_>, unit: usize) -> Result<Self, Overflow> {
        let (net, gross) = deltas(pool, unit);
        let coins = |quanta| pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Up);
        let (net, gross) = (coins(net)?, coins(gross)?);
        let two = Decimal::from_int(2);
        let hedged = gross.minus(net)?.max(Decimal::ZERO).over(two, Round::Up)?;
        Ok(Self { net, gross, hedged })
    }
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let (unhedged, hedged) = (fields.param("unhedged")?, fields.param("hedged")?);
    Ok(Arc::new(DeltaMinimum { unhedged, hedged }))
}

impl Charge for DeltaMinimum {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for (at, unit) in pool.table.units.iter().enumerate() {
            let (DeltaTotals { net, hedged, .. }, amount) = self.unit(pool, at)?;
            outcome.amount = outcome.amount.plus(amount)?;
            let text = format!("{} |net delta| {net:.4}, hedged {hedged:.4}", unit.underlying);
            outcome.lines.push(Line { text, amount });
        }
        Ok(outcome)
    }

    fn covers(&self, _: &Instrument) -> bool {
        true
    }

    fn scope(&self) -> Scope {
        Scope::Unit
    }

    fn term(&self, pool: &PoolView<'_>, unit: usize) -> Result<Money, MarginError> {
        Ok(self.unit(pool, unit)?.1)
    }

    fn needs_greeks(&self) -> bool {
        true
    }

    fn breaks_union(&self) -> Option<&'static str> {
        Some("positions of one book can hedge those of the other, and what is hedged is charged")
    }
}

impl DeltaMinimum {
    fn unit(&self, pool: &PoolView<'_>, at: usize) -> Result<(DeltaTotals, Money), MarginError> {
        let unit = &pool.table.units[at];
        let totals = DeltaTotals::of(pool, at)?;
        let of = |coins, rate: &Param, name| -> Result<Money, MarginError> {
            let rate = Rate::new(rate.get(name, &unit.underlying)?);
            Ok(pool.coins(at, coins, Round::Up)?.times(rate, Round::Up)?)
        };
        let unhedged = of(totals.net, &self.unhedged, "unhedged")?;
        Ok((totals, unhedged.plus(of(totals.hedged, &self.hedged, "hedged")?)?))
    }
}

/// The largest |net| and the largest gross delta of a unit that fills can lead to, in quanta.
fn deltas(pool: &PoolView<'_>, unit: usize) -> (i128, i128) {
    let delta = |row| i128::from(pool.table.sensitivities(row)[Sensitivity::Delta as usize]);
    let mut rows: BTreeMap<RowId, [i128; 3]> = BTreeMap::new();
    for (row, lots) in pool.lots() {
        rows.entry(row).or_default()[0] += lots;
    }
    for (row, lots) in pool.counted_orders() {
        rows.entry(row).or_default()[if lots > 0 { 1 } else { 2 }] += lots;
    }
    let (mut low, mut high, mut gross) = (0i128, 0i128, 0i128);
    for (row, [held, buys, sells]) in rows {
        if pool.table.line(row).unit == unit {
            let one = delta(row);
            let ends = [(held + buys) * one, (held + sells) * one];
            low += ends[0].min(ends[1]);
            high += ends[0].max(ends[1]);
            gross += ends[0].abs().max(ends[1].abs());
        }
    }
    (low.abs().max(high.abs()), gross)
}
