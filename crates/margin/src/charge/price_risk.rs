//! What one delta of an underlying risks: the scan's loss with time and volatility taken out.
//!
//! The worst scenario's loss, averaged over its volatility moves, less the loss where the price
//! does not move, for each delta held net. A credit between underlyings is counted in it.

use super::PoolView;
use super::worst_loss::first_lowest;
use crate::error::MarginError;
use crate::scan::{Scan, Scenario};
use crate::table::Sensitivity;
use keelmark_book::{Asset, Decimal, Money, Overflow, Round};

/// The price risk of one underlying, in the pool's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRisk {
    /// The underlying.
    pub underlying: Asset,
    /// The scenario with the largest loss: its place in the scan, from 0.
    pub active: usize,
    /// Delta of all contracts, and of coins where they move.
    pub net_delta: Decimal,
    /// Mean loss of the scenarios without a price move.
    pub time_risk: Money,
    /// Mean loss of the scenarios with the active one's price move, less the time risk.
    pub price_risk: Money,
    /// What one delta counts for.
    pub weighted: Decimal,
}

/// How much of a price risk one delta counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weighting {
    /// Price risk over net delta.
    PerDelta,
    /// The same, at most the scan range.
    Capped,
    /// The scan range.
    Range,
}

/// A scan, and how its price risk is weighted.
#[derive(Clone, Debug)]
pub(super) struct PriceRiskRule {
    pub scan: Scan,
    /// Index of the scan in the document.
    pub at: usize,
    pub weighting: Weighting,
    pub tie: Decimal,
}

impl PriceRiskRule {
    /// Losses of a unit in each scenario of the scan, in order.
    pub fn losses(&self, pool: &PoolView<'_>, unit: usize) -> Result<Vec<Money>, Overflow> {
        let cells = pool.cells(unit);
        let own = pool.table.cells.iter().zip(&cells).filter(|(cell, _)| cell.scan == self.at);
        own.map(|(_, gain)| Ok(-pool.table.money(*gain, Round::Nearest)?)).collect()
    }

    /// The price risk of a unit; `range` is what one delta loses over the scan range.
    pub fn of(
        &self,
        pool: &PoolView<'_>,
        unit: usize,
        range: Decimal,
    ) -> Result<PriceRisk, MarginError> {
        let losses = self.losses(pool, unit)?;
        let gains: Vec<Money> = losses.iter().map(|loss| -*loss).collect();
        let active = first_lowest(&gains, self.tie)?;
        let worst = &self.scan.scenarios[active];
        let mean = |alike: &dyn Fn(&Scenario) -> bool| -> Result<Decimal, Overflow> {
            let own = self.scan.scenarios.iter().zip(&losses);
            let own: Vec<Money> =
                own.filter(|(one, _)| alike(one)).map(|(_, loss)| *loss).collect();
            let sum = Money::sum(own.iter().copied())?.decimal();
            if own.is_empty() {
                return Ok(Decimal::ZERO);
            }
            sum.over(Decimal::from_int(own.len() as i64), Round::Nearest)
        };
        let time_risk = mean(&|one| one.price == 0.0)?;
        let adjusted = mean(&|one| one.price == worst.price && one.weight == worst.weight)?;
        let price_risk = adjusted.minus(time_risk)?;
        let net_delta = net_delta(pool, unit)?;
        let per_delta = if net_delta.abs() < super::month_spread::NOISE {
            Decimal::ZERO
        } else {
            price_risk.over(net_delta.abs(), Round::Down)?.max(Decimal::ZERO)
        };
        Ok(PriceRisk {
            underlying: pool.table.units[unit].underlying.clone(),
            active,
            net_delta,
            time_risk: Money::new(time_risk),
            price_risk: Money::new(price_risk),
            weighted: match self.weighting {
                Weighting::PerDelta => per_delta,
                Weighting::Capped => per_delta.min(range),
                Weighting::Range => range,
            },
        })
    }
}

/// Delta of a unit's contracts, and of its coins where they move.
fn net_delta(pool: &PoolView<'_>, unit: usize) -> Result<Decimal, Overflow> {
    let own = pool.table.buckets.iter().enumerate().filter(|(_, bucket)| bucket.unit == unit);
    let quanta = own.map(|(at, _)| pool.sums(at)[Sensitivity::Delta as usize]).sum();
    pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Nearest)
}

/// The end nearest to zero of the net deltas that open orders can lead to; zero where they can
/// change its sign.
pub(super) fn least_delta(pool: &PoolView<'_>, unit: usize) -> Result<Decimal, Overflow> {
    let (mut low, mut high) = (0i128, 0i128);
    for (at, bucket) in pool.table.buckets.iter().enumerate() {
        if bucket.unit == unit {
            let (own_low, own_high) = pool.bucket(at, Sensitivity::Delta);
            (low, high) = (low + own_low, high + own_high);
        }
    }
    let quanta = if low > 0 { low } else { high.min(0) };
    pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Nearest)
}
