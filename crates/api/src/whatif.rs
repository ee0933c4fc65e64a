//! What a change does: the account before, after, and the difference.

use crate::account::AccountReport;
use keelmark_book::{Asset, Money, Overflow};
use schemars::JsonSchema;
use serde::Serialize;

/// An account before and after a change.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WhatIfReport {
    /// What was changed, in sentences.
    pub changes: Vec<String>,
    /// The account as it is.
    pub before: AccountReport,
    /// The account with the change.
    pub after: AccountReport,
    /// After less before.
    pub difference: Difference,
}

/// After less before.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// What the amounts are in.
    pub currency: Asset,
    /// What supports margin.
    pub equity: Money,
    /// What all is worth at the market.
    pub net_value: Money,
    /// Initial margin.
    pub initial_margin: Money,
    /// Maintenance margin.
    pub maintenance_margin: Money,
    /// Equity less maintenance.
    pub headroom: Money,
    /// Equity less initial margin.
    pub available: Money,
    /// Maintenance over equity; null where either side has none.
    pub mm_utilisation: Option<f64>,
}

impl WhatIfReport {
    /// Places two reports of one account side by side.
    ///
    /// # Errors
    /// [`Overflow`] when a difference does not fit.
    pub fn new(
        changes: Vec<String>,
        before: AccountReport,
        after: AccountReport,
    ) -> Result<Self, Overflow> {
        let difference = Difference {
            currency: before.currency.clone(),
            equity: after.equity.minus(before.equity)?,
            net_value: after.net_value.minus(before.net_value)?,
            initial_margin: after.initial_margin.minus(before.initial_margin)?,
            maintenance_margin: after.maintenance_margin.minus(before.maintenance_margin)?,
            headroom: after.headroom.minus(before.headroom)?,
            available: after.available.minus(before.available)?,
            mm_utilisation: after
                .mm_utilisation
                .zip(before.mm_utilisation)
                .map(|(after, before)| after - before),
        };
        Ok(Self { changes, before, after, difference })
    }
}
