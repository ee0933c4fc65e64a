//! `greek-moves`: the worst of some moves, by net Greeks alone.
//!
//! Per expiry the profit of a move is `delta x + gamma x^2 / 2 + vega v`, with delta, gamma and
//! vega of all that is held in it. Across expiries of one underlying a gain pays for losses only
//! up to `correlation` of itself. What this leaves out against full revaluation, the report shows.

use super::{Charge, Line, Outcome, Part, PoolView, Reading, Scope};
use crate::document::{Fields, Range};
use crate::error::MarginError;
use crate::param::Param;
use crate::scan::Tenor;
use crate::table::Sensitivity;
use keelmark_book::{Decimal, InputError, Instrument, Money, Rate, Round};
use std::sync::Arc;

#[derive(Debug)]
struct GreekMoves {
    price_range: Param,
    vol_move: Param,
    /// Price moves in ranges, each with volatility down, same and up.
    moves: Vec<Decimal>,
    correlation: Rate,
    tenor: Option<Tenor>,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    _: &Reading<'_>,
) -> Result<Arc<dyn Charge>, InputError> {
    let mut moves = Vec::new();
    for node in fields.list("moves")? {
        moves.push(node.decimal()?);
    }
    if moves.is_empty() {
        return Err(fields.error("moves: expected at least one price move, found none"));
    }
    let correlation = Range::SHARE.number("correlation", fields.need("correlation")?)?;
    Ok(Arc::new(GreekMoves {
        price_range: fields.param_in("price_range", Range::POSITIVE)?,
        vol_move: fields.param_in("vol_move", Range::RATE)?,
        moves,
        correlation: Rate::new(correlation),
        tenor: fields.get("vol_tenor").map(Tenor::read).transpose()?,
    }))
}

impl Charge for GreekMoves {
    fn amount(&self, pool: &PoolView<'_>) -> Result<Outcome, MarginError> {
        let mut outcome = Outcome::default();
        for unit in 0..pool.table.units.len() {
            let Some((worst, price, vol)) = self.worst(pool, unit)? else { continue };
            outcome.amount = outcome.amount.plus(worst)?;
            let name = &pool.table.units[unit].underlying;
            let range = self.price_range.get("price_range", name)?.to_f64();
            let moved = price.to_f64() * range * 100.0;
            let vol_word = ["down", "same", "up"][(vol + 1) as usize];
            let text = format!("{name} worst of net Greeks: {moved:+.1} %, vol {vol_word}");
            outcome.lines.push(Line { text, amount: worst });
            self.parts(pool, unit, price, Decimal::from_int(vol), worst, &mut outcome.parts)?;
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
        Ok(self.worst(pool, unit)?.map_or(Money::ZERO, |(worst, _, _)| worst))
    }

    fn needs_greeks(&self) -> bool {
        true
    }
}

impl GreekMoves {
    /// The largest loss of a unit with the move it comes from; `None` where no move loses.
    fn worst(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
    ) -> Result<Option<(Money, Decimal, i64)>, MarginError> {
        let mut worst = None;
        for price in &self.moves {
            for vol in [-1i64, 0, 1] {
                let loss = self.loss(pool, unit, *price, Decimal::from_int(vol))?;
                if loss > worst.map_or(Money::ZERO, |(so_far, _, _)| so_far) {
                    worst = Some((loss, *price, vol));
                }
            }
        }
        Ok(worst)
    }

    /// Loss of a unit in a move: losses of expiries less the share of gains that counts.
    fn loss(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        price: Decimal,
        vol: Decimal,
    ) -> Result<Money, MarginError> {
        let (mut losses, mut gains) = (Money::ZERO, Money::ZERO);
        for bucket in 0..pool.table.buckets.len() {
            if pool.table.buckets[bucket].unit != unit {
                continue;
            }
            let mut gain = self.gain(pool, bucket, &pool.sums(bucket), price, vol)?;
            for (row, lots) in pool.counted_orders() {
                if pool.table.line(row).bucket == bucket {
                    let sums = pool.table.sensitivities(row).map(|one| lots * i128::from(one));
                    let change = self.gain(pool, bucket, &sums, price, vol)?;
                    gain = gain.plus(change.min(Money::ZERO))?;
                }
            }
            let side = if gain.is_negative() { &mut losses } else { &mut gains };
            *side = side.plus(gain.abs())?;
        }
        losses.minus(gains.times(self.correlation, Round::Down)?).map_err(MarginError::from)
    }

    /// Profit of some sensitivity sums of a bucket in a move.
    fn gain(
        &self,
        pool: &PoolView<'_>,
        bucket: usize,
        sums: &[i128; 4],
        price: Decimal,
        vol: Decimal,
    ) -> Result<Money, MarginError> {
        let table = pool.table;
        let one = &table.buckets[bucket];
        let name = &table.units[one.unit].underlying;
        let x = price.times(self.price_range.get("price_range", name)?, Round::Nearest)?;
        let days = one.expiry.map_or(0.0, |expiry| expiry.days_since(pool.market.as_of));
        let v = self.vol_move.get("vol_move", name)?.times(vol, Round::Nearest)?;
        let v = v.times(
            Decimal::from_f64(self.tenor.map_or(1.0, |tenor| tenor.factor(days)), Round::Up)?,
            Round::Nearest,
        )?;
        let sum = |which: Sensitivity| table.sensitivity(which, sums[which as usize], Round::Down);
        let half_square = x.times(x, Round::Nearest)?.over(Decimal::from_int(2), Round::Nearest)?;
        let delta = sum(Sensitivity::DeltaCash)?.times(x, Round::Down)?;
        let gamma = sum(Sensitivity::GammaCash)?.times(half_square, Round::Down)?;
        let vega = sum(Sensitivity::VegaCash)?.times(v, Round::Down)?;
        Ok(Money::new(delta.plus(gamma)?.plus(vega)?))
    }

    /// Each row's own loss in the worst move; gains of gaining expiries at the correlation.
    fn parts(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        price: Decimal,
        vol: Decimal,
        worst: Money,
        parts: &mut Vec<(Part, Money)>,
    ) -> Result<(), MarginError> {
        let mut shared = Money::ZERO;
        let rows = pool.lots().filter(|(row, _)| pool.table.line(*row).unit == unit);
        let mut own: Vec<(Part, usize, [i128; 4])> = rows
            .map(|(row, lots)| {
                let line = pool.table.line(row);
                let sums = pool.table.sensitivities(row).map(|one| lots * i128::from(one));
                (Part::Position(line.instrument), line.bucket, sums)
            })
            .collect();
        let coin = pool.table.coin_bucket(unit);
        let underlying = pool.table.units[unit].underlying.clone();
        own.push((Part::Holding(underlying), coin, pool.sums(coin)));
        for (part, bucket, sums) in own {
            let bucket_gain = self.gain(pool, bucket, &pool.sums(bucket), price, vol)?;
            let mut loss = -self.gain(pool, bucket, &sums, price, vol)?;
            if !bucket_gain.is_negative() {
                loss = loss.times(self.correlation, Round::Nearest)?;
            }
            shared = shared.plus(loss)?;
            parts.push((part, loss));
        }
        // Orders, and rounding of each part, are what is left over.
        if let Some((_, first)) = parts.last_mut() {
            *first = first.plus(worst.minus(shared)?)?;
        }
        Ok(())
    }
}
