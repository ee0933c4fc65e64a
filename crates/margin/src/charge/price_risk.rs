//! What one delta of an underlying risks: the scan's loss with time and volatility taken out.
//!
//! The worst scenario's loss, averaged over its volatility moves, less the loss where the price
//! does not move, for each delta held net. A credit between underlyings is counted in it.

use super::tiers::Apart;
use super::worst_loss::first_lowest;
use super::{Fill, PoolView};
use crate::error::MarginError;
use crate::scan::{Scan, Scenario};
use crate::table::Sensitivity;
use keelmark_book::{Asset, Decimal, Money, Overflow, Round};

/// The price risk of one underlying or of a tier of its expiries, in the pool's currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRisk {
    /// The underlying.
    pub underlying: Asset,
    /// The tier, where the underlying's tiers are looked at apart.
    pub tier: Option<String>,
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

/// A scan whose worst loss gives the price risk.
#[derive(Clone, Debug)]
pub(super) struct PriceRiskRule {
    pub scan: Scan,
    /// Index of the scan in the document.
    pub at: usize,
    pub tie: Decimal,
}

impl PriceRiskRule {
    /// Losses of a part in each scenario of the scan, in order.
    pub fn losses(&self, pool: &PoolView<'_>, part: Apart<'_>) -> Result<Vec<Money>, Overflow> {
        let cells = part.cells(pool);
        let own = pool.table.cells.iter().zip(&cells).filter(|(cell, _)| cell.scan == self.at);
        own.map(|(_, gain)| Ok(-pool.table.money(*gain, Round::Nearest)?)).collect()
    }

    /// The price risk of a part; `range` is what one delta loses over the scan range.
    pub fn of(
        &self,
        pool: &PoolView<'_>,
        part: Apart<'_>,
        range: Decimal,
        weighting: Weighting,
    ) -> Result<PriceRisk, MarginError> {
        let losses = self.losses(pool, part)?;
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
        let net_delta = net_delta(pool, part)?;
        let per_delta = if net_delta.abs() < super::month_spread::NOISE {
            Decimal::ZERO
        } else {
            price_risk.over(net_delta.abs(), Round::Down)?.max(Decimal::ZERO)
        };
        Ok(PriceRisk {
            underlying: pool.table.units[part.unit].underlying.clone(),
            tier: part.name().map(str::to_owned),
            active,
            net_delta,
            time_risk: Money::new(time_risk),
            price_risk: Money::new(price_risk),
            weighted: match weighting {
                Weighting::PerDelta => per_delta,
                Weighting::Capped => per_delta.min(range),
                Weighting::Range => range,
            },
        })
    }
}

/// Delta of a part's contracts, and of its coins where they move.
fn net_delta(pool: &PoolView<'_>, part: Apart<'_>) -> Result<Decimal, Overflow> {
    let held = PoolView { fill: Fill::None, known: None, ..*pool };
    let (quanta, _) = part.deltas(&held);
    pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Nearest)
}

/// The end nearest to zero of the net deltas that open orders can lead to; zero where they can
/// change its sign.
pub(super) fn least_delta(pool: &PoolView<'_>, part: Apart<'_>) -> Result<Decimal, Overflow> {
    let (low, high) = part.deltas(pool);
    let quanta = if low > 0 { low } else { high.min(0) };
    pool.table.sensitivity(Sensitivity::Delta, quanta, Round::Nearest)
}
