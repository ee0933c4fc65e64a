//! Health: equity against each level, in a few named numbers and predicates.

use crate::error::MarginError;
use crate::margin::{LevelOutcome, PoolMargin};
use keelmark_book::{Money, Round};

/// How a pool, or an account, stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    /// What supports margin.
    pub equity: Money,
    /// What all is worth at the market, haircuts aside.
    pub net_value: Money,
    /// Below this no new risk is taken. Below zero it is credit, where the model counts it so.
    pub initial: Money,
    /// Below this it is liquidated; below zero as initial margin.
    pub maintenance: Money,
    /// Maintenance over equity, 1 liquidates. Of an account: that of its worst pool. `None` where
    /// nothing supports a requirement.
    pub mm_used: Option<f64>,
    /// Whether maintenance exceeds equity; of an account: in any pool.
    pub liquidates: bool,
}

impl Health {
    pub(crate) fn of(equity: Money, net_value: Money, levels: &[LevelOutcome]) -> Self {
        let level = |name: &str| {
            levels.iter().find(|one| one.name == name).map_or(Money::ZERO, |one| one.amount)
        };
        let (initial, maintenance) = (level("initial"), level("maintenance"));
        let liquidates = maintenance > equity;
        let mm_used = used(maintenance, equity);
        Self { equity, net_value, initial, maintenance, mm_used, liquidates }
    }

    /// The health of pools together: sums, and the worst of ratios.
    pub(crate) fn total(pools: &[PoolMargin]) -> Result<Self, MarginError> {
        let mut total = Self {
            equity: Money::ZERO,
            net_value: Money::ZERO,
            initial: Money::ZERO,
            maintenance: Money::ZERO,
            mm_used: Some(0.0),
            liquidates: false,
        };
        for one in pools {
            let up = |amount| one.in_account_currency(amount, Round::Up);
            let down = |amount| one.in_account_currency(amount, Round::Down);
            let own = &one.health;
            total.equity = total.equity.plus(down(own.equity)?)?;
            total.net_value = total.net_value.plus(down(own.net_value)?)?;
            total.initial = total.initial.plus(up(own.initial)?)?;
            total.maintenance = total.maintenance.plus(up(own.maintenance)?)?;
            total.liquidates |= own.liquidates;
            total.mm_used = match (total.mm_used, own.mm_used) {
                (Some(worst), Some(used)) => Some(worst.max(used)),
                _ => None,
            };
        }
        Ok(total)
    }

    /// Equity above maintenance; below zero by how much it is short.
    #[must_use]
    pub fn headroom(&self) -> Money {
        self.equity.minus(self.maintenance).unwrap_or_default()
    }

    /// Equity above initial margin: what can be spent on new risk.
    #[must_use]
    pub fn available(&self) -> Money {
        self.equity.minus(self.initial).unwrap_or_default()
    }

    /// Whether new risk may be taken.
    #[must_use]
    pub fn may_add_risk(&self) -> bool {
        self.equity >= self.initial
    }

    pub(crate) fn map(
        &self,
        down: impl Fn(Money) -> Result<Money, MarginError>,
        up: impl Fn(Money) -> Result<Money, MarginError>,
    ) -> Result<Self, MarginError> {
        Ok(Self {
            equity: down(self.equity)?,
            net_value: down(self.net_value)?,
            initial: up(self.initial)?,
            maintenance: up(self.maintenance)?,
            ..self.clone()
        })
    }
}

fn used(maintenance: Money, equity: Money) -> Option<f64> {
    if !maintenance.is_positive() {
        return (equity >= maintenance).then_some(0.0);
    }
    if !equity.is_positive() {
        return None;
    }
    // A ratio too large to hold exactly is large enough: an estimate says so.
    let exact = maintenance.ratio(equity, Round::Up).map(keelmark_book::Rate::to_f64);
    Some(exact.unwrap_or_else(|_| maintenance.to_f64() / equity.to_f64()))
}
