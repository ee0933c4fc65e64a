//! The report of one account under one model.

use crate::pool::PoolReport;
use crate::stamp::{Context, ENGINE_VERSION, ModelRef, Valuation};
use keelmark_book::{Asset, Money, Portfolio, Round, Timestamp};
use keelmark_margin::{AccountMargin, Document, MarginError};
use schemars::JsonSchema;
use serde::Serialize;

/// An account's margin.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AccountReport {
    /// The account's name.
    pub account: String,
    /// What every amount outside `pools` is in.
    pub currency: Asset,
    /// Under which document.
    pub model: ModelRef,
    /// Time of the market; null where the account needs no prices and has none.
    #[serde(serialize_with = "crate::stamp::dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
    /// The prices that totals were converted with.
    pub valuation: Valuation,
    /// What supports margin.
    pub equity: Money,
    /// What all is worth at the market, haircuts aside.
    pub net_value: Money,
    /// Below this no new risk is taken.
    pub initial_margin: Money,
    /// Below this it is liquidated.
    pub maintenance_margin: Money,
    /// Maintenance over equity of the worst pool; 1 liquidates. Null where no equity is left.
    pub mm_utilisation: Option<f64>,
    /// Equity less maintenance.
    pub headroom: Money,
    /// What is left for new risk: equity less initial margin, where it is not tied to an isolated
    /// position.
    pub available: Money,
    /// Whether maintenance exceeds equity in any pool.
    pub liquidates: bool,
    /// Each part that stands on its own collateral.
    pub pools: Vec<PoolReport>,
    /// First 16 hex digits of the BLAKE3 hash of market, model and account.
    pub inputs: String,
    /// Name, version and digest of the model.
    pub params_version: String,
    /// Version of the engine.
    pub engine_version: String,
}

impl Context<'_> {
    /// The report of an account's margin; totals are in the currency of `found`.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn account(
        &self,
        document: &Document,
        account: &Portfolio,
        found: &AccountMargin,
    ) -> Result<AccountReport, MarginError> {
        let model = ModelRef::of(document);
        let mut pools = Vec::new();
        for pool in &found.pools {
            pools.push(self.pool(document, pool)?);
        }
        Ok(AccountReport {
            account: found.account.clone(),
            currency: found.currency.clone(),
            as_of: self.market.as_of,
            valuation: self.valuation(account, &found.currency),
            equity: found.total.equity,
            net_value: found.total.net_value,
            initial_margin: found.total.initial,
            maintenance_margin: found.total.maintenance,
            mm_utilisation: found.total.mm_used,
            headroom: found.total.headroom(),
            available: self.available(found)?,
            liquidates: found.total.liquidates,
            pools,
            inputs: self.digest(document, std::slice::from_ref(account)),
            params_version: model.params_version(),
            engine_version: ENGINE_VERSION.to_owned(),
            model,
        })
    }

    /// What is left for new risk, in the currency of `found`.
    fn available(&self, found: &AccountMargin) -> Result<Money, MarginError> {
        let usable = found.usable()?;
        if found.currency == self.market.currency {
            return Ok(usable);
        }
        Ok(usable.over(self.market.price(&found.currency)?, Round::Down)?)
    }
}
