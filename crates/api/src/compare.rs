//! One account under several models.

use crate::charged::{Charged, charged};
use crate::stamp::{Context, ENGINE_VERSION, ModelRef};
use keelmark_book::{Asset, Money, Overflow, Portfolio, Round, Timestamp};
use keelmark_margin::{AccountMargin, Document, MarginError};
use schemars::JsonSchema;
use serde::Serialize;

/// One account under several models.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CompareReport {
    /// The account's name.
    pub account: String,
    /// What every amount is in.
    pub currency: Asset,
    /// Time of the market; null where the account needs no prices and has none.
    #[serde(serialize_with = "crate::stamp::dated")]
    #[schemars(with = "Option<Timestamp>", required)]
    pub as_of: Timestamp,
    /// One row a model.
    pub rows: Vec<CompareRow>,
    /// Version of the engine.
    pub engine_version: String,
}

/// An account under one model.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct CompareRow {
    /// The model.
    pub model: ModelRef,
    /// The account under it; null where it cannot price the account.
    pub margin: Option<ModelMargin>,
    /// Why it cannot.
    pub problem: Option<String>,
    /// Capital that it frees against the base model: the difference of `tied`.
    pub freed: Option<Money>,
    /// First 16 hex digits of the BLAKE3 hash of market, model and account.
    pub inputs: String,
}

/// What an account needs under one model.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ModelMargin {
    /// What supports margin.
    pub equity: Money,
    /// What all is worth at the market; the same under every model.
    pub net_value: Money,
    /// Below this no new risk is taken.
    pub initial_margin: Money,
    /// Below this it is liquidated.
    pub maintenance_margin: Money,
    /// Maintenance over equity of the worst pool; 1 liquidates. Null where no equity is left.
    pub mm_utilisation: Option<f64>,
    /// What is left for new risk: equity less initial margin, where it is not tied to an isolated
    /// position.
    pub available: Money,
    /// Net value less `available`: what the model ties up. Unlike the initial margin alone it can
    /// be compared across models, since some count options as equity and others in the margin.
    pub tied: Money,
    /// Whether it liquidates.
    pub liquidates: bool,
    /// Each charge that a level asks for, summed over pools.
    pub charges: Vec<ChargeTotal>,
    /// What each charge adds to the levels, which sum to them.
    pub charged: Vec<Charged>,
}

/// A charge summed over pools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChargeTotal {
    /// Its name in formulas.
    pub name: String,
    /// Its amount, positions as they are.
    pub amount: Money,
}

impl Context<'_> {
    /// A row of a comparison.
    ///
    /// # Errors
    /// When a number does not fit.
    pub fn compared(
        &self,
        document: &Document,
        account: &Portfolio,
        found: Result<&AccountMargin, &MarginError>,
    ) -> Result<CompareRow, MarginError> {
        Ok(CompareRow {
            model: ModelRef::of(document),
            margin: found.ok().map(|found| self.model_margin(document, found)).transpose()?,
            problem: found.err().map(ToString::to_string),
            freed: None,
            inputs: self.digest(document, std::slice::from_ref(account)),
        })
    }

    /// A comparison of rows; what each frees is against the model called `base`, if it is there.
    ///
    /// # Errors
    /// [`Overflow`] when a difference does not fit.
    pub fn compare(
        &self,
        account: &Portfolio,
        currency: &Asset,
        mut rows: Vec<CompareRow>,
        base: &str,
    ) -> Result<CompareReport, Overflow> {
        let tied = |row: &CompareRow| row.margin.as_ref().map(|margin| margin.tied);
        let base = rows.iter().find(|row| row.model.name == base).and_then(tied);
        for row in &mut rows {
            if let (Some(base), Some(own)) = (base, tied(row)) {
                row.freed = Some(base.minus(own)?);
            }
        }
        Ok(CompareReport {
            account: account.account.clone(),
            currency: currency.clone(),
            as_of: self.market.as_of,
            rows,
            engine_version: ENGINE_VERSION.to_owned(),
        })
    }

    fn model_margin(
        &self,
        document: &Document,
        found: &AccountMargin,
    ) -> Result<ModelMargin, MarginError> {
        let mut charges: Vec<ChargeTotal> = Vec::new();
        for pool in &found.pools {
            for charge in pool.charges.iter().filter(|one| document.counts(&one.name)) {
                let amount = pool.in_account_currency(charge.plain.amount, Round::Up)?;
                match charges.iter_mut().find(|one| one.name == charge.name) {
                    Some(total) => total.amount = total.amount.plus(amount)?,
                    None => charges.push(ChargeTotal { name: charge.name.clone(), amount }),
                }
            }
        }
        let total = &found.total;
        Ok(ModelMargin {
            equity: total.equity,
            net_value: total.net_value,
            initial_margin: total.initial,
            maintenance_margin: total.maintenance,
            mm_utilisation: total.mm_used,
            available: found.usable()?,
            tied: total.net_value.minus(found.usable()?)?,
            liquidates: total.liquidates,
            charges,
            charged: charged(document, self.market, found)?,
        })
    }
}

impl CompareReport {
    /// Puts the rows in the order of what they ask, least initial margin first; models that ask
    /// the same by name, and those that cannot price the account last.
    pub fn sort(&mut self) {
        self.rows.sort_by_cached_key(|row| {
            let asked = row.margin.as_ref().map(|margin| margin.initial_margin);
            (asked.is_none(), asked, row.model.name.clone())
        });
    }
}
