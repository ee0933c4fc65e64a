//! Whether accounts keep the headroom that was asked for.

use crate::account::AccountReport;
use keelmark_book::{Asset, Money, Overflow, Rate, Round};
use schemars::JsonSchema;
use serde::Serialize;

/// One account's check.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// The account's name.
    pub account: String,
    /// What every amount is in.
    pub currency: Asset,
    /// What supports margin.
    pub equity: Money,
    /// Equity less maintenance.
    pub headroom: Money,
    /// What was asked for.
    pub required: Money,
    /// Headroom less what was asked for.
    pub margin: Money,
    /// Whether it liquidates already.
    pub liquidates: bool,
    /// Whether it passes.
    pub passes: bool,
}

/// The headroom that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MinHeadroom {
    /// A share of equity.
    Share(Rate),
    /// An amount in the report's currency.
    Amount(Money),
}

impl CheckReport {
    /// Compares an account's headroom with what is asked for.
    ///
    /// # Errors
    /// [`Overflow`] when a number does not fit.
    pub fn new(report: &AccountReport, asked: MinHeadroom) -> Result<Self, Overflow> {
        let required = match asked {
            MinHeadroom::Share(rate) => report.equity.times(rate, Round::Up)?.max(Money::ZERO),
            MinHeadroom::Amount(amount) => amount,
        };
        let margin = report.headroom.minus(required)?;
        Ok(Self {
            account: report.account.clone(),
            currency: report.currency.clone(),
            equity: report.equity,
            headroom: report.headroom,
            required,
            margin,
            liquidates: report.liquidates,
            passes: !margin.is_negative() && !report.liquidates,
        })
    }
}
