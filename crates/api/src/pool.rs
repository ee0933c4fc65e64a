//! The report of one pool: what it has, what each charge asks and why, what the levels make of it.

use crate::stamp::{Context, InstrumentRef};
use keelmark_book::{Asset, Money, Price};
use keelmark_margin::allocate::{allocate, summed};
use keelmark_margin::charge::Part;
use keelmark_margin::{ChargeOutcome, Document, MarginError, PoolMargin};
use schemars::JsonSchema;
use serde::Serialize;

/// A pool's margin. Every amount is in the pool's currency.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PoolReport {
    /// `account`, a settlement asset, or an instrument's name.
    pub name: String,
    /// What it is counted in.
    pub currency: Asset,
    /// Price of its currency in the account's.
    pub price: Price,
    /// What it has.
    pub equity: EquityReport,
    /// What all is worth at the market, haircuts aside.
    pub net_value: Money,
    /// The level `initial`.
    pub initial_margin: Money,
    /// The level `maintenance`.
    pub maintenance_margin: Money,
    /// Maintenance over equity; 1 liquidates. Null where no equity is left.
    pub mm_utilisation: Option<f64>,
    /// Equity less maintenance.
    pub headroom: Money,
    /// Equity less initial margin.
    pub available: Money,
    /// Whether maintenance exceeds equity.
    pub liquidates: bool,
    /// What each charge asks, in the document's order.
    pub charges: Vec<ChargeReport>,
    /// The requirements, in the document's order.
    pub levels: Vec<LevelReport>,
    /// The worst scenario of each unit, for charges that look at scenarios.
    pub worst: Vec<WorstReport>,
    /// What the reader should be told.
    pub notes: Vec<String>,
}

/// What supports margin, by source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EquityReport {
    /// Collateral after haircuts.
    pub collateral: Money,
    /// Profit of perpetuals and futures since entry.
    pub futures: Money,
    /// Market value of options.
    pub options: Money,
    /// What of it supports margin under this document.
    pub total: Money,
}

/// What a charge asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChargeReport {
    /// Its name in formulas.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// For the positions as they are.
    pub amount: Money,
    /// With the worst fills of open orders.
    pub amount_with_orders: Money,
    /// How it came about.
    pub lines: Vec<LineReport>,
    /// What each holding adds to it.
    pub parts: Vec<PartReport>,
}

/// A step of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LineReport {
    /// What it is, with its numbers filled in.
    pub text: String,
    /// Its amount.
    pub amount: Money,
}

/// A holding's share of an amount: a position, a coin held, or what cannot be divided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartReport {
    /// The position's instrument; absent for a coin held and for the rest.
    #[serde(flatten)]
    pub instrument: Option<InstrumentRef>,
    /// The coin held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset: Option<Asset>,
    /// What belongs to no holding alone: orders, size add-ons, rounding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest: Option<String>,
    /// Its share.
    pub amount: Money,
}

/// A requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LevelReport {
    /// Its name.
    pub name: String,
    /// Its amount, rounded up.
    pub amount: Money,
    /// What open orders add to it.
    pub orders: Money,
    /// The formula with each name's value filled in.
    pub formula: String,
    /// What each holding adds to it (Euler); sums to the amount.
    pub parts: Vec<PartReport>,
}

/// The worst scenario of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WorstReport {
    /// The charge that looked.
    pub charge: String,
    /// The underlying.
    pub underlying: Asset,
    /// The scan it is in.
    pub scan: String,
    /// Move of the price: -0.16 is 16 % down.
    pub price_move: f64,
    /// Move of volatility: `down`, `same` or `up`.
    pub vol: String,
    /// Profit in it, with the scan's weight, before offsets.
    pub profit: Money,
    /// Index among the scenarios that the charge looks at.
    pub index: usize,
    /// How many there are.
    pub scenarios: usize,
}

impl Context<'_> {
    /// The report of a pool.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn pool(&self, document: &Document, found: &PoolMargin) -> Result<PoolReport, MarginError> {
        let charges = found.charges.iter().map(|one| self.charge(one)).collect::<Result<_, _>>()?;
        let mut levels = Vec::new();
        for outcome in &found.levels {
            levels.push(LevelReport {
                name: outcome.name.clone(),
                amount: outcome.amount,
                orders: outcome.orders,
                formula: outcome.filled.clone(),
                parts: self.level_parts(document, found, &outcome.name)?,
            });
        }
        Ok(PoolReport {
            name: found.pool.name.clone(),
            currency: found.pool.currency.clone(),
            price: found.price,
            equity: EquityReport {
                collateral: found.equity.collateral,
                futures: found.equity.futures,
                options: found.equity.options,
                total: found.equity.total,
            },
            net_value: found.health.net_value,
            initial_margin: found.health.initial,
            maintenance_margin: found.health.maintenance,
            mm_utilisation: found.health.mm_used,
            headroom: found.health.headroom(),
            available: found.health.available(),
            liquidates: found.health.liquidates,
            charges,
            levels,
            worst: worst(found),
            notes: found.notes.clone(),
        })
    }

    fn charge(&self, found: &ChargeOutcome) -> Result<ChargeReport, MarginError> {
        let lines = found.plain.lines.iter();
        Ok(ChargeReport {
            name: found.name.clone(),
            kind: found.kind.clone(),
            amount: found.plain.amount,
            amount_with_orders: found.amount(true),
            lines: lines
                .map(|line| LineReport { text: line.text.clone(), amount: line.amount })
                .collect(),
            parts: summed(&found.plain)?
                .into_iter()
                .map(|(part, amount)| self.part(&part, amount))
                .collect(),
        })
    }

    fn part(&self, part: &Part, amount: Money) -> PartReport {
        let (instrument, asset) = match part {
            Part::Position(id) => (Some(self.instrument(*id)), None),
            Part::Holding(asset) => (None, Some(asset.clone())),
        };
        PartReport { instrument, asset, rest: None, amount }
    }

    /// Each holding's part of a level, and what belongs to none.
    fn level_parts(
        &self,
        document: &Document,
        found: &PoolMargin,
        level: &str,
    ) -> Result<Vec<PartReport>, MarginError> {
        let divided = allocate(document, found, level)?;
        let mut reports: Vec<PartReport> =
            divided.parts.iter().map(|(part, amount)| self.part(part, *amount)).collect();
        if !divided.rest.is_zero() {
            let rest = Some("spreads, size add-ons, open orders".to_owned());
            let amount = divided.rest;
            reports.push(PartReport { instrument: None, asset: None, rest, amount });
        }
        Ok(reports)
    }
}

/// The scenario that each charge found worst for each unit.
fn worst(found: &PoolMargin) -> Vec<WorstReport> {
    let mut out = Vec::new();
    for charge in &found.charges {
        for scan in &charge.plain.scans {
            out.push(WorstReport {
                charge: charge.name.clone(),
                underlying: scan.underlying.clone(),
                scan: scan.worst_scan.clone(),
                price_move: scan.worst_move,
                vol: scan.worst_vol.clone(),
                profit: scan.before[scan.worst],
                index: scan.worst,
                scenarios: scan.columns.len(),
            });
        }
    }
    out
}
