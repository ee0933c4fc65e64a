//! A coin and its own perpetual on opposite sides: the matched size counts at a better weight.

use super::super::{Part, PoolView};
use super::contract::Contracts;
use super::value::Values;
use crate::error::MarginError;
use keelmark_book::{Asset, Decimal, Kind, Money, Round};
use std::collections::BTreeMap;

/// The rule for matched pairs.
#[derive(Debug)]
pub(super) struct Spread {
    /// The coins that have one.
    pub pairs: Vec<Asset>,
    /// The share of a leg's shortfall from one that the pair has.
    pub share: Decimal,
    /// The best weight that a pair can have.
    pub cap: Decimal,
}

impl Spread {
    /// The bonus of each pair, in the pool's currency, rounded down.
    pub(super) fn bonuses(
        &self,
        values: &Values,
        contracts: &Contracts,
        pool: &PoolView<'_>,
    ) -> Result<Vec<(String, Part, Money)>, MarginError> {
        let mut left: BTreeMap<Asset, Decimal> = BTreeMap::new();
        for held in pool.collateral {
            let sum = left.entry(held.asset.clone()).or_default();
            *sum = sum.plus(held.amount.decimal())?;
        }
        let mut out = Vec::new();
        for (row, lots) in pool.lots() {
            let id = pool.table.line(row).instrument;
            let one = pool.market.instruments.get(id);
            let paired = self.pairs.contains(&one.base) && !one.is_inverse();
            let spot = left.get_mut(&one.base).filter(|_| paired);
            let Some(spot) = spot.filter(|_| one.kind == Kind::Perpetual) else { continue };
            let lots = lots.checked_mul(one.lot.decimal().raw()).ok_or(keelmark_book::Overflow)?;
            let coins =
                Decimal::from_raw(lots).times(one.contract_size.decimal(), Round::Nearest)?;
            if coins.is_negative() == spot.is_negative() || spot.is_zero() {
                continue;
            }
            let matched = coins.abs().min(spot.abs());
            let spot_weight = values.base_weight(pool, &one.base, false)?;
            let perp_weight = contracts.asset.get("contracts.asset", &one.base)?;
            let own = if spot.is_positive() { perp_weight } else { spot_weight };
            let short = Decimal::ONE.minus(own)?.times(self.share, Round::Up)?;
            let pair = Decimal::ONE.minus(short)?.min(self.cap);
            let mean = spot_weight.plus(perp_weight)?.over(Decimal::from_int(2), Round::Up)?;
            let price = super::value::plain(pool, &one.base)?.down;
            let mark = Money::new(pool.market.quote(id).mark.decimal());
            let mark = pool.convert(mark, &one.settle, Round::Down)?.decimal();
            let better = pair.minus(mean)?;
            let worth = matched.times(price.plus(mark)?, Round::Down)?;
            let bonus = Money::new(worth.times(better, Round::Down)?);
            *spot = if spot.is_positive() { spot.minus(matched)? } else { spot.plus(matched)? };
            let text =
                format!("{matched} {} against {}: weight {pair}", one.base, one.venue_symbol);
            out.push((text, Part::Position(id), bonus));
        }
        Ok(out)
    }
}
